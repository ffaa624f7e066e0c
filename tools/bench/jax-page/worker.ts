/** One side in a worker of its own, with a WebAssembly heap of its own. */

import type { ModelFiles } from '../../../src/engine/types';
import type { ModelCard } from '../../../src/model/card';
import { watchHeap } from '../../../src/runtime/memory';
import type { Side } from './task';

/** First where the model's folder is and, for jax-js's side, the address of its module; then what to compute. */
export type Ask = { readonly base: string; readonly jaxUrl: string | null } | keyof Side;

export interface Answer {
  readonly seconds: number;
  readonly heapMB: number;
  /** Empty after opening. */
  readonly result: Float32Array;
}

const heap = watchHeap();
let side: Side | null = null;

async function readFiles(base: string): Promise<ModelFiles> {
  const card: ModelCard = await (await fetch(`${base}/studio.json`)).json();
  const read = async (path: string) =>
    [path, new Uint8Array(await (await fetch(`${base}/${path}`)).arrayBuffer())] as const;
  const needed = card.files.filter(({ path }) => /^onnx\/|config\.json$/.test(path));
  return Object.fromEntries(await Promise.all(needed.map(({ path }) => read(path))));
}

async function answer(ask: Ask): Promise<Answer> {
  const begin = performance.now();
  let result: Float32Array = new Float32Array();
  if (typeof ask === 'string') result = (await side?.[ask]()) ?? result;
  else {
    const files = await readFiles(ask.base);
    side = ask.jaxUrl
      ? await (await import('./theirs')).openTheirs(await import(/* @vite-ignore */ ask.jaxUrl), files)
      : await (await import('./ours')).openOurs(files);
  }
  return {
    seconds: (performance.now() - begin) / 1000,
    heapMB: Math.round((heap.bytes() ?? 0) / 1e6),
    result,
  };
}

// ONNX Runtime's threads may run this file again, under this name.
if (!self.name.startsWith('em-pthread'))
  self.onmessage = ({ data }: MessageEvent<Ask>) =>
    answer(data).then(postMessage, (error: unknown) =>
      postMessage(String(error instanceof Error ? error.stack : error)),
    );
