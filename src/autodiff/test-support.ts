import { GraphBuilder } from '../graph/builder';
import type { Graph } from '../graph/ir';
import { lower } from '../graph/lower';
import { serialise } from '../graph/serialise';
import { createRng } from '../lib/rng';
import { createNodeRunner } from '../runtime/ort-node';
import type { HostTensor } from '../runtime/types';
import { differentiate } from './differentiate';
import type { Operator, Operators } from './operators/operator';
import { type CoreOp, OPERATORS } from './operators/table';

/** For tests only: one small graph, its gradient by our rules, and by central differences. */
export interface GradientCase {
  readonly name: string;
  /** Float inputs that are differentiated, with their values. */
  readonly inputs: Readonly<Record<string, FloatInput>>;
  /** Other inputs. */
  readonly feeds?: Readonly<Record<string, HostTensor>>;
  /** Appends the graph and returns the value whose weighted sum is the loss. */
  readonly build: (g: GraphBuilder) => string;
  /** 18 unless it needs a newer one. */
  readonly opset?: number;
  /** Sizes that the graph must know in advance; all others are also tried as symbols. */
  readonly fixedSizes?: boolean;
}

export interface FloatInput {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

/** Standard normal values. */
export function normal(dims: readonly number[], seed: number, scale = 1, shift = 0): FloatInput {
  const rng = createRng(seed);
  const length = dims.reduce((n, d) => n * d, 1);
  return { dims, data: Array.from({ length }, () => Math.fround(shift + scale * rng.normal())) };
}

export const tensor = ({ dims, data }: FloatInput): HostTensor => ({
  dtype: 'float32',
  dims,
  data: Float32Array.from(data),
});
export const int32s = (dims: readonly number[], data: readonly number[]): HostTensor => ({
  dtype: 'int32',
  dims,
  data: Int32Array.from(data),
});
export const int64s = (dims: readonly number[], data: readonly number[]): HostTensor => ({
  dtype: 'int64',
  dims,
  data: BigInt64Array.from(data.map(BigInt)),
});
export const bools = (dims: readonly number[], data: readonly boolean[]): HostTensor => ({
  dtype: 'bool',
  dims,
  data: Uint8Array.from(data.map(Number)),
});

/** The operators with every gradient of one of them off by a factor, which a check must notice. */
export function withFactor(op: CoreOp, factor: number): Operators {
  const operator: Operator = OPERATORS[op];
  const { gradient } = operator;
  if (!gradient) throw new Error(`${op} has no gradient`);
  return {
    ...OPERATORS,
    [op]: { ...operator, gradient: (c) => gradient(c).map((each) => each && c.g.times(each, factor)) },
  };
}

export interface Gradients {
  readonly ours: Readonly<Record<string, readonly number[]>>;
  readonly y: readonly number[];
  readonly weights: readonly number[];
}

/** `known`: sizes are declared; `symbols`: each axis of each input is a symbol of its own. */
export type Declared = 'known' | 'symbols';

/** Runs forward and backward once. The loss is the sum of the outputs, weighted by random numbers. */
export async function gradients(
  test: GradientCase,
  declared: Declared,
  operators: Operators = OPERATORS,
): Promise<Gradients> {
  const { graph, y } = forward(test, declared);
  const [output] = await run(withOutputs(graph, [y]), feedsOf(test), [y]);
  const weights = normal(output?.dims ?? [], 99).data;
  const g = new GraphBuilder(graph);
  g.input(
    'weights',
    'float32',
    (output?.dims ?? []).map((d, i) => (declared === 'known' ? d : `w${i}`)),
  );
  const loss = g.add('ReduceSum', [g.add('Mul', [y, 'weights'])], { attrs: { keepdims: { type: 'int', value: 0 } } });
  const ours: Record<string, readonly number[]> = {};
  const feeds = { ...feedsOf(test), weights: tensor({ dims: output?.dims ?? [], data: weights }) };
  for (const wrt of Object.keys(test.inputs)) {
    const backward = differentiate(g.build(), { loss, gradients: { [wrt]: 'gradient' } }, operators);
    const [gradient] = await run(withOutputs(backward, ['gradient']), feeds, ['gradient']);
    if (gradient?.dims.join() !== test.inputs[wrt]?.dims.join())
      throw new Error(`${wrt}: gradient [${gradient?.dims}]`);
    ours[wrt] = numbers(gradient);
  }
  return { ours, y: numbers(output), weights };
}

/** Steps of the five-point formula: its error is h^4/30 f^(5), rounding adds about 1e-7 / h. */
const H = 0.03;

/** d loss / d wrt by central differences of fourth order: (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12 h */
export async function finiteDifferences(
  test: GradientCase,
  weights: readonly number[],
): Promise<Record<string, readonly number[]>> {
  const slopes = await slopesOf(test, weights);
  const result: Record<string, readonly number[]> = {};
  for (const [wrt, { data }] of Object.entries(test.inputs)) {
    const gradient: number[] = [];
    for (const at of data.keys()) gradient.push(await slopes.along(wrt, (i) => (i === at ? 1 : 0)));
    result[wrt] = gradient;
  }
  await slopes.dispose();
  return result;
}

/** For each input a random direction of length 1, and the slope of the loss along it. */
export async function alongDirections(test: GradientCase, weights: readonly number[]) {
  const slopes = await slopesOf(test, weights);
  const result: Record<string, { readonly direction: readonly number[]; readonly slope: number }> = {};
  for (const [wrt, { dims }] of Object.entries(test.inputs)) {
    const { data } = normal(dims, 77);
    const length = Math.hypot(...data);
    const direction = data.map((v) => v / length);
    result[wrt] = { direction, slope: await slopes.along(wrt, (i) => direction[i] ?? 0) };
  }
  await slopes.dispose();
  return result;
}

async function slopesOf(test: GradientCase, weights: readonly number[]) {
  const { graph, y } = forward(test, 'known');
  const runner = await createNodeRunner(serialise(lower(withOutputs(graph, [y]))), {
    backend: 'node-wasm',
    threads: 1,
  });
  const along = async (wrt: string, direction: (i: number) => number) => {
    const { dims, data } = test.inputs[wrt] ?? { dims: [], data: [] };
    const loss = async (step: number) => {
      const moved = tensor({ dims, data: data.map((value, i) => value + step * direction(i)) });
      const { [y]: output } = await runner.run({ ...feedsOf(test), [wrt]: moved }, [y]);
      return numbers(output).reduce((total, value, i) => total + value * (weights[i] ?? 0), 0);
    };
    const near = (await loss(H)) - (await loss(-H));
    const far = (await loss(2 * H)) - (await loss(-2 * H));
    return (8 * near - far) / (12 * H);
  };
  return { along, dispose: () => runner.dispose() };
}

/** Largest difference, relative to the largest component of the expected gradient. */
export function relativeError(actual: readonly number[] = [], expected: readonly number[] = []): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  const scale = Math.max(1e-3, ...expected.map(Math.abs));
  const worst = actual.map((value, i) => Math.abs(value - (expected[i] ?? Number.NaN)));
  return worst.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(...worst) / scale;
}

/**
 * Where a gradient is furthest from its difference quotient, for the message of a test that fails. Within two steps of a
 * kink, in the function or in its slope, the quotient is wrong and the gradient may be right.
 */
export function furthest(wrt: string, { data }: FloatInput, actual: readonly number[], expected: readonly number[]) {
  const off = data.map((_, i) => Math.abs((actual[i] ?? 0) - (expected[i] ?? 0)));
  const at = off.indexOf(Math.max(...off));
  const [value, ours, quotient] = [data, actual, expected].map((list) => (list[at] ?? 0).toPrecision(4));
  return `d ${wrt}[${at}] at ${value}: gradient ${ours}, difference quotient ${quotient}. Near a kink, as of |x| at 0, the quotient is wrong: take inputs that are \`apart\``;
}

function forward(test: GradientCase, declared: Declared): { graph: Graph; y: string } {
  const g = new GraphBuilder({ ...new GraphBuilder().build(), opsets: { '': test.opset ?? 18 } });
  for (const [name, { dims }] of Object.entries(test.inputs)) g.input(name, 'float32', shape(name, dims, declared));
  for (const [name, { dtype, dims }] of Object.entries(test.feeds ?? {}))
    g.input(name, dtype, shape(name, dims, declared));
  const y = test.build(g);
  return { graph: g.build(), y };
}

const shape = (name: string, dims: readonly number[], declared: Declared) =>
  dims.map((d, i) => (declared === 'known' ? d : `${name}${i}`));

const feedsOf = (test: GradientCase): Record<string, HostTensor> => ({
  ...Object.fromEntries(Object.entries(test.inputs).map(([name, input]) => [name, tensor(input)])),
  ...test.feeds,
});

export const withOutputs = (graph: Graph, names: readonly string[]): Graph => ({
  ...graph,
  outputs: names.map((name) => ({ name, dtype: 'float32', shape: null })),
});

export async function run(
  graph: Graph,
  feeds: Readonly<Record<string, HostTensor>>,
  fetches: readonly string[],
): Promise<HostTensor[]> {
  const runner = await createNodeRunner(serialise(lower(graph)), {
    backend: 'node-wasm',
    threads: 1,
  });
  const known = new Set(graph.inputs.map((input) => input.name));
  const results = await runner.run(
    Object.fromEntries(Object.entries(feeds).filter(([name]) => known.has(name))),
    fetches,
  );
  await runner.dispose();
  return fetches.flatMap((name) => results[name] ?? []);
}

const numbers = (value: HostTensor | undefined): number[] => Array.from(value?.data ?? [], Number);
