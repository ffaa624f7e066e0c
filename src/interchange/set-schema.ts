/**
 * The form of the parts of a complete prompt set, checked before they are stored. The parts are kept as they were read,
 * with fields that are not named here, so that no version of the studio loses data of another one.
 */
import { z } from '../lib/zod';
import { forEachMetric, LABEL_METRICS, type Metric, TAG_METRICS, TEXT_METRICS } from '../metrics/registry';
import { answerWords, finite } from '../prompt/prompt';
import { answersSchema, faultInAnswers } from '../prompt-set/answers';
import {
  accountSchema,
  count,
  id,
  line,
  many,
  page,
  short,
  some,
  time,
  versionSchema,
} from '../prompt-set/version-schemas';

/** Not only finite ones: the log-probability of an impossible answer is -Infinity. */
const real = z.custom<number>((value) => typeof value === 'number', 'expected a number');
const steps = many(z.object({ step: count, loss: real, learningRate: real, gradNorm: real }));
const point = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('classify'), step: count, accuracy: real, macroF1: real, loss: real }),
  z.object({ kind: z.literal('tag'), step: count, microF1: real, macroF1: real, loss: real }),
  z.object({ kind: z.literal('generate'), step: count, tokenShare: real, loss: real }),
]);
const optimiser = z.object({ m: finite, v: finite });
export const checkpointSchema = z.object({
  runId: id,
  setId: id,
  checkpoint: z
    .object({
      formatVersion: z.literal(1),
      step: count,
      vectors: finite,
      optimiser,
      answers: z.object({ shift: finite, optimiser }).optional(),
      rngState: real,
      pending: many(count),
      best: z.object({ step: count, metric: real, vectors: finite, answerShift: finite.optional() }).nullable(),
      evaluationsWithoutGain: count,
      steps,
      validations: many(point),
      elapsedMs: real,
      environment: line,
    })
    .refine(
      ({ vectors, optimiser: kept }) => Object.values(kept).every(({ length }) => length === vectors.length),
      'sizes differ',
    ),
});

const numbers = many(real);
const range = z.object({ low: real, high: real });
const figure = z.object({ value: real, interval: range });
const figures = <Id extends string>(metrics: Readonly<Record<Id, Metric>>) =>
  z.object(forEachMetric(metrics, () => figure));
const calibration = z.object({ meanLogProbs: numbers, rows: count }).nullable();
const arm = z.object({
  id: short,
  name: line,
  kind: id,
  logProbs: many(numbers),
  calibration,
  decided: z.boolean().optional(),
  hasIntercepts: z.literal(true).optional(),
});
const armReport = z.object({
  id: short,
  name: line,
  kind: id,
  n: count,
  correct: count,
  metrics: figures(LABEL_METRICS),
  confusion: some(numbers),
  predictions: many(z.int()),
  confidences: numbers,
});
const pair = z.object({
  a: short,
  b: short,
  metrics: figures(LABEL_METRICS),
  fixed: many(line),
  broken: many(line),
});

/** Fields of every comparison. */
const compared = {
  id: id.min(1),
  setId: id,
  createdAt: time,
  writtenVersion: id.nullable(),
  trainedVersion: id.nullable(),
  datasetFingerprint: short,
  backend: id,
  threads: count,
  versions: z.record(short, versionSchema),
  words: answerWords.optional(),
  splitHash: short,
  model: short,
  account: accountSchema,
};

const classified = z.object({
  kind: z.literal('classify'),
  ...compared,
  fineTuning: z
    .object({
      numbers: count,
      seconds: real,
      trainingRows: count,
      step: count,
      accuracy: real,
      ci95: range,
      rows: count,
    })
    .optional(),
  plan: z
    .object({
      noVersion: z.record(short, line).exactOptional(),
      labels: some(line),
      rowIds: many(line),
      gold: many(z.int()),
      arms: some(arm),
      pairs: some(z.array(short).length(2)),
      production: z.object({ arm: short, name: line, addedRows: count }).optional(),
      looks: count,
      seed: real,
    })
    .refine(
      ({ rowIds, gold, arms }) =>
        gold.length === rowIds.length && arms.every(({ logProbs }) => logProbs.length === rowIds.length),
      'rows, labels and answers differ in number',
    ),
  comparison: z.object({
    arms: some(armReport),
    pairs: some(pair),
    verdict: z.object({ kind: id, headline: line, detail: page }),
    n: count,
  }),
});

const places = many(many(z.int().min(0)));

const tagged = z.object({
  kind: z.literal('tag'),
  ...compared,
  plan: z
    .object({
      labels: some(line),
      rowIds: many(line),
      gold: places,
      arms: some(z.object({ id: short, name: line, kind: id, odds: many(numbers), cuts: numbers })),
      pairs: some(z.array(short).length(2)),
      looks: count,
      seed: real,
    })
    .refine(
      ({ rowIds, gold, arms }) =>
        gold.length === rowIds.length && arms.every(({ odds }) => odds.length === rowIds.length),
      'rows, labels and answers differ in number',
    ),
  comparison: z.object({
    n: count,
    arms: some(
      z.object({
        id: short,
        name: line,
        kind: id,
        metrics: figures(TAG_METRICS),
        given: places,
        labels: some(z.object({ label: line, precision: figure, recall: figure, f1: figure, support: count })),
      }),
    ),
    pairs: some(z.object({ a: short, b: short, metrics: figures(TAG_METRICS) })),
    verdict: z.object({ kind: id, headline: line, detail: page }),
  }),
});

const generated = z.object({
  kind: z.literal('generate'),
  ...compared,
  plan: z
    .object({
      rowIds: many(line),
      wanted: many(page),
      arms: some(
        z.object({
          id: short,
          name: line,
          written: many(page),
          scores: many(z.object({ logProb: real, tokens: count })),
        }),
      ),
      pairs: some(z.array(short).length(2)),
      looks: count,
      seed: real,
    })
    .refine(
      ({ rowIds, wanted, arms }) =>
        [wanted, ...arms.flatMap(({ written, scores }) => [written, scores])].every(
          (each) => each.length === rowIds.length,
        ),
      'rows, expected texts and answers differ in number',
    ),
  comparison: z.object({
    n: count,
    arms: some(z.object({ id: short, name: line, metrics: figures(TEXT_METRICS), rows: numbers })),
    pairs: some(z.object({ a: short, b: short, metrics: figures(TEXT_METRICS) })),
    verdict: z.object({ kind: id, headline: line, detail: page }),
  }),
});

export const evaluationSchema = z.discriminatedUnion('kind', [classified, tagged, generated]);

export const measurementSchema = z.object({
  id: id.min(1),
  setId: id,
  versionId: id,
  createdAt: time,
  key: short,
  data: z.object({ kind: z.enum(['test', 'file']), id, name: line }),
  fingerprint: short,
  answers: answersSchema().refine((of) => faultInAnswers(of) === null, 'labels and answers do not fit each other'),
  account: accountSchema,
  beside: z.object({ families: many(count), seen: many(count) }).nullable(),
  model: z.object({ id: line, sha256: short }),
});
