import type { Dataset } from '../../dataset/types';
import { firstText } from '../../prompt/prompt';
import {
  addWritten,
  chooseWritten,
  chosenWritten,
  needsFairCheck,
  takeTemplateAlone,
} from '../../prompt-set/make-versions';
import type { PromptSet } from '../../prompt-set/types';
import { toastUndo } from '../ui/toast';
import type { PromptSetsStore } from './prompt-sets-store';
import type { Services } from './services';

/**
 * Before a comparison: a proposal that nobody has changed, and that is worse on validation rows than the template alone, is no
 * rival. The template alone becomes Yours then, with an undo. The model must be ready.
 */
export async function withFairRival(
  { workflow }: Pick<Services, 'workflow'>,
  promptSets: PromptSetsStore,
  { set, dataset }: { readonly set: PromptSet; readonly dataset: Dataset },
  signal: AbortSignal,
): Promise<PromptSet> {
  const proposed = chosenWritten(set);
  if (!proposed || !needsFairCheck(set)) return set;
  const { words, baseTemplate: template } = set;
  const asked = { dataset, template, words, prompt: firstText(proposed.prompt) };
  if (!(await workflow.call('isWorseThanBare', asked, { signal }))) return set;
  const { updateById, change } = promptSets.getState();
  let isTaken = false;
  // Train may have asked the same a moment before
  const taken = await updateById(set.id, (latest, at) => {
    isTaken = needsFairCheck(latest);
    return isTaken ? takeTemplateAlone(latest, at) : latest;
  });
  const what =
    'Your prompt is now the template without the proposed instruction, which did worse on the validation rows';
  const undo = () =>
    change(set.id, what, (latest, at) => {
      const { set: next, version } = addWritten(latest, at, { ...proposed, text: firstText(proposed.prompt) });
      return chooseWritten(next, version.id, at.now);
    });
  if (isTaken) toastUndo(what, undo);
  return taken;
}
