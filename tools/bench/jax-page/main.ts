/** Hands requests to the two sides, for `../jax-js.ts`. */

import type { Answer, Ask } from './worker';

const workers = new Map<string, Worker>();

const jaxBench = (side: string, ask: Ask): Promise<Omit<Answer, 'result'> & { readonly result: readonly number[] }> =>
  new Promise((resolve, reject) => {
    const worker = workers.get(side) ?? new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    workers.set(side, worker);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.onmessage = ({ data }: MessageEvent<Answer | string>) =>
      typeof data === 'string' ? reject(new Error(data)) : resolve({ ...data, result: Array.from(data.result) });
    worker.postMessage(ask);
  });
export type JaxBench = typeof jaxBench;
Object.assign(globalThis, { jaxBench });
