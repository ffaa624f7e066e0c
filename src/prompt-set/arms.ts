/** The prompts of a set that take part in a comparison. */
import type { Dataset } from '../dataset/types';
import type { ArmKind } from '../evaluation/types';
import { contentKey } from '../lib/bytes';
import { capitalised } from '../lib/format';
import { firstText, type Prompt, softsOf, textsOf } from '../prompt/prompt';
import type { PromptText } from '../task/types';
import { chosenHybrid, chosenTrained, chosenWritten } from './make-versions';
import { type AskedVersion, routeOf } from './ready-prompt';
import type { ComparedVersion, Opened, PromptSet, Version } from './types';
import {
  hasTask,
  isSameText,
  kindWords,
  mayKnowTestRows,
  promptFor,
  promptOf,
  seedMean,
  textAlone,
  versionById,
  versionOfText,
  versionsOf,
  versionWords,
} from './versions';

/** Training rows shown before each row in the arm with examples; fewer for generated texts, whose examples are longer. */
const EXAMPLES = { classify: 8, tag: 8, generate: 3 } as const;

const examplesOf = (set: Pick<PromptSet, 'kind'>): number => EXAMPLES[set.kind];

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
  /** An earlier comparison has decided its calibration, or that of a version with its text: one text has one. */
  readonly calibrated: boolean;
}

export interface Arms {
  readonly arms: readonly ArmPlan[];
  readonly yours: Version | null;
  readonly tuned: Version | null;
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
const handArm = (version: Pick<Version, 'id'>) => `hand-${version.id}`;

/** The id of another version's own arm, where it is not the tuned prompt. */
const trainedArm = (version: Pick<Version, 'id'>) => `run-${version.id}`;

/** The hand-written versions other than Yours, newest first, which can be compared too. */
export const otherWritten = (set: PromptSet): readonly Version[] =>
  versionsOf(set, 'written')
    .filter(({ id }) => id !== chosenWritten(set)?.id)
    .toReversed();

/** The additional versions among the arms of a comparison. */
export const alsoAmong = ({ versions }: PromptSet, armIds: readonly string[]): readonly string[] =>
  versions.filter((own) => armIds.includes(handArm(own)) || armIds.includes(trainedArm(own))).map(({ id }) => id);

interface Parts extends Pick<ArmPlan, 'id' | 'name' | 'kind'>, Partial<Pick<ArmPlan, 'also' | 'model'>> {
  readonly prompt: Prompt;
  readonly version: Version | null;
}

/** The set's version that has decided the calibration of a prompt: itself, or one with its text; null = it is still open. */
function decidedIn(set: PromptSet, version: Version | null, prompt: Prompt): Version | null {
  if (version?.calibrated && promptFor(set, version) === version.prompt) return version;
  return set.versions.find((own) => own.calibrated && isSameText(own.prompt, prompt)) ?? null;
}

function arm(set: PromptSet, { prompt, version, ...named }: Parts): ArmPlan {
  const { untuned } = set;
  const decided = decidedIn(set, version, prompt);
  const last = decided?.prompt ?? (untuned && isSameText(untuned, prompt) ? untuned : null);
  return {
    ...{ also: null, handle: set.handle, model: version?.model ?? null, dataset: null, route: routeOf(named.kind) },
    ...named,
    versionId: version?.id ?? null,
    calibrated: decided !== null,
    prompt: { ...prompt, calibration: last?.calibration ?? null, threshold: null },
  };
}

const handKind = ({ shots }: PromptText) => (shots > 0 ? 'few-shot' : 'zero-shot');

/** A hand-written version as it is written: with its own examples, in its own order, plain or as a chat message. */
function asWritten(set: PromptSet, version: Version, id: string, name: string, also: string | null = null) {
  const prompt = promptFor(set, version);
  return arm(set, { id, name, kind: handKind(firstText(prompt)), prompt, version, also });
}

/** Yours, and the same text without examples and with the usual number of them, where that is another prompt. */
function yoursArms(set: PromptSet, yours: Version, examples: number): ArmPlan[] {
  const own = promptFor(set, yours);
  const text = firstText(own);
  const others = [0, examples].filter((shots) => shots !== text.shots);
  const arms = others.map((shots) => {
    const prompt = { ...own, voices: [{ ...text, shots }] };
    const name = shots === 0 ? 'Yours without examples' : `Yours + ${shots} examples`;
    const kind = handKind({ ...text, shots });
    const made = arm(set, { id: `yours-${shots}`, name, kind, prompt, version: versionOfText(set, prompt) });
    return shots > 0 ? { ...made, addsExamples: true as const } : made;
  });
  return [asWritten(set, yours, 'yours', 'Yours'), ...arms];
}

/** A version as it is, for the labels of the set. */
const versionArm = (set: PromptSet, version: Version, named: Pick<ArmPlan, 'id' | 'name' | 'kind'>): ArmPlan =>
  arm(set, { ...named, prompt: promptFor(set, version), version });

/** The tuned prompt, its other seeds and their mean, and the hybrid. */
function learnedArms(set: PromptSet, tuned: Version | null, eachSeed: boolean): ArmPlan[] {
  const mean = tuned && seedMean(set, tuned);
  const { seeds = [] } = mean ?? {};
  const others = eachSeed ? seeds.filter(({ id }) => id !== tuned?.id) : [];
  const hybrid = chosenHybrid(set);
  const kind = 'tuned';
  return [
    ...(tuned ? [versionArm(set, tuned, { id: 'tuned', name: 'Tuned', kind })] : []),
    ...others.map((seed, i) =>
      versionArm(set, seed, { id: `tuned-${i + 2}`, name: `Tuned, seed ${i + 2} of ${seeds.length}`, kind }),
    ),
    ...(mean
      ? [
          arm(set, {
            ...{ id: 'ensemble', name: `Tuned, mean of ${seeds.length} seeds`, kind: 'ensemble' },
            ...{ prompt: mean.prompt, version: null, model: tuned?.model ?? null },
          }),
        ]
      : []),
    ...(hybrid ? [versionArm(set, hybrid, { id: 'hybrid', name: 'Hybrid', kind: 'hybrid' })] : []),
  ];
}

function trainedKind(version: Version) {
  const kind = kindWords(version);
  return kind === 'hybrid' || kind === 'ensemble' || kind === 'combined' ? kind : 'tuned';
}

/** Versions that take part beside the tuned prompt. */
function otherTrained(set: PromptSet, tuned: Version | null, also: readonly string[]): ArmPlan[] {
  const own = [tuned?.id, chosenHybrid(set)?.id];
  return versionsOf(set, 'trained')
    .filter((version) => also.includes(version.id) && !own.includes(version.id) && hasTask(set, version))
    .map((version) => {
      const named = { id: trainedArm(version), name: capitalised(versionWords(version)) };
      return versionArm(set, version, { ...named, kind: trainedKind(version) });
    });
}

/** Untuned is the tuned prompt's exact text and answer words without its vectors, so that nothing else differs. */
export function armsOf(
  set: PromptSet,
  { also = [], examples = examplesOf(set), eachSeed = false }: ArmChoice = {},
): Arms {
  const yours = chosenWritten(set);
  const tuned = chosenTrained(set);
  const few = `yours-${examples}`;
  const base = { template: set.baseTemplate, shots: 0, shotSeed: 0 };
  const bare = tuned ? textAlone(promptFor(set, tuned)) : promptOf(set, base);
  const others = otherWritten(set).filter(({ id }) => also.includes(id));
  const trained = otherTrained(set, tuned, also);
  const rest = [
    ...(yours ? yoursArms(set, yours, examples) : []),
    ...others.map((version) => asWritten(set, version, handArm(version), version.name, version.id)),
    ...learnedArms(set, tuned, eachSeed),
    ...trained,
  ];
  const saved = versionOfText(set, bare);
  // a version is one arm: where yours has this text, it is yours
  const isOther = rest.some(({ versionId }) => versionId === saved?.id);
  const untuned = arm(set, {
    ...{ id: UNTUNED, name: 'Untuned', kind: 'untuned' },
    ...{ prompt: bare, version: isOther ? null : saved },
  });
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
    ...trained.map(({ id }) => [id, 'tuned'] as const),
    ...(tuned ? [] : others.map((version) => [handArm(version), 'yours'] as const)),
  ];
  const ids = new Set(arms.map(({ id }) => id));
  return { arms, yours, tuned, pairs: pairs.filter((pair) => pair.every((id) => ids.has(id))) };
}

/** Names what took part in a comparison and was no version; kept as one, it has this id. */
export const armId = (evaluation: { readonly id: string }, arm: string): string => `arm:${evaluation.id}:${arm}`;

/**
 * The arms of a past comparison that may know some of its test rows: their vectors, or those that they started from, were
 * trained on another split. The mean over seeds and the mixture with word counts know what the tuned prompt knows.
 */
export function armsKnowing(
  set: PromptSet,
  { splitHash: then, trainedVersion, versions }: Pick<PastComparison, 'splitHash' | 'trainedVersion' | 'versions'>,
  dataset: Pick<Dataset, 'heldBackHash' | 'splitHash'>,
): readonly string[] {
  const knows = ({ id, learned }: Version) =>
    then === dataset.splitHash
      ? mayKnowTestRows(set, id, dataset)
      : learned?.splitHash !== undefined && learned.splitHash !== then;
  return Object.entries(versions).flatMap(([armId, { versionId, prompt }]) => {
    const asked = versionId ?? (softsOf(prompt).length > 0 ? trainedVersion : null);
    const version = versionById(set, asked);
    return version && knows(version) ? [armId] : [];
  });
}

/** The line of a linear probe: the verb `keepProbe` makes a version of it. */
export const isProbe = (armId: string): boolean => armId === PROBE_LINE;
export const PROBE_LINE = 'probe';

export function canBeVersion({ versions }: Pick<PastComparison, 'versions'>, armId: string): boolean {
  const of = versions[armId];
  return isProbe(armId) || (of !== undefined && textsOf(of.prompt).length > 0);
}

/** What a past comparison is judged by. */
interface PastComparison {
  readonly writtenVersion: string | null;
  readonly trainedVersion: string | null;
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
  const { review, splitHash, trainedVersion, writtenVersion } = comparison;
  // corrections of its own labels do not make it old
  const isOfRows = (review?.datasetFingerprint ?? comparison.datasetFingerprint) === dataset.fingerprint;
  const isOfSplit = review !== undefined || splitHash === dataset.splitHash;
  const isOfWeights = model === null || comparison.model === model;
  const isOfVersions =
    writtenVersion === (chosenWritten(set)?.id ?? null) && trainedVersion === (chosenTrained(set)?.id ?? null);
  if (!(isOfRows && isOfSplit && isOfWeights && isOfVersions)) return true;
  const texts = (prompt: Prompt) => contentKey(textsOf(prompt).map(({ soft: _soft, ...text }) => text));
  const now = new Map(armsOf(set).arms.map(({ id, prompt }) => [id, prompt]));
  return Object.entries(comparison.versions).some(([id, { prompt }]) => {
    const present = now.get(id);
    return HEADLINE.has(id) && (!present || texts(prompt) !== texts(present));
  });
}
