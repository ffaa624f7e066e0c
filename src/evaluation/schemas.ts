/** The form of a comparison: what was asked, and what came out. Types of it are in `types.ts`. */
import { count, line, many, page, real, short, some, z } from '../lib/zod';
import { forEachMetric, LABEL_METRICS, type Metric, TAG_METRICS, TEXT_METRICS } from '../metrics/registry';
import { calibrationSchema } from '../prompt/prompt';
import { PLACEMENTS } from '../prompt/soft-prompt';

/**
 * `hybrid` = a hand-written prompt with vectors trained on top; `ensemble` = the mean of several seeds; `combined` = several
 * of a tuned prompt, word counts and a linear probe.
 */
export const ARM_KINDS = [
  'untuned',
  'zero-shot',
  'few-shot',
  'tuned',
  'hybrid',
  'ensemble',
  'combined',
  'reference',
] as const;

const numbers = many(real);
const interval = z.object({ low: real, high: real });
const figure = z.object({ value: real, interval });
const tested = figure.extend({ p: real });
const figures = <Id extends string, F extends z.ZodType>(metrics: Readonly<Record<Id, Metric>>, of: F) =>
  z.object(forEachMetric(metrics, () => of));

/** Of every prompt, asked and judged. */
const arm = {
  /** Stable id inside one evaluation, e.g. `untuned`, `yours`, `yours-8`, `tuned`, `majority`, `tfidf`. */
  id: short,
  name: line,
  kind: z.enum(ARM_KINDS),
  /** Examples that the comparison added to a hand-written prompt. */
  added: count.exactOptional(),
  tokensSentMean: real.nullable(),
};

export const labelOutcome = z.object({
  ...arm,
  placement: z.enum(PLACEMENTS).nullable(),
  /** In the order of ComparisonPlan.rowIds; log-probabilities over the labels, uncalibrated. */
  logProbs: many(numbers),
  /** Fitted on rows whose labels are not used, or its version's own; null for reference arms. */
  calibration: calibrationSchema.nullable(),
  /** Whether its version answers calibrated since an earlier comparison; left out: validation rows decide in this one. */
  decided: z.boolean().exactOptional(),
  /** Its calibration has the intercepts of a linear probe, and so is never left out. */
  hasIntercepts: z.literal(true).exactOptional(),
  /** By row; left out by reference lines. */
  tokensSent: numbers.exactOptional(),
  tokensComputedMean: real.nullable(),
  latencyMsMedian: real.nullable(),
  /** On validation rows. */
  validation: z
    .object({
      /** Whether calibration clearly helps there: then it is used. */
      helps: z.boolean(),
      /** Row by row, uncalibrated. A threshold is chosen on them. */
      answers: z.object({
        gold: many(z.int()),
        logProbs: many(numbers),
        /** Of rows that belong together, as `ComparisonPlan.groups`. */
        groups: many(count).optional(),
      }),
    })
    .nullable(),
  /** Fitted on validation rows, for the log-probabilities without and with calibration; left out by reference lines. */
  temperature: z.object({ raw: real, calibrated: real, rows: count }).nullable().exactOptional(),
});

/** How sure a prompt is of every label of every row. */
export const tagOutcome = z.object({
  ...arm,
  /** In the order of TagPlan.rowIds: log-odds of each label against none. */
  odds: many(numbers),
  /** From which odds on each label is given: chosen on validation rows, or its version's own. */
  cuts: numbers,
});

/** What a prompt generated, row by row. */
export const textOutcome = z.object({
  ...arm,
  tokensSentMean: real,
  written: many(page),
  /** How well the model predicts the expected texts. */
  scores: many(z.object({ logProb: real, tokens: count })),
});

/** Of every plan. */
const plan = {
  rowIds: many(line),
  /** Family of each row (`src/dataset/families.ts`), where rows belong together: families are the trials, and are drawn together. */
  groups: many(count).exactOptional(),
  /** Ids: what is compared with what; the first pair is the headline (A = hand-written, B = tuned). */
  pairs: some(z.tuple([short, short])),
  /** How often these test rows have been used, this time included. */
  looks: count,
  /** Why a line cannot be a version, by arm; left out = every one is. */
  noVersion: z.record(short, line).exactOptional(),
  seed: real,
};
/** All labelled rows of the file, and how many trials they are worth. */
const file = z.object({ rows: count, trials: real }).exactOptional();
const DIFFER = 'rows, right answers and answers differ in number';

export const labelPlan = z
  .object({
    ...plan,
    file,
    labels: some(line),
    /** Gold label indices. */
    gold: many(z.int()),
    arms: some(labelOutcome),
    /** Both arms get calibration or neither does. */
    calibrated: z.boolean(),
    /**
     * `chosen` = calibration is offered to every arm alike, and each takes it where it clearly helps on the validation rows
     * (`ArmOutcome.validation`); then `calibrated` counts for arms without a validation result. Left out: `calibrated` for all.
     */
    calibration: z.literal('chosen').exactOptional(),
    /** By cross-validation over all rows: the fold of each, whose prompt was trained without it. Left out: they are test rows. */
    folds: many(count).exactOptional(),
    /** The version in production, where it is an arm and not the tuned prompt. Left out: there is none. */
    production: z
      .object({
        arm: short,
        /** "tuned 1". */
        name: line,
        /** Training rows that the tuned prompt learned from and that were added since that version was trained. */
        addedRows: count,
      })
      .exactOptional(),
  })
  .refine(
    ({ rowIds: { length }, gold, arms }) =>
      gold.length === length && arms.every(({ logProbs }) => logProbs.length === length),
    DIFFER,
  );

export const tagPlan = z
  .object({
    ...plan,
    file,
    /** Without the one that stands for none. */
    labels: some(line),
    /** Places of the labels that each row has. */
    gold: many(many(count)),
    arms: some(tagOutcome),
  })
  .refine(
    ({ rowIds: { length }, gold, arms }) => gold.length === length && arms.every(({ odds }) => odds.length === length),
    DIFFER,
  );

export const textPlan = z
  .object({
    ...plan,
    /** The rows' own texts, in the order of each outcome's rows. */
    wanted: many(page),
    arms: some(textOutcome),
  })
  .refine(
    ({ rowIds, wanted, arms }) =>
      [wanted, ...arms.flatMap(({ written, scores }) => [written, scores])].every(
        ({ length }) => length === rowIds.length,
      ),
    DIFFER,
  );

const tokensDifference = z.object({
  /** Mean tokens sent a row under B minus those under A. */
  difference: real,
  /** Paired bootstrap, 95%. */
  ci95: interval,
});

/** Rows where B is closer to the right answer than A, further, or equally close. */
const rows = z.object({ closer: count, further: count, same: count });

/** What a kind of task adds to the result of a prompt and of a pair. */
export const results = {
  classify: {
    metrics: figures(LABEL_METRICS, figure),
    differences: figures(LABEL_METRICS, tested),
    arm: z.object({
      n: count,
      correct: count,
      /** Whether this arm's log-probabilities were calibrated. */
      calibrated: z.boolean(),
      classes: some(
        z.object({
          label: line,
          precision: real,
          recall: real,
          f1: real,
          support: count,
          undefined: z.boolean(),
        }),
      ),
      /** `confusion[gold][predicted]`. */
      confusion: some(numbers),
      /** Predicted label index and its probability, by row. */
      predictions: many(z.int()),
      confidences: numbers,
      tokensComputedMean: real.nullable(),
      latencyMsMedian: real.nullable(),
    }),
    pair: z.object({
      bothRight: real,
      aOnly: real,
      bOnly: real,
      bothWrong: real,
      pMidP: real,
      /** Holm's adjusted exact p over all pairs of the plan. */
      pHolm: real,
      /** Left out where it was not kept how many tokens each row had. */
      tokens: tokensDifference.exactOptional(),
      /** Row ids that only B (fixed) or only A (broken) gets right. */
      fixed: many(line),
      broken: many(line),
    }),
  },
  tag: {
    metrics: figures(TAG_METRICS, figure),
    differences: figures(TAG_METRICS, tested),
    arm: z.object({
      /** Places of the labels that each row gets. */
      given: many(many(count)),
      /** `support`: rows that have it. */
      labels: some(z.object({ label: line, precision: figure, recall: figure, f1: figure, support: count })),
    }),
    /** `pHolm`: Holm's adjusted p of micro-F1 over all pairs of the plan. */
    pair: z.object({ pHolm: real, rows }),
  },
  generate: {
    metrics: figures(TEXT_METRICS, figure),
    /** Of the perplexities B divided by A. */
    differences: figures(TEXT_METRICS, figure),
    /** ROUGE-L of each row. */
    arm: z.object({ rows: numbers }),
    pair: z.object({ rows }),
  },
};

export const verdictSchema = z.object({
  kind: z.enum([
    'combined-better',
    'tuned-better',
    'hybrid-better',
    'yours-better',
    'text-does-as-well',
    'examples-do-as-well',
    'words-do-as-well',
    'probe-better',
    'nothing-beats-majority',
    'no-clear-difference',
  ]),
  /** One sentence, effect first: "Tuned beats your prompt by 14 points on 120 test rows". */
  headline: line,
  /** What it is based on and what to do now. */
  detail: page,
  /** About how many more rows would settle it, when nothing is clear. */
  rowsNeeded: real.nullable(),
});

const compared = <M extends z.ZodType, D extends z.ZodType, A extends z.ZodRawShape, P extends z.ZodRawShape>(of: {
  readonly metrics: M;
  readonly differences: D;
  readonly arm: z.ZodObject<A>;
  readonly pair: z.ZodObject<P>;
}) =>
  z.object({
    n: count,
    arms: some(z.object({ ...arm, metrics: of.metrics, ...of.arm.shape })),
    pairs: some(z.object({ a: short, b: short, metrics: of.differences, ...of.pair.shape })),
    verdict: verdictSchema,
  });

export const comparisons = {
  classify: compared(results.classify),
  tag: compared(results.tag),
  generate: compared(results.generate),
};

export const consistencySchema = z.object({
  rows: count,
  arms: some(
    z.object({
      armId: short,
      /** Rows whose answer survives every edit. */
      steady: count,
      /** Wilson, 95%, of their share. */
      ci95: interval,
      /** By edit: rows that it changed, and how many kept their answer. */
      edits: some(z.object({ kind: z.enum(['case', 'space', 'typo', 'emoji', 'order']), changed: count, kept: count })),
    }),
  ),
  /** Share of steady rows of the second arm minus that of the first, row by row; null with one arm. */
  pair: z.object({ aOnly: real, bOnly: real, difference: real, ci95: interval, p: real }).nullable(),
});

export const fineTuningSchema = z.object({
  /** Trained, 4 bytes each. */
  numbers: count,
  seconds: real,
  trainingRows: count,
  step: count,
  /** 0 to 1, on `rows` test rows. */
  accuracy: real,
  ci95: interval,
  rows: count,
});

export const voteSchema = z.object({ rowId: line, choice: z.enum(['a', 'b', 'tie', 'both-bad']) });

/** Label indices. */
export const correctionSchema = z.object({ rowId: line, from: count, to: count });
