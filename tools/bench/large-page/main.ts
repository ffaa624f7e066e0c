/** Hands a model to a worker, which measures it as Node does; for `../large.ts`. */

import type { LargeRequest, LargeResult } from './measure';

const largeBench = (request: LargeRequest): Promise<LargeResult> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<LargeResult | string>) =>
      typeof data === 'string' ? reject(new Error(data)) : resolve(data);
    worker.postMessage(request);
  });
export type LargeBench = typeof largeBench;
Object.assign(globalThis, { largeBench });
