import { describe, expect, it } from 'vitest';
import { editDataset } from '../dataset/edit';
import { groupColumn, together } from '../dataset/families';
import { rowsById } from '../dataset/labels';
import { twinFamilies } from '../dataset/near-twins';
import { prepareDataset } from '../dataset/prepare';
import { tableOf, unlikeTexts } from '../dataset/test-support';
import type { Dataset, SplitBy, Table } from '../dataset/types';
import { foldsOf } from '../evaluation/classify/checks';
import { unwrap } from '../lib/result';
import { openParts } from './open-data';

const mapping = { text: 'text', label: 'label', id: null, task: 'classify' } as const;

/** Rows in families of near-twins, with sizes in turn, far apart in the file; a customer has rows of one family. */
function tableIn(sizes: readonly number[], rows: number, seed = 1, isLabelled = (_: number) => true): Table {
  const texts = unlikeTexts(rows, seed);
  const all: string[][] = [];
  for (let family = 0; all.length < rows; family++)
    for (let twin = 0; twin < (sizes[family % sizes.length] as number); twin++)
      all.push([`${texts[family]}${' again'.repeat(twin)}`, family % 3 === 0 ? 'bad' : 'good', `c${family}`]);
  const order = all.map((_, i) => (i * 7) % all.length);
  const lines = order.map((i, at) => {
    const [text, label, customer] = all[i] as [string, string, string];
    return `${text},${isLabelled(at) ? label : ''},${customer}`;
  });
  return tableOf(['text,label,customer', ...lines].join('\n'));
}

const prepared = async (table: Table, splitBy?: SplitBy): Promise<Dataset> =>
  unwrap(await prepareDataset(table, mapping, { seed: 0, ...(splitBy && { splitBy }) })).dataset;

/** Families with rows in several of the parts. */
function partedIn(dataset: Dataset, parts: Readonly<Record<string, readonly string[]>>): number {
  const byId = rowsById(dataset.table.rows);
  const partOf = new Map(Object.entries(parts).flatMap(([part, ids]) => ids.map((id) => [id, part] as const)));
  const rows = [...partOf.keys()].flatMap((id) => byId.get(id) ?? []);
  const families = together(rows, dataset.mapping, groupColumn(dataset), twinFamilies(rows, mapping).families);
  expect(families.some(({ length }) => length > 1)).toBe(true);
  return families.filter((family) => new Set(family.map(({ id }) => partOf.get(id))).size > 1).length;
}

describe('a family is never parted', () => {
  const sizes = [5, 1, 2, 9, 1];

  it.each<[string, SplitBy | undefined]>([
    ['by the seed', undefined],
    ['by a column', { kind: 'group', column: 'customer' }],
  ])('by a split %s', async (_, splitBy) => {
    const dataset = await prepared(tableIn(sizes, 300), splitBy);
    expect(partedIn(dataset, dataset.split)).toBe(0);
  });

  it.each([
    ['of the same file', false],
    ['of a file of their own', true],
  ])('by fewer training and test rows %s', async (_, isApart) => {
    for (const trainRows of [20, 60, 120]) {
      const test = isApart ? tableIn(sizes, 80, 2) : null;
      const given = { data: tableIn(sizes, 300), test, mapping, seed: 0 };
      const dataset = await openParts(given, { trainRows, testRows: 40 });
      expect(partedIn(dataset, dataset.split)).toBe(0);
      const { train, validation } = dataset.split;
      expect(train).toHaveLength(trainRows);
      expect(validation.length).toBeGreaterThanOrEqual(Math.min(100, trainRows / 2) / 2);
      expect(validation.length).toBeLessThanOrEqual(Math.min(100, trainRows / 2));
    }
  });

  it.each([[sizes], [[20]]])('by the folds of a check on every row, in families of %j', async (of) => {
    const dataset = await prepared(tableIn(of, 300));
    const folds = foldsOf(dataset, 3);
    expect(partedIn(dataset, Object.fromEntries(folds.map(({ test }, i) => [`${i}`, test])))).toBe(0);
    for (const { train, validation, test } of folds) {
      expect(partedIn(dataset, { others: [...train, ...validation], test })).toBe(0);
      // fewer than two families of twenty would be for validation
      if (!of.includes(20)) expect(partedIn(dataset, { train, validation, test })).toBe(0);
      expect(Math.abs(test.length - 60)).toBeLessThanOrEqual(10);
      expect(validation.length).toBeGreaterThan(15);
    }
  });

  it('by labels that a person gives later', async () => {
    const table = tableIn(sizes, 300, 1, (at) => at % 4 > 0);
    const whole = tableIn(sizes, 300);
    const dataset = await prepared(table);
    const labels = table.rows.flatMap((row, i): [string, string][] =>
      row.cells.label === '' ? [[`${i + 1}`, whole.rows.at(i)?.cells.label ?? '']] : [],
    );
    expect(labels.length).toBeGreaterThan(70);
    const { dataset: later } = unwrap(await editDataset(dataset, { kind: 'label-rows', labels }, '2026-01-01'));
    expect(Object.values(later.split).flat()).toHaveLength(table.rows.length);
    expect(partedIn(later, later.split)).toBe(0);
  });
});

it('a file of one template for each label is parted all the same, and each label has validation rows', async () => {
  const lines = Array.from({ length: 200 }, (_, i) =>
    i % 2 === 0 ? `Order ${i} of customer ${i * 7} has arrived,good` : `Invoice ${i} was never paid by ${i * 7},bad`,
  );
  const data = tableOf(['text,label', ...lines].join('\n'));
  const { split, table } = await openParts({ data, test: null, mapping, seed: 0 }, { trainRows: 60, testRows: 40 });
  const byId = rowsById(table.rows);
  for (const part of [split.train, split.validation, split.test])
    expect(new Set(part.map((id) => byId.get(id)?.cells.label)).size).toBe(2);
});
