import { watchHeap } from '../../../src/runtime/memory';
import { createWebRunner } from '../../../src/runtime/ort-web';
import { type LargeRequest, measure } from './measure';

async function answer({ base, paths, ...rest }: LargeRequest) {
  const heap = watchHeap();
  const read = async (path: string) =>
    [path, new Uint8Array(await (await fetch(`${base}/${path}`)).arrayBuffer())] as const;
  const oracle = await (await fetch(`${base}/oracle.json`)).json();
  const files: Record<string, Uint8Array> = {};
  for (const path of paths) Object.assign(files, Object.fromEntries([await read(path)]));
  return measure({ ...rest, files, oracle, backend: 'wasm', createRunner: createWebRunner, heapBytes: heap.bytes });
}

// ONNX Runtime's threads may run this file again, under this name.
if (!self.name.startsWith('em-pthread'))
  self.onmessage = ({ data }: MessageEvent<LargeRequest>) =>
    answer(data).then(postMessage, (error: unknown) => postMessage(String(error)));
