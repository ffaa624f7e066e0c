import { readdirSync, readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web';
import { expect, it } from 'vitest';
import { generate } from '../inference/generate';
import { createNodeRunner } from '../runtime/ort-node';
import { loadProgram } from './load';
import { FIXTURES, readModel } from './test-support';

const TOKENS = 12;

/** The exporter's own graph, token by token from its own keys and values; the most probable token each time. */
async function asExported(
  name: string,
  prompt: readonly number[],
  kvHeads: number,
  headDim: number,
): Promise<number[]> {
  const folder = `${FIXTURES}/${name}/onnx`;
  const files = readdirSync(folder);
  const onnx = files.find((file) => file.endsWith('.onnx')) ?? '';
  const externalData = files
    .filter((file) => file !== onnx)
    .map((file) => ({ path: file, data: new Uint8Array(readFileSync(`${folder}/${file}`)) }));
  const model = new Uint8Array(readFileSync(`${folder}/${onnx}`));
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ['wasm'],
    externalData,
    logSeverityLevel: 3,
  });
  const integers = (name: string, values: readonly number[]) => {
    const input = session.inputMetadata.find((each) => each.name === name);
    const isInt32 = input?.isTensor && input.type === 'int32';
    return isInt32
      ? new ort.Tensor('int32', Int32Array.from(values), [1, values.length])
      : new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
  };
  let past: Record<string, ort.Tensor> = Object.fromEntries(
    session.inputNames
      .filter((input) => input.startsWith('past_key_values'))
      .map((input) => [input, new ort.Tensor('float32', new Float32Array(0), [1, kvHeads, 0, headDim])]),
  );
  const written: number[] = [];
  let next = [...prompt];
  for (let length = 0; written.length < TOKENS; ) {
    const at = next.map((_, i) => length + i);
    length += next.length;
    const outputs = await session.run({
      input_ids: integers('input_ids', next),
      attention_mask: integers('attention_mask', new Array(length).fill(1)),
      ...(session.inputNames.includes('position_ids') ? { position_ids: integers('position_ids', at) } : {}),
      ...past,
    });
    const logits = outputs.logits as ort.Tensor;
    const last = (logits.data as Float32Array).subarray(-(logits.dims.at(-1) ?? 0));
    next = [last.indexOf(Math.max(...last))];
    written.push(...next);
    past = Object.fromEntries(
      Object.keys(past).map((input) => [input, outputs[input.replace('past_key_values', 'present')] as ort.Tensor]),
    );
  }
  await session.release();
  return written;
}

it.each(['llama-optimum-fp32', 'gpt2-optimum-fp32', 'llama-genai-fp32', 'qwen2-genai-int4'])(
  'writes what the exporter’s own graph writes: %s',
  async (name) => {
    const request = {
      id: name,
      files: await readModel(`${FIXTURES}/${name}`),
      backend: 'node-wasm' as const,
      threads: 1,
    };
    const { program } = await loadProgram(request, createNodeRunner, () => {});
    const prompt = [5, 61, 207, 9, 33];
    const options = { soft: null, maxNewTokens: TOKENS, temperature: 0, topP: 1, seed: 0, endTokenIds: [] };
    const { ids } = await generate(program, { ...options, ids: Int32Array.from(prompt) });
    const { kvHeads, headDim } = program.spec;
    await program.runner.dispose();
    expect(Array.from(ids)).toEqual(await asExported(name, prompt, kvHeads, headDim));
  },
);
