import { describe, expect, it } from 'vitest';
import { tableOf } from '../../dataset/test-support';
import type { Dataset } from '../../dataset/types';
import { holm, mcnemarExact } from '../../metrics/mcnemar';
import { rowGroups } from '../rows';
import { labelSuspects } from '../vote';
import { slicesOf, slicesSentence, TEXT_LENGTH } from './slices';

/** 60 rows: channel in turn mail/chat, an order number of its own each, a rating 1 to 60, one rare value. */
function dataset(): Dataset {
  const rows = Array.from({ length: 60 }, (_, i) =>
    [
      `${'word '.repeat(1 + (i % 6))}${i}`,
      i % 2 ? 'yes' : 'no',
      i % 3 ? 'mail' : 'chat',
      `N-${i}x`,
      i + 1,
      'x',
      i < 4 ? 'odd' : 'plain',
    ].join(','),
  );
  const table = tableOf(['text,label,channel,order,rating,same,flag', ...rows].join('\n'));
  const ids = table.rows.map(({ id }) => id);
  return {
    table,
    mapping: { text: 'text', label: 'label', id: null, task: 'classify' },
    labels: ['no', 'yes'],
    split: { train: [], validation: [], test: ids },
    seed: 0,
    fingerprint: '',
    splitHash: '',
    heldBackHash: '',
    splitBy: { kind: 'seed' },
  };
}

describe('slices', () => {
  const data = dataset();
  const ids = data.split.test;
  const gold = ids.map((_, i) => i % 2);
  // A is wrong wherever the channel is chat; B is right everywhere.
  const a = { predictions: gold.map((g, i) => (i % 3 ? g : 1 - g)) };
  const b = { predictions: gold };
  const report = slicesOf(data, { rowIds: ids, gold }, a, b);
  const of = (column: string) => report.slices.filter((slice) => slice.column === column);

  it('are the label, the text length in thirds, and every column whose values are shared by enough rows', () => {
    expect([...new Set(report.slices.map(({ column }) => column))]).toEqual([
      'label',
      TEXT_LENGTH,
      'channel',
      'rating',
    ]);
    expect(of('channel').map(({ name, rowIds }) => [name, rowIds.length])).toEqual([
      ['chat', 20],
      ['mail', 40],
    ]);
    expect(of('rating').map(({ name }) => name)).toEqual(['up to 20.67', '20.67 to 40.33', 'over 40.33']);
    expect(report.leftOut.map(({ column }) => column)).toEqual(['order', 'same', 'flag']);
  });

  it('have the figures of a count by hand', () => {
    const [chat, mail] = of('channel');
    expect(chat).toMatchObject({ accuracyA: 0, accuracyB: 1, aOnly: 0, bOnly: 20, difference: 1 });
    expect(mail).toMatchObject({ accuracyA: 1, accuracyB: 1, difference: 0, p: 1 });
    expect(chat?.p).toBe(mcnemarExact(0, 20));
    expect(chat?.rowIds).toEqual(ids.filter((_, i) => i % 3 === 0));
  });

  it('are corrected over all parts of all columns, and the sentence says how many hold', () => {
    const ps = report.slices.map(({ p }) => p);
    expect(report.slices.map(({ pHolm }) => pHolm)).toEqual(holm(ps));
    const survive = holm(ps).filter((p) => p < 0.05).length;
    expect(survive).toBeLessThan(ps.filter((p) => p < 0.05).length);
    expect(slicesSentence(report)).toBe(
      `${survive} of ${ps.length} parts ${survive === 1 ? 'differs' : 'differ'} clearly after Holm’s correction for testing ${ps.length} parts.`,
    );
    expect(slicesSentence({ slices: report.slices, survive: 0 })).toContain('In no part is a difference clear');
  });

  it('leave out rows that are gone', () => {
    const fewer = { ...data, table: { ...data.table, rows: data.table.rows.slice(0, 45) } };
    const rows = slicesOf(fewer, { rowIds: ids, gold }, a, b).slices.filter(({ column }) => column === 'channel');
    expect(rows.map(({ rowIds }) => rowIds.length)).toEqual([15, 30]);
  });
});

describe('label suspects', () => {
  const arm = (id: string, predictions: number[], confidences: number[]) =>
    ({ id, predictions, confidences }) as unknown as Parameters<typeof labelSuspects>[0][number];
  const gold = [0, 0, 0, 0];

  it('are rows where two are sure of another label and nobody is sure of the row’s own', () => {
    const arms = [
      arm('majority', [1, 1, 1, 1], [0.99, 0.99, 0.99, 0.99]),
      arm('yours', [1, 1, 1, 0], [0.9, 0.9, 0.7, 0.9]),
      arm('tuned', [1, 1, 1, 1], [0.8, 0.95, 0.9, 0.9]),
      arm('tfidf', [0, 0, 1, 1], [0.6, 0.85, 0.7, 0.9]),
    ];
    const expected = [{ row: 0, label: 1, arms: ['yours', 'tuned'] }];
    expect(labelSuspects(arms, gold)).toEqual(expected);
    // what is made of others is no second voice
    const made = arm('combined', [1, 1, 1, 1], [0.9, 0.9, 0.9, 0.9]);
    expect(labelSuspects([...arms, made], gold)).toEqual(expected);
  });
});

describe('groups', () => {
  it('are rows that the split keeps together', () => {
    const data: Dataset = { ...dataset(), splitBy: { kind: 'group', column: 'channel' } };
    expect(rowGroups(data, data.split.test.slice(0, 6))).toEqual([0, 1, 1, 0, 1, 1]);
    expect(rowGroups(data, [...data.split.test.slice(1, 3), 'gone'])).toEqual([0, 0, 1]);
  });

  it('are rows with the same text, and nothing where all differ', () => {
    const data = dataset();
    expect(rowGroups(data, data.split.test)).toBeUndefined();
    const rows = data.table.rows.map((row, i) =>
      i === 3 ? { ...row, cells: { ...row.cells, text: ' WORD  0' } } : row,
    );
    const doubled = { ...data, table: { ...data.table, rows } };
    expect(rowGroups(doubled, data.split.test.slice(0, 5))).toEqual([0, 1, 2, 0, 3]);
  });
});
