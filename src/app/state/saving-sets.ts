/** Saves prompt sets: a change is written over what is on the disk by then, and shown once it is there. */
import type { StoreApi } from 'zustand/vanilla';
import type { Dataset } from '../../dataset/types';
import { inTurn } from '../../lib/control';
import { StudioError } from '../../lib/errors';
import { type Listing, listingOf, NO_FACTS } from '../../prompt-set/listing';
import { type Stamp, stamp } from '../../prompt-set/prompt-set';
import { moveStage, stagesOf } from '../../prompt-set/stages';
import type { PromptSet } from '../../prompt-set/types';
import { signNew, versionById, versionWords } from '../../prompt-set/versions';
import { toastUndo } from '../ui/toast';
import type { Services } from './services';

export const asStoreError = (cause: unknown, what: string) =>
  cause instanceof StudioError ? cause : new StudioError('store-failed', `${what}: ${String(cause)}`, { cause });

export interface SetsState {
  readonly status: 'none' | 'opening' | 'open' | 'missing' | 'unreadable';
  readonly set: PromptSet | null;
  readonly dataset: Dataset | null;
  readonly sets: readonly Listing[];
  /** The author of new versions: empty = none; null = not asked yet. */
  readonly author: string | null;
  readonly saveError: StudioError | null;
}

type Sets = Pick<SetsState, 'set' | 'sets'>;

/** The page with another value of a set: in its list, newest first, and where it is open. A deleted set is not listed. */
export function withSet({ set: open, sets }: Sets, next: PromptSet): Sets {
  const facts = sets.find(({ id }) => id === next.id) ?? NO_FACTS;
  const others = sets.filter(({ id }) => id !== next.id);
  return {
    set: open?.id === next.id ? next : open,
    sets: next.deletedAt === null ? [listingOf(next, facts), ...others] : others,
  };
}

/** The list as the disk has it, but what is not on the disk yet as the page has it. */
export function mergeListings(
  page: readonly Listing[],
  disk: readonly Listing[],
  isUnwritten: (id: string) => boolean,
): readonly Listing[] {
  return [
    ...page.filter(({ id }) => isUnwritten(id)),
    ...disk.filter(({ id, deletedAt }) => deletedAt === null && !isUnwritten(id)),
  ];
}

export const savingSets = (disk: Services['store'], store: StoreApi<SetsState>) => ({
  disk,
  store,
  /** Sets that are not on disk as the page knows them: being written, or refused. */
  unwritten: new Map<string, PromptSet>(),
  turn: inTurn(),
  changes: 0,
});

export type Saving = ReturnType<typeof savingSets>;

/** Work stays in the page when the disk refuses: the shell shows `saveError` and offers to try again. */
export async function save({ store }: Pick<Saving, 'store'>, write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
    store.setState({ saveError: null });
  } catch (cause) {
    store.setState({ saveError: asStoreError(cause, 'Not saved') });
  }
}

export function showSet(saving: Saving, next: PromptSet): void {
  saving.changes += 1;
  saving.store.setState((state) => withSet(state, next));
}

/** Writes a new set with its rows, and shows it as the open one unless another was opened meanwhile. */
export async function addSet(saving: Saving, made: PromptSet, dataset: Dataset | null): Promise<PromptSet> {
  const { disk, store, unwritten } = saving;
  const listing = listingOf(made, { ...NO_FACTS, rows: dataset?.table.rows.length ?? null });
  const shown = () => `${store.getState().status} ${store.getState().set?.id}`;
  const before = shown();
  unwritten.set(made.id, made);
  await save(saving, async () => {
    await disk.sets.put(made);
    if (dataset) await disk.datasets.put({ setId: made.id, dataset });
    unwritten.delete(made.id);
  });
  saving.changes += 1;
  const isHere = shown() === before;
  store.setState(({ sets }) => ({
    sets: [listing, ...sets.filter(({ id }) => id !== made.id)],
    ...(isHere && { status: 'open', set: made, dataset }),
  }));
  return made;
}

export type SetChange = (set: PromptSet, at: Stamp) => PromptSet;

/** Another tab may have written meanwhile, so `change` runs a second time, on what is on the disk: it must be pure. */
export async function updateSet(saving: Saving, id: string, change: SetChange): Promise<PromptSet> {
  const at = stamp();
  return saving.turn(() => written(saving, id, (set) => change(set, at)));
}

async function written(saving: Saving, id: string, change: (set: PromptSet) => PromptSet): Promise<PromptSet> {
  const { disk, store, unwritten } = saving;
  const { set: open, author } = store.getState();
  const refused = unwritten.get(id);
  const current = refused ?? (open?.id === id ? open : await disk.sets.get(id));
  if (!current)
    throw new StudioError('store-failed', 'This prompt set is no longer in the library. Open another one.', {
      data: { id },
    });
  const signed = (before: PromptSet) => signNew(before, change(before), author ?? '');
  let next = signed(current);
  unwritten.set(id, next);
  await save(saving, async () => {
    // after a failed save the page knows more than the disk does
    const stored = refused ? null : await disk.sets.update(id, signed);
    if (stored) next = stored;
    else await disk.sets.put(next);
    unwritten.delete(id);
  });
  showSet(saving, next);
  return next;
}

export async function listSets(saving: Saving): Promise<readonly Listing[]> {
  const { disk, store, unwritten } = saving;
  for (;;) {
    const before = saving.changes;
    const found = await disk.listings.list();
    if (before === saving.changes) return mergeListings(store.getState().sets, found, (id) => unwritten.has(id));
  }
}

/** Points a stage to a version, or removes it (null). Undo takes it back, and can make it again. `show` gets each result. */
export const pointingStage =
  (saving: Saving) =>
  async (
    set: PromptSet,
    asked: Parameters<typeof moveStage>[1],
    show: (set: PromptSet) => void = () => {},
  ): Promise<void> => {
    const { stage, to } = asked;
    const from = stagesOf(set).find(({ name }) => name === stage)?.versionId ?? null;
    const moved = to === null ? null : versionById(set, to);
    const what = moved ? `“${stage}” points to ${versionWords(moved)} now` : `The stage “${stage}” was removed`;
    // each of the two is its own way back, and the way forward again
    const move = async (there: typeof asked, back: typeof asked): Promise<void> => {
      show(await updateSet(saving, set.id, (s, { now }) => moveStage(s, there, now)));
      toastUndo(what, () => move(back, there));
    };
    await move(asked, { stage, to: from, note: 'undone' });
  };
