/** The versions of a set as choices, newest first. Pure. */
import { stagesAt } from '../../../project/stages';
import type { PromptSet } from '../../../project/types';
import { versionsOf, versionWords } from '../../../project/versions';
import type { SelectOption } from '../../ui/Select';
import { reached } from './words';

export const versionOptions = (set: PromptSet): readonly SelectOption[] =>
  versionsOf(set)
    .toReversed()
    .map((each) => {
      const found = reached(each);
      const detail = [...stagesAt(set, each.version.id), ...(found === null ? [] : [`${found} on validation rows`])];
      const name = each.version.name;
      return {
        id: each.version.id,
        label: `${versionWords(each)}${/^(Run|Version) \d+$/.test(name) ? '' : `, ${name}`}`,
        detail: detail.join(' · '),
      };
    });
