import { toNumbers } from '../graph/dtype';
import type { DType, Initializer, ValueInfo } from '../graph/ir';
import { canonical, type Shape, type SymbolicDim } from './dims';

/** What is known of a value without running the graph. */
export interface Inferred {
  readonly dtype: DType;
  /** null: not even the rank is known. */
  readonly shape: Shape | null;
  /** The elements of a small integer tensor (axes, shapes, scalars), where they are known; they may be symbols. */
  readonly elements?: readonly SymbolicDim[] | undefined;
}

/** Integer tensors above this size are data, not shapes. */
const MAX_ELEMENTS = 64;

export const fromInfo = ({ dtype, shape }: ValueInfo): Inferred => ({ dtype, shape: shape?.map(canonical) ?? null });

export function fromTensor(tensor: Initializer): Inferred {
  const { dtype, dims } = tensor;
  const isShape = (dtype === 'int64' || dtype === 'int32' || dtype === 'bool') && dims.length < 2;
  const small = isShape && (dims[0] ?? 1) <= MAX_ELEMENTS;
  return { dtype, shape: dims, ...(small ? { elements: toNumbers(tensor) } : {}) };
}
