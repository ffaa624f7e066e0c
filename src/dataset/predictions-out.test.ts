import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Answers, answersFile, type CsvOptions, type LabelAnswers } from './csv-out';
import { parseTable } from './parse';
import type { Row } from './types';

const rowsOf = (cells: readonly Readonly<Record<string, string>>[]): readonly Row[] =>
  cells.map((each, i) => ({ id: String(i + 1), line: i + 2, cells: each }));
const whole = { bom: false, neutralise: false, onlyReview: false };
const predictionsCsv = (columns: readonly string[], rows: readonly Row[], answers: Answers, options: CsvOptions) =>
  answersFile(columns, rows, answers.leftOut, { ...whole, ...options, format: 'csv', answers, done: rows.length });
const predictionsJsonl = (columns: readonly string[], rows: readonly Row[], answers: Answers) =>
  answersFile(columns, rows, answers.leftOut, { ...whole, format: 'jsonl', answers, done: rows.length });
const answersOf = (change: Partial<LabelAnswers & Pick<Answers, 'leftOut'>> = {}): Answers => ({
  labels: ['bad', 'good'],
  predictions: [1, 0],
  confidences: [0.9, 0.75],
  threshold: null,
  each: null,
  leftOut: new Map(),
  ...change,
});

describe('answered rows', () => {
  const rows = rowsOf([{ text: 'fine, "thanks"' }, { text: '=HYPERLINK("x")' }]);

  test('as CSV: CRLF, quotes doubled, formulas neutralised only when asked', () => {
    expect(predictionsCsv(['text'], rows, answersOf(), {})).toBe(
      'text,prediction,confidence\r\n"fine, ""thanks""",good,0.9\r\n"=HYPERLINK(""x"")",bad,0.75\r\n',
    );
    const safe = predictionsCsv(['text'], rows, answersOf(), { neutralise: true, bom: true });
    expect(safe.startsWith('\ufefftext,')).toBe(true);
    expect(safe).toContain(`"'=HYPERLINK(""x"")"`);
  });

  test('keep the names of the input, and say which rows were not answered', () => {
    const taken = rowsOf([{ prediction: 'mine' }, { prediction: '' }]);
    const answers = answersOf({ predictions: [1, -1], leftOut: new Map([[1, 'it has no text']]) });
    expect(predictionsCsv(['prediction'], taken, answers, {})).toBe(
      'prediction,prediction_2,confidence,not_answered\r\nmine,good,0.9,\r\n,,,it has no text\r\n',
    );
    expect(predictionsJsonl(['prediction'], taken, answers)).toBe(
      '{"prediction":"mine","prediction_2":"good","confidence":0.9}\n{"prediction":"","prediction_2":null,"confidence":null,"not_answered":"it has no text"}\n',
    );
  });

  test('with every probability when asked', () => {
    const answers = answersOf({ each: { as: 'probability', values: Float32Array.of(0.1, 0.9, 0.75, 0.25) } });
    expect(predictionsCsv(['text'], rowsOf([{ text: 'a' }, { text: 'b' }]), answers, {}).split('\r\n')).toEqual([
      'text,prediction,confidence,p_bad,p_good',
      'a,good,0.9,0.1,0.9',
      'b,bad,0.75,0.75,0.25',
      '',
    ]);
  });

  test('with the logarithms of them, which keep what rounding would take', () => {
    const values = Float32Array.of(1e-9, 1, 1, 0);
    const rows = rowsOf([{ text: 'a' }, { text: 'b' }]);
    const [first, second] = predictionsJsonl(['text'], rows, answersOf({ each: { as: 'log-probability', values } }))
      .split('\n')
      .slice(0, 2)
      .map((line) => JSON.parse(line) as Record<string, number | null>);
    expect(first?.log_p_bad).toBeCloseTo(Math.log(1e-9), 6);
    expect(first?.log_p_good).toBe(0);
    expect(second).toMatchObject({ log_p_bad: 0, log_p_good: null });
  });

  test('texts that were written, with formulas neutralised, and rows that were not answered', () => {
    const answers = { written: ['=SUM(A1)', null], leftOut: new Map([[1, 'it has no text']]) };
    const asked = rowsOf([{ written: 'a' }, { written: '' }]);
    expect(predictionsCsv(['written'], asked, answers, { neutralise: true })).toBe(
      "written,written_2,not_answered\r\na,'=SUM(A1),\r\n,,it has no text\r\n",
    );
    expect(predictionsJsonl(['written'], asked, answers)).toBe(
      '{"written":"a","written_2":"=SUM(A1)"}\n{"written":"","written_2":null,"not_answered":"it has no text"}\n',
    );
  });

  test('below a threshold, and where there is no answer, a person is asked; only these rows are in the file to review', () => {
    const asked = rowsOf([{ text: 'a' }, { text: 'b' }, { text: 'c' }, { text: '' }]);
    const answers = answersOf({
      predictions: [1, 0, 1, -1],
      confidences: Float32Array.of(0.9, 0.69, 0.7, 0),
      threshold: 0.7,
      leftOut: new Map([[3, 'it has no text']]),
    });
    expect(predictionsCsv(['text'], asked, answers, {}).split('\r\n')).toEqual([
      'text,prediction,confidence,needs_review,not_answered',
      'a,good,0.9,false,',
      'b,bad,0.69,true,',
      'c,good,0.7,false,',
      ',,,true,it has no text',
      '',
    ]);
    const how = { bom: false, neutralise: false, answers, done: 4, onlyReview: true } as const;
    const { leftOut } = answers;
    expect(
      answersFile(['text'], asked, leftOut, { ...how, format: 'csv' })
        .split('\r\n')
        .slice(1, 3),
    ).toEqual(['b,bad,0.69,true,', ',,,true,it has no text']);
    expect(answersFile(['text'], asked, leftOut, { ...how, format: 'jsonl' })).toBe(
      '{"text":"b","prediction":"bad","confidence":0.69,"needs_review":true}\n{"text":"","prediction":null,"confidence":null,"needs_review":true,"not_answered":"it has no text"}\n',
    );
  });

  test('a column that is called __proto__ stays a column', () => {
    const cells = Object.fromEntries([['__proto__', 'x']]);
    expect(predictionsJsonl(['__proto__'], rowsOf([cells]), answersOf())).toContain('{"__proto__":"x",');
  });

  test('come back through our own parser as they went out', () => {
    const cell = fc.string().map((text) => `${text.replace(/[\r\u2028\u2029\ufeff]/g, '')}x`);
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1, maxLength: 8 }), (texts) => {
        const predictions = texts.map((_, i) => i % 2);
        const out = predictionsCsv(
          ['message'],
          rowsOf(texts.map((message) => ({ message }))),
          answersOf({ predictions }),
          {},
        );
        const back = parseTable('out.csv', new TextEncoder().encode(out), { delimiter: ',' });
        expect(back.ok && back.value.rejected).toEqual([]);
        expect(back.ok && back.value.rows.map(({ cells }) => cells.message)).toEqual(texts);
        expect(back.ok && back.value.rows.map(({ cells }) => cells.prediction)).toEqual(
          predictions.map((p) => (p === 1 ? 'good' : 'bad')),
        );
      }),
    );
  });
});

test('a file of texts alone is read when that is enough, and refused where labels are needed', () => {
  const bytes = new TextEncoder().encode('message\nhello\n"a, b"\n');
  expect(parseTable('x.csv', bytes).ok).toBe(false);
  const read = parseTable('x.csv', bytes, { oneColumn: true });
  expect(read.ok && read.value.rows.map(({ cells }) => cells.message)).toEqual(['hello', 'a, b']);
});
