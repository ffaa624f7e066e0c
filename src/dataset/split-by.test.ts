import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prepareDataset } from './prepare';
import { partColumns, partNamed, splitAgain, splitChoices, splitColumns } from './split-by';
import { tableOf } from './test-support';
import type { SplitBy } from './types';

type Cells = readonly [text: string, label: string, extra: string];
const MAPPING = { text: 'text', label: 'label', id: null, task: 'classify' } as const;
const table = (rows: readonly Cells[]) =>
  tableOf(['text,label,extra', ...rows.map((cells) => cells.join(','))].join('\n'));
const split = (rows: readonly Cells[], splitBy: SplitBy, seed = 0) =>
  prepareDataset(table(rows), MAPPING, { seed, splitBy });

const deal = (n: number, extra: (i: number) => string): Cells[] =>
  Array.from({ length: n }, (_, i) => [`message ${i}`, i % 3 === 0 ? 'bad' : 'good', extra(i)]);

describe('by a column that names the parts', () => {
  const by = { kind: 'column', column: 'extra' } as const;

  it('follows it, however the parts are written; rows that it does not name are in none, and said', async () => {
    const names = ['Train', 'training ', 'DEV', 'held-out', ''];
    const made = await split(
      deal(100, (i) => names[i % 5] as string),
      by,
    );
    if (!made.ok) throw new Error(made.error.message);
    const { dataset, issues } = made.value;
    expect([dataset.split.train.length, dataset.split.validation.length, dataset.split.test.length]).toEqual([
      40, 20, 20,
    ]);
    expect(issues.find(({ kind }) => kind === 'no-part')?.rowIds).toHaveLength(20);
    expect(dataset.splitBy).toEqual(by);
  });

  it('reads the names of parts with a space, a hyphen or neither', () => {
    expect(['held out', 'Hold-out', 'heldback', 'hold  out'].map(partNamed)).toEqual(new Array(4).fill('test'));
    expect(['out', 'test 2'].map(partNamed)).toEqual([null, null]);
  });

  it('leaves out rows without a label in every part', async () => {
    const rows = deal(100, (i) => (i % 2 ? 'train' : 'test')).map(
      ([text, label, part], i): Cells => [text, i < 20 ? '' : label, part],
    );
    const made = await split(rows, by);
    const { train, validation, test } = made.ok ? made.value.dataset.split : { train: [], validation: [], test: [] };
    expect([train.length + validation.length, test.length]).toEqual([40, 40]);
  });

  it('takes validation rows out of the training rows where it names none', async () => {
    const made = await split(
      deal(200, (i) => (i % 2 ? 'train' : 'test')),
      by,
    );
    expect(made.ok && made.value.dataset.split).toMatchObject({ test: expect.objectContaining({ length: 100 }) });
    expect(made.ok && made.value.dataset.split.validation.length).toBe(23);
  });

  it('is refused where it names no part, with some of its cells', async () => {
    const made = await split(
      deal(100, (i) => (i % 2 ? 'red' : 'blue')),
      by,
    );
    expect(made).toMatchObject({ ok: false, error: { kind: 'no-parts' } });
    expect(!made.ok && made.error.message).toContain('“blue”, “red”');
  });

  it('finds texts on both sides, and leaves out the training copies with one click', async () => {
    const rows = deal(100, (i) => (i % 2 ? 'train' : 'test'));
    rows[1] = ['message 0', 'bad', 'train'];
    const made = await split(rows, by);
    const leak = made.ok ? made.value.issues.find(({ kind }) => kind === 'leak') : undefined;
    expect(leak?.rowIds).toEqual(['1']);
    expect(leak?.fix?.change).toEqual({ kind: 'unlabel', rowIds: ['2'] });
  });
});

it('finds the columns that name parts', () => {
  const { columns, rows } = table(deal(50, (i) => ['train', 'val', 'test'][i % 3] as string));
  expect(partColumns(columns, rows)).toEqual(['extra']);
  expect(partColumns(columns, table(deal(50, (i) => ['train', 'bus', 'test', 'car'][i % 4] as string)).rows)).toEqual([
    'extra',
  ]);
  expect(partColumns(columns, table(deal(50, () => 'train')).rows)).toEqual([]);
});

describe('by group', () => {
  const by = { kind: 'group', column: 'extra' } as const;

  it('keeps rows of a group, and rows that say the same, in one part; every row has one (property)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(60), fc.nat(40), fc.boolean()), { minLength: 60, maxLength: 120 }),
        fc.nat(5),
        async (drawn, seed) => {
          const rows = drawn.map(
            ([text, group, label]): Cells => [
              `message ${text}`,
              label ? 'good' : 'bad',
              group === 0 ? '' : `c${group}`,
            ],
          );
          const made = await split(rows, by, seed);
          if (!made.ok) {
            expect(made.error.kind).toBe('few-groups');
            return;
          }
          const { dataset } = made.value;
          const partOf = new Map(
            (['train', 'validation', 'test'] as const).flatMap((part) =>
              dataset.split[part].map((id) => [id, part] as const),
            ),
          );
          expect(partOf.size).toBe(rows.length);
          const places = new Map<string, Set<unknown>>();
          for (const row of dataset.table.rows)
            for (const key of [`t${row.cells.text}`, row.cells.extra === '' ? '' : `g${row.cells.extra}`])
              if (key) places.set(key, (places.get(key) ?? new Set()).add(partOf.get(row.id)));
          expect([...places.values()].every((parts) => parts.size === 1)).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('gives each part about its share of the rows and of each label', async () => {
    const made = await split(
      deal(600, (i) => `customer ${Math.floor(i / 4)}`),
      by,
      1,
    );
    if (!made.ok) throw new Error(made.error.message);
    const { split: parts, table: found } = made.value.dataset;
    expect(Math.abs(parts.test.length - 210)).toBeLessThan(15);
    expect(Math.abs(parts.validation.length - 90)).toBeLessThan(15);
    const bad = new Set(found.rows.filter((row) => row.cells.label === 'bad').map(({ id }) => id));
    const share = parts.test.filter((id) => bad.has(id)).length / parts.test.length;
    expect(Math.abs(share - 1 / 3)).toBeLessThan(0.04);
  });

  it('is refused with a handful of groups', async () => {
    expect(
      await split(
        deal(100, (i) => `c${i % 4}`),
        by,
      ),
    ).toMatchObject({ ok: false, error: { kind: 'few-groups' } });
  });
});

describe('splitting again', () => {
  const by = { kind: 'column', column: 'extra' } as const;
  const parted = async (splitBy: SplitBy, seed: number) => {
    const made = await split(
      deal(100, (i) => (i % 4 ? 'train' : 'test')),
      splitBy,
      seed,
    );
    if (!made.ok) throw new Error(made.error.message);
    return made.value.dataset;
  };

  it('keeps whatever is not named: the seed, the labels, and the number of test rows', async () => {
    const dataset = await parted({ kind: 'seed' }, 3);
    expect(splitAgain(dataset, { testRows: 20 })).toMatchObject({ seed: 3, splitBy: { kind: 'seed' } });
    expect(splitAgain(dataset, { testRows: 20 }).shares?.test).toBeCloseTo(0.2);
    const { shares, labelOrder } = splitAgain(dataset, { seed: 8 });
    expect(shares?.test).toBeCloseTo(dataset.split.test.length / 100);
    expect(labelOrder).toEqual(dataset.labels);
  });

  it('takes no sizes over from a column that names the parts', async () => {
    const dataset = await parted(by, 0);
    expect(splitAgain(dataset, { by: { kind: 'seed' } })).toEqual({
      splitBy: { kind: 'seed' },
      seed: 0,
      labelOrder: dataset.labels,
    });
  });
});

describe('the columns that a split can follow', () => {
  const wide = (rows: number, groups: number) =>
    tableOf(
      [
        'text,label,no,part,team',
        ...Array.from({ length: rows }, (_, i) =>
          [`message ${i}`, i % 2 ? 'a' : 'b', `n${i}`, i % 3 ? 'train' : 'test', i < groups ? `t${i}` : 't0'].join(','),
        ),
      ].join('\n'),
    );

  it('name parts, or repeat in ten groups or more; text, label and names of rows are none', () => {
    expect(splitColumns({ table: wide(60, 10), mapping: MAPPING })).toEqual({ naming: ['part'], grouping: ['team'] });
    expect(splitColumns({ table: wide(60, 9), mapping: MAPPING }).grouping).toEqual([]);
    // nine of ten cells may differ, no more
    expect(splitColumns({ table: wide(60, 54), mapping: MAPPING }).grouping).toEqual(['team']);
    expect(splitColumns({ table: wide(60, 55), mapping: MAPPING }).grouping).toEqual([]);
    const named = { text: 'no', label: 'part', id: 'team', task: 'classify' } as const;
    expect(splitColumns({ table: wide(60, 10), mapping: named })).toEqual({ naming: [], grouping: [] });
  });

  it('are offered after the seed, and the one in use even where it no longer fits', () => {
    const columns = { naming: ['part'], grouping: ['team'] };
    const offered = [{ kind: 'seed' }, { kind: 'column', column: 'part' }, { kind: 'group', column: 'team' }] as const;
    for (const now of offered) expect(splitChoices(columns, now)).toEqual(offered);
    for (const now of [
      { kind: 'column', column: 'team' },
      { kind: 'group', column: 'old' },
    ] as const)
      expect(splitChoices(columns, now)).toEqual([...offered, now]);
    expect(splitChoices({ naming: [], grouping: [] }, { kind: 'seed' })).toEqual([{ kind: 'seed' }]);
  });

  it('name parts in the words that people use', () => {
    expect(['TRAIN ', 'fit', 'Dev', 'tuning', 'Held Out', 'eval', 'bus', ''].map(partNamed)).toEqual([
      ...['train', 'train', 'validation', 'validation', 'test', 'test', null, null],
    ]);
    const { columns, rows } = table(deal(60, (i) => ['train', 'val', 'test', 'bus'][i % 4] as string));
    expect(partColumns(columns, rows)).toEqual([]);
  });
});

describe('a column that cannot be followed', () => {
  const message = async (extra: (i: number) => string, kind: 'column' | 'group') => {
    const made = await split(deal(100, extra), { kind, column: 'extra' });
    return made.ok ? null : made.error.message;
  };

  it('is said with what it lacks, and at most four of its cells', async () => {
    expect(await message((i) => ['test', 'a', 'b', 'c', 'd'][i % 5] as string, 'column')).toBe(
      '“extra” names no training rows: it says “test”, “a”, “b”, “c”. Cells such as train, validation and test are understood; the split is unchanged.',
    );
    expect(await message(() => 'train', 'column')).toContain('names no test rows: it says “train”.');
    expect(await message((i) => `g${i % 9}`, 'group')).toMatch(/^“extra” has only 9 groups: too few/);
    expect(await message((i) => `g${i % 10}`, 'group')).toBeNull();
  });
});

it('a split that is made again takes over a column that groups, and the test rows that are named', async () => {
  const made = await split(
    deal(100, (i) => `g${i % 20}`),
    { kind: 'group', column: 'extra' },
  );
  if (!made.ok) throw new Error(made.error.message);
  const by = { kind: 'seed' } as const;
  expect(splitAgain(made.value.dataset, {})).toMatchObject({ splitBy: { kind: 'group', column: 'extra' }, seed: 0 });
  expect(splitAgain(made.value.dataset, { by, seed: 2, testRows: 10 })).toMatchObject({ splitBy: by, seed: 2 });
  const named = await split(
    deal(100, (i) => (i % 4 ? 'train' : 'test')),
    { kind: 'column', column: 'extra' },
  );
  if (!named.ok) throw new Error(named.error.message);
  expect(splitAgain(named.value.dataset, { testRows: 10 }).shares?.test).toBeCloseTo(0.1);
});
