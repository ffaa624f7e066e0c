import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng, shuffled } from '../lib/rng';
import { editDataset } from './edit';
import { prepareDataset } from './prepare';
import { tableOf, unlikeTexts } from './test-support';
import type { ColumnMapping, Dataset, SplitBy, SplitName } from './types';

/** What a verdict rests on: no test row is ever trained on, in person or by a copy of its text. */

const PARTS: readonly SplitName[] = ['train', 'validation', 'test'];
const TEXTS = Array.from({ length: 40 }, (_, i) => `message ${i}`);

const rowsOf = fc.array(
  fc.record({
    text: fc.constantFrom(...TEXTS, 'MESSAGE 1', 'message  2', ''),
    label: fc.constantFrom('good', 'bad', ''),
    group: fc.integer({ min: 0, max: 30 }),
    part: fc.constantFrom('train', 'test', 'validation', ''),
  }),
  { minLength: 60, maxLength: 120 },
);
const splits = fc.constantFrom<SplitBy>(
  { kind: 'seed' },
  { kind: 'group', column: 'group' },
  { kind: 'column', column: 'part' },
);
const tasks = fc.constantFrom<ColumnMapping>(
  { text: 'text', label: 'label', id: null, task: 'classify' },
  { text: 'text', label: 'label', id: null, task: 'generate' },
);

const isDisjoint = ({ split }: Dataset) => {
  const ids = PARTS.flatMap((part) => split[part]);
  expect(new Set(ids).size).toBe(ids.length);
};

const prepared = async (
  rows: readonly Readonly<Record<string, string | number>>[],
  mapping: ColumnMapping,
  seed: number,
  splitBy: SplitBy,
) => {
  const lines = rows.map(({ text, label, group, part }) => [text, label, `g${group}`, part].join(','));
  return prepareDataset(tableOf(['text,label,group,part', ...lines].join('\n')), mapping, { seed, splitBy });
};

describe('test rows', () => {
  it('are never among the training or validation rows, however the rows are split (property)', async () => {
    await fc.assert(
      fc.asyncProperty(rowsOf, tasks, fc.nat(), splits, async (rows, mapping, seed, splitBy) => {
        const made = await prepared(rows, mapping, seed, splitBy);
        if (made.ok) isDisjoint(made.value.dataset);
      }),
      { numRuns: 40 },
    );
  });

  it('share no text with other parts unless a column of the file says so (property)', async () => {
    const drawn = fc.constantFrom<SplitBy>({ kind: 'seed' }, { kind: 'group', column: 'group' });
    await fc.assert(
      fc.asyncProperty(rowsOf, tasks, fc.nat(), drawn, async (rows, mapping, seed, splitBy) => {
        const made = await prepared(rows, mapping, seed, splitBy);
        if (!made.ok) return;
        const { dataset, issues } = made.value;
        expect(issues.filter(({ kind }) => kind === 'leak')).toEqual([]);
        isDisjoint(dataset);
      }),
      { numRuns: 40 },
    );
  });

  it('are the same after rows are edited, and are not edited themselves', async () => {
    const rows = TEXTS.map((text, i) => ({ text, label: i % 2 ? 'good' : 'bad', group: i, part: '' }));
    const made = await prepared(rows, { text: 'text', label: 'label', id: null, task: 'classify' }, 3, {
      kind: 'seed',
    });
    if (!made.ok) throw new Error(made.error.message);
    const { dataset } = made.value;
    const [trained = ''] = dataset.split.train;
    const [held = ''] = dataset.split.test;
    const cell = (rowId: string) => ({ kind: 'cell', rowId, column: 'text', value: 'other words' }) as const;
    const edited = await editDataset(dataset, cell(trained), '2026-01-01');
    expect(edited.ok && edited.value.dataset.split.test).toEqual(dataset.split.test);
    expect(await editDataset(dataset, cell(held), '2026-01-01')).toMatchObject({
      ok: false,
      error: { kind: 'test-row' },
    });
  });
});

describe('a split', () => {
  /** Texts in families of one to four near-twins, a label for each family. */
  const families = unlikeTexts(60, 7).flatMap((text, i) =>
    ['', ' again', ' and again', ' (2nd try)'].slice(0, 1 + (i % 4)).map((more, k) => ({
      text: `${text}${more}`,
      label: i % 2 ? 'good' : 'bad',
      group: k === 0 ? i % 25 : i,
      part: '',
    })),
  );
  const mapping = { text: 'text', label: 'label', id: null, task: 'classify' } as const;
  const textsOf = ({ table, split }: Dataset) => {
    const byId = new Map(table.rows.map(({ id, cells }) => [id, cells.text ?? '']));
    return PARTS.map((part) => split[part].map((id) => byId.get(id) ?? ''));
  };
  const madeOf = async (rows: typeof families, splitBy: SplitBy) => {
    const made = await prepared(rows, mapping, 5, splitBy);
    if (!made.ok) throw new Error(made.error.message);
    return made.value;
  };

  it.each<SplitBy>([{ kind: 'seed' }, { kind: 'group', column: 'group' }])(
    'keeps near-twins in one part, and says how many there are: by $kind',
    async (splitBy) => {
      const { dataset, issues } = await madeOf(families, splitBy);
      expect(issues.filter(({ kind }) => kind === 'near-twin')).toEqual([]);
      expect(issues.find(({ kind }) => kind === 'twins-together')).toMatchObject({
        severity: 'info',
        title: '135 rows almost repeat another; each is in one part with its near-twins',
      });
      const moved = /Drawn one by one, (\d+) of (\d+) test rows would have had a near-twin .* they were moved\./;
      const [, n, of] = issues.find(({ kind }) => kind === 'twins-together')?.advice.match(moved) ?? [];
      if (splitBy.kind === 'group') expect(n).toBeUndefined();
      else
        expect([Number(n) > 20, Number(n) <= Number(of), Number(of)]).toEqual([true, true, dataset.split.test.length]);
      for (const part of PARTS) expect(dataset.split[part].length).toBeGreaterThan(8);
    },
  );

  it('lets families fall apart that would leave a part without its rows, and says what they are worth', async () => {
    const alike = Array.from({ length: 90 }, (_, i) => ({
      text: `Hello message number ${i} is about the letter`,
      label: i % 2 ? 'good' : 'bad',
      group: i,
      part: '',
    }));
    const { dataset, issues } = await madeOf(alike, { kind: 'seed' });
    expect(PARTS.map((part) => dataset.split[part].length)).toEqual([45, 14, 31]);
    expect(issues.find(({ kind }) => kind === 'near-twin')?.title).toBe(
      '31 of 31 test rows have a near-twin in training',
    );
  });

  it.each<SplitBy>([{ kind: 'seed' }, { kind: 'group', column: 'group' }, { kind: 'column', column: 'part' }])(
    'has the same rows in the same order, whatever the order of the file: by $kind',
    async (splitBy) => {
      const named = families.map((row, i) => ({ ...row, part: i % 3 ? 'train' : 'test' }));
      const made = await Promise.all(
        [
          named,
          named.toReversed(),
          named.toSorted((a, b) => a.label.localeCompare(b.label)),
          named.toSorted((a, b) => a.text.length - b.text.length),
          shuffled(named, createRng(3)),
        ].map(async (rows) => (await madeOf(rows, splitBy)).dataset),
      );
      for (const dataset of made) {
        expect(textsOf(dataset)).toEqual(textsOf(made[0] as Dataset));
        expect(dataset.labels).toEqual(['bad', 'good']);
      }
    },
  );
});
