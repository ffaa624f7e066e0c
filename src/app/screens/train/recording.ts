/** From what is asked for to a run that stands in the set: from here on a reload finds it. */
import { present } from '../../../lib/assert';
import { chosenHard, isWriting, stamp, startRun } from '../../../project/prompt-set';
import type { PromptSet, SoftVersion } from '../../../project/types';
import type { TrainingSettings } from '../../../training/settings';
import type { ProjectStore } from '../../state/project-store';
import { initialText } from './initial-text';
import type { QueuedRun } from './queue';

/** The text that the vectors stand at: the bare one, or the user's own where there is one. */
export const templateOf = (set: PromptSet, hybrid: boolean): string =>
  (hybrid ? chosenHard(set)?.prompt.template : null) ?? set.baseTemplate;

/** Texts have no labels to weigh, and only their loss tells which step to keep. */
function forWriting({ classWeights: _, ...settings }: TrainingSettings): TrainingSettings {
  const { initialisation: start } = settings;
  const initialisation = start.kind === 'answer-words' ? ({ kind: 'text', text: '' } as const) : start;
  return { ...settings, initialisation, metric: 'loss' };
}

interface Recorded {
  readonly open: PromptSet;
  readonly version: SoftVersion;
}

export async function recordRun(
  project: ProjectStore,
  setId: string,
  { id, settings: asked, name, hybrid, group }: QueuedRun,
  from: Pick<SoftVersion, 'model' | 'datasetFingerprint' | 'heldBackHash'>,
): Promise<Recorded> {
  // under the id that it waited with, so that it is not run twice
  const at = { ...stamp(), id };
  let version: SoftVersion | null = null;
  const open = await project.getState().updateById(setId, (set) => {
    const settings = isWriting(set) ? forWriting(asked) : asked;
    const { initialisation } = settings;
    const hand = hybrid ? chosenHard(set) : null;
    const started = startRun(set, at, {
      ...from,
      name,
      settings,
      template: templateOf(set, hybrid),
      initText: initialisation.kind === 'text' ? initialisation.text.trim() || initialText(set) : '',
      ...(hand && { handVersion: hand.id }),
      ...(group && { group }),
    });
    version = started.run;
    return started.set;
  });
  return { open, version: present<SoftVersion>(version, 'run') };
}
