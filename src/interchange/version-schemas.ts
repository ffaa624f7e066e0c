/** The form of versions and rows in files of every format. */
import { byName, z } from '../lib/zod';
import { PLACEMENTS } from '../prompt/soft-prompt';
import { ANSWER_VECTORS, OPTIMISER_NAMES } from '../training/settings';

export const text = (max: number) => z.string().max(max);
export const share = z.number().min(0).max(1);
export const count = z.int().min(0).max(1e9);
const ids = z.array(text(500)).max(1e6);

export const answerWords = z.array(z.object({ label: text(2000), word: text(2000) })).max(1000);

/** What the last comparison said, where it stayed behind. */
export const keptVerdict = z.object({ headline: text(2000), rows: count, at: text(40) });

export const wordSearch = z.object({
  outcome: z.enum(['found', 'kept', 'too-few']),
  rows: z.int().min(0),
  words: answerWords,
  loss: z.number().nullable(),
  lossBefore: z.number().nullable(),
  cues: z.object({ before: text(2000), after: text(2000) }).optional(),
});

/** Settings of the optimiser, as exported prompts have them too. */
export const optimisation = {
  beta1: z.number(),
  beta2: z.number(),
  epsilon: z.number(),
  weightDecay: z.number(),
  clipNorm: z.number(),
  seed: z.int(),
  validateEvery: count,
  patience: count.nullable(),
  metric: z.enum(['loss', 'accuracy', 'macro-f1']),
};

const calibrationSchema = z
  .object({ meanLogProbs: z.array(z.number()).max(1000), rows: count })
  .nullable()
  .optional();

/** Below which probability a person is asked, and what that gave on validation rows. */
export const thresholdSchema = z.object({ value: share, rows: count, answered: count, correct: count });

export const settingsSchema = z.object({
  placement: z.enum(PLACEMENTS),
  virtualTokens: z.int().min(1).max(1024),
  initialisation: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('text'), text: text(200_000) }),
    z.object({ kind: z.literal('answer-words') }),
    z.object({ kind: z.literal('vocabulary') }),
    z.object({ kind: z.literal('prompt'), runId: text(100), at: z.enum(['best', 'last']) }),
  ]),
  steps: count,
  batchSize: count,
  learningRate: z.number().nullable(),
  warmupSteps: count,
  optimiser: z.enum(OPTIMISER_NAMES).exactOptional(),
  ...optimisation,
  checkpointEvery: count,
  reparameterise: z.boolean().exactOptional(),
  noise: z.number().min(0).exactOptional(),
  classWeights: z.boolean().exactOptional(),
  answerVectors: z.enum(ANSWER_VECTORS).exactOptional(),
  trainRows: count.nullable().exactOptional(),
  core: z.object({ rows: count, steps: count }).exactOptional(),
  race: z.literal(true).exactOptional(),
});

const triedWith = z
  .object({
    words: answerWords,
    meanLogProbs: z.array(z.number()).max(1000).nullable(),
    longest: count.nullable(),
    seed: z.int(),
    model: text(200),
  })
  .optional();

export const hardVersionSchema = z.object({
  id: text(100),
  number: count,
  name: text(200),
  prompt: z.object({
    template: text(200_000),
    shots: z.int().min(0).max(1000),
    shotSeed: z.int(),
    selection: z.enum(['balanced', 'random', 'nearest']).optional(),
    orders: z.int().min(1).max(64).optional(),
    chat: z.boolean().optional(),
  }),
  createdAt: text(40),
  author: text(200).optional(),
  note: text(2000).optional(),
  words: answerWords.optional(),
  calibration: calibrationSchema,
  threshold: thresholdSchema.optional(),
  search: z
    .object({
      candidates: count,
      trainingRows: count,
      validationRows: count,
      loss: z.number().min(0),
      bareLoss: z.number().min(0),
    })
    .optional(),
  tried: z
    .object({
      accuracy: share,
      macroF1: share,
      confusion: z.array(z.array(count)).max(1000),
      wrongRowIds: ids,
      wrongPredictions: z.array(count).max(1e6),
      rows: count,
      seconds: z.number(),
      datasetFingerprint: text(200).optional(),
      splitHash: text(200).optional(),
      with: triedWith,
    })
    .nullable(),
  wrote: z
    .object({
      rows: count,
      rougeL: share,
      tokenF1: share,
      exactMatch: share,
      loss: z.number().min(0),
      seconds: z.number(),
      written: z.array(z.object({ rowId: text(500), text: text(200_000) })).max(10_000),
      datasetFingerprint: text(200),
      splitHash: text(200).optional(),
      with: triedWith,
    })
    .optional(),
});

/** Starts that were compared before a run. */
const raceSchema = z
  .array(
    z.object({
      name: text(200),
      losses: z.array(z.object({ step: count, loss: z.number().nullable() })).max(10),
      outcome: z.enum(['racing', 'out', 'continues']),
    }),
  )
  .max(20);

export const softVersionSchema = z.object({
  id: text(100),
  number: count,
  name: text(200),
  createdAt: text(40),
  settings: settingsSchema,
  template: text(200_000),
  initText: text(200_000),
  race: raceSchema.exactOptional(),
  handVersion: text(100).exactOptional(),
  distilled: z
    .object({
      from: text(100),
      reached: z
        .object({
          tokensBefore: z.number().min(0),
          tokensAfter: z.number().min(0),
          same: count,
          rows: count,
        })
        .exactOptional(),
    })
    .exactOptional(),
  group: text(100).exactOptional(),
  author: text(200).optional(),
  note: text(2000).optional(),
  words: answerWords.optional(),
  calibration: calibrationSchema,
  threshold: thresholdSchema.optional(),
  status: z.enum(['finished', 'early', 'stopped']),
  bestStep: count.nullable(),
  validationAccuracy: share.nullable(),
  validationLoss: z.number().min(0).exactOptional(),
  validationRows: count.exactOptional(),
  writes: z.literal(true).exactOptional(),
  seconds: z.number().nullable(),
  model: z.object({ id: text(500), sha256: text(200), dtype: text(50) }),
  datasetFingerprint: text(200),
  heldBackHash: text(200).optional(),
  splitHash: text(200).optional(),
  origin: text(200).exactOptional(),
});

export const datasetSchema = z.object({
  table: z.object({
    format: z.object({
      fileName: text(1000),
      bytes: z.number(),
      encoding: z.enum(['utf-8', 'windows-1252', 'utf-16le', 'utf-16be']),
      delimiter: z.enum([',', ';', '\t', '|']),
      kind: z.enum(['csv', 'tsv', 'jsonl', 'json', 'yaml', 'xlsx']),
    }),
    columns: z.array(text(1000)).max(1000),
    rows: z.array(z.object({ id: text(500), line: count, cells: byName('string') })).max(1e6),
    rejected: z.array(z.object({ line: count, reason: text(2000), raw: text(1e6) })).max(1e6),
  }),
  mapping: z.object({
    text: text(1000),
    label: text(1000),
    id: text(1000).nullable(),
    task: z.enum(['choose', 'write']).optional(),
  }),
  labels: z.array(text(2000)).max(1000),
  split: z.object({ train: ids, validation: ids, test: ids }),
  seed: z.int(),
  fingerprint: text(200),
  splitHash: text(200),
  heldBackHash: text(200).optional(),
  splitBy: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('seed') }),
      z.object({ kind: z.literal('column'), column: text(1000) }),
      z.object({ kind: z.literal('group'), column: text(1000) }),
    ])
    .optional(),
});
