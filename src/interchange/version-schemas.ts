/** The form of versions and rows in files of every format. */
import { byName, z } from '../lib/zod';
import { faultInWords } from '../metrics/logistic';
import { allFinite, PLACEMENTS } from '../prompt/soft-prompt';
import { STAGE_POLICIES } from '../prompt-set/types';
import { ANSWER_VECTORS, OPTIMISER_NAMES } from '../training/settings';

/** What a file may hold, as it may come from a stranger: characters of a text, and how many of a thing. */
export const text = (max: number) => z.string().max(max);
export const time = text(40);
export const id = text(100);
export const short = text(200);
export const line = text(2000);
export const page = text(200_000);
export const some = <T extends z.ZodType>(of: T) => z.array(of).max(1000);
export const many = <T extends z.ZodType>(of: T) => z.array(of).max(1e6);

/** Texts, and sets of vectors, that may answer together. */
export const MOST_TOGETHER = 64;
/** Words and word sequences that may be counted. */
export const MOST_FEATURES = 2_000_000;

export const share = z.number().min(0).max(1);
export const count = z.int().min(0).max(1e9);
const ids = many(line);

export const answerWords = some(z.object({ label: line, word: line }));

/** What the last comparison said, where it stayed behind. */
export const keptVerdict = z.object({ headline: line, rows: count, at: time });

export const wordSearch = z.object({
  outcome: z.enum(['found', 'kept', 'too-few']),
  rows: count,
  words: answerWords,
  loss: z.number().nullable(),
  lossBefore: z.number().nullable(),
  cues: z.object({ before: line, after: line }).optional(),
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
  .object({ meanLogProbs: some(z.number()), rows: count })
  .nullable()
  .optional();

/** Who answers for a stage; see `StagePolicy`. */
export const policySchema = z.object({
  kind: z.enum(STAGE_POLICIES),
  rowTimeoutMs: z.number().positive().max(3_600_000).optional(),
});

/** Below which probability a person is asked, and what that gave on validation rows. */
export const thresholdSchema = z.object({ value: share, rows: count, answered: count, correct: count });

export const settingsSchema = z.object({
  placement: z.enum(PLACEMENTS),
  virtualTokens: z.int().min(1).max(1024),
  initialisation: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('text'), text: page }),
    z.object({ kind: z.literal('answer-words') }),
    z.object({ kind: z.literal('vocabulary') }),
    z.object({ kind: z.literal('prompt'), runId: id, at: z.enum(['best', 'last']) }),
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
    meanLogProbs: some(z.number()).nullable(),
    longest: count.nullable(),
    seed: z.int(),
    model: short,
  })
  .optional();

export const hardVersionSchema = z.object({
  id,
  number: count,
  name: short,
  prompt: z.object({
    template: page,
    shots: z.int().min(0).max(1000),
    shotSeed: z.int(),
    selection: z.enum(['balanced', 'random', 'nearest']).optional(),
    orders: z.int().min(1).max(64).optional(),
    chat: z.boolean().optional(),
  }),
  createdAt: time,
  author: short.optional(),
  note: line.optional(),
  words: answerWords.optional(),
  calibration: calibrationSchema,
  threshold: thresholdSchema.optional(),
  search: z
    .object({
      candidates: count,
      trainingRows: count,
      validationRows: count,
      pooled: z.literal(true).optional(),
      loss: z.number().min(0),
      bareLoss: z.number().min(0),
    })
    .optional(),
  tried: z
    .object({
      accuracy: share,
      macroF1: share,
      confusion: some(z.array(count)),
      wrongRowIds: ids,
      wrongPredictions: many(count),
      rows: count,
      seconds: z.number(),
      datasetFingerprint: short.optional(),
      splitHash: short.optional(),
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
      written: many(z.object({ rowId: line, text: page })),
      datasetFingerprint: short,
      splitHash: short.optional(),
      with: triedWith,
    })
    .optional(),
});

export const finite = z.instanceof(Float32Array).refine(allFinite, 'contains numbers that are not finite');

const storedVectors = z
  .strictObject({
    placement: z.enum(PLACEMENTS),
    vectors: finite,
    virtualTokens: z.int().min(1).max(1024),
    hidden: z.int().min(1).max(65_536),
    answerShift: finite.exactOptional(),
  })
  .refine(({ vectors, virtualTokens, hidden }) => vectors.length === virtualTokens * hidden, 'has other numbers');

const wordModel = z
  .object({
    ngrams: z.int().min(1).max(5),
    sublinear: z.boolean(),
    vocabulary: z.array(page).max(MOST_FEATURES),
    idf: many(z.number()),
    classes: z.int().min(2).max(1000),
    known: some(z.int().min(0)),
    weights: z.instanceof(Float64Array),
  })
  .refine((model) => faultInWords(model) === null, 'words that do not fit together');

/** What answers beside a version's own vectors. */
export const besideSchema = z.object({
  from: line.optional(),
  softs: z.array(storedVectors).max(MOST_TOGETHER - 1),
  words: z.object({ model: wordModel, weight: share }).nullable(),
});

/** Starts that were compared before a run. */
const raceSchema = some(
  z.object({
    name: short,
    losses: some(z.object({ step: count, loss: z.number().nullable() })),
    outcome: z.enum(['racing', 'out', 'continues']),
  }),
);

export const softVersionSchema = z.object({
  id,
  number: count,
  name: short,
  createdAt: time,
  settings: settingsSchema,
  template: page,
  initText: page,
  race: raceSchema.exactOptional(),
  handVersion: id.exactOptional(),
  examples: ids.exactOptional(),
  distilled: z
    .object({
      from: id,
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
  group: id.exactOptional(),
  author: short.optional(),
  note: line.optional(),
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
  model: z.object({ id: line, sha256: short, dtype: id }),
  datasetFingerprint: short,
  heldBackHash: short.optional(),
  splitHash: short.optional(),
  origin: short.exactOptional(),
});

export const datasetSchema = z.object({
  table: z.object({
    format: z.object({
      fileName: line,
      bytes: z.number(),
      encoding: z.enum(['utf-8', 'windows-1252', 'utf-16le', 'utf-16be']),
      delimiter: z.enum([',', ';', '\t', '|']),
      kind: z.enum(['csv', 'tsv', 'jsonl', 'json', 'yaml', 'xlsx']),
    }),
    columns: some(line),
    rows: many(z.object({ id: line, line: count, cells: byName('string') })),
    rejected: many(z.object({ line: count, reason: line, raw: text(1e6) })),
  }),
  mapping: z.object({
    text: line,
    label: line,
    id: line.nullable(),
    task: z.enum(['choose', 'write']).optional(),
  }),
  labels: some(line),
  split: z.object({ train: ids, validation: ids, test: ids }),
  seed: z.int(),
  fingerprint: short,
  splitHash: short,
  heldBackHash: short.optional(),
  splitBy: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('seed') }),
      z.object({ kind: z.literal('column'), column: line }),
      z.object({ kind: z.literal('group'), column: line }),
    ])
    .optional(),
});
