import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
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
let served: Record<string, Uint8Array<ArrayBuffer>>;
let requests: string[];
let version: string;
/** Bytes after which the weights break off, once each. */
let breaks: number[];

beforeAll(async () => {
  server = createServer(({ url = '', headers: { range } }, response) => {
    const path = url.slice('/m/'.length);
    requests.push(range ? `${path} ${range}` : path);
    const data = served[path];
    if (!data) return response.writeHead(404).end('not here');
    const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
    const part = data.subarray(Number(from), to === '' ? undefined : Number(to) + 1);
    const isPage = new TextDecoder().decode(data.subarray(0, 9)) === '<!doctype';
    response.writeHead(range ? 206 : 200, {
      'content-length': part.length,
      'content-type': isPage ? 'text/html; charset=utf-8' : 'application/octet-stream',
      etag: version,
      ...(range && { 'content-range': `bytes ${from}-${Number(from) + part.length - 1}/${data.length}` }),
    });
    const end = part.length > 1000 ? breaks.shift() : undefined;
    if (end === undefined) return response.end(part);
    return response.write(part.subarray(0, end), () => setTimeout(() => response.destroy(), 50));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/m/`;
});
afterAll(() => server.close());
beforeEach(async () => {
  requests = [];
  breaks = [];
  version = '"1"';
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
  it('finds a folder beside the script of a worker, which has no document', async () => {
    vi.stubGlobal('location', { href: new URL('worker.js', base).href });
    const { card } = await loadModelFiles({ kind: 'site', base: './' }, { cache: null });
    vi.unstubAllGlobals();
    expect(card.id).toBe('a/b');
  });

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
    served['studio.json'] = bytes('no card');
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
    ).rejects.toMatchObject({ code: 'cancelled' });
    const load = loadModelFiles({ kind: 'site', base }, { cache: null, signal: stop });
    await expect(load).rejects.toMatchObject({ code: 'cancelled' });
    expect(await code(loadModelFiles({ kind: 'site', base: 'http://127.0.0.1:9/' }, { cache: null }))).toMatch(
      /^model-download: http:\/\/127.0.0.1:9\/onnx\/model_q4.onnx could not be loaded/,
    );
  });
});

describe('loading from a folder that lists nothing', () => {
  const SMALL = { 'config.json': bytes('{}'), 'tokenizer.json': bytes('{"model":{}}') };
  const weights = (graph: string, parts = 2) => ({
    [graph]: bytes(graph),
    ...Object.fromEntries(
      ['_data', '_data_1', '_data_2'].slice(0, parts).map((end, i) => [graph + end, bytes(`${i}`.repeat(200_000))]),
    ),
  });
  const load = (how: { dtype?: string; cache?: ReturnType<typeof mapCache> } = {}) =>
    loadModelFiles({ kind: 'site', base, dtype: how.dtype }, { cache: how.cache ?? null });
  const downloads = () => requests.filter((line) => !line.endsWith('bytes=0-0') && line !== 'studio.json');

  it.each([
    ['as on the hub', 'onnx/model_q4.onnx', undefined],
    ['flat', 'model_q4.onnx', undefined],
    ['in 8 bits', 'onnx/model_quantized.onnx', 'q8'],
    ['in float32, though a smaller one is there', 'onnx/model.onnx', 'fp32'],
    ['of an older export', 'onnx/decoder_model_merged_fp16.onnx', 'fp16'],
  ])('finds the weights with all their parts: %s', async (_, graph, dtype) => {
    served = { ...SMALL, ...(dtype === 'fp32' ? weights('onnx/model_q4.onnx') : {}), ...weights(graph) };
    const { card, files } = await load(dtype === undefined ? {} : { dtype });
    const path = graph.startsWith('onnx/') ? graph : `onnx/${graph}`;
    expect(Object.keys(files).sort()).toEqual(
      ['config.json', 'tokenizer.json', path, `${path}_data`, `${path}_data_1`].sort(),
    );
    expect(card).toMatchObject({ id: base, dtype: dtype ?? 'q4', sha256: await foldHash(card.files) });
  });

  it('names the model as the hub’s address does', async () => {
    served = Object.fromEntries(
      Object.entries({ ...SMALL, ...weights('onnx/model_q4.onnx') }).map(([path, data]) => [
        `owner/name/resolve/main/${path}`,
        data,
      ]),
    );
    const { card } = await loadModelFiles({ kind: 'site', base: `${base}owner/name/resolve/main` }, { cache: null });
    expect(card.id).toBe('owner/name');
  });

  it('fetches nothing twice of one version, and all of the next', async () => {
    served = { ...SMALL, ...weights('onnx/model_q4.onnx', 1) };
    const cache = mapCache();
    const first = await load({ cache });
    expect(downloads()).toHaveLength(4);
    requests = [];
    expect(await load({ cache })).toEqual(first);
    expect(downloads()).toEqual([]);
    version = '"2"';
    served['onnx/model_q4.onnx_data'] = bytes('n'.repeat(200_000));
    const next = await load({ cache });
    expect(downloads()).toHaveLength(4);
    expect(next.card.sha256).not.toBe(first.card.sha256);
    expect(await loadModelFiles({ kind: 'kept', card: next.card }, { cache })).toEqual(next);
  });

  it('continues a download where it ended', async () => {
    served = { ...SMALL, ...weights('onnx/model_q4.onnx', 1) };
    const cache = mapCache();
    breaks = [80_000, 0];
    expect(await code(load({ cache }))).toMatch(/^model-download: .*_data stopped after 80000 bytes/);
    requests = [];
    const { files } = await load({ cache });
    expect(downloads()).toEqual(['onnx/model_q4.onnx_data bytes=80000-']);
    expect(files['onnx/model_q4.onnx_data']).toEqual(served['onnx/model_q4.onnx_data']);
    expect([...cache.kept.keys()].filter((key) => !/^[0-9a-f]{64}$/.test(key))).toEqual([]);
  });

  it.each([
    ['unlisted', null],
    ['listed, with a licence that is not downloaded', 'LICENSE'],
  ])('needs no server for what it loaded before, and a whole one for the rest: %s', async (_, licence) => {
    served = { ...SMALL, ...weights('onnx/model_q4.onnx', 1) };
    const all = licence === null ? {} : { ...served, [licence]: bytes('free') };
    if (licence) served['studio.json'] = bytes(JSON.stringify(await makeCard('a/b', 'onnx/model_q4.onnx', all)));
    const cache = mapCache();
    const first = await load({ cache });
    const silent = vi.stubGlobal('fetch', () => Promise.reject(new TypeError('offline')));
    try {
      expect(await load({ cache })).toEqual(first);
      expect(await code(load({ cache, dtype: 'q4' }))).toMatch(/^model-download/);
    } finally {
      silent.unstubAllGlobals();
    }
    if (licence) for (const key of cache.kept.keys()) cache.kept.delete(key);
    version = '"2"';
    breaks = [0];
    expect(await code(load({ cache }))).toMatch(/^model-download: .*_data stopped after 0 bytes/);
  });

  it('takes a page of the site for no file, and names the address of what is missing', async () => {
    const page = bytes('<!doctype html>');
    served = { ...SMALL, 'studio.json': page, 'onnx/model_q4.onnx': page };
    expect(await code(load({ dtype: 'q4' }))).toBe(
      `model-missing-file: ${base}onnx/model_q4.onnx could not be loaded. The folder must have the model as the hub lays it out (q4), and allow this page to read it.`,
    );
    served = { ...weights('model.onnx'), 'tokenizer.json': page };
    expect(await code(load())).toContain(`${base}tokenizer.json could not be loaded.`);
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
