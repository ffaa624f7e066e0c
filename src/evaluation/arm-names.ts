/** What the prompts of a comparison are called: on screens, in files and on the command line. Code compares their ids. */
import { capitalised, counted, midSentence } from '../lib/format';

/** By the arm's id. */
export const ARM_NAMES = {
  untuned: 'Untuned prompt',
  yours: 'Your prompt',
  tuned: 'Tuned prompt',
  hybrid: 'Your prompt + vectors',
  tfidf: 'Word counts',
  probe: 'Linear probe',
} as const;

export const withExamples = (shots: number): string =>
  `${ARM_NAMES.yours} ${shots === 0 ? 'without examples' : `+ ${counted(shots, 'example')}`}`;

export const seedName = (place: number, seeds: number): string => `${ARM_NAMES.tuned}, seed ${place} of ${seeds}`;

export const meanName = (seeds: number): string => `${ARM_NAMES.tuned}, mean of ${seeds} seeds`;

export const alwaysName = (answer: string): string => `Always “${answer}”`;

/** What answers together: "Tuned + word counts". The tuned prompt is always one of them. */
export const TOGETHER = { tuned: 'Tuned', tfidf: 'word counts', probe: 'probe' } as const;

const OWN = /^(?:Your prompt|((?:Tu|Untu)ned prompt)|Always “)/;
const WITH_ARTICLE: Readonly<Record<string, string>> = {
  [ARM_NAMES.tfidf]: 'a word-count classifier',
  [ARM_NAMES.probe]: 'a linear probe',
};

/** The name inside a sentence: "the tuned prompt", "your prompt + 8 examples"; a name that a user gave stays. */
export function inText(name: string): string {
  const own = OWN.exec(name);
  return WITH_ARTICLE[name] ?? (own ? `${own[1] ? 'the ' : ''}${midSentence(name)}` : name);
}

/** The name that a sentence begins with. */
export const asSubject = (name: string): string => capitalised(inText(name));

/** "Tuned prompt against your prompt". */
export const pairName = (
  { a, b }: { readonly a: string; readonly b: string },
  nameOf: (id: string) => string,
  joiner = 'against',
): string => `${nameOf(b)} ${joiner} ${inText(nameOf(a))}`;
