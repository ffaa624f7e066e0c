import type { GraphBuilder } from './builder';
import { dtypeCode, toNumbers } from './dtype';
import { inferDTypes } from './infer/infer';
import { CROSS_ENTROPY, type Dim, type Graph, type Initializer, int, intAttr, type Node } from './ir';
import { sumsInLinear } from './linear';
import { producers, rewrite } from './rewrite';
import { prune } from './simplify';

/** The loss in plain operators. The gradient uses the same softmax. */
export const writeCrossEntropy = (graph: Graph): Graph =>
  rewrite(graph, 'loss/', (node, { builder }) => {
    if (node.op !== CROSS_ENTROPY) return false;
    write(node, builder);
    return true;
  });

/**
 * Max and softmax instead of ReduceLogSumExp or ReduceSum(Exp): those sum in one float32 accumulator, which is off by 1e-4
 * over a whole vocabulary. log sum_c exp x[c] = max_c x[c] - log max_c softmax(x)[c].
 */
function write(node: Node, b: GraphBuilder): void {
  const [logits = '', target = '', weight = ''] = node.inputs;
  const last = b.constant('int64', [1], [-1]);
  const dropLast = { attrs: { keepdims: int(0) } };
  const largest = b.add('ReduceMax', [logits, last], { attrs: { keepdims: int(1) } });
  const share = b.add('ReduceMax', [b.add('Softmax', [logits], { attrs: { axis: int(-1) } }), last], dropLast);
  const hit = b.add('ReduceSum', [b.add('Mul', [target, b.add('Sub', [logits, largest])]), last], dropLast);
  // Both terms have the row's maximum subtracted.
  const losses = b.add('Mul', [weight, b.add('Neg', [b.add('Add', [b.add('Log', [share]), hit])])]);
  b.add('ReduceSum', [losses, b.constant('int64', [1], [0])], { ...dropLast, name: node.outputs[0] });
}

/**
 * `Add(Linear(x, W), c)` as `Linear(x, W, '', c)`, if c is declared to have the product's shape and nothing else reads the
 * product: a Gemm adds a matrix for free. Residual streams are such sums, and so are gradients of values that several
 * products read.
 */
export function sumIntoLinear(graph: Graph): Graph {
  const declared = new Map([...graph.values, ...graph.inputs.map((v) => [v.name, v] as const)]);
  const shapeOf = (name = ''): readonly Dim[] | null => declared.get(name)?.shape ?? null;
  return sumsInLinear(graph, ({ inputs: [x = '', weight = ''], outputs: [product] }, addend) => {
    const [p, q] = [shapeOf(product), shapeOf(addend)];
    const isSame = p && q && p.length === q.length && p.every((dim, i) => dim !== null && dim === q[i]);
    return isSame ? [x, weight, '', addend] : null;
  });
}

const elementwise = new Set(
  `Add Sub Mul Div Pow Sigmoid Tanh Neg Sqrt Reciprocal Exp Log Erf Relu Abs Sin Cos Gelu Softplus
   com.microsoft:Gelu com.microsoft:FastGelu com.microsoft:QuickGelu`.split(/\s+/),
);

/** Rowwise only over the last axis: `axis` -1, or `axes` [-1] and `keepdims`. */
const normalising = new Set(['SimplifiedLayerNormalization', 'LayerNormalization', 'Softmax']);
const reducing = new Set(['ReduceMean', 'ReduceSum', 'ReduceSumSquare', 'ReduceMax']);

export const isReducing = (node: Node): boolean => reducing.has(node.op);

/** Each row of the output depends only on the same row of the operands, so that leading axes can be folded or picked. */
export function isRowwise(node: Node, initializers: Graph['initializers']): boolean {
  if (node.outputs.length !== 1) return false;
  if (elementwise.has(node.op)) return true;
  if (normalising.has(node.op)) return intAttr(node, 'axis', -1) === -1;
  const axes = initializers.get(node.inputs[1] ?? '');
  return isReducing(node) && intAttr(node, 'keepdims', 1) === 1 && !!axes && toNumbers(axes).join() === '-1';
}

/** Broadcasts against any row. */
export const isVector = (tensor: Initializer | undefined): boolean => tensor !== undefined && tensor.dims.length <= 1;

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

/** 0 by default; null for other types. */
function filling({ attrs: { value } }: Node): number | null {
  if (value?.type !== 'tensor') return 0;
  return value.value.dtype === 'float32' ? (toNumbers(value.value)[0] ?? null) : null;
}
