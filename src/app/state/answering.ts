/** Rows answered by one version, some at a time, so that stopping is quick. */
import { StudioError } from '../../lib/errors';
import type { ReadyPrompt } from '../../project/wrapper';
import type { DataMethods } from '../../worker/protocol';
import { calibrated } from '../screens/playground/calibrated';
import type { Services } from '../services';
import { secondsLeft } from './rate';
import type { SessionStore } from './session-store';

/** One piece takes about so long: what a stop may lose. */
const PIECE_SECONDS = 1.5;
const FIRST_PIECE = 8;
const MOST_ROWS = 256;

interface AnsweredRow {
  readonly index: number;
  /** Gold label index where the file has labels. */
  readonly gold: number | null;
  readonly probabilities: readonly number[];
}

export interface Piece {
  /** Rows gone through so far, in order. */
  readonly done: number;
  readonly answered: readonly AnsweredRow[];
  readonly leftOut: readonly (readonly [index: number, reason: string])[];
  readonly rowsPerSecond: number;
  readonly secondsLeft: number | null;
}

export interface Answering {
  readonly ready: ReadyPrompt;
  /** Mean log-probabilities that are subtracted; null = the version is used without. */
  readonly calibration: readonly number[] | null;
  /** Rows by their places, as tokens, and which of them cannot be asked. */
  readonly rowsAt: (from: number, count: number) => Promise<ReturnType<DataMethods['batchRows']>>;
  readonly from: number;
  readonly total: number;
  readonly signal: AbortSignal;
  readonly onPiece: (piece: Piece) => void;
}

/**
 * @throws StudioError `bad-input` when the vectors belong to other weights; `cancelled` once `signal` is aborted; and as the
 * engine's `score`. What `onPiece` was told of is done, whatever comes later.
 */
export async function answerRows(
  services: Pick<Services, 'engine' | 'data'>,
  session: SessionStore,
  { ready, calibration, rowsAt, from, total, signal, onPiece }: Answering,
): Promise<void> {
  const info = await session.getState().modelReady();
  const { of, soft, words, modelSha256 } = ready;
  if (modelSha256 !== null && modelSha256 !== info.sha256 && of.kind === 'soft')
    throw new StudioError(
      'bad-input',
      `This prompt belongs to ${of.version.model.id} (${of.version.model.dtype}), but other weights are loaded, to which its vectors mean nothing. Load that model, then run again.`,
    );
  const { labels } = await services.data.call('labelTokens', { words });
  const startedAt = performance.now();
  let size = FIRST_PIECE;
  for (let done = from; done < total; ) {
    if (signal.aborted) throw new StudioError('cancelled', 'Stopped.');
    const pieceAt = performance.now();
    const count = Math.min(size, total - done);
    const { rows, leftOut } = await rowsAt(done, count);
    const scored =
      rows.length === 0
        ? []
        : (await services.engine.call('score', { rows, labels, soft, cacheKey: null }, { signal })).rows;
    const gold = new Map(rows.map(({ rowId, label }) => [rowId, label]));
    done += count;
    const elapsed = (performance.now() - startedAt) / 1000;
    onPiece({
      done,
      answered: scored.map(({ rowId, logProbs }) => ({
        index: Number(rowId),
        gold: gold.get(rowId) ?? null,
        probabilities: calibrated(logProbs, calibration),
      })),
      leftOut,
      rowsPerSecond: (done - from) / Math.max(elapsed, 1e-3),
      secondsLeft: secondsLeft(done - from, total - from, elapsed),
    });
    const took = (performance.now() - pieceAt) / 1000;
    size = Math.max(1, Math.min(MOST_ROWS, 2 * count, Math.round((count * PIECE_SECONDS) / Math.max(took, 1e-3))));
  }
}
