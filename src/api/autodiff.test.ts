import * as ort from 'onnxruntime-web';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Oracle } from '../engine/conform';
import { fixtures, readFixture } from '../graph/test-support';
import { present } from '../lib/assert';
import {
  type Attr,
  differentiate,
  type Graph,
  type Initializer,
  type Node,
  normalise,
  parse,
  print,
  serialise,
  type ValueInfo,
  withCrossEntropy,
} from './autodiff';

type Feeds = Readonly<Record<string, ort.Tensor>>;

const float64 = (dims: readonly number[], data: Iterable<number>) =>
  new ort.Tensor('float64', Float64Array.from(data), dims);
const float32 = (dims: readonly number[], data: Iterable<number>) =>
  new ort.Tensor('float32', Float32Array.from(data), dims);
const int64 = (dims: readonly number[], data: readonly number[]) =>
  new ort.Tensor('int64', BigInt64Array.from(data.map(BigInt)), dims);

/** With ONNX Runtime's defaults. */
async function run(graph: Graph, feeds: Feeds, fetches: readonly string[]): Promise<Record<string, number[]>> {
  const { model, external } = serialise(graph);
  const session = await ort.InferenceSession.create(model, { externalData: external });
  const named = session.inputNames.map((name) => [name, present(feeds[name], name)]);
  const outputs = await session.run(Object.fromEntries(named), fetches);
  await session.release();
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, Array.from(data, Number)]));
}

const [FLOAT, DOUBLE] = [1, 11].map((value): Attr => ({ type: 'int', value }));

/**
 * A graph in float64, to tell the derivation from the rounding of float32. ONNX Runtime turns heads in float32 alone, so that
 * node stays between two casts.
 */
function inFloat64(graph: Graph): Graph {
  const { model, external } = serialise(graph);
  const plain = parse(model, { external: Object.fromEntries(external.map(({ path, data }) => [path, data])) });
  const isRotary = ({ op }: Node) => op === 'com.microsoft:RotaryEmbedding';
  const narrow = new Set(plain.nodes.filter(isRotary).flatMap(({ inputs }) => inputs.slice(2)));
  const widened = <T extends ValueInfo>(value: T): T =>
    value.dtype === 'float32' ? { ...value, dtype: 'float64' } : value;
  const tensorOf = (tensor: Initializer): Initializer => {
    if (tensor.dtype !== 'float32' || narrow.has(tensor.name)) return tensor;
    const { buffer } = Float64Array.from(new Float32Array(Uint8Array.from(tensor.bytes).buffer));
    return { ...tensor, dtype: 'float64', bytes: new Uint8Array(buffer) };
  };
  const attrOf = (name: string, attr: Attr): Attr => {
    if (attr.type === 'tensor') return { type: 'tensor', value: tensorOf(attr.value) };
    return name === 'to' && attr.type === 'int' && attr.value === 1 ? present(DOUBLE, 'type') : attr;
  };
  const cast = (from: string, to: string, type: Attr | undefined): Node => ({
    op: 'Cast',
    name: to,
    inputs: [from],
    outputs: [to],
    attrs: { to: present(type, 'type') },
  });
  return {
    ...plain,
    inputs: plain.inputs.map(widened),
    outputs: plain.outputs.map(widened),
    values: new Map(),
    initializers: new Map([...plain.initializers].map(([name, tensor]) => [name, tensorOf(tensor)])),
    nodes: plain.nodes.flatMap((node): readonly Node[] => {
      const [x = '', ...rest] = node.inputs;
      const [y = ''] = node.outputs;
      if (isRotary(node))
        return [
          cast(x, `${y} narrow`, FLOAT),
          { ...node, name: `${y} turned`, inputs: [`${y} narrow`, ...rest], outputs: [`${y} turned`] },
          cast(`${y} turned`, y, DOUBLE),
        ];
      return [
        {
          ...node,
          attrs: Object.fromEntries(Object.entries(node.attrs).map(([name, attr]) => [name, attrOf(name, attr)])),
        },
      ];
    }),
  };
}

/** Largest difference over the largest expected entry. */
const relativeError = (actual: readonly number[], expected: readonly number[]) =>
  Math.max(...expected.map((x, i) => Math.abs(x - (actual[i] ?? Number.NaN)))) / Math.max(...expected.map(Math.abs));

beforeAll(() => {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
});

describe.each(fixtures)('the gradient of the cross-entropy of %s', (name) => {
  const { model, external, oracle: read } = readFixture(name);
  const oracle = read as typeof read & Oracle;
  const { rows, softPrompt, embeddingTensor: embeddings } = oracle;
  const graph = parse(model, { external: Object.fromEntries(external) });
  const [virtual, hidden] = [softPrompt.length, softPrompt[0]?.length ?? 0];
  const tokens = virtual + Math.max(...rows.map((row) => row.length));
  const places = rows.length * tokens;

  /** An empty past, and masks as transformers or the fused operators want them. */
  function feedsOf({ inputs }: Graph, ids: readonly number[]): Feeds {
    const batch = rows.length;
    const count = Array.from({ length: places }, (_, i) => i);
    const causal = Array.from({ length: tokens ** 2 }, (_, i) => (i % tokens <= Math.floor(i / tokens) ? 0 : -1e9));
    const pasts = inputs.filter((input) => input.name.startsWith('past'));
    return {
      input_ids: int64([batch, tokens], ids),
      attention_mask: int64(
        [batch, tokens],
        count.map(() => 1),
      ),
      position_ids: int64(
        [batch, tokens],
        count.map((i) => i % tokens),
      ),
      attention_bias: float32(
        [batch, 1, tokens, tokens],
        rows.flatMap(() => causal),
      ),
      ...Object.fromEntries(
        pasts.map(({ name: past, shape }) => [past, float32([batch, Number(shape?.[1]), 0, 16], [])]),
      ),
    };
  }

  it.each(['prefix', 'suffix'] as const)(
    'by a soft prompt before or after the text equals PyTorch’s: %s',
    async (placement) => {
      const ids = new Array<number>(places).fill(0);
      const targets = new Array<number>(places).fill(-100);
      for (const [r, row] of rows.entries()) {
        for (const [i, id] of row.entries()) ids[r * tokens + i + (placement === 'prefix' ? virtual : 0)] = id;
        targets[r * tokens + row.length + virtual - 1] = present(
          oracle.labelTokenIds[oracle.targets[r] ?? -1],
          'target',
        );
      }
      const softAt = rows.map((row, r) => (r * tokens + (placement === 'prefix' ? 0 : row.length)) * hidden);

      const table = normalise(graph, { outputs: [embeddings] });
      const embedded = present((await run(table, feedsOf(table, ids), [embeddings]))[embeddings], 'embeddings');
      for (const at of softAt) embedded.splice(at, virtual * hidden, ...softPrompt.flat());

      const behind = normalise(graph, { inputs: [embeddings], outputs: ['logits'] });
      const both = differentiate(withCrossEntropy(behind, { logits: 'logits' }), { loss: 'loss', wrt: [embeddings] });
      const feeds: Feeds = {
        ...feedsOf(both, ids),
        [embeddings]: float32([rows.length, tokens, hidden], embedded),
        targets: int64([rows.length, tokens], targets),
      };
      const wide = Object.entries(feeds).map(([feed, { type, data, dims }]) => [
        feed,
        type === 'float32' ? float64(dims, feed === embeddings ? embedded : Array.from(data, Number)) : feeds[feed],
      ]);
      const { fullLoss, fullGrad } = oracle.placements[placement];
      const check = async (of: Graph, given: Feeds, most: number) => {
        const { loss, [`grad(${embeddings})`]: slopes = [] } = await run(of, given, ['loss', `grad(${embeddings})`]);
        const gradient = softPrompt.flat().map((_, i) => softAt.reduce((sum, at) => sum + (slopes[at + i] ?? 0), 0));
        expect(Math.abs((loss?.[0] ?? Number.NaN) - fullLoss)).toBeLessThan(most);
        expect(relativeError(gradient, fullGrad.flat())).toBeLessThan(most);
      };
      await check(both, feeds, 5e-6);
      // The constants of a float16 file are rounded, those of PyTorch's oracle are not.
      await check(inFloat64(both), Object.fromEntries(wide), /f(?:p)?16/.test(name) ? 4e-6 : 1e-6);
    },
  );
});

/** Protocol Buffers by hand: a field is a number, bytes, text, or messages. */
type Field = readonly [field: number, value: number | string | Uint8Array | readonly Field[]];
const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
function message(fields: readonly Field[]): Uint8Array {
  return Uint8Array.from(
    fields.flatMap(([field, value]) => {
      if (typeof value === 'number') return [...varint(field * 8), ...varint(value)];
      const bytes =
        typeof value === 'string'
          ? new TextEncoder().encode(value)
          : value instanceof Uint8Array
            ? value
            : message(value);
      return [...varint(field * 8 + 2), ...varint(bytes.length), ...bytes];
    }),
  );
}
const node = (op: string, inputs: readonly string[], output: string): Field => [
  1,
  [...inputs.map((input): Field => [1, input]), [2, output], [3, `${op} of ${output}`], [4, op]],
];
const tensor = (name: string, dims: readonly number[], values: readonly number[]): Field => [
  5,
  [...dims.map((dim): Field => [1, dim]), [2, 1], [8, name], [9, new Uint8Array(Float32Array.from(values).buffer)]],
];
const value = (field: 11 | 12, name: string, type: number, dims: readonly (number | string)[]): Field => [
  field,
  [
    [1, name],
    [
      2,
      [
        [
          1,
          [
            [1, type],
            [2, dims.map((dim): Field => [1, [typeof dim === 'number' ? [1, dim] : [2, dim]]])],
          ],
        ],
      ],
    ],
  ],
];
const wave = (count: number, shift: number) => Array.from({ length: count }, (_, i) => Math.sin(1.7 * i + shift));

const branch = (name: string, op: string): Field => [
  5,
  [
    [1, name],
    [6, [node(op, ['hidden'], name), [2, name], value(12, name, 1, [])]],
    [20, 5],
  ],
];

/** loss = mean((tanh(x W1 + b1) W2)²); `hidden` is [rows, 4], `rounded` has no gradient. */
const mlp = message([
  [1, 8],
  [
    8,
    [
      [1, ''],
      [2, 17],
    ],
  ],
  [
    7,
    [
      node('MatMul', ['x', 'W1'], 'product'),
      node('Add', ['product', 'b1'], 'sum'),
      node('Tanh', ['sum'], 'hidden'),
      node('MatMul', ['hidden', 'W2'], 'y'),
      node('Mul', ['y', 'y'], 'square'),
      node('ReduceMean', ['square'], 'mean'),
      node('Reshape', ['mean', 'none'], 'loss'),
      node('Round', ['hidden'], 'rounded'),
      node('ReduceMean', ['rounded'], 'mean of rounded'),
      node('Shape', ['x'], 'sizes'),
      node('IsNaN', ['mean'], 'isWrong'),
      [
        1,
        [
          [1, 'isWrong'],
          [2, 'chosen'],
          [3, 'choice'],
          [4, 'If'],
          branch('then_branch', 'Neg'),
          branch('else_branch', 'Abs'),
        ],
      ],
      node('ReduceMean', ['chosen'], 'mean of chosen'),
      node('ReduceMean', ['W1'], 'mean of W1'),
      [2, 'mlp'],
      tensor('W1', [3, 4], wave(12, 0)),
      tensor('b1', [4], wave(4, 1)),
      tensor('W2', [4, 2], wave(8, 2)),
      [
        5,
        [
          [1, 0],
          [2, 7],
          [8, 'none'],
          [9, new Uint8Array()],
        ],
      ],
      value(11, 'x', 1, ['rows', 3]),
      value(12, 'loss', 1, []),
      value(12, 'y', 1, ['rows', 2]),
      value(12, 'mean of rounded', 1, [1, 1]),
      value(12, 'sizes', 7, [2]),
      value(12, 'mean of chosen', 1, [1, 1]),
      value(12, 'mean of W1', 1, [1, 1]),
    ],
  ],
]);

describe('a graph made by hand', () => {
  it('has gradients of an input, a value inside it and a weight that equal differences of its loss', async () => {
    const graph = normalise(parse(mlp), { inputs: ['W2'], outputs: ['loss'] });
    const wrt = ['x', 'hidden', 'W2'];
    const both = differentiate(graph, { loss: 'loss', wrt });
    expect(both.outputs.map(({ name, shape }) => [name, shape])).toEqual([
      ['loss', []],
      ['grad(x)', ['rows', 3]],
      ['grad(hidden)', ['rows', 4]],
      ['grad(W2)', [4, 2]],
    ]);
    const point: Record<string, readonly number[]> = { x: wave(6, 3), W2: wave(8, 2) };
    const feedsAt = ({ x = [], W2 = [] }: typeof point) => ({ x: float32([2, 3], x), W2: float32([4, 2], W2) });
    const found = await run(
      both,
      feedsAt(point),
      wrt.map((name) => `grad(${name})`),
    );
    const h = 1e-2;
    for (const name of ['x', 'W2']) {
      const slopes: number[] = [];
      for (const i of point[name]?.keys() ?? []) {
        const at = async (by: number) => {
          const moved = { ...point, [name]: (point[name] ?? []).with(i, (point[name]?.[i] ?? 0) + by) };
          return (await run(graph, feedsAt(moved), ['loss'])).loss?.[0] ?? Number.NaN;
        };
        slopes.push((8 * ((await at(h)) - (await at(-h))) - ((await at(2 * h)) - (await at(-2 * h)))) / (12 * h));
      }
      expect(relativeError(found[`grad(${name})`] ?? [], slopes)).toBeLessThan(1e-4);
    }
    expect(found['grad(hidden)']).toHaveLength(8);
  });

  it('gives the mean cross-entropy over the rows that count, and its gradient', async () => {
    const graph = withCrossEntropy(normalise(parse(mlp), { inputs: ['y'], outputs: ['y'] }), { logits: 'y' });
    const both = differentiate(graph, { loss: 'loss', wrt: ['y'] });
    const found = await run(both, { y: float32([3, 2], [1, 3, 0, 0, 2, -1]), targets: int64([3], [0, -100, 0]) }, [
      'loss',
      'grad(y)',
    ]);
    const [first, last] = [1 / (1 + Math.exp(2)), 1 / (1 + Math.exp(-3))];
    expect(found.loss?.[0]).toBeCloseTo(-(Math.log(first) + Math.log(last)) / 2, 6);
    const expected = [first - 1, 1 - first, 0, 0, last - 1, 1 - last].map((slope) => slope / 2);
    expect(relativeError(found['grad(y)'] ?? [], expected)).toBeLessThan(1e-6);
  });

  it('keeps large weights apart, or in the model where that is wanted', () => {
    const graph = normalise(parse(readFixture('gpt2-optimum-fp32').model));
    const whole = serialise(graph, { externalFrom: Number.POSITIVE_INFINITY });
    expect(whole.external).toEqual([]);
    const { model, external } = serialise(graph);
    const apart = external.reduce((sum, { data }) => sum + data.byteLength, 0);
    expect(external.length).toBeGreaterThan(0);
    expect(Math.abs(whole.model.byteLength - model.byteLength - apart)).toBeLessThan(0.01 * apart);
  });

  it('is read where its bytes begin at any place, as those of a Buffer may', () => {
    const shifted = Buffer.concat([Buffer.of(0), mlp]).subarray(1);
    expect(print(normalise(parse(shifted)))).toBe(print(normalise(parse(mlp))));
  });

  it.each([
    ['a loss that is no output', { loss: 'hidden', wrt: ['x'] }, 'bad-input', /hidden is no output.*loss, y/],
    ['a loss of several numbers', { loss: 'y', wrt: ['x'] }, 'bad-input', /y is \[rows,2\], not a single number/],
    ['a loss of integers', { loss: 'sizes', wrt: ['x'] }, 'bad-input', /sizes is int64/],
    ['an input of integers', { loss: 'loss', wrt: ['sizes'] }, 'bad-input', /sizes is int64, and only floats/],
    [
      'a branch that is chosen by what was computed',
      { loss: 'mean of chosen', wrt: ['x'] },
      'model-unsupported',
      /control flow operator If \(node choice\) is between x and mean of chosen.*Path: x → /,
    ],
    [
      'a loss that does not depend on the value',
      { loss: 'mean of W1', wrt: ['x'] },
      'model-unsupported',
      /mean of W1 does not depend on x/,
    ],
    ['a value that is not there', { loss: 'loss', wrt: ['z'] }, 'bad-input', /no value z/],
    ['a weight that is fixed', { loss: 'loss', wrt: ['W1'] }, 'bad-input', /W1 is a weight.*inputs: \['W1'\]/],
    ['no value at all', { loss: 'loss', wrt: [] }, 'bad-input', /at least one/],
    [
      'an operator without a gradient',
      { loss: 'mean of rounded', wrt: ['x'] },
      'model-unsupported',
      /operator Round \(node Round of rounded\).*no gradient rule/,
    ],
  ])('refuses %s', (_, options, code, message) => {
    const graph = normalise(parse(mlp));
    expect(() => differentiate(graph, options)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it('refuses a graph that is not normalised, and a name that is taken', () => {
    expect(() => differentiate(parse(mlp), { loss: 'loss', wrt: ['x'] })).toThrow(/not normalised/);
    expect(() => withCrossEntropy(normalise(parse(mlp)), { logits: 'y' })).toThrow(/already has a value loss/);
    expect(() => normalise(parse(mlp), { inputs: ['z'] })).toThrow(/no value z/);
  });
});
