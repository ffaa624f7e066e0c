import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createProjectStore } from '../project-store';
import { createProposer } from '../proposer';
import { createSessionStore } from '../session-store';
import { CAPABILITIES, csvFile, fakeLocation, gate, testServices, writingFile } from '../test-support';
import type { DataState } from './data-state';
import { createDataStore } from './data-store';
import { nameFromFile } from './preparing';

let path: () => string;
beforeEach(() => {
  path = fakeLocation().path;
});

const opened = async (file: File) => {
  const services = testServices();
  const project = createProjectStore(services);
  const data = createDataStore(services, project);
  data.getState().openFile(file);
  await vi.waitFor(() => {
    const { reading, preparing, prepared, failure, table } = data.getState();
    expect(reading === null && !preparing && Boolean(prepared ?? failure ?? table)).toBe(true);
  });
  await new Promise((done) => setTimeout(done, 5));
  return { services, project, data };
};

describe('opening a file', () => {
  it('names the prompt set after the file', () => {
    expect(nameFromFile('tickets-2026.csv')).toBe('Tickets 2026');
    expect(nameFromFile('.csv')).toBe('Untitled');
  });

  it('maps the columns, splits the rows and makes a prompt set, with no typing', async () => {
    const { project, data } = await opened(csvFile(200));
    expect(data.getState().mapping).toEqual({ text: 'message', label: 'tone', id: null, kind: 'classify' });
    expect(project.getState().set).toMatchObject({ name: 'Rows 1', datasetName: 'rows-1.csv' });
    expect(project.getState().dataset?.split.test).toHaveLength(70);
    expect(path()).toBe(`/project/${project.getState().set?.id}/data`);
  });

  it('leaves the user on the screen that was chosen while the file was read', async () => {
    const services = testServices();
    const { call } = services.workflow;
    const goesOn = (async (method, params, options) => {
      if (method === 'prepare') history.pushState(null, '', '#/project/new/train');
      return call(method, params, options);
    }) satisfies typeof call;
    const project = createProjectStore(services);
    const data = createDataStore({ ...services, workflow: { ...services.workflow, call: goesOn } }, project);
    data.getState().openFile(csvFile(200));
    await vi.waitFor(() => expect(project.getState().set).not.toBeNull());
    await vi.waitFor(() => expect(path()).toBe(`/project/${project.getState().set?.id}/train`));
  });

  it('does not pull the user back from another prompt set while the new one is being written', async () => {
    const { services, project, data } = await opened(csvFile(200));
    const first = project.getState().set?.id ?? '';
    const { put } = services.store.datasets;
    const { open: written, opened: waits } = gate();
    Object.assign(services.store.datasets, { put: (...of: Parameters<typeof put>) => waits.then(() => put(...of)) });
    data.getState().openFile(csvFile(150, ['good', 'bad'], 'rows-2.csv'));
    await vi.waitFor(() => expect(project.getState().set?.datasetName).toBe('rows-2.csv'));
    history.pushState(null, '', `#/project/${first}/prompts`);
    await project.getState().open(first);
    written();
    await new Promise((done) => setTimeout(done, 5));
    expect(path()).toBe(`/project/${first}/prompts`);
    expect(project.getState().set?.id).toBe(first);
    expect(project.getState().sets).toHaveLength(2);
  });

  it('drops a file when another prompt set is opened meanwhile', async () => {
    const { services, project } = await opened(csvFile(200));
    const first = project.getState().set?.id ?? '';
    const { call } = services.workflow;
    let opening: Promise<void> | null = null;
    const leaves = (async (method, params, options) => {
      const found = await call(method, params, options);
      if (method === 'prepare' && !opening) {
        history.pushState(null, '', `#/project/${first}/data`);
        opening = project.getState().open(first);
      }
      return found;
    }) satisfies typeof call;
    const data = createDataStore({ ...services, workflow: { ...services.workflow, call: leaves } }, project);
    data.getState().openFile(csvFile(150, ['good', 'bad'], 'rows-2.csv'));
    await vi.waitFor(() => expect(opening).not.toBeNull());
    await opening;
    await vi.waitFor(() => expect(data.getState().prepared?.dataset.table.format.fileName).toBe('rows-1.csv'));
    expect(project.getState()).toMatchObject({ status: 'open', set: { id: first } });
    expect(path()).toBe(`/project/${first}/data`);
  });

  it('makes no prompt set of rows that cannot be trained on, and says why', async () => {
    const { project, data } = await opened(csvFile(200, ['neutral']));
    expect(project.getState().set).toBeNull();
    expect(data.getState().prepared?.issues[0]?.kind).toBe('one-class');
  });

  it('keeps the open rows when another file cannot be read', async () => {
    const { project, data } = await opened(csvFile(200));
    data.getState().replaceFile(new File([new Uint8Array([0x50, 0x4b, 3, 4, 0, 0])], 'sheet.xlsx'));
    await vi.waitFor(() => expect(data.getState().failure?.title).toBe('sheet.xlsx was not opened'));
    expect(project.getState().dataset?.table.format.fileName).toBe('rows-1.csv');
    expect(data.getState().table?.format.fileName).toBe('rows-1.csv');
  });

  it('swaps the roles when the text column is chosen as the label', async () => {
    const { data } = await opened(csvFile(200));
    await data.getState().map({ label: 'message' });
    expect(data.getState().mapping).toEqual({ text: 'tone', label: 'message', id: null, kind: 'classify' });
  });

  it('sets the number of test rows', async () => {
    const { project, data } = await opened(csvFile(200));
    await data.getState().split({ testRows: 120 });
    expect(project.getState().dataset?.split.test).toHaveLength(120);
    expect(project.getState().dataset?.split.validation.length).toBeGreaterThan(10);
  });

  it('shows the rows of the prompt set that is opened, with its own split', async () => {
    const { project, data } = await opened(csvFile(200));
    await data.getState().split({ testRows: 20 });
    const { set } = project.getState();
    project.getState().close();
    expect(data.getState().table).toBeNull();
    await project.getState().open(set?.id ?? '');
    await vi.waitFor(() => expect(data.getState().prepared?.dataset.split.test).toHaveLength(20));
  });
});

describe('changes of rows', () => {
  it('are made one after the other, each on what the last one left, and stay with the prompt set', async () => {
    const { services, project, data } = await opened(csvFile(200));
    const [a, b] = project.getState().dataset?.split.train ?? [];
    const edit = (rowId = '') =>
      data.getState().change({ kind: 'cell', rowId, column: 'message', value: 'other words' });
    await Promise.all([edit(a), edit(b)]);
    const { set, dataset } = project.getState();
    expect(dataset?.versions?.map(({ what }) => what)).toEqual([
      'rows-1.csv opened',
      `Row ${a}: “message” changed`,
      `Row ${b}: “message” changed`,
    ]);
    expect(set?.datasetFingerprint).toBe(dataset?.fingerprint);
    const stored = await services.store.datasets.get(set?.id ?? '');
    expect(stored?.dataset.versions).toHaveLength(3);
  });

  it('stay with their prompt set when another one is opened before they are written', async () => {
    const { services, project, data } = await opened(csvFile(200));
    const changed = project.getState().set?.id ?? '';
    const other = await project.getState().create({ name: 'Other', dataset: null, datasetName: null });
    await project.getState().open(changed);
    await vi.waitFor(() => expect(data.getState().prepared).not.toBeNull());
    const { put } = services.store.datasets;
    Object.assign(services.store.datasets, {
      put: async (...of: Parameters<typeof put>) => {
        await project.getState().open(other.id);
        return put(...of);
      },
    });
    const [rowId = ''] = project.getState().dataset?.split.train ?? [];
    await data.getState().change({ kind: 'cell', rowId, column: 'message', value: 'other words' });
    expect(project.getState().set).toMatchObject({ id: other.id, datasetFingerprint: null, datasetName: null });
    const { dataset } = (await services.store.datasets.get(changed)) ?? {};
    expect((await services.store.sets.get(changed))?.datasetFingerprint).toBe(dataset?.fingerprint);
  });

  it('keep how often the test rows were used; another file resets it', async () => {
    const { project, data } = await opened(csvFile(200));
    await project.getState().update((set) => ({ ...set, testLooks: 2 }));
    const [rowId = ''] = project.getState().dataset?.split.train ?? [];
    await data.getState().change({ kind: 'cell', rowId, column: 'tone', value: 'bad' });
    expect(project.getState().set?.testLooks).toBe(2);
    data.getState().replaceFile(csvFile(150, ['good', 'bad'], 'rows-2.csv'));
    await vi.waitFor(() => expect(project.getState().set?.testLooks).toBe(0));
    await vi.waitFor(() => expect(project.getState().dataset?.versions?.at(-1)?.what).toBe('Replaced by rows-2.csv'));
  });

  it('make no new version for another split, and one for other columns', async () => {
    const { project, data } = await opened(csvFile(200));
    await data.getState().split({ testRows: 90 });
    expect(project.getState().dataset?.versions).toHaveLength(1);
    await data.getState().map({ id: 'message' });
    expect(project.getState().dataset?.versions?.at(-1)).toMatchObject({ number: 2, cells: null });
  });
});

describe('another split', () => {
  const withCustomers = () => {
    const rows = Array.from(
      { length: 120 },
      (_, i) => `message ${i},${i % 2 ? 'good' : 'bad'},c${i >> 2},${i % 3 ? 'train' : 'test'}`,
    );
    return new File([['message,tone,customer,part', ...rows].join('\n')], 'rows-1.csv');
  };

  it('follows a seed, a group or a column without a new version; one that is impossible changes nothing', async () => {
    const { project, data } = await opened(withCustomers());
    const first = project.getState().dataset;
    await data.getState().split({ seed: 7 });
    const second = project.getState().dataset;
    expect(second?.split.test).toHaveLength(first?.split.test.length ?? 0);
    expect(second?.splitHash).not.toBe(first?.splitHash);
    expect(second?.heldBackHash).not.toBe(first?.heldBackHash);
    await data.getState().split({ by: { kind: 'group', column: 'customer' } });
    const grouped = project.getState().dataset;
    const customers = (ids: readonly string[] = []) => new Set(ids.map((id) => (Number(id) - 1) >> 2));
    const held = customers(grouped?.split.test);
    expect([...customers(grouped?.split.train)].filter((c) => held.has(c))).toEqual([]);
    await data.getState().split({ by: { kind: 'column', column: 'part' } });
    expect(project.getState().dataset?.split.test).toHaveLength(40);
    await data.getState().split({ by: { kind: 'column', column: 'customer' } });
    expect(project.getState().dataset?.splitBy).toEqual({ kind: 'column', column: 'part' });
    expect(data.getState().preparing).toBe(false);
    expect(project.getState().dataset?.versions).toHaveLength(1);
  });

  it('is unchanged when a row is edited or the page is loaded again', async () => {
    const { services, project, data } = await opened(withCustomers());
    await data.getState().split({ by: { kind: 'group', column: 'customer' } });
    const before = project.getState().dataset;
    await data.getState().change({ kind: 'cell', rowId: before?.split.train[0] ?? '', column: 'message', value: 'x' });
    const stored = (await services.store.datasets.get(project.getState().set?.id ?? ''))?.dataset;
    expect(stored?.split).toEqual(before?.split);
    expect(stored?.splitBy).toEqual({ kind: 'group', column: 'customer' });
  });
});

describe('a reload before a change is on the disk', () => {
  const tab = new Map<string, string>();
  beforeEach(() => {
    tab.clear();
    vi.stubGlobal('sessionStorage', {
      getItem: (key: string) => tab.get(key) ?? null,
      setItem: (key: string, value: string) => tab.set(key, value),
    });
  });

  /** Opens rows, makes a change that never reaches the disk, and opens the same set in the next page. */
  const reloaded = async (make: (data: DataState, rowId: string) => Promise<void>) => {
    const services = testServices();
    let isGone = false;
    const { call } = services.workflow;
    const first = {
      ...services,
      workflow: {
        ...services.workflow,
        call: ((...of) => (isGone ? new Promise(() => {}) : call(...of))) as typeof call,
      },
    };
    const before = createProjectStore(first);
    const data = createDataStore(first, before);
    data.getState().openFile(csvFile(200));
    await vi.waitFor(async () => {
      const { set } = before.getState();
      expect(set && (await services.store.datasets.get(set.id))).toBeTruthy();
    });
    const { set, dataset } = before.getState();
    const rowId = dataset?.split.train[0] ?? '';
    isGone = true;
    void make(data.getState(), rowId);
    const project = createProjectStore(services);
    const next = createDataStore(services, project);
    await project.getState().open(set?.id ?? '');
    return { next, project, services, rowId, setId: set?.id ?? '' };
  };

  it.each<[string, (data: DataState, rowId: string) => Promise<void>, (state: DataState, rowId: string) => void]>([
    ['the row name', ({ map }) => map({ id: 'message' }), ({ mapping }) => expect(mapping.id).toBe('message')],
    ['the task', ({ map }) => map({ kind: 'generate' }), ({ mapping }) => expect(mapping.kind).toBe('generate')],
    [
      'a text column that an issue blocks',
      ({ map }) => map({ label: 'message' }),
      ({ mapping }) => expect(mapping.text).toBe('tone'),
    ],
    [
      'the number of test rows',
      ({ split }) => split({ testRows: 30 }),
      ({ prepared }) => expect(prepared?.dataset.split.test).toHaveLength(30),
    ],
    ['the seed', ({ split }) => split({ seed: 9 }), ({ prepared }) => expect(prepared?.dataset.seed).toBe(9)],
    [
      'an edited cell',
      ({ change }, rowId) => change({ kind: 'cell', rowId, column: 'message', value: 'other words' }),
      ({ prepared }, rowId) =>
        expect(prepared?.dataset.table.rows.find(({ id }) => id === rowId)?.cells.message).toBe('other words'),
    ],
    [
      'a row that is left out',
      ({ change }, rowId) => change({ kind: 'unlabel', rowIds: [rowId] }),
      ({ prepared }, rowId) => expect(prepared?.dataset.split.train).not.toContain(rowId),
    ],
  ])('keeps %s', async (_, make, isKept) => {
    const { next, rowId } = await reloaded(make);
    await vi.waitFor(() => {
      expect(next.getState().preparing).toBe(false);
      isKept(next.getState(), rowId);
    });
  });

  it('writes it to the disk then, and makes it no second time', async () => {
    const { next, services, setId, rowId } = await reloaded(({ change }, id) =>
      change({ kind: 'cell', rowId: id, column: 'message', value: 'other words' }),
    );
    await vi.waitFor(async () => {
      const stored = await services.store.datasets.get(setId);
      expect(stored?.dataset.versions?.map(({ what }) => what)).toEqual([
        'rows-1.csv opened',
        `Row ${rowId}: “message” changed`,
      ]);
    });
    await vi.waitFor(() => expect(next.getState().preparing).toBe(false));
    expect(tab.get('softprompt-studio:unsaved-rows')).toBe('[]');
  });
});

it('shows labels that do not suit another task without keeping them, and keeps the prompts on the way back', async () => {
  const services = testServices();
  const session = createSessionStore(services, CAPABILITIES);
  const project = createProjectStore(services);
  const data = createDataStore(services, project);
  createProposer(services, project, session);
  data.getState().openFile(writingFile(60));
  await vi.waitFor(() => expect(project.getState().set).not.toBeNull());
  await session.getState().loadModel();
  await vi.waitFor(() => expect(project.getState().set?.hard).toHaveLength(1));
  await data.getState().map({ kind: 'classify' });
  // free text is no label: shown, and not kept
  expect(data.getState().prepared?.issues[0]).toMatchObject({ kind: 'too-many-classes', severity: 'blocking' });
  expect(project.getState().set?.writing).toEqual({ longest: null });
  await data.getState().map({ kind: 'generate' });
  expect(data.getState().prepared?.issues.filter(({ severity }) => severity === 'blocking')).toEqual([]);
  expect(project.getState().set?.hard).toHaveLength(1);
});
