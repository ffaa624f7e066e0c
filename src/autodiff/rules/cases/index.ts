import type { GradientCase } from '../../test-support';
import { attentionCases } from './attention';
import { elementwiseCases } from './elementwise';
import { gatherCases } from './gather';
import { matmulCases } from './matmul';
import { normCases } from './norm';
import { reduceCases } from './reduce';
import { shapeCases } from './shape';

/** For tests only: small graphs that between them use every rule in every way that it knows. */
export const cases: readonly GradientCase[] = [
  ...elementwiseCases,
  ...matmulCases,
  ...reduceCases,
  ...normCases,
  ...attentionCases,
  ...shapeCases,
  ...gatherCases,
];
