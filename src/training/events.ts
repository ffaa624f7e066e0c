import type { RowsRead } from '../inference/text-cache';

/**
 * What a prompt reached on the validation rows, by kind of task: labels chosen, or texts written (the share of their
 * tokens that the model predicts, each after the correct ones before it).
 */
export type Scores =
  | { readonly kind: 'classify'; readonly accuracy: number; readonly macroF1: number }
  | { readonly kind: 'generate'; readonly tokenShare: number };

/** The scores with their mean cross-entropy: over the answer words, or per token of the expected text. */
type ValidationResult = Scores & { readonly loss: number };

/** A validation result with the loss of each row. */
export type Trial = ValidationResult & { readonly rowLosses: readonly number[] };

/** A validation result at a step (step 0 = before training). */
export type ValidationPoint = ValidationResult & { readonly step: number };

/** What there is to beat on the validation rows. Runs that choose labels know no loss of it. */
export type ReferenceLine = Scores & {
  readonly id: 'majority' | 'untuned' | 'yours';
  /** As written at the line, e.g. `always “neutral”`. */
  readonly name: string;
  readonly loss?: number;
};

export interface StepPoint {
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly gradNorm: number;
  /** Wall time of this step, milliseconds. */
  readonly ms: number;
  /** Shortest, median and longest vector after the step (Euclidean); runs of earlier versions have none. */
  readonly vectorNorms?: readonly [shortest: number, median: number, longest: number];
}

/** What AdamW remembers from step to step: both moments of the gradient. */
export interface Moments {
  readonly m: Float32Array;
  readonly v: Float32Array;
}

/** What a run has trained, as the model reads it. */
export interface Trained {
  /** `[virtual, hidden]` */
  readonly vectors: Float32Array;
  /** `[labels, hidden]`, of a run that trains its answer words too. @see SoftPrompt.answerShift */
  readonly answerShift?: Float32Array;
}

/** The whole state of a run after a step; structured-clonable; resuming gives bit-for-bit the uninterrupted run. */
export interface Checkpoint {
  readonly formatVersion: 1;
  readonly step: number;
  /** What is trained. */
  readonly vectors: Float32Array;
  /** The vectors at step 0, until they are validated. */
  readonly initial?: Trained;
  readonly optimiser: Moments;
  /** The answer words of a run that trains them too; left out in others. */
  readonly answers?: { readonly shift: Float32Array; readonly optimiser: Moments };
  /** What is validated and kept of a run that averages its steps, from the first step that it averages. */
  readonly mean?: Trained;
  /** State of the row-order generator, and the rest of the current epoch's order (indices into the training rows). */
  readonly rngState: number;
  readonly pending: readonly number[];
  readonly best: (Trained & { readonly step: number; readonly metric: number }) | null;
  /** The lowest validation loss so far, where the loss decides which step is kept. */
  readonly lowest?: { readonly loss: number; readonly rowLosses: readonly number[] };
  /** In a row. */
  readonly evaluationsWithoutGain: number;
  readonly steps: readonly StepPoint[];
  readonly validations: readonly ValidationPoint[];
  readonly elapsedMs: number;
  /** What the bits depend on, e.g. `wasm/2 threads/model 1f3a.../f16 cache`. */
  readonly environment: string;
}

export type StopReason = 'finished' | 'early' | 'stopped' | 'paused';

export type TrainEvent =
  /** Keys and values of the text are being computed: rows done of all (suffix only; filled lazily). */
  | ({ readonly kind: 'cache'; readonly seconds: number } & RowsRead)
  | {
      readonly kind: 'step';
      readonly point: StepPoint;
      readonly stepsTotal: number;
      readonly secondsLeft: number | null;
    }
  | { readonly kind: 'validation'; readonly point: ValidationPoint; readonly best: boolean }
  | { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint }
  /** With what to keep: as at the best validation, or at the last step when there was none. */
  | (Trained & {
      readonly kind: 'done';
      readonly reason: StopReason;
      /** Why it was stopped, as a sentence: training diverged after the kept step. */
      readonly error?: string;
      /** What the step that the run was to pause after reached on the validation rows. */
      readonly trial?: Trial;
      readonly bestStep: number;
      readonly checkpoint: Checkpoint;
      readonly cacheSeconds: number;
      readonly trainSeconds: number;
      readonly stepsPerSecond: number;
      /** Of the runtime, with the model in it; left out = not known. */
      readonly heapBytes?: number;
    });
