import { intAttr, intsAttr } from '../graph/attrs';
import { maybeDType } from '../graph/dtype';
import type { DType, Node } from '../graph/ir';
import { tensorAttr } from './attrs';
import { broadcast, difference, product, quotient, type Shape, type SymbolicDim, sum, unknownDim } from './dims';
import { fromInfo, fromTensor, type Inferred } from './inferred';

interface ShapeContext {
  readonly node: Node;
  readonly inputs: readonly (Inferred | undefined)[];
}
type ShapeRule = (context: ShapeContext) => readonly (Inferred | undefined)[] | null;

const normal = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);
const value = (dtype: DType, shape: Shape | null, elements?: readonly SymbolicDim[]): Inferred[] => [
  { dtype, shape, ...(elements ? { elements } : {}) },
];
const numbers = (elements: readonly SymbolicDim[] | undefined): readonly number[] | null =>
  elements?.every((e): e is number => typeof e === 'number') ? elements : null;
/** Axes, sizes and the like: an attribute up to some opset, an input after it. */
const listed = ({ node, inputs }: ShapeContext, name: string, input: number) =>
  intsAttr(node, name) ?? numbers(inputs[input]?.elements);

/** Output i has the type and shape of input 0. */
const same: ShapeRule = ({ node, inputs }) =>
  node.outputs.map(() => (inputs[0] ? { dtype: inputs[0].dtype, shape: inputs[0].shape } : undefined));
const sameWithElements: ShapeRule = ({ inputs }) => [inputs[0]];

const broadcasting =
  (dtype?: DType, element?: (a: SymbolicDim, b: SymbolicDim) => SymbolicDim): ShapeRule =>
  ({ inputs }) => {
    const [a, b] = inputs;
    const given = inputs.filter((input) => input !== undefined);
    if (given.length < inputs.length || !a) return null;
    const shapes = given.map((input) => input.shape).filter((shape) => shape !== null);
    const shape = shapes.length < given.length ? null : broadcast(shapes);
    return value(dtype ?? a.dtype, shape, element && b ? zip(element, a.elements, b.elements) : undefined);
  };

function zip(
  f: (a: SymbolicDim, b: SymbolicDim) => SymbolicDim,
  a?: readonly SymbolicDim[],
  b?: readonly SymbolicDim[],
) {
  if (!a || !b) return undefined;
  const length = a.length === 0 || b.length === 0 ? 0 : Math.max(a.length, b.length);
  const at = (list: readonly SymbolicDim[], i: number) => list[list.length === 1 ? 0 : i] ?? unknownDim();
  return Array.from({ length }, (_, i) => f(at(a, i), at(b, i)));
}

/** Exact on numbers, unknown on symbols. */
const onNumbers = (f: (a: number, b: number) => number) => (a: SymbolicDim, b: SymbolicDim) =>
  typeof a === 'number' && typeof b === 'number' ? f(a, b) : unknownDim();
const divide = (a: SymbolicDim, b: SymbolicDim) =>
  typeof a === 'number' && typeof b === 'number' ? Math.trunc(a / b) : quotient([a], [b]);
/** Symbols are sizes, so that one is never a negative number. */
const equal = (a: SymbolicDim, b: SymbolicDim): SymbolicDim => {
  if (a === b) return 1;
  const known = typeof a === 'number' ? (typeof b === 'number' ? true : a < 0) : typeof b === 'number' && b < 0;
  return known ? 0 : unknownDim();
};

const where: ShapeRule = ({ inputs }) => {
  const [c, a, b] = inputs;
  if (!c?.shape || !a?.shape || !b?.shape) return a ? value(a.dtype, null) : null;
  const shape = broadcast([c.shape, a.shape, b.shape]);
  const pick = (test: SymbolicDim, i: number) => (test === 1 ? at(a, i) : test === 0 ? at(b, i) : unknownDim());
  const at = (side: Inferred, i: number) => side.elements?.[side.elements.length === 1 ? 0 : i] ?? unknownDim();
  return value(a.dtype, shape, c.elements && (a.elements || b.elements) ? c.elements.map(pick) : undefined);
};

const matMul: ShapeRule = ({ inputs: [a, b] }) => {
  if (!a?.shape || !b?.shape) return a ? value(a.dtype, null) : null;
  if (a.shape.length < 2 || b.shape.length < 2) return value(a.dtype, null);
  const batch = broadcast([a.shape.slice(0, -2), b.shape.slice(0, -2), []]);
  return value(a.dtype, [...batch, a.shape.at(-2) ?? unknownDim(), b.shape.at(-1) ?? unknownDim()]);
};

const gemm: ShapeRule = ({ node, inputs: [a, b] }) =>
  (a &&
    value(a.dtype, [
      a.shape?.[intAttr(node, 'transA', 0)] ?? unknownDim(),
      b?.shape?.[1 - intAttr(node, 'transB', 0)] ?? unknownDim(),
    ])) ||
  null;

/** The side of a weight that comes out, and that which goes in. */
const sides = (node: Node, weight: Inferred | undefined) => {
  const attr = node.attrs.layout;
  const rows = attr?.type === 'string' && attr.value === 'rows';
  const [first, second] = weight?.shape ?? [unknownDim(), unknownDim()];
  return { out: (rows ? first : second) ?? unknownDim(), in: (rows ? second : first) ?? unknownDim() };
};

const linear: ShapeRule = ({ node, inputs: [x, weight] }) =>
  x ? value(x.dtype, x.shape && [...x.shape.slice(0, -1), sides(node, weight).out]) : null;

/** The number of candidates is `candidates` or the vocabulary: only known at run time, but the same for one node's ids. */
const head: ShapeRule = ({ node, inputs: [hidden] }) =>
  hidden ? value(hidden.dtype, [hidden.shape?.[0] ?? unknownDim(), `candidates of ${node.inputs[2]}`]) : null;

const headGrad: ShapeRule = ({ node, inputs: [dY, weight] }) =>
  dY ? value(dY.dtype, [dY.shape?.[0] ?? unknownDim(), sides(node, weight).in]) : null;

const reduce: ShapeRule = (c) => {
  const [x] = c.inputs;
  if (!x?.shape) return x ? value(x.dtype, null) : null;
  const rank = x.shape.length;
  const keep = intAttr(c.node, 'keepdims', 1) === 1;
  const given = (c.node.inputs[1] ?? '') !== '' || intsAttr(c.node, 'axes') !== null;
  const none = intAttr(c.node, 'noop_with_empty_axes', 0) === 1 ? [] : x.shape.map((_, i) => i);
  const axes = given ? listed(c, 'axes', 1) : none;
  if (!axes) return value(x.dtype, keep ? x.shape.map(unknownDim) : null);
  const reduced = new Set(axes.map((axis) => normal(axis, rank)));
  return value(
    x.dtype,
    keep ? x.shape.map((d, i) => (reduced.has(i) ? 1 : d)) : x.shape.filter((_, i) => !reduced.has(i)),
  );
};

const shapeOf: ShapeRule = ({ node, inputs: [x] }) => {
  if (!x?.shape) return value('int64', [unknownDim()]);
  const elements = x.shape.slice(intAttr(node, 'start', 0), intAttr(node, 'end', x.shape.length));
  return value('int64', [elements.length], elements);
};

const reshape: ShapeRule = ({ node, inputs: [x, target] }) => {
  if (!x || !target) return null;
  if (!target.elements) {
    const rank = target.shape?.[0];
    return value(x.dtype, typeof rank === 'number' ? Array.from({ length: rank }, unknownDim) : null);
  }
  const keepZero = intAttr(node, 'allowzero', 0) === 0;
  const dims = target.elements.map((d, i) => (d === 0 && keepZero ? (x.shape?.[i] ?? unknownDim()) : d));
  const rest = dims.filter((d) => d !== -1);
  const inferred = rest.length < dims.length && x.shape ? quotient(x.shape, rest) : unknownDim();
  return value(
    x.dtype,
    dims.map((d) => (d === -1 ? inferred : d)),
    dims.length < 2 ? x.elements : undefined,
  );
};

const transpose: ShapeRule = ({ node, inputs: [x] }) => {
  if (!x?.shape) return x ? value(x.dtype, null) : null;
  const { shape } = x;
  const perm = intsAttr(node, 'perm') ?? shape.map((_, i) => shape.length - 1 - i);
  return value(
    x.dtype,
    perm.map((axis) => shape[axis] ?? unknownDim()),
  );
};

const squeeze: ShapeRule = (c) => {
  const [x] = c.inputs;
  if (!x?.shape) return x ? value(x.dtype, null) : null;
  const { shape } = x;
  const given = (c.node.inputs[1] ?? '') !== '' || intsAttr(c.node, 'axes') !== null;
  const axes = listed(c, 'axes', 1)?.map((axis) => normal(axis, shape.length));
  // Without axes, whether a symbol is 1 decides the rank.
  if (!axes && (given || !numbers(shape))) return value(x.dtype, null);
  return value(
    x.dtype,
    shape.filter((d, i) => (axes ? !axes.includes(i) : d !== 1)),
    x.elements,
  );
};

const unsqueeze: ShapeRule = (c) => {
  const [x] = c.inputs;
  const axes = listed(c, 'axes', 1);
  if (!x?.shape || !axes) return x ? value(x.dtype, null) : null;
  const rank = x.shape.length + axes.length;
  const added = new Set(axes.map((axis) => normal(axis, rank)));
  const rest = [...x.shape];
  const shape = Array.from({ length: rank }, (_, i) => (added.has(i) ? 1 : (rest.shift() ?? unknownDim())));
  return value(x.dtype, shape, shape.length < 2 ? x.elements : undefined);
};

const flatten: ShapeRule = ({ node, inputs: [x] }) => {
  if (!x?.shape) return x ? value(x.dtype, [unknownDim(), unknownDim()]) : null;
  const axis = normal(intAttr(node, 'axis', 1), x.shape.length);
  return value(x.dtype, [product(x.shape.slice(0, axis)), product(x.shape.slice(axis))]);
};

const concat: ShapeRule = ({ node, inputs }) => {
  const parts = inputs.filter((input) => input !== undefined);
  const first = parts[0];
  if (!first || parts.length < inputs.length || !first.shape) return first ? value(first.dtype, null) : null;
  const axis = normal(intAttr(node, 'axis', 0), first.shape.length);
  const total = sum(parts.map((part) => part.shape?.[axis] ?? unknownDim()));
  const elements = parts.every((part) => part.elements) ? parts.flatMap((part) => part.elements ?? []) : undefined;
  return value(
    first.dtype,
    first.shape.map((d, i) => (i === axis ? total : d)),
    elements,
  );
};

const split: ShapeRule = (c) => {
  const [x] = c.inputs;
  if (!x?.shape) return x ? c.node.outputs.map(() => ({ dtype: x.dtype, shape: null })) : null;
  const { shape, dtype } = x;
  const axis = normal(intAttr(c.node, 'axis', 0), shape.length);
  const count = c.node.outputs.length;
  const sizes = listed(c, 'split', 1) ?? c.node.outputs.map(() => quotient([shape[axis] ?? unknownDim()], [count]));
  return c.node.outputs.map((_, k) => ({
    dtype,
    shape: shape.map((d, i) => (i === axis ? (sizes[k] ?? unknownDim()) : d)),
  }));
};

const slice: ShapeRule = (c) => {
  const [x] = c.inputs;
  if (!x?.shape) return x ? value(x.dtype, null) : null;
  const { shape } = x;
  const starts = listed(c, 'starts', 1);
  const ends = listed(c, 'ends', 2);
  const axes = listed(c, 'axes', 3) ?? (starts ?? ends)?.map((_, i) => i);
  const steps = (c.node.inputs[4] ?? '') === '' ? axes?.map(() => 1) : numbers(c.inputs[4]?.elements);
  if (!axes || !steps) return value(x.dtype, shape.map(unknownDim));
  const dims = [...shape];
  axes.forEach((axis, k) => {
    const at = normal(axis, shape.length);
    dims[at] = sliced(
      shape[at] ?? unknownDim(),
      starts?.[k],
      ends?.[k],
      steps[k] ?? 1,
      c.inputs[1]?.elements?.[k],
      c.inputs[2]?.elements?.[k],
    );
  });
  const [start, end] = [starts?.[0], ends?.[0]];
  const known = x.elements && shape.length === 1 && steps[0] === 1 && start !== undefined && end !== undefined;
  return value(x.dtype, dims, known ? x.elements?.slice(start, end) : undefined);
};

function sliced(
  size: SymbolicDim,
  start: number | undefined,
  end: number | undefined,
  step: number,
  symbolicStart: SymbolicDim | undefined,
  symbolicEnd: SymbolicDim | undefined,
): SymbolicDim {
  const from = start ?? symbolicStart;
  const to = end ?? symbolicEnd;
  if (step < 1 || from === undefined || to === undefined) return unknownDim();
  if (step > 1 && typeof size !== 'number') return unknownDim();
  if (typeof size !== 'number') {
    // [0, end): everything when the end is beyond any size, or the size itself; a symbolic end is a size within the bounds.
    if (from !== 0) return unknownDim();
    if (to === size || (typeof to === 'number' && to > 2 ** 30)) return size;
    return typeof to === 'string' ? to : unknownDim();
  }
  if (typeof from !== 'number' || typeof to !== 'number') return unknownDim();
  const clamp = (i: number) => Math.min(Math.max(i < 0 ? i + size : i, 0), size);
  return Math.max(Math.ceil((clamp(to) - clamp(from)) / step), 0);
}

const gather: ShapeRule = ({ node, inputs: [data, indices] }) => {
  if (!data?.shape || !indices?.shape) return data ? value(data.dtype, null) : null;
  const axis = normal(intAttr(node, 'axis', 0), data.shape.length);
  const shape = [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)];
  const picked = indices.elements?.map(
    (i) => (typeof i === 'number' ? data.elements?.at(i) : undefined) ?? unknownDim(),
  );
  return value(data.dtype, shape, data.elements ? picked : undefined);
};

const expand: ShapeRule = ({ inputs: [x, target] }) => {
  if (!x?.shape) return x ? value(x.dtype, null) : null;
  const rank = target?.shape?.[0];
  const to = target?.elements ?? (typeof rank === 'number' ? Array.from({ length: rank }, unknownDim) : null);
  return value(x.dtype, to && broadcast([x.shape, to]));
};

const tile: ShapeRule = ({ inputs: [x, repeats] }) => {
  if (!x?.shape) return x ? value(x.dtype, null) : null;
  return value(
    x.dtype,
    x.shape.map((d, i) => product([d, repeats?.elements?.[i] ?? unknownDim()])),
  );
};

const pad: ShapeRule = ({ node, inputs }) => {
  const [x, pads] = inputs;
  if (!x?.shape) return x ? value(x.dtype, null) : null;
  const { shape } = x;
  const rank = shape.length;
  const axes = (node.inputs[3] ?? '') === '' ? shape.map((_, i) => i) : numbers(inputs[3]?.elements);
  if (!axes || !pads?.elements) return value(x.dtype, shape.map(unknownDim));
  const dims = [...shape];
  axes.forEach((axis, k) => {
    const at = normal(axis, rank);
    const ends = [pads.elements?.[k], pads.elements?.[k + axes.length]].map((d) => d ?? unknownDim());
    dims[at] = sum([shape[at] ?? unknownDim(), ...ends]);
  });
  return value(x.dtype, dims);
};

const constant: ShapeRule = ({ node }) => {
  const tensor = tensorAttr(node, 'value');
  return tensor ? [fromTensor(tensor)] : null;
};

const constantOfShape: ShapeRule = ({ node, inputs: [shape] }) => {
  const tensor = tensorAttr(node, 'value');
  const fill = tensor ? (fromTensor(tensor).elements?.[0] ?? null) : null;
  const dims = shape?.elements ?? null;
  const [length] = numbers(dims ?? undefined) ?? [];
  const list =
    fill !== null && dims?.length === 1 && length !== undefined ? Array.from({ length }, () => fill) : undefined;
  return value(tensor?.dtype ?? 'float32', dims, list);
};

const cast: ShapeRule = ({ node, inputs: [x] }) => {
  const dtype = maybeDType(intAttr(node, 'to', 0));
  return dtype ? value(dtype, x?.shape ?? null, x?.elements) : null;
};

const range: ShapeRule = ({ inputs }) => {
  const [start, limit, step] = inputs.map((input) => input?.elements?.[0]);
  const counts = step === 1 && start !== undefined && limit !== undefined;
  return inputs[0] ? value(inputs[0].dtype, [counts ? difference(limit, start) : unknownDim()]) : null;
};

/** `[rank, number of elements that are not 0]` */
const nonZero: ShapeRule = ({ inputs: [x] }) => value('int64', [x?.shape?.length ?? unknownDim(), unknownDim()]);

const gatherElements: ShapeRule = ({ inputs: [data, indices] }) =>
  data ? value(data.dtype, indices?.shape ?? null) : null;

const gatherND: ShapeRule = ({ node, inputs: [data, indices] }) => {
  const depth = indices?.shape?.at(-1);
  if (!data) return null;
  if (!data.shape || !indices?.shape || typeof depth !== 'number') return value(data.dtype, null);
  const rest = data.shape.slice(intAttr(node, 'batch_dims', 0) + depth);
  return value(data.dtype, [...indices.shape.slice(0, -1), ...rest]);
};

/** The branches must agree; what the first one declares holds. */
const branches: ShapeRule = ({ node }) => {
  const branch = node.attrs.then_branch;
  return branch?.type === 'graph' ? branch.value.outputs.map(fromInfo) : null;
};

const family = (ops: readonly string[], rule: ShapeRule): Readonly<Record<string, ShapeRule>> =>
  Object.fromEntries(ops.map((op) => [op, rule]));

/** Shape rules by operator. An operator without one has the type and shape that the graph declares for its outputs. */
export const shapeRules: Readonly<Record<string, ShapeRule | undefined>> = {
  ...family(
    [
      ...[
        'Sqrt',
        'Reciprocal',
        'Neg',
        'Abs',
        'Exp',
        'Log',
        'Sin',
        'Cos',
        'Tanh',
        'Sigmoid',
        'Erf',
        'Relu',
        'Gelu',
        'Not',
        'Sign',
        'Floor',
        'Ceil',
        'Round',
      ],
      ...[
        'com.microsoft:Gelu',
        'com.microsoft:FastGelu',
        'com.microsoft:QuickGelu',
        'Clip',
        'Dropout',
        'Softplus',
        'Trilu',
      ],
      ...['Softmax', 'LogSoftmax', 'LayerNormalization', 'SimplifiedLayerNormalization', 'CumSum'],
      ...['com.microsoft:SkipSimplifiedLayerNormalization', 'com.microsoft:SkipLayerNormalization'],
      ...['com.microsoft:RotaryEmbedding', 'ScatterND', 'ScatterElements'],
    ],
    same,
  ),
  Identity: sameWithElements,
  ...family(['IsNaN', 'IsInf'], ({ inputs: [x] }) => value('bool', x?.shape ?? null)),
  Add: broadcasting(undefined, (a, b) => sum([a, b])),
  Sub: broadcasting(undefined, difference),
  Mul: broadcasting(undefined, (a, b) => product([a, b])),
  Div: broadcasting(undefined, divide),
  Max: broadcasting(undefined, onNumbers(Math.max)),
  Min: broadcasting(undefined, onNumbers(Math.min)),
  ...family(['Pow', 'Mod'], broadcasting()),
  Equal: broadcasting('bool', equal),
  ...family(['Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual', 'And', 'Or', 'Xor'], broadcasting('bool')),
  Where: where,
  MatMul: matMul,
  Gemm: gemm,
  'studio:Linear': linear,
  'studio:Head': head,
  'studio:HeadGrad': headGrad,
  ...family(
    [
      'ReduceSum',
      'ReduceMean',
      'ReduceMax',
      'ReduceMin',
      'ReduceLogSumExp',
      'ReduceSumSquare',
      'ReduceProd',
      'ReduceL2',
    ],
    reduce,
  ),
  Shape: shapeOf,
  Size: ({ inputs: [x] }) => value('int64', [], x?.shape ? [product(x.shape)] : undefined),
  Reshape: reshape,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Flatten: flatten,
  Concat: concat,
  Split: split,
  Slice: slice,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  NonZero: nonZero,
  Expand: expand,
  Tile: tile,
  Pad: pad,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Cast: cast,
  Range: range,
  If: branches,
};
