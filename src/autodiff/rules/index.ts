import type { Rules } from '../rule';
import { attention } from './attention';
import { elementwise } from './elementwise';
import { gatherRules } from './gather';
import { matmul } from './matmul';
import { norm } from './norm';
import { reduce } from './reduce';
import { shape } from './shape';

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
