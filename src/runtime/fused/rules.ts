import { maybeDType, sizeOf } from '../../graph/dtype';
import * as layout from '../../graph/infer/layout';
import { numbers as numeric, type ShapeRule } from '../../graph/infer/rules';
import { floatAttr, intAttr, intsAttr, type Node, stringAttr, unsupported } from '../../graph/ir';
import { present } from '../../lib/assert';
import { aligned, broadcast, lazy, literal, moved, numbers, reshaped, type Store, stored, type Value } from './text';

/** What rules ask of the plan: to write a value to memory, and to multiply. */
export interface Planner {
  keep(value: Value): Store;
  product(a: Value, b: Value, c: Value | null, isRowMajor: boolean): Value;
}

type Rule = (node: Node, inputs: readonly Value[], planner: Planner) => readonly Value[];

const mapped =
  (write: (...operands: string[]) => string): Rule =>
  (_, inputs) => {
    const dims = broadcast(inputs.map((x) => x.dims));
    return [lazy(dims, inputs, (k, i) => write(...inputs.map((x) => k.read(x, aligned(x, i)))), inputs[0]?.type)];
  };

/** Along the last axis. */
function total(planner: Planner, kind: 'sum' | 'max', x: Value): Value {
  const value: Value = lazy([...x.dims.slice(0, -1), 1], [x], (k, index) => {
    const lead = index.slice(0, -1);
    if (k.isRow(lead)) return k.total(value, kind, x, lead);
    planner.keep(value);
    return k.read(value, index);
  });
  return value;
}

const squared = (x: Value): Value => lazy(x.dims, [x], (k, i) => `(${k.read(x, i)} * ${k.read(x, i)})`);

function reduced(kind: 'sum' | 'max', prepare: (x: Value) => Value = (x) => x): Rule {
  return (node, [input, axesInput], planner) => {
    const x = prepare(present(input, node.op));
    const given = axesInput?.known ?? intsAttr(node, 'axes');
    const rank = x.dims.length;
    const axes = (given ?? x.dims.map((_, i) => i)).map((axis) => (axis < 0 ? axis + rank : axis));
    const isKept = intAttr(node, 'keepdims', 1) === 1;
    const dims = x.dims.map((d, axis) => (axes.includes(axis) ? 1 : d));
    const out = isKept ? dims : x.dims.filter((_, axis) => !axes.includes(axis));
    const over = axes.map((axis) => x.dims[axis] ?? 1);
    const alongRow = axes.length === 1 && axes[0] === rank - 1;
    if (!alongRow && kind === 'max') throw unsupported(node, 'reduces over other axes than the last');
    const sum = alongRow
      ? total(planner, kind, x)
      : lazy(dims, [x], (k, index) =>
          k.loop(sizeOf(over), (i) => {
            const at = k.unravel(over, i);
            const from = index.map((outer, axis) => (axes.includes(axis) ? (at[axes.indexOf(axis)] ?? '0') : outer));
            return k.read(x, from);
          }),
        );
    return [reshaped(sum, out)];
  };
}

/** x w / sqrt(mean x^2 + eps) */
const rmsNorm: Rule = (node, [x, weight], planner) => {
  if (!x || !weight || intAttr(node, 'axis', -1) !== -1) throw unsupported(node, 'normalises several axes');
  const sum = total(planner, 'sum', squared(x));
  const share = literal(1 / (x.dims.at(-1) ?? 1), 'f32');
  const epsilon = literal(floatAttr(node, 'epsilon', 1e-5), 'f32');
  const inverse = lazy(sum.dims, [sum], (k, i) => `inverseSqrt(${k.read(sum, i)} * ${share} + ${epsilon})`);
  return mapped((...factors) => `(${factors.join(' * ')})`)(node, [x, inverse, weight], planner);
};

const softmax: Rule = (node, [x], planner) => {
  if (!x || ![-1, x.dims.length - 1].includes(intAttr(node, 'axis', -1)))
    throw unsupported(node, 'has another axis than the last');
  const largest = total(planner, 'max', x);
  const e = lazy(x.dims, [x, largest], (k, i) => `exp(${k.read(x, i)} - ${k.read(largest, aligned(largest, i))})`);
  const sum = total(planner, 'sum', e);
  return [lazy(x.dims, [e, sum], (k, i) => `(${k.read(e, i)} / ${k.read(sum, aligned(sum, i))})`)];
};

/** Pairs (a, c) at i and i + r / 2: a cos - c sin, c cos + a sin. */
const rotary: Rule = (node, [x, positions, cos, sin]) => {
  if (!x || !positions || !cos || !sin) throw unsupported(node, 'lacks an input');
  const half = cos.dims.at(-1) ?? 0;
  if (x.dims.length !== 4 || x.dims[3] !== 2 * half || intAttr(node, 'interleaved', 0) === 1)
    throw unsupported(node, 'rotates other numbers than the halves of whole heads');
  return [
    lazy(x.dims, [x, positions, cos, sin], (k, [b = '', h = '', t = '', i = '']) => {
      const isFirst = k.let(`${i} < ${half}`);
      const partner = k.let(`select(${i} - ${half}, ${i} + ${half}, ${isFirst})`);
      const angle = [k.read(positions, aligned(positions, [b, t])), k.let(`${i} % ${half}`)];
      const turned = `select(1f, -1f, ${isFirst}) * ${k.read(x, [b, h, t, partner])}`;
      return `(${k.read(x, [b, h, t, i])} * ${k.read(cos, angle)} + ${turned} * ${k.read(sin, angle)})`;
    }),
  ];
};

/** Of what rows keep on the device, and of the table of where it is: begin, tokens, and tokens in use. */
export const KEPT_ROWS = 'kept rows';

/** `table`: a line of integers for each row. */
interface Made {
  readonly value: Value;
  readonly table: Store;
}

const tableOf = (rows: number, columns: number): Store => ({ dims: [rows, columns], type: 'i32', weight: null });

/** `[rows, heads, past, headDim]`, out of rows of `[tensors, heads, tokens, headDim]` that end where the past does. */
export function keptPast(rows: number): (dims: readonly number[], n: number) => Made {
  const table = tableOf(rows, 3);
  const [where, kept] = [stored(table), stored({ dims: [1], type: 'f32', weight: KEPT_ROWS })];
  return (dims, n) => {
    const value = lazy(dims, [where, kept], (k, [b = '', h = '', t = '', d = '']) => {
      const [begin, tokens, used] = ['0', '1', '2'].map((i) => k.read(where, [b, i]));
      const [heads, past, width] = dims.slice(1).map((size) => k.size(size));
      const slot = k.let(`${t} - ${past} + ${used}`);
      const row = `(${k.varying(n)} * ${heads} + ${h}) * ${tokens} + max(0, ${slot})`;
      return `select(0f, ${k.read(kept, [k.let(`${begin} + (${row}) * ${width} + ${d}`)])}, ${slot} >= 0)`;
    });
    return { value, table };
  };
}

/** `[rows, 1, tokens, keys]`, 0 where a token may see a key; the table has each row's first key and the end of its keys. */
export function seenKeys(dims: readonly number[], otherwise: number): Made {
  const table = tableOf(dims[0] ?? 0, 2);
  const where = stored(table);
  const value = lazy(dims, [where], (k, [b = '', , t = '', key = '']) => {
    const [tokens, keys] = dims.slice(2).map((size) => k.size(size));
    const [first, end] = ['0', '1'].map((i) => k.read(where, [b, i]));
    const isSeen = `${key} >= ${first} && ${key} < min(${keys} - ${tokens} + ${t} + 1, ${end})`;
    return `select(${literal(otherwise, 'f32')}, 0f, ${isSeen})`;
  });
  return { value, table };
}

const axisOf = (node: Node, rank: number, otherwise = 0) => {
  const axis = intAttr(node, 'axis', otherwise);
  return axis < 0 ? axis + rank : axis;
};

const runningSums = (sizes: readonly number[]): readonly number[] =>
  sizes.map((_, i) => sizes.slice(0, i + 1).reduce((sum, size) => sum + size, 0));

const concat: Rule = (node, inputs) => {
  const [first] = inputs;
  if (!first) throw unsupported(node, 'has no input');
  const axis = axisOf(node, first.dims.length);
  const dims = first.dims.map((d, i) => (i === axis ? inputs.reduce((n, x) => n + (x.dims[axis] ?? 0), 0) : d));
  const known = inputs.map((x) => x.known);
  if (known.every((k) => k !== undefined) && dims.length === 1) return [numbers(dims, known.flat(), first.type)];
  const ends = runningSums(inputs.map((x) => x.dims[axis] ?? 0));
  const parts = inputs
    .map((x, i) => ({ x, begin: ends[i - 1] ?? 0, end: ends[i] ?? 0 }))
    .filter(({ begin, end }) => end > begin);
  return [
    lazy(
      dims,
      inputs,
      (k, index) =>
        k.choose(
          parts.map((part) => ({
            when: `${index[axis]} < ${k.size(part.end)}`,
            read: () => k.read(part.x, index.with(axis, `(${index[axis]} - ${k.size(part.begin)})`)),
          })),
          first.type,
        ),
      first.type,
    ),
  ];
};

/** x[..., begin : begin + size, ...] */
const part = (x: Value, axis: number, begin: number, size: number): Value =>
  x.known && x.dims.length === 1
    ? numbers([size], x.known.slice(begin, begin + size), x.type)
    : moved(x, x.dims.with(axis, size), (index, k) =>
        begin > 0 ? index.with(axis, `(${index[axis]} + ${k.size(begin)})`) : index,
      );

const split: Rule = (node, [x, given]) => {
  if (!x) throw unsupported(node, 'has no input');
  const axis = axisOf(node, x.dims.length);
  const n = node.outputs.length;
  const sizes = given?.known ?? new Array<number>(n).fill((x.dims[axis] ?? 0) / n);
  const ends = runningSums(sizes);
  return sizes.map((size, i) => part(x, axis, ends[i - 1] ?? 0, size));
};

const slice: Rule = (node, [x, starts, ends, axes, steps]) => {
  if (!x || !starts?.known || !ends?.known || steps?.known?.some((step) => step !== 1))
    throw unsupported(node, 'has computed bounds or steps');
  return [
    starts.known.reduce((value, start, i) => {
      const axis = axes?.known?.[i] ?? i;
      const at = axis < 0 ? axis + x.dims.length : axis;
      const size = x.dims[at] ?? 0;
      const bound = (n: number) => Math.min(size, Math.max(0, n < 0 ? n + size : n));
      return part(value, at, bound(start), Math.max(0, bound(ends.known?.[i] ?? size) - bound(start)));
    }, x),
  ];
};

const gather: Rule = (node, [x, at]) => {
  if (!x || !at) throw unsupported(node, 'lacks an input');
  const axis = axisOf(node, x.dims.length);
  const dims = [...x.dims.slice(0, axis), ...at.dims, ...x.dims.slice(axis + 1)];
  return [
    lazy(
      dims,
      [x, at],
      (k, index) => {
        const row = k.read(at, index.slice(axis, axis + at.dims.length));
        return k.read(x, [...index.slice(0, axis), row, ...index.slice(axis + at.dims.length)]);
      },
      x.type,
    ),
  ];
};

/** The index is `[n, 1]`. */
const scatter: Rule = (node, [x, at, rows]) => {
  if (!x || !at || !rows || at.dims.at(-1) !== 1 || at.dims.length !== 2 || stringAttr(node, 'reduction', '') !== 'add')
    throw unsupported(node, 'does more than add rows');
  return [
    lazy(x.dims, [x, at, rows], (k, index) => {
      const [row = '', ...rest] = index;
      const sum = k.loop(
        at.dims[0] ?? 0,
        (i) => `select(0f, ${k.read(rows, [i, ...rest])}, ${k.read(at, [i, '0'])} == ${row})`,
      );
      return `(${k.read(x, index)} + ${sum})`;
    }),
  ];
};

/** Of the first output, as shape inference finds it. */
function inferredBy(rule: ShapeRule, node: Node, inputs: readonly Value[]) {
  const known = inputs.map((x) => x && { dtype: 'int64' as const, shape: x.dims, elements: x.known });
  const [{ shape, elements } = {}] = rule({ node, inputs: known }) ?? [];
  if (!shape) throw unsupported(node, 'has a computed shape');
  // Beside a size of 0, -1 can stand for any; it is 0 too.
  return { dims: shape.map((d) => (typeof d === 'number' ? d : 0)), elements };
}

/** The same elements with other dimensions. */
const viewedBy =
  (rule: ShapeRule): Rule =>
  (node, inputs) => {
    const [x, by] = inputs;
    if (!x || (by && !by.known)) throw unsupported(node, 'has a computed shape');
    return [reshaped(x, inferredBy(rule, node, inputs).dims)];
  };

const transpose: Rule = (node, inputs) => {
  const x = present(inputs[0], node.op);
  const { dims } = inferredBy(layout.transpose, node, inputs);
  const perm = intsAttr(node, 'perm') ?? dims.map((_, i) => dims.length - 1 - i);
  return [moved(x, dims, (index) => perm.map((_, axis) => index[perm.indexOf(axis)] ?? '0'))];
};

const cast: Rule = (node, [x]) => {
  if (!x) throw unsupported(node, 'has no input');
  const to = maybeDType(intAttr(node, 'to', 0)) === 'float32' ? 'f32' : 'i32';
  return [to === x.type ? x : lazy(x.dims, [x], (k, i) => `${to}(${k.read(x, i)})`, to)];
};

const gemm: Rule = (node, [a, b, c], planner) => {
  if (!a || !b || floatAttr(node, 'alpha', 1) !== 1 || floatAttr(node, 'beta', 1) !== 1)
    throw unsupported(node, 'is scaled');
  const swap = (x: Value, attr: string): Value =>
    intAttr(node, attr, 0) === 1 ? moved(x, x.dims.toReversed(), (index) => index.toReversed()) : x;
  return [planner.product(swap(a, 'transA'), swap(b, 'transB'), c ?? null, intAttr(node, 'transB', 0) === 1)];
};

/** Elements are the input's at other places. */
export const VIEWS = new Set(['Reshape', 'Transpose', 'Unsqueeze', 'Identity', 'Slice', 'Split']);
export const PRODUCTS = new Set(['Gemm', 'MatMul']);

/** A graph with any other operator runs on ONNX Runtime. */
export const RULES: Readonly<Record<string, Rule>> = {
  Add: mapped((a, b) => `(${a} + ${b})`),
  Cast: cast,
  Concat: concat,
  Div: mapped((a, b) => `(${a} / ${b})`),
  Expand: (node, [x, shape]) => {
    if (!x || !shape?.known) throw unsupported(node, 'has a computed shape');
    return [moved(x, broadcast([x.dims, shape.known]), (index) => aligned(x, index))];
  },
  Gather: gather,
  Gemm: gemm,
  Identity: (_, inputs) => inputs,
  Log: mapped((x) => `log(${x})`),
  MatMul: (node, [a, b], planner) => {
    if (!a || !b || Math.min(a.dims.length, b.dims.length) < 2) throw unsupported(node, 'multiplies a vector');
    return [planner.product(a, b, null, false)];
  },
  Mul: mapped((a, b) => `(${a} * ${b})`),
  Neg: mapped((x) => `(-${x})`),
  ReduceMax: reduced('max'),
  ReduceSum: reduced('sum'),
  ReduceSumSquare: reduced('sum', squared),
  Reshape: viewedBy(layout.reshape),
  ScatterND: scatter,
  Shape: (node, inputs) => {
    const { dims, elements } = inferredBy(layout.shapeOf, node, inputs);
    return [numbers(dims, numeric(elements) ?? [], 'i32')];
  },
  Sigmoid: mapped((x) => `(1f / (1f + exp(-${x})))`),
  SimplifiedLayerNormalization: rmsNorm,
  Slice: slice,
  Softmax: softmax,
  Split: split,
  Sqrt: mapped((x) => `sqrt(${x})`),
  Sub: mapped((a, b) => `(${a} - ${b})`),
  Transpose: transpose,
  Unsqueeze: viewedBy(layout.unsqueeze),
  'com.microsoft:RotaryEmbedding': rotary,
};
