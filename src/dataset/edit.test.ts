import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDataset } from './edit';
import { dealt, preparedOf } from './test-support';
import type { Change, Dataset } from './types';
import { freshVersion, otherVersionWords } from './versions';

const LABELS = ['bad', 'good'];
const NOW = '2026-01-01T00:00:00.000Z';

const opened = async (rows = dealt(60, LABELS)): Promise<Dataset> =>
  freshVersion((await preparedOf(rows)).dataset, 'Opened', NOW);

async function edited(dataset: Dataset, change: Change) {
  const result = await editDataset(dataset, change, NOW);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

const whats = (dataset: Dataset) => dataset.versions?.map(({ number, what }) => `${number} ${what}`);
const cell = (dataset: Dataset, id: string, column: string) =>
  dataset.table.rows.find((row) => row.id === id)?.cells[column];
/** A training row whose label is “good”. */
const trainRow = (dataset: Dataset) =>
  dataset.split.train.find((id) => cell(dataset, id, 'label') === 'good') as string;

describe('a changed cell', () => {
  it('makes a version with another fingerprint and the same split', async () => {
    const before = await opened();
    const id = trainRow(before);
    const { dataset } = await edited(before, { kind: 'cell', rowId: id, column: 'label', value: 'bad' });
    expect(cell(dataset, id, 'label')).toBe('bad');
    expect(dataset.fingerprint).not.toBe(before.fingerprint);
    expect(dataset.split).toEqual(before.split);
    expect(whats(dataset)).toEqual(['1 Opened', `2 Row ${id}: “label” changed, from “good” to “bad”`]);
    expect(otherVersionWords(dataset, before.fingerprint)).toBe('made on version 1 of the data, now at 2');
    expect(otherVersionWords(dataset, dataset.fingerprint)).toBeNull();
    expect(otherVersionWords(dataset, 'f00')).toContain('different rows');
  });

  it('never says a text in the list of versions', async () => {
    const before = await opened();
    const { dataset } = await edited(before, {
      kind: 'cell',
      rowId: trainRow(before),
      column: 'text',
      value: 'a secret',
    });
    expect(whats(dataset)?.join()).not.toContain('secret');
    expect(whats(dataset)?.join()).not.toContain('message');
  });

  it('is refused in a test row', async () => {
    const before = await opened();
    const rowId = before.split.test[0] as string;
    for (const column of ['label', 'text'])
      expect(await editDataset(before, { kind: 'cell', rowId, column, value: 'bad' }, NOW)).toMatchObject({
        ok: false,
        error: { kind: 'test-row' },
      });
  });

  it('keeps no half of a character, which no file could hold', async () => {
    const before = await opened();
    const { dataset } = await edited(before, {
      kind: 'cell',
      rowId: trainRow(before),
      column: 'text',
      value: 'a\ud83d',
    });
    expect(cell(dataset, trainRow(before), 'text')).toBe('a\ufffd');
  });

  it('takes the common spelling of its label', async () => {
    const before = await opened();
    const id = trainRow(before);
    const { dataset } = await edited(before, { kind: 'cell', rowId: id, column: 'label', value: ' BAD ' });
    expect(cell(dataset, id, 'label')).toBe('bad');
    expect(dataset.labels).toEqual(LABELS);
  });

  it('that stays the same makes no version', async () => {
    const before = await opened();
    const change: Change = { kind: 'cell', rowId: trainRow(before), column: 'label', value: 'good' };
    expect(await editDataset(before, change, NOW)).toMatchObject({ ok: false, error: { kind: 'nothing-changed' } });
    expect(await editDataset(before, { ...change, rowId: 'x' }, NOW)).toMatchObject({
      error: { kind: 'unknown-row' },
    });
  });

  it('that labels a row puts it into training, never into the test rows', async () => {
    const before = await opened([...dealt(60, LABELS), ['nobody labelled this', '']]);
    const { dataset } = await edited(before, { kind: 'cell', rowId: '61', column: 'label', value: 'good' });
    expect(dataset.split.train).toContain('61');
    expect(dataset.split.test).toEqual(before.split.test);
  });
});

it('merges labels in all rows, test rows included', async () => {
  const before = await opened(dealt(60, ['good', 'bad', 'goood']));
  const { dataset } = await edited(before, { kind: 'merge-labels', from: ['goood'], into: 'good' });
  expect(dataset.labels).toEqual(['bad', 'good']);
  expect(whats(dataset)?.at(-1)).toBe('2 “goood” merged into “good” in 20 rows');
});

it('masks personal data in the columns that are named, and says how much', async () => {
  const rows = dealt(60, LABELS);
  rows[0] = ['write to a@b.de or call +49 30 901820', 'good'];
  rows[1] = ['c@d.org', 'bad'];
  const before = await opened(rows);
  const { dataset, issues } = await edited(before, { kind: 'mask', columns: ['text', 'label'] });
  expect(cell(dataset, '1', 'text')).toBe('write to [email] or call [phone]');
  expect(whats(dataset)?.at(-1)).toBe('2 2 e-mail addresses and 1 phone number masked in 2 rows');
  expect(issues.map(({ kind }) => kind)).not.toContain('personal-data');
});

it('goes back to any version, rows that had left included, and gives its fingerprint again', async () => {
  const first = await opened();
  const gone = [...first.split.train.slice(0, 3), first.split.validation[0] as string];
  const { dataset: second } = await edited(first, { kind: 'unlabel', rowIds: [...gone, ...first.split.test] });
  expect(second.split.test).toEqual(first.split.test);
  expect(second.split.validation).not.toContain(gone[3]);
  const { dataset: third } = await edited(second, { kind: 'cell', rowId: gone[0] ?? '', column: 'text', value: 'x' });
  const { dataset: back } = await edited(third, { kind: 'go-back', version: 1 });
  expect(back.fingerprint).toBe(first.fingerprint);
  for (const part of ['train', 'validation', 'test'] as const)
    expect([...back.split[part]].sort()).toEqual([...first.split[part]].sort());
  expect(whats(back)?.at(-1)).toBe('4 Back to version 1');
});

it('has no way back past other rows', async () => {
  const first = await opened();
  const other = freshVersion((await preparedOf(dealt(40, LABELS))).dataset, 'Another file', NOW, first.versions);
  expect(await editDataset(other, { kind: 'go-back', version: 1 }, NOW)).toMatchObject({
    ok: false,
    error: { kind: 'no-way-back' },
  });
});

const changeOf = (dataset: Dataset): fc.Arbitrary<Change> => {
  const rowId = fc.constantFrom(...dataset.table.rows.map(({ id }) => id));
  return fc.oneof(
    fc.record({
      kind: fc.constant('cell' as const),
      rowId,
      column: fc.constantFrom('text', 'label'),
      value: fc.constantFrom('good', 'bad', 'Bad', 'new', '', 'x@y.de', ' '),
    }),
    fc.constant({ kind: 'merge-labels' as const, from: ['bad'], into: 'good' }),
    fc.record({ kind: fc.constant('unlabel' as const), rowIds: fc.array(rowId, { maxLength: 4 }) }),
    fc.constant({ kind: 'mask' as const, columns: ['text'] }),
  );
};

it('can go back to every version, loses no row, and moves none into the test rows (property)', async () => {
  const first = await opened(dealt(20, LABELS));
  await fc.assert(
    fc.asyncProperty(fc.array(changeOf(first), { maxLength: 6 }), fc.nat(), async (changes, pick) => {
      let now = first;
      for (const change of changes) {
        const next = await editDataset(now, change, NOW);
        if (next.ok) now = next.value.dataset;
        expect(now.table.rows).toHaveLength(20);
        expect(now.split.test.every((id) => first.split.test.includes(id))).toBe(true);
      }
      const versions = now.versions ?? [];
      const wanted = versions[pick % versions.length];
      if (!wanted || wanted.fingerprint === now.fingerprint) return;
      const back = await edited(now, { kind: 'go-back', version: wanted.number });
      expect(back.dataset.fingerprint).toBe(wanted.fingerprint);
    }),
    { numRuns: 60 },
  );
});

describe('labels of test rows, corrected without seeing a prediction', () => {
  it('make a version with the same split, which says how many', async () => {
    const before = await opened();
    const rowId = before.split.test[0] as string;
    const other = cell(before, rowId, 'label') === 'good' ? 'bad' : 'good';
    const { dataset } = await edited(before, { kind: 'relabel', labels: [[rowId, other]] });
    expect(cell(dataset, rowId, 'label')).toBe(other);
    expect(dataset.split).toEqual(before.split);
    expect(dataset.labels).toEqual(before.labels);
    expect(whats(dataset)?.at(-1)).toBe('2 1 label of test rows corrected without seeing any prediction');
  });
});
