/** A version of a prompt set as the workflow answers with it: read from disk when the work starts, never before. */

import { StudioError } from '../../../lib/errors';
import { ofKind } from '../../../project/evaluations';
import { calibrationOf } from '../../../project/performance';
import { kindOf } from '../../../project/prompt-set';
import { promptFor, type ReadyPrompt, readyPrompt } from '../../../project/ready-prompt';
import type { PromptSet } from '../../../project/types';
import { versionById, versionWords } from '../../../project/versions';
import type { AnsweringTask, AnsweringVersion } from '../../../workflow/answering';
import type { Studio } from '../../state/studio';
import { stageOf } from '../../state/version-words';

type Disk = Studio['services']['store'];

interface Chosen {
  readonly ready: ReadyPrompt;
  /** "SUPPORT_TONE, production (tuned 3)". */
  readonly who: string;
}

const gone = (what: string) =>
  new StudioError('bad-input', `This ${what} is no longer in the library. Choose another one.`);

/** The prompt that a stage or a version stands for now: a stage may have moved. @throws StudioError why there is none */
export async function chosenVersion(store: Disk, setId: string, which: string): Promise<Chosen> {
  const set = await store.sets.get(setId);
  if (!set || set.deletedAt !== null) throw gone('prompt set');
  const { handle } = set;
  const stage = stageOf(which);
  if (stage !== null) {
    const found = promptFor([set], { handle, stage });
    if (!found.ok) throw new StudioError('bad-input', found.error.message);
    return { ready: found.value, who: `${handle}, ${stage} (${versionWords(found.value.of)})` };
  }
  const version = versionById(set, which);
  if (!version) throw gone('version');
  return { ready: readyPrompt(set, version), who: `${handle}, ${versionWords(version)}` };
}

const TASKS: { readonly [K in AnsweringTask['kind']]: (of: ReadyPrompt, store: Disk) => Promise<AnsweringTask> } = {
  classify: async ({ set, of }, store) => ({
    kind: 'classify',
    calibration: calibrationOf(ofKind(await store.evaluations.ofSet(set.id), 'classify'), of),
  }),
  generate: async ({ set }) => ({ kind: 'generate', longest: set.writing?.longest ?? null }),
};

const needsRows = (set: PromptSet, { shots }: ReadyPrompt['prompt']) => kindOf(set) === 'generate' || shots > 0;

/** @param withRows the set's own rows are needed whatever the prompt is */
export async function answeringVersion(store: Disk, ready: ReadyPrompt, withRows: boolean): Promise<AnsweringVersion> {
  const { set, of, prompt, words, soft } = ready;
  const task = await TASKS[kindOf(set)](ready, store);
  const stored = withRows || needsRows(set, prompt) ? await store.datasets.get(set.id) : null;
  const model = of.kind === 'soft' ? of.version.model : null;
  return { task, prompt, words, soft, model, dataset: stored?.dataset ?? null };
}
