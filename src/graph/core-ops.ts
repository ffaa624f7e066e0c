import { type Attr, type Node, string } from './ir';

/**
 * Pseudo-operators of the domain `studio`. `normalise` writes every exporter's product with a frozen weight as one of
 * them, so that one gradient rule covers all; `lower` turns them into ONNX operators just before `serialise`.
 *
 * A weight's layout names its two axes: `rows` is `[out, in]` (as PyTorch and MatMulNBits store it), `columns` is
 * `[in, out]` (as MatMul expects it). One blob serves forward and backward: flipping the layout transposes it.
 */
export type Layout = 'rows' | 'columns';

/**
 * `Linear(x [..., in], weight, bias? [out], addend? [..., out]) -> [..., out]`, attribute `layout`. It has a bias, or an addend (which
 * `sumIntoLinear` writes just before lowering), but not both.
 *
 *     y = x W^T + b  (rows)        y = x W + b  (columns)        b: bias or addend
 *
 * Gradient: dX = Linear(dY, weight, flipped layout), without bias. The weight must be a float32 initializer of rank 2.
 * The optional attribute `rank` = 2 says that x is `[rows, in]`.
 */
export const LINEAR = 'studio:Linear';

/**
 * `Head(hidden [reads, hidden], weight, candidateIds int32 [candidates], fullVocabulary bool [], bias? [vocabulary],
 * shift? [candidates or 1, hidden]) -> [reads, candidates]`, attribute `layout`; [reads, vocabulary] when `fullVocabulary`
 * is true, which ignores ids and shift.
 *
 *     If(fullVocabulary) Linear(hidden, W, b) else Linear(hidden, gather(W, ids) + shift, gather(b, ids))
 */
export const HEAD = 'studio:Head';

/**
 * `HeadGrad(dLogits [reads, candidates], weight, candidateIds, fullVocabulary, bias (not used), shift?)
 * -> dHidden [reads, hidden]`, attribute `layout` *of the weight* (not flipped).
 *
 *     If(fullVocabulary) Linear(dLogits, W flipped) else Linear(dLogits, (gather(W, ids) + shift) flipped)
 */
export const HEAD_GRAD = 'studio:HeadGrad';

/**
 * `CrossEntropy(logits [reads, candidates], target [reads, candidates], weight [reads]) -> loss []`. Rows of the target must be
 * one-hot.
 *
 *     loss = sum_r weight[r] (log sum_c exp logits[r,c] - sum_c target[r,c] logits[r,c])
 *
 * Gradient: dLogits = weight (softmax(logits) - target).
 */
export const CROSS_ENTROPY = 'studio:CrossEntropy';

export const flip = (layout: Layout): Layout => (layout === 'rows' ? 'columns' : 'rows');

/** Attributes of a pseudo-operator. */
export const withLayout = (layout: Layout): Readonly<Record<string, Attr>> => ({ layout: string(layout) });

export const layoutOf = (node: Node): Layout => {
  const attr = node.attrs.layout;
  return attr?.type === 'string' && attr.value === 'rows' ? 'rows' : 'columns';
};
