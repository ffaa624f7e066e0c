import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textKey } from './normalise';
import { adoptSplit, seats, splitRows, splitSizes } from './split';
import { csvOf, dealt, preparedOf, tableOf } from './test-support';

const mapping = { text: 'text', label: 'label', id: null };
const rowsOf = (pairs: readonly (readonly [string, string])[]) => tableOf(csvOf(pairs)).rows;

describe('splitSizes', () => {
  it('is 50/15/35 by default, with at least 60 test rows from 120 rows on', () => {
    expect(splitSizes(300)).toEqual({ train: 150, validation: 45, test: 105 });
    expect(splitSizes(120)).toEqual({ train: 46, validation: 14, test: 60 });
    expect(splitSizes(100)).toEqual({ train: 50, validation: 15, test: 35 });
    expect(splitSizes(2)).toEqual({ train: 1, validation: 0, test: 1 });
  });

  it('follows the slider', () => {
    expect(splitSizes(200, { train: 70, validation: 15, test: 15 })).toEqual({ train: 140, validation: 30, test: 30 });
  });
});

it('seats add up and keep no class out (property)', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 8 }),
      fc.nat(100),
      (sizes, part) => {
        const all = sizes.reduce((a, b) => a + b, 0);
        const total = Math.floor((all * part) / 100);
        const given = seats(sizes, total);
        expect(given.reduce((a, b) => a + b, 0)).toBe(total);
        given.forEach((n, i) => {
          expect(n).toBeGreaterThanOrEqual(0);
          expect(n).toBeLessThanOrEqual(sizes[i] as number);
          if (total >= sizes.length && (sizes[i] as number) >= 3 && total < all / 2) expect(n).toBeGreaterThan(0);
        });
      },
    ),
  );
});

describe('splitRows', () => {
  it('puts every usable row into one part, stratified (property)', () => {
    fc.assert(
      fc.property(fc.integer({ min: 12, max: 300 }), fc.integer({ min: 2, max: 5 }), fc.nat(), (n, k, seed) => {
        const rows = rowsOf(dealt(n, ['a', 'b', 'c', 'd', 'e'].slice(0, k)));
        const split = splitRows(rows, mapping, seed);
        const sizes = splitSizes(n);
        expect([...split.train, ...split.validation, ...split.test].map(Number).sort((a, b) => a - b)).toEqual(
          rows.map((row) => Number(row.id)),
        );
        expect(split.test).toHaveLength(sizes.test);
        expect(split.validation).toHaveLength(sizes.validation);
        const held = ['a', 'b', 'c', 'd', 'e']
          .slice(0, k)
          .map((l) => split.test.filter((id) => rows.at(Number(id) - 1)?.cells.label === l).length);
        expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(2);
      }),
      { numRuns: 50 },
    );
  });

  it('never has one text in two parts (property)', () => {
    const text = fc.constantFrom('Hi', 'hi ', 'HI', 'thanks', 'ok', 'no way', 'a', 'b', 'c', 'd', 'e', 'f', 'g');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(text, fc.constantFrom('x', 'y')), { minLength: 4, maxLength: 60 }),
        fc.nat(),
        (pairs, seed) => {
          const rows = rowsOf(pairs);
          const split = splitRows(rows, mapping, seed);
          const keys = (ids: readonly string[]) =>
            new Set(ids.map((id) => textKey(rows.at(Number(id) - 1)?.cells.text ?? '')));
          const [train, validation, test] = [keys(split.train), keys(split.validation), keys(split.test)];
          expect([...test].every((k) => !train.has(k))).toBe(true);
          expect([...test].every((k) => !validation.has(k))).toBe(true);
          expect([...validation].every((k) => !train.has(k))).toBe(true);
        },
      ),
    );
  });

  it('is the same for the same seed and differs for another', () => {
    const rows = rowsOf(dealt(100, ['a', 'b']));
    expect(splitRows(rows, mapping, 7)).toEqual(splitRows(rows, mapping, 7));
    expect(splitRows(rows, mapping, 7)).not.toEqual(splitRows(rows, mapping, 8));
  });

  it('leaves rows without text or label out', () => {
    const split = splitRows(rowsOf([...dealt(20, ['a', 'b']), [' ', 'a'], ['some', '']]), mapping, 0);
    expect([...split.train, ...split.validation, ...split.test]).toHaveLength(20);
  });
});

it('adopts a given split, first part wins, unknown ids drop out', () => {
  const rows = rowsOf(dealt(6, ['a', 'b']));
  expect(adoptSplit(rows, mapping, { train: ['1', '2', '5', '99'], validation: ['3'], test: ['4', '5'] })).toEqual({
    train: ['1', '2'],
    validation: ['3'],
    test: ['4', '5'],
  });
});

it('prepares ids from a column, fingerprints, and keeps labels in one spelling', async () => {
  const pairs: [string, string][] = [
    ...dealt(30, ['Positive', 'negative']),
    ['x y z', 'positive '],
    ['q r s', 'POSITIVE'],
  ];
  const a = await preparedOf(pairs);
  expect(a.dataset.labels).toEqual(['negative', 'Positive']);
  expect(new Set(a.dataset.table.rows.map((row) => row.cells.label))).toEqual(new Set(['Positive', 'negative']));
  expect(a.balance.map((b) => b.rows)).toEqual([15, 17]);
  const again = await preparedOf(pairs);
  expect(again.dataset.fingerprint).toBe(a.dataset.fingerprint);
  expect(again.dataset.splitHash).toBe(a.dataset.splitHash);
  const other = await preparedOf(pairs, { seed: 1 });
  expect(other.dataset.fingerprint).toBe(a.dataset.fingerprint);
  expect(other.dataset.splitHash).not.toBe(a.dataset.splitHash);
  const byText = await preparedOf(pairs, { seed: 0 }, { text: 'text', label: 'label', id: 'label' });
  expect(new Set(byText.dataset.table.rows.map((row) => row.id)).size).toBe(pairs.length);
});
