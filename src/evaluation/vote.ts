/** A person's preference between two prompts' answers, given without knowing which prompt gave which. */
import { createRng, shuffled } from '../lib/rng';
import { type Interval, wilson } from '../metrics/intervals';
import { signTest } from '../metrics/mcnemar';
import type { ComparisonPlan } from './types';
import { percent, pValue } from './words';

export type Choice = 'a' | 'b' | 'tie' | 'both-bad';

export interface Vote {
  readonly rowId: string;
  readonly choice: Choice;
}

/** Two answers to a row: label indices, or texts. */
export interface Ballot<T = number> {
  readonly rowId: string;
  readonly left: T;
  readonly right: T;
  /** Whether A's answer is on the right. */
  readonly swapped: boolean;
}

const MOST_BALLOTS = 30;

/** Rows that the two answer differently, in seeded random order; the sides are drawn for each. */
export function drawBallots<T>(
  plan: Pick<ComparisonPlan, 'rowIds' | 'seed'>,
  a: ArrayLike<T>,
  b: ArrayLike<T>,
): readonly Ballot<T>[] {
  const rng = createRng(plan.seed + 1);
  const differ = plan.rowIds.flatMap((rowId, i) => {
    const [ofA, ofB] = [a[i] as T, b[i] as T];
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
    p: signTest(b, a),
  };
}

/** The result of the votes, in words first. */
export function tallySentence({ a, b, winRate, ci95, p }: Tally, nameA: string, nameB: string): string {
  if (winRate === null) return 'No vote chose one of the two prompts.';
  const range = `${percent(ci95.low)} to ${percent(ci95.high)}`;
  const figures = `${nameB} won ${b} of ${a + b} decided votes, ${percent(winRate)} (${range}); sign test ${pValue(p)}`;
  if (p >= 0.05) return `No clear preference. ${figures}.`;
  return `You prefer ${b > a ? nameB : nameA}. ${figures}.`;
}
