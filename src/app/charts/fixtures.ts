/** A comparison as it comes from the data worker, for tests of what is drawn. */
import type { ArmKind, ArmReport, PairReport } from '../../evaluation/types';

export const LABELS = ['negative', 'neutral', 'positive'];

const arm = (id: string, name: string, kind: ArmKind, accuracy: number, half = 0.08): ArmReport => ({
  id,
  name,
  kind,
  n: 120,
  correct: Math.round(accuracy * 120),
  accuracy,
  accuracyCi95: { low: accuracy - half, high: Math.min(1, accuracy + half) },
  macroF1: accuracy - 0.02,
  classes: [],
  confusion: [
    [24, 19, 3],
    [3, 38, 11],
    [1, 2, 19],
  ],
  predictions: [],
  confidences: [],
  tokensSentMean: 31,
  tokensComputedMean: 21,
  latencyMsMedian: 64,
});

export const ARMS: readonly ArmReport[] = [
  arm('majority', 'Always “negative”', 'reference', 0.38),
  arm('tfidf', 'TF-IDF + logistic regression', 'reference', 0.66),
  arm('untuned', 'Untuned', 'untuned', 0.51),
  arm('yours', 'Yours', 'zero-shot', 0.675),
  arm('yours-8', 'Yours + 8 examples', 'few-shot', 0.725),
  arm('tuned', 'Tuned', 'tuned', 0.817, 0.06),
];

const pair = (a: string, b: string, difference: number, low: number, high: number): PairReport => ({
  a,
  b,
  bothRight: 76,
  aOnly: 5,
  bOnly: 22,
  bothWrong: 17,
  difference,
  differenceCi95: { low, high },
  pExact: 0.0015,
  pMidP: 0.001,
  macroF1Difference: difference,
  macroF1Ci95: { low, high },
  macroF1P: 0.002,
  fixed: [],
  broken: [],
});

export const PAIRS: readonly PairReport[] = [
  pair('yours', 'tuned', 0.142, 0.06, 0.22),
  pair('yours-8', 'tuned', 0.09, -0.01, 0.18),
  pair('untuned', 'tuned', 0.31, 0.2, 0.4),
];
