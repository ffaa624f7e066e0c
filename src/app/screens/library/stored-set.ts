/** A prompt set as this browser stores it: complete, or one of its versions ready to answer rows. */
import { generates } from '../../../dataset/task-facts';
import type { CompleteSet } from '../../../interchange/set-files';
import { badInput } from '../../../lib/errors';
import { drawsExamples } from '../../../prompt/prompt';
import {
  type AskedVersion,
  alone,
  askedVersion,
  findVersions,
  firstOf,
  type Planned,
} from '../../../prompt-set/ready-prompt';
import type { PromptSet, Version } from '../../../prompt-set/types';
import { versionById } from '../../../prompt-set/versions';
import type { Store } from '../../../store/store';
import { stageOf } from '../../state/version-words';

async function storedSet(disk: Store, setId: string): Promise<PromptSet | null> {
  const set = await disk.sets.get(setId);
  return set?.deletedAt === null ? set : null;
}

/** Null if the set is not in this browser, or deleted. */
export async function readStored(disk: Store, setId: string): Promise<CompleteSet | null> {
  const set = await storedSet(disk, setId);
  if (!set) return null;
  const [rows, checkpoints, evaluations, measurements] = await Promise.all([
    disk.datasets.get(setId),
    disk.checkpoints.ofSet(setId),
    disk.evaluations.ofSet(setId),
    disk.measurements.ofSet(setId),
  ]);
  return { set, dataset: rows?.dataset ?? null, checkpoints, evaluations, measurements };
}

/** Stores a set. Measurements that only `before` has are removed; comparisons stay, because they count uses of test rows. */
export async function storeSet(disk: Store, complete: CompleteSet, before?: CompleteSet): Promise<void> {
  const { set, dataset, checkpoints, evaluations, measurements } = complete;
  await disk.sets.put(set);
  if (dataset) await disk.datasets.put({ setId: set.id, dataset });
  for (const checkpoint of checkpoints) await disk.checkpoints.put(checkpoint);
  for (const evaluation of evaluations) await disk.evaluations.put(evaluation);
  for (const measurement of measurements) await disk.measurements.put(measurement);
  const stays = new Set(measurements.map(({ id }) => id));
  for (const gone of before?.measurements ?? []) if (!stays.has(gone.id)) await disk.measurements.remove(gone);
}

interface Chosen {
  /** Under the set's policy, where a stage is asked; a version answers alone. */
  readonly plan: Planned;
  /** "SUPPORT_TONE, production (tuned 3)". */
  readonly who: string;
}

const gone = (what: string) => badInput(`This ${what} is no longer in the library. Choose another one.`);

/**
 * The version with an id, or what a stage and the set's policy refer to now.
 * @param withRows the set's own rows are needed for any prompt @throws StudioError `bad-input` if there is none
 */
export async function chosenVersion(disk: Store, setId: string, which: string, withRows = false): Promise<Chosen> {
  const set = await storedSet(disk, setId);
  if (!set) throw gone('prompt set');
  const { handle, policy = { kind: 'as-asked' } } = set;
  const open = async (of: Version | null) => of && storedVersion(disk, set, of, withRows);
  const stage = stageOf(which);
  if (stage !== null) {
    const found = findVersions([set], { handle, stage }, policy.kind);
    const fallback = policy.kind === 'as-asked' ? null : await open(found.fallback);
    const plan = { asked: await open(found.asked), fallback, policy };
    const answers = policy.kind === 'hand-written' && fallback ? fallback : firstOf(plan);
    return { plan, who: `${handle}, ${stage} (${answers.name})` };
  }
  const version = versionById(set, which);
  if (!version) throw gone('version');
  const asked = await storedVersion(disk, set, version, withRows);
  return { plan: alone(asked), who: `${handle}, ${asked.name}` };
}

/** The version as it is asked. @param withRows the set's own rows are needed for any prompt */
async function storedVersion(disk: Store, set: PromptSet, of: Version, withRows: boolean): Promise<AskedVersion> {
  const needsRows = withRows || generates(set.kind) || drawsExamples(of.prompt);
  const stored = needsRows ? await disk.datasets.get(set.id) : null;
  return askedVersion(set, of, stored?.dataset ?? null);
}
