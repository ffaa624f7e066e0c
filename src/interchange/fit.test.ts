import { describe, expect, it, test } from 'vitest';
import { readJson } from '../lib/bytes';
import { exactJson, readExactJson } from '../lib/exact-json';
import { isUnverifiable, replayWords, whyNotFit } from './fit';
import { readPeft } from './from-vectors';
import type { Incoming } from './incoming';

const MODEL = { id: 'org/Small-ONNX', sha256: 'a', hidden: 4, dtype: 'q4' };
const prompt = (change: object, width = 4) =>
  ({
    kind: 'prompt',
    package: {
      model: { ...MODEL, ...change },
      version: { prompt: { voices: [{ kind: 'text', soft: { hidden: width } }] } },
    },
  }) as unknown as Exclude<Incoming, { kind: 'set' }>;
const vectors = (baseModel: string | null, hidden = 4) =>
  ({ kind: 'vectors', baseModel, table: { hidden } }) as unknown as Exclude<Incoming, { kind: 'set' }>;

describe('an imported prompt', () => {
  it('fits the very weights that it was trained on', () => {
    expect(whyNotFit(prompt({}), MODEL)).toBeNull();
    const other = whyNotFit(prompt({ sha256: 'b', dtype: 'fp32', id: 'org/Other' }), MODEL);
    expect(other).toMatch(/^It was trained on org\/Other \(fp32\), but org\/Small-ONNX \(q4\) is loaded\./);
    expect(other).toMatch(/Load org\/Other \(Models, in the bar above\), then import it again\.$/);
  });

  it('does not fit a model of another width, whatever its name', () => {
    expect(whyNotFit(prompt({}, 5), MODEL)).toMatch(
      /^Its vectors have 5 numbers each, but those of the loaded org\/Small-ONNX have 4/,
    );
    expect(whyNotFit(vectors(null, 8), MODEL)).toMatch(/have 8 numbers .*Load the model it was trained on/);
  });

  test.each([
    ['org/Small', true],
    ['else/small-onnx', true],
    ['org/Small-q4', true],
    ['org/Small_int8', true],
    ['org/Small.gguf', true],
    ['org/Smaller', false],
    ['org/Small-2', false],
  ])('made for %s fits: %s', (name, fits) => {
    const why = whyNotFit(vectors(name), MODEL);
    if (fits) expect(why).toBeNull();
    else expect(why).toMatch(new RegExp(`^It was trained on ${name}, but org/Small-ONNX is loaded`));
  });

  test.each([
    [null, true],
    ['./checkpoint/last', true],
    ['../models/a', true],
    ['/home/me/model', true],
    ['one', true],
    ['a/b/c', true],
    ['org/Small-1.5', false],
  ])('whose model is named %s cannot be checked: %s', (baseModel, is) => {
    expect(isUnverifiable({ baseModel } as never)).toBe(is);
    if (is) expect(whyNotFit(vectors(baseModel), MODEL)).toBeNull();
  });
});

it.each([
  [{ changed: 0, largestDifference: 1e-6 }, 'All 2 check rows agree, to within 0.0001'],
  [{ changed: 0, largestDifference: 0.0312 }, 'All 2 check rows agree, to within 0.031'],
  [
    { changed: 0, largestDifference: 0.2 },
    'All 2 check rows get the same answer, but log-probabilities differ by up to 0.20',
  ],
  [
    { changed: 1, largestDifference: 3 },
    '1 of 2 check rows get a different answer here (log-probabilities differ by up to 3.0)',
  ],
  [
    { changed: 0, largestDifference: Number.NaN },
    'All 2 check rows get the same answer, but log-probabilities differ by up to NaN',
  ],
])('says how closely check rows agree: %j', (found, words) =>
  expect(replayWords({ rows: [1, 2], ...found })).toBe(words),
);

describe('JSON that round-trips', () => {
  const back = (value: unknown) => readExactJson(new TextEncoder().encode(exactJson(value)));

  test.each([
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [Number.NEGATIVE_INFINITY],
    [-0],
    [0],
    [{ $number: 'NaN', $$x: 1, $float32: [1] }],
    [{ $number: 'toString' }],
    [['a', null, [1, [2]], {}]],
    [{ b: 1, a: { z: [], y: [{}] } }],
    [Float32Array.of(1, -0, Number.NaN, 1e-40)],
    [Float32Array.from({ length: 20_000 }, (_, i) => i / 7)],
  ])('%j', (value) => expect(back(value)).toEqual(value));

  it('is printed for git: sorted keys, plain lists on one line, others with a line for each value', () => {
    expect(exactJson({ b: [1, 'x', null], a: [{ c: 1 }], gone: undefined, e: {} })).toBe(
      '{\n  "a": [\n    {\n      "c": 1\n    }\n  ],\n  "b": [1, "x", null],\n  "e": {}\n}\n',
    );
    expect(exactJson([undefined, 1])).toBe('[null, 1]\n');
    expect(exactJson({ a: 1, B: 2, _: 3 })).toBe('{\n  "B": 2,\n  "_": 3,\n  "a": 1\n}\n');
  });

  test.each([['{'], ['{"$float32": "AAA"}'], ['{"$float32": "AAAA"}'], [`${'['.repeat(50_000)}${']'.repeat(50_000)}`]])(
    'refuses %#',
    (text) => expect(readExactJson(new TextEncoder().encode(text))).toBeUndefined(),
  );

  it('refuses bytes that are no UTF-8, and keeps a key called __proto__', () => {
    expect(readJson(Uint8Array.of(0x22, 0xff, 0x22))).toBeUndefined();
    expect(Object.keys(back(JSON.parse('{"__proto__": {"x": 1}}')) as object)).toEqual(['__proto__']);
  });
});

describe('a PEFT folder', () => {
  const tensors = (rows: number, columns: number) => {
    const header = JSON.stringify({
      prompt_embeddings: { dtype: 'F32', shape: [rows, columns], data_offsets: [0, 4 * rows * columns] },
    });
    const bytes = new Uint8Array(8 + header.length + 4 * rows * columns);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
    bytes.set(new TextEncoder().encode(header), 8);
    return bytes;
  };
  const CONFIG = {
    peft_type: 'PROMPT_TUNING',
    task_type: 'CAUSAL_LM',
    num_virtual_tokens: 2,
    token_dim: 3,
    base_model_name_or_path: 'org/a',
  };
  const read = (config: unknown, model: Uint8Array | null = tensors(2, 3), name = 'adapter_model.safetensors') =>
    readPeft(
      new Map([
        ...(config === null
          ? []
          : [
              [
                'adapter_config.json',
                new TextEncoder().encode(typeof config === 'string' ? config : JSON.stringify(config)),
              ] as const,
            ]),
        ...(model ? [[name, model] as const] : []),
      ]),
    );

  it('is read with its model and its kind', () => {
    expect(read(CONFIG)).toMatchObject({
      ok: true,
      value: { type: 'PROMPT_TUNING', baseModel: 'org/a', table: { virtualTokens: 2, hidden: 3 } },
    });
    const bare = { peft_type: 'P_TUNING', num_virtual_tokens: 2 };
    expect(read(bare)).toMatchObject({ ok: true, value: { type: 'P_TUNING', baseModel: null } });
    expect(read({ ...CONFIG, num_transformer_submodules: 1, task_type: null }).ok).toBe(true);
  });

  test.each([
    ['no config', null, undefined, 'missing-file', /has no adapter_config\.json, so it is not a PEFT adapter/],
    ['a config that is no JSON', '{', undefined, 'bad-config', /not valid JSON/],
    ['a config that is null', 'null', undefined, 'bad-config', /not in the expected format/],
    ['no count', { ...CONFIG, num_virtual_tokens: 0 }, undefined, 'bad-config', /at num_virtual_tokens/],
    [
      'LoRA',
      { ...CONFIG, peft_type: 'LORA' },
      undefined,
      'other-kind',
      /^This adapter is LORA: it changes the model’s weights\. Only PROMPT_TUNING/,
    ],
    ['an unknown kind', { ...CONFIG, peft_type: 'NEW' }, undefined, 'other-kind', /^This adapter is NEW\. Only/],
    ['another task', { ...CONFIG, task_type: 'SEQ_CLS' }, undefined, 'other-kind', /for SEQ_CLS, not for a decoder/],
    ['an encoder-decoder', { ...CONFIG, num_transformer_submodules: 2 }, undefined, 'other-kind', /encoder-decoder/],
    [
      'other numbers of vectors',
      { ...CONFIG, num_virtual_tokens: 3 },
      undefined,
      'bad-vectors',
      /describes 3 vectors of 3 numbers, but .* has 2 of 3/,
    ],
    ['another width', { ...CONFIG, token_dim: 4 }, undefined, 'bad-vectors', /describes 2 vectors of 4 numbers/],
    [
      'an unknown width',
      { ...CONFIG, num_virtual_tokens: 9, token_dim: null },
      undefined,
      'bad-vectors',
      /9 vectors of unknown numbers/,
    ],
    ['no vectors', CONFIG, null, 'missing-file', /has no adapter_model\.safetensors/],
  ])('with %s is refused', (_, config, model, kind, says) => {
    expect(read(config, model === undefined ? tensors(2, 3) : model)).toMatchObject({
      ok: false,
      error: { kind, message: expect.stringMatching(says) },
    });
  });

  it('with a pickle is refused, as that could run code', () => {
    expect(read(CONFIG, Uint8Array.of(1), 'adapter_model.bin')).toMatchObject({ ok: false, error: { kind: 'pickle' } });
    expect(read(CONFIG, Uint8Array.of(1, 2, 3))).toMatchObject({ ok: false, error: { kind: 'bad-vectors' } });
  });
});
