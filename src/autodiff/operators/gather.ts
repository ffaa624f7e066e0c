import { intAttr } from '../../graph/attrs';
import * as infer from '../../graph/infer/layout';
import { same } from '../../graph/infer/rules';
import type { Gradient, GradientContext, Operators } from './operator';

/** dX = zeros with dY added at the indices, so that rows picked several times get the sum. */
const gather: Gradient = (c) => {
  const { g, dy, x } = c;
  const rank = c.shape(x).length;
  const axis = (intAttr(c.node, 'axis', 0) + rank) % rank;
  const indexRank = c.shape(c.input(1)).length;
  if (axis === 0) return [scatterRows(c, x, dy)];
  // Moves the gathered axis to the front and back: dY is [before..., indices..., after...].
  const front = [axis, ...range(0, axis), ...range(axis + 1, rank)];
  const indices = range(axis, axis + indexRank);
  const outer = [...range(0, axis), ...range(axis + indexRank, rank - 1 + indexRank)];
  const moved = scatterRows(c, g.transpose(x, front), g.transpose(dy, [...indices, ...outer]));
  return [
    g.transpose(
      moved,
      front.map((_, i) => front.indexOf(i)),
    ),
  ];
};

const range = (start: number, end: number) => Array.from({ length: end - start }, (_, i) => start + i);

/** ScatterND takes int64 tuples; the index lists are short, so the cast is cheap. */
function scatterRows(c: GradientContext, like: string, updates: string): string {
  const { g, input } = c;
  const rows = g.op('Unsqueeze', [indices(g, input(1), like), g.int64s([-1])]);
  return scatter(c, like, rows, updates);
}

const scatter = ({ g }: GradientContext, like: string, tuples: string, updates: string): string =>
  g.op('ScatterND', [g.zerosLike(like), tuples, updates], { reduction: { type: 'string', value: 'add' } });

/** Indices as int64; negative constants counted from the start, which every provider supports. */
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

/** Operators that pick or place elements by index. */
export const gathers = {
  Gather: {
    gradient: gather,
    shape: infer.gather,
    broadcasts: false,
    note: 'to the data: ScatterND with addition, so that repeated indices add up',
  },
  GatherND: {
    gradient: gatherND,
    shape: infer.gatherND,
    broadcasts: false,
    note: 'to the data, without batch dimensions',
  },
  GatherElements: { gradient: null, shape: infer.gatherElements },
  ScatterElements: { gradient: null, shape: same },
  ScatterND: { gradient: null, shape: same },
} satisfies Operators;
