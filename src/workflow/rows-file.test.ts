import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MAX_BYTES } from '../dataset/types';
import { ControlSource, uninterrupted } from '../lib/control';
import type { Route } from '../route/policy';
import { answered, type Piece } from './batch';
import { fakeHost } from './fake-host.test-support';
import { SILENT } from './host';
import { readTable } from './open-data';
import { closeRows, openFile, openRows } from './rows-file';

/** A route whose rows take so many seconds each. */
function route(total: number, secondsPerRow: number, kind: 'classify' | 'generate' = 'classify') {
  const asked: (readonly [from: number, count: number])[] = [];
  const answer = async (from: number, count: number) => {
    asked.push([from, count]);
    vi.advanceTimersByTime(1000 * secondsPerRow * count);
    return { answers: [], leftOut: [], ms: null };
  };
  return { asked, route: { total, version: { prompt: { task: { kind } } }, answer } as unknown as Route };
}
const pieces = async (of: Route, from = 0, control = uninterrupted) => {
  const found: Piece[] = [];
  for await (const piece of answered(of, from, control)) found.push(piece);
  return found;
};

describe('rows are answered in pieces', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  it.each([
    ['that double to 256 rows where they take no time', 1000, 0, 'classify', [8, 16, 32, 64, 128, 256, 256, 240]],
    ['of a second and a half', 20, 0.5, 'classify', [8, 3, 3, 3, 3]],
    ['of eight seconds where texts are generated', 80, 0.5, 'generate', [8, 16, 16, 16, 16, 8]],
    ['of one row at least', 11, 10, 'classify', [8, 1, 1, 1]],
    ['that grow where the first is quick for its size', 60, 0.05, 'classify', [8, 16, 30, 6]],
  ] as const)('%s', async (_, total, seconds, kind, counts) => {
    const { route: of, asked } = route(total, seconds, kind);
    const found = await pieces(of);
    expect(asked.map(([, count]) => count)).toEqual(counts);
    expect(asked.map(([from]) => from)).toEqual([0, ...found.slice(0, -1).map(({ done }) => done)]);
    expect(found.at(-1)?.done).toBe(total);
  });

  it('with how fast they are, and after a second how long the rest takes', async () => {
    const found = await pieces(route(40, 0.1).route);
    expect(found.map(({ done, rowsPerSecond, secondsLeft }) => [done, rowsPerSecond, secondsLeft])).toEqual([
      [8, expect.closeTo(10, 9), null],
      [23, expect.closeTo(10, 9), expect.closeTo(1.7, 9)],
      [38, expect.closeTo(10, 9), expect.closeTo(0.2, 9)],
      [40, expect.closeTo(10, 9), 0],
    ]);
    const [first] = await pieces(route(16, 1 / 8).route);
    expect(first?.secondsLeft).toBeCloseTo(1, 9);
    const [instant] = await pieces(route(8, 0).route);
    expect(instant).toMatchObject({ rowsPerSecond: 8000, secondsLeft: null });
  });

  it('from where they were left, by the rows since then', async () => {
    const { route: of, asked } = route(20, 0.25);
    const [first] = await pieces(of, 12);
    expect(asked[0]).toEqual([12, 8]);
    expect(first).toMatchObject({ done: 20, rowsPerSecond: expect.closeTo(4, 9) });
    expect(await pieces(of, 20)).toEqual([]);
  });

  it('until they are cancelled, and what is answered by then stays', async () => {
    const control = new ControlSource();
    const { route: of, asked } = route(100, 0);
    const found: Piece[] = [];
    const all = async () => {
      for await (const piece of answered(of, 0, control)) {
        found.push(piece);
        if (found.length === 2) control.ask('cancel');
      }
    };
    await expect(all()).rejects.toMatchObject({ code: 'cancelled' });
    expect([found.length, asked.length]).toEqual([2, 2]);
  });
});

describe('a file of rows', () => {
  const csv = (text: string) => new Blob([text]);

  it('replaces the one that was open', async () => {
    const { host } = fakeHost();
    const open = (text: string) => openRows(host, { file: csv(text), name: 'a.csv' }, SILENT);
    await open('text,label\none,a\ntwo,b\n');
    openFile(host).made.set('x', 1);
    await open('text,label\nsix,a\nseven,b\n');
    expect(openFile(host).made.size).toBe(0);
    await expect(open('')).rejects.toThrow('empty');
    expect(() => openFile(host)).toThrow('no longer open');
    await open('text,label\nsix,a\nseven,b\n');
    await closeRows(host);
    expect(() => openFile(host)).toThrow('Choose it again');
  });

  it('has the cells that a file of labelled rows has, whatever is in its lines of JSON', async () => {
    const { host } = fakeHost();
    const text = '{"text":"a","label":null}\n{"text":["b",1],"label":true}\n7\n{"text":{"c":{}},"label":2}\n';
    await openRows(host, { file: csv(text), name: 'a.jsonl' }, SILENT);
    const { rows, rejected } = openFile(host).table;
    expect(rows.map(({ cells }) => cells)).toEqual([
      { text: 'a', label: '' },
      { text: '["b",1]', label: 'true' },
      { text: '{"c":{}}', label: '2' },
    ]);
    expect(rejected.map(({ line }) => line)).toEqual([3]);
    const bytes = new TextEncoder().encode(text);
    expect(await readTable({ fileName: 'a.jsonl', bytes }, SILENT)).toMatchObject({ rows, rejected });
  });

  it('may have the largest size that is read, and says how far it is', async () => {
    const { host } = fakeHost();
    const large = (size: number) => openRows(host, { file: { size } as Blob, name: 'a.csv' }, SILENT);
    await expect(large(MAX_BYTES + 1)).rejects.toThrow(/^a\.csv has 50 MB; the limit is 50 MB\. Split it/);
    await expect(large(MAX_BYTES)).rejects.not.toThrow('Split it');
    const shares: number[] = [];
    const emit = ({ fraction }: { fraction: number }) => void shares.push(fraction);
    const lines = Array.from({ length: 5000 }, (_, i) => `text ${i},a`).join('\n');
    const found = await openRows(host, { file: csv(`text,label\n${lines}`), name: 'a.csv' }, { ...SILENT, emit });
    expect([found.rows, found.first.length, found.first[7]?.cells.text]).toEqual([5000, 8, 'text 7']);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  });
});
