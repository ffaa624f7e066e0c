import { maybeDType, toNumbers } from '../dtype';
import {
  type DType,
  type Initializer,
  intAttr,
  intsAttr,
  layoutOf,
  type Node,
  tensorAttr,
  type ValueInfo,
} from '../ir';
import { broadcast, canonical, difference, quotient, type Shape, type SymbolicDim, unknownDim } from './dims';

export interface Inferred {
  readonly dtype: DType;
  /** Null: not even the rank is known. */
  readonly shape: Shape | null;
  /** Of a small integer tensor (axes, shapes, scalars), if known; may be symbols. */
  readonly elements?: readonly SymbolicDim[] | undefined;
}

/** Integer tensors above this size are data, not shapes. */
const MAX_ELEMENTS = 64;

export const fromInfo = ({ dtype, shape }: ValueInfo): Inferred => ({ dtype, shape: shape?.map(canonical) ?? null });

export function fromTensor(tensor: Initializer): Inferred {
  const { dtype, dims } = tensor;
  const isShape = (dtype === 'int64' || dtype === 'int32' || dtype === 'bool') && dims.length < 2;
  const small = isShape && (dims[0] ?? 1) <= MAX_ELEMENTS;
  return { dtype, shape: dims, ...(small ? { elements: toNumbers(tensor) } : {}) };
}

export interface ShapeContext {
  readonly node: Node;
  readonly inputs: readonly (Inferred | undefined)[];
}
export type ShapeRule = (context: ShapeContext) => readonly (Inferred | undefined)[] | null;

/** Where the rank of the first input is not known, the output's is not either. */
export const ranked =
  (rule: (x: Inferred & { readonly shape: Shape }, context: ShapeContext) => Inferred[]): ShapeRule =>
  (context) => {
    const [x] = context.inputs;
    const { dtype, shape, elements } = x ?? {};
    if (!dtype) return null;
    return shape ? rule({ dtype, shape, elements }, context) : value(dtype, null);
  };

export const normal = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);
export const value = (dtype: DType, shape: Shape | null, elements?: readonly SymbolicDim[]): Inferred[] => [
  { dtype, shape, ...(elements ? { elements } : {}) },
];
export const numbers = (elements: readonly SymbolicDim[] | undefined): readonly number[] | null =>
  elements?.every((e): e is number => typeof e === 'number') ? elements : null;
/** Axes, sizes and the like: an attribute in older opsets, an input in newer ones. */
export const listed = ({ node, inputs }: ShapeContext, name: string, input: number) =>
  intsAttr(node, name) ?? numbers(inputs[input]?.elements);

/** Output i has the type and shape of input 0. */
export const same: ShapeRule = ({ node, inputs }) =>
  node.outputs.map(() => (inputs[0] ? { dtype: inputs[0].dtype, shape: inputs[0].shape } : undefined));
export const sameWithElements: ShapeRule = ({ inputs }) => [inputs[0]];

export const broadcasting =
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
export const onNumbers = (f: (a: number, b: number) => number) => (a: SymbolicDim, b: SymbolicDim) =>
  typeof a === 'number' && typeof b === 'number' ? f(a, b) : unknownDim();
export const divide = (a: SymbolicDim, b: SymbolicDim) =>
  typeof a === 'number' && typeof b === 'number' ? Math.trunc(a / b) : quotient([a], [b]);
/** Symbols are sizes, so none equals a negative number. */
export const equal = (a: SymbolicDim, b: SymbolicDim): SymbolicDim => {
  if (a === b) return 1;
  const known = typeof a === 'number' ? (typeof b === 'number' ? true : a < 0) : typeof b === 'number' && b < 0;
  return known ? 0 : unknownDim();
};

export const where: ShapeRule = ({ inputs }) => {
  const [c, a, b] = inputs;
  if (!c?.shape || !a?.shape || !b?.shape) return a ? value(a.dtype, null) : null;
  const shape = broadcast([c.shape, a.shape, b.shape]);
  const pick = (test: SymbolicDim, i: number) => (test === 1 ? at(a, i) : test === 0 ? at(b, i) : unknownDim());
  const at = (side: Inferred, i: number) => side.elements?.[side.elements.length === 1 ? 0 : i] ?? unknownDim();
  return value(a.dtype, shape, c.elements && (a.elements || b.elements) ? c.elements.map(pick) : undefined);
};

export const matMul: ShapeRule = ({ inputs: [a, b] }) => {
  if (!a?.shape || !b?.shape) return a ? value(a.dtype, null) : null;
  if (a.shape.length < 2 || b.shape.length < 2) return value(a.dtype, null);
  const batch = broadcast([a.shape.slice(0, -2), b.shape.slice(0, -2), []]);
  return value(a.dtype, [...batch, a.shape.at(-2) ?? unknownDim(), b.shape.at(-1) ?? unknownDim()]);
};

export const gemm: ShapeRule = ({ node, inputs: [a, b] }) =>
  (a &&
    value(a.dtype, [
      a.shape?.[intAttr(node, 'transA', 0)] ?? unknownDim(),
      b?.shape?.[1 - intAttr(node, 'transB', 0)] ?? unknownDim(),
    ])) ||
  null;

/** Output and input size of a weight. */
const sides = (node: Node, weight: Inferred | undefined) => {
  const rows = layoutOf(node) === 'rows';
  const [first, second] = weight?.shape ?? [unknownDim(), unknownDim()];
  return { out: (rows ? first : second) ?? unknownDim(), in: (rows ? second : first) ?? unknownDim() };
};

export const linear: ShapeRule = ({ node, inputs: [x, weight] }) =>
  x ? value(x.dtype, x.shape && [...x.shape.slice(0, -1), sides(node, weight).out]) : null;

/** The number of candidates, known only at run time, but equal for equal ids. */
export const head: ShapeRule = ({ node, inputs: [hidden] }) =>
  hidden ? value(hidden.dtype, [hidden.shape?.[0] ?? unknownDim(), `candidates of ${node.inputs[2]}`]) : null;

export const headGrad: ShapeRule = ({ node, inputs: [dY, weight] }) =>
  dY ? value(dY.dtype, [dY.shape?.[0] ?? unknownDim(), sides(node, weight).in]) : null;

export const reduce = ranked((x, c) => {
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
});

export const constant: ShapeRule = ({ node }) => {
  const tensor = tensorAttr(node, 'value');
  return tensor ? [fromTensor(tensor)] : null;
};

export const constantOfShape: ShapeRule = ({ node, inputs: [shape] }) => {
  const tensor = tensorAttr(node, 'value');
  const fill = tensor ? (fromTensor(tensor).elements?.[0] ?? null) : null;
  const dims = shape?.elements ?? null;
  const [length] = numbers(dims ?? undefined) ?? [];
  const list =
    fill !== null && dims?.length === 1 && length !== undefined ? Array.from({ length }, () => fill) : undefined;
  return value(tensor?.dtype ?? 'float32', dims, list);
};

export const cast: ShapeRule = ({ node, inputs: [x] }) => {
  const dtype = maybeDType(intAttr(node, 'to', 0));
  return dtype ? value(dtype, x?.shape ?? null, x?.elements) : null;
};

export const range: ShapeRule = ({ inputs }) => {
  const [start, limit, step] = inputs.map((input) => input?.elements?.[0]);
  const counts = step === 1 && start !== undefined && limit !== undefined;
  return inputs[0] ? value(inputs[0].dtype, [counts ? difference(limit, start) : unknownDim()]) : null;
};

/** The branches must agree; the first one's declarations count. */
export const branches: ShapeRule = ({ node }) => {
  const branch = node.attrs.then_branch;
  return branch?.type === 'graph' ? branch.value.outputs.map(fromInfo) : null;
};

export const tested: ShapeRule = ({ inputs: [x] }) => value('bool', x?.shape ?? null);

/** One number of the first input's type. */
export const scalar: ShapeRule = ({ inputs: [x] }) => (x ? value(x.dtype, []) : null);
