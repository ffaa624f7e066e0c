/** A stage or a version that plays besides the usual prompts. Pure. */

import { readyPrompt } from '../../../project/ready-prompt';
import { resolveStage } from '../../../project/stages';
import type { PromptSet } from '../../../project/types';
import { versionById, versionWords } from '../../../project/versions';
import type { Player } from './cast';

const STAGE = 'stage:';

export interface Also {
  readonly player: Pick<Player, 'id' | 'name' | 'title' | 'side' | 'template' | 'chat' | 'soft' | 'words'> | null;
  /** Why it does not play. */
  readonly trouble: string | null;
}

const trouble = (sentence: string): Also => ({ player: null, trouble: sentence });

/** @param which `stage:production`, or a version's id; empty = none */
export function alsoOf(set: PromptSet, which: string): Also {
  if (which === '') return { player: null, trouble: null };
  const stage = which.startsWith(STAGE) ? which.slice(STAGE.length) : null;
  const found = stage === null ? null : resolveStage(set, stage);
  if (found && !found.ok) return trouble(found.error.message);
  const of = found?.ok ? found.value : versionById(set, which);
  if (!of) return trouble('This version is not in the library any more. Choose another one.');
  const { prompt, soft, words } = readyPrompt(set, of);
  if (words.some(({ label }, i) => label !== set.words[i]?.label) || words.length !== set.words.length)
    return trouble(`${versionWords(of)} answers with other labels than this project has by now. Run it in Batch.`);
  if (prompt.shots > 0)
    return trouble(`${versionWords(of)} shows examples before each text, which are left out here. Run it in Batch.`);
  const name = stage === null ? versionWords(of) : `${stage}: ${versionWords(of)}`;
  const side = of.kind === 'hard' ? 'a' : 'b';
  const { template, chat = false } = prompt;
  return { player: { id: 'also', name, title: name, side, template, chat, soft, words }, trouble: null };
}
