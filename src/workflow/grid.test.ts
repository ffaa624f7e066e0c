import { describe, expect, it } from 'vitest';
import { textHash } from '../dataset/draw';
import { prepareDataset } from '../dataset/prepare';
import { tableOf } from '../dataset/test-support';
import type { Dataset } from '../dataset/types';
import { comparedLogProbs } from '../evaluation/classify/outcome';
import { present } from '../lib/assert';
import { ControlSource } from '../lib/control';
import { labelled } from '../prompt-set/answers.test-support';
import { recordComparison } from '../prompt-set/calibration';
import { addWritten } from '../prompt-set/make-versions';
import { asking, calibratedAs, withVersions } from '../prompt-set/test-support';
import type { ClassifyEvaluation, PromptSet } from '../prompt-set/types';
import {
  EMPTY_GRID,
  filledId,
  type Grid,
  type GridCell,
  type GridData,
  type GridRow,
  gridJson,
  gridRows,
  readGrid,
  slotId,
} from '../report/grid';
import { compare } from './compare';
import { answerOf, fakeHost, gridRow, NOW, prepared, promptSet, rowsOf } from './fake-host.test-support';
import { type FillEvent, fillGrid } from './grid';
import { SILENT } from './host';
import { openTestRows } from './open-data';
import { learnedOn } from './training-rows';

/** Two models that read the same texts differently, and what each was asked. */
function models() {
  const small = fakeHost();
  const large = fakeHost(100_000, (text, vectors) => answerOf(text.replace('poor', 'fine poor'), vectors));
  const { info } = large.host.engine;
  const engine = { ...large.host.engine, info: { ...info, id: 'large', sha256: '1'.repeat(64) } };
  return [small, { ...large, host: { ...large.host, engine } }] as const;
}

const named = (id: string, dataset: Dataset): GridData => ({ id, name: id, dataset });

const rowsFor = (set: PromptSet, dataset: Dataset | null, ids: readonly string[]): readonly GridRow[] =>
  ids.map((id) => gridRow(set, id, dataset));

/** The same rows in a file of their own: other columns, and labels in another order. */
async function otherFile(count: number): Promise<Dataset> {
  const lines = rowsOf(count).map(([text, label]) => `${label},${text} again`);
  const table = tableOf(['mood,said', ...lines].join('\n'), 'other.csv');
  const mapping = { text: 'said', label: 'mood', id: null, task: 'classify' } as const;
  const made = await prepareDataset(table, mapping, { seed: 1, labelOrder: ['good', 'bad'] });
  if (!made.ok) throw new Error(made.error.message);
  return made.value.dataset;
}

async function hybridSet() {
  const dataset = await prepared(120);
  const set = addWritten(
    promptSet(dataset, [0, 1]),
    { id: 'shots', now: NOW },
    {
      text: { template: 'Say it.\nText: {text}\nTone:', shots: 2, shotSeed: 1 },
    },
  ).set;
  return { dataset, set };
}

/** Fills what is missing on both models, as a command line does; stopped when `most` cells are finished. */
async function fill(
  prompts: readonly GridRow[],
  data: readonly GridData[],
  cells: readonly GridCell[],
  most = Number.POSITIVE_INFINITY,
) {
  const kept = new Map(cells.map((cell) => [slotId(cell), cell]));
  const asked: number[] = [];
  const control = new ControlSource();
  let finished = 0;
  const emit = (event: FillEvent) => {
    if (event.kind === 'progress') expect(event.fraction).toBeLessThanOrEqual(1);
    if (event.kind !== 'cell') return;
    kept.set(slotId(event.cell), event.cell);
    finished += 1;
    if (finished >= most) control.ask('cancel');
  };
  for (const { host, scored } of models()) {
    const done = [...kept.values()].map(filledId);
    await fillGrid(host, { prompts, data, done }, { control, emit }).catch((error) => {
      if (error.code !== 'cancelled') throw error;
    });
    asked.push(scored.length);
  }
  return { cells: [...kept.values()], finished, asked };
}

const fileOf = (cells: readonly GridCell[]) => {
  const of = (ids: readonly string[]) => [...new Set(ids)].sort().map((id) => ({ id, name: id }));
  return gridJson({
    ...EMPTY_GRID,
    prompts: of(cells.map(({ prompt }) => prompt)),
    models: of(cells.map(({ model }) => model)),
    data: of(cells.map(({ data }) => data)),
    cells: cells.toSorted((a, b) => (slotId(a) < slotId(b) ? -1 : 1)),
  });
};

const read = (file: string): Grid => {
  const found = readGrid(file);
  if (!found.ok) throw new Error(found.error.message);
  return found.value;
};

describe('a grid of 3 prompts, 2 models and 2 data sets', () => {
  it('that is killed half-way and resumed from its file is the one that ran through, and asks nothing twice', async () => {
    const { dataset, set } = await hybridSet();
    const prompts = rowsFor(set, dataset, ['h', 'shots', 'r0']);
    const data = [named('own', dataset), named('other', await otherFile(90))];
    const whole = await fill(prompts, data, []);
    expect(whole.cells).toHaveLength(12);
    expect(whole.asked).toEqual([6, 4]); // the tuned prompt does not fit the other model
    const first = await fill(prompts, data, [], 5);
    expect(first.cells).toHaveLength(5);
    const second = await fill(prompts, data, read(fileOf(first.cells)).cells);
    expect(second.finished).toBe(7);
    expect(second.asked).toEqual([1, 4]);
    expect(fileOf(second.cells)).toBe(fileOf(whole.cells));
    expect((await fill(prompts, data, second.cells)).asked).toEqual([0, 0]);
  });

  it('fills a second row with the same prompt too', async () => {
    const { dataset, set } = await hybridSet();
    const data = [named('own', dataset)];
    const [one] = rowsFor(set, dataset, ['h']);
    const twice = [present(one, 'row'), { ...present(one, 'row'), id: 'again' }];
    const first = await fill(twice, data, [], 1);
    expect((await fill(twice, data, first.cells)).cells).toHaveLength(4);
  });

  it('says for which model a tuned prompt was trained, and answers with the others', async () => {
    const { dataset, set } = await hybridSet();
    const { cells } = await fill(rowsFor(set, dataset, ['h', 'r0']), [named('own', dataset)], []);
    expect(cells.map(({ skipped }) => skipped)).toEqual([null, null, null, 'Trained for m (fp32)']);
    expect(cells.map(({ answers }) => answers?.rowIds)).toEqual([...Array(3).fill(dataset.split.test), undefined]);
    // no part of the work
    const [, { host }] = models();
    const fractions: number[] = [];
    const emit = (event: FillEvent) => event.kind === 'progress' && fractions.push(event.fraction);
    const request = { prompts: rowsFor(set, dataset, ['r0', 'h']), data: [named('own', dataset)], done: [] };
    await fillGrid(host, request, { ...SILENT, emit });
    expect([...fractions.slice(0, 3), fractions.at(-1)]).toEqual([0, 0, 0, 1]);
  });

  it('fills only the cells of a version or of rows that have changed since', async () => {
    const { dataset, set } = await hybridSet();
    const data = [named('own', dataset)];
    const before = await fill(rowsFor(set, dataset, ['h', 'r0']), data, []);
    const calibration = { meanLogProbs: [-0.2, -1.7], rows: 48 };
    const calibrated = calibratedAs(set, 'h', calibration);
    const after = await fill(rowsFor(calibrated, dataset, ['h', 'r0']), data, before.cells);
    expect(after.asked).toEqual([1, 1]);
    expect(labelled(after.cells[0]?.answers).probabilities).not.toEqual(
      labelled(before.cells[0]?.answers).probabilities,
    );
    const fewer = { ...dataset, split: { ...dataset.split, test: dataset.split.test.slice(1) } };
    const other = await fill(rowsFor(calibrated, dataset, ['h', 'r0']), [named('own', fewer)], after.cells);
    expect(other.asked).toEqual([2, 1]);
    expect(other.cells).toHaveLength(4);
  });
});

describe('a cell', () => {
  it('answers as the comparison does, calibrated as the version is', async () => {
    const { dataset, set } = await hybridSet();
    const [{ host }] = models();
    const { evaluation } = await compare(host, { set, dataset }, SILENT);
    const { plan, comparison } = evaluation as unknown as ClassifyEvaluation;
    const after = recordComparison(set, evaluation as ClassifyEvaluation, NOW);
    const mean = gridRows(after, dataset).at(-1);
    expect(mean?.version.name).toBe('mean of 2 seeds of tuned 1');
    const prompts = rowsFor(after, dataset, [present(set.chosenWritten, 'yours'), present(set.chosenTrained, 'tuned')]);
    const { cells } = await fill([...prompts, present(mean, 'mean')], [named('own', dataset)], []);
    for (const [i, id] of ['yours', 'tuned'].entries()) {
      const arm = present(
        plan.arms.find((each) => each.id === id),
        id,
      );
      const expected = comparedLogProbs(arm, plan).map((row) => row.map(Math.exp));
      expect(labelled(cells[i]?.answers).probabilities.flat()).toEqual(
        expected.flat().map((p) => expect.closeTo(p, 12)),
      );
      const report = comparison.arms.find((each) => each.id === id);
      expect(labelled(cells[i]?.answers).metrics.accuracy).toEqual(report?.metrics.accuracy);
      expect(labelled(cells[i]?.answers).metrics.macroF1.value).toBe(report?.metrics.macroF1.value);
    }
    const ensemble = plan.arms.find(({ id }) => id === 'ensemble');
    expect(labelled(cells[2]?.answers).probabilities.flat()).toEqual(
      ensemble?.logProbs.flat().map((p) => expect.closeTo(Math.exp(p), 12)),
    );
  });

  it('reads rows of another file by its columns, and its labels by name', async () => {
    const { set, dataset } = await hybridSet();
    const other = await otherFile(90);
    expect(other.labels).toEqual(['good', 'bad']);
    const { cells } = await fill(rowsFor(set, dataset, ['h']), [named('other', other)], []);
    const answers = labelled(cells[0]?.answers);
    expect(answers.labels).toEqual(['bad', 'good']);
    const moods = answers.rowIds.map((id) => other.table.rows.find((row) => row.id === id)?.cells.mood);
    expect(answers.gold.map((label) => answers.labels[label])).toEqual(moods);
    expect(answers.metrics.accuracy.value).toBeGreaterThan(0.6);
  });

  it('counts the rows that its prompt was trained on or shows, and says where nobody knows', async () => {
    const { set, dataset } = await hybridSet();
    const learning = (datasetFingerprint: string) =>
      withVersions(set, ({ learned }) => ({ learned: learned && { ...learnedOn(dataset), datasetFingerprint } }));
    const [trained, elsewhere] = [learning(dataset.fingerprint), learning('other')];
    const all = { ...dataset, split: { ...dataset.split, test: dataset.table.rows.map(({ id }) => id) } };
    const prompts = rowsFor(trained, dataset, ['h', 'shots', 'r0']);
    const { cells } = await fill([...prompts, ...rowsFor(elsewhere, dataset, ['r1'])], [named('all', all)], []);
    const { train, validation } = dataset.split;
    expect(cells.slice(0, 4).map(({ answers }) => answers?.known)).toEqual([
      { same: 0, almost: 0, isSure: true },
      { same: train.length, almost: 0, isSure: true },
      { same: train.length + validation.length, almost: 0, isSure: true },
      null,
    ]);
  });

  it('knows rows that an imported prompt was trained on by their hashes', async () => {
    const { set, dataset } = await hybridSet();
    const [row] = dataset.table.rows.filter(({ id }) => dataset.split.test.includes(id));
    const hashes = `${textHash(present(row, 'row'), dataset.mapping)}${'0'.repeat(8)}`;
    const [prompt] = rowsFor(set, dataset, ['h']);
    const imported = { ...present(prompt, 'prompt'), seen: { hashes } };
    const { cells } = await fill([imported], [named('own', dataset)], []);
    expect(cells[0]?.answers?.known).toEqual({ same: 1, almost: 0, isSure: true });
  });

  it('has nothing to answer where a data set has no test rows, or none that fits the model', async () => {
    const { set, dataset } = await hybridSet();
    const empty = { ...dataset, split: { ...dataset.split, test: [] } };
    const none = await fill(rowsFor(set, dataset, ['h']), [named('own', empty)], []);
    expect(none.cells[0]?.skipped).toBe('This data set has no test rows');
    const events: FillEvent[] = [];
    const run = { ...SILENT, emit: (event: FillEvent) => void events.push(event) };
    const data = [named('own', dataset)];
    await fillGrid(fakeHost(40).host, { prompts: rowsFor(set, dataset, ['h']), data, done: [] }, run);
    const cell = events.find((event) => event.kind === 'cell');
    expect(cell?.cell).toMatchObject({ skipped: 'No test row fits the model with this prompt', answers: null });
  });

  it('tells how far all of them are, by their rows and vectors, and what is asked', async () => {
    const { set, dataset } = await hybridSet();
    const events: FillEvent[] = [];
    const run = { ...SILENT, emit: (event: FillEvent) => void events.push(event) };
    const [one, two] = rowsFor(set, dataset, ['h', 'r0']);
    const tuned = present(two, 'r0');
    const { voices } = tuned.version.prompt;
    const twice = asking(tuned.version, { voices: [...voices, ...voices] });
    const prompts = [present(one, 'h'), { ...tuned, version: twice }];
    const data = [named('own', dataset)];
    expect(await fillGrid(fakeHost().host, { prompts, data, done: [] }, run)).toEqual({ filled: 2 });
    const heard = events.flatMap((event) => (event.kind === 'progress' ? [[event.note, event.fraction]] : []));
    const [first, second] = prompts.map(({ name }) => `${name}, on own`);
    expect(heard).toEqual([
      ...[0, 1 / 3, 1 / 3].map((share) => [first, expect.closeTo(share, 9)]),
      ...[1 / 3, 2 / 3, 1, 1].map((share) => [second, expect.closeTo(share, 9)]),
    ]);
  });

  it('is skipped with the reason where the prompt does not know a label, or needs its own rows', async () => {
    const { set, dataset } = await hybridSet();
    const named3 = tableOf(['text,label', 'a,good', 'b,bad', 'c,fair', 'd,fair'].join('\n'));
    const made = await prepareDataset(
      named3,
      { text: 'text', label: 'label', id: null, task: 'classify' },
      { seed: 0 },
    );
    if (!made.ok) throw new Error(made.error.message);
    const three = { ...made.value.dataset, split: { train: [], validation: [], test: ['1', '2', '3'] } };
    const unknown = await fill(rowsFor(set, dataset, ['h']), [named('three', three)], []);
    expect(unknown.cells[0]?.skipped).toBe('It does not know the label fair');
    const apart = await fill(rowsFor(set, null, ['shots']), [named('own', dataset)], []);
    expect(apart.cells[0]?.skipped).toContain('shows examples');
  });
});

describe('the rows of a file', () => {
  /** What the hand-written and the tuned prompt say of them. */
  async function saidOf(lines: readonly string[]) {
    const { set, dataset } = await hybridSet();
    const table = tableOf(['body,kind', ...lines].join('\n'), 'b.csv');
    const on = await openTestRows(table, { text: 'body', label: 'kind', id: null, task: 'classify' }, null);
    const events: FillEvent[] = [];
    const run = { ...SILENT, emit: (event: FillEvent) => void events.push(event) };
    const [{ host }] = models();
    const data = [{ ...named('file', on), isFile: true }];
    await fillGrid(host, { prompts: rowsFor(set, dataset, ['h', 'r0']), data, done: [] }, run);
    return { dataset, cells: events.filter((event) => event.kind === 'cell') };
  }

  it('are answered without those of which no label is known, and each is accounted for', async () => {
    const { cells } = await saidOf(['it was fine,good', 'it was poor,BAD', 'it was odd,unknown', 'it was blank,']);
    for (const { said } of cells) {
      expect(labelled(said?.answers).gold).toEqual([1, 0]);
      expect(said?.account).toEqual({ read: 4, used: 2, leftOut: { label: 1, unknown: 1 } });
      expect(said?.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(JSON.stringify(cells)).not.toContain('it was');
    const none = await saidOf(['it was fine,none', 'it was poor,none']);
    expect(none.cells.map(({ cell }) => cell.skipped)).toEqual(Array(2).fill('It does not know the label none'));
  });

  it('have one key for the same texts and labels in the same order', async () => {
    const key = async (...lines: readonly string[]) => (await saidOf(lines)).cells[0]?.said?.fingerprint;
    const all = [
      await key('it was fine,bad', 'it was poor,good'),
      await key('it was fine,good', 'it was poor,bad'),
      await key('it was good,bad', 'it was poor,good'),
      await key('it was poor,good', 'it was fine,bad'),
    ];
    expect(new Set(all).size).toBe(4);
    expect(await key('it was fine,bad', 'it was poor,good')).toBe(all[0]);
  });

  it('say which of them trained or chose a prompt, or almost, and which belong together', async () => {
    const { dataset } = await hybridSet();
    const met = Object.values(dataset.split).map(([id]) => dataset.table.rows.find((row) => row.id === id)?.cells.text);
    const fresh = 'My grandson built the bookcase without any help';
    const lines = [...met.map((text) => `${text?.toUpperCase()},GOOD`), `${fresh},bad`, `${fresh} at all,Bad`];
    const { cells } = await saidOf(lines);
    const { beside } = present(cells[0]?.said, 'answers');
    expect(beside?.seen).toEqual([0, 1, 2]);
    expect(new Set(beside?.families.slice(3)).size).toBe(1);
    expect(beside?.families.slice(0, 3)).not.toContain(beside?.families[3]);
    expect(cells[1]?.said?.answers?.known).toEqual({ same: 2, almost: 0, isSure: true });
  });
});
