import { describe, expect, test } from 'vitest';
import { dealt, preparedOf } from '../dataset/test-support';
import type { Row } from '../dataset/types';
import { type BatchTask, openBatch } from './batch';

const WORDS = [
  { label: 'bad', word: ' bad' },
  { label: 'good', word: ' good' },
];
const task = (change: Partial<BatchTask> = {}): BatchTask => ({
  prompt: { template: 'From {city}: {text}\nTone:', shots: 0, shotSeed: 0 },
  words: WORDS,
  text: 'body',
  label: null,
  kind: 'classify',
  dataset: null,
  ...change,
});
const row = (cells: Record<string, string>): Row => ({ id: 'x', line: 1, cells });
const rows = [row({ body: 'hello', city: 'Ulm' }), row({ body: ' ', city: 'Bonn' }), row({ body: 'late', city: '' })];

describe('rows of another file', () => {
  test('are rendered by their places, and rows without a text are left out by name', () => {
    const opened = openBatch({ columns: ['body', 'city'] }, task());
    expect(opened.ok && opened.value(rows, 10)).toEqual([
      { rowId: '10', text: 'From Ulm: hello\nTone:', label: null },
      { rowId: '11', leftOut: 'it has no text', why: 'text' },
      { rowId: '12', text: 'From : late\nTone:', label: null },
    ]);
  });

  test('a prompt that needs a column which the file lacks is refused by the name of the column', () => {
    const opened = openBatch({ columns: ['body'] }, task());
    expect(!opened.ok && opened.error.message).toContain('There is no column “city”');
  });

  test('labels are read where they are asked for, however they are spelled', () => {
    const opened = openBatch({ columns: ['body', 'city', 'tone'] }, task({ label: 'tone' }));
    const labelled = [row({ body: 'a', city: '', tone: ' BAD' }), row({ body: 'b', city: '', tone: 'ugly' })];
    expect(opened.ok && opened.value(labelled, 0)).toEqual([
      { rowId: '0', text: 'From : a\nTone:', label: 0 },
      { rowId: '1', leftOut: 'its label “ugly” is none of this prompt’s', why: 'unknown' },
    ]);
  });

  test('wanted texts follow the prompt on one line, and rows without one are left out by name', () => {
    const prompt = { template: '{text}\nSummary:', shots: 0, shotSeed: 0 };
    const asked = [row({ body: 'a', sum: ' two\nlines ' }), row({ body: 'b', sum: ' ' })];
    const opened = openBatch({ columns: ['body', 'sum'] }, task({ prompt, words: [], label: 'sum', kind: 'generate' }));
    expect(opened.ok && opened.value(asked, 0)).toEqual([
      { rowId: '0', text: 'a\nSummary:', label: null, target: ' two lines' },
      { rowId: '1', leftOut: 'it has no expected text', why: 'target' },
    ]);
  });

  test('examples come from the project’s own training rows', async () => {
    const { dataset } = await preparedOf(dealt(90, ['good', 'bad']));
    const prompt = { template: 'Say it.\n{text}\nTone:', shots: 2, shotSeed: 1 };
    const opened = openBatch({ columns: ['body'] }, task({ prompt, dataset, words: WORDS }));
    if (!opened.ok) throw new Error(opened.error.message);
    const [first, , last] = opened.value(rows, 0);
    const shown = (each: typeof first) => (each && 'text' in each ? each.text : '');
    expect(shown(first)).toMatch(/^Say it\.\n\n.+\nTone: (good|bad)\n\n.+\nTone: (good|bad)\n\nhello\nTone:$/s);
    expect(shown(last).replace(/late\nTone:$/, '')).toBe(shown(first).replace(/hello\nTone:$/, ''));
    expect(openBatch({ columns: ['body'] }, task({ prompt })).ok).toBe(false);
    const nearest = openBatch({ columns: ['body'] }, task({ prompt: { ...prompt, selection: 'nearest' }, dataset }));
    expect(!nearest.ok && nearest.error.kind).toBe('nearest');
  });
});
