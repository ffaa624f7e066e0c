/**
 * The form of the parts of a complete prompt set, checked before they are stored. The parts are kept as they were read,
 * with fields that are not named here, so that no version of the studio loses data of another one.
 */
import { count, id, line, many, real, short, time, z } from '../lib/zod';
import { finite } from '../prompt/prompt';
import { answersSchema, faultInAnswers } from '../prompt-set/answers';
import { accountSchema } from '../prompt-set/version-schemas';

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
