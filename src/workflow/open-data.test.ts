import { describe, expect, it } from 'vitest';
import { csvOf, dealt, tableOf, unlikeTexts } from '../dataset/test-support';
import { SILENT } from './host';
import { mendTable, numberInFile, openParts, openTestRows, readTable, repeatsOfTest } from './open-data';

const mapping = { text: 'text', label: 'label', id: null, task: 'classify' } as const;
const rows = (n: number, seed: number): [string, string][] =>
  unlikeTexts(n, seed).map((text, i) => [text, i % 2 ? 'good' : 'bad']);
const table = (of: readonly (readonly [string, string])[]) => tableOf(csvOf(of));
const sizes = ({ train, validation, test }: Record<'train' | 'validation' | 'test', readonly string[]>) => [
  ...[train.length, validation.length, test.length],
];

describe('a file of rows', () => {
  it('is read from bytes or from a file, with its columns guessed and its progress in bytes', async () => {
    const text = csvOf(dealt(30, ['a', 'b']));
    const bytes = new TextEncoder().encode(text);
    const done: number[] = [];
    const run = {
      ...SILENT,
      emit: (event: { done: number; total: number }) => void done.push(event.done, event.total),
    };
    const read = await readTable({ fileName: 'a.csv', bytes }, run);
    expect(read).toMatchObject({ columns: ['text', 'label'], guess: { text: 'text', label: 'label' } });
    expect((await readTable({ fileName: 'a.csv', bytes: new Blob([text]) }, run)).rows).toHaveLength(30);
    expect(done.every((n, i) => (i % 2 ? n === bytes.length : n >= 0 && n <= bytes.length))).toBe(true);
    await expect(readTable({ fileName: 'a.csv', bytes: new Uint8Array(0) }, SILENT)).rejects.toThrow('a.csv is empty');
  });
});

it('a file with one column gets an empty one for labels, unless its rows are only answered', async () => {
  const bytes = new TextEncoder().encode('message\nfirst text\nsecond text\n');
  const read = await readTable({ fileName: 'a.txt', bytes }, SILENT);
  expect(read.columns).toEqual(['message', 'label']);
  expect(read.guess).toEqual({ text: 'message', label: 'label', id: null, task: 'classify' });
  const asked = await readTable({ fileName: 'a.txt', bytes, override: { oneColumn: true } }, SILENT);
  expect(asked.columns).toEqual(['message']);
});

describe('the parts of given rows', () => {
  it('are those of the page where nothing is asked for', async () => {
    const { split } = await openParts(
      { data: table(rows(200, 1)), test: null, mapping, seed: 0 },
      { trainRows: null, testRows: null },
    );
    expect(sizes(split)).toEqual([100, 30, 70]);
  });

  it('have the number of rows that is asked for, at most half that number for validation, labels in proportion', async () => {
    const given = { data: table(rows(200, 1)), test: null, mapping, seed: 0 };
    const made = await openParts(given, { trainRows: 40, testRows: 30 });
    expect(sizes(made.split)).toEqual([40, 20, 30]);
    const byId = new Map(made.table.rows.map((row) => [row.id, row.cells.label]));
    for (const part of Object.values(made.split))
      expect(Math.abs(part.filter((id) => byId.get(id) === 'good').length - part.length / 2)).toBeLessThanOrEqual(1);
    const all = Object.values(made.split).flat();
    expect(new Set(all).size).toBe(all.length);
    expect(sizes((await openParts(given, { trainRows: 125, testRows: null })).split)).toEqual([125, 5, 70]);
    expect(sizes((await openParts(given, { trainRows: 130, testRows: null })).split)).toEqual([130, 0, 70]);
    expect(
      sizes((await openParts({ ...given, data: table(rows(800, 2)) }, { trainRows: 300, testRows: 9 })).split),
    ).toEqual([300, 64, 9]);
  });

  it('test on the rows of another file, numbered as there', async () => {
    const given = { data: table(rows(100, 1)), test: table(rows(40, 2)), mapping, seed: 0 };
    const { split, table: both } = await openParts(given, { trainRows: null, testRows: null });
    expect(split.test).toHaveLength(40);
    expect([...split.test].map(numberInFile).sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 40 }, (_, i) => `${i + 1}`),
    );
    expect([...split.train, ...split.validation].every((id) => numberInFile(id) === id)).toBe(true);
    expect(split.train.length + split.validation.length).toBe(100);
    expect(both.rows.find((row) => row.id === split.test[0])?.cells.text).toBe(
      rows(40, 2)[Number(numberInFile(split.test[0] ?? '')) - 1]?.[0],
    );
  });

  it('count rows that repeat a test row or almost, and leave them out where that is asked for', async () => {
    const [first, second, ...others] = rows(102, 1);
    if (!first || !second) throw new Error('no rows');
    const near: [string, string] = [`${second[0]} x`, second[1]];
    const given = {
      data: table([[first[0].toUpperCase(), first[1]], near, ...others]),
      test: table([first, second, ...rows(20, 3)]),
      mapping,
      seed: 0,
    };
    const all = { trainRows: null, testRows: null };
    const found = repeatsOfTest(await openParts(given, all));
    expect(found).toEqual({ same: ['1'], almost: ['2'], isWhole: true });
    const without = await openParts(given, all, true);
    expect(repeatsOfTest(without)).toMatchObject({ same: [], almost: [] });
    expect(without.split.train.length + without.split.validation.length).toBe(100);
  });

  it('are refused where nothing can be learned, with what to do', async () => {
    const one = table(unlikeTexts(50, 1).map((text) => [text, 'same']));
    await expect(
      openParts({ data: one, test: null, mapping, seed: 0 }, { trainRows: null, testRows: null }),
    ).rejects.toThrow(/\. .+/);
  });
});

it('rows that only test are all of them, or some that the seed draws', async () => {
  const data = table(rows(50, 1));
  const all = await openTestRows(data, mapping, null);
  expect(sizes(all.split)).toEqual([0, 0, 50]);
  const some = await openTestRows(data, mapping, 10);
  expect(some.split.test).toHaveLength(10);
  expect(some.split.test).not.toEqual(all.split.test.slice(0, 10));
});

it('mends a table step by step, and says what became of it', () => {
  const given = tableOf('text,label\none <b>bold</b>,good\ntwo,bad\n<i>three</i>,bad');
  const found = mendTable(given, mapping, ['html', 'html']);
  expect(found.table.rows.map((row) => row.cells.text)).toEqual(['one bold', 'two', 'three']);
  expect(found.done[0]).toBe('rows.csv: HTML removed in 2 rows');
  expect(found.done[1]).toBe('rows.csv has nothing to mend by “html”');
  const first = mendTable(given, mapping, ['first-row']);
  expect(first.done).toEqual(['rows.csv: First line taken as a row']);
  expect(first.table.rows).toHaveLength(4);
});
