/** What a prompt calls the columns of a file. */
import type { ColumnMapping } from '../dataset/types';

/** `cardArrival_late` -> `card`, `Arrival`, `late`. */
export const wordsInside = (name: string): readonly string[] =>
  name
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');

/** `customer_message` -> `Customer message`. */
function title(name: string): string {
  const words = wordsInside(name).join(' ').toLowerCase();
  return words === '' ? '' : words.charAt(0).toUpperCase() + words.slice(1);
}

const isDull = (name: string, dull: ReadonlySet<string>) => {
  const words = wordsInside(name).map((word) => word.toLowerCase());
  return words.every((word) => dull.has(word) || /^\d+$/.test(word));
};

const DULL_TEXT = new Set('text txt input content body column data value string x field a b c'.split(' '));

/** The name of the text column, or `Text` where the column's name says nothing. */
export const textName = ({ text }: Pick<ColumnMapping, 'text'>): string =>
  isDull(text, DULL_TEXT) ? 'Text' : title(text);

/** The name of the answer column, or `usual` where the column's name says nothing. */
export const answerName = (
  { label }: Pick<ColumnMapping, 'label'>,
  dull: ReadonlySet<string>,
  usual: string,
): string => (isDull(label, dull) ? usual : title(label));
