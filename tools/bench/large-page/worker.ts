import { present } from '../../../src/lib/assert';
import type { FilesOnDisk } from '../../../src/model/card';
import { browserFileCache } from '../../../src/model/download';
import { watchHeap } from '../../../src/runtime/memory';
import { createWebRunner } from '../../../src/runtime/ort-web';
import { type LargeRequest, measure } from './measure';

async function answer({ base, paths, disk, ...rest }: LargeRequest) {
  const heap = watchHeap();
  const read = async (path: string) =>
    [path, new Uint8Array(await (await fetch(`${base}/${path}`)).arrayBuffer())] as const;
  const oracle = await (await fetch(`${base}/oracle.json`)).json();
  const files: Record<string, Uint8Array<ArrayBuffer>> = {};
  for (const path of paths) Object.assign(files, Object.fromEntries([await read(path)]));
  const onDisk = disk ? await kept(files) : undefined;
  return measure({
    ...rest,
    files,
    onDisk,
    oracle,
    backend: 'wasm',
    createRunner: createWebRunner,
    heapBytes: heap.bytes,
  });
}

/** The weights in the browser's cache, as after loading a model of the hub or of a folder. */
async function kept(files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>): Promise<FilesOnDisk> {
  const cache = present(browserFileCache(), 'the cache');
  const onDisk: Record<string, Blob> = {};
  for (const [path, bytes] of Object.entries(files).filter(([path]) => path.startsWith('onnx/'))) {
    await cache.put(path, bytes);
    onDisk[path] = present(await cache.onDisk?.(path), path);
  }
  return onDisk;
}

// ONNX Runtime's threads may run this file again, under this name.
if (!self.name.startsWith('em-pthread'))
  self.onmessage = ({ data }: MessageEvent<LargeRequest>) =>
    answer(data).then(postMessage, (error: unknown) => postMessage(String(error)));
