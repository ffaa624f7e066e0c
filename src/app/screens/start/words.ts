/** What the start screen says. Pure. */
import { STANDARD } from '../../../training/settings';
import { runSeconds } from '../train/estimate';

/** The sample's run: 50% of 475 messages to train, 15% to validate, about 30 tokens each. */
const SAMPLE = { trainRows: 238, validationRows: 71, meanTokens: 30, cachedRows: 0 };
/** Held-back rows, scored by each of four prompts in the comparison, with their tokens. */
const COMPARED_TOKENS = 166 * (30 + 40 + 45 + 60);
/** Before anything was measured: a forward pass of this model takes a core about so long for a token. */
const GUESSED_TOKEN_MS = 4.5;

/** Minutes from the click to the verdict: measured where something was, else guessed from the number of threads. */
export function sampleMinutes(tokenMs: number | null, threads: number): number {
  const ms = tokenMs ?? GUESSED_TOKEN_MS / Math.max(1, Math.min(4, threads));
  const seconds = runSeconds(STANDARD, SAMPLE, { tokenMs: ms, step: {} }) + (COMPARED_TOKENS * ms) / 1000;
  return Math.max(1, Math.round(seconds / 60));
}

/** "negative" -> "Negative". */
export const capital = (label: string): string => label.charAt(0).toUpperCase() + label.slice(1);
