/** The ways to split that the columns allow, as options of a select. Pure. */
import { groupColumns, partColumns } from '../../../dataset/split-by';
import type { Dataset, SplitBy } from '../../../dataset/types';
import type { SelectOption } from '../../ui/Select';

export const optionOf = (by: SplitBy): string => (by.kind === 'seed' ? 'seed' : `${by.kind}:${by.column}`);

export function splitOf(id: string): SplitBy {
  const [kind, ...rest] = id.split(':');
  const column = rest.join(':');
  return kind === 'column' || kind === 'group' ? { kind, column } : { kind: 'seed' };
}

export function splitOptions({ table, mapping, splitBy }: Dataset): readonly SelectOption[] {
  const free = table.columns.filter((name) => name !== mapping.text && name !== mapping.label);
  const naming = partColumns(free, table.rows);
  const grouping = groupColumns(free, table.rows).filter((name) => name !== mapping.id);
  const options = [
    { id: 'seed', label: 'At random' },
    ...naming.map((column) => ({ id: `column:${column}`, label: `As “${column}” says`, detail: 'train, test' })),
    ...grouping.map((column) => ({ id: `group:${column}`, label: `Together by “${column}”` })),
  ];
  const now = splitBy && splitBy.kind !== 'seed' ? splitBy : null;
  if (!now || options.some(({ id }) => id === optionOf(now))) return options;
  return [...options, { id: optionOf(now), label: `${now.kind === 'group' ? 'Together by' : 'By'} “${now.column}”` }];
}
