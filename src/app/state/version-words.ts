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

/** How a choice names a stage; anything else is a version's id. */
const STAGE = 'stage:';
export const stageId = (name: string): string => `${STAGE}${name}`;
export const stageOf = (choice: string): string | null =>
  choice.startsWith(STAGE) ? choice.slice(STAGE.length) : null;

export const stageOptions = (set: PromptSet): readonly SelectOption[] =>
  stagesOf(set).map(({ name, versionId }) => ({
    id: stageId(name),
    label: name,
    detail: `stage, points to ${targetWords(set, versionId)}`,
  }));

export const versionOptions = (set: PromptSet): readonly SelectOption[] =>
  set.versions.toReversed().map((each) => {
    const found = reached(set, each);
    const detail = [...stagesAt(set, each.id), ...(found === null ? [] : [`${found} on validation rows`])];
    const { id, name } = each;
    const label = `${versionWords(each)}${/^(Run|Version) \d+$/.test(name) ? '' : `, ${name}`}`;
    return { id, label, detail: detail.join(' · ') };
  });
