import type { RowsRead } from '../inference/text-cache';
import type { WireError } from '../lib/errors';
import type { Value } from '../lib/zod';
import type { checkpointSchema, trainedSchema } from './schemas';

/** On the validation rows. `tokenShare`: tokens of expected texts that the model predicts, each after the correct ones. */
export type Scores =
  | { readonly kind: 'classify'; readonly accuracy: number; readonly macroF1: number }
  | { readonly kind: 'tag'; readonly microF1: number; readonly macroF1: number }
  | { readonly kind: 'generate'; readonly tokenShare: number };

/** Mean cross-entropy over the answer words, mean binary cross-entropy over the labels, or per token of the expected text. */
type ValidationResult = Scores & { readonly loss: number };

export type Trial = ValidationResult & { readonly rowLosses: readonly number[] };

export type Checkpoint = Value<typeof checkpointSchema>;
export type Trained = Value<typeof trainedSchema>;
export type StepPoint = Checkpoint['steps'][number];
export type ValidationPoint = Checkpoint['validations'][number];
/** Both moments of the gradient. */
export type Moments = Checkpoint['optimiser'];

/** What there is to beat. Runs that choose labels know no loss of it. */
export type ReferenceLine = Scores & {
  readonly id: 'majority' | 'untuned' | 'yours';
  /** At the line, e.g. `always “neutral”`. */
  readonly name: string;
  readonly loss?: number;
};

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
      readonly bestStep: number;
      readonly checkpoint: Checkpoint;
      readonly cacheSeconds: number;
      readonly trainSeconds: number;
      readonly stepsPerSecond: number;
      /** Of the runtime, with the model in it. */
      readonly heapBytes?: number;
    });
