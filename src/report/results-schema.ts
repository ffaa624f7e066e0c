import { ACTIONS } from '../evaluation/advice';
import { ARM_KINDS } from '../evaluation/schemas';
import { LABEL_FIGURES } from '../evaluation/tag/compare';
import { byName, z } from '../lib/zod';
import {
  forEachMetric,
  LABEL_METRICS,
  type LabelMetric,
  type Metric,
  TAG_METRICS,
  TEXT_METRICS,
  type TextMetric,
} from '../metrics/registry';
import { PLACEMENTS } from '../prompt/soft-prompt';
import { accountSchema } from '../prompt-set/version-schemas';

const share = z.number().min(0).max(1);
const interval = z.object({ low: z.number(), high: z.number() });
const count = z.int().min(0);

const figure = ({ schema: { min, max }, intervalName }: Metric) => {
  const value = z.number().min(min);
  return z.object({ value: max === undefined ? value : value.max(max), interval: interval.describe(intervalName) });
};
const labelDifference = ({ compareName }: Pick<LabelMetric, 'compareName'>) =>
  z.object({ value: z.number(), interval, p: share }).describe(compareName);
const textDifference = ({ versus }: TextMetric) =>
  z.object({ value: z.number(), interval }).describe(versus === 'ratio' ? 'b divided by a' : 'b minus a');

const model = z.object({
  id: z.string(),
  dtype: z.string().describe('Of the stored weights; computation is float32'),
  sha256: z
    .string()
    .describe('SHA-256 of the lines `<sha256>  <path>\\n`, sorted by path, over every file under onnx/'),
});
const dataset = z.object({
  name: z.string(),
  rows: count,
  train: count.describe('Training rows of the split'),
  validation: count,
  test: count.describe('Test rows'),
  fingerprint: z.string(),
  splitHash: z.string(),
});

const verdict = z.object({
  kind: z.string(),
  headline: z.string(),
  detail: z.string(),
  rowsNeeded: z.number().nullable(),
});

const shared = {
  formatVersion: z.literal(1),
  createdAt: z.string().describe('ISO 8601'),
  model,
  environment: z.object({ backend: z.string(), threads: count }).nullable(),
  dataset,
  rows: accountSchema.describe('What became of the rows'),
  training: z
    .object({
      placement: z.enum(PLACEMENTS),
      tokens: count.describe('Virtual tokens'),
      seed: z.int(),
      steps: count.describe('Steps done'),
      bestStep: count.nullable().describe('The step whose vectors were kept'),
      stepsPerSecond: z.number().nullable(),
      trainSeconds: z.number().describe('Seconds of steps and validations'),
      history: z.array(z.object({ step: count, loss: z.number(), validationAccuracy: share.nullable() })),
    })
    .nullable(),
  verdict,
  recommendation: z
    .object({
      action: z.enum(ACTIONS),
      armId: z.string().describe('Id of the arm to use now'),
      title: z.string(),
      why: z.string(),
      level: z.string().describe('What is level with that arm, and the rule that chose; may be empty'),
      caution: z.string().describe('What is clearly ahead of that arm, and why it is not recommended; may be empty'),
      change: z
        .object({
          from: z.string().describe('Id of the arm that is kept'),
          to: z.string().describe('Id of the arm that would replace it'),
          comparisons: count.describe('Pairs that its p is corrected for'),
        })
        .describe('What costs compare'),
      chips: z
        .array(
          z.object({
            id: z.enum(['training', 'hand', 'cost', 'production']),
            label: z.string(),
            value: z.string(),
            detail: z.string(),
            tone: z
              .enum(['gain', 'loss', 'unclear'])
              .describe('A gain or a loss only where the corrected p is below 5%'),
          }),
        )
        .readonly(),
    })
    .optional()
    .describe('What to do now, and the three figures it rests on; left out where the plan has no pair'),
  looks: count.describe('How often these test rows have been used'),
  groups: z
    .array(z.int())
    .readonly()
    .optional()
    .describe(
      'Group of each row, in the order of every arm’s rows: rows of a group are one trial; left out: each row is one',
    ),
};

const arm = {
  id: z.string(),
  name: z.string(),
  kind: z.enum(ARM_KINDS),
  mayKnowTestRows: z.boolean().describe('Its vectors may have been trained on some of the test rows'),
  tokensSentMean: z.number().nullable().describe('Text and virtual tokens a row'),
};
const rowId = z.string().describe('1-based number of the row in its file');
const pair = { a: z.string().describe('Id of an arm'), b: z.string() };

const answerWords = z
  .object({
    words: byName('string').describe('Label -> the word that the prompts answer for it'),
    search: z
      .object({
        outcome: z.enum(['found', 'kept', 'too-few']),
        rows: count.describe('Training rows that were read'),
        loss: z.number().nullable().describe('Cross-validated, of these words'),
        lossBefore: z.number().nullable().describe('Cross-validated, of the words before the search'),
      })
      .nullable()
      .describe('How the words were found; null = they were given or proposed'),
  })
  .describe('What the prompts answer');

const labelResults = z.object({
  task: z.literal('classify'),
  ...shared,
  labels: z.array(z.string()),
  answerWords,
  arms: z.array(
    z.object({
      ...arm,
      metrics: z.object(forEachMetric(LABEL_METRICS, figure)),
      calibrated: z.boolean().describe('Whether metrics and predictions are calibrated'),
      calibration: z
        .object({
          meanLogProbs: byName('number').describe(
            'Label -> what calibration subtracts from its log-probability; then normalise again',
          ),
          rows: count.describe('Rows that it was fitted on; their labels are not used'),
        })
        .nullable()
        .describe('As fitted, whether or not it is used; null for reference lines'),
      accuracyUncalibrated: share,
      accuracyCalibrated: share.nullable().describe('null for reference lines'),
      tokensComputedMean: z.number().nullable().describe('Without the prefix that all rows share'),
      latencyMsMedian: z.number().nullable().describe('One row at a time, warm'),
      rows: z.array(
        z.object({
          id: rowId,
          gold: z.string(),
          predicted: z.string(),
          logProbs: byName('number').describe('Log-softmax over the labels, uncalibrated'),
        }),
      ),
    }),
  ),
  comparisons: z.array(
    z.object({
      ...pair,
      metrics: z.object(forEachMetric(LABEL_METRICS, labelDifference)),
      bothRight: count,
      aOnly: count,
      bOnly: count,
      bothWrong: count,
      pMidP: share.describe('McNemar, mid-p'),
      pHolm: share.describe('The exact p, corrected for all pairs'),
      tokens: z
        .object({ difference: z.number(), ci95: interval })
        .optional()
        .describe('Mean tokens sent a row by b minus those by a, paired bootstrap'),
    }),
  ),
  folds: z
    .array(z.int())
    .readonly()
    .optional()
    .describe(
      'By cross-validation over all rows: the fold of each, whose prompt never saw it; left out: they are test rows',
    ),
  closer: z
    .looseObject({
      fineTuning: z
        .object({
          numbers: count.describe('Trained'),
          seconds: z.number().describe('Of steps and validations'),
          trainingRows: count,
          step: count.describe('The step that was kept'),
          accuracy: share,
          ci95: z.object({ low: share, high: share }),
          rows: count.describe('Test rows'),
        })
        .optional()
        .describe('Low-rank adapters of the model’s last layer'),
    })
    .optional()
    .describe('Examined beside the comparison: slices, probabilities, ranks, checks; no text of any row'),
});

const tagResults = z.object({
  task: z.literal('tag'),
  ...shared,
  labels: z.array(z.string()).describe('Without the one that stands for none'),
  answerWords,
  arms: z.array(
    z.object({
      ...arm,
      metrics: z.object(forEachMetric(TAG_METRICS, figure)),
      labels: z.array(
        z.object({
          label: z.string(),
          ...forEachMetric(LABEL_FIGURES, () => figure(TAG_METRICS.microF1)),
          support: count.describe('Test rows that have it'),
        }),
      ),
      cuts: byName('number').describe('Label -> from which log-odds on it is given; chosen on validation rows'),
      rows: z.array(
        z.object({
          id: rowId,
          gold: z.array(z.string()),
          given: z.array(z.string()),
          odds: byName('number').describe('Label -> its log-probability minus that of the word for none'),
        }),
      ),
    }),
  ),
  comparisons: z.array(
    z.object({
      ...pair,
      metrics: z.object(forEachMetric(TAG_METRICS, labelDifference)),
      pHolm: share.describe('The p of micro-F1, corrected for all pairs'),
      rows: z.object({ closer: count, further: count, same: count }).describe('Rows where b makes fewer mistakes'),
    }),
  ),
});

const textResults = z.object({
  task: z.literal('generate'),
  ...shared,
  arms: z.array(
    z.object({
      ...arm,
      metrics: z.object(forEachMetric(TEXT_METRICS, figure)),
      rows: z.array(
        z.object({ id: rowId, rougeL: share, logProb: z.number().describe('Of the expected text'), tokens: count }),
      ),
    }),
  ),
  comparisons: z.array(
    z.object({
      ...pair,
      metrics: z.object(forEachMetric(TEXT_METRICS, textDifference)),
      rows: z.object({ closer: count, further: count, same: count }).describe('Rows where the text of b is closer'),
    }),
  ),
  votes: z
    .object({
      a: count,
      b: count,
      ties: count,
      bothBad: count,
      winRate: share.nullable().describe('Of b'),
      ci95: interval,
      p: share.describe('Exact sign test'),
    })
    .nullable()
    .describe('Blind votes on the first pair'),
});

/** `results.json`, published as docs/results.schema.json. */
export const resultsSchema = z.discriminatedUnion('task', [labelResults, tagResults, textResults]);

export type LabelResults = z.infer<typeof labelResults>;
export type TextResults = z.infer<typeof textResults>;
export type Results = z.infer<typeof resultsSchema>;

export const resultsJsonSchema = (): string =>
  `${JSON.stringify({ title: 'results.json', ...z.toJSONSchema(resultsSchema, { unrepresentable: 'any' }) }, null, 2)}\n`;
