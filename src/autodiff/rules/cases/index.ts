import { elementwiseCases } from '../../operators/elementwise.test-support';
import { gatherCases } from '../../operators/gather.test-support';
import { shapeCases } from '../../operators/layout.test-support';
import { normCases } from '../../operators/norms.test-support';
import { attentionCases, matmulCases } from '../../operators/products.test-support';
import { reduceCases } from '../../operators/reductions.test-support';
import type { GradientCase } from '../../test-support';

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
