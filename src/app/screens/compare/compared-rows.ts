/** Which of the held-back rows prompts are compared on. Pure. */
import type { Dataset } from '../../../dataset/types';
import { drawn } from '../../../lib/rng';
import { isWriting } from '../../../project/prompt-set';
import type { PromptSet } from '../../../project/types';

/** Writing takes a run of the model for every token: on more rows nobody waits for the end. */
const MOST_WRITTEN_ROWS = 200;

/** Where labels are chosen all; where texts are written as many as can be, drawn by the seed of the split and in their order. */
export const comparedIds = (
  set: Pick<PromptSet, 'writing'>,
  { split: { test }, seed }: Pick<Dataset, 'split' | 'seed'>,
): readonly string[] => (isWriting(set) ? drawn(test, MOST_WRITTEN_ROWS, seed) : test);

/** Why not all held-back rows are compared; null where they are. */
export const drawnWords = (compared: number, heldBack: number): string | null =>
  compared === heldBack
    ? null
    : `${compared.toLocaleString('en')} of the ${heldBack.toLocaleString('en')} held-back rows, drawn by the seed of the split: writing takes a run of the model for every word.`;
