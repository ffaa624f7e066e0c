import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { STANDARD, type TrainingSettings } from '../training/settings';
import { createEngineClient } from './clients';
import type { LoadRequest, TrainRequest } from './protocol';

const MODEL = '/test/fixtures/models/llama-genai-int4';

interface Oracle {
  readonly softPrompt: readonly (readonly number[])[];
  readonly rows: readonly (readonly number[])[];
  readonly labelTokenIds: readonly number[];
  readonly targets: readonly number[];
  readonly placements: Readonly<Record<'prefix' | 'suffix', { readonly labelLogits: readonly (readonly number[])[] }>>;
}

const bytes = async (path: string) => new Uint8Array(await (await fetch(`${MODEL}/${path}`)).arrayBuffer());

async function loadRequest(): Promise<LoadRequest> {
  const paths = ['onnx/model_q4.onnx', 'onnx/model_q4.onnx_data'];
  const files = Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await bytes(path)] as const)));
  return { id: 'llama-genai-int4', files, backend: 'wasm', threads: 2 };
}

const logSoftmax = (logits: readonly number[]) => {
  const normaliser = Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0));
  return logits.map((x) => x - normaliser);
};

describe('the engine worker', () => {
  let client: ReturnType<typeof createEngineClient>;
  let oracle: Oracle;
  beforeAll(async () => {
    oracle = await (await fetch(`${MODEL}/oracle.json`)).json();
    client = createEngineClient();
    const request = await loadRequest();
    const stages: string[] = [];
    const info = await client.call('load', request, {
      onEvent: ({ stage }) => stages.push(stage),
      transfer: Object.values(request.files).map(({ buffer }) => buffer as ArrayBuffer),
    });
    expect(stages).toEqual(['parse', 'dequantise', 'session']);
    expect(info).toMatchObject({ backend: 'wasm', dtype: 'q4', hidden: 64, layers: 2, vocabulary: 512 });
  });
  afterAll(() => client.dispose());

  it.each(['small', 'fast'] as const)(
    'gives the same bits with weights that are read from disk: %s',
    async (weights) => {
      const scored = async (isOnDisk: boolean) => {
        const other = createEngineClient();
        try {
          const request = { ...(await loadRequest()), weights, threads: 1 };
          const onDisk = Object.fromEntries(
            Object.entries(request.files).map(([path, file]) => [path, new Blob([file as Uint8Array<ArrayBuffer>])]),
          );
          await other.call('load', { ...request, ...(isOnDisk && { onDisk }) });
          return (await other.call('score', { rows: rows(), labels: labels(), soft: soft('suffix'), cacheKey: 'rows' }))
            .rows;
        } finally {
          other.dispose();
        }
      };
      expect(await scored(true)).toEqual(await scored(false));
    },
  );

  const rows = () =>
    oracle.rows.map((ids, i) => ({ rowId: String(i), ids: Int32Array.from(ids), label: oracle.targets[i] ?? null }));
  const labels = () => oracle.labelTokenIds.map((id) => ({ label: String(id), word: String(id), tokenIds: [id] }));
  const soft = (placement: SoftPrompt['placement']): SoftPrompt => ({
    placement,
    vectors: Float32Array.from(oracle.softPrompt.flat()),
    virtualTokens: 4,
    hidden: 64,
  });
  const training = (settings: Partial<TrainingSettings>): TrainRequest => ({
    runId: 'run',
    train: rows(),
    validation: rows(),
    labels: labels(),
    settings: { ...STANDARD, virtualTokens: 4, steps: 30, validateEvery: 10, patience: null, ...settings },
    initTokenIds: Int32Array.of(5, 6, 7, 8),
    cacheKey: 'rows',
    resume: null,
  });

  it.each(['prefix', 'suffix'] as const)('scores what PyTorch scores: %s', async (placement) => {
    const { rows: scored } = await client.call('score', {
      rows: rows(),
      labels: labels(),
      soft: soft(placement),
      cacheKey: 'rows',
    });
    const expected = oracle.placements[placement].labelLogits.map(logSoftmax);
    scored.forEach((row, r) => {
      row.logProbs.forEach((value, c) => {
        expect(value).toBeCloseTo(expected[r]?.[c] ?? Number.NaN, 4);
      });
    });
  });

  it('says that a file of weights is gone from disk, and loads the model again', async () => {
    const other = createEngineClient();
    const request = { ...(await loadRequest()), weights: 'small' as const, threads: 1 };
    const root = await navigator.storage.getDirectory();
    const onDisk: Record<string, Blob> = {};
    for (const [i, [path, file]] of Object.entries(request.files).entries()) {
      const handle = await root.getFileHandle(`weights-${i}`, { create: true });
      const stream = await handle.createWritable();
      await stream.write(file as Uint8Array<ArrayBuffer>);
      await stream.close();
      onDisk[path] = await handle.getFile();
      await root.removeEntry(`weights-${i}`);
    }
    try {
      await expect(other.call('load', { ...request, onDisk })).rejects.toMatchObject({
        code: 'model-missing-file',
        message: expect.stringContaining('Load the model again'),
      });
      await other.call('load', request);
      const asked = { rows: rows(), labels: labels(), soft: soft('suffix'), cacheKey: 'rows' };
      expect((await other.call('score', asked)).rows).toHaveLength(rows().length);
    } finally {
      other.dispose();
    }
  });

  it('trains, and gives every event', async () => {
    const kinds = new Set<string>();
    const losses: number[] = [];
    await client.call('train', training({ learningRate: 0.05 }), {
      onEvent: (event) => {
        kinds.add(event.kind);
        if (event.kind === 'step') losses.push(event.point.loss);
      },
    });
    expect([...kinds].sort()).toEqual(['cache', 'checkpoint', 'done', 'step', 'validation']);
    expect(losses).toHaveLength(30);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) * 0.8);
  });

  it('pauses a running training, and queues what comes meanwhile', async () => {
    let requestId = 0;
    let reason = '';
    const running = client.call('train', training({ steps: 5000, cacheKey: 'other' } as Partial<TrainingSettings>), {
      onStart: (id) => {
        requestId = id;
      },
      onEvent: (event) => {
        if (event.kind === 'step' && event.point.step === 3) client.control(requestId, 'pause');
        if (event.kind === 'done') reason = event.reason;
      },
    });
    const scored = client.call('score', { rows: rows(), labels: labels(), soft: null, cacheKey: null });
    await running;
    expect(reason).toBe('paused');
    expect((await scored).rows).toHaveLength(3);
  });

  it('stops reading ahead once another request waits, and continues when it is asked again', async () => {
    const ids = (i: number) => Int32Array.from({ length: 30 }, (_, at) => 1 + ((7 * at + i) % 500));
    const train = Array.from({ length: 40 }, (_, i) => ({ rowId: `ahead ${i}`, ids: ids(i), label: 0 }));
    const request = { train, validation: [], cacheKey: 'ahead', core: 8, tokens: 1e6 };
    const read: number[] = [];
    const onEvent = ({ rowsDone }: { readonly rowsDone: number }) => read.push(rowsDone);
    const reading = client.call('readAhead', request, { onEvent });
    const scored = client.call('score', { rows: rows(), labels: labels(), soft: null, cacheKey: null });
    expect(await reading).toBe(false);
    expect(read.at(-1)).toBeLessThan(20);
    expect((await scored).rows).toHaveLength(3);
    const before = read.length;
    expect(await client.call('readAhead', request, { onEvent })).toBe(true);
    expect(read.at(-1)).toBe(40);
    expect(read[before]).toBeGreaterThan(read[before - 1] ?? 40);
  });

  it('writes text, token by token, and can be cancelled', async () => {
    const request = {
      ids: Int32Array.of(5, 6, 7),
      soft: soft('suffix'),
      maxNewTokens: 12,
      temperature: 0,
      topP: 1,
      seed: 0,
      endTokenIds: [],
    };
    const streamed: number[] = [];
    const whole = await client.call('generate', request, { onEvent: (id) => streamed.push(id) });
    expect(whole.stopped).toBe('length');
    expect(streamed).toEqual(Array.from(whole.ids));
    const abort = new AbortController();
    const cut = client.call(
      'generate',
      { ...request, maxNewTokens: 1000 },
      { signal: abort.signal, onEvent: () => abort.abort() },
    );
    expect((await cut).stopped).toBe('cancelled');
  });

  it('measures the latency of a row', async () => {
    const request = { rows: rows(), labels: labels(), soft: soft('suffix'), cacheKey: null, repeats: 3 };
    expect(await client.call('latency', request)).toBeGreaterThan(0);
  });

  it('says what is wrong, and answers the next request', async () => {
    const long = [{ rowId: 'long one', ids: new Int32Array(5000), label: 0 }];
    await expect(
      client.call('score', { rows: long, labels: labels(), soft: null, cacheKey: null }),
    ).rejects.toMatchObject({
      code: 'too-long',
      data: { rowId: 'long one' },
    });
    expect(
      (await client.call('score', { rows: rows(), labels: labels(), soft: null, cacheKey: null })).rows,
    ).toHaveLength(3);
  });

  it('can be restarted in place', async () => {
    const open = client.call('train', training({ steps: 100_000 }));
    client.restart();
    await expect(open).rejects.toMatchObject({ code: 'cancelled' });
    await expect(
      client.call('score', { rows: rows(), labels: labels(), soft: null, cacheKey: null }),
    ).rejects.toMatchObject({ code: 'bad-input' });
    await client.call('load', await loadRequest());
    expect(
      (await client.call('score', { rows: rows(), labels: labels(), soft: null, cacheKey: null })).rows,
    ).toHaveLength(3);
  });
});

it('a worker whose script fails is dead, with a sentence', async () => {
  const client = createEngineClient(
    () => new Worker(new URL('data:text/javascript,throw new Error("boom")'), { type: 'module' }),
  );
  await expect(client.call('selfCheck', { directions: 0 })).rejects.toMatchObject({
    code: 'worker-died',
    message: expect.stringContaining('Nothing saved is lost: try again.'),
  });
});
