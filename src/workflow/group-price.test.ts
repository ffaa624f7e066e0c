import { expect, it } from 'vitest';
import { toCsv } from '../dataset/csv-out';
import { splitAgain } from '../dataset/split-by';
import { preparedOf, tableOf, unlikeTexts } from '../dataset/test-support';
import type { SplitBy } from '../dataset/types';
import { createRng } from '../lib/rng';
import { groupIssue } from './group-price';
import { changeRows, prepareRows } from './open-data';

const MAPPING = { text: 'text', label: 'label', id: null, task: 'classify' } as const;
const COLUMNS = ['text', 'label', 'who', 'note'];
const SENTENCE = /^By word counts (\d+)% when “who” is mixed over the parts, (\d+)% when it is kept together$/;

interface Made {
  readonly rows?: number;
  readonly groups?: number;
  /** Whether a group has a label and words of its own. */
  readonly tells?: boolean;
  readonly pad?: string;
}

/** Rows whose words say their label a little, and their group's name says it too where it tells. */
function rowsOf({ rows = 900, groups = 60, tells = true, pad = '' }: Made) {
  const rng = createRng(5);
  const texts = unlikeTexts(rows, 3);
  const own = Array.from({ length: groups }, () => rng.int(3));
  return texts.map((text, i) => {
    const group = rng.int(groups);
    const label = tells && rng.next() < 0.8 ? (own[group] as number) : rng.int(3);
    const hint = rng.next() < 0.4 ? `hint${label}` : '';
    return [`${text} ${hint} signed${group} ${pad}`, `label ${label}`, `customer ${group}`, `note ${i}`];
  });
}

const dataOf = (made: Made, splitBy?: SplitBy) =>
  prepareRows(tableOf(toCsv(COLUMNS, rowsOf(made))), MAPPING, { seed: 0, splitBy });
const issueIn = async (made: Made, splitBy?: SplitBy) =>
  (await dataOf(made, splitBy)).issues.find(({ kind }) => kind === 'groups');

it('says what word counts reach where groups are mixed and where they are kept together', async () => {
  const issue = await issueIn({});
  const [, mixed, together] = SENTENCE.exec(issue?.title ?? '') ?? [];
  expect(Number(mixed)).toBeGreaterThan(Number(together) + 8);
  expect(issue).toMatchObject({ severity: 'warning', splitBy: { kind: 'group', column: 'who' } });
});

it('is gone once the rows of a group stay together', async () => {
  const { dataset } = await dataOf({});
  const again = await prepareRows(
    dataset.table,
    MAPPING,
    splitAgain(dataset, { by: { kind: 'group', column: 'who' } }),
  );
  expect(again.issues.some(({ kind }) => kind === 'groups')).toBe(false);
});

it('says nothing where a group tells nothing, where groups are few or hold much, and where none comes again', async () => {
  for (const made of [{ tells: false }, { groups: 9 }, { groups: 100_000 }, { rows: 90 }])
    expect(await issueIn(made)).toBeUndefined();
});

it('stays after an edit, without counting the words again', async () => {
  const { dataset, issues } = await dataOf({});
  const title = issues.find(({ kind }) => kind === 'groups')?.title;
  const [rowId = ''] = dataset.split.train;
  const edited = await changeRows(dataset, { kind: 'cell', rowId, column: 'note', value: 'other' }, '2026-12-02');
  const started = performance.now();
  expect(groupIssue(edited.dataset)?.title).toBe(title);
  expect(performance.now() - started).toBeLessThan(150);
});

it('never reads a test row', async () => {
  const { dataset } = await dataOf({});
  const held = new Set(dataset.split.test);
  const rows = dataset.table.rows.map((row) =>
    held.has(row.id) ? { ...row, cells: { ...row.cells, label: 'label 0', text: `${row.id} only` } } : row,
  );
  const other = groupIssue({ ...dataset, table: { ...dataset.table, rows } });
  expect(other?.title).toBe(groupIssue(dataset)?.title);
});

it('outlasts long cells and odd names of columns', async () => {
  const rows = rowsOf({ rows: 300, groups: 20 }).map((row, i) =>
    i === 0 ? ['x '.repeat(500_000), ...row.slice(1)] : row,
  );
  const table = tableOf(toCsv(['text', 'label', '__proto__', 'constructor'], rows));
  const { issues } = await prepareRows(table, MAPPING, { seed: 0 });
  const found = issues.find(({ kind }) => kind === 'groups');
  expect(found?.splitBy).toEqual({ kind: 'group', column: '__proto__' });
  const { issues: none } = await preparedOf([['a', 'x']]);
  expect(none.some(({ kind }) => kind === 'groups')).toBe(false);
});
