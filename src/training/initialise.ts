import { assert } from '../lib/assert';
import { StudioError } from '../lib/errors';
import { createRng } from '../lib/rng';
import type { TrainingSettings } from './settings';

/** Byte-level vocabularies are ordered by merges: low ids are common. The lowest are control tokens and single bytes. */
const COMMON_IDS = { from: 300, to: 5000 };

/**
 * Token ids whose embeddings the vectors start from, one for each virtual token: those of a text or of the answer words,
 * cut or repeated; or a seeded sample of common ones.
 * @throws StudioError `bad-input` for an empty text
 */
export function initialTokenIds(
  settings: Pick<TrainingSettings, 'initialisation' | 'virtualTokens' | 'seed'>,
  initTokenIds: ArrayLike<number>,
  vocabulary: number,
): number[] {
  const { initialisation, virtualTokens, seed } = settings;
  if (initialisation.kind === 'vocabulary') return sampledIds(virtualTokens, seed, vocabulary);
  if (initTokenIds.length === 0)
    throw new StudioError(
      'bad-input',
      'The text that the vectors start from is empty. Write a few words, or start from the answer words.',
    );
  return Array.from({ length: virtualTokens }, (_, j) => initTokenIds[j % initTokenIds.length] as number);
}

function sampledIds(count: number, seed: number, vocabulary: number): number[] {
  const to = Math.min(COMMON_IDS.to, vocabulary);
  const from = Math.min(COMMON_IDS.from, Math.floor(to / 2));
  assert(to > from, 'an empty vocabulary');
  const rng = createRng(seed);
  return Array.from({ length: count }, () => from + rng.int(to - from));
}
