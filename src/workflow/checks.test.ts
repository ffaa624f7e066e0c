import { describe, expect, it } from 'vitest';
import { prepareDataset } from '../dataset/prepare';
import { tableOf } from '../dataset/test-support';
import type { Dataset } from '../dataset/types';
import type { ScoreRequest, TrainRequest } from '../engine/types';
import { fineTuningSentence } from '../evaluation/classify/checks';
import { StudioError } from '../lib/errors';
import type { ClassifyEvaluation, EveryRow } from '../prompt-set/types';
import { type CheckProgress, consistency, everyRow, fineTune } from './checks';
import { compare } from './compare';
import { answerOf, fakeHost, NOW, prepared, promptSet, rowsOf, textOf } from './fake-host.test-support';
import { type Host, SILENT } from './host';

/** A comparison, on a host that "trains" vectors of a given strength. */
async function compared(strength = 3, dataset?: Dataset, answer = answerOf) {
  dataset ??= await prepared(120);
  const set = promptSet(dataset);
  const fake = fakeHost(undefined, answer);
  const { evaluation } = await compare(fake.host, { set, dataset }, SILENT);
  const kept = { ...evaluation, id: 'e', setId: set.id, createdAt: NOW } as ClassifyEvaluation;
  const trained: TrainRequest[] = [];
  async function* train(request: TrainRequest) {
    trained.push(request);
    yield { kind: 'step', point: { step: 1, loss: 1 }, stepsTotal: 2 };
    yield { kind: 'step', point: { step: 2, loss: 1 }, stepsTotal: 2 };
    yield { kind: 'done', vectors: new Float32Array(2 * request.settings.virtualTokens).fill(strength, 0, 1) };
  }
  const host = { ...fake.host, engine: { ...fake.host.engine, train } } as unknown as Host;
  return { ...fake, host, dataset, set, evaluation: kept, trained };
}
const heard = () => {
  const events: CheckProgress[] = [];
  return { events, run: { ...SILENT, emit: (event: CheckProgress) => void events.push(event) } };
};

describe('harmless edits', () => {
  it('are asked of both prompts of the headline, on rows that are drawn, and most answers survive', async () => {
    const { host, dataset, set, evaluation } = await compared();
    const { events, run } = heard();
    const report = await consistency(host, { set, dataset, evaluation }, run);
    expect(report.rows).toBe(Math.min(40, dataset.split.test.length));
    const [pair] = evaluation.comparison.pairs;
    expect(report.arms.map(({ armId }) => armId)).toEqual([pair?.a, pair?.b]);
    for (const { edits, steady } of report.arms) {
      expect(edits.length).toBeGreaterThan(0);
      for (const { changed, kept } of edits) {
        expect(changed).toBeGreaterThan(0);
        expect(kept).toBeLessThanOrEqual(changed);
        expect(steady).toBeLessThanOrEqual(report.rows - changed + kept);
      }
      // the texts are in lower case and without emoji already: such edits change nothing, and are left out
      expect(edits.map(({ kind }) => kind)).not.toContain('emoji');
    }
    const fractions = events.map(({ fraction }) => fraction);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions[0]).toBe(0);
    expect(fractions.at(-1)).toBeLessThanOrEqual(1);
    expect(fractions.some((f) => f > 0.5)).toBe(true);
    expect(events[0]?.note).toMatch(/ under harmless edits$/);
  });

  it('reach the model: a space at the end changes every row', async () => {
    const { dataset, set, evaluation } = await compared();
    const good = fakeHost(100_000, (text) => (text.endsWith(' \nTone:') ? [-9, -0.0001] : [-0.0001, -9])).host;
    const { calibration: _, ...plan } = { ...evaluation.plan, calibrated: false };
    const raw = { ...evaluation, plan };
    const report = await consistency(good, { set, dataset, evaluation: raw }, SILENT);
    for (const [a, { edits }] of report.arms.entries()) {
      const space = edits.find(({ kind }) => kind === 'space');
      const arm = evaluation.plan.arms.find(({ id }) => id === report.arms[a]?.armId);
      const asked = new Set(evaluation.plan.rowIds.slice(0, report.rows));
      expect(asked.size).toBe(report.rows);
      const saidGood = arm?.logProbs.filter(([bad = 0, fine = 0]) => fine > bad).length ?? 0;
      expect(space?.kept).toBeLessThanOrEqual(saidGood);
      expect(space?.changed).toBe(report.rows);
    }
  });
});

describe('every labelled row', () => {
  it('is answered by a prompt that was trained without it, and by the hand-written one', async () => {
    const { host, dataset, set, evaluation, trained, scored } = await compared();
    const { events, run } = heard();
    const before = scored.length;
    const { plan, comparison, account } = await everyRow(host, { set, dataset, evaluation }, run);
    expect(account).toEqual({ read: 120, used: 112, leftOut: { seen: 8 } });
    // the prompt with examples shows eight rows
    expect(comparison.n).toBe(112);
    expect(new Set(plan.folds).size).toBe(5);
    expect(plan.arms.map(({ id }) => id)).toEqual(['majority', 'tfidf', 'untuned', 'yours', 'yours-8', 'tuned']);
    expect(plan.pairs[0]).toEqual(['yours', 'tuned']);
    expect(plan.looks).toBe(set.testLooks + 1);
    expect(comparison.verdict.detail).toContain('in 5-fold cross-validation over 112 of 120 rows');
    expect(comparison.verdict.detail).toContain('Each row was answered by a prompt that never saw it');
    const tested = trained.map(({ train, validation }) => {
      const used = new Set([...train, ...validation].map(({ rowId }) => rowId));
      return dataset.table.rows.filter(({ id }) => !used.has(id)).length;
    });
    expect(tested.length).toBeGreaterThan(1);
    // the answers that calibrate a fold's prompt are its own, with its vectors
    const asked = scored.slice(before).map(({ rows, soft }) => [textOf(rows[0]?.ids ?? []).startsWith('Say'), soft]);
    for (const [isByHand, soft] of asked) if (isByHand) expect(soft).toBeNull();
    expect(asked.filter(([, soft]) => soft !== null).length).toBeGreaterThanOrEqual(2 * trained.length);
    // each row by the vectors of its own fold
    for (const [f, { train, validation }] of trained.entries()) {
      const used = new Set([...train, ...validation].map(({ rowId }) => rowId));
      const own = plan.rowIds.filter((_, i) => plan.folds?.[i] === f);
      expect(own.length).toBeGreaterThan(15);
      expect(own.some((id) => used.has(id))).toBe(false);
    }
    expect(tested.reduce((sum, n) => sum + n, 0)).toBeGreaterThanOrEqual(120);
    expect(trained.map(({ runId }) => runId)).toEqual(trained.map((_, f) => `fold-${f}-r0`));
    const fractions = events.map(({ fraction }) => fraction);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.at(-1)).toBeCloseTo(1, 9);
    expect(events[0]?.note).toBe(`Fold 1 of ${trained.length}: training`);
    expect(events.map(({ note }) => note)).toContain(`Fold ${trained.length} of ${trained.length}: step 2`);
    expect(events.map(({ note }) => note)).toContain('Your prompt, on 112 rows');
    // half of the training is 0.7 / 2 of the first fold, and the folds are 0.8 of the check
    expect(events.find(({ note }) => note.endsWith('step 1'))?.fraction).toBeCloseTo((0.8 * 0.35) / trained.length, 9);
  });

  it('is answered better by vectors that are stronger', async () => {
    const weak = await compared(0);
    const strong = await compared(6);
    const of = ({ host, dataset, set, evaluation }: typeof weak) =>
      everyRow(host, { set, dataset, evaluation }, SILENT);
    const gain = async (of: Promise<EveryRow>) => (await of).comparison.pairs[0]?.metrics.accuracy.value ?? 0;
    expect(await gain(of(strong))).toBeGreaterThan(await gain(of(weak)));
  });

  it('counts customers, not rows, where the split keeps the rows of one together', async () => {
    const lines = rowsOf(120).map(([text, label], i) => `"${text}",${label},customer ${i % 24}`);
    const table = tableOf(['text,label,customer', ...lines].join('\n'));
    const splitBy = { kind: 'group', column: 'customer' } as const;
    const made = await prepareDataset(
      table,
      { text: 'text', label: 'label', id: null, task: 'classify' },
      { seed: 0, splitBy },
    );
    if (!made.ok) throw new Error(made.error.message);
    const { dataset } = made.value;
    const cells = new Map(table.rows.map((row) => [row.cells.text, row.cells]));
    // the hand-written prompt gets every row of ten customers wrong, and nothing else
    const lucky = (customer = '') => Number(customer.split(' ')[1]) < 10;
    const { host, set, evaluation } = await compared(3, dataset, (prompt, vectors) => {
      const row = cells.get(prompt.slice(prompt.lastIndexOf('Text: ') + 6, prompt.lastIndexOf('\nTone')));
      const isWrong = !vectors && lucky(row?.customer);
      return (row?.label === 'good') === isWrong ? [-0.01, -4.6] : [-4.6, -0.01];
    });
    const { plan, comparison } = await everyRow(host, { set, dataset, evaluation }, SILENT);
    const pair = comparison.pairs[0];
    expect(plan.groups).toHaveLength(112);
    expect(pair?.aOnly).toBe(0);
    expect(pair?.bOnly).toBeGreaterThan(40);
    // rows that were independent would give 32 to 49 points
    expect(pair?.metrics.accuracy.interval.low).toBeLessThan(0.26);
    expect(pair?.metrics.accuracy.interval.high).toBeGreaterThan(0.56);
  });

  it('needs a hand-written and a tuned prompt, and a run that started from scratch', async () => {
    const { host, dataset, set, evaluation } = await compared();
    const asked = (change: object) => everyRow(host, { set, dataset, evaluation, ...change }, SILENT);
    await expect(asked({ evaluation: { ...evaluation, trainedVersion: 'gone' } })).rejects.toThrow(
      'a hand-written and a tuned',
    );
    const runs = set.runs.map((run) => ({
      ...run,
      settings: { ...run.settings, initialisation: { kind: 'prompt', runId: 'x', at: 'best' } as const },
    }));
    await expect(asked({ set: { ...set, runs } })).rejects.toThrow('continues an earlier one');
    await expect(asked({ set: { ...set, runs } })).rejects.toBeInstanceOf(StudioError);
  });
});

describe('fine-tuning', () => {
  it('trains adapters on the training rows, and asks the test rows of the comparison with them', async () => {
    const { host, dataset, set, evaluation } = await compared();
    const requests: TrainRequest[] = [];
    const asked: ScoreRequest[] = [];
    async function* train(request: TrainRequest) {
      requests.push(request);
      yield { kind: 'step', point: { step: 1, loss: 1 }, stepsTotal: 2 };
      yield { kind: 'done', vectors: Float32Array.of(1, 2, 3), trainSeconds: 7, bestStep: 1 };
    }
    const score = async (request: ScoreRequest) => {
      asked.push(request);
      const rows = request.rows.map(({ rowId, label }) => ({
        rowId,
        tokensSent: 1,
        tokensComputed: 1,
        logProbs: request.labels.map((_, c) => (c === label ? -0.1 : -3)),
      }));
      return { rows, rowsRun: rows.length, seconds: 1 };
    };
    const engine = { ...host.engine, train, score } as unknown as Host['engine'];
    const { events, run } = heard();
    const report = await fineTune({ ...host, engine }, { set, dataset, evaluation }, run);
    const { rowIds } = evaluation.plan;
    expect(report).toMatchObject({ numbers: 3, seconds: 7, step: 1, accuracy: 1, rows: rowIds.length });
    expect(report.trainingRows).toBe(dataset.split.train.length);
    expect(report.ci95.low).toBeLessThan(1);
    expect(requests.map(({ trains }) => trains)).toEqual(['adapters']);
    expect(requests[0]?.train.map(({ rowId }) => rowId).toSorted()).toEqual([...dataset.split.train].toSorted());
    expect(asked.at(-1)?.rows.map(({ rowId }) => rowId)).toEqual(rowIds);
    for (const { adapter, soft } of asked) expect([adapter, soft]).toEqual([Float32Array.of(1, 2, 3), null]);
    const fractions = events.map(({ fraction }) => fraction);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    const moved = { ...dataset, splitHash: 'other' };
    const refused = fineTune({ ...host, engine }, { set, dataset: moved, evaluation }, run);
    await expect(refused).rejects.toThrow('The rows have changed since this comparison');
    expect(fineTuningSentence(report)).toContain('3 numbers (12 B), trained in 7 s on');
  });
});
