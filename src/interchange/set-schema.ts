/**
 * The form of the parts of a complete prompt set, checked before they are stored. The parts are kept as they were read,
 * with fields that are not named here, so that no version of the studio loses data of another one.
 */
import { count, id, line, many, short, time, z } from '../lib/zod';
import { answersSchema, faultInAnswers } from '../prompt-set/answers';
import { accountSchema } from '../prompt-set/version-schemas';
import { checkpointSchema } from '../training/schemas';

export const runCheckpointSchema = z.object({ runId: id, setId: id, checkpoint: checkpointSchema });

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
