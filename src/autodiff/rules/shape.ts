import { intAttr, intsAttr } from '../../graph/attrs';
import type { Rule, RuleContext, Rules } from '../rule';

const normal = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);

/** Reshape and its kin: the elements stay in order. */
const reshaped: Rule = ({ g, dy, x }) => [g.reshapeLike(dy, x)];

/** The inverse permutation; without `perm` the axes are reversed, which is its own inverse. */
const transpose: Rule = ({ g, dy, node }) => {
  const perm = intsAttr(node, 'perm');
  if (!perm) return [g.transpose(dy)];
  return [
    g.transpose(
      dy,
      perm.map((_, axis) => perm.indexOf(axis)),
    ),
  ];
};

/** dX_i = dY[..., offset_i : offset_i + size_i, ...] */
const concat: Rule = (c) => {
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
    return c.wants(i) ? g.slice(dy, start, offset, axis) : null;
  });
};

/** dX = Concat(dY_i), zeros for a part that the loss does not depend on */
const split: Rule = (c) => {
  const parts = c.dys.map((dy, i) => dy ?? c.g.zerosLike(c.node.outputs[i] || c.refuse('an output has no name')));
  return [c.g.concat(parts, intAttr(c.node, 'axis', 0))];
};

/** dX = dY padded with the zeros that were cut off */
const slice: Rule = (c) => {
  const { g, dy, x } = c;
  const rank = c.shape(x).length;
  const starts = c.input(1);
  const count = c.shape(starts)[0];
  const first = typeof count === 'number' ? Array.from({ length: count }, (_, i) => i) : null;
  const axes = c.input(3) === '' ? first : g.constantInts(c.input(3));
  const steps = c.input(4) === '' ? [] : g.constantInts(c.input(4));
  if (!axes || !steps) return c.refuse('its axes or steps are computed');
  if (steps.some((step) => step !== 1)) return c.refuse('it takes steps other than 1');
  const known = g.constantInts(starts);
  const cut = axes.map((axis) => normal(axis, rank));
  const pads = cut.map((axis, k) => padsOf(c, axis, known?.[k] ?? null, k));
  const all = g.concat([...pads.map(({ before }) => before), ...pads.map(({ after }) => after)], 0);
  return [g.op('Pad', [dy, all, '', g.int64s(cut)])];
};

function padsOf({ g, dy, x, input }: RuleContext, axis: number, start: number | null, k: number) {
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
const pad: Rule = (c) => {
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

/** Each axis is repeated r times: dY as [r0, d0, r1, d1, ...], summed over the r's. */
const tile: Rule = (c) => {
  const { g, dy, x } = c;
  const rank = c.shape(x).length;
  const pairs = g.op(
    'Concat',
    [g.op('Unsqueeze', [c.input(1), g.int64s([1])]), g.op('Unsqueeze', [g.shape(x), g.int64s([1])])],
    { axis: { type: 'int', value: 1 } },
  );
  const split = g.reshape(dy, g.reshape(pairs, g.int64s([-1])));
  return [
    g.sumTo(
      split,
      Array.from({ length: rank }, (_, i) => 2 * i),
      x,
    ),
  ];
};

export const shape: Rules = {
  Reshape: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  Flatten: reshaped,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  // The driver sums over what was stretched.
  Expand: ({ dy }) => [dy],
  Tile: tile,
};
