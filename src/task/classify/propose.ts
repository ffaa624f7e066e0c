import type { ColumnMapping } from '../../dataset/types';
import { answerName, textName, wordsInside } from '../column-names';
import { asContinuation } from '../template';
import type { LabelWord, Tokenise } from '../types';
import { EMPTY_WORDS, SYNONYMS } from './synonyms';

/** How many labels contain the word: one that several labels share tells less. */
function labelsWith(word: string, labels: readonly string[]): number {
  const wanted = word.toLowerCase();
  return labels.filter((label) => wordsInside(label).some((inside) => inside.toLowerCase() === wanted)).length;
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('');

const unique = (items: readonly string[]) => [...new Set(items)];

/** `not_entailment`, `non-toxic`: what is said when the rest is not so. */
const NEGATED = /^(not|non|no)[\s_-]/;

/**
 * Possible answer words of a label, best first: the label, its lower case, known synonyms (of its number, for
 * `4 stars`), then the words inside it in their order, those of this label alone before shared ones.
 */
export function answerCandidates(label: string, labels: readonly string[]): readonly string[] {
  const inside = wordsInside(label)
    .filter((word) => word.length > 1 && !EMPTY_WORDS.has(word.toLowerCase()))
    .map((word) => ({ word, shared: labelsWith(word, labels) }))
    .sort((a, b) => a.shared - b.shared)
    .map(({ word }) => word);
  const key = label.trim().toLowerCase();
  const number = /^(\d+)(?![\d.,])/.exec(key)?.[1] ?? '';
  const keys = [key, key.replace(/[_\s-]+/g, ' '), number];
  const synonyms = keys.flatMap((k) => (Object.hasOwn(SYNONYMS, k) ? (SYNONYMS[k] ?? []) : []));
  const negated = NEGATED.test(key) ? ['no', 'other'] : [];
  const lower = inside.flatMap((word) => [word, word.toLowerCase()]);
  return unique([label.trim(), key, ...synonyms, ...negated, ...lower]);
}

/**
 * One answer word a label, different single tokens where that can be had. Labels with the fewest choices choose first.
 * A label that finds no word takes a letter; when most find none, all do (A, B, C …). When the letters run out such a
 * label keeps its own name and is scored by its whole token sequence. Without a tokenizer the labels are their own words.
 */
export function proposeWords(
  labels: readonly string[],
  template: string,
  tokenise: Tokenise | null,
): readonly LabelWord[] {
  const spelled = (answer: string) => asContinuation(template, answer);
  if (!tokenise) return labels.map((label) => ({ label, word: spelled(label) }));
  const singles = (answers: readonly string[]) =>
    answers.flatMap((answer) => {
      const ids = tokenise(spelled(answer));
      return ids.length === 1 ? [{ answer, id: ids[0] as number }] : [];
    });
  const choices = labels.map((label, i) => ({ i, options: singles(answerCandidates(label, labels)) }));
  const words = assign(choices, labels.length);
  const missing = words.filter((word) => word === null).length;
  const letters = singles(LETTERS);
  const withLetters =
    missing === 0
      ? words
      : missing * 2 > labels.length
        ? labels.map((_, i) => (labels.length <= letters.length ? (letters[i] ?? null) : null))
        : assign(
            words.map((word, i) => ({ i, options: word ? [word] : letters })),
            labels.length,
          );
  return labels.map((label, i) => ({ label, word: spelled((withLetters[i] ?? words[i])?.answer ?? label) }));
}

interface Option {
  readonly answer: string;
  readonly id: number;
}

/** Gives each label its first option that no other has taken; null where none is left. */
function assign(
  choices: readonly { readonly i: number; readonly options: readonly Option[] }[],
  count: number,
): readonly (Option | null)[] {
  const taken = new Set<number>();
  const out = new Array<Option | null>(count).fill(null);
  for (const { i, options } of [...choices].sort((a, b) => a.options.length - b.options.length)) {
    const option = options.find(({ id }) => !taken.has(id));
    if (!option) continue;
    taken.add(option.id);
    out[i] = option;
  }
  return out;
}

const SENTIMENTS = new Set('positive negative neutral mixed pos neg neu good bad happy sad angry'.split(' '));
const DULL_LABEL = new Set('label labels class target gold y output answer column expected category'.split(' '));

/** A first prompt from the columns’ names, e.g. `Message: {text}\nTone:`; dull names get the usual words. */
export function proposeTemplate(mapping: ColumnMapping, labels: readonly string[]): string {
  const isSentiment = labels.length > 0 && labels.every((label) => SENTIMENTS.has(label.trim().toLowerCase()));
  const label = answerName(mapping, DULL_LABEL, isSentiment ? 'Sentiment' : 'Label');
  return `${textName(mapping)}: {text}\n${label}:`;
}

/**
 * An instruction that names the labels: the start of a hand-written prompt, and of a tuned one. A letter used for
 * a label is named with it, as it means nothing by itself.
 */
export function proposeInstruction(labels: readonly string[], words: readonly LabelWord[] = []): string {
  const letters = new Map(words.map(({ label, word }) => [label, word.trim()] as const));
  const answers = labels.map((label) => {
    const word = letters.get(label) ?? label;
    return word.length === 1 && word !== label ? `${word} for ${label}` : label;
  });
  return `Classify the text. Answer with one of: ${answers.join(', ')}.`;
}
