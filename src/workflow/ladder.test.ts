import { describe, expect, it, vi } from 'vitest';
import { partsCsv } from '../dataset/csv-out';
import { textHash } from '../dataset/draw';
import { rowsById } from '../dataset/labels';
import { partColumns } from '../dataset/split-by';
import { preparedOf, tableOf, unlikeTexts } from '../dataset/test-support';
import type { Dataset } from '../dataset/types';
import { present } from '../lib/assert';
import { ControlSource, uninterrupted } from '../lib/control';
import { StudioError } from '../lib/errors';
import { unwrap } from '../lib/result';
import type { MatrixPrompt } from '../prompt-set/ready-prompt';
import {
  type LadderAnswers,
  ladderAnswersJson,
  ladderGains,
  ladderPaths,
  ladderSheet,
  ladderTable,
  readLadderAnswers,
} from '../report/ladder';
import { htmlSheet, markdownSheet } from '../report/print';
import { fakeHost, textOf } from './fake-host.test-support';
import { SILENT } from './host';
import { climbLadder, type LadderEvent } from './ladder';
import type { LadderRequest } from './ladder-plan';

const FIRST = 'Is it money?\nText: {text}\nKind:';
const SECOND = 'Which desk has to act?\nText: {text}\nKind: {kind}\nDesk:';

/** The rows' own kinds: step two may never read one. */
const GOLD = { fees: 'GOLD-money', cards: 'GOLD-thing' };

/** Texts that say their desk, with step one's right answer in a column of its own. */
async function rows(n = 120): Promise<Dataset> {
  const lines = unlikeTexts(n, 1).map((text, i) => {
    const label = i % 2 === 0 ? 'fees' : 'cards';
    return `message ${text.split(' ').slice(0, 3).join(' ')} about ${i % 8 < 6 ? label : 'it'},${label},${GOLD[label]}`;
  });
  const table = tableOf(['text,label,kind', ...lines].join('\n'));
  return (await preparedOf([], { seed: 0 }, { text: 'text', label: 'label', id: null }, table)).dataset;
}

/** Step one hears "fees"; step two believes the kind that it is shown, and sees nothing without one. */
function answer(text: string, vectors: Float32Array | undefined): number[] {
  const row = text.slice(text.lastIndexOf('Text: '));
  const says = row.endsWith('Kind:') ? row.includes('fees') : row.includes('Kind: GOLD-money');
  if (row.endsWith('Desk:') && !row.includes('Kind:')) return [Math.log(0.4), Math.log(0.6)];
  const sure = vectors ? 0.99 : 0.9;
  return says ? [Math.log(1 - sure), Math.log(sure)] : [Math.log(sure), Math.log(1 - sure)];
}

const prompt = (template: string, labels: readonly string[], more: Partial<MatrixPrompt> = {}): MatrixPrompt => ({
  id: template,
  name: template.split('\n')[0] ?? '',
  prompt: { template, shots: 0, shotSeed: 0 },
  words: labels.map((label) => ({ label, word: ` ${label}` })),
  softs: [],
  wordCounts: null,
  model: null,
  meanLogProbs: null,
  threshold: null,
  dataset: null,
  seen: { parts: [], isSure: true },
  ...more,
});

const soft = { placement: 'suffix', virtualTokens: 1, hidden: 2, vectors: Float32Array.of(1, 0) } as const;
const tuned = (more: Partial<MatrixPrompt> = {}) =>
  prompt('Text: {text}\nKind: {kind}\nDesk:', ['cards', 'fees'], {
    id: 'tuned',
    name: 'tuned 1',
    softs: [soft],
    model: { id: 'm', dtype: 'fp32', sha256: '0'.repeat(64) },
    ...more,
  });

const request = (dataset: Dataset, more: Partial<LadderRequest> = {}): LadderRequest => ({
  dataset,
  field: 'kind',
  first: prompt(FIRST, ['GOLD-thing', 'GOLD-money']),
  second: [prompt(SECOND, ['cards', 'fees']), tuned()],
  shots: 4,
  kept: [],
  ...more,
});

async function climb(asked: LadderRequest, control = uninterrupted, how = answer) {
  const { host, scored } = fakeHost(100_000, how);
  const events: LadderEvent[] = [];
  const climbed = await climbLadder(host, asked, { control, emit: (event) => events.push(event) });
  const texts = scored.flatMap((each) => each.rows.map(({ ids }) => textOf(ids)));
  return { ...climbed, events, texts };
}

const rungsOf = ({ ladder }: Awaited<ReturnType<typeof climb>>) =>
  ladder.rungs.map(({ id, skipped }) => [id, skipped] as const);

describe('a ladder of two steps', () => {
  it('says what each rung adds to the one below, with the cost of both steps', async () => {
    const climbed = await climb(request(await rows()));
    const { ladder, events } = climbed;
    const [foundation, instruction, first, examples, vectors] = ladder.rungs;
    expect(rungsOf(climbed).every(([, skipped]) => skipped === null)).toBe(true);
    expect(foundation?.added).toBeNull();
    expect(instruction?.added?.metrics.accuracy.difference).toBe(0);
    expect(first?.added?.finding).toBe('b-better');
    expect(first?.added?.comparisons).toBe(4);
    expect([foundation, instruction, first, examples, vectors].map((rung) => rung?.readsFirst)).toEqual([
      ...[false, false, true, true, true],
    ]);
    expect(examples?.cost?.tokens).toBeGreaterThan(present(first?.cost, 'cost').tokens);
    expect(ladder.first.accuracy?.rows).toBe(ladder.test.rows);
    expect(events.filter(({ kind }) => kind === 'rung')).toHaveLength(5);
    for (const event of events) if (event.kind === 'progress') expect(event.fraction).toBeLessThanOrEqual(1);
    expect(ladderGains(ladder).map(({ name }) => name)).toEqual([
      ...['Instruction', "Step one's answer", '4 examples', 'Vectors: tuned 1'],
    ]);
    const ways = ladderPaths(ladder).map(({ steps }) => steps.map(({ name, gives }) => `${name} → ${gives}`));
    expect(ways).toEqual([['Is it money? → kind', 'Vectors: tuned 1 → label'], ['Instruction → label']]);
    const [one, lowest] = ladderTable(ladder).rows;
    expect(one?.slice(0, 2)).toEqual([`Step one: ${ladder.first.name}`, expect.stringContaining('% (')]);
    expect(one?.slice(-2).map(Number)).toEqual([expect.any(Number), expect.any(Number)]);
    expect(lowest).toEqual(['Foundation prompt', expect.stringContaining('% ('), ...Array(6).fill(expect.any(String))]);
    const page = htmlSheet(ladderSheet(ladder));
    expect(page).toContain('Step one&#39;s answer');
    expect(page).not.toContain('message ');
    expect(markdownSheet(ladderSheet(ladder))).toContain('corrected by Holm for 4 comparisons');
  });

  it("never shows step two the row's own field, in test rows or in examples", async () => {
    const dataset = await rows();
    // step one that is always wrong: whatever is right in step two's prompts can only come from the rows
    const first = prompt(FIRST, ['wrong', 'no']);
    const { texts, ladder, dataset: filled } = await climb(request(dataset, { first }));
    expect(texts.length).toBeGreaterThan(5 * ladder.test.rows);
    for (const text of texts) expect(text).not.toContain('GOLD');
    expect(texts.some((text) => /Kind: (wrong|no)\nDesk: (fees|cards)\n/.test(text))).toBe(true);
    for (const { cells } of filled.table.rows) expect(cells.kind).not.toContain('GOLD');
  });

  it('calibrates as a comparison does: training rows decide too, but not for prompts that were trained on them', async () => {
    const dataset = await rows(40);
    const train = new Set(dataset.split.train);
    const table = {
      ...dataset.table,
      rows: dataset.table.rows.map((row) =>
        train.has(row.id) ? { ...row, cells: { ...row.cells, label: 'cards' } } : row,
      ),
    };
    // the vectors have no bias, and the share of "cards" in the changed rows would give them one
    const leaning: typeof answer = (text, vectors) => {
      if (vectors) return answer(text, vectors);
      const [cards = 0, fees = 0] = answer(text, vectors).map((each, i) => Math.exp(each - 3 * i));
      return [Math.log(cards / (cards + fees)), Math.log(fees / (cards + fees))];
    };
    const said = async (of: Dataset) => {
      const { ladder } = await climb(request(of), uninterrupted, leaning);
      const probabilities = (id: string) => ladder.rungs.find((rung) => rung.id === id)?.answers?.probabilities;
      return { byHand: probabilities('instruction'), tuned: probabilities('vectors-2') };
    };
    const [asLabelled, asCards] = [await said(dataset), await said({ ...dataset, table })];
    expect(asCards.tuned).toEqual(asLabelled.tuned);
    expect(asLabelled.byHand).toBeDefined();
    expect(asCards.byHand).not.toEqual(asLabelled.byHand);
  });

  it('leaves as rows that the Data screen can split again', async () => {
    const { dataset } = await climb(request(await rows(40)));
    const file = tableOf(partsCsv(dataset, dataset.table.columns, ['train', 'validation', 'test'], true));
    expect(file.columns).toEqual(['text', 'label', 'kind', 'part']);
    expect(partColumns(file.columns, file.rows)).toEqual(['part']);
    const parts = Array.from(file.rows, ({ cells }) => cells.part);
    expect(parts.filter((part) => part === 'test')).toHaveLength(dataset.split.test.length);
  });

  it('has vectors with examples as its last rung, and takes the lower ones from a prompt without', async () => {
    const text = 'Text: an example\nKind: money\nDesk: fees\n\nText: {text}\nKind: {kind}\nDesk:';
    const both = tuned({
      id: 'both',
      name: 'tuned 2',
      prompt: { template: text, shots: 0, shotSeed: 0, inText: ['1'] },
    });
    const { ladder } = await climb(
      request(await rows(40), { second: [both, prompt(SECOND, ['cards', 'fees']), tuned()] }),
    );
    expect(ladder.rungs.map(({ name }) => name)).toEqual([
      ...['Foundation prompt', 'Instruction', "Step one's answer", '4 examples'],
      ...['Vectors: tuned 1', 'Vectors and 1 example: tuned 2'],
    ]);
    await expect(climb(request(await rows(40), { second: [both] }))).rejects.toThrow(/without examples/);
  });

  it('asks step one about each row once, however many rungs read its answer', async () => {
    const { texts } = await climb(request(await rows()));
    const ofFirst = texts.filter((text) => text.endsWith('Kind:'));
    expect(ofFirst).toHaveLength(120);
    expect(new Set(ofFirst).size).toBe(120);
  });

  it('shows the rows that step one was right about, and adds the column where there is none', async () => {
    const dataset = await rows();
    const { cells } = present(dataset.table.rows.at(0), 'row');
    expect(cells.topic).toBeUndefined();
    const second = [prompt(SECOND.replace('{kind}', '{topic}'), ['cards', 'fees'])];
    const { ladder, dataset: filled } = await climb(request(dataset, { field: 'topic', second }));
    expect(ladder.first.accuracy).toBeNull();
    expect(filled.table.columns).toContain('topic');
    expect(filled.fingerprint).not.toBe(dataset.fingerprint);
    expect(ladder.rungs.map(({ id }) => id)).toEqual(['foundation', 'instruction', 'first', 'examples']);
  });

  it('trains step two on no row that step one has seen, and tests none on a row that a prompt has seen', async () => {
    const dataset = await rows();
    const seen = { parts: ['train', 'test'], isSure: true } as const;
    const half = { ...dataset, split: { ...dataset.split, test: dataset.split.test.slice(0, 5) } };
    const first = prompt(FIRST, ['GOLD-thing', 'GOLD-money'], { softs: [soft], dataset: half, seen });
    const climbed = await climb(request(dataset, { first }));
    const { ladder, dataset: filled } = climbed;
    expect(ladder.test.known).toBe(5);
    expect(ladder.test.rows).toBe(dataset.split.test.length - 5);
    expect(filled.split.train).toEqual([]);
    expect(filled.split.validation).toEqual(dataset.split.validation);
    expect(ladder.training).toEqual({ rows: filled.split.validation.length, known: dataset.split.train.length });
    expect(Object.fromEntries(rungsOf(climbed)).examples).toMatch(/has seen every training row/);
    expect(markdownSheet(ladderSheet(ladder))).toContain('may not train step two');
  });

  it('knows the rows of a package by the hashes of their texts', async () => {
    const dataset = await rows();
    const byId = rowsById(dataset.table.rows);
    const ids = [...dataset.split.train.slice(0, 10), ...dataset.split.test.slice(0, 3)];
    const hashes = ids.map((id) => textHash(present(byId.get(id), 'row'), dataset.mapping)).join('');
    const first = prompt(FIRST, ['GOLD-thing', 'GOLD-money'], { softs: [soft], seen: { hashes } });
    const { ladder, dataset: filled } = await climb(request(dataset, { first }));
    expect([ladder.training.known, ladder.test.known]).toEqual([10, 3]);
    expect([...filled.split.train, ...filled.split.test].filter((id) => ids.includes(id))).toEqual([]);
  });

  it('says so where nobody knows what a prompt has seen', async () => {
    const { ladder } = await climb(request(await rows(), { second: [tuned({ seen: null })] }));
    expect(ladder.unsure).toEqual(['tuned 1']);
    expect(markdownSheet(ladderSheet(ladder))).toContain('Nobody can say which rows tuned 1 may know');
  });

  it('skips a rung that cannot be asked, with its reason, and compares the next with the one below', async () => {
    const other = tuned({ id: 'other', model: { id: 'large', dtype: 'q4', sha256: '1'.repeat(64) } });
    const odd = prompt('Text: {text} ({kind})\nDesk:', ['cards', 'fees']);
    const climbed = await climb(request(await rows(), { second: [odd, other, tuned()] }));
    const why = Object.fromEntries(rungsOf(climbed));
    expect(why.foundation).toMatch(/not on a line of its own/);
    expect(why['vectors-2']).toBe('Trained for large (q4)');
    expect(climbed.ladder.rungs.map(({ added }) => added?.comparisons)).toEqual([
      ...[undefined, undefined, undefined, 2, undefined, 2],
    ]);
  });

  it('fails with the engine: only a prompt that does not fit the rows is skipped', async () => {
    const { host } = fakeHost(100_000, answer);
    const score: typeof host.engine.score = (asked, ...rest) => {
      const isSecond = asked.rows.some(({ ids }) => textOf(ids).endsWith('Desk:'));
      return isSecond
        ? Promise.reject(new StudioError('device-lost', 'The device is gone.'))
        : host.engine.score(asked, ...rest);
    };
    const lost = { ...host, engine: { ...host.engine, score } };
    const asked = request(await rows(40));
    await expect(climbLadder(lost, asked, SILENT)).rejects.toMatchObject({ code: 'device-lost' });
  });

  it('removes the bias of each prompt where that helps on validation rows', async () => {
    // always “cards” unless the bias is removed
    const biased = (text: string) => (text.slice(text.lastIndexOf('Text: ')).includes('fees') ? 0.6 : 0.8);
    const { host } = fakeHost(100_000, (text) => [Math.log(biased(text)), Math.log(1 - biased(text))]);
    const asked = request(await rows(), { second: [prompt(SECOND, ['cards', 'fees'])] });
    const { ladder } = await climbLadder(host, asked, { control: uninterrupted, emit: () => {} });
    expect(ladder.rungs[0]?.accuracy?.value).toBeGreaterThan(0.7);
  });

  it('leaves out rows that step one cannot answer', async () => {
    const dataset = await rows(60);
    const [id = ''] = dataset.split.test;
    const long = present(rowsById(dataset.table.rows).get(id), 'row');
    const cut = { ...long, cells: { ...long.cells, text: 'x'.repeat(4000) } };
    const table = { ...dataset.table, rows: dataset.table.rows.map((row) => (row.id === id ? cut : row)) };
    const { host } = fakeHost(2000, answer);
    const asked = request({ ...dataset, table }, { shots: 2 });
    const { ladder } = await climbLadder(host, asked, { control: uninterrupted, emit: () => {} });
    expect(ladder.test.unanswered).toBe(1);
    expect(ladder.rungs.every(({ answers }) => !answers?.rowIds.includes(id))).toBe(true);
    const second = [prompt(`${'y'.repeat(2000)}\n${SECOND}`, ['cards', 'fees'])];
    const unfit = await climbLadder(host, { ...asked, second }, SILENT);
    expect(unfit.ladder.rungs[1]?.skipped).toBe('No test row fits the model with this prompt');
    expect(readLadderAnswers(ladderAnswersJson({ looks: 1, answers: unfit.answers })).ok).toBe(true);
  });

  it('says how many rows it asks a second', async () => {
    let now = 5000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const { events, texts } = await climb(request(await rows(40)), uninterrupted, (text, vectors) => {
      now = 7000;
      return answer(text, vectors);
    });
    vi.restoreAllMocks();
    const progress = events.flatMap((event) => (event.kind === 'progress' ? [event] : []));
    expect(progress.at(-1)?.rowsPerSecond).toBe(texts.length / 2);
  });

  it('continues after a stop, and asks again only what is new or has changed', async () => {
    const dataset = await rows();
    const whole = await climb(request(dataset));
    const kept: LadderAnswers[] = [];
    const control = new ControlSource();
    const { host } = fakeHost(100_000, answer);
    const emit = (event: LadderEvent) => {
      if (event.kind === 'answers') kept.push(event.answers);
      if (kept.length === 3) control.ask('cancel');
    };
    await expect(climbLadder(host, request(dataset), { control, emit })).rejects.toMatchObject({ code: 'cancelled' });
    expect(kept).toHaveLength(3);
    const { answers: read } = unwrap(readLadderAnswers(ladderAnswersJson({ looks: 1, answers: kept })));
    const rest = await climb(request(dataset, { kept: read }));
    expect(rest.texts.length).toBe(whole.texts.length - kept.reduce((sum, each) => sum + each.rows.length, 0));
    const timeless = ({ ladder }: typeof rest) =>
      JSON.stringify(ladder, (key, value) => (key === 'msPerRow' ? 0 : value));
    expect(timeless(rest)).toBe(timeless(whole));
    const again = await climb(request(dataset, { kept: whole.answers }));
    expect(again.texts).toEqual([]);
    const other = prompt(SECOND.replace('has to', 'should'), ['cards', 'fees']);
    const changed = await climb(request(dataset, { kept: whole.answers, second: [other, tuned()] }));
    expect(changed.texts.length).toBeGreaterThan(0);
    for (const text of changed.texts) expect(text).toContain('should act?');
    const cut = whole.answers.map((each) => ({ ...each, rows: each.rows.map(([id]) => [id, [-1]] as const) }));
    expect((await climb(request(dataset, { kept: cut }))).texts).toHaveLength(whole.texts.length);
  });

  it.each([
    ['', /It does not have the answers of a ladder/],
    ['[', /It does not have/],
    ['null', /It does not have/],
    ['{"__proto__": {"answers": []}}', /at formatVersion/],
    ['{"formatVersion": 2, "kind": "ladder-answers", "answers": []}', /at formatVersion/],
    ['{"formatVersion": 1, "kind": "matrix", "answers": []}', /at kind/],
  ])('refuses %s as the file of answers', (file, why) => {
    const read = readLadderAnswers(file);
    expect(read.ok ? '' : read.error.message).toMatch(why);
  });

  it('reads a log-probability of −Infinity back, and refuses a row twice, no key, or no number', async () => {
    const { answers } = await climb(request(await rows(40)));
    const [one] = JSON.parse(ladderAnswersJson({ looks: 1, answers })).answers;
    const [row] = one.rows;
    const never = { looks: 2, answers: [{ ...one, rows: [[row[0], [Number.NEGATIVE_INFINITY, 0]]] }] };
    expect(readLadderAnswers(ladderAnswersJson(never))).toEqual({ ok: true, value: never });
    const uncounted = { formatVersion: 1, kind: 'ladder-answers', answers: [one] };
    expect(readLadderAnswers(JSON.stringify(uncounted))).toMatchObject({ value: { looks: 1 } });
    for (const odd of [
      ...[{ rows: [row, row] }, { key: '../x' }, { cost: null }],
      ...[null, 'Infinity', 'NaN'].map((none) => ({ rows: [[row[0], [none, -1]]] })),
    ]) {
      const file = { formatVersion: 1, kind: 'ladder-answers', answers: [{ ...one, ...odd }] };
      expect(readLadderAnswers(JSON.stringify(file)).ok).toBe(false);
    }
  });

  it('does not call step one right where the column is its own answers', async () => {
    const { ladder, dataset } = await climb(request(await rows()));
    expect(ladder.first.accuracy?.value).toBeLessThan(1);
    const again = await climb(request(dataset));
    expect(again.ladder.first.answers).toEqual(ladder.first.answers);
    expect(again.ladder.first.accuracy).toBeNull();
  });

  it('stops when it is asked to', async () => {
    const control = new ControlSource();
    control.ask('cancel');
    await expect(climb(request(await rows()), control)).rejects.toMatchObject({ code: 'cancelled' });
  });

  it.each<readonly [string, Partial<LadderRequest>, RegExp]>([
    ['the answer of step two as the field', { field: 'label' }, /cannot be step one's field/],
    ['the text as the field', { field: 'text' }, /cannot be step one's field/],
    ['no field', { field: ' ' }, /cannot be step one's field/],
    [
      'a prompt of step two that reads nothing of step one',
      { field: '__proto__' },
      /There is no column “kind”|reads step one/,
    ],
    ['step two without the field', { second: [prompt('Text: {text}\nDesk:', ['cards', 'fees'])] }, /line of its own/],
    ['step one that shows its own field', { first: prompt(SECOND, ['a', 'b']) }, /which it is to answer/],
    ["step one that shows step two's label", { first: prompt('{label} {text}', ['a', 'b']) }, /the answer itself/],
    [
      'step two that shows its own label',
      { second: [prompt('{label} {kind} {text}', ['a', 'b'])] },
      /the answer itself/,
    ],
    ['no prompt of step two', { second: [] }, /line of its own/],
    [
      'vectors of other weights in step one',
      {
        first: tuned({
          prompt: { template: FIRST, shots: 0, shotSeed: 0 },
          model: { id: 'x', dtype: 'q4', sha256: '2' },
        }),
      },
      /only work with x/,
    ],
  ])('refuses %s', async (_, change, why) => {
    await expect(climb(request(await rows(40), change))).rejects.toThrow(why);
  });

  it('refuses rows whose test rows the prompts know', async () => {
    const dataset = await rows(40);
    const seen = { parts: ['test'], isSure: true } as const;
    const second = [prompt(SECOND, ['cards', 'fees']), tuned({ dataset, seen })];
    await expect(climb(request(dataset, { second }))).rejects.toThrow(/trained on every test row/);
  });
});
