import {
  comparisons,
  consistencySchema,
  correctionSchema,
  fineTuningSchema,
  labelPlan,
  tagPlan,
  textPlan,
  voteSchema,
} from '../evaluation/schemas';
import { count, id, line, many, short, time, z } from '../lib/zod';
import { answerWords } from '../prompt/prompt';
import { accountSchema, versionSchema } from './version-schemas';

/** Of every comparison. */
const compared = {
  id: id.min(1),
  setId: id,
  createdAt: time,
  writtenVersion: id.nullable(),
  trainedVersion: id.nullable(),
  datasetFingerprint: short,
  backend: id,
  threads: count,
  /** The set's answer words at that time; versions may have their own. */
  words: answerWords.exactOptional(),
  /** As they were asked, calibrated as they were compared; by arm. A line whose answers no prompt gives is not among them. */
  versions: z.record(short, versionSchema),
  /** The split whose test rows were asked. */
  splitHash: short,
  /** SHA-256 of the weights. */
  model: short,
  /** What became of the rows. */
  account: accountSchema,
};

const ofLabels = { plan: labelPlan, comparison: comparisons.classify, account: accountSchema };

/** Test labels that a person gave again without seeing any prediction. */
const review = z.object({
  /** Ids of all reviewed rows, changed or not. */
  reviewed: many(line),
  corrections: many(correctionSchema),
  /** How often the test rows were used, the review included. */
  looks: count,
  /** Of the data version that the corrections made. */
  datasetFingerprint: short,
});

/** A comparison of prompts that choose one of a few labels, that give every label that fits, or that generate a text. */
export const evaluationSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('classify'),
    ...compared,
    ...ofLabels,
    review: review.exactOptional(),
    /** Answers under harmless edits of the text. */
    consistency: consistencySchema.exactOptional(),
    /** The comparison by cross-validation over all rows, which the verdict rests on then. */
    everyRow: z.object(ofLabels).exactOptional(),
    fineTuning: fineTuningSchema.exactOptional(),
  }),
  z.object({ kind: z.literal('tag'), ...compared, plan: tagPlan, comparison: comparisons.tag }),
  z.object({
    kind: z.literal('generate'),
    ...compared,
    plan: textPlan,
    comparison: comparisons.generate,
    /** Blind votes between the two prompts of the headline, in the order in which they were given. */
    votes: many(voteSchema).exactOptional(),
  }),
]);
