import { describe, expect, it } from 'vitest';
import { buffersIn, fromStored, isForgotten, LONG, PageLists, toStored, WorkerLists } from './by-reference';
import { editDataset } from './edit';
import { isPackedList } from './packed';
import { dealt, preparedOf } from './test-support';
import type { Dataset } from './types';

const large = async (n = 2500) => (await preparedOf(dealt(n, ['good', 'bad']))).dataset;
const bytesIn = (value: unknown) => buffersIn(value).reduce((sum, { byteLength }) => sum + byteLength, 0);
/** What arrives at the other end: what cannot cross fails here. */
const across = <T>(value: T): T => structuredClone(value, { transfer: buffersIn(value) });

function ends() {
  const [page, worker] = [new PageLists(), new WorkerLists()];
  /** A call whose method gives back what `of` makes of its parameters; and how much crossed. */
  const call = async <P, R>(params: P, of: (params: P) => R) => {
    const sent = page.send(params);
    const received = (await worker.receive(structuredClone(sent))) as P;
    const answer = worker.send(of(received), received);
    const bytes = { there: bytesIn(sent), back: bytesIn(answer) };
    return { received, bytes, result: page.receive(across(answer), params) as R };
  };
  return { page, worker, call };
}

describe('long lists', () => {
  it('cross once: rows packed to the page, then as their key', async () => {
    const { call } = ends();
    const dataset = await large();
    const first = await call({}, () => ({ dataset }));
    expect(isPackedList(first.result.dataset.table.rows)).toBe(true);
    expect([...first.result.dataset.table.rows]).toEqual(dataset.table.rows);
    expect(first.result.dataset.split).toEqual(dataset.split);
    expect(first.bytes.back).toBeGreaterThan(10_000);
    const again = await call({ dataset: first.result.dataset }, (params) => params);
    expect(again.received.dataset.table.rows).toBe(dataset.table.rows);
    expect(again.received.dataset.split.train).toBe(dataset.split.train);
    expect(again.result.dataset.table.rows).toBe(first.result.dataset.table.rows);
    expect(again.bytes).toEqual({ there: 0, back: 0 });
  });

  it('that the worker does not have are named as such, and are sent once more', async () => {
    const { page, worker, call } = ends();
    const dataset = await large();
    const packed = (await fromStored(toStored({ dataset }))).dataset;
    await call({ dataset: packed }, () => null);
    const other = new WorkerLists();
    const thrown = await other.receive(page.send({ dataset: packed })).catch((error: unknown) => error);
    expect(isForgotten(thrown)).toBe(true);
    page.forgetAll();
    const sent = structuredClone(page.send({ dataset: packed }));
    expect(((await other.receive(sent)) as { dataset: Dataset }).dataset).toEqual(dataset);
    expect(await worker.receive(sent)).toEqual({ dataset });
  });

  it('that no worker has made, such as edited copies of rows, cross as they are and come back packed', async () => {
    const { call } = ends();
    const dataset = await large();
    const { received, result } = await call({ dataset }, (params) => params);
    expect(received.dataset).toEqual(dataset);
    expect([...result.dataset.table.rows]).toEqual(dataset.table.rows);
    expect(result.dataset.split).toEqual(dataset.split);
  });

  it('of few items, and lists of other things, cross as they are', async () => {
    const { page } = ends();
    const params = {
      dataset: await large(60),
      rows: Array.from({ length: LONG }, (_, i) => ({ rowId: `${i}`, ids: new Int32Array(1) })),
      labels: Array.from({ length: LONG }, (_, i) => `${i}`),
    };
    expect(page.send(params)).toEqual(params);
    expect((page.send(params) as typeof params).rows).toBe(params.rows);
  });
});

it('an edited data set of many rows goes both ways and keeps its fingerprint', async () => {
  const { call } = ends();
  const opened = await large();
  const { dataset } = (await call({}, () => ({ dataset: opened }))).result;
  const change = { kind: 'cell', rowId: dataset.split.train[0] ?? '', column: 'text', value: 'zzz' } as const;
  const sent = (await call({ dataset, change }, (params) => params)).received;
  const made = await editDataset(sent.dataset, sent.change, '2026-01-01T00:00:00Z');
  if (!made.ok) throw new Error(made.error.message);
  const shown = (await call({ dataset, change }, () => made.value)).result.dataset;
  expect(shown.fingerprint).toBe(made.value.dataset.fingerprint);
  expect([...shown.table.rows].filter(({ cells }) => cells.text === 'zzz').map(({ id }) => id)).toEqual([change.rowId]);
});

describe('what is stored', () => {
  it('comes back as it was, says its length unopened, and can be cloned', async () => {
    const dataset = await large();
    const stored = structuredClone(toStored({ setId: 'a', dataset }));
    expect(stored.dataset.table.rows.length).toBe(2500);
    expect(Array.isArray(stored.dataset.table.rows)).toBe(false);
    expect(Array.isArray(stored.dataset.split.train)).toBe(false);
    const { dataset: back } = await fromStored(stored);
    expect({ ...back, table: { ...back.table, rows: [...back.table.rows] } }).toEqual(dataset);
    expect(await fromStored(null)).toBeNull();
  });

  it('by earlier versions, as a list of objects, is packed when it is read', async () => {
    const dataset = await large();
    expect(isPackedList((await fromStored({ dataset })).dataset.table.rows)).toBe(true);
    const small = await large(60);
    expect(await fromStored({ dataset: small })).toEqual({ dataset: small });
  });
});
