import { describe, expect, it } from 'vitest';
import { dealt, preparedOf } from '../../dataset/test-support';
import { StudioError } from '../../lib/errors';
import type { Listing } from '../../project/listing';
import { addHardVersion, renamePromptSet } from '../../project/prompt-set';
import { createProjectStore } from './project-store';
import { mergeListings, withSet } from './saving-sets';
import { gate, testServices } from './test-support';

const made = async () => {
  const services = testServices();
  const project = createProjectStore(services);
  const set = await project.getState().create({ name: 'Support tone', dataset: null, datasetName: null });
  return { services, project, set };
};

describe('the open prompt set', () => {
  it('is kept, and found again', async () => {
    const { services, set } = await made();
    const later = createProjectStore(services);
    await later.getState().refresh();
    await later.getState().open(set.id);
    expect(later.getState()).toMatchObject({ status: 'open', set: { name: 'Support tone', handle: 'SUPPORT_TONE' } });
  });

  it('keeps its answer words in the order of its labels', async () => {
    const { project } = await made();
    const { dataset } = await preparedOf(dealt(90, ['warm', 'cold']));
    const words = dataset.labels.map((label) => ({ label, word: ` ${label}` })).reverse();
    const inOrder = () => project.getState().set?.words.map(({ label }) => label);
    const { id } = await project.getState().create({ name: 'A', dataset, datasetName: null, words });
    expect(inOrder()).toEqual(dataset.labels);
    await project.getState().setRows(id, { ...dataset, labels: [...dataset.labels].reverse() });
    expect(inOrder()).toEqual([...dataset.labels].reverse());
  });

  it('is missing when it is not on this device', async () => {
    const { project } = await made();
    await project.getState().open('elsewhere');
    expect(project.getState()).toMatchObject({ status: 'missing', set: null });
  });

  it('is the one that was asked for last, however long the rows of another take', async () => {
    const { services, project, set: slow } = await made();
    const quick = await project.getState().create({ name: 'Quick', dataset: null, datasetName: null });
    project.getState().close();
    const { get } = services.store.datasets;
    const { open: arrive, opened: arrived } = gate();
    Object.assign(services.store.datasets, {
      get: (id: string) => (id === slow.id ? arrived : Promise.resolve()).then(() => get(id)),
    });
    const opening = project.getState().open(slow.id);
    await project.getState().open(quick.id);
    arrive();
    await opening;
    expect(project.getState()).toMatchObject({ status: 'open', set: { name: 'Quick' } });
  });

  it('says why it cannot be read, and opens when it can', async () => {
    const { services, project, set } = await made();
    project.getState().close();
    const { get } = services.store.sets;
    Object.assign(services.store.sets, {
      get: () => Promise.reject(new StudioError('store-failed', 'The disk cannot be read.')),
    });
    await project.getState().open(set.id);
    expect(project.getState()).toMatchObject({
      status: 'unreadable',
      openError: { message: 'The disk cannot be read.' },
    });
    Object.assign(services.store.sets, { get });
    await project.getState().open(set.id);
    expect(project.getState()).toMatchObject({ status: 'open', openError: null });
  });

  it('is listed as it is now, even if the list was read before a set was deleted, made or renamed', async () => {
    const { services, project, set } = await made();
    const renamed = await project.getState().create({ name: 'Old', dataset: null, datasetName: null });
    const { list } = services.store.listings;
    const { open: arrive, opened: arrived } = gate();
    Object.assign(services.store.listings, { list: () => list().then((found) => arrived.then(() => found)) });
    const refreshed = project.getState().refresh();
    await new Promise((resolve) => setTimeout(resolve));
    await project.getState().remove(set.id);
    await project.getState().updateById(renamed.id, (s) => renamePromptSet(s, 'New', 'now'));
    await project.getState().create({ name: 'Made', dataset: null, datasetName: null });
    arrive();
    await refreshed;
    expect(
      project
        .getState()
        .sets.map(({ name }) => name)
        .toSorted(),
    ).toEqual(['Made', 'New']);
  });

  it('renames, deletes and brings back', async () => {
    const { project, set } = await made();
    await project.getState().rename('  Ton der\nAnfragen ');
    expect(project.getState().set).toMatchObject({ name: 'Ton der Anfragen', handle: set.handle });
    await project.getState().remove(set.id);
    expect(project.getState()).toMatchObject({ status: 'none', sets: [] });
    await project.getState().restore(set.id);
    expect(project.getState().sets).toHaveLength(1);
  });

  it('signs the versions that are made from now on, on the disk too, and no other', async () => {
    const { services, project, set } = await made();
    const add = (id: string, template: string) =>
      project
        .getState()
        .update((s) => addHardVersion(s, { id, now: 'now' }, { prompt: { template, shots: 0, shotSeed: 0 } }).set);
    await add('before', 'a {text}');
    await project.getState().setAuthor(' Ana\n  Lopes ');
    await add('after', 'b {text}');
    const later = createProjectStore(services);
    expect(later.getState().author).toBeNull();
    await later.getState().refresh();
    expect(later.getState().author).toBe('Ana Lopes');
    await project.getState().setAuthor('');
    await add('none', 'c {text}');
    const kept = await services.store.sets.get(set.id);
    expect(kept?.hard.map(({ id, author }) => [id, author])).toEqual([
      ['before', undefined],
      ['after', 'Ana Lopes'],
      ['none', undefined],
    ]);
  });

  it('keeps the work in the page when the disk refuses, and saves it when asked again', async () => {
    const { services, project, set } = await made();
    const { update } = services.store.sets;
    Object.assign(services.store.sets, {
      update: () => Promise.reject(new StudioError('store-full', 'The disk is full.')),
    });
    await project.getState().rename('New name');
    expect(project.getState().set?.name).toBe('New name');
    expect(project.getState().saveError?.code).toBe('store-full');
    Object.assign(services.store.sets, { update });
    await project.getState().saveAgain();
    expect(project.getState().saveError).toBeNull();
    expect((await services.store.sets.get(set.id))?.name).toBe('New name');
  });

  it('does not lose a change to a second one that overtakes it', async () => {
    const { services, project, set } = await made();
    await Promise.all([
      project.getState().rename('First'),
      project.getState().update((s) => ({ ...s, testLooks: s.testLooks + 1 })),
    ]);
    expect(project.getState().set).toMatchObject({ name: 'First', testLooks: 1 });
    expect(await services.store.sets.get(set.id)).toMatchObject({ name: 'First', testLooks: 1 });
  });

  it('changes a set that is not open', async () => {
    const { project, set } = await made();
    project.getState().close();
    await project.getState().updateById(set.id, (s) => renamePromptSet(s, 'Later', s.updatedAt));
    expect(project.getState().sets[0]?.name).toBe('Later');
    expect(project.getState().set).toBeNull();
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
    const { project, set } = await made();
    const state = { set, sets: [listed('other'), ...project.getState().sets] };
    const renamed = withSet(state, renamePromptSet(set, 'New', 'now'));
    expect([renamed.set?.name, ids(renamed.sets)]).toEqual(['New', [set.id, 'other']]);
    expect(withSet({ ...state, set: null }, set).set).toBeNull();
    expect(ids(withSet(state, { ...set, deletedAt: 'now' }).sets)).toEqual(['other']);
  });
});
