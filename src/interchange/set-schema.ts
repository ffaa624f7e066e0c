/**
 * The form of the parts of a complete prompt set, checked before they are stored. The parts are kept as they were read,
 * with fields that are not named here, so that no version of the studio loses data of another one.
 */
import { z } from '../lib/zod';
import { PLACEMENTS } from '../prompt/soft-prompt';
import { STAGE_POLICIES } from '../prompt-set/types';
import { answerWords, count, keptVerdict, softVersionSchema, text, wordSearch } from './version-schemas';

const list = <T extends z.ZodType>(of: T, most = 1e6) => z.array(of).max(most);
const floats = z.instanceof(Float32Array);
const finite = floats.refine((values) => values.every(Number.isFinite), 'contains numbers that are not finite');

export const setSchema = z.object({
  id: text(100).min(1),
  name: text(200).min(1),
  handle: text(100).min(1),
  createdAt: text(40),
  updatedAt: text(40),
  deletedAt: text(40).nullable(),
  words: answerWords,
  baseTemplate: text(200_000),
  hard: list(text(100), 10_000),
  soft: list(text(100), 10_000),
  chosenHard: text(100).nullable(),
  chosenSoft: text(100).nullable(),
  datasetFingerprint: text(200).nullable(),
  datasetName: text(1000).nullable(),
  testLooks: count,
  earlierLooks: list(z.object({ fingerprint: text(200), looks: count }), 1000).optional(),
  wordSearch: wordSearch.optional(),
  verdict: keptVerdict.optional(),
  tags: list(text(100), 100).optional(),
  notes: text(20_000).optional(),
  moves: list(
    z.object({ stage: text(100), from: text(100).nullable(), to: text(100).nullable(), at: text(40) }),
    100_000,
  ).optional(),
  policy: z
    .object({ kind: z.enum(STAGE_POLICIES), rowTimeoutMs: z.number().positive().max(3_600_000).optional() })
    .optional(),
});

/** Of a run in any state; its vectors are in a file of their own. */
export const softSchema = softVersionSchema
  .pick({
    number: true,
    name: true,
    createdAt: true,
    settings: true,
    template: true,
    initText: true,
    race: true,
    bestStep: true,
    seconds: true,
    model: true,
    datasetFingerprint: true,
  })
  .extend({
    id: text(100).min(1),
    status: z.enum(['running', 'finished', 'early', 'stopped', 'paused', 'failed']),
    error: text(10_000).nullable(),
    soft: z
      .object({
        placement: z.enum(PLACEMENTS),
        virtualTokens: z.int().min(1),
        hidden: z.int().min(1),
        answerWords: z.int().min(1).optional(),
      })
      .nullable(),
    validationAccuracy: z.number().nullable(),
  });

/** Not only finite ones: the log-probability of an impossible answer is -Infinity. */
const real = z.custom<number>((value) => typeof value === 'number', 'expected a number');
const steps = list(z.object({ step: count, loss: real, learningRate: real, gradNorm: real }));
const shares = z.object({ step: count, accuracy: real, macroF1: real, loss: real });
const point = z.discriminatedUnion('kind', [
  shares.extend({ kind: z.literal('classify') }),
  z.object({ kind: z.literal('generate'), step: count, tokenShare: real, loss: real }),
]);
const optimiser = z.record(z.string(), finite);
/** Fields of a checkpoint in every version of its format. */
const state = {
  step: count,
  vectors: finite,
  rngState: real,
  pending: list(count),
  best: z.object({ step: count, metric: real, vectors: finite, answerShift: finite.optional() }).nullable(),
  evaluationsWithoutGain: count,
  steps,
  elapsedMs: real,
  environment: text(1000),
};

export const checkpointSchema = z.object({
  runId: text(100),
  setId: text(100),
  checkpoint: z.discriminatedUnion('formatVersion', [
    z
      .object({
        formatVersion: z.literal(1),
        ...state,
        m: finite,
        v: finite,
        net: z.object({ weights: finite, m: finite, v: finite }).optional(),
        validations: list(shares),
      })
      .refine(({ vectors, m, v }) => vectors.length === m.length && vectors.length === v.length, 'sizes differ'),
    z
      .object({
        formatVersion: z.literal(2),
        ...state,
        optimiser,
        net: z.object({ weights: finite, optimiser }).optional(),
        answers: z.object({ shift: finite, optimiser }).optional(),
        validations: list(point),
      })
      .refine(
        ({ vectors, optimiser: kept }) => Object.values(kept).every(({ length }) => length === vectors.length),
        'sizes differ',
      ),
  ]),
});

const numbers = list(real);
const range = z.object({ low: real, high: real });
const calibration = z.object({ meanLogProbs: numbers, rows: count }).nullable();
const arm = z.object({
  id: text(200),
  name: text(1000),
  kind: text(50),
  logProbs: list(numbers),
  calibration,
});
const armReport = z.object({
  id: text(200),
  name: text(1000),
  kind: text(50),
  n: count,
  correct: count,
  accuracy: real,
  accuracyCi95: range,
  macroF1: real,
  confusion: list(numbers, 1000),
  predictions: list(z.int()),
  confidences: numbers,
});
const pair = z.object({
  a: text(200),
  b: text(200),
  difference: real,
  differenceCi95: range,
  pExact: real,
  fixed: list(text(500)),
  broken: list(text(500)),
});

/** Fields of every comparison. */
const compared = {
  id: text(100).min(1),
  setId: text(100),
  createdAt: text(40),
  hardVersion: text(100).nullable(),
  softVersion: text(100).nullable(),
  datasetFingerprint: text(200),
  backend: text(100),
  threads: count,
  splitHash: text(200).optional(),
  model: text(200).optional(),
  votes: list(z.object({ rowId: text(500), choice: z.enum(['a', 'b', 'tie', 'both-bad']) })).optional(),
};

export const evaluationSchema = z.object({
  ...compared,
  shownUnder: list(z.enum(['chosen', 'raw', 'calibrated']), 3).optional(),
  plan: z
    .object({
      labels: list(text(2000), 1000),
      rowIds: list(text(500)),
      gold: list(z.int()),
      arms: list(arm, 200),
      pairs: list(z.array(text(200)).length(2), 1000),
      production: z.object({ arm: text(200), name: text(1000), addedRows: count }).optional(),
      looks: count,
      seed: real,
    })
    .refine(
      ({ rowIds, gold, arms }) =>
        gold.length === rowIds.length && arms.every(({ logProbs }) => logProbs.length === rowIds.length),
      'rows, labels and answers differ in number',
    ),
  comparison: z.object({
    arms: list(armReport, 200),
    pairs: list(pair, 1000),
    verdict: z.object({ kind: text(100), headline: text(2000), detail: text(10_000) }),
    n: count,
    looks: count,
  }),
});

const measures = z.object({ rougeL: real, tokenF1: real, exactMatch: real, perplexity: real });

export const writingSchema = z.object({
  ...compared,
  plan: z
    .object({
      rowIds: list(text(500)),
      wanted: list(text(200_000)),
      arms: list(
        z.object({
          id: text(200),
          name: text(1000),
          written: list(text(200_000)),
          scores: list(z.object({ logProb: real, tokens: count })),
        }),
        200,
      ),
      pairs: list(z.array(text(200)).length(2), 1000),
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
    arms: list(measures.extend({ id: text(200), name: text(1000), rows: numbers }), 200),
    duels: list(z.object({ a: text(200), b: text(200), sentence: text(10_000) }), 1000),
    verdict: z.object({ headline: text(2000), detail: text(10_000) }),
  }),
});

export const measurementSchema = z
  .object({
    id: text(100).min(1),
    setId: text(100),
    versionId: text(100),
    createdAt: text(40),
    data: z.object({ kind: z.enum(['held-back', 'file']), name: text(1000), fingerprint: text(200) }),
    labels: list(text(2000), 1000),
    gold: list(z.int()),
    predictions: list(z.int()),
    wrote: measures
      .extend({
        intervals: z.object({ rougeL: range, tokenF1: range, exactMatch: range, perplexity: range }),
        rows: numbers,
      })
      .optional(),
    leftOut: count,
    known: z.object({ same: count, almost: count, isSure: z.boolean() }).nullable().optional(),
    calibrated: z.boolean(),
    model: z.object({ id: text(500), sha256: text(200) }),
  })
  .refine(({ gold, predictions }) => gold.length === predictions.length, 'labels and answers differ in number');
