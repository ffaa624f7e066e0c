import { dtypeCode, toNumbers } from './dtype';
import { inferDTypes } from './infer/infer';
import { type Graph, int, intAttr, type Node } from './ir';
import { producers, rewrite } from './rewrite';
import { prune } from './simplify';

/**
 * Replaces operators that have no GPU kernel, so that no float has to leave the GPU:
 *
 *     Where(IsNaN(p), z, p), p a softmax  ->  Where(p >= 0, p, z)
 *     Cast(int64 -> float)                ->  Cast(int32 -> float) of Cast(int64 -> int32)
 *     ConstantOfShape(shape), a float     ->  Expand of it
 *
 * Positions, lengths and masks fit an int32, and the first of the two casts moves only integers.
 */
export function onGpu(graph: Graph): Graph {
  const source = producers(graph);
  const dtypes = inferDTypes(graph);
  const guarded = (node: Node): string | null => {
    const [condition = '', , p = ''] = node.inputs;
    const guard = source.get(condition);
    const isGuard = node.op === 'Where' && guard?.op === 'IsNaN' && guard.inputs[0] === p;
    return isGuard && source.get(p)?.op === 'Softmax' ? p : null;
  };
  const rewritten = rewrite(graph, 'gpu/', (node, to) => {
    const p = guarded(node);
    if (p !== null) {
      const isNumber = to.builder.add('GreaterOrEqual', [p, to.builder.constant('float32', [], [0])]);
      to.builder.push({ ...node, inputs: [isNumber, p, node.inputs[1] ?? ''] });
      return true;
    }
    const fill = node.op === 'ConstantOfShape' ? filling(node) : null;
    if (fill !== null) {
      const value = to.builder.constant('float32', [], [fill]);
      to.builder.push({ ...node, op: 'Expand', inputs: [value, node.inputs[0] ?? ''], attrs: {} });
      return true;
    }
    const fromLong = node.op === 'Cast' && dtypes.get(node.inputs[0] ?? '') === 'int64';
    if (!fromLong || intAttr(node, 'to', 0) !== dtypeCode('float32')) return false;
    const narrow = to.builder.add('Cast', node.inputs, { attrs: { to: int(dtypeCode('int32')) } });
    to.builder.push({ ...node, inputs: [narrow] });
    return true;
  });
  return prune(rewritten);
}

/** The float32 that a ConstantOfShape fills with (0 by default); null for other types. */
function filling({ attrs: { value } }: Node): number | null {
  if (value?.type !== 'tensor') return 0;
  return value.value.dtype === 'float32' ? (toNumbers(value.value)[0] ?? null) : null;
}
