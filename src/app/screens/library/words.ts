import { chosenHard, isUsable } from '../../../project/prompt-set';
import type { Evaluation, PromptSet } from '../../../project/types';
import { counted } from '../../ui/format';

/** By name, handle, label, or anything that stands in a prompt. */
export function matches(set: PromptSet, search: string): boolean {
  const wanted = search.trim().toLowerCase();
  if (wanted === '') return true;
  const texts = [
    set.name,
    set.handle,
    set.datasetName ?? '',
    ...set.words.flatMap((w) => [w.label, w.word]),
    ...set.hard.map((h) => h.prompt.template),
  ];
  return texts.some((text) => text.toLowerCase().includes(wanted));
}

export const libraryTitle = (sets: readonly PromptSet[]): string => {
  const tuned = sets.filter((s) => s.soft.some(isUsable)).length;
  if (sets.length === 0) return 'No prompt set yet';
  return `${counted(sets.length, 'prompt set')}, ${tuned === 0 ? 'none tuned yet' : tuned === sets.length ? 'all tuned' : `${tuned} tuned`}`;
};

export const versionsWords = (set: PromptSet): string =>
  `${counted(set.hard.length, 'hand-written prompt')}, ${counted(set.soft.filter(isUsable).length, 'tuned prompt')}`;

export const resultWords = (evaluation: Evaluation | null | undefined): string =>
  evaluation ? evaluation.comparison.verdict.headline : 'not compared yet';

/** How a tuned prompt came about: from which text, and beside which hand-written prompt. */
export function lineage(set: PromptSet): string {
  const hard = chosenHard(set);
  return hard ? `Beside “${hard.name}”, the prompt that stands for Yours` : 'There is no hand-written prompt beside it';
}
