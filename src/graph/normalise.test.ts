import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { LINEAR } from './ir';
import { lower } from './lower';
import { normalise } from './normalise';
import { parse } from './parse';
import { fixtures, lastLogits, plainFeeds, readFixture, runGraph } from './test-support';

describe('models of every exporter get the same form', () => {
  test.each(fixtures)('%s: same logits, and the splice point of the oracle', async (name) => {
    const { model, external, oracle } = readFixture(name);
    const decoder = normalise(parse(model, external));
    expect(decoder.embeddings).toBe(oracle.embeddingTensor);
    expect(decoder).toMatchObject({ hidden: 64, vocabulary: 512, layers: 2 });
    const graph = lower(decoder.graph);
    for (const [i, ids] of oracle.rows.entries()) {
      const { logits } = await runGraph(graph, plainFeeds(graph, ids), ['logits']);
      const got = lastLogits(logits, oracle.labelTokenIds);
      for (const [j, want] of (oracle.noPrompt.labelLogits[i] ?? []).entries())
        expect(Math.abs((got[j] ?? Number.NaN) - want)).toBeLessThan(1e-4);
    }
  });

  test('with inputs, cache and positions found in each dialect', () => {
    const of = (name: string) => {
      const { model, external } = readFixture(name);
      return normalise(parse(model, external));
    };
    const genai = of('llama-genai-int4');
    expect(genai).toMatchObject({ layers: 2, kvHeads: 2, headDim: 16, contextLength: 256 });
    expect(genai.inputs).toEqual({
      ids: 'input_ids',
      mask: null,
      bias: 'attention_bias',
      positions: 'position_ids',
      pastKeys: ['past_key_values.0.key', 'past_key_values.1.key'],
      pastValues: ['past_key_values.0.value', 'past_key_values.1.value'],
      countsMask: false,
    });
    expect(genai.presentKeys).toEqual(['present.0.key', 'present.1.key']);
    expect(genai.graph.inputs.find((v) => v.name === 'past_key_values.1.value')?.shape).toEqual([
      'batch',
      2,
      'past',
      16,
    ]);
    const gpt2 = of('gpt2-optimum-fp32');
    expect(gpt2).toMatchObject({ kvHeads: 4, contextLength: 256, inputs: { mask: 'attention_mask', bias: null } });
    const dynamo = of('llama-torch-dynamo-fp32');
    expect(dynamo).toMatchObject({ layers: 2, contextLength: null, inputs: { pastKeys: [], mask: 'attention_mask' } });
  });

  test('with every layer weight in a Linear, and tied tables as one blob', () => {
    const linears = { gpt2: 9, llama: 15, 'llama-genai': 11, qwen2: 15, 'qwen2-genai': 11 };
    for (const name of fixtures) {
      const { model, external } = readFixture(name);
      const { graph, head, embeddingTable } = normalise(parse(model, external));
      const family = name.includes('genai') ? `${name.split('-')[0]}-genai` : (name.split('-')[0] ?? '');
      expect(graph.nodes.filter((n) => n.op === LINEAR)).toHaveLength(linears[family as keyof typeof linears]);
      const tables = [...graph.initializers.values()].filter((t) => t.dims.includes(512) && t.dims.length === 2);
      expect(tables).toHaveLength(head.weight === embeddingTable.weight ? 1 : 2);
      // An fp32 table beside a 4-bit head is two things.
      expect(`${name} ${tables.length}`).toBe(`${name} ${/q4$|q4f16$/.test(name) ? tables.length : 1}`);
    }
  });

  test('consume empties the given graph', () => {
    const { model, external } = readFixture('llama-genai-int4');
    const graph = parse(model, external);
    normalise(graph, { consume: true });
    expect(graph.initializers.size).toBe(0);
  });
});

/** `engine/smollm2.test.ts` compares its logits with PyTorch. */
test('the embedded model keeps its layers, heads and tied table', () => {
  const folder = fileURLToPath(
    new URL('../../public/models/HuggingFaceTB/SmolLM2-135M-Instruct/onnx/', import.meta.url),
  );
  const read = (file: string) => new Uint8Array(readFileSync(folder + file));
  const shards = readdirSync(folder).filter((file) => file.includes('onnx_data'));
  const parsed = parse(read('model_q4.onnx'), new Map(shards.map((file) => [file, read(file)])));
  const decoder = normalise(parsed, { consume: true });
  expect(decoder).toMatchObject({
    layers: 30,
    kvHeads: 3,
    headDim: 64,
    hidden: 576,
    vocabulary: 49152,
    contextLength: 2048,
  });
  expect(decoder.head.weight).toBe(decoder.embeddingTable.weight);
  const graph = lower(decoder.graph);
  expect(graph.nodes.length).toBeLessThan(900);
});
