import type { GraphBuilder } from '../../graph/builder';
import { type Attr, ints } from '../../graph/ir';
import { type FloatInput, type GradientCase, normal } from '../test-support';

/** For tests only: what the cases of all operators are written with. */
export type Attrs = Readonly<Record<string, Attr>>;
export const [A, B] = [
  [2, 3, 4],
  [2, 3, 4],
] as const;

export const constant = (g: GraphBuilder, { dims, data }: FloatInput) => g.constant('float32', dims, data);
export const indices = (g: GraphBuilder, ...values: number[]) => g.constant('int64', [values.length], values);

/** One operator on x. */
export const unary = (op: string, x: FloatInput = normal(A, 1), attrs: Attrs = {}, name = op): GradientCase => ({
  name,
  inputs: { x },
  build: (g) => g.add(op, ['x'], { attrs }),
});

/** One operator on a and b, both differentiated. */
export const binary = (op: string, a: FloatInput, b: FloatInput, attrs: Attrs = {}, name = op): GradientCase => ({
  name,
  inputs: { a, b },
  build: (g) => g.add(op, ['a', 'b'], { attrs }),
});

export const positive = (dims: readonly number[], seed: number): FloatInput => {
  const { data } = normal(dims, seed);
  return { dims, data: data.map((v) => Math.fround(0.5 + Math.abs(v))) };
};
/**
 * Values further from 0 and from each other than the steps of the difference quotients: for functions that have a kink there
 * (|x|, the larger of two) or whose slope has one (x / (1 + |x|)).
 */
export const apart = (dims: readonly number[], seed: number): FloatInput => {
  const { data } = normal(dims, seed);
  const order = data.map((_, i) => i).sort((i, j) => (data[i] ?? 0) - (data[j] ?? 0));
  const rank = data.map((_, i) => order.indexOf(i));
  return {
    dims,
    data: rank.map((r) => Math.fround(0.25 * (r - Math.floor(data.length / 2)) + (seed % 2 ? 0.06 : 0.19))),
  };
};

/** Broadcasting in every way: equal, missing axes, stretched axes on either side, scalars. */
export const broadcasts = (op: string, make = normal): GradientCase[] =>
  (
    [
      [A, B],
      [A, [4]],
      [[3, 1], A],
      [
        [2, 1, 4],
        [3, 1],
      ],
      [A, []],
      [[1, 3, 1], A],
    ] as const
  ).map(([a, b]) => binary(op, make(a, 1), make(b, 2), {}, `${op} [${a}] [${b}]`));

export const perm = (...axes: number[]): Attrs => ({ perm: ints(axes) });
