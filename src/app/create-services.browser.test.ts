import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../dataset/types';
import { createEngineClient, createWorkflowClient } from '../worker/clients';
import type { ModelInfo } from '../worker/protocol';
import { linkedWorkers } from './create-services';

const MODEL = '/test/fixtures/models/llama-genai-int4';
const bytes = async (path: string) => new Uint8Array(await (await fetch(`${MODEL}/${path}`)).arrayBuffer());
const filesAt = async (paths: readonly string[]) =>
  Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await bytes(path)] as const)));

const csv = ['text,label', ...Array.from({ length: 24 }, (_, i) => `row ${i} of ${i % 3},${i % 2 ? 'a' : 'b'}`)].join(
  '\n',
);
const nearest = { template: '{text}\nLabel:', shots: 2, shotSeed: 0, selection: 'nearest' as const };

describe('the two workers, linked', () => {
  const { engine, workflow, connectEngine } = linkedWorkers(createEngineClient(), createWorkflowClient());
  let dataset: Dataset;

  async function load(): Promise<ModelInfo> {
    const files = await filesAt(['onnx/model_q4.onnx', 'onnx/model_q4.onnx_data']);
    const info = await engine.call('load', { id: 'tiny', files, backend: 'wasm', threads: 1 });
    await connectEngine(info, undefined);
    return info;
  }
  /** Rendering the nearest examples takes token vectors, which the workflow worker asks of the engine. */
  const rows = async () => {
    const { cost, reading } = await workflow.call('readPrompt', {
      dataset,
      prompt: nearest,
      words: dataset.labels.map((label) => ({ label, word: ` ${label}` })),
      rowId: dataset.split.validation[0],
    });
    return { cost, reading };
  };

  beforeAll(async () => {
    await workflow.call('openTokenizer', {
      files: await filesAt(['tokenizer.json', 'tokenizer_config.json', 'config.json']),
    });
    const table = await workflow.call('parse', { fileName: 'rows.csv', bytes: new TextEncoder().encode(csv) });
    const mapping = { text: 'text', label: 'label', id: null, task: 'classify' } as const;
    dataset = (await workflow.call('prepare', { table, mapping, seed: 1 })).dataset;
  });
  afterAll(() => {
    engine.dispose();
    workflow.dispose();
  });

  it('refuses what needs the model while none is loaded', async () => {
    await expect(rows()).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('No model') });
  });

  it('reach the engine without the page in between', async () => {
    await load();
    const found = await rows();
    expect(found.cost?.mean).toBeGreaterThan(10);
    expect(found.reading?.pieces.length).toBeGreaterThan(10);
  });

  it('answer as before when the workflow worker had to be replaced', async () => {
    const before = await rows();
    workflow.restart();
    await workflow.call('openTokenizer', {
      files: await filesAt(['tokenizer.json', 'tokenizer_config.json', 'config.json']),
    });
    await expect(rows()).rejects.toMatchObject({ code: 'bad-input' });
    await load();
    expect(await rows()).toEqual(before);
  });

  it('cancel what waits for an engine that is restarted on purpose, and work with the next one', async () => {
    workflow.restart();
    await workflow.call('openTokenizer', {
      files: await filesAt(['tokenizer.json', 'tokenizer_config.json', 'config.json']),
    });
    await load();
    const waiting = rows();
    engine.restart();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    await load();
    expect((await rows()).cost?.mean).toBeGreaterThan(10);
  });
});
