/** The versions of a set as choices, newest first. Pure. */
import { stagesAt } from '../../../project/stages';
import type { PromptSet } from '../../../project/types';
import { versionsOf, versionWords } from '../../../project/versions';
import { percent } from '../../ui/format';
import type { SelectOption } from '../../ui/Select';

export const versionOptions = (set: PromptSet): readonly SelectOption[] =>
  versionsOf(set)
    .toReversed()
    .map((each) => {
      const accuracy = each.kind === 'hard' ? each.version.tried?.accuracy : each.version.validationAccuracy;
      const detail = [
        ...stagesAt(set, each.version.id),
        ...(typeof accuracy === 'number' ? [`${percent(accuracy)} on validation rows`] : []),
      ];
      const name = each.version.name;
      return {
        id: each.version.id,
        label: `${versionWords(each)}${/^(Run|Version) \d+$/.test(name) ? '' : `, ${name}`}`,
        detail: detail.join(' · '),
      };
    });
