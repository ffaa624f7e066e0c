import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textKey } from './labels';
import { adoptSplit, partedTwins, seats, sharesFor, splitRows, splitSizes } from './split';
import { csvOf, dealt, preparedOf, tableOf, unlikeTexts } from './test-support';

const mapping = { text: 'text', label: 'label', id: null, task: 'classify' } as const;
const rowsOf = (pairs: readonly (readonly [string, string])[]) => tableOf(csvOf(pairs)).rows;

describe('splitSizes', () => {
  it('is 50/15/35 by default, with at least 60 test rows from 120 rows on', () => {
    expect(splitSizes(300)).toEqual({ train: 150, validation: 45, test: 105 });
    expect(splitSizes(120)).toEqual({ train: 46, validation: 14, test: 60 });
    expect(splitSizes(100)).toEqual({ train: 50, validation: 15, test: 35 });
    expect(splitSizes(2)).toEqual({ train: 1, validation: 0, test: 1 });
  });

  it.each([
    { n: 119, shares: undefined, parts: [59, 18, 42] },
    { n: 1, shares: undefined, parts: [1, 0, 0] },
    { n: 3, shares: [90, 5, 5], parts: [2, 0, 1] },
    { n: 10, shares: [8, 2, 0], parts: [8, 2, 0] },
    { n: 50, shares: [0, 0, 1], parts: [0, 0, 50] },
    { n: 100, shares: [40, 40, 20], parts: [40, 40, 20] },
    { n: 300, shares: [6, 2, 2], parts: [180, 60, 60] },
  ])(
    'has one test row where any are wanted, and all of them where nothing else is: $n rows',
    ({ n, shares, parts }) => {
      const [train = 0, validation = 0, test = 0] = shares ?? [];
      expect(Object.values(splitSizes(n, shares && { train, validation, test }))).toEqual(parts);
    },
  );

  it('shares what is not for testing as by default', () => {
    const shares = sharesFor(0.2);
    expect(shares.test).toBe(0.2);
    expect(shares.train + shares.validation).toBeCloseTo(0.8, 12);
    expect(shares.train / shares.validation).toBeCloseTo(50 / 15, 12);
  });

  it('follows the slider', () => {
    expect(splitSizes(200, { train: 70, validation: 15, test: 15 })).toEqual({ train: 140, validation: 30, test: 30 });
  });
});

it.each([
  { sizes: [50, 30, 20], total: 10, given: [5, 3, 2] },
  { sizes: [47, 16, 15, 5], total: 10, given: [5, 2, 2, 1] },
  { sizes: [2, 98], total: 10, given: [0, 10] },
  { sizes: [3, 97], total: 10, given: [1, 9] },
  { sizes: [10, 10], total: 5, given: [3, 2] },
  { sizes: [1, 1, 10], total: 11, given: [1, 1, 9] },
  { sizes: [3, 3, 3], total: 2, given: [1, 1, 0] },
  { sizes: [100, 3, 3, 3], total: 4, given: [1, 1, 1, 1] },
  // the seat that a small class has already is its share: the next one goes to a large class
  { sizes: [3, 3, 30, 30, 30], total: 30, given: [1, 1, 10, 9, 9] },
  { sizes: [0, 0], total: 0, given: [0, 0] },
])('gives $sizes rows $given of $total seats', ({ sizes, total, given }) => {
  expect(seats(sizes, total)).toEqual(given);
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

  it('repeats with its seed and differs with another', () => {
    const rows = rowsOf(dealt(100, ['a', 'b']));
    expect(splitRows(rows, mapping, 7)).toEqual(splitRows(rows, mapping, 7));
    expect(splitRows(rows, mapping, 7)).not.toEqual(splitRows(rows, mapping, 8));
  });

  it('leaves rows without text or label out', () => {
    const split = splitRows(rowsOf([...dealt(20, ['a', 'b']), [' ', 'a'], ['some', '']]), mapping, 0);
    expect([...split.train, ...split.validation, ...split.test]).toHaveLength(20);
  });
});

describe('rows that repeat', () => {
  const twice = (text: string, n: number, label = 'a'): [string, string][] =>
    Array.from({ length: n }, () => [text, label]);
  const texts = unlikeTexts(30, 3);
  const single = (from: number, n: number, label = 'a'): [string, string][] =>
    texts.slice(from, from + n).map((text) => [text, label]);

  it('are for training while rows that say something of their own are left to test with', () => {
    const rows = rowsOf([...twice('again', 6), ...single(0, 6)]);
    const { train, validation, test } = splitRows(rows, mapping, 3);
    expect([train.length, validation.length, test.length]).toEqual([6, 2, 4]);
    expect([...train].sort()).toEqual(['1', '2', '3', '4', '5', '6']);
  });

  it('go to a part whole, unless they overshoot it by more than they fill', () => {
    // 20 rows, of which 7 are for testing: groups of 4, the second of which fills 3 of 4
    const rows = rowsOf(['one', 'two', 'three', 'four', 'five'].flatMap((text) => twice(text, 4)));
    const { train, validation, test } = splitRows(rows, mapping, 1);
    expect([train.length, validation.length, test.length]).toEqual([8, 4, 8]);
  });

  it('are labels in the order of their names, whatever the order of the file', () => {
    const split = (rows: readonly (readonly [string, string])[]) => {
      const table = rowsOf(rows);
      const { test } = splitRows(table, mapping, 5);
      return test.map((id) => table.find((row) => row.id === id)?.cells.text).sort();
    };
    const rows = [...single(0, 9, 'b'), ...single(9, 9, 'a'), ...single(18, 9, 'c')];
    expect(split(rows.toReversed())).toEqual(split(rows));
  });

  it('but not quite are counted where a split by rows would have parted them', () => {
    const [first = '', ...others] = texts;
    const near = Array.from({ length: 5 }, (_, i): [string, string] => [`${first} ${i}`, 'a']);
    const table = tableOf(csvOf([...near, ...others.slice(0, 15).map((text): [string, string] => [text, 'a'])]));
    const split = splitRows(table.rows, mapping, 0);
    const family = table.rows.slice(0, 5).map((row) => row);
    const parted = partedTwins({ table, mapping, seed: 0, split }, [family]);
    expect(parted.length).toBeGreaterThan(0);
    expect(parted.length).toBeLessThan(5);
    // a family that is in the test part as a whole parts nothing
    const test = split.test.map((id) => table.rows.find((row) => row.id === id)).filter((row) => row !== undefined);
    const whole = test.filter((row) => !family.includes(row)).slice(0, 1);
    expect(partedTwins({ table, mapping, seed: 0, split }, [whole])).toEqual([]);
  });
});

it('adopts the very lists that it can use as they are', () => {
  const fixed = { train: ['1', '2'], validation: ['3'], test: ['4', '5'] };
  const adopted = adoptSplit(rowsOf(dealt(6, ['a', 'b'])), mapping, fixed);
  expect(adopted.train).toBe(fixed.train);
  expect(adopted.validation).toBe(fixed.validation);
  expect(adopted.test).toBe(fixed.test);
  expect(
    adoptSplit(rowsOf([...dealt(2, ['a']), ['', 'a']]), mapping, { ...fixed, train: ['1', '2', '3'] }).train,
  ).toEqual(['1', '2']);
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
  const byText = await preparedOf(pairs, { seed: 0 }, { text: 'text', label: 'label', id: 'label', task: 'classify' });
  expect(new Set(byText.dataset.table.rows.map((row) => row.id)).size).toBe(pairs.length);
});
