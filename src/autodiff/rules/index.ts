import { elementwise } from '../operators/elementwise';
import { gatherRules } from '../operators/gather';
import { shape } from '../operators/layout';
import { norm } from '../operators/norms';
import type { Rules } from '../operators/operator';
import { attention, matmul } from '../operators/products';
import { reduce } from '../operators/reductions';

/** Every operator that a gradient can pass through. */
export const rules: Partial<Rules> = {
  ...elementwise,
  ...matmul,
  ...reduce,
  ...norm,
  ...shape,
  ...gatherRules,
  ...attention,
};

/**
 * Operators whose operands may be stretched to fit each other, so that a gradient may be larger than its operand. Every
 * other rule gives a gradient of exactly the operand's shape.
 */
export const broadcasting: ReadonlySet<string> = new Set(
  [
    'Add',
    'Sub',
    'Mul',
    'Div',
    'Pow',
    'Max',
    'Min',
    'Where',
    'MatMul',
    'Gemm',
    'Expand',
    'com.microsoft:FastGelu',
  ].concat(['com.microsoft:SkipSimplifiedLayerNormalization', 'com.microsoft:SkipLayerNormalization']),
);
