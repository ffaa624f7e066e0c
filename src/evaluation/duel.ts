import { bonettPrice, type Interval } from '../metrics/intervals';
import { mcnemarExact, type PairedCounts, pairedCounts } from '../metrics/mcnemar';
import type { ArmReport } from './types';

/** Accuracy of two arms on the same rows. */
export interface Duel extends PairedCounts {
  /** Accuracy of B minus accuracy of A. */
  readonly difference: number;
  readonly ci95: Interval;
  readonly pExact: number;
}

export function duel(
  a: Pick<ArmReport, 'predictions'>,
  b: Pick<ArmReport, 'predictions'>,
  gold: readonly number[],
): Duel {
  const counts = pairedCounts(gold, a.predictions, b.predictions);
  return {
    ...counts,
    difference: gold.length === 0 ? 0 : (counts.bOnly - counts.aOnly) / gold.length,
    ci95: bonettPrice(counts.aOnly, counts.bOnly, gold.length),
    pExact: mcnemarExact(counts.aOnly, counts.bOnly),
  };
}

const ALPHA = 0.05;

/** B is clearly better: exact p below 5% *and* the interval of the difference above zero. */
export const bWins = ({ pExact, ci95 }: Duel): boolean => pExact < ALPHA && ci95.low > 0;
export const aWins = ({ pExact, ci95 }: Duel): boolean => pExact < ALPHA && ci95.high < 0;

/** A difference below this is not worth a training run. */
const MARGIN = 0.05;

/**
 * A does as well as B: B is not clearly better, and A is at least level on these rows or the interval says that B is
 * less than `MARGIN` ahead. "Not clearly better" alone would call any two arms equal on few rows.
 */
export const doesAsWell = (d: Duel): boolean => !bWins(d) && (d.difference <= 0 || d.ci95.high < MARGIN);
