/** Two copies of a prompt set as one: the versions, comparisons and answers of both, because these never change. */
import { exactJson } from '../lib/exact-json';
import { counted, listed } from '../lib/format';
import { stagesOf } from '../prompt-set/stages';
import type { PromptSet, Version } from '../prompt-set/types';
import { versionById, versionWords, wordsOf } from '../prompt-set/versions';
import type { CompleteSet } from './set-files';

/** What a person changes, by its name on a screen. */
const NAMES = {
  name: 'Name',
  handle: 'Handle',
  notes: 'Notes',
  tags: 'Tags',
  policy: 'What answers for a stage',
  kind: 'Kind of task',
  words: 'Answer words',
  longest: 'Longest answer',
  baseTemplate: 'Template',
  chosenWritten: 'Your prompt',
  chosenTrained: 'Tuned prompt',
  datasetFingerprint: 'Rows',
} as const satisfies { readonly [K in keyof PromptSet]?: string };
const FACTS = Object.keys(NAMES) as (keyof typeof NAMES)[];

/** All that can change or be removed, as JSON. What two copies last agreed on tells whose change it is. */
export type State = Readonly<Record<string, string>>;
type Changing = Pick<CompleteSet, 'set' | 'measurements'>;

const json = (value: unknown): string => (value === undefined ? '' : exactJson(value));

/** What a version can be given later. */
const laterOf = (version: Version) => {
  const { note, calibrated, prompt } = version;
  return { note, calibrated, words: wordsOf(version), calibration: prompt.calibration, threshold: prompt.threshold };
};

const stateOf = ({ set, measurements }: Changing): State =>
  Object.fromEntries([
    ...FACTS.map((key) => [key, json(set[key])]),
    ...set.runs.map(({ id, status }) => [`run ${id}`, json(status)]),
    ...set.versions.map((version) => [version.id, json(laterOf(version))]),
    ...measurements.map(({ id }) => [id, json(true)]),
  ]);

export function agreedOn(before: State, here: Changing, there: Changing): State {
  const theirs = stateOf(there);
  return {
    ...before,
    ...Object.fromEntries(Object.entries(stateOf(here)).filter(([key, own]) => own === theirs[key])),
  };
}

interface Dated {
  readonly id: string;
  readonly createdAt: string;
}

/** Oldest first, on every machine in the same order. */
function union<T extends Dated>(here: readonly T[], there: readonly T[], both = (own: T, _other: T): T => own): T[] {
  const all = new Map(there.map((each) => [each.id, each]));
  for (const own of here) all.set(own.id, both(own, all.get(own.id) ?? own));
  return [...all.values()].sort((a, b) => a.createdAt.localeCompare(b.createdAt) || (a.id < b.id ? -1 : 1));
}

interface United {
  readonly complete: CompleteSet;
  /** What came from there, and which changes of one side gave way. */
  readonly said: readonly string[];
}

/** Where one side changed something, that counts; where both did, the newer copy's change does, and the other is said. */
export function united(here: CompleteSet, there: CompleteSet, agreed: State): United {
  const [ours, theirs] = [stateOf(here), stateOf(there)];
  const isNewer = there.set.updatedAt > here.set.updatedAt;
  const isConflict = (key: string) => new Set([ours[key], theirs[key], agreed[key]]).size === 3;
  const takes = (key: string) => ours[key] !== theirs[key] && (isConflict(key) ? isNewer : theirs[key] !== agreed[key]);
  const isRemoved = ({ id }: Dated) => id in agreed && !(id in ours && id in theirs);
  const evaluations = union(here.evaluations, there.evaluations, (own, other) => ({ ...other, ...own }));
  const data = there.dataset && (takes('datasetFingerprint') || !here.dataset) ? there : here;
  const moves = movesOf(here.set, there.set);
  const set: PromptSet = {
    ...here.set,
    ...Object.fromEntries(FACTS.filter(takes).map((key) => [key, there.set[key]])),
    // the folder may lack the rows of a try
    versions: union(here.set.versions, there.set.versions, (own, other) =>
      takes(own.id) ? { ...other, tried: own.tried ?? other.tried } : own,
    ),
    runs: union(here.set.runs, there.set.runs, (own, other) => (takes(`run ${own.id}`) ? other : own)),
    ...(moves.length > 0 && { moves }),
    ...looksOf(here.set, there.set, data.set),
    verdict: evaluations.length > 0 ? undefined : (here.set.verdict ?? there.set.verdict),
    updatedAt: isNewer ? there.set.updatedAt : here.set.updatedAt,
  };
  const complete: CompleteSet = {
    set,
    dataset: data.dataset,
    checkpoints: [...new Map([...there.checkpoints, ...here.checkpoints].map((each) => [each.runId, each])).values()],
    evaluations: evaluations.toReversed(),
    measurements: union(here.measurements, there.measurements).filter((each) => !isRemoved(each)),
  };
  const changes = FACTS.filter((key) => ours[key] !== theirs[key]).flatMap((key) => {
    const [kept, left] = takes(key) ? [there.set, here.set] : [here.set, there.set];
    if (isConflict(key))
      return `${NAMES[key]} changed on both sides: ${shown(kept[key], 'the newer')} kept, not ${shown(left[key], 'the older')}`;
    return takes(key) ? `${NAMES[key]} changed${shown(kept[key], '') && ` to ${shown(kept[key], '')}`}` : [];
  });
  const later = set.versions.filter(({ id }) => id in ours && takes(id)).length;
  const given = later > 0 ? [`${counted(later, 'version')} changed`] : [];
  return { complete, said: [...arrivals(here, there), ...given, ...changes, ...stageWords(here.set, set)] };
}

/** Of every stage the newest move counts, whoever made it. */
function movesOf(here: PromptSet, there: PromptSet): NonNullable<PromptSet['moves']> {
  const all = new Map([...(here.moves ?? []), ...(there.moves ?? [])].map((move) => [json(move), move]));
  return [...all.values()].sort((a, b) => a.at.localeCompare(b.at));
}

function stageWords(before: PromptSet, set: PromptSet): readonly string[] {
  const old = new Map(stagesOf(before).map(({ name, versionId }) => [name, versionId]));
  return stagesOf(set).flatMap(({ name, versionId }) => {
    const version = versionById(set, versionId);
    return version && old.get(name) !== versionId ? `${name} points to ${versionWords(version)}` : [];
  });
}

/** Uses of test rows on either side are never forgotten. */
function looksOf(here: PromptSet, there: PromptSet, { datasetFingerprint, datasetName }: PromptSet) {
  const looks = new Map<string, number>();
  for (const { datasetFingerprint: now, testLooks, earlierLooks = [] } of [here, there])
    for (const each of [...earlierLooks, { fingerprint: now ?? '', looks: testLooks }])
      looks.set(each.fingerprint, Math.max(each.looks, looks.get(each.fingerprint) ?? 0));
  const testLooks = looks.get(datasetFingerprint ?? '') ?? 0;
  const others = [...looks].filter(([fingerprint, n]) => fingerprint !== (datasetFingerprint ?? '') && n > 0);
  const earlierLooks = others.map(([fingerprint, n]) => ({ fingerprint, looks: n }));
  return { datasetFingerprint, datasetName, testLooks, ...(earlierLooks.length > 0 && { earlierLooks }) };
}

function arrivals(here: CompleteSet, there: CompleteSet): readonly string[] {
  const missing = (ours: readonly Dated[], theirs: readonly Dated[]) =>
    theirs.filter(({ id }) => !ours.some((own) => own.id === id)).length;
  const found = {
    version: missing(here.set.versions, there.set.versions),
    comparison: missing(here.evaluations, there.evaluations),
    measurement: missing(here.measurements, there.measurements),
  };
  const words = Object.entries(found).flatMap(([noun, n]) => (n > 0 ? counted(n, noun) : []));
  return words.length > 0 ? [`${listed(words)} added`] : [];
}

/** Names, notes and tags; ids and templates say nothing here. */
const shown = (value: unknown, otherwise: string): string => {
  const text = Array.isArray(value) && value.every((each) => typeof each === 'string') ? value.join(', ') : value;
  return typeof text === 'string' ? `“${text}”` : otherwise;
};
