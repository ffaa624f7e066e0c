/** Rows answered by one version, in pieces: stopping is quick, and what is answered by then is kept. */

import type { Dataset, TaskKind } from '../dataset/types';
import type { ModelInfo, WrittenRow } from '../engine/types';
import { throwIfInterrupted } from '../inference/control';
import type { Control } from '../lib/control';
import { StudioError } from '../lib/errors';
import { labelProbabilities } from '../metrics/calibration';
import type { SoftPrompt } from '../prompt/soft-prompt';
import type { HardPrompt, LabelWord } from '../task/types';
import type { TokenRow } from '../tokens/tokenizer';
import { generateTexts, longestAnswer } from './generated-texts';
import type { Host } from './host';
import { labelTokens } from './token-rows';

/** What a version does with a row. */
export type AnsweringTask =
  | {
      readonly kind: 'classify';
      /** Mean log-probabilities that calibration subtracts; null = not calibrated. */
      readonly calibration: readonly number[] | null;
      /** Answers with a lower probability are marked for a person; left out = none. */
      readonly threshold?: number;
    }
  | {
      readonly kind: 'generate';
      /** Most tokens of a generated text; null = as the texts of the data set suggest. */
      readonly longest: number | null;
    };

/** A version that answers rows, with what it needs of its prompt set. */
export interface AnsweringVersion {
  readonly task: AnsweringTask;
  readonly prompt: HardPrompt;
  /** As they follow the prompt, in the order of the labels; empty where texts are generated. */
  readonly words: readonly LabelWord[];
  readonly soft: SoftPrompt | null;
  /** The model that its vectors were trained on; null where it has none. */
  readonly model: Pick<ModelInfo, 'id' | 'dtype' | 'sha256'> | null;
  /** The rows of its prompt set, for examples in the prompt; null where they are not here. */
  readonly dataset: Dataset | null;
}

interface Answers {
  readonly classify: {
    readonly kind: 'classify';
    readonly index: number;
    /** Index of the row's own label, where it has one. */
    readonly gold: number | null;
    readonly probabilities: readonly number[];
  };
  readonly generate: {
    readonly kind: 'generate';
    readonly index: number;
    readonly text: string;
    /** Loss of the expected text, where the row has one. */
    readonly target: WrittenRow['target'];
  };
}

/** The answer to one row, named by its place among the rows. */
export type RowAnswer<K extends TaskKind = TaskKind> = Answers[K];

export type LeftOut = readonly (readonly [index: number, reason: string])[];

/** Rows as tokens, by their places, and the rows that cannot be answered. */
export interface RowSource {
  readonly total: number;
  readonly rowsAt: (
    from: number,
    count: number,
  ) => Promise<{ readonly rows: readonly TokenRow[]; readonly leftOut: LeftOut }>;
}

/** How far the work is, and the answers since the piece before. */
export interface Piece {
  /** Rows finished so far, in order. */
  readonly done: number;
  readonly answers: readonly RowAnswer[];
  readonly leftOut: LeftOut;
  readonly rowsPerSecond: number;
  readonly secondsLeft: number | null;
}

const FIRST_PIECE = 8;
const MOST_ROWS = 256;
/** A rate over less than this says nothing about the time left. */
const SETTLED_SECONDS = 1;

/** Most tokens of this version's answers; null where it chooses a label. */
export const roomFor = (host: Pick<Host, 'tokens'>, { task, dataset }: AnsweringVersion): number | null =>
  task.kind === 'generate' ? longestAnswer(host, task.longest, dataset) : null;

type Answerer = (rows: readonly TokenRow[], control: Control) => Promise<readonly RowAnswer[]>;

interface Answering<T> {
  /** A piece takes about this long: what a stop may lose. */
  readonly seconds: number;
  readonly open: (host: Host, version: AnsweringVersion, task: T) => Answerer;
}

const ANSWERING: { readonly [K in TaskKind]: Answering<Extract<AnsweringTask, { readonly kind: K }>> } = {
  classify: {
    seconds: 1.5,
    open: ({ tokens, engine }, { words, soft }, { calibration }) => {
      const labels = labelTokens(tokens, words);
      return async (rows, control) => {
        const scored = await engine.score({ rows, labels, soft, cacheKey: null }, control);
        const gold = new Map(rows.map(({ rowId, label }) => [rowId, label]));
        return scored.rows.map(({ rowId, logProbs }) => ({
          kind: 'classify',
          index: Number(rowId),
          gold: gold.get(rowId) ?? null,
          probabilities: labelProbabilities(logProbs, calibration),
        }));
      };
    },
  },
  generate: {
    // generated many side by side, which is a few times as fast as one after the other
    seconds: 8,
    open: (host, { soft, dataset }, task) => {
      const longest = longestAnswer(host, task.longest, dataset);
      return async (rows, control) => {
        const texts = await generateTexts(host, { rows, soft, cacheKey: null, longest }, control);
        return texts.map(({ rowId, text, target }) => ({ kind: 'generate', index: Number(rowId), text, target }));
      };
    },
  },
};

/** @throws StudioError `bad-input` when the vectors were trained on other weights than are loaded */
function checkWeights({ engine: { info } }: Host, { model }: AnsweringVersion): void {
  if (model && model.sha256 !== info.sha256)
    throw new StudioError(
      'bad-input',
      `These vectors only work with ${model.id} (${model.dtype}); ${info.id} (${info.dtype}) is loaded. Load that model, then run again.`,
    );
}

const opened = (host: Host, version: AnsweringVersion, task: AnsweringTask): { seconds: number; answer: Answerer } => {
  // one entry of the table with its own task: the type of the pair is lost between the two lookups
  const { seconds, open } = ANSWERING[task.kind] as Answering<AnsweringTask>;
  return { seconds, answer: open(host, version, task) };
};

/**
 * Answers rows from one place on, in pieces that grow or shrink until one takes about as long as it should.
 * @throws StudioError `bad-input` when the vectors belong to other weights; `cancelled`; and as the engine. The pieces that
 * were given before stay valid.
 */
export async function* answered(
  host: Host,
  version: AnsweringVersion,
  { total, rowsAt }: RowSource,
  from: number,
  control: Control,
): AsyncGenerator<Piece, void> {
  checkWeights(host, version);
  const { seconds, answer } = opened(host, version, version.task);
  const startedAt = performance.now();
  let size = FIRST_PIECE;
  for (let done = from; done < total; ) {
    throwIfInterrupted(control);
    const pieceAt = performance.now();
    const count = Math.min(size, total - done);
    const { rows, leftOut } = await rowsAt(done, count);
    const answers = rows.length === 0 ? [] : await answer(rows, control);
    done += count;
    const elapsed = (performance.now() - startedAt) / 1000;
    const rowsPerSecond = (done - from) / Math.max(elapsed, 1e-3);
    const secondsLeft = elapsed < SETTLED_SECONDS ? null : (total - done) / rowsPerSecond;
    yield { done, answers, leftOut, rowsPerSecond, secondsLeft };
    const took = (performance.now() - pieceAt) / 1000;
    size = Math.max(1, Math.min(MOST_ROWS, 2 * count, Math.round((count * seconds) / Math.max(took, 1e-3))));
  }
}
