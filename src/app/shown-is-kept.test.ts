/** A disk on which every write waits: what is shown is what a reload would find, before the write has ended and after it. */
import { beforeEach, expect, it, vi } from 'vitest';
import { dealt, preparedOf } from '../dataset/test-support';
import { StudioError } from '../lib/errors';
import { addWritten } from '../prompt-set/make-versions';
import { renamePromptSet } from '../prompt-set/prompt-set';
import type { ClassifyEvaluation } from '../prompt-set/types';
import { STANDARD } from '../training/settings';
import { compareStores } from './screens/compare/compare-store';
import { gridState } from './screens/library/grid-store';
import { setActions } from './screens/library/library-store';
import { usePrompts } from './screens/prompts/prompts-store';
import { useNextRun } from './screens/train/next-run';
import { RunQueue } from './screens/train/run-queue';
import { choicesOfSet } from './state/storage';
import { perStudio, type Studio } from './state/studio';
import { fakeLocation, gate, testServices, testStudio } from './state/test-support';
import { toasts } from './ui/toast';

const compared = {
  kind: 'classify',
  id: 'e',
  setId: '',
  createdAt: 'now',
  plan: { labels: [], rowIds: [], arms: [] },
  comparison: { arms: [], verdict: { headline: '' } },
} as unknown as ClassifyEvaluation;
const prompt = { template: '{text}\nTone:', shots: 0, shotSeed: 0 };
const run = { id: 'r', settings: STANDARD, name: 'r', hybrid: false, group: null };
const settled = () => new Promise((resolve) => setTimeout(resolve, 10));

/** Lets a test hold or refuse every write. */
function slowed(services: Studio['services']) {
  let waits: Promise<unknown> = Promise.resolve();
  const { store } = services;
  for (const table of [store.sets, store.datasets, store.evaluations, store.measurements, store.settings])
    for (const [name, write] of Object.entries(table).filter(([each]) => /^(put|update|set|remove)$/.test(each)))
      Object.assign(table, { [name]: (...of: readonly unknown[]) => waits.then(() => write(...of)) });
  return {
    hold: () => {
      const { open, opened } = gate();
      waits = opened;
      return open;
    },
    refuse: () => {
      waits = Promise.reject(new StudioError('store-full', 'The disk is full.'));
      waits.catch(() => undefined);
      return () => {
        waits = Promise.resolve();
      };
    },
  };
}

const queues = perStudio((studio) => {
  const runner = { isTaken: () => true, begin: async () => null, runsOf: async () => [] };
  return new RunQueue(studio, runner);
});
const choices = perStudio(({ services }) => choicesOfSet(services.store, 'test', { box: 0 }));

beforeEach(() => {
  fakeLocation();
  const tab = new Map<string, string>();
  vi.stubGlobal('sessionStorage', { getItem: (k: string) => tab.get(k) ?? null, setItem: tab.set.bind(tab) });
  return () => {
    vi.unstubAllGlobals();
    toasts.clear();
  };
});

async function opened() {
  const services = testServices();
  const { dataset } = await preparedOf(dealt(60, ['good', 'bad']));
  const page = testStudio(services);
  const { create, update } = page.stores.promptSets.getState();
  const { id } = await create({ name: 'Tone', dataset, datasetName: 'a.csv', baseTemplate: '{text}' });
  await update((set) => addWritten(set, { id: 'h', now: set.createdAt }, { text: prompt }).set);
  const evaluation = { ...compared, setId: id };
  await services.store.evaluations.put(evaluation);
  /** What would open after a reload at this moment. */
  const reloaded = async (): Promise<Studio> => {
    const studio = testStudio(services);
    await studio.stores.promptSets.getState().refresh();
    await studio.stores.promptSets.getState().open(id);
    return studio;
  };
  return { services, page, reloaded, id, evaluation, dataset };
}

type Opened = Awaited<ReturnType<typeof opened>>;
interface Change {
  readonly make: (of: Opened) => unknown;
  readonly shown: (studio: Studio, of: Opened) => unknown;
}

const sets = ({ stores }: Studio) => stores.promptSets.getState();
const newest = async (studio: Studio, { id }: Opened) => {
  const { latest } = compareStores.of(studio);
  await latest.load({ setId: id, kind: 'classify' });
  return latest.getState().value?.evaluation as ClassifyEvaluation | undefined;
};
const restored = async <S>(store: { getState: () => S }): Promise<S> => {
  await settled();
  return store.getState();
};
const review = ({ page, evaluation: { datasetFingerprint }, evaluation }: Opened, row: string) =>
  compareStores.of(page).amend(evaluation, ({ review: before }) => ({
    review: { reviewed: [...(before?.reviewed ?? []), row], corrections: [], looks: 1, datasetFingerprint },
  }));

const CHANGES: Readonly<Record<string, Change>> = {
  'a name': { make: ({ page }) => sets(page).rename('New'), shown: (s) => [sets(s).set?.name, sets(s).sets[0]?.name] },
  'two changes at once': {
    make: ({ page, id }) =>
      Promise.all([
        sets(page).rename('New'),
        sets(page).updateById(id, (set) => ({ ...set, testLooks: set.testLooks + 1 })),
      ]),
    shown: (s) => [sets(s).set?.name, sets(s).set?.testLooks],
  },
  'other rows': {
    make: ({ page, id, dataset }) => sets(page).setRows(id, { ...dataset, fingerprint: 'other' }),
    shown: (s) => sets(s).dataset?.fingerprint,
  },
  'a new prompt set': {
    make: ({ page }) => sets(page).create({ name: 'Second', dataset: null, datasetName: null }),
    shown: (s) =>
      sets(s)
        .sets.map(({ name }) => name)
        .toSorted(),
  },
  'an author': { make: ({ page }) => sets(page).setAuthor('Ana'), shown: (s) => sets(s).author },
  'two changes of a comparison at once': {
    make: (of) => Promise.all([review(of, '1'), review(of, '2')]),
    shown: async (s, of) => (await newest(s, of))?.review?.reviewed,
  },
  'a further prompt in the comparison': {
    make: ({ page, id }) => {
      const { include } = compareStores.of(page);
      return Promise.all([include(id, 'h', true), include(id, 'other', true)]);
    },
    shown: async (s, { id }) => {
      await compareStores.of(s).also.load(id);
      return compareStores.of(s).also.getState().value;
    },
  },
  'a run that waits': {
    make: ({ page }) => queues.of(page).change((items) => [...items, run]),
    shown: async (s, { id }) => {
      await queues.of(s).load(id);
      return queues.of(s).getState().items;
    },
  },
  'another model in the matrix': {
    make: ({ page }) => gridState.of(page).change((plan) => ({ ...plan, models: ['m'] })),
    shown: async (s) => (await gridState.of(s).current()).models,
  },
  'a deleted prompt set': {
    make: async ({ page, id }) => setActions.of(page).remove({ id, name: 'Tone' }),
    shown: (s) => sets(s).sets.length,
  },
  'settings of the next run, as they are typed': {
    make: ({ page }) => useNextRun.of(page).change({ seeds: 4 }),
    shown: async (s) => (await restored(useNextRun.of(s))).seeds,
  },
  'a prompt, as it is typed': {
    make: ({ page }) => usePrompts.of(page).take({ ...prompt, template: 'Half a {text}' }),
    shown: async (s) => (await restored(usePrompts.of(s))).prompt?.template,
  },
  'choices on a screen': {
    make: ({ page }) => choices.of(page).change({ box: 1 }),
    shown: async (s, { id }) => {
      await choices.of(s).value.load(id);
      return choices.of(s).value.getState().value;
    },
  },
};

it.each(Object.entries(CHANGES))('shows %s only as a reload would find it', async (_, { make, shown }) => {
  const of = await opened();
  Object.assign(of.page.stores, { proposer: { getState: () => ({ proposal: null }) } });
  const before = await shown(of.page, of);
  const release = slowed(of.services).hold();
  const made = make(of);
  await settled();
  expect(await shown(of.page, of)).toEqual(await shown(await of.reloaded(), of));
  release();
  await made;
  await settled();
  const after = await shown(of.page, of);
  expect(after).toEqual(await shown(await of.reloaded(), of));
  expect(after).not.toEqual(before);
});

it('keeps a change of a comparison and a name that the disk refuses in the page, and saves them with the next change', async () => {
  const of = await opened();
  const { page, reloaded, id } = of;
  await newest(page, of);
  const allow = slowed(of.services).refuse();
  await review(of, '1');
  await review(of, '2');
  await sets(page).updateById(id, (set) => renamePromptSet(set, 'Refused', 'now'));
  expect((await newest(page, of))?.review?.reviewed).toHaveLength(2);
  expect([sets(page).set?.name, sets(page).saveError?.code]).toEqual(['Refused', 'store-full']);
  expect((await newest(await reloaded(), of))?.review?.reviewed).toBeUndefined();
  allow();
  await review(of, '3');
  await sets(page).update((set) => ({ ...set, testLooks: 1 }));
  expect((await newest(await reloaded(), of))?.review?.reviewed).toHaveLength(3);
  expect(sets(await reloaded()).set).toMatchObject({ name: 'Refused', testLooks: 1 });
  expect(sets(page).saveError).toBeNull();
});
