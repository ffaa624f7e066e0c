/** Rows answered by one version, some at a time, so that stopping is quick. */

import { labelProbabilities } from '../../evaluation/classify/outcome';
import { StudioError } from '../../lib/errors';
import type { ReadyPrompt } from '../../project/ready-prompt';
import type { TokenRow } from '../../tokens/types';
import type { DataMethods } from '../../worker/protocol';
import { secondsLeft } from './rate';
import type { Services } from './services';
import type { SessionStore } from './session-store';
import { type WrittenText, writeTexts } from './write-texts';

/** One piece takes about so long: what a stop may lose. */
const PIECE_SECONDS = 1.5;
/** Texts are written many side by side, which is a few times as fast as one after the other. */
const WRITTEN_PIECE_SECONDS = 8;
const FIRST_PIECE = 8;
const MOST_ROWS = 256;

export interface AnsweredRow {
  readonly index: number;
  /** Gold label index where the file has labels. */
  readonly gold: number | null;
  readonly probabilities: readonly number[];
}

export interface WrittenAnswer {
  readonly index: number;
  readonly text: string;
  /** How well the wanted text was foreseen, where there is one. */
  readonly target: WrittenText['target'];
}

/** How far it is, and what came of the rows since the piece before. */
export interface Piece<Answer> {
  /** Rows gone through so far, in order. */
  readonly done: number;
  readonly answered: readonly Answer[];
  readonly leftOut: readonly (readonly [index: number, reason: string])[];
  readonly rowsPerSecond: number;
  readonly secondsLeft: number | null;
}

export interface Answering<Answer> {
  readonly ready: ReadyPrompt;
  /** Rows by their places, as tokens, and which of them cannot be asked. */
  readonly rowsAt: (from: number, count: number) => Promise<ReturnType<DataMethods['batchRows']>>;
  readonly from: number;
  readonly total: number;
  readonly signal: AbortSignal;
  readonly onPiece: (piece: Piece<Answer>) => void;
}

type Workers = Pick<Services, 'engine' | 'data'>;

/** @throws StudioError `bad-input` when the vectors belong to other weights than are loaded */
async function checkWeights(session: SessionStore, { of, modelSha256 }: ReadyPrompt): Promise<void> {
  const info = await session.getState().modelReady();
  if (modelSha256 !== null && modelSha256 !== info.sha256 && of.kind === 'soft')
    throw new StudioError(
      'bad-input',
      `This prompt belongs to ${of.version.model.id} (${of.version.model.dtype}), but other weights are loaded, to which its vectors mean nothing. Load that model, then run again.`,
    );
}

/** Pieces that grow or shrink until one takes about `seconds`. */
async function inPieces<Answer>(
  { rowsAt, from, total, signal, onPiece }: Answering<Answer>,
  seconds: number,
  answer: (rows: readonly TokenRow[]) => Promise<readonly Answer[]>,
): Promise<void> {
  const startedAt = performance.now();
  let size = FIRST_PIECE;
  for (let done = from; done < total; ) {
    if (signal.aborted) throw new StudioError('cancelled', 'Stopped.');
    const pieceAt = performance.now();
    const count = Math.min(size, total - done);
    const { rows, leftOut } = await rowsAt(done, count);
    const answered = rows.length === 0 ? [] : await answer(rows);
    done += count;
    const elapsed = (performance.now() - startedAt) / 1000;
    onPiece({
      done,
      answered,
      leftOut,
      rowsPerSecond: (done - from) / Math.max(elapsed, 1e-3),
      secondsLeft: secondsLeft(done - from, total - from, elapsed),
    });
    const took = (performance.now() - pieceAt) / 1000;
    size = Math.max(1, Math.min(MOST_ROWS, 2 * count, Math.round((count * seconds) / Math.max(took, 1e-3))));
  }
}

/**
 * Rows answered with the probability of every label.
 * @param asked `calibration`: mean log-probabilities that are subtracted; null = the version is used without
 * @throws StudioError `bad-input` when the vectors belong to other weights; `cancelled` once `signal` is aborted; and as the
 * engine's `score`. What `onPiece` was told of is done, whatever comes later.
 */
export async function answerRows(
  { engine, data }: Workers,
  session: SessionStore,
  asked: Answering<AnsweredRow> & { readonly calibration: readonly number[] | null },
): Promise<void> {
  const { ready, calibration, signal } = asked;
  await checkWeights(session, ready);
  const { labels } = await data.call('labelTokens', { words: ready.words });
  await inPieces(asked, PIECE_SECONDS, async (rows) => {
    const { soft } = ready;
    const scored = await engine.call('score', { rows, labels, soft, cacheKey: null }, { signal });
    const gold = new Map(rows.map(({ rowId, label }) => [rowId, label]));
    return scored.rows.map(({ rowId, logProbs }) => ({
      index: Number(rowId),
      gold: gold.get(rowId) ?? null,
      probabilities: labelProbabilities(logProbs, calibration),
    }));
  });
}

/** Rows answered with the likeliest text. @param asked `longest`: tokens that a text may have. @throws as `answerRows` */
export async function writeAnswers(
  workers: Workers,
  session: SessionStore,
  asked: Answering<WrittenAnswer> & { readonly longest: number },
): Promise<void> {
  const { ready, longest, signal } = asked;
  await checkWeights(session, ready);
  await inPieces(asked, WRITTEN_PIECE_SECONDS, async (rows) => {
    const how = { signal, onShare: () => {} };
    const written = await writeTexts(workers, { rows, soft: ready.soft, cacheKey: null, longest }, how);
    return written.map(({ rowId, text, target }) => ({ index: Number(rowId), text, target }));
  });
}
