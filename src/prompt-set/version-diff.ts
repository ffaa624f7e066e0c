/** How two versions differ: in text, settings and answer words. */
import { percentWhole } from '../lib/format';
import { commonLengths } from '../metrics/text';
import { countsOf, countsShare, firstText, isText, type Prompt, textsOf } from '../prompt/prompt';
import { PLACEMENT_WORDS } from '../prompt/soft-prompt';
import type { AnswerWord } from '../task/types';
import type { PromptSet, Run, Version } from './types';
import { kindWords, runOf, versionById, versionWords, wordsOf } from './versions';

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

const named = (set: PromptSet, id: string): string => {
  const version = versionById(set, id);
  return version ? versionWords(version) : 'a missing version';
};

function textFacts(prompt: Prompt): readonly Fact[] {
  const { shots, shotSeed, selection = 'balanced', orders = 1, chat } = firstText(prompt);
  return [
    fact('examples', String(shots)),
    ...(shots > 0
      ? [fact('which examples', selection), fact('orders', String(orders)), fact('seed', String(shotSeed))]
      : []),
    fact('as a chat', yesNo(chat)),
  ];
}

function startWords({ settings: { initialisation: start }, initText }: Run, set: PromptSet): string {
  if (start.kind === 'text') return initText === '\n' ? 'line breaks' : `the text “${initText}”`;
  if (start.kind === 'prompt') return versionById(set, start.runId) ? named(set, start.runId) : 'an earlier prompt';
  return { 'answer-words': 'the answer words', vocabulary: 'sampled words', transfer: 'other tasks' }[start.kind];
}

function runFacts(run: Run, set: PromptSet): readonly Fact[] {
  const { settings: s, handVersion, distilled, examples = [] } = run;
  return [
    ...(handVersion ? [fact('on top of', named(set, handVersion))] : []),
    ...(examples.length > 0 ? [fact('examples in its text', String(examples.length))] : []),
    fact('learned from', distilled ? `the answers of ${named(set, distilled.from)}` : 'labels'),
    fact('start from', startWords(run, set)),
    fact('steps', String(s.steps)),
    fact('best step', text(run.bestStep)),
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
    fact('training rows', s.trainRows ? String(s.trainRows) : 'all'),
  ];
}

function factsOf(version: Version, set: PromptSet): readonly Fact[] {
  const { prompt, origin, model, learned } = version;
  const run = runOf(set, version);
  const [soft] = textsOf(prompt).flatMap((voice) => voice.soft ?? []);
  return [
    fact('kind', kindWords(version)),
    ...(isText(prompt) ? textFacts(prompt) : []),
    ...(countsOf(prompt) ? [fact('share of the word counts', percentWhole(countsShare(prompt)))] : []),
    ...(origin.kind === 'probe'
      ? [fact('learned from', `labels of ${origin.rows} rows, by logistic regression (C = ${origin.c.join(', ')})`)]
      : []),
    ...(run ? runFacts(run, set) : []),
    ...(soft
      ? [
          fact('position of the vectors', PLACEMENT_WORDS[soft.placement]),
          fact('vectors', String(soft.virtualTokens)),
          fact('answer words', soft.answerShift ? 'trained too' : 'as the model knows them'),
        ]
      : []),
    ...(model ? [fact('model', `${model.id} (${model.dtype})`)] : []),
    ...(learned ? [fact('data', learned.datasetFingerprint.slice(0, 8))] : []),
    fact('asks a person below', prompt.threshold ? prompt.threshold.value.toFixed(2) : 'never'),
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

/** Empty where it only counts words. */
const templateOf = ({ prompt }: Version) => textsOf(prompt)[0]?.template ?? '';

export const diffVersions = (set: PromptSet, before: Version, after: Version): VersionDiff => ({
  text: wordDiff(templateOf(before), templateOf(after)),
  settings: differing(factsOf(before, set), factsOf(after, set)),
  words: differing(byLabel(wordsOf(before)), byLabel(wordsOf(after))),
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
