import { intAttr, intsAttr } from '../ir';
import { broadcast, product, quotient, type SymbolicDim, sum, unknownDim } from './dims';
import { listed, normal, numbers, ranked, type ShapeRule, value } from './rules';

/** Shapes of operators that move elements without computing on them. */

export const shapeOf: ShapeRule = ({ node, inputs: [x] }) => {
  if (!x?.shape) return value('int64', [unknownDim()]);
  const elements = x.shape.slice(intAttr(node, 'start', 0), intAttr(node, 'end', x.shape.length));
  return value('int64', [elements.length], elements);
};

export const sizeOf: ShapeRule = ({ inputs: [x] }) => value('int64', [], x?.shape ? [product(x.shape)] : undefined);

export const reshape: ShapeRule = ({ node, inputs: [x, target] }) => {
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

export const transpose = ranked(({ dtype, shape }, { node }) => {
  const perm = intsAttr(node, 'perm') ?? shape.map((_, i) => shape.length - 1 - i);
  return value(
    dtype,
    perm.map((axis) => shape[axis] ?? unknownDim()),
  );
});

export const squeeze = ranked(({ dtype, shape, elements }, c) => {
  const given = (c.node.inputs[1] ?? '') !== '' || intsAttr(c.node, 'axes') !== null;
  const axes = listed(c, 'axes', 1)?.map((axis) => normal(axis, shape.length));
  // Without axes, whether a symbol is 1 decides the rank.
  if (!axes && (given || !numbers(shape))) return value(dtype, null);
  return value(
    dtype,
    shape.filter((d, i) => (axes ? !axes.includes(i) : d !== 1)),
    elements,
  );
});

export const unsqueeze = ranked((x, c) => {
  const axes = listed(c, 'axes', 1);
  if (!axes) return value(x.dtype, null);
  const rank = x.shape.length + axes.length;
  const added = new Set(axes.map((axis) => normal(axis, rank)));
  const rest = [...x.shape];
  const shape = Array.from({ length: rank }, (_, i) => (added.has(i) ? 1 : (rest.shift() ?? unknownDim())));
  return value(x.dtype, shape, shape.length < 2 ? x.elements : undefined);
});

export const flatten: ShapeRule = ({ node, inputs: [x] }) => {
  if (!x?.shape) return x ? value(x.dtype, [unknownDim(), unknownDim()]) : null;
  const axis = normal(intAttr(node, 'axis', 1), x.shape.length);
  return value(x.dtype, [product(x.shape.slice(0, axis)), product(x.shape.slice(axis))]);
};

export const concat: ShapeRule = ({ node, inputs }) => {
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

export const split: ShapeRule = (c) => {
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

export const slice = ranked((x, c) => {
  const { shape } = x;
  const starts = listed(c, 'starts', 1);
  const ends = listed(c, 'ends', 2);
  const [from, to] = [starts ?? c.inputs[1]?.elements, ends ?? c.inputs[2]?.elements];
  const axes = listed(c, 'axes', 3) ?? (starts ?? ends)?.map((_, i) => i);
  const steps = (c.node.inputs[4] ?? '') === '' ? axes?.map(() => 1) : numbers(c.inputs[4]?.elements);
  if (!axes || !steps) return value(x.dtype, shape.map(unknownDim));
  const dims = [...shape];
  axes.forEach((axis, k) => {
    const at = normal(axis, shape.length);
    dims[at] = sliced(shape[at] ?? unknownDim(), from?.[k], to?.[k], steps[k] ?? 1);
  });
  const [start, end] = [starts?.[0], ends?.[0]];
  const known = x.elements && shape.length === 1 && steps[0] === 1 && start !== undefined && end !== undefined;
  return value(x.dtype, dims, known ? x.elements?.slice(start, end) : undefined);
});

function sliced(size: SymbolicDim, from: SymbolicDim | undefined, to: SymbolicDim | undefined, step: number) {
  if (step < 1 || from === undefined || to === undefined) return unknownDim();
  if (step > 1 && typeof size !== 'number') return unknownDim();
  if (typeof size !== 'number') {
    // [0, end): everything if the end is the size or beyond any size; a symbolic end is taken to be within bounds.
    if (from !== 0) return unknownDim();
    if (to === size || (typeof to === 'number' && to > 2 ** 30)) return size;
    return typeof to === 'string' ? to : unknownDim();
  }
  if (typeof from !== 'number' || typeof to !== 'number') return unknownDim();
  const clamp = (i: number) => Math.min(Math.max(i < 0 ? i + size : i, 0), size);
  return Math.max(Math.ceil((clamp(to) - clamp(from)) / step), 0);
}

export const gather: ShapeRule = ({ node, inputs: [data, indices] }) => {
  if (!data?.shape || !indices?.shape) return data ? value(data.dtype, null) : null;
  const axis = normal(intAttr(node, 'axis', 0), data.shape.length);
  const shape = [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)];
  const picked = indices.elements?.map(
    (i) => (typeof i === 'number' ? data.elements?.at(i) : undefined) ?? unknownDim(),
  );
  return value(data.dtype, shape, data.elements ? picked : undefined);
};

export const expand = ranked((x, { inputs: [, target] }) => {
  const rank = target?.shape?.[0];
  const to = target?.elements ?? (typeof rank === 'number' ? Array.from({ length: rank }, unknownDim) : null);
  return value(x.dtype, to && broadcast([x.shape, to]));
});

export const tile = ranked(({ dtype, shape }, { inputs: [, repeats] }) =>
  value(
    dtype,
    shape.map((d, i) => product([d, repeats?.elements?.[i] ?? unknownDim()])),
  ),
);

export const pad = ranked(({ dtype, shape }, { node, inputs }) => {
  const [, pads] = inputs;
  const rank = shape.length;
  const axes = (node.inputs[3] ?? '') === '' ? shape.map((_, i) => i) : numbers(inputs[3]?.elements);
  if (!axes || !pads?.elements) return value(dtype, shape.map(unknownDim));
  const dims = [...shape];
  axes.forEach((axis, k) => {
    const at = normal(axis, rank);
    const ends = [pads.elements?.[k], pads.elements?.[k + axes.length]].map((d) => d ?? unknownDim());
    dims[at] = sum([shape[at] ?? unknownDim(), ...ends]);
  });
  return value(dtype, dims);
});

/** `[rank, number of elements that are not 0]` */
export const nonZero: ShapeRule = ({ inputs: [x] }) => value('int64', [x?.shape?.length ?? unknownDim(), unknownDim()]);

export const gatherElements: ShapeRule = ({ inputs: [data, indices] }) =>
  data ? value(data.dtype, indices?.shape ?? null) : null;

export const gatherND: ShapeRule = ({ node, inputs: [data, indices] }) => {
  const depth = indices?.shape?.at(-1);
  if (!data) return null;
  if (!data.shape || !indices?.shape || typeof depth !== 'number') return value(data.dtype, null);
  const rest = data.shape.slice(intAttr(node, 'batch_dims', 0) + depth);
  return value(data.dtype, [...indices.shape.slice(0, -1), ...rest]);
};
