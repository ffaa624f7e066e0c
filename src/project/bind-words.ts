/** Answer words belong to the set; a version that is in use keeps those that it was made with when the set gets others. */
import type { LabelWord } from '../task/types';
import type { PromptSet } from './types';

export const sameWords = (a: readonly LabelWord[], b: readonly LabelWord[]): boolean =>
  a.length === b.length && a.every(({ label, word }, i) => label === b[i]?.label && word === b[i]?.word);

/** The versions before a change of words: what was tuned, and what ever stood at a stage, is bound to the words of now. */
export function bindWords(set: PromptSet): Pick<PromptSet, 'hard' | 'soft'> {
  const staged = new Set(set.moves?.map(({ to }) => to));
  const bound = <V extends { readonly words?: PromptSet['words'] | undefined }>(version: V): V =>
    version.words ? version : { ...version, words: set.words };
  return {
    hard: set.hard.map((version) => (staged.has(version.id) ? bound(version) : version)),
    soft: set.soft.map(bound),
  };
}
