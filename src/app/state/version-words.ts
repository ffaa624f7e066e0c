import type { Choice } from '../../prompt-set/planned';
import { stagesAt, stagesOf } from '../../prompt-set/stages';
import { triedWords } from '../../prompt-set/tries';
import type { PromptSet, Version } from '../../prompt-set/types';
import { runOf, versionById, versionWords } from '../../prompt-set/versions';
import { reachedWords } from '../../workflow/words';
import type { SelectOption } from '../ui/Choices';

/** A version's result on validation rows; null = it was not tried. */
export function reached(set: PromptSet, version: Version): string | null {
  const run = runOf(set, version);
  if (run) return reachedWords(run) === '–' ? null : reachedWords(run);
  return version.tried && triedWords(version.tried);
}

export const MISSING_VERSION = 'a missing version';

export function targetWords(set: PromptSet, versionId: string | null): string {
  if (versionId === null) return 'nothing';
  const found = versionById(set, versionId);
  return found ? versionWords(found) : MISSING_VERSION;
}

/** Of an option, by which its choice is found again. */
export const choiceKey = (choice: Choice): string => (choice.kind === 'stage' ? `stage ${choice.stage}` : choice.id);

interface ChoiceOption extends SelectOption {
  readonly choice: Choice;
}

const option = (choice: Choice, label: string, detail: string): ChoiceOption => ({
  id: choiceKey(choice),
  label,
  detail,
  choice,
});

export const choiceOptions = (set: PromptSet): readonly ChoiceOption[] => [
  ...stagesOf(set).map(({ name: stage, versionId }) =>
    option({ kind: 'stage', stage }, stage, `stage, points to ${targetWords(set, versionId)}`),
  ),
  ...versionOptions(set),
];

export const versionOptions = (set: PromptSet): readonly ChoiceOption[] =>
  set.versions.toReversed().map((each) => {
    const found = reached(set, each);
    const detail = [...stagesAt(set, each.id), ...(found === null ? [] : [`${found} on validation rows`])];
    const { id, name, number } = each;
    const isNamed = name !== `Run ${number}` && name !== `Version ${number}`;
    const label = isNamed ? `${versionWords(each)}, ${name}` : versionWords(each);
    return option({ kind: 'version', id }, label, detail.join(' · '));
  });
