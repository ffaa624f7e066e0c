/** A search for the best hand-written prompt at work: its candidates, its leaderboard, and how far it is. */

import type { Dataset } from '../dataset/types';
import { crossValidated } from '../evaluation/classify/outcome';
import { secondsLeft } from '../lib/format';
import { mean } from '../metrics/special';
import type { PromptCandidate } from '../task/prompt-candidates';
import type { CueReading } from './find-words';
import type { Host, Run } from './host';
import type { Asked } from './prompt-readings';

/** Log-probabilities of the labels, by training row. */
export interface CandidateAnswers {
  readonly key: string;
  /** Mean tokens of a row with the prompt. */
  readonly tokens: number;
  readonly rows: readonly (readonly [rowId: string, logProbs: readonly number[]])[];
}

/** A candidate on the leaderboard. */
export interface Standing {
  readonly key: string;
  readonly name: string;
  readonly origin: PromptCandidate['origin'];
  /** Rows that its figures come from. */
  readonly rows: number;
  readonly on: 'training' | 'training and validation';
  /** Calibrated and cross-validated, as the accuracy. */
  readonly loss: number;
  readonly accuracy: number;
  /** Mean tokens of a row with its prompt. */
  readonly tokens: number;
}

/** What a search has read, kept so that it continues after an interruption. */
export type KeptReading = CandidateAnswers | CueReading;

export type ImproveEvent =
  | { readonly kind: 'words'; readonly answers: CueReading }
  | { readonly kind: 'standing'; readonly standing: Standing; readonly answers: CandidateAnswers | null }
  | {
      readonly kind: 'progress';
      readonly fraction: number;
      readonly note: string;
      readonly tokensPerSecond: number | null;
      readonly secondsLeft: number | null;
    };

export interface Entry extends Asked {
  readonly face: Pick<Standing, 'key' | 'name' | 'origin'>;
}

export interface Search {
  readonly host: Host;
  readonly dataset: Dataset;
  readonly run: Run<ImproveEvent>;
  readonly entries: readonly Entry[];
  /** Labels of the training rows that are asked, by id. */
  readonly pool: ReadonlyMap<string, number>;
  /** Training rows of each label. */
  readonly counts: readonly number[];
  /** Mean tokens of a row under the bare template. */
  readonly rowTokens: number;
  readonly board: Map<string, Standing>;
  readonly spent: { read: number; asked: number; readonly begin: number };
}

/** @param answers log-probabilities and the row's own label */
export function figuresOf(
  { counts }: Pick<Search, 'counts'>,
  answers: readonly (readonly [readonly number[], number])[],
) {
  const { losses, right } = crossValidated(
    answers.map(([logProbs]) => logProbs),
    answers.map(([, gold]) => gold),
    counts,
  );
  return { loss: mean(losses), accuracy: mean(right.map(Number)) };
}

export function show(
  { board, run }: Search,
  { face, tokens }: Entry,
  figures: Pick<Standing, 'loss' | 'accuracy' | 'rows' | 'on'>,
  answers: CandidateAnswers | null,
): Standing {
  const standing = { ...face, ...figures, tokens };
  board.set(face.key, standing);
  run.emit({ kind: 'standing', standing, answers });
  return standing;
}

/** How far the search is, by tokens, and how fast. @param total tokens in all */
export function tell({ run, spent: { read, begin } }: Search, note: string, total: number): void {
  const seconds = (performance.now() - begin) / 1000;
  run.emit({
    kind: 'progress',
    fraction: Math.min(1, read / Math.max(1, total)),
    note,
    tokensPerSecond: read > 0 ? read / seconds : null,
    secondsLeft: secondsLeft(read, total, seconds),
  });
}

/** On the leaderboard: finalists first, then by the rows they have answered. */
export const boardOf = ({ board }: Search): readonly Standing[] =>
  [...board.values()].toSorted(
    (a, b) =>
      Number(b.on !== 'training') - Number(a.on !== 'training') ||
      b.rows - a.rows ||
      a.loss - b.loss ||
      a.tokens - b.tokens ||
      (a.key < b.key ? -1 : 1),
  );
