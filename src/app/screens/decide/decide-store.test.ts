import { describe, expect, it } from 'vitest';
import { rowsById } from '../../../dataset/labels';
import type { Dataset } from '../../../dataset/types';
import { CHOSEN_ON, type RollOutRows } from '../../../decide/measured';
import { present } from '../../../lib/assert';
import { placeOf } from '../../../lib/rng';
import { stagesOf } from '../../../prompt-set/stages';
import { trainedIn, versionsIn } from '../../../prompt-set/test-support';
import type { ClassifyEvaluation, PromptSet } from '../../../prompt-set/types';
import { versionById, versionWords } from '../../../prompt-set/versions';
import { NOW, prepared, promptSet } from '../../../workflow/fake-host.test-support';
import { createPromptSetsStore } from '../../state/prompt-sets-store';
import type { Studio } from '../../state/studio';
import { testServices } from '../../state/test-support';
import { redoLast, undoLast } from '../../ui/toast';
import { decideStores } from './decide-store';

/** An open set with two seeds, and a comparison of Yours with their mean. */
async function opened() {
  const services = testServices();
  const promptSets = createPromptSetsStore(services);
  const dataset = await prepared(60);
  const made = promptSet(dataset, [0, 1]);
  const ensemble = { id: 'ensemble', name: 'Tuned, mean of 2 seeds' };
  const evaluation = {
    kind: 'classify',
    id: 'e',
    setId: 's',
    createdAt: NOW,
    versions: versionsIn(made),
    writtenVersion: 'h',
    trainedVersion: 'r1',
    datasetFingerprint: dataset.fingerprint,
    plan: { labels: dataset.labels, rowIds: [], arms: [{ id: 'yours' }, { ...ensemble, calibration: null }] },
    comparison: { arms: [{ ...ensemble, calibrated: false }], verdict: { headline: '' } },
  } as unknown as ClassifyEvaluation;
  await services.store.sets.put(made);
  await services.store.datasets.put({ setId: 's', dataset });
  await services.store.evaluations.put(evaluation);
  await promptSets.getState().open('s');
  const rows = { id: 'e', versions: { yours: 'h' } } as unknown as RollOutRows;
  const set = () => promptSets.getState().set as PromptSet;
  const store = decideStores.of({ services, stores: { promptSets } } as unknown as Studio);
  return { store, rows, set, dataset, services };
}

it('saves a mean over seeds as a version before it is rehearsed, once', async () => {
  const { store, rows, set } = await opened();
  const asked = () => store.asVersions(set(), rows, ['yours', 'ensemble']);
  const [[yours, mean] = []] = await Promise.all([asked(), asked()]);
  expect(yours).toBe('h');
  expect(versionWords(present(versionById(set(), mean ?? ''), 'a version'))).toBe('ensemble 3');
  expect(await store.asVersions(set(), rows, ['ensemble'])).toEqual([mean]);
  expect(trainedIn(set())).toHaveLength(3);
});

describe('a rehearsal', () => {
  const started = async (edit: (dataset: Dataset) => Dataset = (dataset) => dataset) => {
    const { store, set, dataset, services } = await opened();
    await services.store.datasets.put({ setId: 's', dataset: edit(dataset) });
    const rowIds = dataset.split.test;
    const rows = { id: 'e', versions: { yours: 'h' }, measured: { rowIds } } as unknown as RollOutRows;
    await store.choices.load('s');
    const plan = { ...present(store.choices.getState().value, 'choices').plan, rows: 'e', from: 'yours', to: 'yours' };
    expect(await store.start(set(), rows, plan)).toBe(true);
    const { places } = store.choices.getState().value?.started ?? {};
    const byId = rowsById(dataset.table.rows);
    return { places, rowIds, texts: rowIds.map((id) => present(byId.get(id), id).cells.text ?? ''), set: set() };
  };

  it('does not start on rows that chose the prompt', async () => {
    const { store, rows, set } = await opened();
    await store.choices.load('s');
    const { plan } = present(store.choices.getState().value, 'choices');
    expect(await store.start(set(), { ...rows, refused: CHOSEN_ON }, { ...plan, rows: 'e' })).toBe(false);
    expect(store.choices.getState().value?.started).toBeNull();
  });

  it('puts each text on the side on which a router’s share puts it', async () => {
    const { places, texts, set } = await started();
    expect(new Set(places).size).toBeGreaterThan(5);
    expect(places).toEqual(texts.map((text) => placeOf(text, set.handle)));
  });

  it('goes by ids where the rows are no longer those that were compared', async () => {
    const { places, rowIds, set } = await started((dataset) => ({ ...dataset, fingerprint: 'other' }));
    expect(places).toEqual(rowIds.map((id) => placeOf(id, set.handle)));
  });
});

it('points production to a version, which Ctrl-Z takes back and makes again', async () => {
  const { store, set } = await opened();
  const production = () => stagesOf(set()).map(({ name, versionId }) => [name, versionId]);
  await store.pointProduction(set(), 'r0', 'the gates held');
  await store.pointProduction(set(), 'h', 'rolled back');
  expect(production()).toEqual([['production', 'h']]);
  await undoLast();
  expect(production()).toEqual([['production', 'r0']]);
  await redoLast();
  expect(production()).toEqual([['production', 'h']]);
  await undoLast();
  await undoLast();
  expect(production()).toEqual([]);
  expect(set().moves?.map(({ note }) => note)).toEqual([
    ...['the gates held', 'rolled back', 'undone', 'rolled back', 'undone', 'undone'],
  ]);
});
