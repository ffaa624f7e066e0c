import { describe, expect, it } from 'vitest';
import { dealt, preparedOf } from '../../dataset/test-support';
import { StudioError } from '../../lib/errors';
import type { Listing } from '../../prompt-set/listing';
import { addWritten } from '../../prompt-set/make-versions';
import { renamePromptSet } from '../../prompt-set/prompt-set';
import { createPromptSetsStore } from './prompt-sets-store';
import { mergeListings, withSet } from './saving-sets';
import { gate, testServices } from './test-support';

const made = async () => {
  const services = testServices();
  const promptSets = createPromptSetsStore(services);
  const set = await promptSets.getState().create({ name: 'Support tone', dataset: null, datasetName: null });
  return { services, promptSets, set };
};

describe('the open prompt set', () => {
  it('is kept, and found again', async () => {
    const { services, set } = await made();
    const later = createPromptSetsStore(services);
    await later.getState().refresh();
    await later.getState().open(set.id);
    expect(later.getState()).toMatchObject({ status: 'open', set: { name: 'Support tone', handle: 'SUPPORT_TONE' } });
  });

  it('shows what another tab changed while this one was writing', async () => {
    const services = testServices();
    const heard: ((change: { table: 'promptSets'; setId: string }) => void)[] = [];
    Object.assign(services.store, { onRemoteChange: (listener: (typeof heard)[number]) => heard.push(listener) });
    const promptSets = createPromptSetsStore(services);
    const { id } = await promptSets.getState().create({ name: 'Support tone', dataset: null, datasetName: null });
    const { update } = services.store.sets;
    const { open: finish, opened: finished } = gate();
    const { open: write, opened: wrote } = gate();
    Object.assign(services.store.sets, {
      update: async (...given: Parameters<typeof update>) => {
        const set = await update(...given);
        write();
        await finished;
        return set;
      },
    });
    const writing = promptSets.getState().update((set) => ({ ...set, notes: 'mine' }));
    await wrote;
    await update(id, (set) => ({ ...set, name: 'Renamed elsewhere' }));
    for (const listener of heard) listener({ table: 'promptSets', setId: id });
    finish();
    await writing;
    await expect.poll(() => promptSets.getState().set).toMatchObject({ name: 'Renamed elsewhere', notes: 'mine' });
  });

  it('keeps its answer words in the order of its labels', async () => {
    const { promptSets } = await made();
    const { dataset } = await preparedOf(dealt(90, ['warm', 'cold']));
    const words = dataset.labels.map((label) => ({ label, word: ` ${label}` })).reverse();
    const inOrder = () => promptSets.getState().set?.words.map(({ label }) => label);
    const { id } = await promptSets.getState().create({ name: 'A', dataset, datasetName: null, words });
    expect(inOrder()).toEqual(dataset.labels);
    await promptSets.getState().setRows(id, { ...dataset, labels: [...dataset.labels].reverse() });
    expect(inOrder()).toEqual([...dataset.labels].reverse());
  });

  it('is missing when it is not on this device', async () => {
    const { promptSets } = await made();
    await promptSets.getState().open('elsewhere');
    expect(promptSets.getState()).toMatchObject({ status: 'missing', set: null });
  });

  it('is the one that was asked for last, however long the rows of another take', async () => {
    const { services, promptSets, set: slow } = await made();
    const quick = await promptSets.getState().create({ name: 'Quick', dataset: null, datasetName: null });
    promptSets.getState().close();
    const { get } = services.store.datasets;
    const { open: arrive, opened: arrived } = gate();
    Object.assign(services.store.datasets, {
      get: (id: string) => (id === slow.id ? arrived : Promise.resolve()).then(() => get(id)),
    });
    const opening = promptSets.getState().open(slow.id);
    await promptSets.getState().open(quick.id);
    arrive();
    await opening;
    expect(promptSets.getState()).toMatchObject({ status: 'open', set: { name: 'Quick' } });
  });

  it('says why it cannot be read, and opens when it can', async () => {
    const { services, promptSets, set } = await made();
    promptSets.getState().close();
    const { get } = services.store.sets;
    Object.assign(services.store.sets, {
      get: () => Promise.reject(new StudioError('store-failed', 'The disk cannot be read.')),
    });
    await promptSets.getState().open(set.id);
    expect(promptSets.getState()).toMatchObject({
      status: 'unreadable',
      openError: { message: 'The disk cannot be read.' },
    });
    Object.assign(services.store.sets, { get });
    await promptSets.getState().open(set.id);
    expect(promptSets.getState()).toMatchObject({ status: 'open', openError: null });
  });

  it('is listed as it is now, even if the list was read before a set was deleted, made or renamed', async () => {
    const { services, promptSets, set } = await made();
    const renamed = await promptSets.getState().create({ name: 'Old', dataset: null, datasetName: null });
    const { list } = services.store.listings;
    const { open: arrive, opened: arrived } = gate();
    Object.assign(services.store.listings, { list: () => list().then((found) => arrived.then(() => found)) });
    const refreshed = promptSets.getState().refresh();
    await new Promise((resolve) => setTimeout(resolve));
    await promptSets.getState().remove(set.id);
    await promptSets.getState().updateById(renamed.id, (s) => renamePromptSet(s, 'New', 'now'));
    await promptSets.getState().create({ name: 'Made', dataset: null, datasetName: null });
    arrive();
    await refreshed;
    expect(
      promptSets
        .getState()
        .sets.map(({ name }) => name)
        .toSorted(),
    ).toEqual(['Made', 'New']);
  });

  it('renames, deletes and brings back', async () => {
    const { promptSets, set } = await made();
    await promptSets.getState().rename('  Ton der\nAnfragen ');
    expect(promptSets.getState().set).toMatchObject({ name: 'Ton der Anfragen', handle: set.handle });
    await promptSets.getState().remove(set.id);
    expect(promptSets.getState()).toMatchObject({ status: 'none', sets: [] });
    await promptSets.getState().restore(set.id);
    expect(promptSets.getState().sets).toHaveLength(1);
  });

  it('signs the versions that are made from now on, on the disk too, and no other', async () => {
    const { services, promptSets, set } = await made();
    const add = (id: string, template: string) =>
      promptSets
        .getState()
        .update((s) => addWritten(s, { id, now: 'now' }, { text: { template, shots: 0, shotSeed: 0 } }).set);
    await add('before', 'a {text}');
    await promptSets.getState().setAuthor(' Ana\n  Lopes ');
    await add('after', 'b {text}');
    const later = createPromptSetsStore(services);
    expect(later.getState().author).toBeNull();
    await later.getState().refresh();
    expect(later.getState().author).toBe('Ana Lopes');
    await promptSets.getState().setAuthor('');
    await add('none', 'c {text}');
    const kept = await services.store.sets.get(set.id);
    expect(kept?.versions.map(({ id, author }) => [id, author])).toEqual([
      ['before', undefined],
      ['after', 'Ana Lopes'],
      ['none', undefined],
    ]);
  });

  it('keeps the work in the page when the disk refuses, and saves it when asked again', async () => {
    const { services, promptSets, set } = await made();
    const { update } = services.store.sets;
    Object.assign(services.store.sets, {
      update: () => Promise.reject(new StudioError('store-full', 'The disk is full.')),
    });
    await promptSets.getState().rename('New name');
    expect(promptSets.getState().set?.name).toBe('New name');
    expect(promptSets.getState().saveError?.code).toBe('store-full');
    Object.assign(services.store.sets, { update });
    await promptSets.getState().saveAgain();
    expect(promptSets.getState().saveError).toBeNull();
    expect((await services.store.sets.get(set.id))?.name).toBe('New name');
  });

  it('does not lose a change to a second one that overtakes it', async () => {
    const { services, promptSets, set } = await made();
    await Promise.all([
      promptSets.getState().rename('First'),
      promptSets.getState().update((s) => ({ ...s, testLooks: s.testLooks + 1 })),
    ]);
    expect(promptSets.getState().set).toMatchObject({ name: 'First', testLooks: 1 });
    expect(await services.store.sets.get(set.id)).toMatchObject({ name: 'First', testLooks: 1 });
  });

  it('changes a set that is not open', async () => {
    const { promptSets, set } = await made();
    promptSets.getState().close();
    await promptSets.getState().updateById(set.id, (s) => renamePromptSet(s, 'Later', s.updatedAt));
    expect(promptSets.getState().sets[0]?.name).toBe('Later');
    expect(promptSets.getState().set).toBeNull();
  });
});

describe('a list of prompt sets', () => {
  const listed = (id: string, deletedAt: string | null = null) => ({ id, deletedAt, name: id }) as Listing;
  const ids = (sets: readonly Listing[]) => sets.map(({ id }) => id);

  it('has what is not on the disk yet as the page knows it, first, and no deleted sets', () => {
    const page = [listed('new'), listed('old')];
    const disk = [listed('old'), listed('gone', 'today'), listed('new', 'today'), listed('other')];
    expect(ids(mergeListings(page, disk, (id) => id === 'new'))).toEqual(['new', 'old', 'other']);
  });

  it('puts a changed set first, where it is open too, and drops a deleted one', async () => {
    const { promptSets, set } = await made();
    const state = { set, sets: [listed('other'), ...promptSets.getState().sets] };
    const renamed = withSet(state, renamePromptSet(set, 'New', 'now'));
    expect([renamed.set?.name, ids(renamed.sets)]).toEqual(['New', [set.id, 'other']]);
    expect(withSet({ ...state, set: null }, set).set).toBeNull();
    expect(ids(withSet(state, { ...set, deletedAt: 'now' }).sets)).toEqual(['other']);
  });
});
