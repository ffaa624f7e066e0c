import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { present } from '../lib/assert';
import { sha256 } from '../lib/bytes';
import { StudioError } from '../lib/errors';
import { dtypeOf, foldHash, makeCard, parseCard, readFolder } from './card';
import { type DownloadProgress, download } from './download';
import { loadModelFiles } from './load';
import { mapCache } from './test-support';

const bytes = (text: string) => new TextEncoder().encode(text);
const GOOD: Record<string, Uint8Array<ArrayBuffer>> = {
  'config.json': bytes('{}'),
  'tokenizer.json': bytes('{"model":{}}'),
  'onnx/model_q4.onnx': bytes('graph'),
  'onnx/model_q4.onnx_data': bytes('w'.repeat(200_000)),
};

let server: Server;
let base: string;
let served: Record<string, Uint8Array>;
let requests: string[];

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = (request.url ?? '').slice('/m/'.length);
    requests.push(path);
    const data = served[path];
    if (!data) return response.writeHead(404).end('not here');
    return response.writeHead(200, { 'content-length': data.length }).end(data);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/m/`;
});
afterAll(() => server.close());
beforeEach(async () => {
  requests = [];
  served = { ...GOOD, 'studio.json': bytes(JSON.stringify(await makeCard('a/b', 'onnx/model_q4.onnx', GOOD))) };
});

const code = async (work: Promise<unknown>) => {
  try {
    await work;
    return 'no error';
  } catch (error) {
    return error instanceof StudioError ? `${error.code}: ${error.message}` : String(error);
  }
};

describe('loading from the site', () => {
  it('verifies every file, reports progress, and fetches nothing twice', async () => {
    const cache = mapCache();
    const seen: DownloadProgress[] = [];
    const first = await loadModelFiles({ kind: 'site', base }, { cache, onProgress: (p) => seen.push(p) });
    expect(first.card.dtype).toBe('q4');
    expect(Object.keys(first.files).sort()).toEqual(Object.keys(GOOD).sort());
    expect(seen.at(-1)).toMatchObject({ receivedBytes: seen.at(-1)?.totalBytes, fromCache: false });
    requests = [];
    const second = await loadModelFiles({ kind: 'site', base }, { cache });
    expect(requests).toEqual(['studio.json']);
    expect(second.files).toEqual(first.files);
  });

  it('names a weight file that was changed, is too short, or is missing', async () => {
    const shard = 'onnx/model_q4.onnx_data';
    served[shard] = bytes('x'.repeat(200_000));
    expect(await code(loadModelFiles({ kind: 'site', base }, { cache: null }))).toMatch(
      /^model-corrupt: onnx\/model_q4.onnx_data does not have the expected SHA-256/,
    );
    served[shard] = bytes('w'.repeat(199_999));
    expect(await code(loadModelFiles({ kind: 'site', base }, { cache: null }))).toMatch(
      /^model-corrupt: .*199999 bytes instead of 200000/,
    );
    served[shard] = bytes('w'.repeat(200_001));
    expect(await code(loadModelFiles({ kind: 'site', base }, { cache: null }))).toMatch(
      /^model-corrupt: .*longer than/,
    );
    delete served[shard];
    expect(await code(loadModelFiles({ kind: 'site', base }, { cache: null }))).toMatch(
      /^model-missing-file: onnx\/model_q4.onnx_data is missing at .*404/,
    );
  });

  it('replaces a damaged cache entry', async () => {
    const cache = mapCache();
    const hash = await sha256(GOOD['config.json'] ?? bytes(''));
    cache.kept.set(hash, bytes('[]'));
    const { files } = await loadModelFiles({ kind: 'site', base }, { cache });
    expect(files['config.json']).toEqual(GOOD['config.json']);
    expect(cache.kept.get(hash)).toEqual(GOOD['config.json']);
  });

  it('refuses a card that is invalid, inconsistent, or has paths outside the folder', async () => {
    served['studio.json'] = bytes('<!doctype html>');
    expect(await code(loadModelFiles({ kind: 'site', base }, { cache: null }))).toMatch(/^model-corrupt: .*not JSON/);
    const card = await makeCard('a/b', 'onnx/model_q4.onnx', GOOD);
    served['studio.json'] = bytes(JSON.stringify({ ...card, sha256: '0'.repeat(64) }));
    expect(await code(loadModelFiles({ kind: 'site', base }, { cache: null }))).toMatch(/is inconsistent/);
    for (const path of ['../x', 'a/../../x', '/etc/passwd', 'https://x/y', 'a//b'])
      expect(parseCard(JSON.stringify({ ...card, files: [{ path, bytes: 1, sha256: '0'.repeat(64) }] })).ok, path).toBe(
        false,
      );
  });

  it('stops on request, and reports a server that does not answer', async () => {
    const stop = AbortSignal.abort();
    await expect(
      download([{ path: 'a', url: base, bytes: 1, sha256: null }], { cache: null, signal: stop }),
    ).rejects.toThrow();
    expect(await code(loadModelFiles({ kind: 'site', base: 'http://127.0.0.1:9/' }, { cache: null }))).toMatch(
      /^model-download: .*connection failed/,
    );
  });
});

describe('reading a folder from disk', () => {
  const named = (files: Record<string, Uint8Array<ArrayBuffer>>) =>
    Object.entries(files).map(([path, data]) => ({ path: `mine/${path}`, bytes: async () => data }));

  it('finds graph, external data and tokenizer, and computes the checksums itself', async () => {
    const { card, files } = await readFolder(named({ ...GOOD, 'README.md': bytes('x') }), 'mine');
    expect(Object.keys(files).sort()).toEqual(Object.keys(GOOD).sort());
    expect(card.sha256).toBe(await foldHash(card.files));
  });

  it('names missing files', async () => {
    expect(await code(readFolder(named({ 'config.json': bytes('{}') }), 'mine'))).toMatch(
      /^model-missing-file: The folder “mine” lacks an .onnx file and tokenizer.json/,
    );
  });
});

it('tells the variant from the file name', () => {
  expect(
    ['onnx/model.onnx', 'onnx/model_q4.onnx', 'onnx/model_q4f16.onnx', 'onnx/decoder_model_quantized.onnx'].map(
      dtypeOf,
    ),
  ).toEqual(['fp32', 'q4', 'q4f16', 'q8']);
});

describe('weights on disk', () => {
  const kept = async (bytes: number) => {
    const cache = mapCache();
    const card = await makeCard('a/b', 'onnx/model_q4.onnx', GOOD);
    for (const { path, sha256: hash } of card.files) cache.kept.set(hash, present(GOOD[path], path));
    const files = card.files.map((file) => (file.path.endsWith('_data') ? { ...file, bytes } : file));
    return loadModelFiles({ kind: 'kept', card: { ...card, files } }, { cache });
  };

  it('come along from the cache where they are large', async () => {
    const { onDisk = {} } = await kept(300_000_000);
    expect(Object.keys(onDisk).sort()).toEqual(['onnx/model_q4.onnx', 'onnx/model_q4.onnx_data']);
    expect(await onDisk['onnx/model_q4.onnx']?.text()).toBe('graph');
  });

  it('stay where they are when a second copy costs little', async () => {
    expect((await kept(1000)).onDisk).toBeUndefined();
  });
});
