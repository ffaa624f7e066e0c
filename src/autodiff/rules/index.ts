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
