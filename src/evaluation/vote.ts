import { percent } from '../lib/format';
import { createRng, shuffled } from '../lib/rng';
import type { Value } from '../lib/zod';
import { type Interval, wilson } from '../metrics/intervals';
import { mcnemarExact } from '../metrics/mcnemar';
import { asSubject, inText } from './arm-names';
import { COMBINED, MAJORITY } from './classify/made-arms';
import type { correctionSchema, voteSchema } from './schemas';
import type { ArmResult, ComparisonPlan, PairResult } from './types';
import { pValue } from './words';

/** What a person judges blind: which of two generated texts is better, and whether the labels of test rows are right. */

export type Vote = Value<typeof voteSchema>;
export type Choice = Vote['choice'];

export interface Ballot {
  readonly rowId: string;
  readonly left: string;
  readonly right: string;
  /** Whether A's answer is on the right. */
  readonly swapped: boolean;
}

const MOST_BALLOTS = 30;

/** Rows that the two answer differently, in seeded random order; the sides are drawn for each. */
export function drawBallots(
  plan: Pick<ComparisonPlan, 'rowIds' | 'seed'>,
  a: readonly string[],
  b: readonly string[],
): readonly Ballot[] {
  const rng = createRng(plan.seed + 1);
  const differ = plan.rowIds.flatMap((rowId, i) => {
    const [ofA = '', ofB = ''] = [a[i], b[i]];
    return ofA === ofB ? [] : [{ rowId, ofA, ofB }];
  });
  return shuffled(differ, rng)
    .slice(0, MOST_BALLOTS)
    .map(({ rowId, ofA, ofB }) => {
      const swapped = rng.next() < 0.5;
      return { rowId, left: swapped ? ofB : ofA, right: swapped ? ofA : ofB, swapped };
    });
}

export interface Tally {
  readonly a: number;
  readonly b: number;
  readonly ties: number;
  readonly bothBad: number;
  /** B's share of the votes that went to one of the two, with its Wilson 95% interval; null without such votes. */
  readonly winRate: number | null;
  readonly ci95: Interval;
  /** Exact sign test without ties and "both bad". */
  readonly p: number;
}

export function tally(votes: readonly Vote[]): Tally {
  const count = (choice: Choice) => votes.filter((vote) => vote.choice === choice).length;
  const [a, b] = [count('a'), count('b')];
  return {
    a,
    b,
    ties: count('tie'),
    bothBad: count('both-bad'),
    winRate: a + b === 0 ? null : b / (a + b),
    ci95: wilson(b, a + b),
    p: mcnemarExact(b, a),
  };
}

export function tallySentence({ a, b, winRate, ci95, p }: Tally, nameA: string, nameB: string): string {
  if (winRate === null) return 'No vote chose one of the two prompts.';
  const range = `${percent(ci95.low)} to ${percent(ci95.high)}`;
  const figures = `${asSubject(nameB)} won ${b} of ${a + b} decided votes, ${percent(winRate)} (${range}); sign test ${pValue(p)}`;
  if (p >= 0.05) return `No clear preference. ${figures}.`;
  return `You prefer ${inText(b > a ? nameB : nameA)}. ${figures}.`;
}

/** A test label that a person corrected, without seeing a prediction. */
export type Correction = Value<typeof correctionSchema>;

const MOST_OF_A_KIND = 10;

/**
 * Rows whose labels are to be checked, in seeded random order: equal numbers of rows that tuning fixed and broke, as checking
 * one kind only would bias the result. None where tuning fixed no row or broke none that was not checked yet.
 */
export function drawReview(
  pair: Pick<PairResult, 'fixed' | 'broken'>,
  seed: number,
  reviewed: readonly string[] = [],
): readonly string[] {
  const seen = new Set(reviewed);
  const rng = createRng(seed + reviewed.length);
  const [fixed, broken] = [pair.fixed, pair.broken].map((ids) =>
    shuffled(
      ids.filter((id) => !seen.has(id)),
      rng,
    ),
  ) as [string[], string[]];
  const each = Math.min(fixed.length, broken.length, MOST_OF_A_KIND);
  return shuffled([...fixed.slice(0, each), ...broken.slice(0, each)], rng);
}

/** What the person's answers change; an answer that equals the label, or none, changes nothing. */
export function correctionsOf(
  plan: Pick<ComparisonPlan, 'rowIds' | 'gold'>,
  answers: ReadonlyMap<string, number>,
): readonly Correction[] {
  return plan.rowIds.flatMap((rowId, i) => {
    const from = plan.gold[i] as number;
    const to = answers.get(rowId);
    return to === undefined || to === from ? [] : [{ rowId, from, to }];
  });
}

export function corrected(
  plan: ComparisonPlan,
  corrections: readonly Correction[],
  looks: number = plan.looks,
): ComparisonPlan {
  const to = new Map(corrections.map((correction) => [correction.rowId, correction.to]));
  return { ...plan, gold: plan.gold.map((gold, i) => to.get(plan.rowIds[i] as string) ?? gold), looks };
}

/** Rows whose label several arms agree, confidently, is wrong: worth a second look by a person. */

export interface Suspect {
  readonly row: number;
  readonly label: number;
  readonly arms: readonly string[];
}

/** Sure enough to contradict a person. */
const SURE = 0.8;
const SEVERAL = 2;

/**
 * At least two arms give one other label a probability of 0.8 or more, and no arm is that sure of the row's own. The line
 * that always says the same has no part in it, nor has the one made of others. A suspicion, not a finding: what all arms get wrong looks the same.
 * Source: Northcutt, Jiang & Chuang 2021 (confident learning), reduced to agreement.
 */
export function labelSuspects(arms: readonly ArmResult[], gold: readonly number[]): readonly Suspect[] {
  const voices = arms.filter(({ id }) => id !== MAJORITY && id !== COMBINED);
  return gold.flatMap((label, row) => {
    const sure = voices.filter((arm) => (arm.confidences[row] ?? 0) >= SURE);
    const said = sure[0]?.predictions[row];
    if (said === undefined || said === label || sure.length < SEVERAL) return [];
    if (sure.some((arm) => arm.predictions[row] !== said)) return [];
    return [{ row, label: said, arms: sure.map(({ id }) => id) }];
  });
}
