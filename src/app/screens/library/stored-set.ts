/** A prompt set as this browser stores it: complete, or one of its versions ready to answer rows. */
import { generates } from '../../../dataset/task-facts';
import type { CompleteSet } from '../../../interchange/set-files';
import { badInput } from '../../../lib/errors';
import { drawsExamples } from '../../../prompt/prompt';
import { alone, type Choice, findVersions, firstOf, type Planned } from '../../../prompt-set/planned';
import type { PromptSet } from '../../../prompt-set/types';
import { versionById, versionWords } from '../../../prompt-set/versions';
import type { Store } from '../../../store/store';

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
 * The version that is chosen, or what its stage and the set's policy refer to now.
 * @throws StudioError `bad-input` if there is none
 */
export async function chosenVersion(disk: Store, setId: string, choice: Choice): Promise<Chosen> {
  const set = await storedSet(disk, setId);
  if (!set) throw gone('prompt set');
  const { handle, policy = { kind: 'as-asked' } } = set;
  const open = async (plan: Pick<Planned, 'asked' | 'fallback' | 'policy'>): Promise<Planned> => {
    const needsRows = [plan.asked, plan.fallback].some((of) => of && drawsExamples(of.prompt));
    const stored = generates(set.kind) || needsRows ? await disk.datasets.get(set.id) : null;
    return { ...plan, handle, dataset: stored?.dataset ?? null };
  };
  if (choice.kind === 'stage') {
    const found = findVersions([set], { handle, stage: choice.stage }, policy.kind);
    const fallback = policy.kind === 'as-asked' ? null : found.fallback;
    const answers = policy.kind === 'hand-written' && fallback ? fallback : firstOf(found);
    const plan = await open({ asked: found.asked, fallback, policy });
    return { plan, who: `${handle}, ${choice.stage} (${versionWords(answers)})` };
  }
  const version = versionById(set, choice.id);
  if (!version) throw gone('version');
  return { plan: await open(alone(version)), who: `${handle}, ${versionWords(version)}` };
}
