import { describe, expect, it } from 'vitest';
import type { Dataset, Issue } from '../../../dataset/types';
import { balanceTitle, dataHeadline, formatWords } from './words';

const dataset = (rows: number, rejected = 0) =>
  ({
    mapping: { text: 't', label: 'l', id: null, task: 'classify' },
    split: { train: Array(rows).fill('x'), validation: [], test: [] },
    table: { rejected: Array(rejected).fill({}) },
  }) as unknown as Dataset;
const issue = (severity: Issue['severity'], title = 'T'): Issue => ({
  kind: 'duplicate',
  severity,
  title,
  advice: '',
  rowIds: [],
});
const bars = (...rows: number[]) => {
  const total = rows.reduce((a, b) => a + b, 0);
  return rows.map((n, i) => ({ label: 'abc'[i] as string, rows: n, share: n / total }));
};

describe('words of the Data screen', () => {
  it('say how many rows are ready', () => {
    expect(dataHeadline(dataset(412), [])).toBe('412 rows ready');
    expect(dataHeadline(dataset(1), [])).toBe('1 row ready');
  });

  it('count the issues to check, rejected rows as one', () => {
    expect(dataHeadline(dataset(412), [issue('warning')])).toBe('412 rows ready, 1 issue to check');
    expect(dataHeadline(dataset(412, 7), [issue('warning'), issue('info')])).toBe('412 rows ready, 2 issues to check');
  });

  it('show a blocking issue in place of the count', () => {
    expect(dataHeadline(dataset(2), [issue('warning'), issue('blocking', 'Only 2 labelled rows')])).toBe(
      'Only 2 labelled rows',
    );
  });

  it.each([
    [bars(100, 98, 102), '3 labels, about even'],
    [bars(198, 140, 30), '“c” is the rarest label (30 rows)'],
    [bars(280, 20), '“a” has 93% of the rows'],
    [bars(200, 140), 'Labels'],
    [bars(12), 'Every row is “a”'],
    [[], 'Labels'],
  ])('describe the balance of the labels (case %#)', (input, title) => expect(balanceTitle(input)).toBe(title));

  it('say how a file was read', () => {
    const format = { fileName: 't.csv', bytes: 2048, encoding: 'windows-1252', delimiter: ';', kind: 'csv' } as const;
    const said = (quote?: "'") => formatWords({ columns: ['a', 'b'], format: { ...format, quote } });
    expect(said()).toBe('t.csv · semicolons, Windows-1252, 2 columns, 2 kB');
    expect(said("'")).toBe('t.csv · semicolons, single quotes, Windows-1252, 2 columns, 2 kB');
  });
});
