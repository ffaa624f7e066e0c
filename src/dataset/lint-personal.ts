import { finding, listed, plural, type Rule } from './lint-context';
import { findPersonal } from './personal';
import { countPersonal, personalWords } from './versions';

/** E-mail addresses, phone numbers and IBANs in any column that a prompt could show. */
export const personalData: Rule = ({ dataset, swapped }) => {
  const { table, mapping } = dataset;
  if (swapped) return [];
  const columns = table.columns.filter((name) => name !== mapping.label && name !== mapping.id);
  const has = (name: string) => table.rows.some((row) => findPersonal(row.cells[name] ?? '').length > 0);
  const found = columns.filter(has);
  if (found.length === 0) return [];
  const cellsOf = (cells: Readonly<Record<string, string>>) => found.map((name) => cells[name] ?? '');
  const rows = table.rows.filter(({ cells }) => cellsOf(cells).some((cell) => findPersonal(cell).length > 0));
  const counts = countPersonal(rows.flatMap(({ cells }) => cellsOf(cells)));
  return [
    finding(
      'personal-data',
      'warning',
      `${personalWords(counts)} in ${plural(rows.length, 'row')}`,
      `Found in ${listed(found.map((name) => `“${name}”`))}. Nothing leaves this page, but an example in a prompt or an export with rows would carry them. Masking puts [email], [phone] or [iban] in their place.`,
      rows,
      { label: 'Mask them', change: { kind: 'mask', columns: found } },
    ),
  ];
};
