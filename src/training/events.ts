import type { RowsRead } from '../inference/text-cache';
import type { WireError } from '../lib/errors';

/** On the validation rows. `tokenShare`: tokens of expected texts that the model predicts, each after the correct ones. */
export type Scores =
  | { readonly kind: 'classify'; readonly accuracy: number; readonly macroF1: number }
  | { readonly kind: 'tag'; readonly microF1: number; readonly macroF1: number }
  | { readonly kind: 'generate'; readonly tokenShare: number };

/** Mean cross-entropy over the answer words, mean binary cross-entropy over the labels, or per token of the expected text. */
type ValidationResult = Scores & { readonly loss: number };

export type Trial = ValidationResult & { readonly rowLosses: readonly number[] };

/** Step 0 = before training. */
export type ValidationPoint = ValidationResult & { readonly step: number };

/** What there is to beat. Runs that choose labels know no loss of it. */
export type ReferenceLine = Scores & {
  readonly id: 'majority' | 'untuned' | 'yours';
  /** At the line, e.g. `always “neutral”`. */
  readonly name: string;
  readonly loss?: number;
};

export interface StepPoint {
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly gradNorm: number;
  /** Of this step. */
  readonly ms: number;
  /** Euclidean, after the step. */
  readonly vectorNorms?: readonly [shortest: number, median: number, longest: number];
}

/** Both moments of the gradient. */
export interface Moments {
  readonly m: Float32Array;
  readonly v: Float32Array;
}

/** As the model reads it. */
export interface Trained {
  /** `[virtual, hidden]` */
  readonly vectors: Float32Array;
  /** `[labels, hidden]` @see SoftPrompt.answerShift */
  readonly answerShift?: Float32Array;
}

/** Structured-clonable; resuming gives bit for bit the uninterrupted run. */
export interface Checkpoint {
  readonly formatVersion: 1;
  readonly step: number;
  readonly vectors: Float32Array;
  /** At step 0, until it is validated. */
  readonly initial?: Trained;
  readonly optimiser: Moments;
  /** Of a run that trains its answer words too. */
  readonly answers?: { readonly shift: Float32Array; readonly optimiser: Moments };
  /** Validated and kept by a run that averages its steps, from the first step that it averages. */
  readonly mean?: Trained;
  /** Of the row-order generator; `pending` is the rest of the current epoch (indices into the training rows). */
  readonly rngState: number;
  readonly pending: readonly number[];
  readonly best: (Trained & { readonly step: number; readonly metric: number }) | null;
  /** Where the loss decides which step is kept. */
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
  /** Keys and values of texts, computed lazily (not with a prefix). */
  | ({ readonly kind: 'cache'; readonly seconds: number } & RowsRead)
  | {
      readonly kind: 'step';
      readonly point: StepPoint;
      readonly stepsTotal: number;
      readonly secondsLeft: number | null;
    }
  | { readonly kind: 'validation'; readonly point: ValidationPoint; readonly best: boolean }
  | { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint }
  /** As at the best validation, or at the last step when there was none. */
  | (Trained & {
      readonly kind: 'done';
      readonly reason: StopReason;
      /** Training diverged after the kept step. */
      readonly error?: WireError;
      /** Of the step that the run was to pause after. */
      readonly trial?: Trial;
      readonly bestStep: number;
      readonly checkpoint: Checkpoint;
      readonly cacheSeconds: number;
      readonly trainSeconds: number;
      readonly stepsPerSecond: number;
      /** Of the runtime, with the model in it. */
      readonly heapBytes?: number;
    });
