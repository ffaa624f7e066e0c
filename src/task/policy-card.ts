/** A task without rows: what its labels mean and a hand-written prompt, for a CSV that the user brings. */
import { textKey } from '../dataset/labels';
import type { ColumnMapping } from '../dataset/types';
import type { LabelWord } from './types';

export interface PolicyCard {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  /** Names that the columns may have, the usual one first. */
  readonly columns: { readonly text: readonly string[]; readonly label: readonly string[] };
  readonly labels: readonly (LabelWord & { readonly means: string })[];
  readonly limits: string;
  /** The bare template, and the same below an instruction. */
  readonly template: string;
  readonly prompt: string;
}

/** The columns that the card names, where the table has them; the others as guessed. */
export function cardMapping(
  { columns: { text, label } }: PolicyCard,
  columns: readonly string[],
  guess: ColumnMapping | null,
): ColumnMapping | null {
  const named = (names: readonly string[]) =>
    names.flatMap((name) => columns.filter((column) => textKey(column) === textKey(name)))[0];
  const [texts, labels] = [named(text) ?? guess?.text, named(label) ?? guess?.label];
  if (texts === undefined || labels === undefined || texts === labels) return guess;
  const id = guess?.id ?? null;
  return { text: texts, label: labels, id: id === texts || id === labels ? null : id };
}

/** An answer word for each label of the rows: the card's where it knows the label, else the label itself. */
export function cardWords(card: PolicyCard, labels: readonly string[]): readonly LabelWord[] {
  const known = new Map(card.labels.map(({ label, word }) => [textKey(label), word]));
  return labels.map((label) => ({ label, word: known.get(textKey(label)) ?? ` ${label}` }));
}

/** Labels of the rows that the card's prompt does not name. */
export const unnamedLabels = (card: PolicyCard, labels: readonly string[]): readonly string[] =>
  labels.filter((label) => !card.labels.some((own) => textKey(own.label) === textKey(label)));
