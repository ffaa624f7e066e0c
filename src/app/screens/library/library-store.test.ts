import { expect, it, vi } from 'vitest';
import { addWritten } from '../../../prompt-set/make-versions';
import { stagesOf } from '../../../prompt-set/stages';
import { fakeLocation, gate, testServices, testStudio } from '../../state/test-support';
import { redoLast, toasts, undoLast } from '../../ui/toast';
import { deletedSets, detailActions, setActions, setDetail } from './library-store';

/** A Library with two sets. */
async function made() {
  fakeLocation();
  const services = testServices();
  const studio = testStudio(services);
  const { promptSets } = studio.stores;
  const create = (name: string) => promptSets.getState().create({ name, dataset: null, datasetName: null });
  const slow = await create('Slow');
  const quick = await create('Quick');
  const deleted = deletedSets.of(studio);
  const names = () => (deleted.getState().value ?? []).map(({ name }) => name);
  /** The same browser in another visit: only what is on disk is known. */
  const reloaded = () => testStudio(services);
  return { studio, services, promptSets, slow, quick, deleted, names, reloaded };
}

it('shows the set that was opened last, even if another takes longer to read', async () => {
  const { studio, services, slow, quick } = await made();
  const { get } = services.store.datasets;
  const { open: arrive, opened: arrived } = gate();
  Object.assign(services.store.datasets, {
    get: (id: string) => (id === slow.id ? arrived : Promise.resolve()).then(() => get(id)),
  });
  const detail = setDetail.of(studio);
  const looking = detail.load(slow.id);
  await detail.load(quick.id);
  arrive();
  await looking;
  expect(detail.getState().value?.set.name).toBe('Quick');
});

it('deletes a set, lists it among the deleted ones, and restores it', async () => {
  const { studio, promptSets, slow, deleted, names } = await made();
  await deleted.load(2);
  await setActions.of(studio).remove(slow);
  expect(names()).toEqual(['Slow']);
  await setActions.of(studio).restore(slow.id);
  expect(names()).toEqual([]);
  expect(promptSets.getState().sets.map(({ name }) => name)).toContain('Slow');
});

it('does not bring back a discarded set after a reload, and deletes it for good once the undo has passed', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  try {
    const { studio, services, slow, deleted, names, reloaded } = await made();
    await deleted.load(2);
    await setActions.of(studio).remove(slow);
    await setActions.of(studio).discard(deleted.getState().value ?? []);
    expect(names()).toEqual([]);
    const again = deletedSets.of(reloaded());
    await again.load(1);
    expect(again.getState().value).toEqual([]);
    expect(await services.store.sets.get(slow.id)).not.toBeNull();
    vi.setSystemTime(Date.now() + 60_000);
    await deletedSets.of(reloaded()).load(1);
    expect(await services.store.sets.get(slow.id)).toBeNull();
  } finally {
    vi.useRealTimers();
  }
});

it('undoes a discard', async () => {
  const { studio, slow, deleted, names } = await made();
  await deleted.load(2);
  await setActions.of(studio).remove(slow);
  await setActions.of(studio).discard(deleted.getState().value ?? []);
  const gone = toasts.visibleToasts.find(({ content }) => content.title.includes('deleted for good'));
  gone?.content.action?.run();
  await vi.waitFor(() => expect(names()).toEqual(['Slow']));
});

it('shows a change of the shown set at once, and saves it', async () => {
  const { studio, services, quick } = await made();
  const detail = setDetail.of(studio);
  await detail.load(quick.id);
  await detailActions.of(studio).setNotes(quick.id, 'Ask Ana');
  await detailActions.of(studio).setTags(quick.id, 'Support, March');
  expect(detail.getState().value?.set).toMatchObject({ notes: 'Ask Ana', tags: ['support', 'march'] });
  expect(await services.store.sets.get(quick.id)).toMatchObject({ notes: 'Ask Ana', tags: ['support', 'march'] });
});

it('takes back a stage and a handle by key, and makes both again', async () => {
  const { studio, promptSets, quick } = await made();
  const prompt = { template: '{text}', shots: 0, shotSeed: 0 };
  await promptSets
    .getState()
    .updateById(quick.id, (set) => addWritten(set, { id: 'v', now: 'now' }, { text: prompt }).set);
  const now = async () => {
    const set = await studio.services.store.sets.get(quick.id);
    return [
      set?.handle,
      set &&
        stagesOf(set)
          .map(({ name }) => name)
          .join(),
    ];
  };
  const { move, changeHandle } = detailActions.of(studio);
  await move((await studio.services.store.sets.get(quick.id)) ?? quick, { stage: 'production', to: 'v' });
  await changeHandle(quick, 'FAST');
  const seen = [await now()];
  for (const press of [undoLast, undoLast, redoLast, redoLast, undoLast]) {
    await press();
    seen.push(await now());
  }
  expect(seen.map((each) => each.join(' '))).toEqual([
    'FAST production',
    'QUICK production',
    'QUICK ',
    'QUICK production',
    'FAST production',
    'QUICK production',
  ]);
});
