import { present } from '../lib/assert';
import { StudioError } from '../lib/errors';
import type { SoftPrompt } from '../prompt/types';
import type { LabelTokens, TokenRow } from '../tokens/types';
import { breathe, throwIfInterrupted, uninterrupted } from './control';
import { isSequenceScored, labelScores } from './label-scores';
import { openRows, type RowOptions, sharedLength } from './rows';
import type { Program } from './run';
import { withSoft } from './sequence';

export interface ScoredRow {
  readonly rowId: string;
  /** log-softmax over the labels' scores; uncalibrated. */
  readonly logProbs: readonly number[];
}

export interface TokenCount {
  /** Text and virtual tokens. */
  readonly tokensSent: number;
  /** What a new row costs: all but the prefix that these rows share. What a cache spares is counted, as in use every text is new. */
  readonly tokensComputed: number;
}

/** Tokens of each row, given together. */
export function countTokens(rows: readonly TokenRow[], soft: SoftPrompt | null): TokenCount[] {
  const sequences = rows.map((row) => withSoft(row.ids, soft));
  const shared = sharedLength(sequences);
  return sequences.map(({ length }) => ({ tokensSent: length, tokensComputed: length - shared }));
}

export interface ScoreOptions extends RowOptions {
  readonly labels: readonly LabelTokens[];
  readonly onProgress?: (rowsDone: number) => void;
}

/** Rows ready to be scored: what they share is computed. */
export interface Scorer {
  /** Which rows are best scored together, as indices. */
  readonly buckets: readonly (readonly number[])[];
  /** Scores the rows at these indices in one run (rows longer than a run in several). */
  scoreAt(indices: readonly number[]): Promise<ScoredRow[]>;
}

/** @throws StudioError `too-long`, `bad-input`, and as Runner.run */
export async function openScorer(program: Program, options: ScoreOptions): Promise<Scorer> {
  const { rows, labels, soft } = options;
  checkLabels(labels);
  const answer = isSequenceScored(labels) ? Math.max(...labels.map((label) => label.tokenIds.length)) - 1 : 0;
  const { buckets, startAt } = await openRows(program, options, answer);
  return {
    buckets,
    scoreAt: async (indices) => {
      const scores = await labelScores(program, await startAt(indices), labels, soft);
      return indices.map((index, i) => ({
        rowId: present(rows[index], 'row').rowId,
        logProbs: present(scores[i], 'scores'),
      }));
    },
  };
}

/**
 * Scores rows by their answer words, in the order given.
 * @throws StudioError `too-long`, `bad-input`, `cancelled`, and as Runner.run
 */
export async function scoreRows(program: Program, options: ScoreOptions): Promise<ScoredRow[]> {
  const { rows, control = uninterrupted } = options;
  const scorer = await openScorer(program, options);
  const out = new Array<ScoredRow>(rows.length);
  let finished = 0;
  for (const bucket of scorer.buckets) {
    throwIfInterrupted(control);
    const scored = await scorer.scoreAt(bucket);
    bucket.forEach((index, i) => {
      out[index] = present(scored[i], 'scored row');
    });
    finished += bucket.length;
    options.onProgress?.(finished);
    await breathe();
  }
  return out;
}

/** @throws StudioError `bad-input` */
export function checkLabels(labels: readonly LabelTokens[]): void {
  const empty = labels.find((label) => label.tokenIds.length === 0);
  if (labels.length < 2 || empty)
    throw new StudioError(
      'bad-input',
      empty ? `The label ${empty.label} has no answer word.` : 'There must be at least two labels to choose from.',
    );
}
