import { describe, expect, it } from 'vitest';
import { parseTable } from '../dataset/parse';
import { bytesOf } from '../dataset/test-support';
import { answerDifferences, differenceSentence } from '../evaluation/sheets';
import { mcnemarExact } from '../metrics/mcnemar';
import { type Sheet, scored, type Unscored } from '../prompt-set/answers';
import {
  cellWords,
  EMPTY_GRID,
  type Grid,
  type GridCell,
  gridCsv,
  gridJson,
  gridMarkdown,
  readGrid,
  type Slot,
  type SlotPair,
  shadesOf,
  whyNotPaired,
} from './grid';

const HASH = (digit: string) => digit.repeat(64);

/** A cell whose answers are right (`+`) or wrong (`-`), row by row. */
type LabelCell = GridCell & { readonly answers: Sheet<'classify'> };
function cell(prompt: string, right: string, change: Partial<Unscored<'classify'>> = {}): LabelCell {
  const slot: Slot = { prompt, model: HASH('a'), data: 'd' };
  const gold = [...right].map((_, i) => i % 2);
  const answers = scored({
    kind: 'classify',
    labels: ['bad', 'good'],
    rowIds: [...right].map((_, i) => `r${i}`),
    rowsKey: HASH('c'),
    gold,
    probabilities: [...right].map((mark, i) => ((gold[i] === 1) === (mark === '+') ? [0.2, 0.8] : [0.7, 0.3])),
    groups: null,
    seed: 0,
    tokensSentMean: 12.5,
    leftOut: 0,
    known: { same: 0, almost: 0, isSure: true },
    unsure: null,
    ...change,
  });
  return { ...slot, key: HASH('b'), skipped: null, answers };
}

const FIRST = cell('=first', '++++++++++--------------------');
const SECOND = cell('second', '+++++++++++++++++++++++++++++-');
const SKIPPED: GridCell = { ...FIRST, prompt: 'third', answers: null, skipped: 'Trained for m (fp32)' };

const named = (id: string) => ({ id, name: id });
const pair: SlotPair = [
  { prompt: '=first', model: HASH('a'), data: 'd' },
  { prompt: 'second', model: HASH('a'), data: 'd' },
];
const MATRIX: Grid = {
  ...EMPTY_GRID,
  prompts: ['=first', 'second', 'third'].map(named),
  models: [{ id: HASH('a'), name: 'model' }],
  data: [named('d')],
  cells: [FIRST, SECOND, SKIPPED],
};

const read = (text: string) => readGrid(text);
const changed = (change: (grid: ReturnType<typeof JSON.parse>) => void): string => {
  const value = JSON.parse(gridJson(MATRIX));
  change(value);
  return JSON.stringify(value);
};

describe('the file of a grid', () => {
  it('is read as it was written, and gives the same bytes again', () => {
    const file = gridJson(MATRIX);
    const found = read(file);
    expect(found.ok && gridJson(found.value)).toBe(file);
  });

  it('has its scores computed again, so that none can be made up', () => {
    const found = read(changed((grid) => Object.assign(grid.cells[0].answers.metrics.accuracy, { value: 1 })));
    expect(found.ok && found.value.cells[0]?.answers?.metrics).toMatchObject({
      accuracy: { value: expect.closeTo(1 / 3) },
    });
  });

  it('keeps a label, a prompt and a row that are called __proto__', () => {
    const answers = {
      labels: ['bad', '__proto__'],
      rowIds: ['__proto__', ...FIRST.answers.rowIds.slice(1)],
    };
    const proto = cell('__proto__', '++++++++++--------------------', answers);
    const file = gridJson({ ...MATRIX, prompts: [named('__proto__')], cells: [proto] });
    const found = read(file);
    expect(found.ok && gridJson(found.value)).toBe(file);
  });

  it.each<readonly [string, string, RegExp]>([
    ['an empty file', ' \n', /it is empty/],
    ['no JSON', '{"kind":', /not valid JSON/],
    ['a list', '[]', /at the top/],
    ['null', 'null', /at the top/],
    ['other JSON', '{"arms":[]}', /formatVersion/],
    ['a newer version', '{"formatVersion":2,"kind":"grid"}', /newer release \(format 2/],
    ['a missing field', changed((m) => delete m.cells), /cells/],
    ['cells of the wrong type', changed((m) => Object.assign(m, { cells: {} })), /cells/],
    ['a key that is no hash', changed((m) => Object.assign(m.cells[0], { key: '../x' })), /key/],
    ['a probability of text', changed((m) => m.cells[0].answers.probabilities[0].fill('NaN')), /probabilities/],
    ['a probability of null', changed((m) => m.cells[0].answers.probabilities[0].fill(null)), /probabilities/],
    ['a probability above 1', changed((m) => m.cells[0].answers.probabilities[0].fill(1.5)), /probabilities/],
    ['two prompts with one id', changed((m) => m.prompts.push(m.prompts[0])), /two have one id/],
    ['two models with one id', changed((m) => m.models.push(m.models[0])), /two have one id/],
    ['a cell twice', changed((m) => m.cells.push(m.cells[0])), /a cell appears twice/],
    ['a cell of no row', changed((m) => Object.assign(m.cells[0], { prompt: '__proto__' })), /no row or column/],
    ['a row twice', changed((m) => m.cells[0].answers.rowIds.fill('r1')), /a row appears twice/],
    ['a label twice', changed((m) => m.cells[0].answers.labels.fill('bad')), /a label appears twice/],
    ['an unknown label', changed((m) => m.cells[0].answers.gold.fill(7)), /unknown label/],
    ['fewer labels than rows', changed((m) => m.cells[0].answers.gold.pop()), /lacks an answer/],
    ['fewer answers than labels', changed((m) => m.cells[0].answers.probabilities[3].pop()), /lacks a label/],
    ['groups of other rows', changed((m) => Object.assign(m.cells[0].answers, { groups: [1] })), /lacks an answer/],
    ['neither answers nor a reason', changed((m) => Object.assign(m.cells[0], { answers: null })), /the reason why/],
    ['answers and a reason', changed((m) => Object.assign(m.cells[0], { skipped: 'x' })), /the reason why/],
    ['a number of answers below 0', changed((m) => Object.assign(m.cells[0].answers, { unsure: -2 })), /unsure/],
    ['a kind that nobody knows', changed((m) => Object.assign(m.cells[0].answers, { kind: 'rank' })), /kind/],
  ])('refuses %s with the reason', (_, file, why) => {
    const found = read(file);
    expect(found.ok).toBe(false);
    expect(!found.ok && found.error.message).toMatch(why);
  });
});

describe('two cells', () => {
  it('are compared by the paired test on the rows that both answer', () => {
    const [a, b] = [FIRST.answers, SECOND.answers];
    const shorter = scored({ ...b, rowIds: [...b.rowIds.slice(0, -1), 'elsewhere'] });
    const [whole] = answerDifferences([[a, b]], { onShow: 1 });
    expect(whole).toMatchObject({ rows: 30, aOnly: 0, bOnly: 19, finding: 'b-better' });
    expect(whole?.metrics.accuracy?.p).toBeCloseTo(mcnemarExact(0, 19), 12);
    expect(answerDifferences([[a, shorter]], { onShow: 1 })[0]).toMatchObject({ rows: 29, bOnly: 19 });
  });

  it('have a p that counts all pairs on show', () => {
    const [a, b] = [FIRST.answers, SECOND.answers];
    const alike = scored({ ...a, probabilities: a.probabilities.map((row) => [...row]) });
    const pairs = [[a, b] as const, [a, alike] as const];
    const [first, none] = answerDifferences(pairs, { onShow: 3 });
    expect([first?.pCorrected, none?.pCorrected]).toEqual([3 * mcnemarExact(0, 19), 1]);
    expect(first && differenceSentence('A', 'B', first)).toMatch(
      /^B beats A by 63 points of accuracy on the same 30 rows, 95% interval .* \(all 3 pairs on show counted, p < 0\.0001\)\.$/,
    );
    expect(none && differenceSentence('A', 'B', none)).toMatch(/^No clear difference between A and B/);
  });

  it('count groups as the trials where rows belong together', () => {
    const groups = [...Array(30).keys()].map((i) => Math.min(i, 10));
    const grouped = (of: LabelCell) => scored({ ...of.answers, groups });
    const [found] = answerDifferences([[grouped(FIRST), grouped(SECOND)]], { onShow: 1 });
    expect(found?.metrics.accuracy?.p).toBe(1); // all differences are in one group
    expect(found?.finding).toBe('unclear');
  });

  it('are matched by the names of their labels, whatever their order', () => {
    const a = FIRST.answers;
    const turned = scored({
      ...a,
      labels: ['good', 'bad'],
      gold: a.gold.map((label) => 1 - label),
      probabilities: a.probabilities.map((row) => row.toReversed()),
    });
    expect(answerDifferences([[a, turned]], { onShow: 1 })[0]).toMatchObject({
      aOnly: 0,
      bOnly: 0,
      rows: 30,
    });
  });

  it('are not compared where their rows differ, or one has no answers', () => {
    expect(whyNotPaired(FIRST, SECOND)).toBeNull();
    expect(whyNotPaired(FIRST, FIRST)).toContain('one cell');
    expect(whyNotPaired(FIRST, SKIPPED)).toContain('no answers');
    expect(whyNotPaired(FIRST, cell('other', '++', { rowsKey: HASH('e') }))).toContain('different rows');
  });
});

describe('the grid in words', () => {
  it('names what keeps a figure from being that of new rows', () => {
    expect(cellWords(FIRST)).toBe('33.3% (19.2 to 51.2)');
    expect(cellWords(cell('x', '++++', { known: { same: 2, almost: 1, isSure: true }, leftOut: 1 }))).toContain(
      '; knows 3 of these rows; 1 row left out',
    );
    expect(cellWords(cell('x', '++++', { known: null }))).toContain('; may know some of these rows');
    expect(cellWords(SKIPPED)).toBe('Trained for m (fp32)');
  });

  it('is darker where more rows are right, and hardly where the difference is small', () => {
    const shades = (...cells: readonly GridCell[]) => [...shadesOf(cells).values()];
    expect(shades(FIRST, SECOND, SKIPPED)).toEqual([0, 4]);
    expect(shades(SECOND, cell('x', '++++++++++++++++++++++++++++--'))).toEqual([1, 0]);
    expect(shades(FIRST, { ...SECOND, data: 'other' })).toEqual([0, 0]);
  });

  it('is a CSV with a line a cell, in which no name is a formula', () => {
    const parsed = parseTable('m.csv', bytesOf(gridCsv(MATRIX)));
    expect(
      parsed.ok && parsed.value.rows.map(({ cells }) => [cells.prompt, cells.rows, cells.accuracy, cells.skipped]),
    ).toEqual([
      ["'=first", '30', '0.333333333333', ''],
      ['second', '30', '0.966666666667', ''],
      ['third', '', '', 'Trained for m (fp32)'],
    ]);
  });

  it('is a Markdown table with the differences, in which no name is markup', () => {
    const odd = { ...MATRIX, prompts: [{ id: '=first', name: 'a|b <i>' }, ...MATRIX.prompts.slice(1)] };
    const found = read(gridJson(odd));
    if (!found.ok) throw new Error(found.error.message);
    const pairs = answerDifferences([[FIRST.answers, SECOND.answers]], { onShow: 1 });
    const text = gridMarkdown(found.value, [pair], pairs);
    expect(text).toContain('| a\\|b &lt;i&gt; | 33.3% (19.2 to 51.2) |');
    expect(text).toContain('| third | Trained for m (fp32) |');
    expect(text).toMatch(
      /\| d \| a\\\|b &lt;i&gt; on model \| second on model \| 63 points \| \d+ to \d+ \| 0 \| 19 \| &lt; 0\.0001 \|/,
    );
  });
});
