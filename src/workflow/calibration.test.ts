import { describe, expect, it } from 'vitest';
import { rowsById, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import { betterCalibration } from '../evaluation/classify/outcome';
import { present } from '../lib/assert';
import { argmax } from '../metrics/classification';
import { labelsOf, softsOf } from '../prompt/prompt';
import { recordComparison, setThreshold } from '../prompt-set/calibration';
import { recalibrate } from '../prompt-set/make-versions';
import { alone } from '../prompt-set/planned';
import { trainedIn, writtenIn } from '../prompt-set/test-support';
import type { ClassifyEvaluation, Evaluation, PromptSet } from '../prompt-set/types';
import { reportOf } from '../report/input';
import { resultsJson } from '../report/kinds';
import type { LabelResults } from '../report/results-schema';
import { createRouter } from '../route/router';
import { type BatchEvent, batch } from './batch';
import { compare } from './compare';
import { answerOf, fakeHost, gridRow, NOW, prepared, promptSet } from './fake-host.test-support';
import { type FillEvent, fillGrid } from './grid';
import { type Host, SILENT } from './host';
import { checkImport, proposeImport, readImport } from './import';
import { exportPackage } from './index';
import { answerText } from './play';
import { openRows } from './rows-file';

/** A model that says "good" far too often, so that calibration turns answers over. */
const biasedHost = (bias = 1.5) =>
  fakeHost(undefined, (text, vectors) => {
    const [bad = 0, good = 0] = answerOf(text, vectors);
    const logit = good - bad + bias;
    return [-Math.log1p(Math.exp(logit)), -Math.log1p(Math.exp(-logit))];
  }).host;

async function comparedSet(host: Host) {
  const dataset = await prepared();
  const set = promptSet(dataset);
  const { evaluation } = await compare(host, { set, dataset }, SILENT);
  const labelled = evaluation as Omit<ClassifyEvaluation, 'id' | 'setId' | 'createdAt'>;
  const stored = { ...labelled, id: 'e', setId: set.id, createdAt: NOW } as ClassifyEvaluation;
  return { dataset, set: recordComparison(set, labelled, NOW), evaluation: stored };
}

/** What the tuned prompt answers to the test rows wherever it is asked. */
async function answersOf(host: Host, set: PromptSet, dataset: Dataset) {
  const [run] = trainedIn(set);
  if (!run) throw new Error('a run');
  const texts = dataset.split.test.map((id) => {
    const row = rowsById(dataset.table.rows).get(id);
    return row ? textOf(row, dataset.mapping) : '';
  });
  const typed = [];
  for (const text of texts) {
    const answer = await answerText(host, { plan: alone(run, dataset), fields: { text } }, SILENT);
    typed.push(answer.kind === 'classify' ? argmax(answer.probabilities) : -1);
  }
  const router = createRouter({ host });
  const routed = [];
  for (const text of texts) routed.push((await router.classify(alone(run), text)).label);
  const labels = labelsOf(run.prompt);
  const file = new Blob([['text', ...texts].join('\n')]);
  await openRows(host, { file, name: 'texts.csv' }, SILENT);
  const inBatch: number[] = [];
  const keep = ({ answers }: BatchEvent) => {
    for (const each of answers) if (each.kind === 'classify') inBatch.push(argmax(each.probabilities));
  };
  await batch(host, { plan: alone(run, dataset), text: 'text', from: 0 }, { ...SILENT, emit: keep });
  const inGrid: number[] = [];
  const fill = (event: FillEvent) => {
    if (event.kind === 'cell' && event.cell.answers?.kind === 'classify')
      inGrid.push(...event.cell.answers.probabilities.map(argmax));
  };
  const prompts = [gridRow(set, run.id, dataset)];
  const data = [{ id: 'a.csv', name: 'a.csv', dataset }];
  await fillGrid(host, { prompts, data, done: [] }, { ...SILENT, emit: fill });
  return [typed, routed.map((label) => labels.indexOf(label)), inBatch, inGrid];
}

describe('calibration', () => {
  it('is the same wherever a version answers: compared, typed, by the router, in a file and in a grid', async () => {
    const host = biasedHost();
    const { dataset, set, evaluation } = await comparedSet(host);
    const tuned = evaluation.comparison.arms.find(({ id }) => id === 'tuned');
    const raw = evaluation.plan.arms.find(({ id }) => id === 'tuned')?.logProbs.map(argmax);
    expect(tuned?.calibrated).toBe(true);
    expect(tuned?.predictions).not.toEqual(raw);
    for (const answers of await answersOf(host, set, dataset)) expect(answers).toEqual(tuned?.predictions);
  });

  it('stays as it is in a second comparison on other rows, which compares what answers and says what would be better', async () => {
    const first = await comparedSet(biasedHost());
    // the same set, of a model that answers "bad" far too often since
    const host = biasedHost(-3);
    const { evaluation } = await compare(host, first, SILENT);
    const second = recordComparison(first.set, evaluation as ClassifyEvaluation, NOW);
    expect([writtenIn(second), trainedIn(second)]).toEqual([writtenIn(first.set), trainedIn(first.set)]);
    const { plan, comparison } = evaluation as ClassifyEvaluation;
    const tuned = present(
      plan.arms.find(({ id }) => id === 'tuned'),
      'tuned',
    );
    expect([tuned.decided, tuned.calibration]).toEqual([true, trainedIn(first.set)[0]?.prompt.calibration]);
    const predictions = comparison.arms.find(({ id }) => id === 'tuned')?.predictions;
    for (const answers of await answersOf(host, second, first.dataset)) expect(answers).toEqual(predictions);

    const better = present(betterCalibration(tuned) ?? undefined, 'a better calibration');
    expect(better.loss.better).toBeLessThan(better.loss.own - 0.5);
    const set = recalibrate(second, 'r0', better.fit, { id: 'r1', now: NOW });
    const third = (await compare(host, { ...first, set }, SILENT)).evaluation as ClassifyEvaluation;
    const shown = third.plan.arms.filter(({ id }) => id === 'tuned');
    expect(shown).toMatchObject([{ decided: true, calibration: better.fit }]);
    expect(shown.map(betterCalibration)).toEqual([null]);
    // whatever has no version of its own is fitted each time
    expect(third.plan.arms.filter(({ id }) => id === 'untuned')).not.toHaveProperty('0.decided');
  });

  it('goes out and comes back with the threshold: as a package for an engineer, and as a whole prompt set', async () => {
    const host = biasedHost();
    const { dataset, set: compared, evaluation } = await comparedSet(host);
    const threshold = { value: 0.8, rows: 40, answered: 30, correct: 29 };
    const set = setThreshold(compared, trainedIn(compared)[0]?.id ?? '', threshold, NOW);
    const predictions = evaluation.comparison.arms.find(({ id }) => id === 'tuned')?.predictions;
    for (const recipient of ['engineer', 'browser'] as const) {
      const stored = { set, dataset, evaluations: [evaluation] as Evaluation[], ...NOTHING };
      const order = { stored, subject: trainedIn(set)[0]?.id ?? null, withRows: true, recipient };
      const { name, content } = await exportPackage(host, order, SILENT);
      const what = await readImport(host, { files: new Map([[name, content]]), taken: [] }, SILENT);
      expect(await checkImport(host, what, SILENT)).toMatchObject(
        recipient === 'engineer' ? { kind: 'replayed' } : { kind: 'fits' },
      );
      const proposed = await proposeImport(host, { what, form: {} as never, taken: [], isHere: false }, SILENT);
      if (!proposed.ok) throw new Error(proposed.error.message);
      const [run] = trainedIn(proposed.value.set);
      expect(run?.prompt.threshold).toEqual(threshold);
      expect(run?.prompt.calibration).toEqual(trainedIn(set)[0]?.prompt.calibration);
      for (const answers of await answersOf(host, proposed.value.set, dataset)) expect(answers).toEqual(predictions);
    }
  });

  it('is in results.json for every prompt, so that each answer can be worked out from the file', async () => {
    const { dataset, set, evaluation } = await comparedSet(biasedHost());
    const input = reportOf({ set, dataset, evaluation, checkpoint: null });
    if (!input) throw new Error('a report');
    const results = JSON.parse(JSON.stringify(resultsJson(input))) as LabelResults;
    let turned = 0;
    for (const { calibrated, calibration, rows } of results.arms)
      for (const { predicted, logProbs } of rows) {
        const score = (label: string) =>
          (logProbs[label] ?? 0) - (calibrated ? (calibration?.meanLogProbs[label] ?? 0) : 0);
        expect(results.labels.toSorted((a, b) => score(b) - score(a))[0]).toBe(predicted);
        if (predicted !== results.labels.toSorted((a, b) => (logProbs[b] ?? 0) - (logProbs[a] ?? 0))[0]) turned++;
      }
    expect(turned).toBeGreaterThan(20);
  });
});

const NOTHING = { checkpoints: [], measurements: [], examples: [] } as const;

it('takes vectors of PEFT after what the model multiplies its input embeddings by, and those of NumPy as they are', async () => {
  const { host } = fakeHost();
  const granite = { ...host, card: { ...host.card, embeddingMultiplier: 3 } };
  const table = { vectors: Float32Array.of(1, -2.5), virtualTokens: 1, hidden: 2 };
  const form = {
    name: 'x',
    template: '{text}',
    words: 'bad = bad\ngood = good',
    placement: 'prefix',
    from: '',
  } as const;
  for (const [beforeMultiplier, expected] of [
    [true, [3, -7.5]],
    [false, [1, -2.5]],
  ] as const) {
    const what = {
      kind: 'vectors',
      source: 'x',
      table,
      beforeMultiplier,
      placement: 'prefix',
      baseModel: null,
    } as const;
    const made = await proposeImport(granite, { what, form, taken: [], isHere: false }, SILENT);
    if (!made.ok) throw new Error(made.error.message);
    expect(Array.from(softsOf(present(trainedIn(made.value.set)[0], 'version').prompt)[0]?.vectors ?? [])).toEqual(
      expected,
    );
  }
});
