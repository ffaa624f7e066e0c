/** The sample's first training run: its settings, and how long it takes from the click to the verdict. */
import { runSeconds, type Speed } from '../../training/estimate';
import { STANDARD, type TrainingSettings } from '../../training/settings';

/** 50% of 475 messages to train, 15% to validate, about 30 tokens each. */
const SAMPLE = { trainRows: 238, validationRows: 71, meanTokens: 30, cachedRows: 0 };

/** Someone is waiting for this run: half the standard number of vectors, so a step takes half the time, and fewer validations. */
export const SAMPLE_SETTINGS: Partial<TrainingSettings> = { virtualTokens: 5, validateEvery: 50 };

/** The comparison reads 230 rows (test and calibration) with each prompt; what precedes the text is read once. */
const COMPARED_TOKENS = 230 * (3 * 30 + 2 * 10);

/** Before anything was measured: about what a forward pass of the embedded model takes one core per token. */
const GUESSED_TOKEN_MS = 7.5;

/** Minutes from the click to the verdict: measured where this model ran before, otherwise guessed from the number of threads. */
export function sampleMinutes(measured: Speed | null, threads: number): number {
  const speed = measured ?? { tokenMs: GUESSED_TOKEN_MS / Math.max(1, Math.min(4, threads)), step: {} };
  const seconds =
    runSeconds({ ...STANDARD, ...SAMPLE_SETTINGS }, SAMPLE, speed) + (COMPARED_TOKENS * speed.tokenMs) / 1000;
  return Math.max(1, Math.round(seconds / 60));
}
