import { LEFT_OUT_REASONS, QUOTES, TASK_KINDS } from '../dataset/types';
import { ERROR_CODES } from '../lib/errors';
import { byName, count, id, line, many, page, share, short, some, text, time, z } from '../lib/zod';
import { answerWords, promptSchema } from '../prompt/prompt';
import { PLACEMENTS } from '../prompt/soft-prompt';
import { ANSWER_VECTORS } from '../training/settings';

export const accountSchema = z.object({
  read: count.describe('Rows of the files'),
  used: count,
  leftOut: z.partialRecord(z.enum(LEFT_OUT_REASONS), count).describe('Rows by reason; with the used ones they are all'),
});
const ids = many(line);

/** What the last comparison said, in a set that came without its rows: comparisons name rows, so they stayed behind. */
const keptVerdict = z.object({
  headline: line,
  /** Test rows that it rests on. */
  rows: count,
  /** ISO time of the comparison. */
  at: time,
});

/** What a search for answer words came to. */
const wordSearch = z.object({
  /** `kept`: the words before it stayed, as no others are clearly better. */
  outcome: z.enum(['found', 'kept', 'too-few']),
  /** Training rows that were read. */
  rows: count,
  /** The words at its end; once the set has others, it says nothing of them. */
  words: answerWords,
  /** Cross-validated, of these words and of those before it; null where they could not be scored. */
  loss: z.number().nullable(),
  lossBefore: z.number().nullable(),
  /** Where another cue replaced the template's. */
  cues: z.object({ before: line, after: line }).optional(),
});

/** Settings of the optimiser, as exported prompts have them too. */
const optimisation = {
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

const settingsSchema = z.object({
  placement: z.enum(PLACEMENTS),
  virtualTokens: z.int().min(1).max(1024),
  initialisation: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('text'), text: page }),
    z.object({ kind: z.literal('answer-words') }),
    z.object({ kind: z.literal('vocabulary') }),
    z.object({ kind: z.literal('transfer') }),
    z.object({ kind: z.literal('prompt'), runId: id, at: z.enum(['best', 'last']) }),
  ]),
  steps: count,
  batchSize: count,
  learningRate: z.number().nullable(),
  warmupSteps: count,
  ...optimisation,
  checkpointEvery: count,
  classWeights: z.boolean().exactOptional(),
  answerVectors: z.enum(ANSWER_VECTORS).exactOptional(),
  trainRows: count.nullable().exactOptional(),
  core: z.object({ rows: count, steps: count }).exactOptional(),
  averagedSteps: count.exactOptional(),
  auto: z.literal(true).exactOptional(),
});

/** What decides a try besides its prompt, its rows and their split. */
export const triedWith = z.object({
  /** The answer words; empty where texts are generated. */
  words: answerWords,
  /** What calibration subtracted from the log-probabilities; null = nothing. */
  meanLogProbs: some(z.number()).nullable(),
  /** Most tokens of a generated answer, as it was set; null = as the texts suggest. */
  longest: count.nullable(),
  /** Of the data set: it decides which validation rows are drawn. */
  seed: z.int(),
  /** SHA-256 of the weights. */
  model: short,
});

/** How a hand-written prompt was found. */
const promptSearch = z.object({
  /** Prompts that took part. */
  candidates: count,
  /** Training rows that the best of them answered. */
  trainingRows: count,
  /** Validation rows that the last choice rests on; 0 = it was stopped before, and training rows chose. */
  validationRows: count,
  /** The training rows chose with the validation rows; in earlier versions only where those were few. */
  pooled: z.literal(true).optional(),
  /** Cross-validated loss on the rows that chose. */
  loss: z.number().min(0),
  /** That of the template alone on the same rows. */
  bareLoss: z.number().min(0),
});

/** Where a version comes from. */
const originSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('written') }),
  /** By the studio. `bare`: the template alone, because the first proposal was worse. */
  z.object({ kind: z.literal('proposed'), bare: z.boolean() }),
  /** It was compared to have something to beat. */
  z.object({ kind: z.literal('baseline'), which: z.enum(['untuned', 'majority', 'counts']) }),
  z.object({ kind: z.literal('found'), search: promptSearch }),
  /** `onto`: a hybrid's hand-written version, whose text the vectors are added to. */
  z.object({ kind: z.literal('run'), run: id, onto: id.exactOptional() }),
  /** A linear probe: the training rows that it was fitted on, and the inverse strength of the penalty of each fit. */
  z.object({ kind: z.literal('probe'), rows: count, c: z.array(z.number().positive()) }),
  /** Several prompts as one; ids of the versions that its vectors come from. */
  z.object({ kind: z.literal('mixed'), of: some(id) }),
  z.object({ kind: z.literal('imported'), from: short }),
]);

const modelSchema = z.object({ id: line, sha256: short, dtype: id });

const ofTry = {
  rows: count,
  seconds: z.number(),
  datasetFingerprint: short,
  /** The split whose validation rows they were drawn from. */
  splitHash: short,
  with: triedWith,
};

/** What a prompt said of some validation rows. Shares and means over them are from 0 to 1. */
const triedSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('classify'),
    accuracy: share,
    macroF1: share,
    confusion: some(z.array(count)),
    wrongRowIds: ids,
    /** Predicted label index of each wrong row, in the order of wrongRowIds. */
    wrongPredictions: many(count),
    ...ofTry,
  }),
  z.object({
    kind: z.literal('tag'),
    microF1: share,
    macroF1: share,
    subsetAccuracy: share,
    given: many(z.object({ rowId: line, tags: some(count) })),
    ...ofTry,
  }),
  z.object({
    kind: z.literal('generate'),
    rougeL: share,
    tokenF1: share,
    exactMatch: share,
    /** Cross-entropy per token of the expected texts, mean over the rows. */
    loss: z.number().min(0),
    written: many(z.object({ rowId: line, text: page })),
    ...ofTry,
  }),
]);

/** Rows that something learned from, and which of them it never saw. */
const learnedRows = {
  datasetFingerprint: short,
  /** Hash of the test rows, which it never saw; missing = unknown. */
  heldBackHash: short.optional(),
  /** Hash of all three parts. */
  splitHash: short,
};

/** A prompt in a set, with its history. */
export const versionSchema = z.object({
  /** Of what was compared and is in no set: the id of its prompt (`promptId`). */
  id: id.min(1),
  /** Hand-written versions are counted apart from all others; 0 = it is in no set. */
  number: count,
  name: short,
  createdAt: time,
  /** Who made it; missing = unknown. */
  author: short.optional(),
  /** The author's note. */
  note: line.optional(),
  prompt: promptSchema,
  /** A comparison or a search has decided its calibration, which stays. */
  calibrated: z.boolean(),
  origin: originSchema,
  /** That its vectors were trained on; null = it has none, and any model reads it. */
  model: modelSchema.nullable(),
  /** The rows that it learned from; null = it learned from none, or nobody knows. */
  learned: z.object(learnedRows).nullable(),
  tried: triedSchema.nullable(),
});

/** Whose answers a run learned instead of the rows' labels, and how close it came. */
const distilledSchema = z.object({
  /** The version that taught. */
  from: id,
  /** Mean tokens of a row, all included, and on how many validation rows both agree, and are right. Left out before the end. */
  reached: z
    .object({
      tokensBefore: z.number().min(0),
      tokensAfter: z.number().min(0),
      same: count,
      rightBefore: count,
      rightAfter: count,
      rows: count,
    })
    .exactOptional(),
});

/** One training run. When it ends well it makes a version of the same id. */
export const runSchema = z.object({
  id: id.min(1),
  number: count,
  name: short,
  createdAt: time,
  settings: settingsSchema,
  /** In the order of the labels; empty = it is trained to generate texts. */
  words: answerWords,
  /** The exact text around the vectors. */
  template: page,
  /** Ids of the training rows that the template shows as examples: the run is not trained on them. Missing = none. */
  examples: ids.exactOptional(),
  initText: page,
  /** A hybrid: the hand-written version whose text the vectors are added to. Missing = the base template's. */
  handVersion: id.exactOptional(),
  /** Missing = it learned the rows' labels. */
  distilled: distilledSchema.exactOptional(),
  /** Runs started together share it. */
  group: id.exactOptional(),
  status: z.enum(['running', 'finished', 'early', 'stopped', 'paused', 'failed']),
  /** Why it failed, as `toWire` writes it. */
  error: z
    .object({ code: z.enum(ERROR_CODES), message: page, data: z.record(id, z.unknown()).exactOptional() })
    .nullable(),
  bestStep: count.nullable(),
  validationAccuracy: share.nullable(),
  /** Of the kept step of a run that generates texts: cross-entropy per token, mean over the rows. */
  validationLoss: z.number().min(0).exactOptional(),
  /** How many validation rows chose the kept step; missing before the end. */
  validationRows: count.exactOptional(),
  seconds: z.number().nullable(),
  /** Of WebAssembly at its end, with the model in it; missing = not measured. */
  heapBytes: count.exactOptional(),
  model: modelSchema,
  ...learnedRows,
});

export const STAGE_POLICIES = ['as-asked', 'fallback', 'shadow', 'hand-written'] as const;

/**
 * Which prompt answers for a stage. `fallback`: the hand-written version in use answers where the stage's version is missing,
 * fails, or is less sure than its threshold. `shadow`: both answer, and the hand-written one counts. `hand-written`: that one only.
 */
export const policySchema = z.object({
  kind: z.enum(STAGE_POLICIES),
  /** Only of `fallback`: longer for a row, and the hand-written version answers. Missing = no limit. */
  rowTimeoutMs: z.number().positive().max(3_600_000).optional(),
});

/** A stage was pointed to a version, or (`to` null) removed. */
const moveSchema = z.object({
  stage: id,
  /** Version ids; null = the stage was new, or was removed. */
  from: id.nullable(),
  to: id.nullable(),
  at: time,
  /** Why. */
  note: line.optional(),
});

/** How often the test rows of a data set were used, while it was open. */
const earlierLooks = z.object({ fingerprint: short, looks: count });

/** The unit that is stored, compared, presented and exported. */
export const setSchema = z.object({
  id: id.min(1),
  name: short.min(1),
  /** UPPER_SNAKE, unique. */
  handle: id.min(1),
  createdAt: time,
  updatedAt: time,
  /** When it was deleted; null = it was not. A deleted set can be restored. */
  deletedAt: time.nullable(),
  kind: z.enum(TASK_KINDS),
  /** Most tokens of a generated answer; null = derived from the expected texts. */
  longest: count.nullable(),
  /** Empty if the task generates texts. */
  words: answerWords,
  /** The text around a row: Untuned uses it alone, Tuned with its vectors. */
  baseTemplate: page,
  /** The last search for answer words; missing = none was made. */
  wordSearch: wordSearch.optional(),
  /** Oldest first. */
  versions: many(versionSchema),
  runs: many(runSchema),
  /** Ids of the versions that are used as Yours and as Tuned. */
  chosenWritten: id.nullable(),
  chosenTrained: id.nullable(),
  datasetFingerprint: short.nullable(),
  datasetName: line.nullable(),
  testLooks: count,
  /** Untuned as the last comparison asked it; missing = none has. */
  untuned: promptSchema.optional(),
  /** Missing: its comparisons are here, or there were none. */
  verdict: keptVerdict.optional(),
  /** Uses of the test rows of files that were open before: they count again once those rows are back. */
  earlierLooks: some(earlierLooks).optional(),
  tags: some(id).optional(),
  /** The author's notes on the whole set. */
  notes: page.optional(),
  /** Every move of a stage, oldest first; the last one says where it points. */
  moves: many(moveSchema).optional(),
  /** What answers for a stage; missing = the version that it points to, alone. */
  policy: policySchema.optional(),
});

export const datasetSchema = z.object({
  table: z.object({
    format: z.object({
      fileName: line,
      bytes: z.number(),
      encoding: z.enum(['utf-8', 'windows-1252', 'utf-16le', 'utf-16be']),
      delimiter: z.enum([',', ';', '\t', '|']),
      kind: z.enum(['csv', 'tsv', 'jsonl', 'json', 'yaml', 'xlsx', 'parquet']),
      quote: z.enum(QUOTES).optional(),
    }),
    columns: some(line),
    rows: many(z.object({ id: line, line: count, cells: byName('string') })),
    rejected: many(z.object({ line: count, reason: line, raw: text(1e6) })),
  }),
  mapping: z.object({
    text: line,
    label: line,
    id: line.nullable(),
    task: z.enum(TASK_KINDS),
  }),
  labels: some(line),
  split: z.object({ train: ids, validation: ids, test: ids }),
  seed: z.int(),
  fingerprint: short,
  splitHash: short,
  heldBackHash: short,
  splitBy: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('seed') }),
    z.object({ kind: z.literal('column'), column: line }),
    z.object({ kind: z.literal('group'), column: line }),
  ]),
});
