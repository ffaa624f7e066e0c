import { describe, expect, it } from 'vitest';
import type { Dataset, Issue } from '../../../dataset/types';
import { balanceTitle, dataHeadline, formatWords, nameFromFile } from './words';

const dataset = (rows: number, rejected = 0, task?: 'write') =>
  ({
    mapping: { text: 't', label: 'l', id: null, task },
    split: { train: Array(rows).fill('x'), validation: [], test: [] },
    table: { rejected: Array(rejected).fill({}) },
  }) as unknown as Dataset;
const issue = (severity: Issue['severity'], title = 'T'): Issue => ({
  kind: 'duplicate',
  name: 'Duplicates',
  severity,
  title,
  advice: '',
  rowIds: [],
});
const bars = (...rows: number[]) => {
  const total = rows.reduce((a, b) => a + b, 0);
  return rows.map((n, i) => ({ label: 'abc'[i] as string, rows: n, share: n / total }));
};

describe('the words of the Data screen', () => {
  it('says how many rows are ready', () => {
    expect(dataHeadline(dataset(412), [])).toBe('412 labelled rows are ready');
    expect(dataHeadline(dataset(1), [])).toBe('1 labelled row is ready');
    expect(dataHeadline(dataset(2, 0, 'write'), [])).toBe('2 rows are ready');
  });

  it('counts what needs a look, rejected rows as one thing', () => {
    expect(dataHeadline(dataset(412), [issue('warning')])).toBe('412 labelled rows are ready; one thing needs a look');
    expect(dataHeadline(dataset(412, 7), [issue('warning'), issue('info')])).toBe(
      '412 labelled rows are ready; 2 things need a look',
    );
  });

  it('gives way to what blocks', () => {
    expect(dataHeadline(dataset(2), [issue('warning'), issue('blocking', 'Only 2 labelled rows')])).toBe(
      'Only 2 labelled rows',
    );
  });

  it.each([
    [bars(100, 98, 102), '3 labels, about even'],
    [bars(198, 140, 30), '“c” is the rare label'],
    [bars(280, 20), '“a” has 93% of the rows'],
    [bars(200, 140), '“a” is the commonest label'],
    [bars(12), 'Every row is “a”'],
    [[], 'Labels'],
  ])('finds the title of a class balance', (input, title) => expect(balanceTitle(input)).toBe(title));

  it('names a project after its file', () => {
    expect(nameFromFile('tickets-2026.csv')).toBe('Tickets 2026');
    expect(nameFromFile('.csv')).toBe('Untitled');
  });

  it('says how a file was read', () => {
    expect(
      formatWords({
        columns: ['a', 'b'],
        format: { fileName: 't.csv', bytes: 2048, encoding: 'windows-1252', delimiter: ';', kind: 'csv' },
      }),
    ).toBe('t.csv · semicolons, Windows-1252, 2 columns, 2 kB');
  });
});
