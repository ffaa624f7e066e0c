import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRng, shuffled } from '../lib/rng';
import { drawnRows, textHash } from './draw';
import { rowsById } from './labels';
import { dealt, preparedOf } from './test-support';
import type { Dataset, Row } from './types';

/** 600 rows, half of them "a", a third "b", a sixth "c". */
const ROWS = dealt(600, ['a', 'b', 'a', 'b', 'a', 'c']);

const of = async (rows: readonly (readonly [string, string])[], seed = 0) => (await preparedOf(rows, { seed })).dataset;

const textsOf = ({ table, mapping }: Dataset, ids: readonly string[]) =>
  ids.map((id) => rowsById(table.rows).get(id)?.cells[mapping.text] ?? '').sort();

const labelsOf = ({ table, mapping }: Dataset, ids: readonly string[]) => {
  const counts: Record<string, number> = {};
  for (const id of ids) {
    const label = rowsById(table.rows).get(id)?.cells[mapping.label] ?? '';
    counts[label] = (counts[label] ?? 0) + 1;
  }
  return counts;
};

const all = ({ table }: Dataset) => table.rows.map(({ id }) => id);

describe('drawing rows', () => {
  it('draws the same rows from a file sorted by label, sorted by length, reversed or shuffled', async () => {
    const orders = [
      ROWS,
      ROWS.toSorted((a, b) => a[1].localeCompare(b[1])),
      ROWS.toSorted((a, b) => a[0].length - b[0].length),
      ROWS.toReversed(),
      shuffled(ROWS, createRng(5)),
    ];
    const drawn = await Promise.all(
      orders.map(async (rows) => {
        const dataset = await of(rows);
        return textsOf(dataset, drawnRows(dataset, all(dataset), 48));
      }),
    );
    for (const texts of drawn) expect(texts).toEqual(drawn[0]);
    expect(drawn[0]).toHaveLength(48);
  });

  it('keeps the labels in proportion to within one row, for every number of rows', async () => {
    const dataset = await of(ROWS);
    for (const most of [6, 7, 48, 100, 599]) {
      const counts = labelsOf(dataset, drawnRows(dataset, all(dataset), most));
      expect(Math.abs((counts.a ?? 0) - most / 2), `a among ${most}`).toBeLessThanOrEqual(1);
      expect(Math.abs((counts.b ?? 0) - most / 3), `b among ${most}`).toBeLessThanOrEqual(1);
      expect(Math.abs((counts.c ?? 0) - most / 6), `c among ${most}`).toBeLessThanOrEqual(1);
    }
  });

  it('draws by the seed: every row as often as any other, and not the same ones for another seed', async () => {
    const dataset = await of(ROWS);
    const times = new Map<string, number>();
    for (let seed = 0; seed < 400; seed++)
      for (const id of drawnRows({ ...dataset, seed }, all(dataset), 60)) times.set(id, (times.get(id) ?? 0) + 1);
    // 40 times on average, standard deviation 6
    expect(Math.max(...times.values())).toBeLessThan(40 + 5 * 6);
    expect(Math.min(...all(dataset).map((id) => times.get(id) ?? 0))).toBeGreaterThan(40 - 5 * 6);
  });

  it('keeps the order in which rows are named, draws fewer as some of the more, and all where there are no more', async () => {
    const dataset = await of(ROWS);
    const ids = all(dataset);
    const hundred = drawnRows(dataset, ids, 100);
    expect(hundred).toEqual(ids.filter((id) => hundred.includes(id)));
    expect(drawnRows(dataset, ids, 48).every((id) => hundred.includes(id))).toBe(true);
    expect(drawnRows(dataset, ids.slice(0, 9), 9)).toEqual(ids.slice(0, 9));
  });

  it('moves few rows when one row gets another label', async () => {
    const before = await of(ROWS);
    const after = await of(ROWS.map(([text, label], i) => [text, i === 100 ? 'b' : label] as const));
    const [first, second] = [before, after].map((dataset) => textsOf(dataset, drawnRows(dataset, all(dataset), 100)));
    expect(second?.filter((text) => !first?.includes(text)).length).toBeLessThanOrEqual(3);
  });

  it('draws texts to be written too, which have no labels', async () => {
    const written = { text: 'text', label: 'label', id: null, task: 'generate' } as const;
    const { dataset } = await preparedOf(ROWS, { seed: 0 }, written);
    expect(drawnRows(dataset, all(dataset), 20)).toHaveLength(20);
  });
});

/** train_peft.py in the exports finds the page's split by these hashes: tools/export/test_programs.py reads the same file. */
it('names the texts of a split by the hashes that Python computes', async () => {
  const file = 'test/fixtures/split.json';
  const { rows, seed } = JSON.parse(readFileSync(file, 'utf8')) as { rows: [string, string][]; seed: number };
  const { table, mapping, split } = await of(rows, seed);
  const byId = rowsById(table.rows);
  const each = (what: (row: Row) => string) => (part: readonly string[]) =>
    part.flatMap((id) => byId.get(id) ?? []).map(what);
  const texts = each(({ cells }) => cells.text ?? '');
  const hashes = each((row) => textHash(row, mapping));
  const { train, validation, test } = split;
  const made = {
    seed,
    rows,
    texts: { train: texts(train), validation: texts(validation), test: texts(test) },
    textHashes: {
      train: hashes(train).join(''),
      validation: hashes(validation).join(''),
      test: hashes(test).join(''),
    },
  };
  await expect(`${JSON.stringify(made)}\n`).toMatchFileSnapshot(`../../${file}`);
});
