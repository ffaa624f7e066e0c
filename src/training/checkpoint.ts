/** Checkpoints as they are stored, in this version's format and the one before. */
import type { Checkpoint, Scores, ValidationPoint } from './events';

/** AdamW's moments, under their own names. */
interface Moments {
  readonly m: Float32Array;
  readonly v: Float32Array;
}

/** Before optimisers had a state of their own, and points a kind: a share of tokens was kept as accuracy and as macro-F1. */
interface Checkpoint1 extends Omit<Checkpoint, 'formatVersion' | 'optimiser' | 'net' | 'validations'>, Moments {
  readonly formatVersion: 1;
  readonly net?: Moments & { readonly weights: Float32Array };
  readonly validations: readonly {
    readonly step: number;
    readonly accuracy: number;
    readonly macroF1: number;
    readonly loss: number;
  }[];
}

export type StoredCheckpoint = Checkpoint | Checkpoint1;

/** A stored checkpoint in this version's format. @param kind of the task that the run was trained for */
export function readCheckpoint(stored: StoredCheckpoint, kind: Scores['kind']): Checkpoint {
  if (stored.formatVersion === 2) return stored;
  const { m, v, net, validations, ...rest } = stored;
  return {
    ...rest,
    formatVersion: 2,
    optimiser: { m, v },
    ...(net && { net: { weights: net.weights, optimiser: { m: net.m, v: net.v } } }),
    validations: validations.map(
      ({ step, accuracy, macroF1, loss }): ValidationPoint =>
        kind === 'generate' ? { kind, step, tokenShare: accuracy, loss } : { kind, step, accuracy, macroF1, loss },
    ),
  };
}

/** Null where texts are written. */
export const accuracyOf = (scores: Scores): number | null => (scores.kind === 'classify' ? scores.accuracy : null);

/** With fewer validations a trend is chance. */
const FEWEST_VALIDATIONS = 4;
/** Share of the first validation loss that the last third of the run has to win. */
const STILL_FALLING = 0.02;

/** Whether the validation loss was still falling when training ended: lowest at the end, after a fall in the last third. */
export function wasStillFalling(validations: readonly Pick<ValidationPoint, 'loss'>[]): boolean {
  const losses = validations.map(({ loss }) => loss);
  const [first, last] = [losses[0], losses.at(-1)];
  const before = losses[Math.floor((2 * losses.length) / 3) - 1];
  if (losses.length < FEWEST_VALIDATIONS || first === undefined || last === undefined || before === undefined)
    return false;
  return last === Math.min(...losses) && before - last >= STILL_FALLING * first;
}
