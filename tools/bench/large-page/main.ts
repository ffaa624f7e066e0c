/** Hands a model to a worker, which measures it as Node does, or only reads its files; for `../large.ts`. */

import { browserFileCache } from '../../../src/model/download';
import { loadModelFiles } from '../../../src/model/load';
import type { LargeRequest, LargeResult } from './measure';

const largeBench = (request: LargeRequest): Promise<LargeResult> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<LargeResult | string>) =>
      typeof data === 'string' ? reject(new Error(data)) : resolve(data);
    worker.postMessage(request);
  });

/** Reads a folder's files as the page does, checksums and the browser's cache included; resolves to their bytes. */
const largeFiles = async ({ base, paths }: Pick<LargeRequest, 'base' | 'paths'>): Promise<number> => {
  const bytes = async (path: string) => new Uint8Array(await (await fetch(`${base}/${path}`)).arrayBuffer());
  const files = paths.map((path) => ({ path, bytes: () => bytes(path) }));
  const loaded = await loadModelFiles({ kind: 'folder', name: 'large', files }, { cache: browserFileCache() });
  return Object.values(loaded.files).reduce((sum, { length }) => sum + length, 0);
};
export type LargeFiles = typeof largeFiles;
export type LargeBench = typeof largeBench;
Object.assign(globalThis, { largeBench, largeFiles });
