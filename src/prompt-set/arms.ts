/** The prompts of a set that take part in a comparison. */
import type { Dataset } from '../dataset/types';
import type { ArmKind } from '../evaluation/types';
import { contentKey } from '../lib/bytes';
import { capitalised } from '../lib/format';
import { firstText, type Prompt, softOf, softsOf, textsOf, type Voice, voicesOf } from '../prompt/prompt';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { wordsFor } from '../task/template';
import type { AnswerWord, HardPrompt } from '../task/types';
import { chosenHard, chosenHybrid, chosenSoft, hasTask, isUsable, samePrompt } from './make-versions';
import { kindOf, sameWords } from './prompt-set';
import { type AskedVersion, routeOf, taskOf, trainedVoices } from './ready-prompt';
import type { ComparedVersion, HardVersion, Opened, PromptSet, SoftVersion } from './types';
import {
  fittingCalibration,
  mayKnowTestRows,
  seedsOf,
  softKind,
  tunedPrompt,
  versionWords,
  wordsFitting,
} from './versions';

/** Training rows shown before each row in the arm with examples; fewer for generated texts, whose examples are longer. */
const EXAMPLES = { classify: 8, tag: 8, generate: 3 } as const;

const examplesOf = (set: Pick<PromptSet, 'writing' | 'several'>): number => EXAMPLES[kindOf(set)];

/** A version in a comparison, calibrated as it was compared before. Its answer words are those that it was made with. */
export interface ArmPlan extends AskedVersion {
  /** `untuned`, `yours` (as it is written), `yours-<examples>`, `tuned`, `tuned-<n>`, `hybrid`, `ensemble`, `hand-<version>`, or `run-<version>`. */
  readonly id: string;
  readonly kind: Exclude<ArmKind, 'reference'>;
  /** The comparison adds its examples by itself. */
  readonly addsExamples?: true;
  /** Id of an additional hand-written version, which the user can remove. */
  readonly also: string | null;
  /** The version whose answers these are, exactly as it answers elsewhere; null = no version has this text and examples. */
  readonly versionId: string | null;
  /** Of Untuned: the version with its text and words, also where that is an arm of its own; one text has one calibration. */
  readonly sameAs?: string | null;
}

export interface Arms {
  readonly arms: readonly ArmPlan[];
  readonly hard: HardVersion | null;
  readonly soft: SoftVersion | null;
  /** The first pair is the headline: A = hand-written, B = tuned. */
  readonly pairs: readonly (readonly [string, string])[];
}

export interface ArmChoice {
  /** Ids of additional versions. */
  readonly also?: readonly string[];
  /** Another number of examples than usual. */
  readonly examples?: number;
  /** Every other seed also takes part by itself, not only in the mean. */
  readonly eachSeed?: boolean;
}

/** The arm of Yours without its examples, where it has some. */
const WITHOUT = 'yours-0';

/** The tuned prompt's exact text without its vectors. */
export const UNTUNED = 'untuned';

/** The id of a hand-written version's own arm. */
const handArm = (version: Pick<HardVersion, 'id'>) => `hand-${version.id}`;

/** The id of a run's own arm, where it is not the tuned prompt. */
const runArm = (run: Pick<SoftVersion, 'id'>) => `run-${run.id}`;

/** The hand-written versions other than Yours, newest first, which can be compared too. */
export const otherHands = (set: PromptSet): readonly HardVersion[] =>
  set.hard.filter(({ id }) => id !== chosenHard(set)?.id).toReversed();

/** The additional versions among the arms of a comparison. */
export const alsoAmong = (set: PromptSet, armIds: readonly string[]): readonly string[] => [
  ...set.hard.flatMap((version) => (armIds.includes(handArm(version)) ? [version.id] : [])),
  ...set.soft.flatMap((run) => (armIds.includes(runArm(run)) ? [run.id] : [])),
];

/**
 * What an earlier comparison decided for an arm's version, or the version that has its text, with the present labels; null =
 * nothing, undefined = it is still open.
 */
export function ownCalibration(
  set: PromptSet,
  { versionId, sameAs }: Pick<ArmPlan, 'versionId' | 'sameAs'>,
): HardVersion['calibration'] {
  const version = [...set.hard, ...set.soft].find(({ id }) => id === (versionId ?? sameAs));
  return version && fittingCalibration(set, version);
}

interface Parts
  extends Pick<ArmPlan, 'id' | 'name' | 'kind' | 'versionId'>,
    Partial<Pick<ArmPlan, 'also' | 'sameAs' | 'model'>> {
  readonly voices: readonly Voice[];
}

function arm(set: PromptSet, { voices, model = null, ...named }: Parts): ArmPlan {
  const { id, kind } = named;
  const { template, words } = firstText({ voices });
  const { untuned } = set;
  const found = ownCalibration(set, named);
  const isLast = found === undefined && id === UNTUNED && untuned?.template === template;
  const calibration = isLast && sameWords(untuned.words ?? [], words) ? untuned.calibration : found;
  return {
    ...{ also: null, ...named, handle: set.handle, model, dataset: null, route: routeOf(kind) },
    prompt: { task: taskOf(set, words), voices, calibration: calibration ?? null, threshold: null },
  };
}

/** The voices of a text with words that another text had. */
const read = (text: HardPrompt, words: readonly AnswerWord[], softs: readonly SoftPrompt[] = []) =>
  voicesOf(text, wordsFor(text, words), softs);

const handKind = ({ shots }: HardPrompt) => (shots > 0 ? 'few-shot' : 'zero-shot');

/** A hand-written version as it is written: with its own examples, in its own order, plain or as a chat message. */
function asWritten(set: PromptSet, version: HardVersion, id: string, name: string, also: string | null = null) {
  const { prompt } = version;
  const voices = read(prompt, wordsFitting(set, version));
  return arm(set, { id, name, kind: handKind(prompt), voices, versionId: version.id, also });
}

/** The hand-written version that has this text, these examples and answer words; null = none. */
const savedAs = (set: PromptSet, prompt: HardPrompt, words: readonly AnswerWord[]): string | null =>
  set.hard.find((version) => samePrompt(version.prompt, prompt) && sameWords(wordsFitting(set, version), words))?.id ??
  null;

/** Yours, and the same text without examples and with the usual number of them, where that is another prompt. */
const yoursArms = (set: PromptSet, yours: HardVersion, examples: number): ArmPlan[] => [
  asWritten(set, yours, 'yours', 'Yours'),
  ...[0, examples]
    .filter((shots) => shots !== yours.prompt.shots)
    .map((shots) => {
      const text = { ...yours.prompt, shots };
      const name = shots === 0 ? 'Yours without examples' : `Yours + ${shots} examples`;
      const words = wordsFitting(set, yours);
      const versionId = savedAs(set, text, words);
      const voices = read(text, words);
      const own = arm(set, { id: `yours-${shots}`, name, kind: handKind(text), voices, versionId });
      return shots > 0 ? { ...own, addsExamples: true as const } : own;
    }),
];

/** The tuned prompt, its other seeds and their mean, and the hybrid. Untuned is the tuned text without its vectors. */
function learnedArms(
  set: PromptSet,
  soft: SoftVersion | null,
  bare: { readonly text: HardPrompt; readonly words: readonly AnswerWord[] },
  eachSeed: boolean,
): ArmPlan[] {
  const arms: ArmPlan[] = [];
  const add = (id: string, name: string, { id: versionId, soft: own, model }: SoftVersion) =>
    own &&
    arms.push(arm(set, { id, name, kind: 'tuned', voices: read(bare.text, bare.words, [own]), model, versionId }));
  if (soft) add('tuned', 'Tuned', soft);
  // the mean of several next-token distributions is no text
  const seeded = soft?.soft && kindOf(set) === 'classify' ? seedsOf(set, soft) : [];
  const runs = seeded.filter((run) => sameWords(wordsFitting(set, run), bare.words));
  if (eachSeed)
    for (const [i, run] of runs.filter(({ id }) => id !== soft?.id).entries())
      add(`tuned-${i + 2}`, `Tuned, seed ${i + 2} of ${runs.length}`, run);
  const softs = runs.flatMap((run) => run.soft ?? []);
  const name = `Tuned, mean of ${softs.length} seeds`;
  const voices = read(bare.text, bare.words, softs);
  const model = soft?.model ?? null;
  if (softs.length > 1) arms.push(arm(set, { id: 'ensemble', name, kind: 'ensemble', voices, model, versionId: null }));
  const hybrid = chosenHybrid(set);
  if (hybrid) arms.push(ownArm(set, hybrid, { id: 'hybrid', name: 'Hybrid', kind: 'hybrid' }));
  return arms;
}

/** A version with vectors as it is, with its own text and answer words. */
const ownArm = (set: PromptSet, run: SoftVersion, named: Pick<ArmPlan, 'id' | 'name' | 'kind'>): ArmPlan => {
  const { id: versionId, model } = run;
  return arm(set, { ...named, voices: trainedVoices(run, wordsFitting(set, run)), model, versionId });
};

/** Versions that take part beside the tuned prompt. */
function otherRuns(set: PromptSet, soft: SoftVersion | null, also: readonly string[]): ArmPlan[] {
  const own = [soft?.id, chosenHybrid(set)?.id];
  const isOther = (run: SoftVersion) =>
    also.includes(run.id) && !own.includes(run.id) && isUsable(run) && hasTask(set, run);
  return set.soft.filter(isOther).map((run) => {
    const name = capitalised(versionWords({ kind: 'soft', version: run }));
    return ownArm(set, run, { id: runArm(run), name, kind: softKind(run) });
  });
}

/** Untuned is the tuned prompt's exact text and answer words without its vectors, so that nothing else differs. */
export function armsOf(
  set: PromptSet,
  { also = [], examples = examplesOf(set), eachSeed = false }: ArmChoice = {},
): Arms {
  const hard = chosenHard(set);
  const soft = chosenSoft(set);
  const few = `yours-${examples}`;
  const text = soft
    ? tunedPrompt(soft.template, soft.settings, soft.examples)
    : { template: set.baseTemplate, shots: 0, shotSeed: 0 };
  const bare = { text, words: soft ? wordsFitting(set, soft) : set.words };
  const others = otherHands(set).filter(({ id }) => also.includes(id));
  const runs = otherRuns(set, soft, also);
  const rest = [
    ...(hard ? yoursArms(set, hard, examples) : []),
    ...others.map((version) => asWritten(set, version, handArm(version), version.name, version.id)),
    ...learnedArms(set, soft, bare, eachSeed),
    ...runs,
  ];
  const saved = savedAs(set, text, bare.words);
  // a version is one arm: where yours has this text, it is yours
  const isOther = rest.some(({ versionId }) => versionId === saved);
  const named = { id: UNTUNED, name: 'Untuned', kind: 'untuned' } as const;
  const voices = read(text, bare.words);
  const untuned = arm(set, { ...named, voices, versionId: isOther ? null : saved, sameAs: saved });
  const arms = [untuned, ...rest];
  const pairs: readonly (readonly [string, string])[] = [
    ['yours', 'tuned'],
    ...others.map((version) => [handArm(version), 'tuned'] as const),
    [WITHOUT, 'tuned'],
    [few, 'tuned'],
    [UNTUNED, 'tuned'],
    [UNTUNED, 'yours'],
    ['yours', 'hybrid'],
    ['tuned', 'hybrid'],
    ['yours', 'ensemble'],
    ['tuned', 'ensemble'],
    ...runs.map(({ id }) => [id, 'tuned'] as const),
    ...(soft?.soft ? [] : others.map((version) => [handArm(version), 'yours'] as const)),
  ];
  const ids = new Set(arms.map(({ id }) => id));
  return { arms, hard, soft, pairs: pairs.filter((pair) => pair.every((id) => ids.has(id))) };
}

/** Names what took part in a comparison, wherever one is chosen to leave: a version, where it is one. */
export const armId = (evaluation: { readonly id: string }, arm: string): string => `arm:${evaluation.id}:${arm}`;

/**
 * The arms of a past comparison that may know some of its test rows: their vectors, or those that they started from, were
 * trained on another split. The mean over seeds and the mixture with word counts know what the tuned prompt knows.
 */
export function armsKnowing(
  set: PromptSet,
  { splitHash: then, softVersion, versions }: Pick<PastComparison, 'splitHash' | 'softVersion' | 'versions'>,
  dataset: Pick<Dataset, 'heldBackHash' | 'splitHash'>,
): readonly string[] {
  const knows = (run: SoftVersion) =>
    then === dataset.splitHash
      ? mayKnowTestRows(set, run, dataset)
      : run.splitHash !== undefined && run.splitHash !== then;
  return Object.entries(versions).flatMap(([armId, { versionId, prompt }]) => {
    const asked = versionId ?? (softsOf(prompt).length > 0 ? softVersion : null);
    const run = set.soft.find(({ id }) => id === asked);
    return run && knows(run) ? [armId] : [];
  });
}

/** Only a text: `keepArm` saves it as a hand-written version. */
export const isTextAlone = ({ prompt }: Pick<ComparedVersion, 'prompt'>): boolean =>
  prompt.voices.length === 1 && textsOf(prompt).length === 1 && softOf(prompt) === null;

/** Several prompts together: `keepArm` makes a version of them. */
export const isTogether = ({ prompt }: Pick<ComparedVersion, 'prompt'>): boolean =>
  prompt.voices.length > 1 && softsOf(prompt).length > 0;

/** The line of a linear probe: the verb `keepProbe` makes a version of it. */
export const isProbe = (armId: string): boolean => armId === PROBE_LINE;
export const PROBE_LINE = 'probe';

export const canBeVersion = ({ versions }: Pick<PastComparison, 'versions'>, armId: string): boolean => {
  const of = versions[armId];
  return isProbe(armId) || (of !== undefined && (isTextAlone(of) || isTogether(of)));
};

/** What a past comparison is judged by. */
interface PastComparison {
  readonly hardVersion: string | null;
  readonly softVersion: string | null;
  readonly versions: Readonly<Record<string, ComparedVersion>>;
  readonly datasetFingerprint: string;
  readonly splitHash: string;
  readonly model: string;
  readonly plan: { readonly labels?: readonly string[]; readonly arms: readonly unknown[] };
  readonly review?: { readonly datasetFingerprint: string } | undefined;
}

/** Whether a comparison is of these rows, split as they are and with the labels in the same order. */
export const isOfRows = (
  {
    datasetFingerprint,
    splitHash,
    plan: { labels = [] },
  }: Pick<PastComparison, 'datasetFingerprint' | 'splitHash' | 'plan'>,
  dataset: Pick<Dataset, 'fingerprint' | 'splitHash' | 'labels'> | null,
): boolean =>
  dataset?.fingerprint === datasetFingerprint &&
  splitHash === dataset.splitHash &&
  contentKey(labels) === contentKey(dataset.labels);

/** The prompts of the headline, which any change concerns. */
const HEADLINE = new Set([UNTUNED, 'yours', 'tuned']);

/** Whether a comparison is of other prompts, answer words, rows or weights than it would be made with now. */
export function isOutdated(set: PromptSet, comparison: PastComparison, { dataset, model }: Opened): boolean {
  const { review, splitHash, softVersion, hardVersion } = comparison;
  // corrections of its own labels do not make it old
  const isOfRows = (review?.datasetFingerprint ?? comparison.datasetFingerprint) === dataset.fingerprint;
  const isOfSplit = review !== undefined || splitHash === dataset.splitHash;
  const isOfWeights = model === null || comparison.model === model;
  const isOfVersions = hardVersion === (chosenHard(set)?.id ?? null) && softVersion === (chosenSoft(set)?.id ?? null);
  if (!(isOfRows && isOfSplit && isOfWeights && isOfVersions)) return true;
  const texts = (prompt: Prompt) => contentKey(textsOf(prompt).map(({ soft: _soft, ...text }) => text));
  const now = new Map(armsOf(set).arms.map(({ id, prompt }) => [id, prompt]));
  return Object.entries(comparison.versions).some(([id, { prompt }]) => {
    const present = now.get(id);
    return HEADLINE.has(id) && (!present || texts(prompt) !== texts(present));
  });
}
