/** What the start screen says. Pure. */

import { runSeconds, type Speed } from '../../../training/estimate';
import { STANDARD, type TrainingSettings } from '../../../training/settings';

/** The sample's run: 50% of 475 messages to train, 15% to validate, about 30 tokens each. */
const SAMPLE = { trainRows: 238, validationRows: 71, meanTokens: 30, cachedRows: 0 };
/** Somebody waits for this one: half the vectors of the standard, so that a step takes half the time, and fewer validations. */
export const SAMPLE_SETTINGS: Partial<TrainingSettings> = { virtualTokens: 5, validateEvery: 50 };
/** The comparison reads 230 rows (held back, and to calibrate) with each prompt; what precedes the text is read once. */
const COMPARED_TOKENS = 230 * (3 * 30 + 2 * 10);
/** Before anything was measured: a forward pass of the embedded model takes a core about so long for a token. */
const GUESSED_TOKEN_MS = 7.5;

/** Minutes from the click to the verdict: measured where this model ran before, else guessed from the number of threads. */
export function sampleMinutes(measured: Speed | null, threads: number): number {
  const speed = measured ?? { tokenMs: GUESSED_TOKEN_MS / Math.max(1, Math.min(4, threads)), step: {} };
  const seconds =
    runSeconds({ ...STANDARD, ...SAMPLE_SETTINGS }, SAMPLE, speed) + (COMPARED_TOKENS * speed.tokenMs) / 1000;
  return Math.max(1, Math.round(seconds / 60));
}

/** "negative" -> "Negative". */
export const capital = (label: string): string => label.charAt(0).toUpperCase() + label.slice(1);
