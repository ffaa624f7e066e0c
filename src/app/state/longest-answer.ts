/** How long a generated answer may be. */
import type { Dataset } from '../../dataset/types';
import type { PromptSet } from '../../prompt-set/types';
import type { Services } from './services';

/** For a prompt set without rows and without a length of its own. */
const FALLBACK_TOKENS = 64;

/** How many tokens an answer may have: as set, else as long as the texts of the data. */
export async function longestAnswer(
  { workflow }: Pick<Services, 'workflow'>,
  set: PromptSet,
  dataset: Dataset | null,
): Promise<number> {
  if (set.writing?.longest != null) return set.writing.longest;
  return dataset ? (await workflow.call('targetLengths', { dataset })).longest : FALLBACK_TOKENS;
}
