/** A comparison as it comes from the workflow worker, and every chart in its states: for tests, and for the gallery. */
import type { ArmKind, ArmResult } from '../../evaluation/types';
import { coverageCurve } from '../../metrics/calibration';
import { forEachMetric, LABEL_METRICS } from '../../metrics/registry';
import { drawAccuracy, drawConfusion, drawIntervals } from './comparison-charts';
import type { Draw } from './plot';
import { drawCoverage, drawLengths, drawReliability } from './row-charts';
import { drawCurve, drawOverlay } from './run-charts';
import { drawNorms, drawSteps, drawValidation } from './training-charts';

const arm = (id: string, name: string, kind: ArmKind, accuracy: number, half = 0.08): ArmResult => ({
  id,
  name,
  kind,
  n: 120,
  correct: Math.round(accuracy * 120),
  metrics: forEachMetric(LABEL_METRICS, () => ({
    value: accuracy,
    interval: { low: accuracy - half, high: Math.min(1, accuracy + half) },
  })),
  calibrated: false,
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

const ARMS: readonly ArmResult[] = [
  arm('majority', 'Always “negative”', 'reference', 0.38),
  arm('tfidf', 'Word counts', 'reference', 0.66),
  arm('untuned', 'Untuned prompt', 'untuned', 0.51),
  arm('yours', 'Your prompt', 'zero-shot', 0.675),
  arm('yours-8', 'Your prompt + 8 examples', 'few-shot', 0.725),
  arm('tuned', 'Tuned prompt', 'tuned', 0.817, 0.06),
];

const ACCURACIES = ARMS.map(({ metrics, ...each }) => ({ ...each, ...metrics.accuracy }));

const DIFFERENCES = [
  { name: 'Tuned prompt minus your prompt', value: 0.142, low: 0.06, high: 0.22 },
  { name: 'Tuned prompt minus your prompt + 8 examples', value: 0.09, low: -0.01, high: 0.18 },
  { name: 'Tuned prompt minus untuned prompt', value: 0.31, low: 0.2, high: 0.4 },
];

const stepsOf = (length: number, loss: (step: number) => number) =>
  Array.from({ length }, (_, step) => ({ step, loss: loss(step), learningRate: 0.01, gradNorm: 1, ms: 700 }));
const steps = stepsOf(90, (step) => 1.2 * Math.exp(-step / 40));
const points = [0.47, 0.57, 0.65, 0.7, 0.73, 0.76, 0.79, 0.8, 0.81, 0.8].map((accuracy, i) => ({
  kind: 'classify' as const,
  step: i * 10,
  accuracy,
  macroF1: accuracy,
  loss: 1,
}));
const lines = [
  { kind: 'classify' as const, id: 'majority' as const, name: 'always “neutral”', accuracy: 0.48, macroF1: 0.2 },
  { kind: 'classify' as const, id: 'untuned' as const, name: 'untuned', accuracy: 0.5, macroF1: 0.4 },
  { kind: 'classify' as const, id: 'yours' as const, name: 'your prompt', accuracy: 0.67, macroF1: 0.6 },
];
const runs = ['a', 'b', 'c'].map((id, i) => ({
  id,
  name: `${i + 1}`,
  points: points.map((p) => ({ ...p, accuracy: p.accuracy - i / 20 })),
}));
const topics = (count: number) => Array.from({ length: count }, (_, i) => `a rather long topic ${i}`);
const yours = arm('yours', 'Your prompt', 'zero-shot', 0.675);
const drawTopics = (count: number) =>
  drawConfusion({ ...yours, confusion: topics(count).map(() => topics(count).map(() => 3)) }, topics(count));
const confidences = Array.from({ length: 120 }, (_, i) => 0.4 + (0.59 * ((i * 37) % 120)) / 120);
const right = confidences.map((c, i) => (i % 10) / 10 < c);
const coverageOf = (side: 'a' | 'b', shift: number) => {
  const sure = confidences.map((c) => Math.min(0.99, c + shift));
  return { side, confidences: sure, right, curve: coverageCurve({ confidences: sure, right }) };
};
const bins = [0.45, 0.55, 0.65, 0.75, 0.85, 0.95].map((meanConfidence) => ({
  rows: 20,
  meanConfidence,
  accuracy: meanConfidence - 0.1,
  accuracyCi95: { low: meanConfidence - 0.3, high: Math.min(1, meanConfidence + 0.05) },
}));
const long = stepsOf(10_000, (step) => (step === 5000 ? 2 : 1 + Math.sin(step / 9) / 3));
const validation = { points, lines, metric: 'accuracy', stepsTotal: 150, bestStep: 80, rows: 93 } as const;
/** Every chart, in its states. */
export const CHARTS: Readonly<Record<string, Draw>> = {
  validation: drawValidation(validation),
  'validation, empty': drawValidation({ ...validation, points: [], lines: [], bestStep: null }),
  'validation, one point': drawValidation({ ...validation, points: points.slice(0, 1), bestStep: null, rows: 22 }),
  loss: drawSteps(steps, 'loss', 150),
  'loss, empty': drawSteps([], 'loss', 150),
  'loss, 10,000 steps': drawSteps(long, 'loss', 10_000),
  coverage: drawCoverage([coverageOf('a', 0), coverageOf('b', 0.05)], 0.7),
  reliability: drawReliability(bins, 'b'),
  norms: drawNorms(
    steps.map((point) => ({ ...point, vectorNorms: [2, 3 + point.step / 60, 4 + point.step / 20] })),
    [2.5, 3.2, 4],
    150,
  ),
  trace: drawSteps(
    steps.map((point) => ({ ...point, gradNorm: 1 + Math.sin(point.step / 9) })),
    'gradNorm',
    150,
  ),
  'runs over one another': drawOverlay(runs, 'accuracy'),
  'learning curve': drawCurve(
    [64, 128, 256].map((rows, i) => ({ rows, accuracy: 0.6 + i / 10 })),
    100,
  ),
  accuracy: drawAccuracy(ACCURACIES),
  'accuracy, gaps to the recommended prompt': drawAccuracy(
    ACCURACIES.toReversed().map((each) => ({
      ...each,
      gap: each.id === 'tuned' ? null : { difference: each.value - 0.817, isClear: each.id !== 'yours-8' },
    })),
  ),
  differences: drawIntervals(DIFFERENCES),
  confusion: drawConfusion(yours, ['negative', 'neutral', 'positive']),
  'confusion, 2 labels': drawConfusion(
    {
      ...yours,
      confusion: [
        [61, 4],
        [9, 46],
      ],
    },
    ['no', 'yes'],
  ),
  'confusion, 20 labels': drawTopics(20),
  'confusion, 40 labels': drawTopics(40),
  lengths: drawLengths(
    [4, 9, 22, 31, 18, 7, 2].map((rows, i) => ({ from: i * 8, to: i * 8 + 7, rows })),
    60,
  ),
};
