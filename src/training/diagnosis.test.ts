import { describe, expect, test } from 'vitest';
import { diagnose, fewValidationRows, judge } from './diagnosis';
import type { Scores } from './events';
import { STANDARD } from './settings';

const run = (
  n: number,
  loss: (step: number) => number,
  accuracy: (step: number) => number,
  validationLoss = (s: number) => loss(s),
) => ({
  steps: Array.from({ length: n }, (_, step) => ({ step, loss: loss(step), learningRate: 0.01, gradNorm: 1, ms: 500 })),
  validations: Array.from({ length: Math.floor(n / 10) + 1 }, (_, i) => ({
    kind: 'classify' as const,
    step: i * 10,
    accuracy: accuracy(i * 10),
    macroF1: 0,
    loss: validationLoss(i * 10),
  })),
  majority: 0.45,
  validationRows: 60,
  trainRows: 256,
  settings: STANDARD,
});

test.each([
  [
    'starting',
    run(
      8,
      () => 1,
      () => 0.5,
    ),
  ],
  [
    'learning',
    run(
      60,
      (s) => 1.1 - s / 100,
      (s) => 0.5 + s / 200,
    ),
  ],
  [
    'stalled',
    run(
      80,
      () => 1.05,
      () => 0.46,
    ),
  ],
  [
    'diverging',
    run(
      40,
      (s) => 1 + s / 10,
      () => 0.4,
    ),
  ],
  [
    'diverging',
    run(
      30,
      (s) => (s === 29 ? Number.NaN : 1),
      () => 0.4,
    ),
  ],
  [
    'overfitting',
    run(
      120,
      (s) => Math.max(0.05, 1.1 - s / 60),
      (s) => (s <= 40 ? 0.8 : 0.75),
      (s) => (s <= 40 ? 0.5 : 0.5 + s / 200),
    ),
  ],
  [
    'levelled',
    run(
      120,
      (s) => Math.max(0.5, 1.1 - s / 60),
      (s) => Math.min(0.8, 0.5 + s / 150),
    ),
  ],
])('%s', (kind, seen) => expect(diagnose(seen).kind).toBe(kind));

describe('with a validation every 25 steps', () => {
  /** Validated at 0, 25, ... up to the last step, and worse after step 25. */
  const until = (last: number) => {
    const seen = run(
      last,
      (s) => Math.max(0.05, 1.1 - s / 20),
      (s) => (s === 25 ? 0.8 : 0.7),
      (s) => (s <= 25 ? 0.5 : 0.5 + s / 100),
    );
    const validations = Array.from({ length: Math.floor(last / 25) + 1 }, (_, i) => ({
      kind: 'classify' as const,
      step: 25 * i,
      accuracy: i === 1 ? 0.8 : 0.7,
      macroF1: 0,
      loss: i <= 1 ? 0.5 : 0.5 + i / 4,
    }));
    return { ...seen, validations };
  };

  test('the first steps say when validation rows are scored', () => {
    expect(diagnose(until(20))).toMatchObject({ kind: 'starting', advice: expect.stringContaining('from step 25 on') });
    const without = { ...until(20), validationRows: 0, validations: [] };
    expect(diagnose(without).kind).toBe('learning');
  });

  test('one validation after the best is no sign of overfitting, two are', () => {
    expect(diagnose(until(60)).kind).not.toBe('overfitting');
    expect(diagnose(until(80)).kind).toBe('overfitting');
  });
});

describe('remedies', () => {
  const flat = run(
    60,
    () => 1,
    () => 0.45,
  );
  const growing = run(
    30,
    (s) => 1 + s / 5,
    () => 0.5,
  );
  const byHeart = run(
    90,
    (s) => (s < 30 ? 1 - s / 40 : 0.05),
    (s) => (s === 40 ? 0.8 : 0.7),
    (s) => (s <= 40 ? 0.5 : 0.5 + s / 100),
  );

  test('halve a rate that makes the loss grow, as it was set or as it was taken', () => {
    expect(diagnose(growing).remedy?.change).toEqual({ learningRate: 0.005 });
    expect(diagnose({ ...growing, settings: { ...STANDARD, learningRate: 0.03 } }).remedy?.change).toEqual({
      learningRate: 0.015,
    });
  });

  test('start from a text where sampled words stall, else at twice the rate', () => {
    expect(
      diagnose({ ...flat, settings: { ...STANDARD, initialisation: { kind: 'vocabulary' } } }).remedy?.change,
    ).toEqual({ initialisation: { kind: 'text', text: '' } });
    expect(diagnose(flat).remedy?.change).toEqual({ learningRate: 0.02 });
  });

  test('advise against sampled words only a run that starts from some, and no stop while the loss still falls', () => {
    expect(diagnose(flat).advice).not.toContain('sampled words');
    expect(diagnose({ ...flat, settings: { ...STANDARD, initialisation: { kind: 'vocabulary' } } }).advice).toMatch(
      /^Start from a text/,
    );
    const falling = run(
      90,
      (s) => 1.1 - s / 200,
      () => 0.45,
    );
    expect(diagnose({ ...falling, hasEnded: true }).kind).toBe('unfinished');
  });

  test('fewer vectors where rows are learned by heart, and early stopping', () => {
    const settings = { ...STANDARD, virtualTokens: 5, patience: null };
    expect(diagnose({ ...byHeart, settings })).toMatchObject({
      kind: 'overfitting',
      remedy: { change: { virtualTokens: 3, patience: 3 } },
    });
    expect(diagnose({ ...byHeart, settings: { ...STANDARD, virtualTokens: 1 } }).remedy).toBeNull();
  });

  test('too few rows: fewer steps, once there were enough', () => {
    const learning = run(
      80,
      (s) => 1.1 - s / 100,
      (s) => 0.5 + s / 300,
      (s) => (s < 30 ? 1 - s / 100 : 0.7),
    );
    expect(diagnose({ ...learning, trainRows: 64 })).toMatchObject({
      kind: 'few-rows',
      remedy: { change: { steps: 60 } },
    });
    // a prompt that is made smaller learns from no labels
    expect(diagnose({ ...learning, trainRows: 64 }).advice).toContain('more labels');
    expect(diagnose({ ...learning, trainRows: 64, isDistilled: true }).advice).not.toContain('labels');
    expect(diagnose({ ...learning, trainRows: 64, settings: { ...STANDARD, steps: 60 } }).kind).toBe('learning');
    expect(diagnose({ ...learning, trainRows: 100 }).kind).toBe('learning');
  });
});

describe('where texts are written', () => {
  const written = (valLoss: (step: number) => number) => {
    const seen = run(
      90,
      (s) => 4 - s / 50,
      () => 0.3,
      valLoss,
    );
    const validations = seen.validations.map(({ step, loss }) => ({
      kind: 'generate' as const,
      step,
      tokenShare: 0.3,
      loss,
    }));
    return { ...seen, validations };
  };

  test('judges by the validation loss, not by the most frequent label', () => {
    expect(diagnose(written((s) => 4 - s / 60)).kind).toBe('learning');
    expect(diagnose(written(() => 4)).title).toContain('no better than at the start');
    expect(diagnose(written((s) => (s <= 40 ? 4 - s / 40 : 3 + (s - 40) / 200))).title).toBe(
      'Overfitting since about step 40',
    );
    expect(diagnose(written((s) => 3 + s / 100)).title).toBe('Overfitting from the start');
  });
});

describe('one judgement', () => {
  const MEASURE = { of: (p: Scores) => (p.kind === 'classify' ? p.accuracy : Number.NaN), falls: false };
  const judged = (seen: ReturnType<typeof run>, hasEnded = false) => judge({ ...seen, lines: [], hasEnded }, MEASURE);

  test.each([
    ['falling', (i: number) => 1.2 - i / 50],
    ['level', (i: number) => (i < 10 ? 1.2 : 0.6)],
    ['unmoved', () => 1.1],
    ['rising', (i: number) => (i < 32 ? 1 : 1.15)],
    ['grown', (i: number) => 0.5 + i / 40],
    ['broken', (i: number) => (i === 5 ? Number.NaN : 1)],
  ] as const)('the training loss is %s', (trend, loss) => {
    expect(judged(run(40, loss, () => 0.5)).trend).toBe(trend);
    expect(judged(run(9, loss, () => 0.5)).trend).toBe(trend === 'broken' ? trend : 'short');
  });

  /** Falls in its last fifth, but no more in its last 15 steps; the best accuracy is long past. */
  const bumpy = run(
    150,
    (s) => (s < 90 ? 1.2 : s < 120 ? 1 : 0.7),
    (s) => (s === 60 ? 0.8 : 0.7),
    (s) => (s <= 60 ? 1 - s / 100 : 0.5),
  );

  test('never says that it levelled off while the loss is falling', () => {
    const { trend, diagnosis } = judged(bumpy);
    expect(trend).toBe('falling');
    expect(diagnosis).toMatchObject({ kind: 'learning', title: 'Learning the training rows' });
  });

  test('says that the loss is falling only where its title does', () => {
    for (const loss of [() => 1, (s: number) => 0.8 + s / 300, (s: number) => Math.max(0.5, 1.1 - s / 30)])
      for (const accuracy of [() => 0.6, (s: number) => 0.5 + s / 300]) {
        const { trend, diagnosis } = judged(run(70, loss, accuracy));
        expect(diagnosis.advice.includes('loss is falling')).toBe(trend === 'falling');
      }
  });

  const still = run(
    150,
    (s) => Math.max(0.5, 1.1 - s / 60),
    (s) => (s === 60 ? 0.8 : 0.7),
    (s) => 1.2 - s / 200,
  );

  test('has not levelled off where the validation loss was still falling, which is what Compare says of it', () => {
    expect(judged(still).diagnosis).toMatchObject({ kind: 'learning', title: 'Still improving' });
    expect(judged(still, true).diagnosis).toMatchObject({
      kind: 'unfinished',
      remedy: { label: 'Train again with 300 steps', change: { steps: 300 } },
    });
    expect(judged({ ...still, trainRows: 64 }, true).diagnosis.kind).toBe('unfinished');
    expect(judged({ ...still, settings: { ...STANDARD, steps: 5000 } }, true).diagnosis.remedy).toBeNull();
  });
});

test('few validation rows are said in words, with how wide their interval is', () => {
  expect(fewValidationRows(15, 8 / 15)).toBe(
    'Only 15 validation rows choose the step to keep. They are few: 8 of 15 right means anything from 30% to 75%, so a later step is kept unless it is clearly worse. For cross-validation over all rows, use “Check every row” among the checks on Compare.',
  );
  expect(fewValidationRows(20, null)).toContain('10 of 20 right would mean anything from 30% to 70%');
  expect(fewValidationRows(60, 0.5)).toBeNull();
  expect(fewValidationRows(0, null)).toBeNull();
});

test('a run that diverged is judged by that, whatever its finite steps look like', () => {
  const seen = run(
    36,
    (s) => 1.5 - s / 60,
    (s) => 0.5 + s / 200,
  );
  const accuracy = { of: () => 0.5, falls: false };
  const judged = judge({ ...seen, lines: [], hasEnded: true, diverged: { keptStep: null } }, accuracy);
  expect(judged).toMatchObject({ trend: 'broken', diagnosis: { title: 'No step of this run is kept', remedy: null } });
  expect(diagnose({ ...seen, steps: [], hasEnded: true, diverged: { keptStep: null } }).advice).toContain(
    'diverged at once',
  );
  expect(diagnose({ ...seen, hasEnded: true, diverged: { keptStep: 20 } }).title).toBe(
    'The vectors of step 20 are kept',
  );
});
