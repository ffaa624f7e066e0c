import { createWebEngine } from '../engine/web';
import { badInput } from '../lib/errors';
import { browserFileCache } from '../model/download';
import { asset } from './assets';
import { inQueue } from './host';
import type { Platform } from './open';
import { readFrom } from './source';

/** The engine runs on the thread that calls. */
export const pagePlatform: Platform = {
  read: (source, options) => readFrom(source, options, browserFileCache()),
  start: async (request) => inQueue(await createWebEngine(request)),
  backend: (device) => device,
  asset,
  files: () => import('./files'),
  dropIn: async (name) => {
    const folder = name.startsWith('ort-') ? 'ort' : 'drop-in';
    const response = await fetch(new URL(/* @vite-ignore */ `./${folder}/${name}`, import.meta.url)).catch(() => null);
    if (response?.ok) return new Uint8Array(await response.arrayBuffer());
    throw badInput(`${name} is not beside this module. Copy the folders drop-in and ort of the package there.`);
  },
};
