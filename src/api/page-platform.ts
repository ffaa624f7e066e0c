import { badInput } from '../lib/errors';
import { browserFileCache } from '../model/download';
import { asset } from './assets';
import type { Platform } from './open';
import { fetchBytes, readFrom } from './source';

/** By a name, as bundlers would take everything along that may lie beside it. */
const here = [import.meta.url][0];

/** Without an engine, which may be in a worker. */
export const pageFiles: Omit<Platform, 'start'> = {
  read: (source, options) => readFrom(source, options, browserFileCache()),
  backend: (device) => device,
  asset,
  files: () => import('./files'),
  bytesAt: fetchBytes,
  dropIn: async (name) => {
    const folder = name.startsWith('ort-') ? 'ort' : 'drop-in';
    const response = await fetch(new URL(`./${folder}/${name}`, here)).catch(() => null);
    if (response?.ok) return new Uint8Array(await response.arrayBuffer());
    throw badInput(`${name} is not beside this module. Copy the folders drop-in and ort of the package there.`);
  },
};
