/** A version asked on rows whose answers are known, labels or texts: what is kept of it. */
import { StudioError } from '../../../lib/errors';
import { argmax } from '../../../metrics/classification';
import type { Measurement } from '../../../project/types';
import { type AnsweredRow, answerRows, type Piece, type WrittenAnswer, writeAnswers } from '../../state/answering';
import type { Services } from '../../state/services';
import type { SessionStore } from '../../state/session-store';
import type { MeasuredRows, Measuring } from './measure-rows';

/** Of the bootstrap; measurements of the same rows are drawn alike. */
const SEED = 0;

type Found = Pick<Measurement, 'data' | 'labels' | 'gold' | 'predictions' | 'leftOut' | 'calibrated' | 'wrote'>;

interface Asked {
  readonly services: Services;
  readonly session: SessionStore;
  readonly measuring: Measuring;
  readonly rows: MeasuredRows;
  /** Mean log-probabilities that are subtracted from those of labels. */
  readonly calibration: readonly number[] | null;
  readonly signal: AbortSignal;
  readonly onDone: (done: number, secondsLeft: number | null) => void;
}

/** Answers with their places, in order, and how many rows had none. */
function collector<Answer extends { readonly index: number }>(onDone: Asked['onDone']) {
  const answers: Answer[] = [];
  let leftOut = 0;
  return {
    onPiece: ({ answered, leftOut: more, done, secondsLeft }: Piece<Answer>) => {
      answers.push(...answered);
      leftOut += more.length;
      onDone(done, secondsLeft);
    },
    found: () => ({ answers: answers.toSorted((a, b) => a.index - b.index), leftOut }),
  };
}

const nothing = (known: string) =>
  new StudioError('bad-input', `No row of this file has a text and ${known}, so nothing can be measured on it.`);

async function onLabels({ services, session, measuring, rows, calibration, signal, onDone }: Asked): Promise<Found> {
  const { ready } = measuring;
  const { onPiece, found } = collector<AnsweredRow>(onDone);
  const { rowsAt, total } = rows;
  await answerRows(services, session, { ready, calibration, rowsAt, from: 0, total, signal, onPiece });
  const { answers, leftOut } = found();
  const known = answers.flatMap(({ index, gold, probabilities }) =>
    gold === null ? [] : [{ index, gold, prediction: argmax(probabilities) }],
  );
  if (known.length === 0) throw nothing('a label that this version knows');
  const gold = known.map((answer) => answer.gold);
  return {
    data: await rows.dataOf(
      known.map(({ index }) => index),
      gold,
    ),
    labels: ready.words.map(({ label }) => label),
    gold,
    predictions: known.map(({ prediction }) => prediction),
    leftOut: leftOut + answers.length - known.length,
    calibrated: calibration !== null,
  };
}

async function onTexts(asked: Asked, longest: number): Promise<Found> {
  const { services, session, measuring, rows, signal, onDone } = asked;
  const { ready, dataset } = measuring;
  const { onPiece, found } = collector<WrittenAnswer>(onDone);
  const { rowsAt, total } = rows;
  await writeAnswers(services, session, { ready, longest, rowsAt, from: 0, total, signal, onPiece });
  const { answers, leftOut } = found();
  const scored = answers.flatMap(({ target, ...answer }) => (target ? [{ ...answer, target }] : []));
  if (scored.length === 0) throw nothing('a wanted text');
  const at = scored.map(({ index }) => index);
  const wanted = await rows.wantedOf(at);
  const { arms } = await services.data.call('compareTexts', {
    wanted,
    arms: [
      {
        id: 'measured',
        name: 'measured',
        written: scored.map(({ text }) => text),
        scores: scored.map(({ target }) => target),
        tokensSentMean: 0,
      },
    ],
    pairs: [],
    seed: dataset?.seed ?? SEED,
  });
  const [arm] = arms;
  if (!arm) throw new StudioError('internal', 'internal: one prompt wrote, and none was measured');
  const { rougeL, tokenF1, exactMatch, perplexity, intervals, rows: perRow } = arm;
  return {
    data: await rows.dataOf(at, wanted),
    labels: [],
    gold: [],
    predictions: [],
    wrote: { rougeL, tokenF1, exactMatch, perplexity, intervals, rows: perRow },
    leftOut: leftOut + answers.length - scored.length,
    calibrated: false,
  };
}

/** @throws StudioError `bad-input` where no row can be measured on; `cancelled`; and as the engine */
export const measureOn = (asked: Asked): Promise<Found> =>
  asked.measuring.longest === null ? onLabels(asked) : onTexts(asked, asked.measuring.longest);
