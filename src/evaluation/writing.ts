/** Which prompt writes what is wanted: means over the same held-back rows, and paired differences with their intervals. */
import { present } from '../lib/assert';
import type { Interval } from '../metrics/intervals';
import { pairedBootstrap } from '../metrics/resample';
import { exactMatch, perplexity, rougeL, tokenF1 } from '../metrics/text';

/** What a prompt wrote, row by row. */
export interface WritingOutcome {
  readonly id: string;
  readonly name: string;
  readonly written: readonly string[];
  /** How well the wanted texts were foreseen. */
  readonly scores: readonly { readonly logProb: number; readonly tokens: number }[];
  readonly tokensSentMean: number;
}

export interface WritingArm {
  readonly id: string;
  readonly name: string;
  /** Means over the rows, 0 to 1. */
  readonly rougeL: number;
  readonly tokenF1: number;
  readonly exactMatch: number;
  readonly perplexity: number;
  readonly tokensSentMean: number;
}

/** B minus A. */
interface WritingDuel {
  readonly a: string;
  readonly b: string;
  readonly rougeL: { readonly difference: number; readonly interval: Interval };
  /** Rows where B's text is nearer to the wanted one, farther, or equally near. */
  readonly rows: { readonly nearer: number; readonly farther: number; readonly same: number };
  readonly finding: 'b-better' | 'a-better' | 'unclear';
  readonly sentence: string;
}

export interface WritingComparison {
  readonly arms: readonly WritingArm[];
  readonly duels: readonly WritingDuel[];
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const points = (share: number) => (100 * share).toFixed(1);

/**
 * @param wanted the rows' own texts, in the order of each outcome's rows
 * @param pairs ids of A and B
 * @param seed of the bootstrap (10,000 draws of rows, the same for both; Berg-Kirkpatrick et al. 2012)
 */
export function compareWriting(
  wanted: readonly string[],
  outcomes: readonly WritingOutcome[],
  pairs: readonly (readonly [string, string])[],
  seed: number,
): WritingComparison {
  const measured = outcomes.map((outcome) => ({ ...outcome, rouge: against(outcome, wanted, rougeL) }));
  const byId = new Map(measured.map((outcome) => [outcome.id, outcome]));
  return {
    arms: measured.map(({ rouge, ...outcome }) => ({
      id: outcome.id,
      name: outcome.name,
      rougeL: mean(rouge),
      tokenF1: mean(against(outcome, wanted, tokenF1)),
      exactMatch: mean(against(outcome, wanted, exactMatch)),
      perplexity: perplexity(outcome.scores),
      tokensSentMean: outcome.tokensSentMean,
    })),
    duels: pairs.map(([a, b]) => duel(present(byId.get(a), a), present(byId.get(b), b), seed)),
  };
}

const against = (
  { written }: WritingOutcome,
  wanted: readonly string[],
  measure: (written: string, wanted: string) => number,
) => wanted.map((text, i) => measure(present(written[i], 'written text'), text));

type Measured = WritingOutcome & { readonly rouge: readonly number[] };

function duel(a: Measured, b: Measured, seed: number): WritingDuel {
  const gains = b.rouge.map((value, i) => value - (a.rouge[i] ?? 0));
  const interval = pairedBootstrap(
    gains.length,
    (rows) => rows.reduce((sum, row) => sum + (gains[row] ?? 0), 0) / rows.length,
    { seed },
  );
  const difference = mean(gains);
  const finding = interval.low > 0 ? 'b-better' : interval.high < 0 ? 'a-better' : 'unclear';
  const range = `ROUGE-L ${points(Math.abs(difference))} points, 95% interval ${points(interval.low)} to ${points(interval.high)}, ${gains.length} held-back rows`;
  const sentence = {
    'b-better': `${b.name} writes nearer to your texts than ${a.name}: ${range}.`,
    'a-better': `${a.name} writes nearer to your texts than ${b.name}: ${range}.`,
    unclear: `Whether ${b.name} or ${a.name} writes nearer to your texts is not clear: ${range}.`,
  }[finding];
  const count = (is: (gain: number) => boolean) => gains.filter(is).length;
  return {
    a: a.id,
    b: b.id,
    rougeL: { difference, interval },
    rows: { nearer: count((g) => g > 0), farther: count((g) => g < 0), same: count((g) => g === 0) },
    finding,
    sentence,
  };
}
