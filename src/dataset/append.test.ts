import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDataset } from './edit';
import { rowsById } from './labels';
import { prepareDataset } from './prepare';
import { csvOf, tableOf, unlikeTexts } from './test-support';
import type { ColumnMapping, Dataset, SplitBy } from './types';

const TEXTS = unlikeTexts(120, 11);
const FRESH = unlikeTexts(20, 12);
const MAPPING: ColumnMapping = { text: 'text', label: 'label', id: null, task: 'classify' };
const label = (i: number) => (i % 2 ? 'good' : 'bad');

async function opened(
  splitBy: SplitBy = { kind: 'seed' },
  mapping = MAPPING,
  n = TEXTS.length,
  labelOf = label,
): Promise<Dataset> {
  const rows = TEXTS.slice(0, n).map((text, i) => `"${text}",${labelOf(i)},c${i >> 2},${i % 3 ? 'train' : 'test'}`);
  const table = tableOf(['text,label,customer,part', ...rows].join('\n'));
  const made = await prepareDataset(table, mapping, { seed: 3, splitBy });
  if (!made.ok) throw new Error(made.error.message);
  const { fingerprint } = made.value.dataset;
  const first = { number: 1, createdAt: '', fingerprint, what: 'rows.csv opened', cells: null, dropped: [] };
  return { ...made.value.dataset, versions: [first] };
}

const adding = (csv: string) => {
  const { rows, columns } = tableOf(csv);
  return { kind: 'add-rows', rows, columns, from: 'may.csv' } as const;
};

async function added(dataset: Dataset, csv: string): Promise<Dataset> {
  const made = await editDataset(dataset, adding(csv), 'now');
  if (!made.ok) throw new Error(made.error.message);
  return made.value.dataset;
}

const what = ({ versions }: Dataset) => versions?.at(-1)?.what;
const cellsOf = ({ table }: Dataset, ids: readonly string[]) => {
  const byId = rowsById(table.rows);
  return ids.map((id) => byId.get(id)?.cells);
};

describe('rows that are added', () => {
  it('are training rows, leave the other parts as they are, and say where they came from', async () => {
    const before = await opened();
    const after = await added(before, csvOf(FRESH.map((text, i) => [text, label(i).toUpperCase()])));
    const { train, ...held } = after.split;
    expect(held).toEqual({ validation: before.split.validation, test: before.split.test });
    expect(after.heldBackHash).toBe(before.heldBackHash);
    expect(train.slice(0, before.split.train.length)).toEqual(before.split.train);
    expect(train.slice(before.split.train.length)).toEqual(FRESH.map((_, i) => String(121 + i)));
    expect(after.labels).toEqual(before.labels);
    expect(new Set(cellsOf(after, train).map((cells) => cells?.label))).toEqual(new Set(['good', 'bad']));
    expect(what(after)).toBe('20 rows from may.csv added to training');
    expect(after.versions?.at(-1)).toMatchObject({ number: 2, added: 20, fingerprint: after.fingerprint });
  });

  it('are the same in every order of their file', async () => {
    const rows = FRESH.map((text, i) => [text, label(i)] as const);
    const before = await opened();
    const [one, other] = [await added(before, csvOf(rows)), await added(before, csvOf(rows.toReversed()))];
    expect(cellsOf(other, other.split.train)).toEqual(cellsOf(one, one.split.train));
    expect(other.fingerprint).toBe(one.fingerprint);
  });

  it('are left out where they repeat a row, almost repeat one, contradict one, or cannot be learned from', async () => {
    const before = await opened();
    const [trained, held] = [before.split.train[0], before.split.test[0]].map(
      (id = '') => rowsById(before.table.rows).get(id)?.cells ?? {},
    );
    const rows = [
      [FRESH[0], 'good'],
      [`${FRESH[0]} `, 'good'],
      [trained?.text, trained?.label],
      [held?.text, held?.label === 'good' ? 'bad' : 'good'],
      [`${held?.text} again`, held?.label],
      ['  ', 'good'],
      [FRESH[1], ''],
      [FRESH[2], 'ugly'],
    ].map(([text = '', answer = '']) => [text, answer] as const);
    const after = await added(before, csvOf(rows));
    expect(after.split.train).toHaveLength(before.split.train.length + 1);
    expect(after.split.test).toEqual(before.split.test);
    expect(what(after)).toBe(
      '1 row from may.csv added to training (left out: 2 with the text of a row that is here, 1 with the text of a row that is here and another answer, 2 without a text or an answer, 1 with a label that no row has yet, 1 that almost repeats a row that is here)',
    );
    const none = await editDataset(before, adding(csvOf(rows.slice(2, 3))), 'now');
    expect(none).toMatchObject({ ok: false, error: { kind: 'nothing-added' } });
  });

  it('do not join a customer or a part that is tested', async () => {
    const [first = '', second = ''] = FRESH;
    const grouped = await opened({ kind: 'group', column: 'customer' });
    const customer = (part: 'train' | 'test') => cellsOf(grouped, grouped.split[part])[0]?.customer;
    const csv = `text,label,customer\n"${first}",good,${customer('test')}\n"${second}",good,${customer('train')}`;
    const after = await added(grouped, csv);
    expect(cellsOf(after, after.split.train.slice(-1))).toMatchObject([{ text: second }]);
    expect(what(after)).toContain('left out: 1 that belongs to validation or test');
    const named = await opened({ kind: 'column', column: 'part' });
    const both = await added(named, `text,label,part\n"${first}",good,test\n"${second}",good,`);
    expect(both.split.test).toEqual(named.split.test);
    expect(cellsOf(both, both.split.train.slice(-1))).toMatchObject([{ text: second }]);
  });

  it('are dealt out to all parts, with any label, where nothing could be trained and tested before', async () => {
    const few = await opened({ kind: 'seed' }, MAPPING, 3);
    const oneLabel = await opened({ kind: 'seed' }, MAPPING, 60, () => 'good');
    const csv = csvOf(unlikeTexts(80, 13).map((text, i) => [text, i % 2 ? 'good' : 'ugly']));
    for (const [before, labels] of [
      [few, ['bad', 'good', 'ugly']],
      [oneLabel, ['good', 'ugly']],
    ] as const) {
      const after = await added(before, csv);
      expect(after.labels.toSorted()).toEqual(labels);
      expect(after.split.test.length).toBeGreaterThan(9);
      expect(what(after)).toBe('80 rows from may.csv added');
    }
  });

  it('need the columns of the text and of the answer', async () => {
    expect(await editDataset(await opened(), adding('said,mood\nhello,good'), 'now')).toMatchObject({
      ok: false,
      error: { kind: 'no-column', message: expect.stringContaining('may.csv has no column “text”; it has “said”') },
    });
  });

  it('keep the names of their rows apart from those that are there, and a hostile column name harmless', async () => {
    const before = await opened({ kind: 'seed' }, { ...MAPPING, id: 'customer' });
    const csv = `text,label,customer,__proto__\n"${FRESH[0]}",good,c1,x\n"${FRESH[1]}",bad,new,x`;
    const after = await added(before, csv);
    const ids = after.table.rows.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(Object.keys(after.table.rows.at(-1)?.cells ?? {})).not.toContain('__proto__');
  });
});

describe('going back', () => {
  it('takes added rows away and returns them, through any edits in between', async () => {
    const act = fc.oneof(
      fc.nat(19).map((i) => ({ kind: 'add', i }) as const),
      fc.nat(200).map((i) => ({ kind: 'cell', i }) as const),
      fc.nat(20).map((i) => ({ kind: 'back', i }) as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 8 }), async (acts) => {
        const states = [await opened()];
        for (const { kind, i } of acts) {
          const now = states.at(-1) as Dataset;
          const rowId = now.split.train[i % now.split.train.length] ?? '';
          const change =
            kind === 'add'
              ? adding(csvOf(FRESH.slice(i, i + 2).map((text) => [text, 'good'])))
              : kind === 'cell'
                ? ({ kind: 'cell', rowId, column: 'text', value: `edited ${states.length} ${i}` } as const)
                : ({ kind: 'go-back', version: 1 + (i % states.length) } as const);
          const made = await editDataset(now, change, 'now');
          if (!made.ok) continue;
          if (change.kind === 'go-back') {
            const then = states[change.version - 1] as Dataset;
            expect(made.value.dataset.fingerprint).toBe(then.fingerprint);
            expect(made.value.dataset.split.train.toSorted()).toEqual(then.split.train.toSorted());
          }
          expect(made.value.dataset.split.test).toEqual(now.split.test);
          states.push(made.value.dataset);
        }
      }),
      { numRuns: 40 },
    );
  });
});
