import { deleteDB, openDB } from 'idb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Dataset } from '../dataset/types';
import { StudioError } from '../lib/errors';
import { answersTo } from '../prompt-set/answers.test-support';
import { createPromptSet, renamePromptSet } from '../prompt-set/prompt-set';
import type { ClassifyEvaluation, GenerateEvaluation, PromptSet, RunCheckpoint } from '../prompt-set/types';
import { openAnswers } from './answers';
import { MIGRATIONS, SCHEMA_VERSION } from './schema';
import { openMemoryStore, openStore, type Store } from './store';

let name: string;
const open: Store[] = [];
const make = async (onTrouble?: (e: StudioError) => void) => {
  const store = await openStore({ name, ...(onTrouble ? { onTrouble } : {}) });
  open.push(store);
  return store;
};
const set = (id = 'a', label = 'Support tone'): PromptSet =>
  createPromptSet(
    { id, now: '2026-01-01T00:00:00Z' },
    { name: label, words: [], baseTemplate: '{text}', datasetFingerprint: null, datasetName: null, taken: [] },
  );
const measured = (id: string, setId: string) =>
  answersTo({ id, setId, versionId: 'r', createdAt: '' }, 'others.csv', [0], [1]);

const compared = (setId: string, createdAt: string, headline: string) =>
  ({
    kind: 'classify',
    id: `e-${setId}-${createdAt}`,
    setId,
    createdAt,
    plan: { labels: [], rowIds: [], arms: [] },
    comparison: { arms: [], verdict: { headline } },
  }) as unknown as ClassifyEvaluation;
const checkpoint = (runId: string, setId: string): RunCheckpoint => ({
  runId,
  setId,
  checkpoint: {
    formatVersion: 1,
    step: 25,
    vectors: Float32Array.of(0.1, -2, 3),
    optimiser: { m: Float32Array.of(1, 2, 3), v: Float32Array.of(4, 5, 6) },
    rngState: 7,
    pending: [3, 1, 2],
    best: null,
    evaluationsWithoutGain: 0,
    steps: [],
    validations: [],
    elapsedMs: 10,
    environment: 'test',
  },
});

beforeEach(() => {
  name = `test-${crypto.randomUUID()}`;
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const store of open.splice(0)) store.dispose();
  await deleteDB(name);
});

describe.each([
  ['IndexedDB', () => make()],
  ['memory', async () => openMemoryStore()],
])('%s', (_, start) => {
  it('returns stored values unchanged, float32 bytes included', async () => {
    const store = await start();
    await store.sets.put(set());
    await store.checkpoints.put(checkpoint('r', 'a'));
    await store.settings.set('theme', 'dark');
    expect(await store.sets.get('a')).toEqual(set());
    expect(await store.checkpoints.get('r')).toEqual(checkpoint('r', 'a'));
    expect((await store.checkpoints.get('r'))?.checkpoint.vectors).toBeInstanceOf(Float32Array);
    expect(await store.settings.get('theme')).toBe('dark');
    expect(await store.sets.get('none')).toBeNull();
  });

  it('updates the listing of a set with every write, and keeps rows and vectors out of it', async () => {
    const store = await start();
    await store.sets.put({ ...set(), words: [{ label: 'glad', word: ' glad' }] });
    const rows = Array.from({ length: 3 }, (_, i) => ({ id: `${i}`, line: i, cells: { text: 'secret' } }));
    await store.datasets.put({ setId: 'a', dataset: { table: { rows } } as unknown as Dataset });
    await store.evaluations.put(compared('a', '2026-01-03', 'Tuned is better'));
    await store.evaluations.put(compared('a', '2026-01-02', 'older'));
    await store.sets.update('a', (s) => renamePromptSet(s, 'Other name', '2026-01-04'));
    const [listing, ...others] = await store.listings.list();
    expect(others).toEqual([]);
    expect(listing).toMatchObject({
      id: 'a',
      name: 'Other name',
      updatedAt: '2026-01-04',
      labels: ['glad'],
      rows: 3,
      headline: 'Tuned is better',
      comparedAt: '2026-01-03',
    });
    expect(JSON.stringify(listing)).not.toContain('secret');
    await store.sets.remove('a');
    expect(await store.listings.list()).toEqual([]);
  });

  it('removes a set with everything that belongs to it, and nothing else', async () => {
    const store = await start();
    for (const id of ['a', 'b']) {
      await store.sets.put(set(id));
      await store.checkpoints.put(checkpoint(`r-${id}`, id));
      await store.evaluations.put(compared(id, '', 'x'));
      await store.measurements.put(measured(`m-${id}`, id));
      await store.settings.set(`draft:${id}`, 'what somebody typed');
    }
    await store.settings.set('a', 'of nobody');
    const answers = openAnswers();
    await answers?.add('which', new Map([['row', 'a generated text']]));
    await store.sets.remove('a');
    expect(await answers?.get('which', ['row'])).toEqual(new Map());
    expect((await store.sets.list()).map((s) => s.id)).toEqual(['b']);
    expect(await store.settings.get('draft:a')).toBeNull();
    expect(await store.settings.get('draft:b')).toBe('what somebody typed');
    expect(await store.settings.get('a')).toBe('of nobody');
    expect(await store.checkpoints.ofSet('a')).toEqual([]);
    expect(await store.evaluations.ofSet('a')).toEqual([]);
    expect(await store.measurements.ofSet('a')).toEqual([]);
    expect(await store.checkpoints.ofSet('b')).toHaveLength(1);
    expect(await store.measurements.ofSet('b')).toHaveLength(1);
    expect((await store.listings.list()).map((l) => l.id)).toEqual(['b']);
  });
});

it('changes a comparison as it is on the disk, also where two change it at once, or where it is not there yet', async () => {
  const store = await make();
  const evaluation = compared('a', '2026-01-03', 'x');
  const rows = ['1', '2', '3'];
  const review = (row: string) =>
    store.evaluations.update(evaluation, ({ review: known, ...before }) => ({
      ...before,
      review: { reviewed: [...(known?.reviewed ?? []), row], corrections: [], looks: 1, datasetFingerprint: 'f' },
    }));
  await Promise.all(rows.map(review));
  const [kept] = await store.evaluations.ofSet('a');
  expect(kept).toMatchObject({ kind: 'classify', review: { reviewed: rows } });
});

it('lists the sets of an earlier version after its upgrade', async () => {
  const [first] = MIGRATIONS;
  const old = await openDB(name, 1, { upgrade: (db, _from, _to, tx) => void first?.up(db as never, tx as never) });
  for (const id of ['a', 'b']) await old.put('promptSets', set(id));
  await old.put('datasets', { setId: 'a', dataset: { table: { rows: [{}, {}] } } });
  await old.put('datasets', { setId: 'gone', dataset: { table: { rows: [{}] } } });
  await old.put('evaluations', compared('b', '2026-01-03', 'Tuned is better'));
  old.close();
  const store = await make();
  const listed = await store.listings.list();
  expect(listed.map(({ id, rows, headline }) => ({ id, rows, headline }))).toEqual([
    { id: 'a', rows: 2, headline: null },
    { id: 'b', rows: null, headline: 'Tuned is better' },
  ]);
  const written = {
    kind: 'generate',
    id: 'w',
    setId: 'b',
    createdAt: '2026-01-04',
    plan: { rowIds: ['1'], wanted: ['b'], arms: [{ id: 'tuned', written: ['b'] }] },
    comparison: { arms: [{ id: 'tuned' }], verdict: { headline: 'It writes nearer' } },
  };
  await store.evaluations.put(written as unknown as GenerateEvaluation);
  const both = await store.evaluations.ofSet('b');
  expect(both[0]).toEqual(written);
  expect(both.map(({ kind }) => kind)).toEqual(['generate', 'classify']);
  expect((await store.listings.list()).find(({ id }) => id === 'b')?.headline).toBe('It writes nearer');
  expect(await store.sets.get('a')).toEqual(set('a'));
  await store.measurements.put(measured('m', 'a'));
  expect(await store.measurements.ofSet('a')).toHaveLength(1);
});

describe('two tabs', () => {
  it('never lose each other’s change to a set', async () => {
    const [one, two] = [await make(), await make()];
    await one.sets.put({ ...set(), testLooks: 0 });
    const look = (s: PromptSet) => ({ ...s, testLooks: s.testLooks + 1 });
    await Promise.all(Array.from({ length: 40 }, (_, i) => (i % 2 ? one : two).sets.update('a', look)));
    expect((await one.sets.get('a'))?.testLooks).toBe(40);
  });

  it('hear of each other’s changes', async () => {
    const [one, two] = [await make(), await make()];
    const heard = new Promise((resolve) => two.onRemoteChange(resolve));
    await one.sets.put(set());
    expect(await heard).toEqual({ table: 'promptSets', setId: 'a' });
  });

  it('cannot train the same run at the same time', async () => {
    const [one, two] = [await make(), await make()];
    const held = await one.claimRun('r');
    expect(held).not.toBeNull();
    expect(await two.claimRun('r')).toBeNull();
    // as a tab that was just closed lets go: a moment later
    const next = two.claimRun('r');
    setTimeout(() => held?.release(), 300);
    expect(await next).not.toBeNull();
  });

  it('lets a newer version take over, and the older tab says so', async () => {
    const reported: StudioError[] = [];
    const older = await make((e) => reported.push(e));
    await older.sets.put(set());
    const newer = await openDB(name, SCHEMA_VERSION + 1);
    expect(reported.map((e) => e.code)).toEqual(['store-blocked']);
    await expect(older.sets.put(renamePromptSet(set(), 'x', 'now'))).rejects.toMatchObject({
      code: 'store-blocked',
    });
    newer.close();
  });
});

describe('a store in trouble', () => {
  it('leaves the stored value unchanged when a change throws', async () => {
    const store = await make();
    await store.sets.put(set());
    await expect(
      store.sets.update('a', () => {
        throw new StudioError('bad-input', 'no');
      }),
    ).rejects.toMatchObject({ code: 'bad-input' });
    expect(await store.sets.get('a')).toEqual(set());
  });

  it('reports a full disk as `store-full`, and keeps the saved values', async () => {
    const store = await make();
    await store.sets.put(set());
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    await expect(store.sets.put(set('b'))).rejects.toMatchObject({ code: 'store-full' });
    vi.restoreAllMocks();
    expect(await store.sets.list()).toHaveLength(1);
  });

  it('keeps the page usable, and says why, where nothing may be saved', async () => {
    vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(() => {
      throw new DOMException('no', 'SecurityError');
    });
    const reported: StudioError[] = [];
    const store = await make((e) => reported.push(e));
    expect(store.durable).toBe(false);
    expect(reported.map((e) => e.code)).toEqual(['store-blocked']);
    await store.sets.put(set());
    expect(await store.sets.list()).toHaveLength(1);
  });

  it('opens a connection again that the browser has closed', async () => {
    const store = await make();
    await store.sets.put(set());
    const real = IDBDatabase.prototype.transaction;
    let calls = 0;
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...args) {
      if (calls++ === 0) throw new DOMException('closing', 'InvalidStateError');
      return real.apply(this, args);
    });
    expect(await store.sets.list()).toHaveLength(1);
  });
});

describe('damaged values', () => {
  /** Writes past the store, as a broken disk would. */
  const write = async (table: string, value: unknown) => {
    const db = await openDB(name);
    await db.put(table, value);
    db.close();
  };
  const damagedRun = { id: 'r', number: 1, name: 'Run 1', settings: null };

  it('sets a damaged run aside, and keeps its set and its listing', async () => {
    const store = await make();
    const reported: string[] = [];
    store.setAside.onFound(({ what }) => reported.push(what));
    await store.sets.put(set());
    await write('promptSets', { ...set(), runs: [damagedRun] });
    expect(await store.sets.get('a')).toEqual(set());
    expect(reported).toEqual([expect.stringContaining('Prompt set “Support tone”: “Run 1” (')]);
    const [aside] = await store.setAside.list();
    expect(aside).toMatchObject({ table: 'promptSets', value: { runs: [damagedRun] } });
    // mended on disk too: found once, not at every visit
    expect(await (await make()).sets.get('a')).toEqual(set());
    expect(reported).toHaveLength(1);
    expect((await store.listings.list()).map(({ tuned }) => tuned)).toEqual([0]);
  });

  it('sets values aside whole that cannot be repaired, and keeps the others', async () => {
    const store = await make();
    await store.sets.put(set());
    await store.checkpoints.put(checkpoint('good', 'a'));
    await write('promptSets', { id: 'b', name: 'Broken' });
    await write('checkpoints', { runId: 'bad', setId: 'a', checkpoint: { step: 'three' } });
    await write('evaluations', { id: 'e', setId: 'a', createdAt: 'now' });
    await store.setAside.inspect();
    expect((await store.setAside.list()).map(({ table }) => table).sort()).toEqual([
      'checkpoints',
      'evaluations',
      'promptSets',
    ]);
    expect((await store.sets.list()).map(({ id }) => id)).toEqual(['a']);
    expect((await store.checkpoints.ofSet('a')).map(({ runId }) => runId)).toEqual(['good']);
    expect(await store.evaluations.ofSet('a')).toEqual([]);
    await store.setAside.clear();
    expect(await store.setAside.list()).toEqual([]);
  });

  it('does not bring damage back with a change of the set', async () => {
    const store = await make();
    await store.sets.put(set());
    await write('promptSets', { ...set(), runs: [damagedRun] });
    const renamed = await store.sets.update('a', (s) => renamePromptSet(s, 'Renamed', 'now'));
    expect(renamed).toMatchObject({ name: 'Renamed', runs: [] });
  });

  it('reads the other values when the browser cannot read one', async () => {
    const store = await make();
    for (const id of ['a', 'b']) await store.sets.put(set(id));
    const { get } = IDBObjectStore.prototype;
    const broken = () => {
      throw new DOMException('Failed to read large IndexedDB value', 'DataError');
    };
    vi.spyOn(IDBObjectStore.prototype, 'getAll').mockImplementation(broken);
    vi.spyOn(IDBObjectStore.prototype, 'get').mockImplementation(function (this: IDBObjectStore, key) {
      return key === 'b' ? broken() : get.call(this, key);
    });
    expect((await store.sets.list()).map(({ id }) => id)).toEqual(['a']);
    await store.setAside.inspect();
  });
});
