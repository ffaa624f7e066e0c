/** What a batch has answered so far, labels or texts: too much for a store's state, which shows what follows from it. */
import type { LabelAnswers, TextAnswers } from '../../../dataset/predictions-out';
import { argmax } from '../../../metrics/classification';
import type { ReadyPrompt } from '../../../project/ready-prompt';
import { type Answering, answerRows, type Piece, writeAnswers } from '../../state/answering';
import type { Services } from '../../state/services';
import type { SessionStore } from '../../state/session-store';
import type { BatchOptions, Said } from './batch-state';

/** How far a batch is; `said`: of the rows since the piece before. */
export interface Told extends Omit<Piece<never>, 'answered'> {
  readonly said: readonly (readonly [index: number, said: Said])[];
  /** Answers by label so far; none where texts are written. */
  readonly counts: readonly number[];
}

type Asked = Pick<Answering<never>, 'rowsAt' | 'from' | 'total' | 'signal'> & {
  readonly onPiece: (told: Told) => void;
};

export interface BatchAnswers {
  readonly answer: (asked: Asked) => Promise<void>;
  /** @param each what is said of each label, beside the answer */
  readonly output: (done: number, each: BatchOptions['each']) => LabelAnswers | TextAnswers;
}

interface Using {
  readonly services: Services;
  readonly session: SessionStore;
  readonly ready: ReadyPrompt;
  /** Of the file. */
  readonly rows: number;
}

/** @param calibration mean log-probabilities that are subtracted; null = none */
export function labelAnswers(
  { services, session, ready, rows }: Using,
  calibration: readonly number[] | null,
): BatchAnswers {
  const labels = ready.words.map(({ label }) => label);
  const predictions = new Int32Array(rows).fill(-1);
  const confidences = new Float32Array(rows);
  const all = new Float32Array(rows * labels.length);
  const counts = labels.map(() => 0);
  return {
    answer: ({ onPiece, ...asked }) =>
      answerRows(services, session, {
        ...asked,
        ready,
        calibration,
        onPiece: ({ answered, ...piece }) => {
          const said = answered.map(({ index, probabilities }) => {
            const best = argmax(probabilities);
            const confidence = probabilities[best] ?? 0;
            predictions[index] = best;
            confidences[index] = confidence;
            all.set(probabilities, index * labels.length);
            counts[best] = (counts[best] ?? 0) + 1;
            return [index, { kind: 'label', label: labels[best] ?? '', confidence }] as const;
          });
          onPiece({ ...piece, said, counts: [...counts] });
        },
      }),
    output: (done, each) => ({
      labels,
      predictions: predictions.slice(0, done),
      confidences: confidences.slice(0, done),
      each: each === 'nothing' ? null : { as: each, values: all.slice(0, done * labels.length) },
    }),
  };
}

/** @param longest tokens that a text may have */
export function textAnswers({ services, session, ready, rows }: Using, longest: number): BatchAnswers {
  const written = new Array<string | null>(rows).fill(null);
  return {
    answer: ({ onPiece, ...asked }) =>
      writeAnswers(services, session, {
        ...asked,
        ready,
        longest,
        onPiece: ({ answered, ...piece }) => {
          for (const { index, text } of answered) written[index] = text;
          const said = answered.map(({ index, text }) => [index, { kind: 'text', text }] as const);
          onPiece({ ...piece, said, counts: [] });
        },
      }),
    output: (done) => ({ written: written.slice(0, done) }),
  };
}
