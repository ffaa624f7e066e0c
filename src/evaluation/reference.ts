import { logSoftmax } from '../metrics/classification';
import type { ArmOutcome } from './types';

/** Log-shares of the labels among training rows, half a row added to each: the same answer for every row. */
function majorityLogProbs(trainGold: readonly number[], classes: number): readonly number[] {
  const counts = new Array<number>(classes).fill(0.5);
  for (const label of trainGold) counts[label] = (counts[label] as number) + 1;
  return logSoftmax(counts.map(Math.log));
}

const reference = (id: string, name: string, logProbs: ArmOutcome['logProbs']): ArmOutcome => ({
  id,
  name,
  kind: 'reference',
  placement: null,
  logProbs,
  calibration: null,
  tokensSentMean: null,
  tokensComputedMean: null,
  latencyMsMedian: null,
  validation: null,
});

export const MAJORITY = 'majority';
export const WORDS = 'tfidf';

/** The line that always says the commonest label of the training rows. */
export function majorityArm(labels: readonly string[], trainGold: readonly number[], rows: number): ArmOutcome {
  const logProbs = majorityLogProbs(trainGold, labels.length);
  const commonest = labels[logProbs.indexOf(Math.max(...logProbs))] ?? '';
  return reference(MAJORITY, `Always “${commonest}”`, new Array(rows).fill(logProbs));
}

/** The line of TF-IDF and logistic regression; rows in the order of the plan. */
export const wordsArm = (logProbs: ArmOutcome['logProbs']): ArmOutcome =>
  reference(WORDS, 'TF-IDF + logistic regression', logProbs);
