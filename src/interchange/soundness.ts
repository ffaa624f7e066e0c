/** Whether a stored value is damaged, and which parts of it are sound. */
import { TASK_KINDS } from '../dataset/types';
import { firstFault, z } from '../lib/zod';
import { finite as numbers } from '../prompt/prompt';
import type { Answers } from '../prompt-set/answers';
import type { Evaluation, PromptSet, RunCheckpoint, StoredDataset } from '../prompt-set/types';
import { runSchema, versionSchema } from '../prompt-set/version-schemas';

/** `sound` is the value itself if nothing is wrong, as this release writes it, the rest of it if parts were removed, null if nothing is left. */
export interface Soundness<T> {
  readonly sound: T | null;
  /** The damaged parts, each with the reason; empty = none. */
  readonly faults: readonly string[];
}

const text = z.string();

const setFrame = z.looseObject({
  id: text,
  name: text,
  handle: text,
  createdAt: text,
  updatedAt: text,
  deletedAt: text.nullable(),
  words: z.array(z.looseObject({ label: text, word: text })),
  baseTemplate: text,
  versions: z.array(z.unknown()),
  runs: z.array(z.unknown()),
  testLooks: z.number(),
});

const checkpoint = z.looseObject({
  runId: text,
  setId: text,
  checkpoint: z
    .looseObject({
      step: z.int(),
      vectors: numbers,
      optimiser: z.object({ m: numbers, v: numbers }),
      pending: z.array(z.int()),
      best: z.looseObject({ step: z.int(), vectors: numbers }).nullable(),
      steps: z.array(z.looseObject({ step: z.int() })),
      validations: z.array(z.looseObject({ step: z.int() })),
    })
    .refine(
      ({ vectors, optimiser }) => Object.values(optimiser).every((state) => state.length === vectors.length),
      'lengths differ',
    ),
});

const evaluation = z.looseObject({
  kind: z.enum(TASK_KINDS),
  id: text,
  setId: text,
  createdAt: text,
  plan: z.looseObject({ rowIds: z.array(text), arms: z.array(z.looseObject({ id: text })) }),
  comparison: z.looseObject({ arms: z.array(z.looseObject({ id: text })), verdict: z.looseObject({ headline: text }) }),
});

const measurement = z.looseObject({
  id: text,
  setId: text,
  versionId: text,
  createdAt: text,
  data: z.looseObject({ kind: text, id: text, name: text }),
  fingerprint: text,
  answers: z.looseObject({ kind: text, metrics: z.looseObject({}), rowIds: z.array(text) }),
});

/** Rows may be many: they are checked when they are unpacked. */
const dataset = z.looseObject({
  setId: text,
  dataset: z.looseObject({ mapping: z.looseObject({ text, label: text }), fingerprint: text }),
});

/** The first fault, e.g. `soft.vectors: not a number`; null = none. */
function faultOf(schema: z.ZodType, value: unknown): string | null {
  const found = schema.safeParse(value);
  return found.success ? null : firstFault(found.error);
}

const nameOf = (value: unknown, fallback: string): string => {
  const { name } = (value ?? {}) as { name?: unknown };
  return typeof name === 'string' && name !== '' ? `“${name.slice(0, 80)}”` : fallback;
};

const whole =
  <T>(schema: z.ZodType) =>
  (value: T): Soundness<T> => {
    const fault = faultOf(schema, value);
    return fault === null ? { sound: value, faults: [] } : { sound: null, faults: [fault] };
  };

/** Removes damaged versions; the set and its other versions stay. */
export function soundSet(value: PromptSet): Soundness<PromptSet> {
  const frame = faultOf(setFrame, value);
  if (frame !== null) return { sound: null, faults: [frame] };
  const faults: string[] = [];
  const keep = <V>(versions: readonly V[], schema: z.ZodType, kind: string): readonly V[] =>
    versions.filter((version, i) => {
      const fault = faultOf(schema, version);
      if (fault !== null) faults.push(`${nameOf(version, `${kind} ${i + 1}`)} (${fault})`);
      return fault === null;
    });
  const versions = keep(value.versions, versionSchema, 'version');
  const runs = keep(value.runs, runSchema, 'run');
  if (faults.length === 0) return { sound: value, faults };
  const ids = new Set(versions.map(({ id }) => id));
  const chosen = (id: string | null) => (id !== null && ids.has(id) ? id : null);
  const { chosenWritten, chosenTrained } = value;
  return {
    sound: { ...value, versions, runs, chosenWritten: chosen(chosenWritten), chosenTrained: chosen(chosenTrained) },
    faults,
  };
}

export const soundCheckpoint = whole<RunCheckpoint>(checkpoint);
export const soundEvaluation = whole<Evaluation>(evaluation);
export const soundMeasurement = whole<Answers>(measurement);

export const soundDataset = whole<StoredDataset>(dataset);
