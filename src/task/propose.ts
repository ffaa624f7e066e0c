/** From the names of a file's columns, or from the card of a policy. */
import { textKey } from '../dataset/labels';
import type { ColumnMapping } from '../dataset/types';
import { capitalised } from '../lib/format';
import type { AnswerWord } from './types';

/** `cardArrival_late` -> `card`, `Arrival`, `late`. */
export const wordsInside = (name: string): readonly string[] =>
  name
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');

/** `customer_message` -> `Customer message`. */
function title(name: string): string {
  return capitalised(wordsInside(name).join(' ').toLowerCase());
}

const isDull = (name: string, dull: ReadonlySet<string>) => {
  const words = wordsInside(name).map((word) => word.toLowerCase());
  return words.every((word) => dull.has(word) || /^\d+$/.test(word));
};

const DULL_TEXT = new Set('text txt input content body column data value string x field a b c'.split(' '));

/** `Text` where the column's name says nothing. */
const textName = ({ text }: Pick<ColumnMapping, 'text'>): string => (isDull(text, DULL_TEXT) ? 'Text' : title(text));

/** `usual` where the column's name says nothing. */
const answerName = ({ label }: Pick<ColumnMapping, 'label'>, dull: ReadonlySet<string>, usual: string): string =>
  isDull(label, dull) ? usual : title(label);

const SENTIMENTS = new Set('positive negative neutral mixed pos neg neu good bad happy sad angry'.split(' '));
const DULL_LABEL = new Set('label labels class target gold y output answer column expected category'.split(' '));

/**
 * `Message: {text}\nTone:` from the columns' names; dull names get the usual words.
 * @param above a column of texts that is shown above, such as the subject of a message
 */
export function classifyTemplate(
  mapping: ColumnMapping,
  labels: readonly string[],
  above: string | null = null,
): string {
  const isSentiment = labels.length > 0 && labels.every((label) => SENTIMENTS.has(label.trim().toLowerCase()));
  const label = answerName(mapping, DULL_LABEL, isSentiment ? 'Sentiment' : 'Label');
  const first = above === null ? '' : `${title(above)}: {${above}}\n`;
  return `${first}${textName(mapping)}: {text}\n${label}:`;
}

/** A letter or a number used for a label is named with it, as it means nothing by itself. */
export function classifyInstruction(labels: readonly string[], words: readonly AnswerWord[] = []): string {
  return `Classify the text. Answer with one of: ${namedLabels(labels, words).join(', ')}.`;
}

/** @param labels the last one stands for no label */
export const tagInstruction = (labels: readonly string[], words: readonly AnswerWord[] = []): string =>
  `Tag the text. Answer with all that fit: ${namedLabels(labels, words).join(', ')}.`;

function namedLabels(labels: readonly string[], words: readonly AnswerWord[]): readonly string[] {
  const letters = new Map(words.map(({ label, word }) => [label, word.trim()] as const));
  return labels.map((label) => {
    const word = letters.get(label) ?? label;
    return (word.length === 1 || /^\d+$/.test(word)) && word !== label ? `${word} for ${label}` : label;
  });
}

/**
 * What vectors start from where nobody wrote an instruction; of 20 sentences this one led to the lowest loss
 * (docs/benchmarks.md, "What vectors start from").
 */
export function startSentence(answers: readonly string[]): string {
  const [last = '', ...others] = answers.toReversed();
  return `Decide if the text is ${others.length === 0 ? last : `${others.toReversed().join(', ')} or ${last}`}.`;
}

const DULL_ANSWER = new Set('target output answer completion response expected gold y column text b'.split(' '));

const answerOf = (mapping: ColumnMapping) => answerName(mapping, DULL_ANSWER, 'Answer');

/** For example `Ticket: {text}\nSummary:`. */
export const generateTemplate = (mapping: ColumnMapping): string =>
  `${textName(mapping)}: {text}\n${answerOf(mapping)}:`;

export const generateInstruction = (mapping: ColumnMapping): string =>
  `Read the ${textName(mapping).toLowerCase()} and write the ${answerOf(mapping).toLowerCase()} in one line.`;

/** A task without rows, for a CSV that the user brings. */
export interface PolicyCard {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  /** The usual name first. */
  readonly columns: { readonly text: readonly string[]; readonly label: readonly string[] };
  readonly labels: readonly (AnswerWord & { readonly means: string })[];
  readonly limits: string;
  /** The plain template; `prompt` is the same below an instruction. */
  readonly template: string;
  readonly prompt: string;
}

/** The card's columns where the table has them, the others as guessed. */
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
  return { text: texts, label: labels, id: id === texts || id === labels ? null : id, task: 'classify' };
}

/** The card's word where it knows the label, else the label itself. */
export function cardWords(card: PolicyCard, labels: readonly string[]): readonly AnswerWord[] {
  const known = new Map(card.labels.map(({ label, word }) => [textKey(label), word]));
  return labels.map((label) => ({ label, word: known.get(textKey(label)) ?? ` ${label}` }));
}

export const unnamedLabels = (card: PolicyCard, labels: readonly string[]): readonly string[] =>
  labels.filter((label) => !card.labels.some((own) => textKey(own.label) === textKey(label)));
