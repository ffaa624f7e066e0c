import fc, { type Arbitrary } from 'fast-check';
import { float, HEAD, int, ints, LINEAR, withLayout } from '../../graph/ir';
import { bools, type FloatInput, type GradientCase, int32s, int64s, normal } from '../test-support';
import type { DifferentiableOp } from './table';
import { apart, binary, constant, indices, positive, unary } from './writing-cases.test-support';

const seed = fc.nat(1e6);
const size = fc.integer({ min: 1, max: 4 });
const shapeOf = (minLength: number, maxLength = 4) => fc.array(size, { minLength, maxLength });
const withAxis = (minLength = 1) =>
  shapeOf(minLength).chain((dims) =>
    fc.record({ dims: fc.constant(dims), axis: fc.integer({ min: -dims.length, max: dims.length - 1 }), seed }),
  );
const normalAxis = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);

/** Two shapes that broadcast: axes of either may be missing in front, or of size 1. */
const pair = shapeOf(0).chain((dims) => {
  const side = fc
    .tuple(fc.nat(dims.length), fc.array(fc.boolean(), { minLength: dims.length, maxLength: dims.length }))
    .map(([missing, ones]) => dims.map((d, i) => (ones[i] ? 1 : d)).slice(missing));
  return fc.tuple(side, side, seed);
});

type Make = (dims: readonly number[], seed: number) => FloatInput;
const twoSided = (op: string, make: Make = normal): Arbitrary<GradientCase> =>
  pair.map(([a, b, s]) => binary(op, make(a, s), make(b, s + 1), {}, `${op} [${a}] [${b}]`));
const oneSided = (op: string, make: Make = normal): Arbitrary<GradientCase> =>
  fc.tuple(shapeOf(0), seed).map(([dims, s]) => unary(op, make(dims, s), {}, `${op} [${dims}]`));
const alongAxis = (op: string): Arbitrary<GradientCase> =>
  withAxis().map(({ dims, axis, seed: s }) =>
    unary(op, normal(dims, s), { axis: int(axis) }, `${op} [${dims}] ${axis}`),
  );

const reduction = (op: string, make: Make = normal): Arbitrary<GradientCase> =>
  shapeOf(1).chain((dims) =>
    fc
      .record({ axes: fc.subarray(dims.map((_, i) => i)), negative: fc.boolean(), keepdims: fc.nat(1), seed })
      .map(({ axes, negative, keepdims, seed: s }) => ({
        name: `${op} [${dims}] over ${axes} keepdims ${keepdims}`,
        inputs: { x: make(dims, s) },
        build: (g) => {
          const over = axes.map((axis) => (negative ? axis - dims.length : axis));
          const inputs = axes.length > 0 ? ['x', indices(g, ...over)] : ['x'];
          return g.add(op, inputs, { attrs: { keepdims: int(keepdims) } });
        },
      })),
  );

const norm = (op: string, weights: number): Arbitrary<GradientCase> =>
  // Where few elements are nearly the same, a norm is too steep for differences: hence 3 at least, and a large epsilon.
  fc.tuple(shapeOf(0, 3), fc.integer({ min: 3, max: 7 }), seed).map(([lead, width, s]) => ({
    name: `${op} [${lead},${width}]`,
    inputs: { x: normal([...lead, width], s) },
    build: (g) => {
      const vectors = Array.from({ length: weights }, (_, i) => constant(g, normal([width], s + 1 + i, 0.5, 1)));
      return g.add(op, ['x', ...vectors], { attrs: { epsilon: float(0.1), axis: int(-1) } });
    },
  }));

const matMul: Arbitrary<GradientCase> = fc.tuple(pair, size, size, size).map(([[a, b, s], m, k, n]) => {
  const [left, right] = [
    [...a.slice(-2), m, k],
    [...b.slice(-2), k, n],
  ];
  return binary('MatMul', normal(left, s), normal(right, s + 1), {}, `MatMul [${left}] [${right}]`);
});

const gemm: Arbitrary<GradientCase> = fc
  .record({ m: size, k: size, n: size, transA: fc.nat(1), transB: fc.nat(1), addend: fc.nat(4), seed })
  .map(({ m, k, n, transA, transB, addend, seed: s }) => ({
    name: `Gemm ${m} ${k} ${n} transA ${transA} transB ${transB} addend ${addend}`,
    inputs: {
      a: normal(transA ? [k, m] : [m, k], s),
      b: normal(transB ? [n, k] : [k, n], s + 1),
      c: normal([[m, n], [n], [m, 1], [1, n], []][addend] ?? [], s + 2),
    },
    build: (g) => g.add('Gemm', ['a', 'b', 'c'], { attrs: { transA: int(transA), transB: int(transB) } }),
  }));

const linear: Arbitrary<GradientCase> = fc
  .tuple(shapeOf(1, 3), size, size, fc.constantFrom('rows' as const, 'columns' as const), seed)
  .map(([lead, from, to, layout, s]) => ({
    name: `Linear [${lead},${from}] ${layout} ${to}`,
    inputs: { x: normal([...lead, from], s) },
    build: (g) => {
      const weight = constant(g, normal(layout === 'rows' ? [to, from] : [from, to], s + 1));
      return g.add(LINEAR, ['x', weight], { attrs: withLayout(layout) });
    },
  }));

const head: Arbitrary<GradientCase> = fc
  .tuple(size, size, fc.integer({ min: 2, max: 5 }), fc.boolean(), seed)
  .map(([rows, width, vocabulary, full, s]) => ({
    name: `Head [${rows},${width}] of ${vocabulary}, full ${full}`,
    inputs: { x: normal([rows, width], s) },
    feeds: { ids: int32s([2], [vocabulary - 1, 0]), full: bools([], [full]) },
    build: (g) =>
      g.add(HEAD, ['x', constant(g, normal([vocabulary, width], s + 1)), 'ids', 'full'], { attrs: withLayout('rows') }),
  }));

const rotary: Arbitrary<GradientCase> = fc
  .tuple(size, size, size, fc.integer({ min: 1, max: 3 }), fc.nat(1), seed)
  .map(([batch, heads, tokens, half, interleaved, s]) => ({
    name: `RotaryEmbedding [${batch},${heads},${tokens},${2 * half}] interleaved ${interleaved}`,
    inputs: { x: normal([batch, heads, tokens, 2 * half], s) },
    feeds: {
      positions: int64s(
        [batch, tokens],
        normal([batch * tokens], s).data.map((v) => Math.abs(Math.trunc(3 * v))),
      ),
    },
    fixedSizes: true,
    build: (g) => {
      const angles = Array.from({ length: 16 * half }, (_, i) => Math.floor(i / half) * 0.7 ** (1 + (i % half)));
      const tables = [Math.cos, Math.sin].map((f) => constant(g, { dims: [16, half], data: angles.map((a) => f(a)) }));
      return g.add('com.microsoft:RotaryEmbedding', ['x', 'positions', ...tables], {
        attrs: { interleaved: int(interleaved) },
      });
    },
  }));

const transpose: Arbitrary<GradientCase> = shapeOf(1).chain((dims) =>
  fc
    .tuple(
      fc.shuffledSubarray(
        dims.map((_, i) => i),
        { minLength: dims.length },
      ),
      seed,
    )
    .map(([perm, s]) => unary('Transpose', normal(dims, s), { perm: ints(perm) }, `Transpose [${dims}] ${perm}`)),
);

const concat: Arbitrary<GradientCase> = fc.tuple(withAxis(), size).map(([{ dims, axis, seed: s }, other]) => {
  const second = dims.map((d, i) => (i === normalAxis(axis, dims.length) ? other : d));
  return binary(
    'Concat',
    normal(dims, s),
    normal(second, s + 1),
    { axis: int(axis) },
    `Concat [${dims}] [${second}] ${axis}`,
  );
});

const split: Arbitrary<GradientCase> = fc
  .tuple(withAxis(), size, fc.nat(1))
  .map(([{ dims, axis, seed: s }, more, taken]) => {
    const at = normalAxis(axis, dims.length);
    const sizes = [dims[at] ?? 1, more];
    return {
      name: `Split [${dims}] + ${more} along ${axis}, part ${taken}`,
      inputs: {
        x: normal(
          dims.map((d, i) => (i === at ? d + more : d)),
          s,
        ),
      },
      build: (g) =>
        g.add('Split', ['x', indices(g, ...sizes)], { attrs: { axis: int(axis) }, outputs: 2 })[taken] ?? '',
    };
  });

const slice: Arbitrary<GradientCase> = fc
  .tuple(withAxis(), fc.nat(3), fc.nat(3), fc.integer({ min: 1, max: 3 }), fc.boolean())
  .map(([{ dims, axis, seed: s }, before, after, step, fromEnd]) => {
    const at = normalAxis(axis, dims.length);
    const whole = (dims[at] ?? 1) + before + after;
    const [start, end] = [before, before + (dims[at] ?? 1)].map((i) => (fromEnd ? i - whole : i));
    // An end of 0 from the end would be the beginning.
    const last = end === 0 ? whole : (end ?? whole);
    return {
      name: `Slice ${start}:${last}:${step} of ${whole} along ${axis} in [${dims}]`,
      inputs: {
        x: normal(
          dims.map((d, i) => (i === at ? whole : d)),
          s,
        ),
      },
      build: (g) => g.add('Slice', ['x', ...[start ?? 0, last, axis, step].map((value) => indices(g, value))]),
    };
  });

const gather: Arbitrary<GradientCase> = fc
  .tuple(withAxis(), fc.array(fc.nat(11), { minLength: 1, maxLength: 5 }))
  .map(([{ dims, axis, seed: s }, picked]) => {
    const ids = picked.map((i) => i % (dims[normalAxis(axis, dims.length)] ?? 1));
    return {
      name: `Gather ${ids} along ${axis} of [${dims}]`,
      inputs: { x: normal(dims, s) },
      feeds: { ids: int64s([ids.length], ids) },
      build: (g) => g.add('Gather', ['x', 'ids'], { attrs: { axis: int(axis) } }),
    };
  });

const pad: Arbitrary<GradientCase> = shapeOf(1, 3).chain((dims) =>
  fc.tuple(fc.array(fc.nat(2), { minLength: 2 * dims.length, maxLength: 2 * dims.length }), seed).map(([pads, s]) => ({
    name: `Pad [${dims}] by ${pads}`,
    inputs: { x: normal(dims, s) },
    build: (g) => g.add('Pad', ['x', indices(g, ...pads)]),
  })),
);

const tile: Arbitrary<GradientCase> = shapeOf(1, 3).chain((dims) =>
  fc
    .tuple(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: dims.length, maxLength: dims.length }), seed)
    .map(([repeats, s]) => ({
      name: `Tile [${dims}] by ${repeats}`,
      inputs: { x: normal(dims, s) },
      build: (g) => g.add('Tile', ['x', indices(g, ...repeats)]),
    })),
);

const expand: Arbitrary<GradientCase> = pair.map(([a, b, s]) => ({
  name: `Expand [${a}] to [${b}]`,
  inputs: { x: normal(a, s) },
  build: (g) => g.add('Expand', ['x', indices(g, ...b)]),
}));

const reshape: Arbitrary<GradientCase> = fc.tuple(shapeOf(1), seed, fc.nat(3)).map(([dims, s, at]) => {
  const elements = dims.reduce((n, d) => n * d, 1);
  const first = dims[at % dims.length] ?? 1;
  return {
    name: `Reshape [${dims}] to ${first}, ${elements / first}`,
    inputs: { x: normal(dims, s) },
    build: (g) => g.add('Reshape', ['x', indices(g, first, -1)]),
  };
});

const where: Arbitrary<GradientCase> = pair.map(([a, b, s]) => {
  const dims = a.length > b.length ? a : b;
  const choice = normal(dims, s + 2).data.map((v) => v > 0);
  return {
    name: `Where [${a}] [${b}]`,
    inputs: { a: normal(a, s), b: normal(b, s + 1) },
    feeds: { test: bools(dims, choice) },
    build: (g) => g.add('Where', ['test', 'a', 'b']),
  };
});

const axesOf1 = (op: 'Squeeze' | 'Unsqueeze'): Arbitrary<GradientCase> =>
  withAxis().map(({ dims, axis, seed: s }) => {
    const rank = dims.length + 1;
    const at = normalAxis(axis, dims.length);
    const whole = [...dims.slice(0, at), 1, ...dims.slice(at)];
    return {
      name: `${op} axis ${at - rank} of [${whole}]`,
      inputs: { x: normal(op === 'Squeeze' ? whole : dims, s) },
      build: (g) => g.add(op, ['x', indices(g, at - rank)]),
    };
  });

/** For tests only: cases of random rank, sizes, axes and broadcasts; null = the fixed cases cover all that the operator does. */
export const RANDOM_CASES: { readonly [Op in DifferentiableOp]: Arbitrary<GradientCase> | null } = {
  Abs: oneSided('Abs', apart),
  Add: twoSided('Add'),
  Concat: concat,
  Cos: oneSided('Cos'),
  Div: twoSided('Div', positive),
  Erf: oneSided('Erf'),
  Exp: oneSided('Exp'),
  Expand: expand,
  Gather: gather,
  Gemm: gemm,
  LayerNormalization: norm('LayerNormalization', 2),
  Log: oneSided('Log', positive),
  LogSoftmax: alongAxis('LogSoftmax'),
  MatMul: matMul,
  Max: twoSided('Max', apart),
  Min: twoSided('Min', apart),
  Mul: twoSided('Mul'),
  Neg: oneSided('Neg'),
  Pad: pad,
  Reciprocal: oneSided('Reciprocal', positive),
  ReduceL2: reduction('ReduceL2'),
  ReduceLogSumExp: reduction('ReduceLogSumExp'),
  ReduceMax: reduction('ReduceMax', apart),
  ReduceMean: reduction('ReduceMean'),
  ReduceMin: reduction('ReduceMin', apart),
  ReduceSum: reduction('ReduceSum'),
  ReduceSumSquare: reduction('ReduceSumSquare'),
  Relu: oneSided('Relu', apart),
  Reshape: reshape,
  Sigmoid: oneSided('Sigmoid'),
  SimplifiedLayerNormalization: norm('SimplifiedLayerNormalization', 1),
  Sin: oneSided('Sin'),
  Slice: slice,
  Softmax: alongAxis('Softmax'),
  Softplus: oneSided('Softplus'),
  Split: split,
  Sqrt: oneSided('Sqrt', positive),
  Squeeze: axesOf1('Squeeze'),
  Sub: twoSided('Sub'),
  Tanh: oneSided('Tanh'),
  Tile: tile,
  Transpose: transpose,
  Unsqueeze: axesOf1('Unsqueeze'),
  Where: where,
  'com.microsoft:Gelu': oneSided('com.microsoft:Gelu'),
  'com.microsoft:QuickGelu': oneSided('com.microsoft:QuickGelu'),
  'com.microsoft:RotaryEmbedding': rotary,
  'studio:Head': head,
  'studio:Linear': linear,
  Cast: null,
  Clip: null,
  Dropout: null,
  Flatten: null,
  Gelu: null,
  GatherND: null,
  Identity: null,
  Pow: null,
  'com.microsoft:FastGelu': null,
  'com.microsoft:SkipLayerNormalization': null,
  'com.microsoft:SkipSimplifiedLayerNormalization': null,
  'studio:CrossEntropy': null,
};
