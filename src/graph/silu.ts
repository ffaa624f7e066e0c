import { floatAttr } from './attrs';
import { float, type Graph, type Node } from './ir';
import { producers } from './order';
import { rewrite } from './rewrite';

const QUICK_GELU = 'com.microsoft:QuickGelu';

/** `x * Sigmoid(x)` as the one operator that it is, so that its gradient is one formula: QuickGelu with alpha 1. */
export function recogniseSilu(graph: Graph): Graph {
  const source = producers(graph);
  const argument = ({ op, inputs }: Node): string | null => {
    if (op !== 'Mul') return null;
    const [a = '', b = ''] = inputs;
    const isSigmoidOf = (s: string, x: string) => source.get(s)?.op === 'Sigmoid' && source.get(s)?.inputs[0] === x;
    return isSigmoidOf(b, a) ? a : isSigmoidOf(a, b) ? b : null;
  };
  return rewrite(graph, 'silu/', (node, { builder }) => {
    const x = argument(node);
    if (x === null) return false;
    builder.push({ ...node, op: QUICK_GELU, inputs: [x], attrs: { alpha: float(1) } });
    return true;
  });
}

/** The other way round, for the runtime: the backward part needs the sigmoid too, and shares it. */
export function writeSilu(graph: Graph): Graph {
  return rewrite(graph, 'silu/', (node, { builder }) => {
    if (node.op !== QUICK_GELU || floatAttr(node, 'alpha', 1.702) !== 1) return false;
    const [x = ''] = node.inputs;
    builder.push({ ...node, op: 'Mul', inputs: [x, builder.add('Sigmoid', [x])], attrs: {} });
    return true;
  });
}
