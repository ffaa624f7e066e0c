/** The versions of a prompt set, hand-written and trained alike. A version never changes; its note may. */

import { generates } from '../dataset/task-facts';
import type { Dataset, SplitName } from '../dataset/types';
import { meanName } from '../evaluation/arm-names';
import type { ArmKind } from '../evaluation/types';
import { contentKey } from '../lib/bytes';
import {
  countsOf,
  firstText,
  isText,
  labelsOf,
  type Prompt,
  softOf,
  type TextVoice,
  templatesOf,
  textsOf,
  voicesOf,
} from '../prompt/prompt';
import { type SoftPrompt, splitsCueAt } from '../prompt/soft-prompt';
import { wordsFor } from '../task/template';
import type { AnswerWord, PromptText } from '../task/types';
import type { PromptSet, Run, Version } from './types';

type Versions = Pick<PromptSet, 'versions'>;
type Task = Pick<PromptSet, 'kind' | 'longest' | 'words'>;

/** What the prompts of a set answer. */
export const taskOf = (set: Task, words: readonly AnswerWord[] = set.words): Prompt['task'] =>
  set.kind === 'generate'
    ? { kind: set.kind, longest: set.longest }
    : { kind: set.kind, labels: words.map(({ label }) => label) };

/** A text as a prompt of a set. @param soft vectors around it */
export const promptOf = (set: Task, text: PromptText, words = set.words, soft?: SoftPrompt | null): Prompt => ({
  task: taskOf(set, words),
  voices: voicesOf(text, wordsFor(text, words), soft ? [soft] : []),
  calibration: null,
  threshold: null,
});

/** Its first text without vectors. */
export const textAlone = (prompt: Prompt): Prompt => ({
  ...prompt,
  voices: [{ ...firstText(prompt), weight: 1, soft: null }],
  calibration: null,
  threshold: null,
});

/** `written`: only a text, whoever wrote it. */
export type Side = 'written' | 'trained';
export const sideOf = ({ prompt }: Pick<Version, 'prompt'>): Side => (isText(prompt) ? 'written' : 'trained');

/** Oldest first. */
export const versionsOf = ({ versions }: Versions, side: Side): readonly Version[] =>
  versions.filter((version) => sideOf(version) === side);

export const versionById = ({ versions }: Versions, id: string | null): Version | null =>
  versions.find((version) => version.id === id) ?? null;

/** The run that made a version; null = none did, or it is not here. */
export function runOf({ runs }: Pick<PromptSet, 'runs'>, version: Version | null): Run | null {
  const { origin } = version ?? {};
  return (origin?.kind === 'run' && runs.find(({ id }) => id === origin.run)) || null;
}

/** One trained prompt: it may be Tuned and in a mean over seeds, and a run may start from it. A linear probe is none. */
export const isTuned = ({ prompt, origin }: Pick<Version, 'prompt' | 'origin'>): boolean =>
  prompt.voices.length === 1 && softOf(prompt) !== null && origin.kind !== 'probe';

export const isHybrid = ({ origin }: Pick<Version, 'origin'>): boolean =>
  origin.kind === 'run' && origin.onto !== undefined;

/** Whether a linear probe is one of its voices: seeds share one text. */
export const hasProbe = (prompt: Prompt): boolean => softOf(prompt) !== null && templatesOf(prompt).length > 1;

type Kind = Extract<ArmKind, 'combined' | 'ensemble' | 'hybrid' | 'tuned'> | 'hand-written' | 'probe' | 'counts';

export function kindWords(version: Pick<Version, 'prompt' | 'origin'>): Kind {
  const { prompt, origin } = version;
  if (isText(prompt)) return 'hand-written';
  if (origin.kind === 'probe') return 'probe';
  if (textsOf(prompt).length === 0) return 'counts';
  if (prompt.voices.length > 1) return countsOf(prompt) || hasProbe(prompt) ? 'combined' : 'ensemble';
  return isHybrid(version) ? 'hybrid' : 'tuned';
}

/** What answers, in words. */
export const routeOf = (of: Pick<Version, 'prompt' | 'origin'>): Kind | 'untuned' =>
  of.origin.kind === 'baseline' && of.origin.which === 'untuned' ? 'untuned' : kindWords(of);

/** "hand-written 2", "tuned 3", "hybrid 4", "combined 5", "probe 6"; the name of one that is in no set. */
export const versionWords = (of: Pick<Version, 'prompt' | 'origin' | 'number' | 'name'>): string =>
  of.number > 0 ? `${kindWords(of)} ${of.number}` : of.name;

/** The answer words of its first text. */
export const wordsOf = ({ prompt }: Pick<Version, 'prompt'>): readonly AnswerWord[] => textsOf(prompt)[0]?.words ?? [];

/** Whether a prompt has the labels of a set, in its order. */
const hasLabelsOf = (set: Task, prompt: Prompt): boolean =>
  contentKey(labelsOf(prompt)) === contentKey(labelsOf({ task: taskOf(set) }));

/** A version's prompt for the labels of a set: where these are others by now, its texts get the set's words. */
export const promptFor = (set: Task, { prompt }: Pick<Version, 'prompt'>): Prompt =>
  hasLabelsOf(set, prompt)
    ? prompt
    : {
        ...prompt,
        task: taskOf(set),
        calibration: null,
        voices: prompt.voices.map((voice) =>
          voice.kind === 'text' ? { ...voice, words: wordsFor(voice, set.words) } : voice,
        ),
      };

/** Whether it answers what the set asks: texts, or these labels. Trained answer words and word counts belong to their labels. */
export const hasTask = (set: Task, { prompt }: Pick<Version, 'prompt'>): boolean =>
  prompt.task.kind === taskOf(set).kind &&
  (hasLabelsOf(set, prompt) ||
    (prompt.voices.length === 1 && countsOf(prompt) === null && !softOf(prompt)?.answerShift));

/** What decides the answers of a text, examples and words included. */
const textKey = ({ template, shots, shotSeed, selection = 'balanced', orders = 1, chat = false, words }: TextVoice) =>
  contentKey(template, shots, chat, ...(shots > 0 ? [shotSeed, selection, orders] : []), words);

/** Whether two prompts are the same text alone, however they are calibrated. */
export const isSameText = (a: Pick<Prompt, 'voices'>, b: Pick<Prompt, 'voices'>): boolean =>
  isText(a) && isText(b) && textKey(firstText(a)) === textKey(firstText(b));

/** The version that is this text; null = none is. */
export const versionOfText = (set: Versions, prompt: Prompt): Version | null =>
  versionsOf(set, 'written').find((version) => isSameText(version.prompt, prompt)) ?? null;

/** A version that is in no set yet, and was not compared or tried unless that is said. */
export const newVersion = (made: Pick<Version, 'prompt' | 'origin'> & Partial<Version>): Version => ({
  id: '',
  number: 0,
  name: '',
  createdAt: '',
  calibrated: false,
  model: null,
  learned: null,
  tried: null,
  ...made,
});

/** One line of at most 80 characters; empty = no name. */
export const authorName = (name: string): string => name.replace(/\s+/g, ' ').trim().slice(0, 80).trim();

/** Versions that a change has made get the author's name; earlier ones never do. */
export function signNew(before: PromptSet, after: PromptSet, author: string): PromptSet {
  if (author === '') return after;
  const known = new Set(before.versions.map(({ id }) => id));
  const isUnsigned = ({ id, author: own }: Version) => !known.has(id) && own === undefined;
  if (!after.versions.some(isUnsigned)) return after;
  return { ...after, versions: after.versions.map((each) => (isUnsigned(each) ? { ...each, author } : each)) };
}

/** The set with something of one version changed. */
export const changeVersion = (set: PromptSet, id: string, change: Partial<Version>, now: string): PromptSet => ({
  ...set,
  versions: set.versions.map((version) => (version.id === id ? { ...version, ...change } : version)),
  updatedAt: now,
});

/** The note of a version; empty = none. */
export function writeNote(set: PromptSet, versionId: string, note: string, now: string): PromptSet {
  const text = note.trim().slice(0, 2000);
  return changeVersion(set, versionId, { note: text === '' ? undefined : text }, now);
}

export const writeSetNotes = (set: PromptSet, notes: string, now: string): PromptSet => ({
  ...set,
  notes: notes.slice(0, 20_000),
  updatedAt: now,
});

const MOST_TAGS = 20;

/** The text around a tuned prompt's vectors, as a prompt. @param examples ids of the training rows that are in it */
export const tunedPrompt = (
  template: string,
  { placement }: Pick<SoftPrompt, 'placement'>,
  examples: readonly string[] = [],
): PromptText => ({
  template,
  shots: 0,
  shotSeed: 0,
  ...(splitsCueAt(placement) ? { splitsCue: true } : {}),
  ...(examples.length > 0 ? { inText: examples } : {}),
});

/** "a, B ,a" -> ["a", "b"]: lower case, each once, at most twenty of at most forty characters. */
export const readTags = (text: string): readonly string[] =>
  [
    ...new Set(
      text
        .split(/[,;\n]/)
        .map((tag) => tag.trim().replace(/\s+/g, ' ').toLowerCase().slice(0, 40).trim())
        .filter((tag) => tag !== ''),
    ),
  ].slice(0, MOST_TAGS);

export const writeTags = (set: PromptSet, tags: readonly string[], now: string): PromptSet => ({
  ...set,
  tags,
  updatedAt: now,
});

/** Everything that decides a run except its seed and the split, as text to compare. */
const butSeed = (run: Run): string => {
  const { seed: _seed, ...settings } = run.settings;
  const { template, initText, handVersion, distilled, datasetFingerprint, model } = run;
  return JSON.stringify([
    Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)),
    [template, initText, handVersion ?? null, distilled?.from ?? null, datasetFingerprint, model.sha256],
  ]);
};

const isSameSplit = (a: Run, b: Run): boolean => a.splitHash === b.splitHash;

/** Versions whose run differs from this one at most in its seed and split, with their runs. */
const alikeBut = (set: Pick<PromptSet, 'versions' | 'runs'>, run: Run) =>
  set.versions.flatMap((version) => {
    const other = runOf(set, version);
    return other && butSeed(other) === butSeed(run) ? [{ version, run: other }] : [];
  });

/**
 * The versions of runs that differ from this one's only in their seed, and this one; by seed, the newest of equal seeds.
 * Those of another split are not among them: their mean would know each other's test rows.
 */
export function seedsOf(set: Pick<PromptSet, 'versions' | 'runs'>, of: Version): readonly Version[] {
  const run = runOf(set, of);
  if (!run) return [of];
  const alike = alikeBut(set, run).filter((other) => isSameSplit(other.run, run));
  const bySeed = new Map(alike.map(({ version, run: { settings } }) => [settings.seed, version]));
  bySeed.set(run.settings.seed, of);
  return [...bySeed].sort(([a], [b]) => a - b).map(([, version]) => version);
}

/** The mean over the seeds of a version; null where it has one seed, or generates texts: the mean of several next tokens is no text. */
export function seedMean(
  set: Task & Pick<PromptSet, 'versions' | 'runs'>,
  of: Version,
): { readonly seeds: readonly Version[]; readonly version: Version } | null {
  const prompt = promptFor(set, of);
  if (!isTuned(of) || generates(prompt.task.kind)) return null;
  const text = firstText(prompt);
  const hasWords = (seed: Version) => contentKey(wordsOf({ prompt: promptFor(set, seed) })) === contentKey(text.words);
  const seeds = seedsOf(set, of).filter(hasWords);
  const voices = seeds.map((seed) => ({ ...text, weight: 1 / seeds.length, soft: softOf(seed.prompt) }));
  if (seeds.length < 2) return null;
  const version = newVersion({
    name: meanName(seeds.length),
    model: of.model,
    learned: of.learned,
    prompt: { ...prompt, voices, calibration: null, threshold: null },
    origin: { kind: 'mixed', of: [of.id, ...seeds.flatMap(({ id }) => (id === of.id ? [] : [id]))] },
  });
  return { seeds, version };
}

/** Runs that would take part in the mean over the seeds if they had been trained on the same split. */
export function seedsOfOtherSplits(set: Pick<PromptSet, 'versions' | 'runs'>, of: Version): readonly Run[] {
  const run = runOf(set, of);
  const others = run ? alikeBut(set, run).map((alike) => alike.run) : [];
  return others.filter((other) => run && !isSameSplit(other, run) && other.settings.seed !== run.settings.seed);
}

/** The runs and versions that the vectors of one come from. */
const parentsOf = (run: Run | null, version: Version | null): readonly string[] => {
  const start = run?.settings.initialisation;
  if (start?.kind === 'prompt') return [start.runId];
  return version?.origin.kind === 'mixed' ? version.origin.of : [];
};

/** Whether a version or run, or one that its vectors come from, was trained with other test rows: it may know some of these. */
export function mayKnowTestRows(
  set: Pick<PromptSet, 'versions' | 'runs'>,
  of: string,
  { heldBackHash }: Pick<Dataset, 'heldBackHash'>,
): boolean {
  // a file from elsewhere may say that a run starts from itself
  const seen = new Set<string>();
  const waiting = [of];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const version = versionById(set, id);
    const run = set.runs.find((each) => each.id === id) ?? runOf(set, version);
    const hash = (run ?? version?.learned)?.heldBackHash;
    if (hash !== undefined && hash !== heldBackHash) return true;
    waiting.push(...parentsOf(run, version));
  }
  return false;
}

/** The parts of an open data set whose rows a version may have seen; empty = none. */
export interface SeenParts {
  readonly parts: readonly SplitName[];
  /** Of exactly these rows; otherwise it has seen at most these, because the rows were edited or split again since. */
  readonly isSure: boolean;
}

/** Of a run; a linear probe has no step for validation rows to choose. */
const LEARNED: readonly SplitName[] = ['train', 'validation'];

/** What a version has seen of the open rows: in training, or as examples. Null where nobody can say. */
export function seenParts(
  set: Pick<PromptSet, 'versions' | 'runs'>,
  of: Version,
  dataset: Dataset | null,
): SeenParts | null {
  const isWritten = isText(of.prompt);
  if (isWritten && firstText(of.prompt).shots === 0) return { parts: [], isSure: true };
  if (!dataset) return null;
  if (isWritten) return { parts: ['train'], isSure: true };
  const { learned, origin } = of;
  const { versions = [], fingerprint, heldBackHash } = dataset;
  // changes of cells: the same rows, by and large
  const since = versions.slice(versions.findLastIndex(({ cells }) => cells === null));
  const isOfThese = (own: string) => [fingerprint, ...since.map((each) => each.fingerprint)].includes(own);
  if (!learned || !isOfThese(learned.datasetFingerprint)) return null;
  const isSameTest = learned.heldBackHash === heldBackHash && !mayKnowTestRows(set, of.id, dataset);
  // of another split its training rows may be validation rows by now
  const isOfTraining = origin.kind === 'probe' && learned.splitHash === dataset.splitHash;
  return isSameTest
    ? { parts: isOfTraining ? LEARNED.slice(0, 1) : LEARNED, isSure: learned.datasetFingerprint === fingerprint }
    : { parts: [...LEARNED, 'test'], isSure: false };
}
