import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createProjectStore } from '../../state/project-store';
import { csvFile, fakeLocation, gate, testServices } from '../../state/test-support';
import { createDataStore } from './data-store';

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

describe('from a file to a project', () => {
  it('maps the columns, splits the rows and makes a project, with no typing', async () => {
    const { project, data } = await opened(csvFile(200));
    expect(data.getState().mapping).toEqual({ text: 'message', label: 'tone', id: null });
    expect(project.getState().set).toMatchObject({ name: 'Rows 1', datasetName: 'rows-1.csv' });
    expect(project.getState().dataset?.split.test).toHaveLength(70);
    expect(path()).toBe(`/project/${project.getState().set?.id}/data`);
  });

  it('leaves the user on the screen that was chosen while the file was read', async () => {
    const services = testServices();
    const { call } = services.data;
    const goesOn = (async (method, params, options) => {
      if (method === 'prepare') history.pushState(null, '', '#/project/new/train');
      return call(method, params, options);
    }) satisfies typeof call;
    const project = createProjectStore(services);
    const data = createDataStore({ ...services, data: { ...services.data, call: goesOn } }, project);
    data.getState().openFile(csvFile(200));
    await vi.waitFor(() => expect(project.getState().set).not.toBeNull());
    await vi.waitFor(() => expect(path()).toBe(`/project/${project.getState().set?.id}/train`));
  });

  it('does not call back who went to another project while the new one was written', async () => {
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

  it('gives up a file that another project was opened over', async () => {
    const { services, project } = await opened(csvFile(200));
    const first = project.getState().set?.id ?? '';
    const { call } = services.data;
    let opening: Promise<void> | null = null;
    const leaves = (async (method, params, options) => {
      const found = await call(method, params, options);
      if (method === 'prepare' && !opening) {
        history.pushState(null, '', `#/project/${first}/data`);
        opening = project.getState().open(first);
      }
      return found;
    }) satisfies typeof call;
    const data = createDataStore({ ...services, data: { ...services.data, call: leaves } }, project);
    data.getState().openFile(csvFile(150, ['good', 'bad'], 'rows-2.csv'));
    await vi.waitFor(() => expect(opening).not.toBeNull());
    await opening;
    await vi.waitFor(() => expect(data.getState().prepared?.dataset.table.format.fileName).toBe('rows-1.csv'));
    expect(project.getState()).toMatchObject({ status: 'open', set: { id: first } });
    expect(path()).toBe(`/project/${first}/data`);
  });

  it('makes no project of what cannot be trained, and says why', async () => {
    const { project, data } = await opened(csvFile(200, ['neutral']));
    expect(project.getState().set).toBeNull();
    expect(data.getState().prepared?.issues[0]?.kind).toBe('one-class');
  });

  it('keeps what was open when another file cannot be read', async () => {
    const { project, data } = await opened(csvFile(200));
    data.getState().replaceFile(new File([new Uint8Array([0x50, 0x4b, 3, 4, 0, 0])], 'sheet.xlsx'));
    await vi.waitFor(() => expect(data.getState().failure?.title).toBe('sheet.xlsx was not opened'));
    expect(project.getState().dataset?.table.format.fileName).toBe('rows-1.csv');
    expect(data.getState().table?.format.fileName).toBe('rows-1.csv');
  });

  it('swaps the roles when a column is chosen for the other one', async () => {
    const { data } = await opened(csvFile(200));
    await data.getState().map({ label: 'message' });
    expect(data.getState().mapping).toEqual({ text: 'tone', label: 'message', id: null });
  });

  it('holds back as many rows as asked', async () => {
    const { project, data } = await opened(csvFile(200));
    await data.getState().split({ heldBack: 120 });
    expect(project.getState().dataset?.split.test).toHaveLength(120);
    expect(project.getState().dataset?.split.validation.length).toBeGreaterThan(10);
  });

  it('shows the rows of the project that is opened, with its own split', async () => {
    const { project, data } = await opened(csvFile(200));
    await data.getState().split({ heldBack: 20 });
    const { set } = project.getState();
    project.getState().close();
    expect(data.getState().table).toBeNull();
    await project.getState().open(set?.id ?? '');
    await vi.waitFor(() => expect(data.getState().prepared?.dataset.split.test).toHaveLength(20));
  });
});

describe('changes of the rows', () => {
  it('are made one after the other, each on what the last one left, and stay with the project', async () => {
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

  it('stay with their project when another one is opened before they are written', async () => {
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

  it('keep how often the held-back rows were looked at; another file does not', async () => {
    const { project, data } = await opened(csvFile(200));
    await project.getState().update((set) => ({ ...set, testLooks: 2 }));
    const [rowId = ''] = project.getState().dataset?.split.train ?? [];
    await data.getState().change({ kind: 'cell', rowId, column: 'tone', value: 'bad' });
    expect(project.getState().set?.testLooks).toBe(2);
    data.getState().replaceFile(csvFile(150, ['good', 'bad'], 'rows-2.csv'));
    await vi.waitFor(() => expect(project.getState().set?.testLooks).toBe(0));
    await vi.waitFor(() => expect(project.getState().dataset?.versions?.at(-1)?.what).toBe('Replaced by rows-2.csv'));
  });

  it('of another split keep the versions, of other columns make one', async () => {
    const { project, data } = await opened(csvFile(200));
    await data.getState().split({ heldBack: 90 });
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

  it('by a seed, a group, or a column, without a new version of the rows; what cannot be done leaves it as it was', async () => {
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

  it('stays what it was when a row is mended or the page is loaded again', async () => {
    const { services, project, data } = await opened(withCustomers());
    await data.getState().split({ by: { kind: 'group', column: 'customer' } });
    const before = project.getState().dataset;
    await data.getState().change({ kind: 'cell', rowId: before?.split.train[0] ?? '', column: 'message', value: 'x' });
    const stored = (await services.store.datasets.get(project.getState().set?.id ?? ''))?.dataset;
    expect(stored?.split).toEqual(before?.split);
    expect(stored?.splitBy).toEqual({ kind: 'group', column: 'customer' });
  });
});
