import { asContinuation } from '../template';
import type { LabelWord, Tokenise } from '../types';
import { answerCandidates } from './propose';
import { SYNONYMS } from './synonyms';

/** An answer word with its token ids. */
export interface WordTokens extends LabelWord {
  readonly tokenIds: readonly number[];
}

export interface Collision {
  /** Labels that the model cannot tell apart by their answer words. */
  readonly labels: readonly string[];
  /** One other word for each of them, distinct single tokens, as far as there are any. */
  readonly suggestion: readonly LabelWord[];
}

const key = (word: WordTokens) => word.tokenIds.join(' ');

/** One word's tokens begin with the other's: the shorter one is contained in the longer, equal ones in each other. */
const clashes = (a: WordTokens, b: WordTokens) =>
  key(a) === key(b) || key(a).startsWith(`${key(b)} `) || key(b).startsWith(`${key(a)} `);

/** Groups of words that clash, directly or through a third. */
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

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('');

/** Answer words whose tokens are equal, or begin alike to the end of one, with a way out for each group. */
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
