import { describe, expect, it } from 'vitest';
import type { TrainRequest } from '../engine/types';
import { ControlSource, uninterrupted } from '../lib/control';
import { moveStage } from '../prompt-set/stages';
import type { PromptSet, SoftVersion } from '../prompt-set/types';
import type { MatrixCell } from '../report/matrix';
import { filledId } from '../report/matrix';
import { STANDARD } from '../training/settings';
import { answerOf, fakeHost, NOW, prepared, promptSet } from './fake-host.test-support';
import { type Host, SILENT } from './host';
import { type MigrateEvent, migrate, movesOf, type RetrainEvent, retrain } from './migrate';
import { migrationSheet, planMigration } from './migration';

const NEW = { sha256: '1'.repeat(64) };

async function opened() {
  const dataset = await prepared(60);
  return { dataset, set: promptSet(dataset, [0, 1]) };
}
const changed = (set: PromptSet, id: string, change: Partial<SoftVersion>): PromptSet => ({
  ...set,
  soft: set.soft.map((run) => (run.id === id ? { ...run, ...change } : run)),
});
const moved = (set: PromptSet, dataset: Parameters<typeof movesOf>[2]) =>
  movesOf(set, NEW, dataset).map(({ old, heir, whyNot }) => [old.id, heir?.id ?? null, whyNot !== null]);

it('moves what a stage points to and the chosen prompt, and nothing that fits the weights already', async () => {
  const { dataset, set } = await opened();
  const chosen = { ...set, chosenSoft: 'r1' };
  expect(moved(chosen, dataset)).toEqual([['r1', null, false]]);
  const staged = moveStage(chosen, { stage: 'production', to: 'r0' }, NOW);
  expect(moved(staged, dataset).map(([id]) => id)).toEqual(['r0', 'r1']);
  expect(movesOf(staged, fakeHost().host.engine.info, dataset)).toEqual([]);
});

it('knows what is done by how it was trained, on which rows and with which weights', async () => {
  const { dataset, set } = await opened();
  const [run] = set.soft;
  if (!run) throw new Error('no run');
  const heir = { ...run, id: 'heir', model: { ...run.model, ...NEW }, splitHash: dataset.splitHash };
  const withHeir = (change: Partial<SoftVersion>) => ({
    ...set,
    chosenSoft: 'r0',
    soft: [...set.soft, { ...heir, ...change }],
  });
  expect(moved(withHeir({}), dataset)).toEqual([['r0', 'heir', false]]);
  for (const other of [
    { settings: { ...run.settings, steps: 9 } },
    { template: 'Other: {text}' },
    { datasetFingerprint: 'other' },
    { splitHash: 'other' },
    { soft: null },
  ])
    expect(moved(withHeir(other), dataset)).toEqual([['r0', null, false]]);
});

it('says why a prompt cannot be trained again as it was', async () => {
  const { dataset, set } = await opened();
  const imported = changed({ ...set, chosenSoft: 'r0' }, 'r0', { origin: 'PEFT (PROMPT_TUNING)' });
  expect(movesOf(imported, NEW, dataset)[0]?.whyNot).toContain('PEFT');
  const distilled = changed({ ...set, chosenSoft: 'r0' }, 'r0', { distilled: { from: 'h' } });
  expect(movesOf(distilled, NEW, dataset)[0]?.whyNot).toContain('smaller again');
  const sides = { from: { name: 'old', sha256: '0'.repeat(64) }, to: { name: 'new', ...NEW } };
  const sheet = migrationSheet({ set: imported, dataset, cells: [], ...sides });
  expect(sheet.headline).toBe('Nothing could be compared');
  expect(sheet.sections[0]?.notes?.[0]).toContain('tuned 1 was not trained again. It was trained elsewhere');
});

const OLD = { name: 'old', sha256: '0'.repeat(64) };
const SIDES = { from: OLD, to: { name: 'new', ...NEW } };

/** The new model: how well it reads a text, and what it was asked to train. */
function newHost(answer?: typeof answerOf, reason: 'finished' | 'early' | 'paused' = 'finished') {
  const { host } = fakeHost(100_000, answer);
  const asked: TrainRequest[] = [];
  const validations = [{ kind: 'classify', step: 10, accuracy: 0.75, macroF1: 0.7, loss: 1 }];
  async function* train(request: TrainRequest) {
    asked.push(request);
    yield {
      ...{
        kind: 'done',
        vectors: Float32Array.of(2, 0),
        reason,
        bestStep: 10,
        checkpoint: { validations, best: null },
      },
      ...{ cacheSeconds: 0, trainSeconds: 90, stepsPerSecond: 1 },
    };
  }
  const engine = { ...host.engine, info: { ...host.engine.info, id: 'new', dtype: 'q4', ...NEW }, train };
  return { host: { ...host, engine } as unknown as Host, asked };
}
const oneVector = (set: PromptSet): PromptSet => ({
  ...set,
  soft: set.soft.map((run) => ({ ...run, settings: { ...run.settings, virtualTokens: 1 } })),
});
const heard = () => {
  const events: RetrainEvent[] = [];
  return { events, run: { control: uninterrupted, emit: (event: RetrainEvent) => void events.push(event) } };
};

describe('training again with the new weights', () => {
  it('makes a run of its own for each prompt in use, as it was trained, and switches nothing', async () => {
    const { dataset, set } = await opened();
    const ready = moveStage({ ...oneVector(set), chosenSoft: 'r1' }, { stage: 'production', to: 'r0', note: '' }, NOW);
    const { host, asked } = newHost();
    const { events, run } = heard();
    const after = await retrain(host, { set: ready, dataset }, run);
    expect(after.soft.map(({ name }) => name)).toEqual(['Run 1', 'Run 2', 'tuned 1 for new', 'tuned 2 for new']);
    expect([after.chosenSoft, after.moves]).toEqual(['r1', ready.moves]);
    expect(asked.map(({ settings: { seed } }) => seed)).toEqual([0, 1]);
    expect(asked.map(({ initTokenIds }) => String.fromCharCode(...initTokenIds))).toEqual(['Say', 'Say']);
    expect(asked[0]?.train.map(({ rowId }) => rowId)).toEqual(dataset.split.train);
    expect(after.soft[2]).toMatchObject({
      ...{ status: 'finished', bestStep: 10, validationAccuracy: 0.75, seconds: 90, template: ready.soft[0]?.template },
      ...{ validationRows: dataset.split.validation.length, model: { id: 'new', dtype: 'q4', ...NEW } },
      ...{ datasetFingerprint: dataset.fingerprint, splitHash: dataset.splitHash, settings: ready.soft[0]?.settings },
    });
    expect(Array.from(after.soft[2]?.soft?.vectors ?? [])).toEqual([2, 0]);
    const kinds = events.map((event) => (event.kind === 'run' ? `${event.name}: ${event.event.kind}` : event.kind));
    expect(kinds).toEqual(['tuned 1', 'tuned 2'].flatMap((name) => [`${name}: rows`, `${name}: done`, 'trained']));
    const first = events.find((event) => event.kind === 'trained');
    expect(first?.version).toEqual(after.soft[2]);
    expect(moved(after, dataset).map(([, heir]) => heir)).toEqual(after.soft.slice(2).map(({ id }) => id));
    // asked again, nothing is left to train
    await retrain(host, { set: after, dataset }, run);
    expect(asked).toHaveLength(2);
  });

  it('keeps the hand-written text and the answer words of a run, without its race', async () => {
    const { dataset, set } = await opened();
    const words = set.words.map(({ label }) => ({ label, word: ` ${label.toUpperCase()}` }));
    const settings = { ...STANDARD, virtualTokens: 1, race: 'starts', core: { steps: 5, rows: 8 } } as never;
    const own = changed({ ...set, chosenSoft: 'r0' }, 'r0', { words, handVersion: 'h', settings });
    const { host, asked } = newHost(undefined, 'early');
    const { soft } = await retrain(host, { set: own, dataset }, heard().run);
    expect(soft.at(-1)).toMatchObject({ words, handVersion: 'h', status: 'early' });
    expect(asked[0]?.labels.map(({ word }) => word)).toEqual([' BAD', ' GOOD']);
    for (const key of ['race', 'core']) expect(asked[0]?.settings).not.toHaveProperty(key);
  });

  it('starts from the instruction where the vectors came from a prompt of the other model', async () => {
    const { dataset, set } = await opened();
    const from = { kind: 'prompt', runId: 'gone', at: 'best' } as const;
    const settings = { ...STANDARD, virtualTokens: 1, initialisation: from };
    const branched = changed({ ...set, chosenSoft: 'r0' }, 'r0', { settings, initText: '' });
    const { host, asked } = newHost();
    const after = await retrain(host, { set: branched, dataset }, heard().run);
    expect(String.fromCharCode(...(asked[0]?.initTokenIds ?? []))).toBe('Say the tone.');
    expect(after.soft.at(-1)?.settings.initialisation).toEqual({ kind: 'text', text: '' });
  });

  it('loses one run at most when it is stopped', async () => {
    const { dataset, set } = await opened();
    const ready = moveStage({ ...oneVector(set), chosenSoft: 'r1' }, { stage: 'staging', to: 'r0', note: '' }, NOW);
    const control = new ControlSource();
    const kept: SoftVersion[] = [];
    const emit = (event: RetrainEvent) => {
      if (event.kind !== 'trained') return;
      kept.push(event.version);
      control.ask('cancel');
    };
    const { host, asked } = newHost();
    await expect(retrain(host, { set: ready, dataset }, { control, emit })).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect([asked.length, kept.map(({ name }) => name)]).toEqual([1, ['tuned 1 for new']]);
    const paused = new ControlSource();
    paused.ask('pause');
    const { events, run } = heard();
    await expect(
      retrain(newHost(undefined, 'paused').host, { set: ready, dataset }, { ...run, control: paused }),
    ).rejects.toMatchObject({ code: 'cancelled' });
    expect(events).toEqual([]);
  });

  it('leaves out prompts trained elsewhere', async () => {
    const { dataset, set } = await opened();
    const imported = changed({ ...set, chosenSoft: 'r0' }, 'r0', { origin: 'PEFT' });
    const { host, asked } = newHost();
    expect(await retrain(host, { set: imported, dataset }, heard().run)).toEqual(imported);
    expect(asked).toEqual([]);
  });
});

describe('the sheet of a migration', () => {
  /** Both models answer the test rows: the old one as the fake host does, the new one as it is said. */
  async function answered(answer: typeof answerOf) {
    const dataset = await prepared(100);
    const set = { ...oneVector(promptSet(dataset)), chosenSoft: 'r0' };
    const next = newHost(answer).host;
    const staged = moveStage(set, { stage: 'production', to: 'r0', note: '' }, NOW);
    const cells: MatrixCell[] = [];
    const emit = (event: MigrateEvent) => event.kind === 'cell' && cells.push(event.cell);
    const request = { dataset, to: NEW.sha256, done: [] };
    const after = await migrate(next, { ...request, set: staged }, { ...SILENT, emit });
    await migrate(fakeHost().host, { ...request, set: after }, { ...SILENT, emit });
    return { set: after, dataset, cells, ...SIDES };
  }
  /** Says the other label than the text does. */
  const wrong = (text: string) => (text.slice(text.lastIndexOf('Text: ')).includes('fine') ? [-0.01, -5] : [-5, -0.01]);

  it('compares each prompt on both models with intervals and a corrected p, and says what it cost and what to do', async () => {
    const given = await answered(wrong);
    const sheet = migrationSheet(given);
    expect(sheet.title).toBe('x (X): from old to new');
    expect(sheet.headline).toBe('2 prompts clearly worse with the new model');
    const [table, cost, next] = sheet.sections;
    const test = given.dataset.split.test.length;
    expect(table?.table?.caption).toContain(`on ${test} test rows; p is corrected for 2 pairs.`);
    expect(table?.table?.columns).toEqual(['Prompt', 'old', 'new', 'Difference in points', 'p', 'Trained again']);
    const rows = table?.table?.rows ?? [];
    expect(rows.map(([name]) => name)).toEqual(['hand-written 1', 'tuned 1']);
    // 20 of 35 right with the old model, 9 with the new one
    expect(rows[0]?.slice(1, 4)).toEqual([
      { value: '57.1%', range: '40.9 to 72.0' },
      { value: '25.7%', range: '14.2 to 42.1' },
      { value: '−31', range: expect.stringMatching(/^−\d+ to −\d+$/) },
    ]);
    expect(Number(rows[0]?.[4])).toBeLessThan(0.05);
    const train = given.dataset.split.train.length;
    expect(rows.map((row) => row[5])).toEqual(['–', `tuned 2, on ${train} rows in about 2 min`]);
    expect(table?.notes).toEqual([]);
    const sent = given.cells.reduce((sum, { answers }) => sum + (answers?.tokensSentMean ?? 0) * test, 0);
    expect(cost?.sentences?.[0]).toBe(
      `1 prompt trained again in about 2 min; about ${Math.round(sent).toLocaleString('en')} tokens sent to score both sides.`,
    );
    expect(next?.sentences?.at(-1)).toBe('production: from tuned 1 to tuned 2.');
    expect(next?.sentences?.[0]).toMatch(/^Nothing was switched: /);
  });

  it('says that nothing is clear where the new model answers as the old one', async () => {
    expect(migrationSheet(await answered(answerOf)).headline).toBe(
      'No prompt is clearly better or worse with the new model',
    );
  });

  it('shows skipped and missing cells, and what is still to be trained', async () => {
    const { dataset, set } = await opened();
    const chosen = { ...set, chosenSoft: 'r0' };
    const skipped = { prompt: 's/h', model: OLD.sha256, data: 'test rows', key: '', skipped: 'no rows', answers: null };
    const sheet = migrationSheet({ set: chosen, dataset, cells: [skipped], ...SIDES });
    expect(sheet.headline).toBe('Nothing could be compared');
    expect(sheet.sections[0]?.table?.rows).toEqual([['hand-written 1', 'no rows', 'not asked', '–', '–', '–']]);
    expect(sheet.sections[0]?.notes).toEqual(['tuned 1 was not trained again. Continue the migration to train it.']);
    expect(sheet.sections[1]?.sentences?.[0]).toBe(
      '0 prompts trained again in under 1 s; about 0 tokens sent to score both sides.',
    );
    expect(sheet.sections[2]?.sentences).toHaveLength(1);
  });
});

it('plans what is left to do, prompt by prompt, and asks a model nothing that is done', async () => {
  const { dataset, set } = await opened();
  const chosen = { ...oneVector(set), chosenSoft: 'r0' };
  const request = { set: chosen, dataset, from: OLD.sha256, to: NEW.sha256, done: [] as string[] };
  const { host, scored } = fakeHost();
  const test = dataset.split.test.length;
  const { moves: plan, left } = await planMigration(host, request, SILENT);
  expect(plan.map(({ name, testRows, answered }) => [name, testRows, answered])).toEqual([
    ['hand-written 1', test, { old: false, next: false }],
    ['tuned 1', test, { old: false, next: false }],
  ]);
  expect(plan.map(({ training }) => training && [training.rows.trainRows, training.isDone])).toEqual([
    null,
    [dataset.split.train.length, false],
  ]);
  expect(plan[0]?.tokens).toBeGreaterThan(test);
  const all = plan.reduce((sum, { tokens }) => sum + tokens, 0);
  expect([left.runs.length, left.tokens]).toEqual([1, { old: all, next: all }]);
  expect(scored).toEqual([]);

  const done: string[] = [];
  const emit = (event: MigrateEvent) => event.kind === 'cell' && done.push(filledId(event.cell));
  const after = await migrate(newHost().host, request, { ...SILENT, emit });
  const { moves: half, left: rest } = await planMigration(host, { ...request, set: after, done }, SILENT);
  expect(half.map(({ training, answered }) => [training?.isDone, answered])).toEqual([
    [undefined, { old: false, next: true }],
    [true, { old: false, next: true }],
  ]);
  expect(rest).toEqual({ runs: [], tokens: { old: all, next: 0 } });
  await migrate(host, { ...request, set: after, done }, { ...SILENT, emit });
  const { moves: whole } = await planMigration(host, { ...request, set: after, done }, SILENT);
  expect(whole.every(({ answered }) => answered.old && answered.next)).toBe(true);
  expect(done).toHaveLength(4);
  const asked = scored.length;
  await migrate(host, { ...request, set: after, done }, { ...SILENT, emit });
  expect(scored.length).toBe(asked);
});

it('plans no training for a prompt that was trained elsewhere, and says why', async () => {
  const { dataset, set } = await opened();
  const imported = changed({ ...set, chosenSoft: 'r0' }, 'r0', { origin: 'PEFT' });
  const { moves: plan, left } = await planMigration(
    fakeHost().host,
    { set: imported, dataset, from: OLD.sha256, to: '', done: [] },
    SILENT,
  );
  expect(plan[1]).toMatchObject({ name: 'tuned 1', training: null, whyNot: expect.stringContaining('PEFT') });
  expect([left.runs, left.tokens.next]).toEqual([[], plan[0]?.tokens]);
});
