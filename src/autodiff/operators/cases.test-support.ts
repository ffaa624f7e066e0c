import type { GradientCase } from '../test-support';
import { elementwiseCases } from './elementwise.test-support';
import { gatherCases, layoutCases } from './layout.test-support';
import { normCases } from './norms.test-support';
import { productCases } from './products.test-support';
import { reductionCases } from './reductions.test-support';
import type { DifferentiableOp } from './table';

/** For tests only: small graphs that between them use every gradient in every way that it knows. */
export const CASES: { readonly [Op in DifferentiableOp]: readonly GradientCase[] } = {
  ...elementwiseCases,
  ...productCases,
  ...normCases,
  ...reductionCases,
  ...layoutCases,
  ...gatherCases,
};
