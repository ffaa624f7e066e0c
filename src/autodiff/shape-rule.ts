import { intsAttr } from '../graph/attrs';
import type { DType, Node } from '../graph/ir';
import type { Shape, SymbolicDim } from './dims';
import type { Inferred } from './inferred';

export interface ShapeContext {
  readonly node: Node;
  readonly inputs: readonly (Inferred | undefined)[];
}
export type ShapeRule = (context: ShapeContext) => readonly (Inferred | undefined)[] | null;

export const normal = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);
export const value = (dtype: DType, shape: Shape | null, elements?: readonly SymbolicDim[]): Inferred[] => [
  { dtype, shape, ...(elements ? { elements } : {}) },
];
export const numbers = (elements: readonly SymbolicDim[] | undefined): readonly number[] | null =>
  elements?.every((e): e is number => typeof e === 'number') ? elements : null;
/** Axes, sizes and the like: an attribute up to some opset, an input after it. */
export const listed = ({ node, inputs }: ShapeContext, name: string, input: number) =>
  intsAttr(node, name) ?? numbers(inputs[input]?.elements);
