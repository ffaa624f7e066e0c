import { finding, listed, plural, type Rule } from './lint-context';
import { perCell } from './per-cell';
import { findPersonal } from './personal';
import { countKinds, personalWords } from './versions';

const personalIn = perCell((cell) => {
  const found = findPersonal(cell);
  return found.length === 0 ? NONE : found;
});
/** One for all cells without. */
const NONE: ReturnType<typeof findPersonal> = [];

/** E-mail addresses, phone numbers and IBANs in any column that a prompt could show. */
export const personalData: Rule = ({ dataset, swapped }) => {
  const { table, mapping } = dataset;
  if (swapped) return [];
  const columns = table.columns.filter((name) => name !== mapping.label && name !== mapping.id);
  const found = columns.filter((name) => table.rows.some((row) => personalIn(row, name).length > 0));
  if (found.length === 0) return [];
  const rows = table.rows.filter((row) => found.some((name) => personalIn(row, name).length > 0));
  const counts = countKinds(rows.flatMap((row) => found.flatMap((name) => personalIn(row, name))));
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
