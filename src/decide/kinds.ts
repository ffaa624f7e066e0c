/** What decisions ask of a kind of task: which answers are right, since a wrong one costs, and how sure each is. */
import type { TaskKind } from '../dataset/types';
import type { ArmResult } from '../evaluation/types';
import { calibrated } from '../metrics/calibration';
import { leastSure, tagProbabilities } from '../metrics/tags';
import type { Evaluation } from '../prompt-set/types';
import type { Results } from '../report/results-schema';

export interface Judged {
  readonly isCorrect: readonly boolean[];
  readonly confidences: readonly number[];
  /** Left out where only the mean is known. */
  readonly tokensSent?: readonly number[];
}

interface Judge<K extends TaskKind> {
  readonly compared: (plan: Extract<Evaluation, { readonly kind: K }>['plan'], arm: ArmResult<K>) => Judged;
  readonly stored: (arm: Extract<Results, { readonly task: K }>['arms'][number]) => Judged;
  /** When a row is right, where that needs a word. */
  readonly right: string | null;
  /** Why nothing is priced or rehearsed; null = it is. */
  readonly refused: string | null;
}

const largest = (logProbs: readonly number[]): number => Math.exp(Math.max(...logProbs));
const isSame = (a: readonly unknown[], b: readonly unknown[]) => a.length === b.length && a.every((x) => b.includes(x));
const sureOfTags = (odds: readonly number[], cuts: readonly number[]) =>
  leastSure(tagProbabilities([...odds, 0], [...cuts, 0]));

const NONE: Judged = { isCorrect: [], confidences: [] };

const JUDGES: { readonly [K in TaskKind]: Judge<K> } = {
  classify: {
    compared: (plan, { id, predictions, confidences }) => {
      const tokensSent = plan.arms.find((arm) => arm.id === id)?.tokensSent;
      const isCorrect = predictions.map((label, i) => label === plan.gold[i]);
      return { isCorrect, confidences, ...(tokensSent && { tokensSent }) };
    },
    stored: ({ rows, calibrated: isCalibrated, calibration }) => {
      const means = isCalibrated && calibration ? calibration.meanLogProbs : null;
      const meanOf = (label: string) => (means && Object.hasOwn(means, label) ? (means[label] as number) : 0);
      return {
        isCorrect: rows.map(({ gold, predicted }) => gold === predicted),
        confidences: rows.map(({ logProbs }) =>
          largest(calibrated(Object.values(logProbs), means && Object.keys(logProbs).map(meanOf))),
        ),
      };
    },
    right: null,
    refused: null,
  },
  tag: {
    compared: (plan, { id, given }) => {
      const { odds, cuts } = plan.arms.find((arm) => arm.id === id) ?? { odds: [], cuts: [] };
      return {
        isCorrect: given.map((tags, i) => isSame(tags, plan.gold[i] ?? [])),
        confidences: odds.map((row) => sureOfTags(row, cuts)),
      };
    },
    stored: ({ rows, cuts }) => ({
      isCorrect: rows.map(({ gold, given }) => isSame(given, gold)),
      confidences: rows.map(({ odds }) => sureOfTags(Object.values(odds), Object.values(cuts))),
    }),
    right: 'A row is right where it gets exactly its labels.',
    refused: null,
  },
  generate: {
    compared: () => NONE,
    stored: () => NONE,
    right: null,
    refused:
      'Costs and rehearsals count answers that are right or wrong; a generated text is only closer or further. Judge texts on Compare, with blind votes.',
  },
};

export const judgeOf = (kind: TaskKind): Judge<TaskKind> => JUDGES[kind] as Judge<TaskKind>;
