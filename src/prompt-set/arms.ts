/** The prompts of a set that take part in a comparison. */
import { generates } from '../dataset/task-facts';
import type { Dataset } from '../dataset/types';
import { ARM_NAMES, seedName, withExamples } from '../evaluation/arm-names';
import type { ArmKind } from '../evaluation/types';
import { contentKey } from '../lib/bytes';
import { capitalised, counted } from '../lib/format';
import { firstText, type Prompt, textsOf } from '../prompt/prompt';
import { chosenHybrid, chosenTrained, chosenWritten } from './make-versions';
import { cleanName } from './prompt-set';
import type { Opened, PromptSet, Version } from './types';
import {
  hasTask,
  isSameText,
  kindWords,
  mayKnowTestRows,
  newVersion,
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
const examplesOf = (set: Pick<PromptSet, 'kind'>): number => (generates(set.kind) ? 3 : 8);

/** One prompt of a comparison. */
export interface Arm {
  /** `untuned`, `yours` (as it is written), `yours-<examples>`, `tuned`, `tuned-<n>`, `hybrid`, `ensemble`, `hand-<version>`, or `run-<version>`. */
  readonly id: string;
  readonly name: string;
  readonly kind: Exclude<ArmKind, 'reference'>;
  /** As it is asked: for the labels of the set, calibrated if an earlier comparison has decided that. Of number 0 where the set has none with this prompt. */
  readonly version: Version;
  /** Examples that the comparison adds by itself. */
  readonly added?: number;
  /** Id of an additional hand-written version, which the user can remove. */
  readonly also: string | null;
}

export interface Arms {
  readonly arms: readonly Arm[];
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

/** The set's version that has decided the calibration of a prompt: itself, or one with its text; null = it is still open. */
function decidedIn(set: PromptSet, version: Version, prompt: Prompt): Version | null {
  if (version.calibrated && promptFor(set, version) === version.prompt) return version;
  return set.versions.find((own) => own.calibrated && isSameText(own.prompt, prompt)) ?? null;
}

type Named = Pick<Arm, 'id' | 'name' | 'kind'> & Partial<Arm>;

/** A version as it is, for the labels of the set. */
function arm(set: PromptSet, version: Version, named: Named): Arm {
  const { untuned } = set;
  const prompt = promptFor(set, version);
  const decided = decidedIn(set, version, prompt);
  const last = decided?.prompt ?? (untuned && isSameText(untuned, prompt) ? untuned : null);
  const asked = { ...prompt, calibration: last?.calibration ?? null, threshold: null };
  return { also: null, ...named, version: { ...version, calibrated: decided !== null, prompt: asked } };
}

const handKind = ({ prompt }: Version) => (firstText(prompt).shots > 0 ? 'few-shot' : 'zero-shot');

/** Yours, and the same text without examples and with the usual number of them, where that is another prompt. */
function yoursArms(set: PromptSet, yours: Version, examples: number): Arm[] {
  const own = promptFor(set, yours);
  const text = firstText(own);
  const others = [0, examples].filter((shots) => shots !== text.shots);
  const arms = others.map((shots) => {
    const prompt = { ...own, voices: [{ ...text, shots }], calibration: null };
    const made = {
      name: cleanName(`${yours.name}, ${counted(shots, 'example')}`),
      origin: { kind: 'written' },
    } as const;
    const version = versionOfText(set, prompt) ?? newVersion({ ...made, prompt });
    const added = shots > 0 ? { added: shots } : {};
    return arm(set, version, {
      id: `yours-${shots}`,
      name: withExamples(shots),
      kind: shots > 0 ? 'few-shot' : 'zero-shot',
      ...added,
    });
  });
  return [arm(set, yours, { id: 'yours', name: ARM_NAMES.yours, kind: handKind(yours) }), ...arms];
}

/** The tuned prompt, its other seeds and their mean, and the hybrid. */
function learnedArms(set: PromptSet, tuned: Version | null, eachSeed: boolean): Arm[] {
  const mean = tuned && seedMean(set, tuned);
  const { seeds = [] } = mean ?? {};
  const others = eachSeed ? seeds.filter(({ id }) => id !== tuned?.id) : [];
  const hybrid = chosenHybrid(set);
  const kind = 'tuned';
  return [
    ...(tuned ? [arm(set, tuned, { id: 'tuned', name: ARM_NAMES.tuned, kind })] : []),
    ...others.map((seed, i) => arm(set, seed, { id: `tuned-${i + 2}`, name: seedName(i + 2, seeds.length), kind })),
    ...(mean ? [arm(set, mean.version, { id: 'ensemble', name: mean.version.name, kind: 'ensemble' })] : []),
    ...(hybrid ? [arm(set, hybrid, { id: 'hybrid', name: ARM_NAMES.hybrid, kind: 'hybrid' })] : []),
  ];
}

function trainedKind(version: Version) {
  const kind = kindWords(version);
  return kind === 'hybrid' || kind === 'ensemble' || kind === 'combined' ? kind : 'tuned';
}

/** Versions that take part beside the tuned prompt. */
function otherTrained(set: PromptSet, tuned: Version | null, also: readonly string[]): Arm[] {
  const own = [tuned?.id, chosenHybrid(set)?.id];
  return versionsOf(set, 'trained')
    .filter((version) => also.includes(version.id) && !own.includes(version.id) && hasTask(set, version))
    .map((version) => {
      const named = { id: trainedArm(version), name: capitalised(versionWords(version)) };
      return arm(set, version, { ...named, kind: trainedKind(version) });
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
    ...others.map((version) => {
      const { id: also, name } = version;
      return arm(set, version, { id: handArm(version), name, kind: handKind(version), also });
    }),
    ...learnedArms(set, tuned, eachSeed),
    ...trained,
  ];
  const saved = versionOfText(set, bare);
  // a version is one arm: where yours has this text, it is yours
  const isOther = rest.some(({ version }) => version.id === saved?.id);
  const name = tuned ? `Text of ${versionWords(tuned)}` : 'Template alone';
  const fresh = newVersion({ name, prompt: bare, origin: { kind: 'baseline', which: UNTUNED } });
  const untuned = arm(set, (!isOther && saved) || fresh, { id: UNTUNED, name: ARM_NAMES.untuned, kind: 'untuned' });
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

/**
 * The arms of a past comparison that may know some of its test rows: their vectors, or those that they started from, were
 * trained on another split. The mean over seeds and the mixtures know what their members know.
 */
export function armsKnowing(
  set: PromptSet,
  { splitHash: then, versions }: Pick<PastComparison, 'splitHash' | 'versions'>,
  dataset: Pick<Dataset, 'heldBackHash' | 'splitHash'>,
): readonly string[] {
  const knows = ({ id, learned }: Version) =>
    then === dataset.splitHash ? mayKnowTestRows(set, id, dataset) : learned !== null && learned.splitHash !== then;
  return Object.entries(versions).flatMap(([armId, asked]) => {
    const members = asked.origin.kind === 'mixed' ? asked.origin.of : [];
    const present = [asked.id, ...members].flatMap((id) => versionById(set, id) ?? []);
    return present.some(knows) ? [armId] : [];
  });
}

/** What a past comparison is judged by. */
interface PastComparison {
  readonly writtenVersion: string | null;
  readonly trainedVersion: string | null;
  readonly versions: Readonly<Record<string, Version>>;
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
  const now = new Map(armsOf(set).arms.map(({ id, version }) => [id, version.prompt]));
  return Object.entries(comparison.versions).some(([id, { prompt }]) => {
    const present = now.get(id);
    return HEADLINE.has(id) && (!present || texts(prompt) !== texts(present));
  });
}
