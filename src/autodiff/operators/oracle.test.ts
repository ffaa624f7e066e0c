import { describe, expect, test } from 'vitest';
import type { GraphBuilder } from '../../graph/builder';
import { float, int } from '../../graph/ir';
import { type FloatInput, type GradientCase, gradients, normal, relativeError } from '../test-support';

/** The most important gradients against textbook formulas, written by hand as float64 loops. */
const TOLERANCE = 2e-6;
const ROWS = 3;
const WIDTH = 5;

type Matrix = readonly (readonly number[])[];
const matrix = ({ dims, data }: FloatInput): Matrix => {
  const width = dims.at(-1) ?? 1;
  return Array.from({ length: data.length / width }, (_, i) => data.slice(i * width, (i + 1) * width));
};
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((total, v, i) => total + v * (b[i] ?? 0), 0);
const mean = (a: readonly number[]) => a.reduce((x, y) => x + y, 0) / a.length;
const softmax = (x: readonly number[]) => {
  const exps = x.map((v) => Math.exp(v - Math.max(...x)));
  const total = exps.reduce((a, b) => a + b, 0);
  return exps.map((v) => v / total);
};
/** J^T w for a Jacobian given by its elements J(i, j) = d y_i / d x_j. */
const throughJacobian = (n: number, w: readonly number[], J: (i: number, j: number) => number) =>
  Array.from({ length: n }, (_, j) => w.reduce((total, v, i) => total + v * J(i, j), 0));
const delta = (i: number, j: number) => (i === j ? 1 : 0);

async function check(
  example: GradientCase,
  expected: (weights: readonly number[]) => Readonly<Record<string, readonly number[]>>,
) {
  const { ours, weights } = await gradients(example, 'known');
  for (const [wrt, gradient] of Object.entries(expected(weights)))
    expect(relativeError(ours[wrt], gradient), wrt).toBeLessThan(TOLERANCE);
}

const perRow = (
  x: FloatInput,
  weights: readonly number[],
  row: (x: readonly number[], w: readonly number[]) => readonly number[],
) => {
  const w = matrix({ dims: x.dims, data: weights });
  return matrix(x).flatMap((values, i) => row(values, w[i] ?? []));
};

describe('gradients equal float64 formulas by hand:', () => {
  const x = normal([ROWS, WIDTH], 11);
  const scale = normal([WIDTH], 12, 0.5, 1);
  const constant = (g: GraphBuilder, { dims, data }: FloatInput) => g.constant('float32', dims, data);

  test('softmax: d y_i / d x_j = y_i (delta_ij - y_j)', () =>
    check(
      { name: '', inputs: { x }, build: (g) => g.add('Softmax', ['x'], { attrs: { axis: int(-1) } }) },
      (weights) => ({
        x: perRow(x, weights, (row, w) => {
          const y = softmax(row);
          return throughJacobian(WIDTH, w, (i, j) => (y[i] ?? 0) * (delta(i, j) - (y[j] ?? 0)));
        }),
      }),
    ));

  test('RMSNorm: d y_i / d x_j = w_i (delta_ij r - x_i x_j r^3 / n)', () =>
    check(
      {
        name: '',
        inputs: { x },
        build: (g) =>
          g.add('SimplifiedLayerNormalization', ['x', constant(g, scale)], {
            attrs: { epsilon: float(1e-6), axis: int(-1) },
          }),
      },
      (weights) => ({
        x: perRow(x, weights, (row, w) => {
          const r = 1 / Math.sqrt(dot(row, row) / WIDTH + 1e-6);
          const J = (i: number, j: number) => delta(i, j) * r - ((row[i] ?? 0) * (row[j] ?? 0) * r ** 3) / WIDTH;
          return throughJacobian(WIDTH, w, (i, j) => (scale.data[i] ?? 0) * J(i, j));
        }),
      }),
    ));

  test('LayerNorm: d y_i / d x_j = w_i r (delta_ij - 1/n - xn_i xn_j / n)', () =>
    check(
      {
        name: '',
        inputs: { x },
        build: (g) =>
          g.add('LayerNormalization', ['x', constant(g, scale), constant(g, normal([WIDTH], 13))], {
            attrs: { epsilon: float(1e-5) },
          }),
      },
      (weights) => ({
        x: perRow(x, weights, (row, w) => {
          const centred = row.map((v) => v - mean(row));
          const r = 1 / Math.sqrt(dot(centred, centred) / WIDTH + 1e-5);
          const J = (i: number, j: number) =>
            r * (delta(i, j) - 1 / WIDTH - ((centred[i] ?? 0) * (centred[j] ?? 0) * r * r) / WIDTH);
          return throughJacobian(WIDTH, w, (i, j) => (scale.data[i] ?? 0) * J(i, j));
        }),
      }),
    ));

  test('causal attention, element by element', () => {
    const [T, D] = [4, 3];
    const [q, k, v] = [normal([1, T, D], 21), normal([1, T, D], 22), normal([1, T, D], 23)];
    const mask = Array.from({ length: T * T }, (_, i) => (i % T > Math.floor(i / T) ? -1e9 : 0));
    return check(
      {
        name: '',
        inputs: { q, k, v },
        build: (g) => {
          const scores = g.add('MatMul', [
            'q',
            g.add('Transpose', ['k'], { attrs: { perm: { type: 'ints', value: [0, 2, 1] } } }),
          ]);
          const scaled = g.add('Mul', [scores, g.constant('float32', [], [1 / Math.sqrt(D)])]);
          const masked = g.add('Add', [scaled, g.constant('float32', [T, T], mask)]);
          return g.add('MatMul', [g.add('Softmax', [masked], { attrs: { axis: int(-1) } }), 'v']);
        },
      },
      (weights) => attentionGradient(matrix(q), matrix(k), matrix(v), matrix({ dims: [T, D], data: weights })),
    );
  });

  test('cross-entropy: d loss / d z = weight (softmax(z) - target)', () => {
    const target = [0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0];
    return check(
      {
        name: '',
        inputs: { x },
        build: (g) => {
          const lse = g.add('ReduceLogSumExp', ['x', g.constant('int64', [1], [-1])], { attrs: { keepdims: int(0) } });
          const picked = g.add('Mul', ['x', g.constant('float32', [ROWS, WIDTH], target)]);
          return g.add('Sub', [
            lse,
            g.add('ReduceSum', [picked, g.constant('int64', [1], [-1])], { attrs: { keepdims: int(0) } }),
          ]);
        },
      },
      (weights) => ({
        x: matrix(x).flatMap((row, i) =>
          softmax(row).map((p, j) => (weights[i] ?? 0) * (p - (target[i * WIDTH + j] ?? 0))),
        ),
      }),
    );
  });
});

/** d sum(w * softmax(q k^T / sqrt d, causal) v) by the chain rule over every pair of positions. */
function attentionGradient(q: Matrix, k: Matrix, v: Matrix, w: Matrix) {
  const scale = 1 / Math.sqrt(q[0]?.length ?? 1);
  const zero = (m: Matrix) => m.map((row) => row.map(() => 0));
  const [dq, dk, dv] = [zero(q), zero(k), zero(v)];
  const addTo = (row: number[] | undefined, from: readonly number[] | undefined, factor: number) =>
    from?.forEach((value, c) => {
      if (row) row[c] = (row[c] ?? 0) + factor * value;
    });
  q.forEach((query, t) => {
    const p = softmax(k.slice(0, t + 1).map((key) => scale * dot(query, key)));
    const dp = p.map((_, s) => dot(w[t] ?? [], v[s] ?? []));
    const average = dot(p, dp);
    p.forEach((probability, s) => {
      const dScore = probability * ((dp[s] ?? 0) - average) * scale;
      addTo(dv[s], w[t], probability);
      addTo(dq[t], k[s], dScore);
      addTo(dk[s], query, dScore);
    });
  });
  return { q: dq.flat(), k: dk.flat(), v: dv.flat() };
}
