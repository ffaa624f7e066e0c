import * as infer from '../../graph/infer/layout';
import { branches, constant, constantOfShape, normal, range, same } from '../../graph/infer/rules';
import { intAttr, intsAttr } from '../../graph/ir';
import { forwardOnly, type Gradient, type GradientContext, type Operators, pass } from './operator';

const reshaped: Gradient = ({ g, dy, x, node }) => [g.reshapeLike(dy, x, intAttr(node, 'allowzero', 0) === 1)];

/** Without `perm` the axes are reversed, which is its own inverse. */
const transpose: Gradient = ({ g, dy, node }) => {
  const perm = intsAttr(node, 'perm');
  return [g.transpose(dy, perm ? inverse(perm) : undefined)];
};

const inverse = (perm: readonly number[]): readonly number[] => perm.map((_, axis) => perm.indexOf(axis));

/** dX_i = dY[..., offset_i : offset_i + size_i, ...] */
const concat: Gradient = (c) => {
  const { g, dy, node } = c;
  const axis = normal(intAttr(node, 'axis', 0), c.shape(dy).length);
  const sizes = node.inputs.map((input) => c.shape(input)[axis]);
  const wanted = node.inputs.filter((_, i) => c.wants(i)).length;
  if (wanted > 1 && sizes.every((size): size is number => typeof size === 'number')) return g.split(dy, sizes, axis);
  let offset = g.int64s([0]);
  return node.inputs.map((input, i) => {
    const start = offset;
    const last = i === node.inputs.length - 1;
    offset = last ? g.end : g.plus(start, g.size(input, axis));
    if (!c.wants(i)) return null;
    return g.part(dy, start, offset, axis);
  });
};

/** dX = Concat(dY_i), with zeros for parts that the loss does not depend on */
const split: Gradient = (c) => {
  const parts = c.dys.map((dy, i) => dy ?? c.g.zerosLike(c.node.outputs[i] || c.refuse('an output has no name')));
  return [c.g.concat(parts, intAttr(c.node, 'axis', 0))];
};

/** dX = dY padded with zeros where the slice cut */
const slice: Gradient = (c) => {
  const { g, x } = c;
  const rank = c.shape(x).length;
  const starts = c.input(1);
  const count = c.shape(starts)[0];
  const first = typeof count === 'number' ? Array.from({ length: count }, (_, i) => i) : null;
  const axes = c.input(3) === '' ? first : g.constantInts(c.input(3));
  const steps = c.input(4) === '' ? [] : g.constantInts(c.input(4));
  if (!axes || !steps) return c.refuse('its axes or steps are computed');
  const known = g.constantInts(starts);
  const cut = axes.map((axis) => normal(axis, rank));
  const spread = cut.reduce((dy, axis, k) => spaced(c, dy, axis, steps[k] ?? 1), c.dy);
  const pads = cut.map((axis, k) => padsOf(c, { dy: spread, axis, start: known?.[k] ?? null, k }));
  // All axes are listed, because ORT's optimisers mishandle an `axes` input when they move a Transpose across.
  const side = (which: 'before' | 'after') =>
    Array.from({ length: rank }, (_, axis) => pads[cut.indexOf(axis)]?.[which] ?? g.int64s([0]));
  return [g.op('Pad', [spread, g.joined([...side('before'), ...side('after')])])];
};

/** `step - 1` zeros after each element of an axis: [.., n, ..] as [.., n, 1, ..], padded, and folded again. */
function spaced(c: GradientContext, dy: string, axis: number, step: number): string {
  const { g } = c;
  if (step === 1) return dy;
  if (step < 1) return c.refuse('it takes steps backwards');
  const rank = c.shape(dy).length;
  const zeros = Array.from({ length: 2 * rank + 2 }, (_, i) => (i === rank + 1 + axis + 1 ? step - 1 : 0));
  const padded = g.op('Pad', [g.op('Unsqueeze', [dy, g.int64s([axis + 1])]), g.int64s(zeros)]);
  const sizes = Array.from({ length: rank }, (_, i) => g.size(dy, i));
  const [n] = g.constantInts(sizes[axis] ?? '') ?? [];
  sizes[axis] = n === undefined ? g.mul(sizes[axis] ?? '', g.int64s([step])) : g.int64s([n * step]);
  return g.reshape(padded, g.joined(sizes));
}

interface Cut {
  readonly dy: string;
  readonly axis: number;
  /** Null: element k of the input. */
  readonly start: number | null;
  readonly k: number;
}

/** With steps, `after` may be negative: zeros beyond the end. */
function padsOf({ g, x, input }: GradientContext, { dy, axis, start, k }: Cut) {
  const [whole, part] = [g.size(x, axis), g.size(dy, axis)];
  const clamped = (position: string) => g.op('Min', [position, whole]);
  const from = () => {
    if (start !== null && start >= 0) return g.int64s([start]);
    const given = start === null ? g.slice(input(1), g.int64s([k]), g.int64s([k + 1]), 0) : g.int64s([start]);
    const positive = g.where(g.less(given, g.int64s([0])), g.plus(given, whole), given);
    return g.op('Max', [clamped(positive), g.int64s([0])]);
  };
  const before = from();
  return { before, after: g.minus(g.minus(whole, part), before) };
}

/** dX = dY without its border */
const pad: Gradient = (c) => {
  const { g, dy, x } = c;
  const rank = c.shape(x).length;
  const pads = g.constantInts(c.input(1));
  const axes = c.input(3) === '' ? c.shape(x).map((_, i) => i) : g.constantInts(c.input(3));
  if (!pads || !axes) return c.refuse('its pads are computed');
  if (pads.some((n) => n < 0)) return c.refuse('it crops');
  const starts = axes.map((_, k) => pads[k] ?? 0);
  const gradient = axes.reduce((value, axis, k) => {
    const start = g.int64s([starts[k] ?? 0]);
    return g.slice(value, start, g.plus(start, g.size(x, normal(axis, rank))), normal(axis, rank));
  }, dy);
  return [gradient];
};

/** Each axis is repeated r times: dY as [r0, d0, r1, d1, ...], summed over the repeats. */
const tile: Gradient = (c) => {
  const { g, dy, x } = c;
  const column = (value: string) => g.op('Unsqueeze', [value, g.int64s([1])]);
  const pairs = g.concat([column(c.input(1)), column(g.shape(x))], 1);
  const split = g.reshape(dy, g.reshape(pairs, g.int64s([-1])));
  const repeats = c.shape(x).map((_, i) => 2 * i);
  return [g.sumTo(split, repeats, x)];
};

export const layout = {
  Concat: { gradient: concat, shape: infer.concat },
  Expand: { gradient: pass, shape: infer.expand, broadcasts: true },
  Flatten: { gradient: reshaped, shape: infer.flatten },
  Pad: { gradient: pad, shape: infer.pad, note: 'constant mode, constant pads, not negative' },
  Reshape: { gradient: reshaped, shape: infer.reshape },
  Slice: { gradient: slice, shape: infer.slice, note: 'constant steps, forwards' },
  Split: { gradient: split, shape: infer.split },
  Squeeze: { gradient: reshaped, shape: infer.squeeze },
  Tile: { gradient: tile, shape: infer.tile },
  Transpose: { gradient: transpose, shape: infer.transpose },
  Unsqueeze: { gradient: reshaped, shape: infer.unsqueeze },

  ...forwardOnly(same, ['CumSum', 'Trilu']),
  Constant: { gradient: null, shape: constant },
  ConstantOfShape: { gradient: null, shape: constantOfShape },
  If: { gradient: null, shape: branches },
  NonZero: { gradient: null, shape: infer.nonZero },
  Range: { gradient: null, shape: range },
  Shape: { gradient: null, shape: infer.shapeOf },
  Size: { gradient: null, shape: infer.sizeOf },
} satisfies Operators;

/** dX = zeros with dY added at the indices, so that rows picked several times get the sum. */
const gather: Gradient = (c) => {
  const { g, dy, x } = c;
  const rank = c.shape(x).length;
  const axis = (intAttr(c.node, 'axis', 0) + rank) % rank;
  const indexRank = c.shape(c.input(1)).length;
  if (axis === 0) return [scatterRows(c, x, dy)];
  // Moves the gathered axis to the front and back: dY is [before..., indices..., after...].
  const front = [axis, ...axesFrom(0, axis), ...axesFrom(axis + 1, rank)];
  const indices = axesFrom(axis, axis + indexRank);
  const outer = [...axesFrom(0, axis), ...axesFrom(axis + indexRank, rank - 1 + indexRank)];
  const moved = scatterRows(c, g.transpose(x, front), g.transpose(dy, [...indices, ...outer]));
  return [g.transpose(moved, inverse(front))];
};

const axesFrom = (start: number, end: number) => Array.from({ length: end - start }, (_, i) => start + i);

/** ScatterND takes int64 tuples; the index lists are short, so the cast is cheap. */
function scatterRows(c: GradientContext, like: string, updates: string): string {
  const { g, input } = c;
  const rows = g.op('Unsqueeze', [indices(g, input(1), like), g.int64s([-1])]);
  return scatter(c, like, rows, updates);
}

const scatter = ({ g }: GradientContext, like: string, tuples: string, updates: string): string =>
  g.op('ScatterND', [g.zerosLike(like), tuples, updates], { reduction: { type: 'string', value: 'add' } });

/** int64; negative constants are counted from the start, which every provider supports. */
function indices(g: GradientContext['g'], name: string, like: string): string {
  const known = g.constantInts(name);
  const size = g.info(like)?.shape?.[0];
  const shape = g.info(name)?.shape;
  if (known?.some((i) => i < 0) && typeof size === 'number' && shape) {
    const positive = g.int64s(known.map((i) => (i < 0 ? i + size : i)));
    return shape.length === 1 ? positive : g.reshape(positive, g.int64s([]));
  }
  return g.info(name)?.dtype === 'int64' ? name : g.cast(name, 'int64');
}

/** dX = zeros with dY added at the index tuples */
const gatherND: Gradient = (c) => {
  if (intAttr(c.node, 'batch_dims', 0) !== 0) c.refuse('it gathers within batches');
  return [scatter(c, c.x, c.input(1), c.dy)];
};

export const gathers = {
  Gather: {
    gradient: gather,
    shape: infer.gather,
    note: 'to the data: ScatterND with addition, so that repeated indices add up',
  },
  GatherND: {
    gradient: gatherND,
    shape: infer.gatherND,
    note: 'to the data, without batch dimensions',
  },
  GatherElements: { gradient: null, shape: infer.gatherElements },
  ...forwardOnly(same, ['ScatterElements', 'ScatterND']),
} satisfies Operators;
