import { present } from '../../lib/assert';
import type { Interval } from '../../metrics/intervals';
import { accuracyComparison, type PairedCounts } from '../../metrics/mcnemar';
import { pairedBootstrap } from '../../metrics/resample';
import type { ArmOutcome, ArmReport, ComparisonPlan, PairReport, TokensDifference } from '../types';
import { differencesOf } from './outcome';

/** Accuracy of two arms on the same rows. */
export interface Duel extends PairedCounts {
  /** Accuracy of B minus accuracy of A. */
  readonly difference: number;
  readonly ci95: Interval;
  readonly pExact: number;
  readonly pMidP: number;
  /** Holm's adjusted p, where several pairs were compared. */
  readonly pHolm?: number | undefined;
  /** How many rows count as one, where rows belong together. */
  readonly designEffect: number;
}

/** The rows of a duel: their labels, and which of them belong together. */
export type DuelRows = Pick<ComparisonPlan, 'gold' | 'groups' | 'seed'>;

export function duel(
  a: Pick<ArmReport, 'predictions'>,
  b: Pick<ArmReport, 'predictions'>,
  { gold, groups, seed }: DuelRows,
): Duel {
  const how = { seed, ...(groups ? { groups } : {}) };
  const { p, midP, ...counts } = accuracyComparison(gold, a.predictions, b.predictions, how);
  return { ...counts, pExact: p, pMidP: midP };
}

const ALPHA = 0.05;

type Tested = Pick<Duel, 'ci95' | 'pExact' | 'pHolm'>;

/** B is clearly better: p, corrected where several pairs were compared, below 5% *and* the interval above zero. */
export const bWins = ({ pExact, pHolm = pExact, ci95 }: Tested): boolean => pHolm < ALPHA && ci95.low > 0;
export const aWins = ({ pExact, pHolm = pExact, ci95 }: Tested): boolean => pHolm < ALPHA && ci95.high < 0;

/** Whether one of the two is clearly better. */
export const isClear = ({ differenceCi95: ci95, ...p }: Pick<PairReport, 'differenceCi95' | 'pExact' | 'pHolm'>) =>
  aWins({ ...p, ci95 }) || bWins({ ...p, ci95 });

/** A difference below this is not worth a training run. */
const MARGIN = 0.05;

/** The interval says that B is less than `MARGIN` ahead of A. */
export const isClose = ({ ci95 }: Pick<Duel, 'ci95'>): boolean => ci95.high < MARGIN;

/**
 * A does as well as B: B is not clearly better, and A is at least level on these rows or the interval says that B is
 * less than `MARGIN` ahead. "Not clearly better" alone would call any two arms equal on few rows.
 */
export const doesAsWell = (d: Duel): boolean => !bWins(d) && (d.difference <= 0 || isClose(d));

/** Null in comparisons of earlier versions, which did not keep the tokens of each row. */
export function tokensDifference(
  a: Pick<ArmOutcome, 'tokensSent'>,
  b: Pick<ArmOutcome, 'tokensSent'>,
  plan: Pick<ComparisonPlan, 'seed' | 'groups'>,
  draws: number,
): TokensDifference | null {
  if (!a.tokensSent || !b.tokensSent || a.tokensSent.length === 0) return null;
  const { tokensSent: of } = a;
  const more = b.tokensSent.map((tokens, i) => tokens - (of[i] as number));
  const mean = (rows: ArrayLike<number>) => {
    let sum = 0;
    for (let i = 0; i < rows.length; i++) sum += more[rows[i] as number] as number;
    return sum / rows.length;
  };
  return {
    difference: mean(more.map((_, i) => i)),
    ci95: pairedBootstrap(more.length, mean, { seed: plan.seed, draws, groups: plan.groups }),
  };
}

const whole = (tokens: number) => Math.round(tokens).toLocaleString('en');

/** "Tuned sends 310 fewer tokens per row than Yours + 8 examples (306 to 314)."; null where the tokens of each row are not known. */
export function tokensSentence(
  { a, b, tokens }: Pick<PairReport, 'a' | 'b' | 'tokens'>,
  nameOf: (id: string) => string,
): string | null {
  if (!tokens) return null;
  const { difference, ci95 } = tokens;
  if (Math.round(difference) === 0) return `${nameOf(b)} sends the same number of tokens per row as ${nameOf(a)}.`;
  const ends = [Math.abs(ci95.low), Math.abs(ci95.high)].sort((x, y) => x - y).map(whole);
  const range = new Set(ends).size === 1 ? 'on every row' : `95% interval ${ends.join(' to ')}`;
  return `${nameOf(b)} sends ${whole(Math.abs(difference))} ${difference < 0 ? 'fewer' : 'more'} tokens per row than ${nameOf(a)} (${range}).`;
}

/** All figures of one pair, except its p among all pairs. */
export function reportPair(
  plan: ComparisonPlan,
  a: ArmReport,
  b: ArmReport,
  options: { readonly draws: number; readonly onProgress: (share: number) => void },
): Omit<PairReport, 'pHolm'> {
  const { gold, rowIds } = plan;
  const { ci95, designEffect: _rowsToSettle, ...counts } = duel(a, b, plan);
  const answers = ({ predictions }: ArmReport) => ({ gold, predicted: predictions, classes: plan.labels.length });
  const outcomeOf = (id: string) =>
    present(
      plan.arms.find((arm) => arm.id === id),
      `arm ${id}`,
    );
  const tokens = tokensDifference(outcomeOf(a.id), outcomeOf(b.id), plan, options.draws);
  const idsWhere = (test: (aRight: boolean, bRight: boolean) => boolean) =>
    rowIds.filter((_, i) => test(a.predictions[i] === gold[i], b.predictions[i] === gold[i]));
  return {
    a: a.id,
    b: b.id,
    ...counts,
    differenceCi95: ci95,
    ...differencesOf(answers(a), answers(b), { seed: plan.seed, groups: plan.groups, ...options }),
    ...(tokens ? { tokens } : {}),
    fixed: idsWhere((aRight, bRight) => !aRight && bRight),
    broken: idsWhere((aRight, bRight) => aRight && !bRight),
  };
}
