/** What a row costs under one prompt and under another. */
import type { Interval } from '../metrics/intervals';
import { pairedBootstrap } from '../metrics/resample';
import type { ArmOutcome, ComparisonPlan, PairReport } from './types';

export interface TokensDifference {
  /** Mean tokens sent a row under B minus those under A. */
  readonly difference: number;
  /** Paired bootstrap, 95%. */
  readonly ci95: Interval;
}

/** Null where it was not kept how many tokens each row had. */
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
    ci95: pairedBootstrap(more.length, mean, {
      seed: plan.seed,
      draws,
      ...(plan.groups ? { groups: plan.groups } : {}),
    }),
  };
}

const whole = (tokens: number) => Math.round(tokens).toLocaleString('en');

/** "Tuned sends 310 tokens a row fewer than Yours + 8 examples (306 to 314)."; null where it is not known. */
export function tokensSentence(
  { a, b, tokens }: Pick<PairReport, 'a' | 'b' | 'tokens'>,
  nameOf: (id: string) => string,
): string | null {
  if (!tokens) return null;
  const { difference, ci95 } = tokens;
  if (Math.round(difference) === 0) return `${nameOf(b)} sends as many tokens a row as ${nameOf(a)}.`;
  const ends = [Math.abs(ci95.low), Math.abs(ci95.high)].sort((x, y) => x - y).map(whole);
  const range = new Set(ends).size === 1 ? 'on every row alike' : `95% interval ${ends.join(' to ')}`;
  return `${nameOf(b)} sends ${whole(Math.abs(difference))} tokens a row ${difference < 0 ? 'fewer' : 'more'} than ${nameOf(a)} (${range}).`;
}
