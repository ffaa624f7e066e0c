import { describe, expect, it, vi } from 'vitest';
import type { EngineMethods } from '../api/engine-methods';
import { buffersIn, WorkerLists } from '../dataset/by-reference';
import { isPackedList } from '../dataset/packed';
import { StudioError } from '../lib/errors';
import type { WorkflowMethods } from '../worker/protocol';
import { linkedWorkers, listsByReference, packedStore } from './create-services';
import { DataStore } from './state/data/data-store';
import { createPromptSetsStore } from './state/prompt-sets-store';
import type { Client, Services } from './state/services';
import { csvFile, fakeLocation, gate, testServices } from './state/test-support';

function mortal(deaths: number) {
  const calls: string[] = [];
  const client = {
    call: async (method: string) => {
      calls.push(method);
      if (method === 'encode' && deaths-- > 0) throw new StudioError('worker-died', 'The workflow worker stopped.');
      return { ids: new Int32Array(0), pieces: [] };
    },
    control: () => {},
    restart: () => calls.push('restart'),
    dispose: () => {},
  } as unknown as Client<WorkflowMethods>;
  return { calls, client: linkedWorkers({} as Client<EngineMethods>, client).workflow };
}

describe('a workflow worker that dies', () => {
  it('is replaced, with its tokenizer, and asked again', async () => {
    const { calls, client } = mortal(1);
    await client.call('openTokenizer', { files: {} });
    await expect(client.call('encode', { text: 'x' })).resolves.toMatchObject({ pieces: [] });
    expect(calls).toEqual(['openTokenizer', 'encode', 'restart', 'openTokenizer', 'encode']);
  });

  it('is given up when it dies of the same thing again', async () => {
    const { client } = mortal(2);
    await expect(client.call('encode', { text: 'x' })).rejects.toMatchObject({ code: 'worker-died' });
  });
});

describe('long lists of rows', () => {
  /** A workflow worker at the other end of a channel; `restart` gives one that knows nothing. */
  function farWorker(near: Services['workflow']): Services['workflow'] & { readonly crossed: string[] } {
    let lists = new WorkerLists();
    const crossed: string[] = [];
    const call = async (method: string, params: unknown) => {
      crossed.push(`${method} ${JSON.stringify(params).includes('"blob"') ? 'with' : 'without'} rows`);
      const received = await lists.receive(structuredClone(params));
      const answer = lists.send(await near.call(method as 'edit', received as never), received);
      return structuredClone(answer, { transfer: buffersIn(answer) });
    };
    return {
      ...near,
      call: call as Services['workflow']['call'],
      restart: () => {
        lists = new WorkerLists();
      },
      crossed,
    };
  }

  it('sends the versions of the rows without their changes, but with the number of rows added', async () => {
    const sent: unknown[] = [];
    const near = { call: async (_: string, params: unknown) => void sent.push(params) };
    const { call } = listsByReference(near as unknown as Services['workflow']);
    const version = { number: 1, createdAt: '', fingerprint: 'f', what: '' };
    const cell = { rowId: '1', column: 'text', before: 'a secret', after: 'b' };
    const versions = [
      { ...version, cells: null, dropped: [] },
      { ...version, cells: [cell], dropped: [['1', 'train']], added: 3 },
    ];
    await call('compare', { dataset: { versions } } as never);
    await call('edit', { dataset: { versions } } as never);
    const [compared, edited] = sent as { dataset: { versions: unknown[] } }[];
    expect(compared?.dataset.versions).toEqual([
      { ...version, cells: null, dropped: [] },
      { ...version, cells: [], dropped: [], added: 3 },
    ]);
    expect(edited?.dataset.versions).toEqual(versions);
  });

  it('keeps many rows packed in the page, sends them once and again to a new worker, and stores them as they are', async () => {
    fakeLocation();
    const plain = testServices();
    const far = farWorker(plain.workflow);
    const services = { ...plain, store: packedStore(plain.store), workflow: listsByReference(far) };
    const promptSets = createPromptSetsStore(services);
    const data = new DataStore(services, promptSets);
    data.openFile(csvFile(3000));
    await vi.waitFor(() => expect(promptSets.getState().set).not.toBeNull(), 15_000);
    const rows = () => data.getState().prepared?.dataset.table.rows;
    expect(isPackedList(rows())).toBe(true);
    const rowId = promptSets.getState().dataset?.split.train[7] ?? '';
    const change = (value: string) => data.change({ kind: 'cell', rowId, column: 'message', value });
    await change('other words');
    expect(rows()?.find(({ id }) => id === rowId)?.cells.message).toBe('other words');
    expect(far.crossed).toEqual(['parse without rows', 'prepare without rows', 'edit without rows']);

    const setId = promptSets.getState().set?.id ?? '';
    promptSets.getState().close();
    await promptSets.getState().open(setId);
    await vi.waitFor(() => expect(data.getState().preparing).toBe(false), 15_000);
    expect(rows()?.find(({ id }) => id === rowId)?.cells.message).toBe('other words');
    far.restart();
    await change('and others');
    expect(far.crossed.slice(-2)).toEqual(['edit without rows', 'edit with rows']);
    const { prepared } = data.getState();
    expect(prepared?.dataset.fingerprint).toBe(promptSets.getState().set?.datasetFingerprint);
    await data.change({ kind: 'go-back', version: 1 });
    expect(rows()?.find(({ id }) => id === rowId)?.cells.message).toMatch(/^message number/);
  });

  it('shows a changed cell once it is on the disk', async () => {
    fakeLocation();
    const services = testServices();
    const promptSets = createPromptSetsStore(services);
    const data = new DataStore(services, promptSets);
    data.openFile(csvFile(200));
    await vi.waitFor(() => expect(promptSets.getState().set).not.toBeNull(), 15_000);
    const { put } = services.store.datasets;
    const { open: stored, opened } = gate();
    const writing = vi.fn((...of: Parameters<typeof put>) => opened.then(() => put(...of)));
    services.store.datasets.put = writing;
    const rowId = promptSets.getState().dataset?.split.train[0] ?? '';
    const done = data.change({ kind: 'cell', rowId, column: 'message', value: 'new' });
    await vi.waitFor(() => expect(writing).toHaveBeenCalled());
    expect(promptSets.getState().dataset?.versions).toHaveLength(1);
    expect(data.getState().prepared?.dataset.versions).toHaveLength(1);
    expect(data.getState().pending).toMatchObject({ rowId, value: 'new' });
    stored();
    await done;
    expect(data.getState().prepared?.dataset.versions).toHaveLength(2);
    expect(data.getState().pending).toBeNull();
  });
});
