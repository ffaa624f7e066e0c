import { describe, expect, test } from 'vitest';
import { toWire } from '../lib/errors';
import type { Run } from '../prompt-set/types';
import { diverged } from '../training/checkpoint';
import { STANDARD } from '../training/settings';
import {
  besideTitle,
  distinction,
  foundWords,
  howWords,
  perplexityOf,
  reachedWords,
  runFacts,
  runWords,
  searchWords,
  settingsWords,
  smallerWords,
  startWords,
  statusWords,
  twinWords,
} from './words';

const run = (number: number, settings: Partial<typeof STANDARD>, more: Partial<Run> = {}): Run => ({
  id: `r${number}`,
  number,
  name: `Run ${number}`,
  createdAt: '',
  settings: { ...STANDARD, ...settings },
  template: '{text}',
  initText: 'Classify.',
  status: 'finished',
  error: null,
  words: [],
  bestStep: 10 * number,
  validationAccuracy: 0.5 + number / 10,
  seconds: 60,
  model: { id: 'm', sha256: 'w', dtype: 'q4' },
  datasetFingerprint: 'f',
  heldBackHash: 'h',
  splitHash: 's',
  ...more,
});

test('marks the facts in which runs differ, and leaves no setting out', () => {
  const runs = [run(1, {}), run(2, { virtualTokens: 4, clipNorm: 0.1 })];
  const facts = runFacts(runs, { runs });
  expect(facts.filter(({ differs }) => differs).map(({ name, values }) => [name, ...values])).toEqual([
    ['Result on validation rows', '60.0%', '70.0%'],
    ['Best step', '10', '20'],
    ['Vectors', '10', '4'],
    ['Clip gradients at', '1', '0.1'],
  ]);
  expect(runs.map((_, i) => distinction(facts, i))).toEqual([
    'vectors 10, clip gradients at 1',
    'vectors 4, clip gradients at 0.1',
  ]);
  const named = facts.map(({ name }) => name);
  expect(new Set(named).size).toBe(named.length);
  expect(named.length).toBeGreaterThanOrEqual(Object.keys(STANDARD).length);
});

test('says nothing of what identical runs share, and names the run that another starts from', () => {
  const runs = [run(1, {}), run(2, {}), run(3, { initialisation: { kind: 'prompt', runId: 'r1', at: 'best' } })];
  const alike = runFacts(runs.slice(0, 2), { runs });
  expect(distinction(alike, 1)).toBe('');
  expect(runFacts(runs, { runs }).find(({ name }) => name === 'Starts from')?.values).toEqual([
    'a text',
    'a text',
    'run 1',
  ]);
});

describe('a run in words', () => {
  test('says its settings, and only those that are not the usual ones', () => {
    expect(settingsWords(STANDARD)).toBe('after the text, 10 vectors, 150 steps, seed 0');
    const odd: typeof STANDARD = {
      ...STANDARD,
      placement: 'prefix',
      virtualTokens: 1,
      steps: 1,
      seed: 3,
      learningRate: 0.5,
      trainRows: 1,
      classWeights: true,
      answerVectors: 'trained',
    };
    expect(settingsWords(odd)).toBe(
      'before the text, 1 vector, 1 step, seed 3, rate 0.5, on 1 row, labels weighted, answer words trained too',
    );
    expect(settingsWords({ ...STANDARD, core: { steps: 1, rows: 20 } })).toMatch(/, the first 1 step on 20 rows$/);
    expect(settingsWords({ ...STANDARD, trainRows: null })).not.toMatch(/row/);
    expect(runWords(run(1, {}, { handVersion: 'h' }))).toBe(`hybrid, ${settingsWords(STANDARD)}`);
    expect(runWords(run(1, {}))).toBe(settingsWords(STANDARD));
  });

  test('says its state, and what it reached', () => {
    const states = ['running', 'paused', 'finished', 'early', 'stopped', 'failed'] as const;
    expect(states.map((status) => statusWords(run(1, {}, { status })))).toEqual([
      ...['open', 'paused', 'done', 'done, stopped early', 'stopped', 'failed'],
    ]);
    expect(statusWords(run(1, {}, { status: 'failed', error: toWire(diverged(9, 0.1)) }))).toBe('diverged');
    expect(statusWords(run(1, {}, { status: 'stopped', error: toWire(diverged(9, 0.1)) }))).toBe(
      'diverged, best step kept',
    );
    expect(reachedWords({ validationAccuracy: 0.625 })).toBe('62.5%');
    expect(reachedWords({ validationAccuracy: null })).toBe('–');
    expect(reachedWords({ validationAccuracy: null, validationLoss: 0 })).toBe('perplexity 1');
    expect(perplexityOf(Math.log(14.78))).toBe('14.8');
  });

  test('says what it starts from', () => {
    const set = { runs: [run(2, {}), run(5, {})] };
    const from = (runId: string) => ({ kind: 'prompt', runId, at: 'best' }) as const;
    expect(startWords({ kind: 'text', text: 'x' }, set)).toBe('a text');
    expect(startWords({ kind: 'answer-words' }, set)).toBe('answer words');
    expect(startWords({ kind: 'vocabulary' }, set)).toBe('sampled words');
    expect(startWords(from('r5'), set)).toBe('run 5');
    expect(startWords(from('gone'), set)).toBe('an earlier run');
    expect(startWords(from('r5'), null)).toBe('an earlier run');
  });

  test('marks what the facts name: start text, templates, yes and no', () => {
    const runs = [
      run(1, {}, { initText: '\n' }),
      run(2, { classWeights: true }, { initText: '', handVersion: 'h', bestStep: null, seconds: null }),
    ];
    const facts = Object.fromEntries(runFacts(runs, { runs }).map(({ name, values }) => [name, values]));
    expect(facts['Start text']).toEqual(['line breaks', '–']);
    expect(facts['Added to']).toEqual(['the text alone', 'your prompt']);
    expect(facts['Labels weighted equally']).toEqual(['no', 'yes']);
    expect(facts['Best step']).toEqual(['10', '–']);
    expect(facts.Time?.[1]).toBe('–');
    expect(facts.Model).toEqual(['m (q4)', 'm (q4)']);
    expect(facts.State).toEqual(['done', 'done']);
  });
});

describe('runs side by side', () => {
  const reached = (number: number, validationAccuracy: number | null) => run(number, {}, { validationAccuracy });

  test('are led on validation rows, and nothing more is claimed', () => {
    expect(besideTitle([reached(1, 0.6), reached(2, 0.8), reached(3, 0.7)])).toBe(
      'Run 2 is best on the validation rows: 80%; the next reaches 70%',
    );
    expect(besideTitle([reached(1, 0.7), reached(2, 0.7)])).toBe('The best runs are equal on the validation rows: 70%');
    expect(besideTitle([reached(1, 0.7), reached(2, null)])).toBe('Runs side by side');
    expect(besideTitle([])).toBe('Runs side by side');
  });

  test('are led by perplexity where texts are generated', () => {
    const lost = (number: number, loss: number) => run(number, {}, { validationLoss: Math.log(loss) });
    expect(besideTitle([lost(1, 9), lost(2, 3), lost(3, 5)])).toBe(
      'Run 2 has the lowest perplexity on the validation rows: 3; the next 5',
    );
    expect(besideTitle([lost(1, 9), reached(2, 0.5), reached(3, 0.4)])).toBe(
      'Run 1 is best on the validation rows: 60%; the next reaches 50%',
    );
  });
});

test('examples are said with how they are chosen, in how many orders, and as a chat', () => {
  const prompt = { template: '', shots: 8, shotSeed: 0 };
  expect(howWords({ ...prompt, shots: 0 })).toBe('Without examples');
  expect(howWords({ ...prompt, shots: 0, chat: true })).toBe('Without examples, as a chat');
  expect(howWords(prompt)).toBe('With 8 examples');
  expect(howWords({ ...prompt, selection: 'random', orders: 1 })).toBe('With 8 examples, at random');
  expect(howWords({ ...prompt, selection: 'nearest', orders: 4, chat: true })).toBe(
    'With 8 examples, the nearest, in 4 orders, as a chat',
  );
});

test('a search for answer words is said with its loss, its rows and the cue', () => {
  const found = { outcome: 'found', rows: 40, words: [], loss: 0.456, lossBefore: 0.7 } as const;
  expect(searchWords(found)).toBe(
    'These words separate your labels best: cross-validated loss 0.46 against 0.70 for those before, on 40 training rows.',
  );
  expect(searchWords({ ...found, lossBefore: null, rows: 1 })).toBe(
    'These words separate your labels best: cross-validated loss 0.46, on 1 training row.',
  );
  expect(searchWords({ ...found, cues: { before: ' ', after: ' Tone: ' } })).toMatch(
    / They follow the cue “Tone:” in place of the text itself\.$/,
  );
  expect(searchWords({ ...found, outcome: 'kept' })).toBe(
    'No other words separate your labels clearly better: cross-validated loss 0.46 on 40 training rows.',
  );
  expect(searchWords({ ...found, outcome: 'too-few' })).toMatch(
    /^Too few training rows to find answer words: at least two/,
  );
});

describe('a prompt that was found', () => {
  const search = { candidates: 100, trainingRows: 128, validationRows: 64, loss: 0.456, bareLoss: 0.7 };

  test('is said with the rows that chose it, and against the template alone', () => {
    expect(foundWords(search)).toBe(
      'Found by search among 100 prompts; chosen on 64 validation rows, where its loss is 0.46 against 0.70 for the template alone.',
    );
    expect(foundWords({ ...search, candidates: 1, validationRows: 0, trainingRows: 1 })).toBe(
      'Found by search among 1 prompt; chosen on 1 training row, as no validation rows were asked, where its loss is 0.46 against 0.70 for the template alone.',
    );
  });

  test('says that training rows chose too', () => {
    expect(foundWords({ ...search, validationRows: 15, trainingRows: 70, pooled: true })).toContain(
      'chosen on 15 validation rows and on 70 training rows, where',
    );
  });

  test('claims nothing where the template alone is as good', () => {
    expect(foundWords({ ...search, bareLoss: 0.456 })).toMatch(
      /rows, where no other prompt has a lower loss than the template alone\.$/,
    );
  });
});

test('a prompt that was made smaller says what it saves, and how often it agrees', () => {
  const smaller = { tokensBefore: 258.6, tokensAfter: 41.2, same: 60, rightBefore: 50, rightAfter: 48, rows: 64 };
  expect(smallerWords(smaller)).toBe('259 tokens a row become 41: 84% saved. Same answer on 60 of 64 validation rows.');
  expect(smallerWords({ ...smaller, tokensAfter: 258.7, rows: 0 })).toBe(
    '259 tokens a row become 259, which saves none.',
  );
  expect(smallerWords({ ...smaller, same: 1, rows: 1 })).toMatch(/Same answer on 1 of 1 validation row\.$/);
});

test.each([
  [50, 48, 64, '3.1 points below tuned 1 on 64 validation rows'],
  [50, 51, 64, '1.6 points above tuned 1 on 64 validation rows'],
  [50, 50, 64, 'As many right as tuned 1 on 64 validation rows'],
  [14, 12, 20, '12 of 20 validation rows right, and 14 by tuned 1'],
  [0, 0, 0, 'No validation row compares it with tuned 1'],
])('a twin says how far from its teacher it is: %i and %i of %i right', (rightBefore, rightAfter, rows, said) => {
  const reached = { tokensBefore: 40, tokensAfter: 40, same: 0, rightBefore, rightAfter, rows };
  expect(twinWords(reached, 'tuned 1')).toBe(said);
});

test('facts of a run say what it learned from, and what a setting is left to', () => {
  const runs = [
    run(1, { patience: null, answerVectors: 'trained' }, { distilled: { from: 'h' }, seconds: 75 }),
    run(2, { trainRows: 9, learningRate: 0.5 }),
  ];
  const facts = Object.fromEntries(runFacts(runs, { runs }).map(({ name, values }) => [name, values]));
  expect(facts['Learns from']).toEqual(['a prompt’s answers', 'labels']);
  expect(facts['Answer words trained too']).toEqual(['yes', 'no']);
  expect(facts.Time).toEqual(['1:15', '1:00']);
  expect(Object.values(facts).flat()).not.toContain('null');
});
