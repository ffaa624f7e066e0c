import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { sha256 } from '../lib/bytes';
import type { DownloadProgress } from './download';
import { loadModelFiles } from './load';
import { mapCache } from './test-support';

const bytes = (text: string) => new TextEncoder().encode(text);
const FILES: Record<string, Uint8Array<ArrayBuffer>> = {
  'config.json': bytes('{"model_type":"llama"}'),
  'tokenizer.json': bytes('{"model":{}}'),
  'README.md': bytes('x'),
  'onnx/model.onnx': bytes('large graph'),
  'onnx/model_q4.onnx': bytes('graph'),
  'onnx/model_q4.onnx_data': bytes('w'.repeat(100_000)),
};
const ID = 'somebody/model-ONNX';

let asked: string[];
let files: Record<string, Uint8Array<ArrayBuffer>>;
/** Bytes after which the weights break off, once each. */
let breaks: number[];

/** The hub: a list with sizes and, for weights, checksums; and files that are answered in part where that is asked for. */
async function hub(url: string, { headers = {} }: { headers?: Record<string, string> } = {}): Promise<Response> {
  const range = /^bytes=(\d+)-$/.exec(headers.Range ?? '')?.[1];
  asked.push(url.replace('https://huggingface.co', '') + (range ? ` from ${range}` : ''));
  if (url.endsWith(`/api/models/${ID}/tree/main?recursive=true`)) {
    const entries = Object.entries(FILES).map(async ([path, data]) => ({
      type: 'file',
      path,
      size: data.length,
      ...(path.startsWith('onnx/') ? { lfs: { oid: await sha256(data), size: data.length, pointerSize: 130 } } : {}),
    }));
    return Response.json([{ type: 'directory', path: 'onnx', size: 0 }, ...(await Promise.all(entries))]);
  }
  const data = files[url.split('/resolve/main/')[1] ?? ''];
  if (!data) return new Response('{"error":"Repository not found"}', { status: 401 });
  const end = data.length > 1000 ? breaks.shift() : undefined;
  const rest = data.subarray(Number(range ?? 0), end);
  const stream = new ReadableStream({
    start: (controller) => controller.enqueue(rest),
    pull: (controller) => (end === undefined ? controller.close() : controller.error(new Error('reset'))),
  });
  return new Response(stream, { status: range ? 206 : 200 });
}

beforeEach(() => {
  asked = [];
  breaks = [];
  files = { ...FILES };
  vi.stubGlobal('fetch', hub);
});
afterEach(() => vi.unstubAllGlobals());

it('downloads one variant with its settings, verified, and reports progress', async () => {
  const seen: DownloadProgress[] = [];
  const { card, files: got } = await loadModelFiles(
    { kind: 'hub', id: ID },
    { cache: mapCache(), onProgress: (progress) => seen.push(progress) },
  );
  expect(card).toMatchObject({ id: ID, dtype: 'q4' });
  expect(Object.keys(got).sort()).toEqual([
    'config.json',
    'onnx/model_q4.onnx',
    'onnx/model_q4.onnx_data',
    'tokenizer.json',
  ]);
  expect(seen.at(-1)?.receivedBytes).toBe(seen.at(-1)?.totalBytes);
  expect(asked).toHaveLength(5);
});

it('takes the weights, the revision and the mirror that are asked for', async () => {
  const asks: string[] = [];
  vi.stubGlobal('fetch', async (url: string, options?: Parameters<typeof hub>[1]) => {
    asks.push(url);
    return hub(url.replace('https://mirror.org/hub', 'https://huggingface.co').replaceAll('a%2Fb', 'main'), options);
  });
  const source = { kind: 'hub', id: ID, revision: 'a/b', endpoint: 'https://mirror.org/hub/', dtype: 'fp32' } as const;
  const { card } = await loadModelFiles(source, { cache: null });
  expect(card).toMatchObject({ id: ID, dtype: 'fp32' });
  expect(asks).toEqual([
    `https://mirror.org/hub/api/models/${ID}/tree/a%2Fb?recursive=true`,
    ...['config.json', 'tokenizer.json', 'onnx/model.onnx'].map(
      (path) => `https://mirror.org/hub/${ID}/resolve/a%2Fb/${path}`,
    ),
  ]);
  await expect(loadModelFiles({ ...source, dtype: 'int8' }, { cache: null })).rejects.toMatchObject({
    message: `${ID} lacks model_int8.onnx, so it cannot be used here. Choose another dtype, or none.`,
  });
});

it('loads from the browser’s cache without a request, and says if the files are gone', async () => {
  const cache = mapCache();
  const { card, files: got } = await loadModelFiles({ kind: 'hub', id: ID }, { cache });
  asked = [];
  expect(await loadModelFiles({ kind: 'kept', card }, { cache })).toEqual({ card, files: got });
  expect(asked).toEqual([]);
  cache.kept.delete(await sha256(FILES['tokenizer.json'] ?? bytes('')));
  await expect(loadModelFiles({ kind: 'kept', card }, { cache })).rejects.toMatchObject({
    code: 'model-missing-file',
    message: expect.stringContaining('tokenizer.json is gone'),
  });
});

it('loads what it loaded before from a hub that does not answer, and nothing else', async () => {
  const cache = mapCache();
  const source = { kind: 'hub', id: ID } as const;
  const loaded = await loadModelFiles(source, { cache });
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('offline')));
  expect(await loadModelFiles(source, { cache })).toEqual(loaded);
  const silent = { code: 'model-download', message: expect.stringContaining('The hub did not answer') };
  await expect(loadModelFiles({ ...source, dtype: 'fp32' }, { cache })).rejects.toMatchObject(silent);
  cache.kept.delete(await sha256(FILES['tokenizer.json'] ?? bytes('')));
  await expect(loadModelFiles(source, { cache })).rejects.toMatchObject(silent);
});

it('resumes a broken connection where it broke', async () => {
  breaks = [30_000, 70_000];
  const seen: DownloadProgress[] = [];
  await loadModelFiles({ kind: 'hub', id: ID }, { cache: null, onProgress: (progress) => seen.push(progress) });
  expect(asked.filter((line) => line.includes('_data'))).toEqual([
    `/${ID}/resolve/main/onnx/model_q4.onnx_data`,
    `/${ID}/resolve/main/onnx/model_q4.onnx_data from 30000`,
    `/${ID}/resolve/main/onnx/model_q4.onnx_data from 70000`,
  ]);
  expect(seen.at(-1)?.receivedBytes).toBe(seen.at(-1)?.totalBytes);
});

it('resumes an earlier download where it ended', async () => {
  const cache = mapCache();
  breaks = [30_000, 30_000];
  await expect(loadModelFiles({ kind: 'hub', id: ID }, { cache })).rejects.toMatchObject({
    code: 'model-download',
    message: expect.stringContaining('stopped after 30000 bytes'),
  });
  asked = [];
  await loadModelFiles({ kind: 'hub', id: ID }, { cache });
  expect(asked).toContain(`/${ID}/resolve/main/onnx/model_q4.onnx_data from 30000`);
  expect([...cache.kept.keys()].filter((key) => key.endsWith('.part'))).toEqual([]);
});

it('refuses an unknown model, one without a graph, and a changed file', async () => {
  await expect(loadModelFiles({ kind: 'hub', id: 'a/b' }, { cache: null })).rejects.toMatchObject({
    message: expect.stringContaining('no public model “a/b” (status 401)'),
  });
  files['onnx/model_q4.onnx_data'] = bytes('x'.repeat(100_000));
  await expect(loadModelFiles({ kind: 'hub', id: ID }, { cache: null })).rejects.toMatchObject({
    code: 'model-corrupt',
  });
  vi.stubGlobal('fetch', async () => Response.json([{ type: 'file', path: 'config.json', size: 1 }]));
  await expect(loadModelFiles({ kind: 'hub', id: ID }, { cache: null })).rejects.toMatchObject({
    message: expect.stringContaining('lacks an .onnx file and tokenizer.json'),
  });
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('offline')));
  await expect(loadModelFiles({ kind: 'hub', id: ID }, { cache: null })).rejects.toMatchObject({
    code: 'model-download',
  });
  await expect(loadModelFiles({ kind: 'hub', id: 'x' }, { cache: null })).rejects.toMatchObject({ code: 'bad-input' });
});
