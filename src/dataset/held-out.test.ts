import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDataset } from './edit';
import { prepareDataset } from './prepare';
import { tableOf } from './test-support';
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
  { text: 'text', label: 'label', id: null },
  { text: 'text', label: 'label', id: null, task: 'write' },
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
    const made = await prepared(rows, { text: 'text', label: 'label', id: null }, 3, { kind: 'seed' });
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
