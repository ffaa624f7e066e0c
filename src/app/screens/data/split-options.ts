/** The ways to split that the columns allow, as options of a select. Pure. */
import type { SplitBy } from '../../../dataset/types';
import type { SelectOption } from '../../ui/Select';
import type { Prepared } from './data-state';

export const optionOf = (by: SplitBy): string => (by.kind === 'seed' ? 'seed' : `${by.kind}:${by.column}`);

export function splitOf(id: string): SplitBy {
  const [kind, ...rest] = id.split(':');
  const column = rest.join(':');
  return kind === 'column' || kind === 'group' ? { kind, column } : { kind: 'seed' };
}

export function splitOptions({
  dataset: { splitBy },
  splitColumns: { naming, grouping },
}: Pick<Prepared, 'dataset' | 'splitColumns'>): readonly SelectOption[] {
  const options = [
    { id: 'seed', label: 'At random' },
    ...naming.map((column) => ({ id: `column:${column}`, label: `As “${column}” says`, detail: 'train, test' })),
    ...grouping.map((column) => ({ id: `group:${column}`, label: `Together by “${column}”` })),
  ];
  const now = splitBy && splitBy.kind !== 'seed' ? splitBy : null;
  if (!now || options.some(({ id }) => id === optionOf(now))) return options;
  return [...options, { id: optionOf(now), label: `${now.kind === 'group' ? 'Together by' : 'By'} “${now.column}”` }];
}
