/** Two versions side by side: what each is made of, fact by fact, and which of those differ. */
import type { LabelWord } from '../task/types';
import type { PromptSet } from './types';
import { type Version, wordsOf } from './versions';
import { type DiffPart, wordDiff } from './word-diff';

interface Fact {
  readonly name: string;
  readonly value: string;
}

export interface FactDiff {
  readonly name: string;
  /** Empty where a version has no such thing. */
  readonly before: string;
  readonly after: string;
}

export interface VersionDiff {
  readonly text: readonly DiffPart[];
  /** Settings that differ. */
  readonly settings: readonly FactDiff[];
  /** Answer words that differ, by label. */
  readonly words: readonly FactDiff[];
}

const yesNo = (value: boolean | undefined) => (value ? 'yes' : 'no');
const text = (value: unknown): string => (value === null || value === undefined ? 'none' : String(value));

function settingsOf({ kind, version }: Version, set: PromptSet): readonly Fact[] {
  const fact = (name: string, value: string): Fact => ({ name, value });
  if (kind === 'hard') {
    const { shots, shotSeed, selection = 'balanced', orders = 1, chat } = version.prompt;
    return [
      fact('kind', 'hand-written'),
      fact('examples', String(shots)),
      ...(shots > 0
        ? [fact('which examples', selection), fact('orders', String(orders)), fact('seed', String(shotSeed))]
        : []),
      fact('as a chat', yesNo(chat)),
    ];
  }
  const { settings: s, initText, handVersion, model, datasetFingerprint } = version;
  const start = s.initialisation;
  const hand = set.hard.find(({ id }) => id === handVersion);
  const parent = start.kind === 'prompt' ? set.soft.find(({ id }) => id === start.runId) : undefined;
  return [
    fact('kind', handVersion ? 'hybrid' : 'tuned'),
    ...(handVersion ? [fact('on top of', hand ? `hand-written ${hand.number}` : 'a version that is not here')] : []),
    fact('vectors stand', s.placement === 'suffix' ? 'after the text' : 'before the text'),
    fact('vectors', String(s.virtualTokens)),
    fact(
      'start from',
      start.kind === 'text'
        ? `the text “${initText}”`
        : start.kind === 'prompt'
          ? parent
            ? `tuned ${parent.number}`
            : 'an earlier prompt'
          : start.kind === 'answer-words'
            ? 'the answer words'
            : 'sampled words',
    ),
    fact('steps', String(s.steps)),
    fact('best step', text(version.bestStep)),
    fact('batch size', String(s.batchSize)),
    fact('learning rate', s.learningRate === null ? 'found by itself' : String(s.learningRate)),
    fact('warm-up steps', String(s.warmupSteps)),
    fact('weight decay', String(s.weightDecay)),
    fact('clip norm', String(s.clipNorm)),
    fact('seed', String(s.seed)),
    fact('patience', text(s.patience)),
    fact('stops by', s.metric),
    fact('noise', String(s.noise ?? 0)),
    fact('residual network', yesNo(s.reparameterise)),
    fact('weights for rare labels', yesNo(s.classWeights)),
    fact('training rows', s.trainRows ? String(s.trainRows) : 'all'),
    fact('model', `${model.id} (${model.dtype})`),
    fact('data', datasetFingerprint.slice(0, 8)),
  ];
}

/** Facts by name in the order in which they come, those of `before` first; only what differs. */
function differing(before: readonly Fact[], after: readonly Fact[]): readonly FactDiff[] {
  const a = new Map(before.map(({ name, value }) => [name, value]));
  const b = new Map(after.map(({ name, value }) => [name, value]));
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((name) => {
    const was = a.get(name) ?? '';
    const is = b.get(name) ?? '';
    return was === is ? [] : [{ name, before: was, after: is }];
  });
}

const byLabel = (words: readonly LabelWord[]): readonly Fact[] =>
  words.map(({ label, word }) => ({ name: label, value: `“${word.trim()}”` }));

const templateOf = ({ kind, version }: Version) => (kind === 'hard' ? version.prompt.template : version.template);

export const diffVersions = (set: PromptSet, before: Version, after: Version): VersionDiff => ({
  text: wordDiff(templateOf(before), templateOf(after)),
  settings: differing(settingsOf(before, set), settingsOf(after, set)),
  words: differing(byLabel(wordsOf(set, before)), byLabel(wordsOf(set, after))),
});
