/** How two versions differ: in text, settings and answer words. */
import { commonLengths } from '../metrics/text';
import { countsOf, textWeight } from '../prompt/prompt';
import { PLACEMENT_WORDS } from '../prompt/soft-prompt';
import type { AnswerWord } from '../task/types';
import type { PromptSet, SoftVersion } from './types';
import { kindWords, type Version, wordsOf } from './versions';

interface Fact {
  readonly name: string;
  readonly value: string;
}

export interface FactDiff {
  readonly name: string;
  /** Empty if the version has no such setting. */
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

const fact = (name: string, value: string): Fact => ({ name, value });

function handWords(set: PromptSet, id: string | undefined): string {
  const hand = set.hard.find((each) => each.id === id);
  return hand ? `hand-written ${hand.number}` : 'a missing version';
}

const learnedFrom = ({ probe }: SoftVersion): string =>
  probe ? `labels of ${probe.rows} rows, by logistic regression (C = ${probe.c})` : 'labels';

function settingsOf(of: Version, set: PromptSet): readonly Fact[] {
  const { kind, version } = of;
  if (kind === 'hard') {
    const { shots, shotSeed, selection = 'balanced', orders = 1, chat } = version.prompt;
    return [
      fact('kind', kindWords(of)),
      fact('examples', String(shots)),
      ...(shots > 0
        ? [fact('which examples', selection), fact('orders', String(orders)), fact('seed', String(shotSeed))]
        : []),
      fact('as a chat', yesNo(chat)),
    ];
  }
  const { settings, initText, handVersion, distilled, model, datasetFingerprint, examples = [], mixed } = version;
  const { initialisation: start, ...s } = settings;
  const named = (id: string | undefined) => handWords(set, id);
  const parent = start.kind === 'prompt' ? set.soft.find(({ id }) => id === start.runId) : undefined;
  return [
    fact('kind', kindWords(of)),
    ...(handVersion ? [fact('on top of', named(handVersion))] : []),
    ...(mixed && countsOf(mixed) ? [fact('weight of the prompt', String(textWeight(mixed)))] : []),
    ...(examples.length > 0 ? [fact('examples in its text', String(examples.length))] : []),
    fact('learned from', distilled ? `the answers of ${named(distilled.from)}` : learnedFrom(version)),
    fact('position of the vectors', PLACEMENT_WORDS[s.placement]),
    fact('vectors', String(s.virtualTokens)),
    fact(
      'start from',
      start.kind === 'text'
        ? initText === '\n'
          ? 'line breaks'
          : `the text “${initText}”`
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
    fact('learning rate', s.learningRate === null ? 'automatic' : String(s.learningRate)),
    fact('warm-up steps', String(s.warmupSteps)),
    fact('weight decay', String(s.weightDecay)),
    fact('clip norm', String(s.clipNorm)),
    fact('seed', String(s.seed)),
    fact('patience', text(s.patience)),
    fact('stops by', s.metric),
    fact('steps averaged', String(s.averagedSteps ?? 1)),
    fact('weights for rare labels', yesNo(s.classWeights)),
    fact('answer words', s.answerVectors === 'trained' ? 'trained too' : 'as the model knows them'),
    fact('training rows', s.trainRows ? String(s.trainRows) : 'all'),
    fact('model', `${model.id} (${model.dtype})`),
    fact('data', datasetFingerprint.slice(0, 8)),
  ];
}

/** The facts that differ, by name; those of `before` come first. */
function differing(before: readonly Fact[], after: readonly Fact[]): readonly FactDiff[] {
  const a = new Map(before.map(({ name, value }) => [name, value]));
  const b = new Map(after.map(({ name, value }) => [name, value]));
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((name) => {
    const was = a.get(name) ?? '';
    const is = b.get(name) ?? '';
    return was === is ? [] : [{ name, before: was, after: is }];
  });
}

const byLabel = (words: readonly AnswerWord[]): readonly Fact[] =>
  words.map(({ label, word }) => ({ name: label, value: `“${word.trim()}”` }));

const templateOf = ({ kind, version }: Version) => (kind === 'hard' ? version.prompt.template : version.template);

/** Below which probability a person is asked. */
const thresholdOf = ({ version: { threshold } }: Version): readonly Fact[] => [
  { name: 'asks a person below', value: threshold ? threshold.value.toFixed(2) : 'never' },
];

export const diffVersions = (set: PromptSet, before: Version, after: Version): VersionDiff => ({
  text: wordDiff(templateOf(before), templateOf(after)),
  settings: differing(
    [...settingsOf(before, set), ...thresholdOf(before)],
    [...settingsOf(after, set), ...thresholdOf(after)],
  ),
  words: differing(byLabel(wordsOf(set, before)), byLabel(wordsOf(set, after))),
});

export interface DiffPart {
  readonly kind: 'same' | 'removed' | 'added';
  readonly text: string;
}

/** Most pairs of words that are compared; beyond, the differing part counts as replaced whole. */
const MOST_PAIRS = 4_000_000;

const pieces = (text: string): readonly string[] => text.match(/\s+|[\p{L}\p{M}\p{N}_]+|[^\s\p{L}\p{M}\p{N}_]/gu) ?? [];

/** Joining the parts that are not `added` gives `before`, joining those that are not `removed` gives `after`. */
export function wordDiff(before: string, after: string): readonly DiffPart[] {
  const a = pieces(before);
  const b = pieces(after);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const parts: DiffPart[] = [];
  const put = (kind: DiffPart['kind'], words: readonly string[]) => {
    const text = words.join('');
    const last = parts.at(-1);
    if (text === '') return;
    if (last?.kind === kind) parts[parts.length - 1] = { kind, text: last.text + text };
    else parts.push({ kind, text });
  };
  put('same', a.slice(0, head));
  middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail), put);
  put('same', a.slice(a.length - tail));
  return parts;
}

function middle(
  a: readonly string[],
  b: readonly string[],
  put: (kind: DiffPart['kind'], words: readonly string[]) => void,
): void {
  if (a.length * b.length > MOST_PAIRS) {
    put('removed', a);
    put('added', b);
    return;
  }
  const at = commonLengths(a, b);
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      put('same', a.slice(i, i + 1));
      i++;
      j++;
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      put('removed', a.slice(i, i + 1));
      i++;
    } else {
      put('added', b.slice(j, j + 1));
      j++;
    }
  }
  put('removed', a.slice(i));
  put('added', b.slice(j));
}
