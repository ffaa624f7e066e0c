import { wordsInside } from './propose';
import { asContinuation } from './template';
import type { AnswerWord, Tokenise } from './types';

/** Words that a small model knows better than a label that is no single token. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  pos: ['positive', 'good'],
  neg: ['negative', 'bad'],
  neu: ['neutral', 'mixed'],
  ham: ['normal', 'fine'],
  spam: ['spam', 'junk'],
  'not spam': ['normal', 'fine'],
  'non spam': ['normal', 'fine'],
  toxic: ['hateful', 'rude'],
  'non toxic': ['polite', 'fine'],
  nontoxic: ['polite', 'fine'],
  'very positive': ['excellent', 'great'],
  'very negative': ['terrible', 'awful'],
  'somewhat positive': ['good', 'fine'],
  'somewhat negative': ['poor', 'bad'],
  true: ['true', 'yes'],
  false: ['false', 'no'],
  yes: ['yes', 'true'],
  no: ['no', 'false'],
  y: ['yes'],
  n: ['no'],
  t: ['true'],
  f: ['false'],
  entailment: ['yes', 'true'],
  contradiction: ['no', 'false'],
  unknown: ['unknown', 'other'],
  misc: ['other', 'different'],
  miscellaneous: ['other', 'different'],
  etc: ['other'],
  '0': ['zero', 'no', 'none'],
  '1': ['one', 'yes', 'first'],
  '2': ['two', 'second'],
  '3': ['three', 'third'],
  '4': ['four', 'fourth'],
  '5': ['five', 'fifth'],
  '6': ['six', 'sixth'],
  '7': ['seven', 'seventh'],
  '8': ['eight', 'eighth'],
  '9': ['nine', 'ninth'],
  '10': ['ten', 'tenth'],
  urgent: ['urgent', 'critical'],
  'not urgent': ['normal', 'later'],
  complaint: ['complaint', 'problem'],
  enquiry: ['question', 'request'],
  inquiry: ['question', 'request'],
  bug: ['bug', 'error'],
  'feature request': ['feature', 'wish'],
  'very satisfied': ['delighted', 'excellent', 'great'],
  satisfied: ['satisfied', 'happy', 'good'],
  dissatisfied: ['unhappy', 'poor', 'bad'],
  unsatisfied: ['unhappy', 'poor', 'bad'],
  'very dissatisfied': ['terrible', 'awful', 'furious'],
  'strongly agree': ['definitely', 'absolutely'],
  'strongly disagree': ['never', 'wrong'],
  offensive: ['offensive', 'rude'],
  refund: ['refund', 'money'],
  cancellation: ['cancel', 'end'],
  unsubscribe: ['cancel', 'stop'],
};

const EMPTY_WORDS: ReadonlySet<string> = new Set(
  'a an and are at be by do for from has have how i in is it its my no non not of on or our so that the this to up via was what when where who why will with you your'.split(
    ' ',
  ),
);

/** A word that several labels share tells less. */
function labelsWith(word: string, labels: readonly string[]): number {
  const wanted = word.toLowerCase();
  return labels.filter((label) => wordsInside(label).some((inside) => inside.toLowerCase() === wanted)).length;
}

/** A letter or a number for a label, several tokens, or an abbreviation in capitals, as “off” for OFF, says nothing of it. */
export const unfitWords = <W extends WordTokens>(words: readonly W[]): readonly W[] =>
  words.filter(
    ({ label, word, tokenIds }) =>
      tokenIds.length !== 1 ||
      /^[A-Z]$/.test(word.trim()) ||
      /^[\d.,\s]+$/.test(label) ||
      (/^\s*[A-Z]{2,4}\s*$/.test(label) && word.trim().toLowerCase() === label.trim().toLowerCase()),
  );

export const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('');

const unique = (items: readonly string[]) => [...new Set(items)];

/**
 * Words of one token that no other has, then letters and pairs of letters: for labels whose output vectors are trained, where
 * it does not matter what a word means. Null where the letters run out.
 */
export function singleTokenWords(
  words: readonly AnswerWord[],
  template: string,
  tokenise: Tokenise,
): readonly AnswerWord[] | null {
  const one = (word: string): number | null => {
    const [id, ...more] = Array.from(tokenise(word));
    return id === undefined || more.length > 0 ? null : id;
  };
  const spelled = words.map(({ label, word }) => ({ label, word: asContinuation(template, word) }));
  const ids = spelled.map(({ word }) => one(word));
  const isOwn = (id: number | null, i: number) => id !== null && ids.indexOf(id) === i;
  const taken = new Set(ids.filter(isOwn));
  const pairs = LETTERS.flatMap((first) => LETTERS.map((second) => first + second));
  const free = [...LETTERS, ...pairs]
    .map((letters) => asContinuation(template, letters))
    .filter((word) => {
      const id = one(word);
      const isFree = id !== null && !taken.has(id);
      if (isFree) taken.add(id);
      return isFree;
    });
  const missing = ids.filter((id, i) => !isOwn(id, i)).length;
  if (missing > free.length) return null;
  return spelled.map((word, i) => (isOwn(ids[i] ?? null, i) ? word : { ...word, word: free.shift() ?? word.word }));
}

/** `not_entailment`, `non-toxic`. */
const NEGATED = /^(not|non|no)[\s_-]/;

/**
 * Best first: the label, its lower case, synonyms (of its number, for `4 stars`), the words inside it, those of this label
 * alone before shared ones.
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
 * Different single tokens where that can be had; labels with the fewest choices choose first. A label that finds no word
 * takes a letter; when most find none, all do. When the letters run out it keeps its name and is scored by its whole token
 * sequence. Names of which one begins another, as `kind_1` begins `kind_12`, take letters, or all labels are numbered.
 */
export function proposeWords(
  labels: readonly string[],
  template: string,
  tokenise: Tokenise | null,
): readonly AnswerWord[] {
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
  const named = labels.map((label, i) => ({ label, word: spelled((withLetters[i] ?? words[i])?.answer ?? label) }));
  return distinct(named, letters, spelled, tokenise);
}

/** Others in place of those whose tokens begin another's. */
function distinct(
  words: readonly AnswerWord[],
  letters: readonly Option[],
  spelled: (answer: string) => string,
  tokenise: Tokenise,
): readonly AnswerWord[] {
  const tokens = words.map((word) => ({ ...word, tokenIds: Array.from(tokenise(word.word)) }));
  const stuck = new Set(groups(tokens).flatMap((group) => group.map(({ label }) => label)));
  const taken = new Set(tokens.filter(({ label }) => !stuck.has(label)).map(({ tokenIds }) => tokenIds[0]));
  const free = letters.filter(({ id }) => !taken.has(id)).map(({ answer }) => answer);
  if (stuck.size > free.length) {
    // equally long, so that none begins another
    const digits = String(words.length).length;
    return words.map(({ label }, i) => ({ label, word: spelled(String(i + 1).padStart(digits, '0')) }));
  }
  return words.map((word) => (stuck.has(word.label) ? { ...word, word: spelled(free.shift() ?? word.word) } : word));
}

/** Lists that people try, where every label has one token of its own: labels, lower case, capitals, synonyms, letters. */
export function usualLists(
  labels: readonly string[],
  template: string,
  tokenise: Tokenise,
): readonly (readonly AnswerWord[])[] {
  const answers = labels.map((label) => answerCandidates(label, labels));
  const at = (place: number) => answers.map((each) => each[Math.min(place, each.length - 1)] ?? '');
  const names = labels.map((label) => label.trim());
  const capitals = names.map((name) => name.charAt(0).toUpperCase() + name.slice(1).toLowerCase());
  const letters = labels.length <= LETTERS.length ? [LETTERS.slice(0, labels.length)] : [];
  return [names, at(1), capitals, at(2), at(3), ...letters]
    .map((words) => labels.map((label, i) => ({ label, word: asContinuation(template, words[i] ?? '') })))
    .filter((words) => hasOwnTokens(words, tokenise));
}

/** Each word is one token that no other is. */
export function hasOwnTokens(words: readonly AnswerWord[], tokenise: Tokenise): boolean {
  const tokens = words.map(({ word }) => Array.from(tokenise(word)));
  return tokens.every(({ length }) => length === 1) && new Set(tokens.map(([id]) => id)).size === words.length;
}

interface Option {
  readonly answer: string;
  readonly id: number;
}

/** The first option that no other label has taken. */
function assign(choices: readonly { readonly i: number; readonly options: readonly Option[] }[], count: number) {
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

export interface WordTokens extends AnswerWord {
  readonly tokenIds: readonly number[];
}

export interface Collision {
  /** The model cannot tell them apart by their answer words. */
  readonly labels: readonly string[];
  /** Distinct single tokens, as far as there are any. */
  readonly suggestion: readonly AnswerWord[];
}

const key = (word: WordTokens) => word.tokenIds.join(' ');

/** One word's tokens begin with the other's. */
const clashes = (a: WordTokens, b: WordTokens) =>
  key(a) === key(b) || key(a).startsWith(`${key(b)} `) || key(b).startsWith(`${key(a)} `);

/** Directly or through a third. */
function groups(words: readonly WordTokens[]): readonly (readonly WordTokens[])[] {
  const out: WordTokens[][] = [];
  for (const word of words) {
    const touching = out.filter((group) => group.some((other) => clashes(word, other)));
    const merged = [...touching.flat(), word];
    for (const group of touching) out.splice(out.indexOf(group), 1);
    out.push(merged);
  }
  return out.filter((group) => group.length > 1);
}

/** Tokens that are equal, or begin alike to the end of one word. */
export function findCollisions(words: readonly WordTokens[], tokenise: Tokenise): readonly Collision[] {
  const colliding = groups(words);
  if (colliding.length === 0) return [];
  const labels = words.map(({ label }) => label);
  const stuck = new Set(colliding.flat().map(({ label }) => label));
  // First tokens of the words that stay: a suggestion must not run into them.
  const taken = new Set(words.filter(({ label }) => !stuck.has(label)).map(({ tokenIds }) => tokenIds[0]));
  const template = words.some(({ word }) => word.startsWith(' ')) ? ':' : '';
  return colliding.map((group) => ({
    labels: group.map(({ label }) => label),
    suggestion: group.map(({ label, word }) => {
      const answers = [...answerCandidates(label, labels), ...(SYNONYMS[word.trim().toLowerCase()] ?? []), ...LETTERS];
      for (const answer of answers) {
        const spelled = asContinuation(template, answer);
        const ids = tokenise(spelled);
        const id = ids[0] as number;
        if (ids.length !== 1 || taken.has(id)) continue;
        taken.add(id);
        return { label, word: spelled };
      }
      return { label, word };
    }),
  }));
}
