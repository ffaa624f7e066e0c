import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { queryRows, type RowQuery, rowParts } from './query';
import { dealt, preparedOf } from './test-support';
import { PARTS } from './types';

const LABELS = ['good', 'bad'];
const ALL: RowQuery = { part: null, ids: null, search: '', sort: 'file' };
const asked = async (pairs = dealt(40, LABELS)) => {
  const { table, mapping, split } = (await preparedOf(pairs)).dataset;
  const of = { rows: table.rows, mapping, split };
  return {
    of,
    ids: (query: Partial<RowQuery>) => [...queryRows(of, { ...ALL, ...query })].map((i) => table.rows.at(i)?.id ?? ''),
    cells: (query: Partial<RowQuery>, column: string) =>
      [...queryRows(of, { ...ALL, ...query })].map((i) => table.rows.at(i)?.cells[column] ?? ''),
  };
};

describe('the rows to show', () => {
  it('are those of a part, those that were found, those that say something, or all three', async () => {
    const { of, ids } = await asked();
    expect(ids({})).toHaveLength(40);
    expect(ids({ part: 'test' }).sort()).toEqual([...of.split.test].sort());
    expect(ids({ ids: ['3', '1', 'gone'] })).toEqual(['1', '3']);
    expect(ids({ search: ' GOOD ' })).toHaveLength(20);
    const [held = ''] = of.split.test;
    expect(ids({ part: 'test', ids: [held], search: held })).toEqual([held]);
    expect(ids({ part: 'train', ids: [held] })).toEqual([]);
  });

  it('come in the requested order, equal ones as in the file (property)', async () => {
    const pair = fc.tuple(
      fc.string({ minLength: 1, unit: fc.constantFrom('a', 'B', 'ü', ' ', '9') }),
      fc.constantFrom(...LABELS),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(pair, { minLength: 3, maxLength: 40 }), async (pairs) => {
        const { of, ids, cells } = await asked(pairs);
        const expected = (key: (text: string, label: string, id: string) => string | number) =>
          of.rows
            .map(({ id, cells: { text = '', label = '' } }) => ({ id, key: key(text, label, id) }))
            .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
            .map(({ id }) => id);
        expect(ids({ sort: 'text' })).toEqual(expected((text) => text.toLowerCase()));
        expect(ids({ sort: 'label' })).toEqual(expected((_, label) => label.toLowerCase()));
        expect(ids({ sort: 'longest' })).toEqual(expected((text) => -text.length));
        const part = (id: string) => PARTS.findIndex((name) => of.split[name].includes(id));
        expect(ids({ sort: 'part' })).toEqual(expected((_, __, id) => (part(id) < 0 ? 3 : part(id))));
        expect(cells({ search: 'b', sort: 'text' }, 'text').length).toBeLessThanOrEqual(pairs.length);
      }),
      { numRuns: 30 },
    );
  });

  it('are searched in every cell before the columns mean anything', async () => {
    const { of } = await asked();
    const without = { ...of, mapping: null, split: null };
    expect(queryRows(without, { ...ALL, search: 'bad' })).toHaveLength(20);
    expect(new Set(rowParts(without))).toEqual(new Set([PARTS.length]));
  });

  it('follow another split of the same rows', async () => {
    const { of } = await asked();
    const { train, validation, test } = of.split;
    const swapped = { ...of, split: { train: test, validation, test: train } };
    expect(queryRows(of, { ...ALL, part: 'test' })).toHaveLength(test.length);
    expect(queryRows(swapped, { ...ALL, part: 'test' })).toHaveLength(train.length);
    const first = queryRows(swapped, { ...ALL, sort: 'part' })[0] ?? -1;
    expect(test).toContain(of.rows.at(first)?.id);
  });
});
