import type { Shape } from '../graph/infer/dims';
import { int } from '../graph/ir';
import { assert, present } from '../lib/assert';
import type { Emitter } from './emitter';

/**
 * Sums a gradient over the axes that broadcasting added or stretched, down to the shape of the operand `like`. Both ranks
 * must be known. Axes that are surely stretched become constants. If sizes are symbols that may be 1, the axes are computed
 * at run time from the two shapes (int64, on the CPU, no copy of data).
 */
export function unbroadcast(g: Emitter, gradient: string, like: string): string {
  const from = present(g.info(gradient)?.shape, `rank of ${gradient}`);
  const to = present(g.info(like)?.shape, `rank of ${like}`);
  const extra = from.length - to.length;
  assert(extra >= 0, `the gradient ${gradient} has a lower rank than ${like}`);
  const leading = Array.from({ length: extra }, (_, i) => i);
  const dropped = extra > 0 ? g.sum(gradient, leading, false) : gradient;
  const rest = from.slice(extra);
  const stretched = axesWhere(rest, to, (a, b) => b === 1 && a !== 1);
  const summed = stretched.length > 0 ? g.sum(dropped, stretched) : dropped;
  const open = axesWhere(rest, to, (a, b) => b !== 1 && a !== b && typeof b === 'string');
  return open.length > 0 ? sumWhereDifferent(g, summed, like) : summed;
}

const axesWhere = (from: Shape, to: Shape, test: (a: number | string, b: number | string) => boolean) =>
  to.flatMap((b, axis) => (test(from[axis] ?? 1, b) ? [axis] : []));

/** ReduceSum over the axes whose sizes differ, possibly none; the ranks are equal. */
function sumWhereDifferent(g: Emitter, gradient: string, like: string): string {
  const differs = g.op('Not', [g.equal(g.shape(gradient), g.shape(like))]);
  const axes = g.reshape(g.op('NonZero', [differs]), g.int64s([-1]));
  const summed = g.op('ReduceSum', [gradient, axes], { keepdims: int(1), noop_with_empty_axes: int(1) });
  g.declareLike(summed, like);
  return summed;
}
