import { beforeEach, describe, expect, it, vi } from 'vitest';
import { unlikeTexts } from '../../../dataset/test-support';
import { writtenIn } from '../../../prompt-set/test-support';
import type { PolicyCard } from '../../../task/propose';
import { redoLast, toasts, undoLast } from '../../ui/toast';
import { createPromptSetsStore } from '../prompt-sets-store';
import { createProposer } from '../proposer';
import { createSessionStore } from '../session-store';
import type { SampleSet } from '../site-files';
import { CAPABILITIES, csvFile, fakeLocation, gate, testServices, writingFile } from '../test-support';
import { type DataState, nameFromFile } from './data-state';
import { DataStore } from './data-store';

let path: () => string;
beforeEach(() => {
  path = fakeLocation().path;
});

const opened = async (file: File) => {
  const services = testServices();
  const promptSets = createPromptSetsStore(services);
  const data = new DataStore(services, promptSets);
  data.openFile(file);
  await vi.waitFor(() => {
    const { reading, preparing, prepared, failure, table } = data.getState();
    expect(reading === null && !preparing && Boolean(prepared ?? failure ?? table)).toBe(true);
  });
  await new Promise((done) => setTimeout(done, 5));
  return { services, promptSets, data };
};

it('goes back to the rows that the set has kept from a file that cannot be used, and adds rows to such a file', async () => {
  const { data, promptSets } = await opened(csvFile(150));
  const kept = promptSets.getState().dataset;
  const replace = async () => {
    data.replaceFile(csvFile(2, ['good', 'bad'], 'two.csv'));
    await vi.waitFor(() => expect(data.getState().prepared?.issues[0]?.kind).toBe('too-few-rows'));
    expect(promptSets.getState().dataset).toBe(kept);
  };
  await replace();
  await data.backToKept();
  expect(data.getState().prepared?.dataset).toEqual(kept);
  expect(data.getState().prepared?.issues.some(({ severity }) => severity === 'blocking')).toBe(false);
  await replace();
  const texts = unlikeTexts(60, 5).map((text, i) => `"${text}",${i % 2 ? 'good' : 'bad'}`);
  data.addFile(new File([['message,tone', ...texts].join('\n')], 'more.csv'));
  await vi.waitFor(() => expect(promptSets.getState().dataset).not.toBe(kept));
  expect(promptSets.getState().dataset?.split.test.length).toBeGreaterThan(9);
});

const CARD: PolicyCard = {
  id: 'mood',
  name: 'Mood',
  about: 'How a message sounds.',
  columns: { text: ['message'], label: ['tone'] },
  labels: [
    { label: 'bad', word: ' bad', means: 'angry' },
    { label: 'good', word: ' good', means: 'glad' },
  ],
  limits: 'None.',
  template: 'Text: {text}\nMood:',
  prompt: 'Angry: bad. Glad: good.\nText: {text}\nMood:',
};

describe('a policy that was chosen before the file', () => {
  const openedWith = async (file: File) => {
    const promptSets = createPromptSetsStore(testServices());
    const data = new DataStore(testServices(), promptSets);
    data.chooseCard(CARD);
    data.openFile(file);
    await vi.waitFor(() => expect(writtenIn(promptSets.getState().set)).toHaveLength(1));
    await vi.waitFor(() => expect(data.getState().card).toBeNull());
    return promptSets;
  };

  it('gives the new prompt set its prompt, its template and its answer words, and is used once', async () => {
    const promptSets = await openedWith(csvFile(60));
    expect(promptSets.getState().set).toMatchObject({
      name: 'Rows 1',
      baseTemplate: CARD.template,
      words: [
        { label: 'bad', word: ' bad' },
        { label: 'good', word: ' good' },
      ],
      versions: [{ name: 'Mood', prompt: { voices: [{ template: CARD.prompt, shots: 0 }] } }],
    });
    expect(toasts.visibleToasts).toEqual([]);
  });

  it('says which labels of the file its prompt does not name', async () => {
    await openedWith(csvFile(60, ['good', 'odd']));
    expect(toasts.visibleToasts[0]?.content.title).toBe('The prompt of “Mood” does not name “odd”');
    toasts.clear();
  });

  it('is given up when another prompt set is opened', async () => {
    const { promptSets, data } = await opened(csvFile(60));
    data.chooseCard(CARD);
    promptSets.getState().close();
    expect(data.getState().card).toBe(CARD);
    await promptSets.getState().open(promptSets.getState().sets[0]?.id ?? '');
    expect(data.getState().card).toBeNull();
  });
});

describe('opening a starter', () => {
  it('makes a prompt set of its rows, split by its seed, with its prompt; a second click opens the same set', async () => {
    const starter: SampleSet = {
      name: 'Moods',
      textColumn: 'message',
      labelColumn: 'tone',
      idColumn: 'message',
      seed: 7,
      template: CARD.template,
      words: CARD.labels,
      prompts: [{ name: 'Written', template: CARD.prompt }],
      example: 'Hm.',
      examples: [],
      csv: { fileName: 'moods.csv', bytes: new Uint8Array(await csvFile(60).arrayBuffer()) },
    };
    const asked = vi.fn(async () => starter);
    const services = { ...testServices(), loadSample: asked };
    const promptSets = createPromptSetsStore(services);
    const data = new DataStore(services, promptSets);
    const set = await data.openSample('moods');
    expect(asked).toHaveBeenCalledWith('moods');
    expect(set).toMatchObject({ name: 'Moods', versions: [{ name: 'Written' }] });
    expect(promptSets.getState().dataset).toMatchObject({ seed: 7, labels: ['bad', 'good'] });
    expect(promptSets.getState().dataset?.split.test).toHaveLength(21);
    expect((await data.openSample('moods')).id).toBe(set.id);
    expect(promptSets.getState().sets).toHaveLength(1);
  });
});

describe('opening a file', () => {
  it('names the prompt set after the file', () => {
    expect(nameFromFile('tickets-2026.csv')).toBe('Tickets 2026');
    expect(nameFromFile('.csv')).toBe('Untitled');
  });

  it('maps the columns, splits the rows and makes a prompt set, with no typing', async () => {
    const { promptSets, data } = await opened(csvFile(200));
    expect(data.getState().mapping).toEqual({ text: 'message', label: 'tone', id: null, task: 'classify' });
    expect(promptSets.getState().set).toMatchObject({ name: 'Rows 1', datasetName: 'rows-1.csv' });
    expect(promptSets.getState().dataset?.split.test).toHaveLength(70);
    expect(path()).toBe(`/project/${promptSets.getState().set?.id}/data`);
  });

  it('leaves the user on the screen that was chosen while the file was read', async () => {
    const services = testServices();
    const { call } = services.workflow;
    const continues = (async (method, params, options) => {
      if (method === 'prepare') history.pushState(null, '', '#/project/new/train');
      return call(method, params, options);
    }) satisfies typeof call;
    const promptSets = createPromptSetsStore(services);
    const data = new DataStore({ ...services, workflow: { ...services.workflow, call: continues } }, promptSets);
    data.openFile(csvFile(200));
    await vi.waitFor(() => expect(promptSets.getState().set).not.toBeNull());
    await vi.waitFor(() => expect(path()).toBe(`/project/${promptSets.getState().set?.id}/train`));
  });

  it('does not pull the user back from another prompt set while the new one is being written', async () => {
    const { services, promptSets, data } = await opened(csvFile(200));
    const first = promptSets.getState().set?.id ?? '';
    const { put } = services.store.datasets;
    const { open: written, opened: waits } = gate();
    const writing = vi.fn((...of: Parameters<typeof put>) => waits.then(() => put(...of)));
    Object.assign(services.store.datasets, { put: writing });
    data.openFile(csvFile(150, ['good', 'bad'], 'rows-2.csv'));
    await vi.waitFor(() => expect(writing).toHaveBeenCalled());
    history.pushState(null, '', `#/project/${first}/prompts`);
    await promptSets.getState().open(first);
    written();
    await new Promise((done) => setTimeout(done, 5));
    expect(path()).toBe(`/project/${first}/prompts`);
    expect(promptSets.getState().set?.id).toBe(first);
    expect(promptSets.getState().sets).toHaveLength(2);
  });

  it('drops a file when another prompt set is opened meanwhile', async () => {
    const { services, promptSets } = await opened(csvFile(200));
    const first = promptSets.getState().set?.id ?? '';
    const { call } = services.workflow;
    let opening: Promise<void> | null = null;
    const leaves = (async (method, params, options) => {
      const found = await call(method, params, options);
      if (method === 'prepare' && !opening) {
        history.pushState(null, '', `#/project/${first}/data`);
        opening = promptSets.getState().open(first);
      }
      return found;
    }) satisfies typeof call;
    const data = new DataStore({ ...services, workflow: { ...services.workflow, call: leaves } }, promptSets);
    data.openFile(csvFile(150, ['good', 'bad'], 'rows-2.csv'));
    await vi.waitFor(() => expect(opening).not.toBeNull());
    await opening;
    await vi.waitFor(() => expect(data.getState().prepared?.dataset.table.format.fileName).toBe('rows-1.csv'));
    expect(promptSets.getState()).toMatchObject({ status: 'open', set: { id: first } });
    expect(path()).toBe(`/project/${first}/data`);
  });

  it('makes no prompt set of rows that cannot be trained on, and says why', async () => {
    const { promptSets, data } = await opened(csvFile(200, ['neutral']));
    expect(promptSets.getState().set).toBeNull();
    expect(data.getState().prepared?.issues[0]?.kind).toBe('one-class');
  });

  it('keeps the open rows when another file cannot be read', async () => {
    const { promptSets, data } = await opened(csvFile(200));
    data.replaceFile(new File([new Uint8Array([0x50, 0x4b, 3, 4, 0, 0])], 'sheet.xlsx'));
    await vi.waitFor(() => expect(data.getState().failure?.title).toBe('sheet.xlsx was not opened'));
    expect(promptSets.getState().dataset?.table.format.fileName).toBe('rows-1.csv');
    expect(data.getState().table?.format.fileName).toBe('rows-1.csv');
  });

  it('says on another screen that a file was not opened, until another one is', async () => {
    const { data } = await opened(csvFile(200));
    const said = () => toasts.visibleToasts.map(({ content }) => content.title);
    location.hash = '#/project/p/train';
    data.replaceFile(new File([], 'empty.csv'));
    await vi.waitFor(() => expect(said()).toContain('empty.csv was not opened'));
    data.replaceFile(csvFile(200));
    await vi.waitFor(() => expect(said()).not.toContain('empty.csv was not opened'));
  });

  it('swaps the roles when the text column is chosen as the label', async () => {
    const { data } = await opened(csvFile(200));
    await data.map({ label: 'message' });
    expect(data.getState().mapping).toEqual({ text: 'tone', label: 'message', id: null, task: 'classify' });
  });

  it('sets the number of test rows', async () => {
    const { promptSets, data } = await opened(csvFile(200));
    await data.split({ testRows: 120 });
    expect(promptSets.getState().dataset?.split.test).toHaveLength(120);
    expect(promptSets.getState().dataset?.split.validation.length).toBeGreaterThan(10);
  });

  it('shows the rows of the prompt set that is opened, with its own split', async () => {
    const { promptSets, data } = await opened(csvFile(200));
    await data.split({ testRows: 20 });
    const { set } = promptSets.getState();
    promptSets.getState().close();
    expect(data.getState().table).toBeNull();
    await promptSets.getState().open(set?.id ?? '');
    await vi.waitFor(() => expect(data.getState().prepared?.dataset.split.test).toHaveLength(20));
  });
});

describe('changes of rows', () => {
  it('are made one after the other, each on what the last one left, and stay with the prompt set', async () => {
    const { services, promptSets, data } = await opened(csvFile(200));
    const [a, b] = promptSets.getState().dataset?.split.train ?? [];
    const edit = (rowId = '') => data.change({ kind: 'cell', rowId, column: 'message', value: 'other words' });
    await Promise.all([edit(a), edit(b)]);
    const { set, dataset } = promptSets.getState();
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
    const { services, promptSets, data } = await opened(csvFile(200));
    const changed = promptSets.getState().set?.id ?? '';
    const other = await promptSets.getState().create({ name: 'Other', dataset: null, datasetName: null });
    await promptSets.getState().open(changed);
    await vi.waitFor(() => expect(data.getState().prepared).not.toBeNull());
    const { put } = services.store.datasets;
    Object.assign(services.store.datasets, {
      put: async (...of: Parameters<typeof put>) => {
        await promptSets.getState().open(other.id);
        return put(...of);
      },
    });
    const [rowId = ''] = promptSets.getState().dataset?.split.train ?? [];
    await data.change({ kind: 'cell', rowId, column: 'message', value: 'other words' });
    expect(promptSets.getState().set).toMatchObject({ id: other.id, datasetFingerprint: null, datasetName: null });
    const { dataset } = (await services.store.datasets.get(changed)) ?? {};
    expect((await services.store.sets.get(changed))?.datasetFingerprint).toBe(dataset?.fingerprint);
  });

  it('keep how often the test rows were used; another file resets it', async () => {
    const { promptSets, data } = await opened(csvFile(200));
    await promptSets.getState().update((set) => ({ ...set, testLooks: 2 }));
    const [rowId = ''] = promptSets.getState().dataset?.split.train ?? [];
    await data.change({ kind: 'cell', rowId, column: 'tone', value: 'bad' });
    expect(promptSets.getState().set?.testLooks).toBe(2);
    data.replaceFile(csvFile(150, ['good', 'bad'], 'rows-2.csv'));
    await vi.waitFor(() => expect(promptSets.getState().set?.testLooks).toBe(0));
    await vi.waitFor(() =>
      expect(promptSets.getState().dataset?.versions?.at(-1)?.what).toBe('Replaced by rows-2.csv'),
    );
  });

  it('add the rows of a file to training, with its name, an undo, and the uses of the test rows', async () => {
    const { services, promptSets, data } = await opened(csvFile(200));
    const before = promptSets.getState().dataset;
    await promptSets.getState().update((set) => ({ ...set, testLooks: 2 }));
    const texts = unlikeTexts(3, 5).map((text, i) => `"${text}",${i % 2 ? 'good' : 'bad'}`);
    data.addFile(new File([['message,tone', ...texts, texts[0]].join('\n')], 'may.csv'));
    await vi.waitFor(() => expect(promptSets.getState().dataset?.table.rows.length).toBe(203));
    const { dataset, set } = promptSets.getState();
    expect(dataset?.versions?.at(-1)?.what).toBe(
      '3 rows from may.csv added to training (left out: 1 with the text of a row that is here)',
    );
    expect(dataset?.split.test).toEqual(before?.split.test);
    expect(dataset?.split.train).toHaveLength((before?.split.train.length ?? 0) + 3);
    expect(set).toMatchObject({ testLooks: 2, datasetName: before?.table.format.fileName });
    expect((await services.store.datasets.get(set?.id ?? ''))?.dataset.table.rows).toHaveLength(203);
    await data.change({ kind: 'go-back', version: 1 });
    expect(promptSets.getState().dataset?.fingerprint).toBe(before?.fingerprint);
    await data.change({ kind: 'go-back', version: 2 });
    expect(promptSets.getState().dataset?.split.train).toHaveLength((before?.split.train.length ?? 0) + 3);
    data.addFile(new File(['a,b\nc,d'], 'june.csv'));
    await vi.waitFor(() =>
      expect(toasts.visibleToasts.some(({ content }) => content.detail?.includes('june.csv has no column'))).toBe(true),
    );
  });

  it('keep how often the test rows were used when a replaced file is back, or when only the row names change', async () => {
    const { promptSets, data } = await opened(csvFile(200));
    const looks = () => promptSets.getState().set?.testLooks;
    const isOpen = (fileName: string) =>
      vi.waitFor(() => {
        expect(data.getState()).toMatchObject({ reading: null, preparing: false });
        expect(promptSets.getState().set?.datasetFingerprint).toBe(promptSets.getState().dataset?.fingerprint);
        expect(promptSets.getState().dataset?.table.format.fileName).toBe(fileName);
      });
    await promptSets.getState().update((set) => ({ ...set, testLooks: 2 }));
    data.replaceFile(csvFile(150, ['good', 'bad'], 'rows-2.csv'));
    await isOpen('rows-2.csv');
    expect(looks()).toBe(0);
    await promptSets.getState().update((set) => ({ ...set, testLooks: 5 }));
    const undo = () => toasts.visibleToasts.find(({ content }) => content.title === 'rows-1.csv was replaced');
    await vi.waitFor(() => expect(undo()).toBeDefined());
    undo()?.content.action?.run();
    await isOpen('rows-1.csv');
    await vi.waitFor(() => expect(looks()).toBe(2));
    await data.map({ id: 'message' });
    expect(looks()).toBe(2);
    data.replaceFile(csvFile(150, ['good', 'bad'], 'rows-2.csv'));
    await isOpen('rows-2.csv');
    await vi.waitFor(() => expect(looks()).toBe(5));
  });

  it('make no new version for another split, and one for other columns; Ctrl-Z takes both back', async () => {
    const { promptSets, data } = await opened(csvFile(200));
    const rows = () => promptSets.getState().dataset;
    const first = rows();
    await data.split({ testRows: 90 });
    expect(rows()?.versions).toHaveLength(1);
    await data.map({ id: 'message' });
    expect(rows()?.versions?.at(-1)).toMatchObject({ number: 2, cells: null });
    await undoLast();
    expect([rows()?.mapping.id, rows()?.split.test.length]).toEqual([null, 90]);
    await undoLast();
    expect(rows()?.split).toEqual(first?.split);
    await redoLast();
    expect(rows()?.split.test).toHaveLength(90);
  });

  it('of one prompt set cannot be taken back in another', async () => {
    const { promptSets, data } = await opened(csvFile(200));
    await data.split({ testRows: 90 });
    data.openFile(csvFile(150, ['good', 'bad'], 'rows-2.csv'));
    await vi.waitFor(() => expect(promptSets.getState().set?.datasetName).toBe('rows-2.csv'));
    const before = promptSets.getState().dataset;
    await undoLast();
    expect(promptSets.getState().dataset).toBe(before);
    const { title, detail } = toasts.visibleToasts[0]?.content ?? {};
    expect([title, detail]).toEqual([
      'Not changed: Split again',
      'It belongs to another prompt set. Open that one and change it there.',
    ]);
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
    const { promptSets, data } = await opened(withCustomers());
    const first = promptSets.getState().dataset;
    await data.split({ seed: 7 });
    const second = promptSets.getState().dataset;
    expect(second?.split.test).toHaveLength(first?.split.test.length ?? 0);
    expect(second?.splitHash).not.toBe(first?.splitHash);
    expect(second?.heldBackHash).not.toBe(first?.heldBackHash);
    await data.split({ by: { kind: 'group', column: 'customer' } });
    const grouped = promptSets.getState().dataset;
    const customers = (ids: readonly string[] = []) => new Set(ids.map((id) => (Number(id) - 1) >> 2));
    const held = customers(grouped?.split.test);
    expect([...customers(grouped?.split.train)].filter((c) => held.has(c))).toEqual([]);
    await data.split({ by: { kind: 'column', column: 'part' } });
    expect(promptSets.getState().dataset?.split.test).toHaveLength(40);
    await data.split({ by: { kind: 'column', column: 'customer' } });
    expect(promptSets.getState().dataset?.splitBy).toEqual({ kind: 'column', column: 'part' });
    expect(data.getState().preparing).toBe(false);
    expect(promptSets.getState().dataset?.versions).toHaveLength(1);
  });

  it('is unchanged when a row is edited or the page is loaded again', async () => {
    const { services, promptSets, data } = await opened(withCustomers());
    await data.split({ by: { kind: 'group', column: 'customer' } });
    const before = promptSets.getState().dataset;
    await data.change({ kind: 'cell', rowId: before?.split.train[0] ?? '', column: 'message', value: 'x' });
    const stored = (await services.store.datasets.get(promptSets.getState().set?.id ?? ''))?.dataset;
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
  const reloaded = async (make: (data: DataStore, rowId: string) => Promise<void>) => {
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
    const before = createPromptSetsStore(first);
    const data = new DataStore(first, before);
    data.openFile(csvFile(200));
    await vi.waitFor(async () => {
      const { set } = before.getState();
      expect(set && (await services.store.datasets.get(set.id))).toBeTruthy();
    });
    const { set, dataset } = before.getState();
    const rowId = dataset?.split.train[0] ?? '';
    isGone = true;
    void make(data, rowId);
    const promptSets = createPromptSetsStore(services);
    const next = new DataStore(services, promptSets);
    await promptSets.getState().open(set?.id ?? '');
    return { next, promptSets, services, rowId, setId: set?.id ?? '' };
  };

  it.each<[string, (data: DataStore, rowId: string) => Promise<void>, (state: DataState, rowId: string) => void]>([
    ['the row name', ({ map }) => map({ id: 'message' }), ({ mapping }) => expect(mapping.id).toBe('message')],
    ['the task', ({ map }) => map({ task: 'generate' }), ({ mapping }) => expect(mapping.task).toBe('generate')],
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
  const promptSets = createPromptSetsStore(services);
  const data = new DataStore(services, promptSets);
  createProposer(services, promptSets, session);
  data.openFile(writingFile(60));
  await vi.waitFor(() => expect(promptSets.getState().set).not.toBeNull());
  await session.getState().loadModel();
  await vi.waitFor(() => expect(writtenIn(promptSets.getState().set)).toHaveLength(1));
  await data.map({ task: 'classify' });
  // free text is no label: shown, and not kept
  expect(data.getState().prepared?.issues[0]).toMatchObject({ kind: 'too-many-classes', severity: 'blocking' });
  expect(promptSets.getState().set).toMatchObject({ kind: 'generate', longest: null });
  await data.map({ task: 'generate' });
  expect(data.getState().prepared?.issues.filter(({ severity }) => severity === 'blocking')).toEqual([]);
  expect(writtenIn(promptSets.getState().set)).toHaveLength(1);
});
