/** The form of a checkpoint. Types of it are in `events.ts`. */
import { count, line, many, real, z } from '../lib/zod';
import { finite, headsSchema } from '../prompt/prompt';

/** As the model reads it. */
export const trainedSchema = z.object({
  /** `[virtual, hidden]`, or as `heads` say. */
  vectors: finite,
  /** Of keys and values. */
  heads: headsSchema.exactOptional(),
  /** `[labels, hidden]` @see SoftPrompt.answerShift */
  answerShift: finite.exactOptional(),
});

/** Both moments of the gradient. */
const moments = z.object({ m: finite, v: finite });

const stepPoint = z.object({
  step: count,
  loss: real,
  learningRate: real,
  gradNorm: real,
  /** Of this step. */
  ms: real,
  /** Euclidean, after the step: shortest, median, longest. */
  vectorNorms: z.tuple([real, real, real]).exactOptional(),
});

/** Step 0 = before training. `loss`: mean cross-entropy over the answer words, mean binary cross-entropy over the labels, or per token of the expected text. */
const validationPoint = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('classify'), step: count, accuracy: real, macroF1: real, loss: real }),
  z.object({ kind: z.literal('tag'), step: count, microF1: real, macroF1: real, loss: real }),
  z.object({ kind: z.literal('generate'), step: count, tokenShare: real, loss: real }),
]);

/** Structured-clonable; resuming gives bit for bit the uninterrupted run. */
export const checkpointSchema = z
  .object({
    formatVersion: z.literal(1),
    step: count,
    vectors: finite,
    /** Of keys and values: their form, and the root mean square that the keys and the values of each layer started with. */
    heads: headsSchema.exactOptional(),
    scales: finite.exactOptional(),
    /** At step 0, until it is validated. */
    initial: trainedSchema.exactOptional(),
    optimiser: moments,
    /** Of a run that trains its answer words too. */
    answers: z.object({ shift: finite, optimiser: moments }).exactOptional(),
    /** Validated and kept by a run that averages its steps, from the first step that it averages. */
    mean: trainedSchema.exactOptional(),
    /** Of the row-order generator; `pending` is the rest of the current epoch (indices into the training rows). */
    rngState: real,
    pending: many(count),
    best: trainedSchema.extend({ step: count, metric: real }).nullable(),
    /** Where the loss decides which step is kept. */
    lowest: z.object({ loss: real, rowLosses: many(real) }).exactOptional(),
    /** In a row. */
    evaluationsWithoutGain: count,
    steps: many(stepPoint),
    validations: many(validationPoint),
    elapsedMs: real,
    /** What the bits depend on, e.g. `wasm/2 threads/model 1f3a.../f16 cache`. */
    environment: line,
  })
  .refine(
    ({ vectors, optimiser }) => Object.values(optimiser).every(({ length }) => length === vectors.length),
    'sizes differ',
  );
