/** Prompt sets of every shape, for property tests. Every text of a row has the word SECRET in it. */
import fc from 'fast-check';
import { type Dataset, TASK_KINDS } from '../dataset/types';
import { forEachMetric, LABEL_METRICS, TEXT_METRICS } from '../metrics/registry';
import { type Prompt, voicesOf } from '../prompt/prompt';
import { numbersEach, PLACEMENTS, type SoftPrompt } from '../prompt/soft-prompt';
import type { Answers } from '../prompt-set/answers';
import { answersTo } from '../prompt-set/answers.test-support';
import { withCounts } from '../prompt-set/test-support';
import type { ClassifyEvaluation, GenerateEvaluation, Run, RunCheckpoint, Version } from '../prompt-set/types';
import { tunedPrompt } from '../prompt-set/versions';
import type { CompleteSet } from './set-files';

const LABELS = ['bad', 'good'];

const id = fc.uuid();
const share = fc.double({ min: 0, max: 1, noNaN: true });
const time = fc.integer({ min: 0, max: 1e6 }).map((s) => new Date(1.7e12 + s * 1000).toISOString());
const text = fc.string({ unit: 'binary', maxLength: 20 });
const rowId = fc.integer({ min: 0, max: 99 }).map((n) => `SECRET ${n}`);
const logProb = fc.oneof(fc.double({ max: 0, noNaN: true }), fc.constantFrom(-0, Number.NEGATIVE_INFINITY));
const unique = <T extends { readonly id: string }>(of: fc.Arbitrary<T>, maxLength: number) =>
  fc.uniqueArray(of, { selector: (value) => value.id, maxLength });

/** Rows that something learned from. */
const learned = fc.option(
  fc.record({ datasetFingerprint: text, heldBackHash: fc.constant('h'), splitHash: fc.constant('s') }),
);
const words = LABELS.map((label) => ({ label, word: ` ${label}` }));
const model = fc.record({ id: text, sha256: fc.constant('a'.repeat(64)), dtype: fc.constant('q4') });

const tried = fc.option(
  fc.record({
    kind: fc.constant('classify' as const),
    accuracy: share,
    macroF1: share,
    confusion: fc.constant([
      [1, 0],
      [2, 3],
    ]),
    wrongRowIds: fc.array(rowId, { maxLength: 3 }),
    wrongPredictions: fc.array(fc.nat(3), { maxLength: 3 }),
    rows: fc.nat(100),
    seconds: fc.double({ min: 0, max: 1e5, noNaN: true }),
    datasetFingerprint: text,
    splitHash: fc.constant('s'),
    with: fc.record({
      words: fc.constant([{ label: 'a', word: ' a' }]),
      meanLogProbs: fc.option(fc.array(fc.double({ max: 0, noNaN: true, noDefaultInfinity: true }), { maxLength: 3 })),
      longest: fc.option(fc.nat(99)),
      seed: fc.integer(),
      model: fc.constant('a'.repeat(64)),
    }),
  }),
);

const named = {
  id,
  number: fc.integer({ min: 1, max: 3 }),
  name: text,
  createdAt: time,
};

const floats = (length: number) =>
  fc.float32Array({ minLength: length, maxLength: length, noNaN: true, noDefaultInfinity: true });

const size = fc.integer({ min: 1, max: 3 });
const heads = fc.record({ layers: size, kvHeads: size, headDim: size, position: fc.option(fc.nat(99)) });

/** Every other one with trained answer words. */
const soft: fc.Arbitrary<SoftPrompt> = fc
  .tuple(fc.constantFrom(...PLACEMENTS), fc.record({ virtualTokens: size, hidden: size }), heads)
  .chain(([placement, sizes, own]) => {
    const form = { placement, ...sizes, ...(placement === 'kv' && { heads: own }) };
    const numbers = form.virtualTokens * numbersEach(form);
    return fc
      .tuple(floats(numbers), fc.option(floats(LABELS.length * form.hidden)))
      .map(([vectors, shift]) => ({ ...form, vectors, ...(shift && { answerShift: shift }) }));
  });

const counts = {
  ngrams: 1,
  sublinear: true,
  vocabulary: ['__proto__'],
  idf: [1.5],
  classes: LABELS.length,
  known: [1, 0],
  weights: Float64Array.of(0.1, -1 / 3),
};

/** A text, vectors, or several prompts: vectors and word counts. */
const prompt = fc.tuple(text, fc.option(soft), fc.boolean()).map(([template, own, isMixed]): Prompt => {
  const whole = own ? tunedPrompt(template, own) : { template, shots: 0, shotSeed: 0 };
  const voices = voicesOf(whole, words, own ? [own] : []);
  return {
    task: { kind: 'classify', labels: LABELS },
    voices: own && isMixed ? withCounts(voices, counts, 0.35) : voices,
    calibration: null,
    threshold: null,
  };
});

const version = (runIds: readonly string[]): fc.Arbitrary<Version> =>
  fc.record({
    ...named,
    prompt,
    learned,
    tried,
    author: fc.constantFrom('Ana', 'Jörg <b>'),
    calibrated: fc.boolean(),
    origin: fc.constantFrom(
      { kind: 'written' as const },
      { kind: 'proposed' as const, bare: true },
      ...runIds.map((run) => ({ kind: 'run' as const, run })),
    ),
    model: fc.option(model),
  });

const run: fc.Arbitrary<Run> = fc.record({
  ...named,
  words: fc.constant(words),
  settings: fc.record({
    placement: fc.constantFrom(...PLACEMENTS),
    virtualTokens: fc.integer({ min: 1, max: 9 }),
    initialisation: fc.oneof(
      fc.record({ kind: fc.constant('text' as const), text }),
      fc.record({ kind: fc.constant('prompt' as const), runId: id, at: fc.constant('best' as const) }),
    ),
    steps: fc.nat(500),
    batchSize: fc.nat(16),
    learningRate: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    warmupSteps: fc.nat(10),
    beta1: share,
    beta2: share,
    epsilon: fc.constant(1e-8),
    weightDecay: share,
    clipNorm: share,
    seed: fc.nat(),
    validateEvery: fc.nat(10),
    patience: fc.option(fc.nat(9)),
    metric: fc.constantFrom('accuracy' as const, 'macro-f1' as const),
    checkpointEvery: fc.nat(50),
  }),
  template: text,
  initText: text,
  status: fc.constantFrom('running', 'finished', 'early', 'stopped', 'paused', 'failed'),
  error: fc.option(fc.record({ code: fc.constantFrom('diverged', 'worker-died'), message: text })),
  bestStep: fc.option(fc.nat(500)),
  validationAccuracy: fc.option(share),
  seconds: fc.option(fc.double({ min: 0, max: 1e5, noNaN: true })),
  model,
  datasetFingerprint: text,
  heldBackHash: fc.constant('h'),
  splitHash: fc.constant('s'),
  distilled: fc.record({
    from: id,
    reached: fc.record({
      tokensBefore: share,
      tokensAfter: share,
      same: fc.nat(64),
      rightBefore: fc.nat(64),
      rightAfter: fc.nat(64),
      rows: fc.nat(64),
    }),
  }),
});

const point = fc.oneof(
  fc.record({
    kind: fc.constant('classify' as const),
    step: fc.nat(500),
    accuracy: share,
    macroF1: share,
    loss: share,
  }),
  fc.record({ kind: fc.constant('generate' as const), step: fc.nat(500), tokenShare: share, loss: share }),
);

const checkpoint = (runId: string, setId: string): fc.Arbitrary<RunCheckpoint> =>
  fc.record({
    runId: fc.constant(runId),
    setId: fc.constant(setId),
    checkpoint: fc.record({
      formatVersion: fc.constant(1 as const),
      step: fc.nat(500),
      vectors: floats(4),
      optimiser: fc.record({ m: floats(4), v: floats(4) }),
      answers: fc.record({ shift: floats(4), optimiser: fc.record({ m: floats(4), v: floats(4) }) }),
      rngState: fc.nat(),
      pending: fc.array(fc.nat(99), { maxLength: 4 }),
      best: fc.option(fc.record({ step: fc.nat(500), metric: share, vectors: floats(4) })),
      evaluationsWithoutGain: fc.nat(9),
      steps: fc.array(fc.record({ step: fc.nat(500), loss: share, learningRate: share, gradNorm: share, ms: share }), {
        maxLength: 2,
      }),
      validations: fc.array(point, {
        maxLength: 2,
      }),
      elapsedMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
      environment: text,
    }),
  });

const evaluation = (setId: string, runIds: readonly string[]): fc.Arbitrary<ClassifyEvaluation> =>
  fc
    .record({
      id,
      createdAt: time,
      rowIds: fc.uniqueArray(rowId, { minLength: 1, maxLength: 3 }),
      trainedVersion: runIds.length > 0 ? fc.option(fc.constantFrom(...runIds)) : fc.constant(null),
      choice: fc.constantFrom('a' as const, 'b' as const, 'tie' as const, 'both-bad' as const),
      value: logProb,
    })
    .map(({ rowIds, choice, value, trainedVersion, ...own }) => ({
      kind: 'classify' as const,
      ...own,
      setId,
      plan: {
        labels: LABELS,
        rowIds,
        gold: rowIds.map(() => 1),
        arms: [
          {
            id: 'tuned',
            name: 'Tuned',
            kind: 'tuned' as const,
            placement: 'suffix' as const,
            logProbs: rowIds.map(() => [value, -1]),
            calibration: null,
            tokensSentMean: 12.5,
            tokensComputedMean: null,
            latencyMsMedian: 3,
            validation: null,
          },
        ],
        pairs: [['tuned', 'tuned'] as const],
        calibrated: false,
        looks: 1,
        seed: 4,
      },
      comparison: {
        arms: [
          {
            id: 'tuned',
            name: 'Tuned',
            kind: 'tuned' as const,
            n: rowIds.length,
            correct: 0,
            metrics: forEachMetric(LABEL_METRICS, () => ({ value: 0, interval: { low: 0, high: 1 } })),
            calibrated: false,
            classes: [],
            confusion: [[0]],
            predictions: rowIds.map(() => 0),
            confidences: rowIds.map(() => 0.5),
            tokensSentMean: 12.5,
            tokensComputedMean: null,
            latencyMsMedian: 3,
          },
        ],
        pairs: [],
        verdict: { kind: 'no-clear-difference' as const, headline: 'h', detail: 'd', rowsNeeded: null },
        n: rowIds.length,
      },
      writtenVersion: null,
      versions: {},
      trainedVersion,
      datasetFingerprint: 'f',
      splitHash: 's',
      model: 'w',
      account: { read: 3, used: 3, leftOut: {} },
      backend: 'wasm',
      threads: 2,
    }));

const writing = (setId: string): fc.Arbitrary<GenerateEvaluation> =>
  fc
    .record({ id, createdAt: time, rowIds: fc.uniqueArray(rowId, { minLength: 1, maxLength: 3 }), answer: text })
    .map(({ rowIds, answer, ...own }) => {
      const metrics = forEachMetric(TEXT_METRICS, () => ({ value: 0.5, interval: { low: 0, high: 1 } }));
      const arm = { id: 'tuned', name: 'Tuned', kind: 'tuned' as const, tokensSentMean: 2 };
      return {
        kind: 'generate' as const,
        ...own,
        setId,
        plan: {
          rowIds,
          wanted: rowIds.map(() => 'SECRET wanted'),
          arms: [
            {
              ...arm,
              written: rowIds.map(() => `SECRET ${answer}`),
              scores: rowIds.map(() => ({ logProb: -3.5, tokens: 2 })),
            },
          ],
          pairs: [],
          looks: 1,
          seed: 4,
        },
        comparison: {
          n: rowIds.length,
          arms: [{ ...arm, metrics, rows: rowIds.map(() => 0.5) }],
          pairs: [],
          verdict: { kind: 'no-clear-difference' as const, headline: 'h', detail: 'd', rowsNeeded: null },
        },
        writtenVersion: null,
        versions: {},
        trainedVersion: null,
        datasetFingerprint: 'f',
        splitHash: 's',
        model: 'w',
        account: { read: 3, used: 3, leftOut: {} },
        backend: 'wasm',
        threads: 2,
        votes: [{ rowId: rowIds[0] ?? '', choice: 'a' as const }],
      };
    });

const dataset: fc.Arbitrary<Dataset> = fc
  .record({ cells: fc.array(text, { minLength: 1, maxLength: 4 }), column: fc.oneof(text, fc.constant('$number')) })
  .map(({ cells, column }) => ({
    table: {
      format: {
        fileName: 'SECRET.csv',
        bytes: 10,
        encoding: 'utf-8' as const,
        delimiter: ',' as const,
        kind: 'csv' as const,
      },
      columns: [column, 'label'],
      rows: cells.map((cell, i) => ({
        id: `SECRET ${i}`,
        line: i + 2,
        cells: Object.fromEntries([
          [column, `SECRET ${cell}`],
          ['label', LABELS[i % 2] ?? ''],
        ]),
      })),
      rejected: [],
    },
    mapping: { text: column, label: 'label', id: null, task: 'classify' },
    labels: LABELS,
    split: { train: ['SECRET 0'], validation: [], test: [] },
    seed: 1,
    fingerprint: 'f',
    splitHash: 's',
    heldBackHash: 'h',
    splitBy: { kind: 'seed' as const },
  }));

const measurement = (setId: string): fc.Arbitrary<Answers> =>
  fc
    .record({ id, createdAt: time, versionId: id, gold: fc.array(fc.nat(1), { minLength: 1, maxLength: 3 }) })
    .map(({ gold, ...own }) =>
      answersTo(
        { ...own, setId },
        'others.csv',
        gold,
        gold.map(() => 0),
        LABELS,
      ),
    );

export const anySet: fc.Arbitrary<CompleteSet> = fc
  .record({ setId: id, runs: unique(run, 3) })
  .chain(({ setId, runs }) =>
    fc.record({
      setId: fc.constant(setId),
      runs: fc.constant(runs),
      versions: unique(version(runs.map((each) => each.id)), 6),
    }),
  )
  .chain(({ setId, versions, runs }) => {
    const runIds = runs.map((each) => each.id);
    return fc.record({
      set: fc.record({
        id: fc.constant(setId),
        name: fc.string({ minLength: 1, maxLength: 20 }),
        handle: fc.constant('HANDLE'),
        kind: fc.constantFrom(...TASK_KINDS),
        longest: fc.option(fc.nat(99), { nil: null }),
        createdAt: time,
        updatedAt: time,
        deletedAt: fc.constant(null),
        words: fc.constant(LABELS.map((label) => ({ label, word: ` ${label}` }))),
        baseTemplate: text,
        versions: fc.constant(versions),
        runs: fc.constant(runs),
        chosenWritten: fc.constant(versions[0]?.id ?? null),
        chosenTrained: fc.constant(versions[1]?.id ?? null),
        datasetFingerprint: fc.option(text),
        datasetName: fc.constant(null),
        testLooks: fc.nat(9),
      }),
      dataset: fc.option(dataset),
      checkpoints: fc.tuple(...runIds.toSorted().map((runId) => checkpoint(runId, setId))),
      evaluations: fc
        .tuple(unique(evaluation(setId, runIds), 2), unique(writing(setId), 2))
        .map(([classified, generated]) =>
          [...classified, ...generated].toSorted(
            (a, b) => b.createdAt.localeCompare(a.createdAt) || (a.id < b.id ? -1 : 1),
          ),
        ),
      measurements: unique(measurement(setId), 2).map((list) =>
        list.toSorted((a, b) => a.createdAt.localeCompare(b.createdAt) || (a.id < b.id ? -1 : 1)),
      ),
    });
  });
