import { intAttr } from './attrs';
import { toNumbers } from './dtype';
import type { Graph, Initializer, Node } from './ir';

const elementwise = new Set(
  `Add Sub Mul Div Pow Sigmoid Tanh Neg Sqrt Reciprocal Exp Log Erf Relu Abs Sin Cos Gelu Softplus
   com.microsoft:Gelu com.microsoft:FastGelu com.microsoft:QuickGelu`.split(/\s+/),
);

/** Operators that see one row of the last axis at a time, given `axis` -1 (or `axes` [-1] and `keepdims`). */
const normalising = new Set(['SimplifiedLayerNormalization', 'LayerNormalization', 'Softmax']);
const reducing = new Set(['ReduceMean', 'ReduceSum', 'ReduceSumSquare', 'ReduceMax']);

export const isReducing = (node: Node): boolean => reducing.has(node.op);

/** Whether each row of the output depends on the same row of the operands alone: leading axes may be split or picked at will. */
export function isRowwise(node: Node, initializers: Graph['initializers']): boolean {
  if (node.outputs.length !== 1) return false;
  if (elementwise.has(node.op)) return true;
  if (normalising.has(node.op)) return intAttr(node, 'axis', -1) === -1;
  const axes = initializers.get(node.inputs[1] ?? '');
  return isReducing(node) && intAttr(node, 'keepdims', 1) === 1 && !!axes && toNumbers(axes).join() === '-1';
}

/** A constant that broadcasts against any row. */
export const isVector = (tensor: Initializer | undefined): boolean => tensor !== undefined && tensor.dims.length <= 1;
