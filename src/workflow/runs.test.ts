import { describe, expect, test } from 'vitest';
import { rowsOf } from '../dataset/labels';
import { uninterrupted } from '../lib/control';
import { createPromptSet } from '../prompt-set/prompt-set';
import { calibratedAs, versionIn, withTexts } from '../prompt-set/test-support';
import type { PromptSet, Run, RunCheckpoint } from '../prompt-set/types';
import { classifyInstruction } from '../task/propose';
import { PRESETS, STANDARD, type TrainingSettings } from '../training/settings';
import { fakeHost, prepared, promptSet, textOf } from './fake-host.test-support';
import { type Host, SILENT } from './host';
import { countRows, runInputs, timeTokens } from './run-rows';
import {
  branchOf,
  canBranch,
  FOR_PEFT,
  initialText,
  instructionOf,
  recorded,
  resumeTrouble,
  startId,
  startOptions,
  startVectors,
  teacherOf,
  templateOf,
} from './runs';
import { trainingIds, whyNoKeys } from './training-rows';

test.each([
  ['Decide the tone.\nMessage: {text}\nTone:', 'Decide the tone.'],
  ['One.\nTwo.\n\nMessage: {text}', 'One.\nTwo.'],
  ['Message: {text}\nTone:', ''],
  ['no column', ''],
])('finds the instruction of %j', (template, instruction) => expect(instructionOf(template)).toBe(instruction));

test('keys and values need a model that takes them, a cue, rows that are short enough, and no examples', () => {
  const template = 'Message: {text}\nTone:';
  const keys = { after: 100 };
  expect(whyNoKeys({ template }, 100, keys)).toBeNull();
  expect(whyNoKeys({ template }, 101, keys)).toContain(
    '101 tokens, and keys and values take 100: train vectors before',
  );
  expect(whyNoKeys({ template }, 100, null)).toContain('This model cannot');
  expect(whyNoKeys({ template: 'Tone of {text}' }, 100, keys)).toContain('train vectors after it instead');
  expect(whyNoKeys({ template, examples: ['1'] }, 100, keys)).toContain('the examples would be read for each row');
});

const at = { id: 'other', now: '2026-01-01T00:00:00.000Z' };
const writing = createPromptSet(
  { ...at, id: 's' },
  {
    name: 'x',
    words: [],
    baseTemplate: 'Message: {text}\nSummary:',
    datasetFingerprint: 'f',
    datasetName: null,
    kind: 'generate',
    taken: [],
  },
);
const planned = { id: 'q', name: '', hybrid: false, group: null };
const model = { id: 'm', sha256: 's', dtype: 'q4' };
const rows = await prepared(40);

test('names the answers where a prompt has no instruction', () => {
  const words = [
    { label: 'a', word: ' bad' },
    { label: 'b', word: ' good' },
  ];
  const set = { versions: [], chosenWritten: null, words, kind: 'classify' } as unknown as PromptSet;
  expect(initialText(set)).toBe('Decide if the text is bad or good.');
});

test('starts from the same sentence where the instruction is the proposed one, and from any other as it is', async () => {
  const own = promptSet(await prepared(40));
  const above = (instruction: string, words = own.words) =>
    initialText(withTexts({ ...own, words }, { template: `${instruction}\n${own.baseTemplate}` }));
  const letters = own.words.map(({ label }, i) => ({ label, word: [' A', ' B'][i] ?? '' }));
  const labels = own.words.map(({ label }) => label);
  expect(above(classifyInstruction(labels, own.words))).toMatch(/^Decide if the text is/);
  expect(above(classifyInstruction(labels, letters), letters)).toBe('Decide if the text is A or B.');
  expect(above('Classify the text.')).toBe('Classify the text.');
});

test.each([
  ['suffix', '', 'Write the answer in one line.'],
  ['infix', '', '\n'],
  ['infix', 'Say it.', 'Say it.'],
] as const)('starts %s vectors with the text %j from %j', (placement, text, initText) => {
  const settings = { ...STANDARD, placement, initialisation: { kind: 'text', text } } as const;
  expect(recorded(writing, { ...planned, settings }, at, model, rows).run).toMatchObject({ initText });
});

test('records a run that generates texts without what only labels have', () => {
  const settings = {
    ...STANDARD,
    classWeights: true,
    answerVectors: 'trained',
    initialisation: { kind: 'answer-words' },
    metric: 'macro-f1',
  } as const;
  const { run } = recorded(writing, { ...planned, settings }, at, model, rows);
  expect(run).toMatchObject({ id: 'q', initText: 'Write the answer in one line.' });
  expect(run.settings).toMatchObject({ metric: 'loss', initialisation: { kind: 'text', text: '' } });
  expect(run.settings.classWeights).toBeUndefined();
  expect(run.settings.answerVectors).toBeUndefined();
});

test.each([
  ['the split that it began with', {}, null],
  ['another split', { splitHash: 'other' }, 'split again'],
  ['other rows', { datasetFingerprint: 'g' }, 'different rows'],
])('resumes a run on %s, or says why not', (_, run, trouble) => {
  const open = { fingerprint: 'f', splitHash: 's' };
  const found = resumeTrouble({ datasetFingerprint: 'f', splitHash: 's', ...run }, open)?.message ?? null;
  if (trouble === null) expect(found).toBeNull();
  else expect(found).toContain(trouble);
});

test('measures the machine on rows that the engine has not answered before, with enough tokens of their own', async () => {
  const { host } = fakeHost();
  const known = new Set<string>();
  const engine: Host['engine'] = {
    ...host.engine,
    // as the engine does: it remembers answers, and counts the tokens after what all rows begin with
    score: async (request, control) => {
      const found = await host.engine.score(request, control);
      const rowsRun = request.rows.filter(({ rowId }) => !known.has(rowId)).length;
      for (const { rowId } of request.rows) known.add(rowId);
      const shared = 'Text: '.length;
      const rows = found.rows.map((row) => ({ ...row, tokensComputed: row.tokensSent - shared }));
      return { rows, rowsRun, seconds: 2 };
    },
  };
  const words = [
    { label: 'bad', word: ' bad' },
    { label: 'good', word: ' good' },
  ];
  const request = { dataset: await prepared(), template: 'Text: {text}\nTone:', words };
  const timing = await timeTokens({ ...host, engine }, request, {
    control: { requested: null, signal: undefined },
    emit: () => undefined,
  } as never);
  expect(timing?.seconds).toBe(2);
  expect(timing?.tokens).toBeGreaterThanOrEqual(600);
});

describe('what vectors start from', () => {
  const kept = async () => promptSet(await prepared(40), [0, 1]);
  /** The set with a run that has made no version. */
  const unmade = (set: PromptSet, id: string, status: Run['status']): PromptSet => ({
    ...set,
    versions: set.versions.filter((version) => version.id !== id),
    runs: set.runs.map((run) => (run.id === id ? { ...run, status } : run)),
  });

  test('is a text, answer words, sampled words, or an earlier run, the latest first', async () => {
    const set = await kept();
    expect(startOptions(set).map(({ id }) => id)).toEqual([
      'text',
      'answer-words',
      'vocabulary',
      'transfer',
      'run r1',
      'run r0',
    ]);
    expect(startOptions(set).at(-1)).toMatchObject({ label: 'Run 1, Run 1', detail: 'step 1' });
    expect(startOptions(null).map(({ id }) => id)).toEqual(['text', 'answer-words', 'vocabulary', 'transfer']);
    expect(startOptions(writing).map(({ id }) => id)).toEqual(['text', 'vocabulary']);
    const lost = unmade(set, 'r1', 'failed');
    expect(startOptions(lost).map(({ id }) => id)).not.toContain('run r1');
    const paused = unmade(set, 'r1', 'paused');
    expect(startOptions(paused).find(({ id }) => id === 'run r1')).toMatchObject({ detail: 'its last step' });
  });

  test('is named by its choice, and found again by it', async () => {
    const set = await kept();
    for (const { id, start } of startOptions(set)) expect(startId(start)).toBe(id);
    const latest = startOptions(set).at(4);
    expect(latest?.start).toEqual({ kind: 'prompt', runId: 'r1', at: 'best' });
    const paused = unmade(set, 'r0', 'paused');
    const [run] = paused.runs;
    expect(run && [canBranch(paused, run), branchOf(run)]).toEqual([true, { kind: 'prompt', runId: 'r0', at: 'last' }]);
    expect(run && canBranch(paused, { ...run, status: 'failed' })).toBe(false);
  });

  test('are the kept vectors of a run, or those of its last step', async () => {
    const set = await kept();
    const from = (at: 'best' | 'last', runId = 'r1') =>
      ({ ...STANDARD, initialisation: { kind: 'prompt', runId, at } }) as const;
    expect(startVectors(set, STANDARD, null)).toBeNull();
    expect(startVectors(set, from('best'), null)).toEqual({ vectors: Float32Array.of(1.5, 0) });
    expect(startVectors(set, from('last'), null)).toEqual({ vectors: Float32Array.of(1.5, 0) });
    const checkpoint = {
      formatVersion: 1,
      step: 3,
      vectors: Float32Array.of(7, 7),
      optimiser: {},
      rngState: 1,
      pending: [],
      best: { step: 2, metric: 1, vectors: Float32Array.of(8, 8) },
      evaluationsWithoutGain: 0,
      steps: [],
      validations: [],
      elapsedMs: 0,
      environment: '',
      answers: { shift: Float32Array.of(9), optimiser: {} },
    };
    const stored = { runId: 'r1', setId: 's', checkpoint } as unknown as RunCheckpoint;
    expect(startVectors(set, from('last'), stored)).toEqual({
      vectors: Float32Array.of(7, 7),
      answerShift: Float32Array.of(9),
    });
    const paused = unmade(set, 'r1', 'paused');
    expect(startVectors(paused, from('best'), stored)).toEqual({ vectors: Float32Array.of(8, 8) });
    expect(() => startVectors(paused, from('best'), null)).toThrow('no longer has vectors. Choose another start');
    expect(() => startVectors(set, from('best', 'gone'), null)).toThrow('no longer has vectors');
  });
});

test('a smaller prompt is recorded with the prompt that it learns from, in its words', async () => {
  const set = promptSet(await prepared(40));
  const words = set.words.map(({ label }) => ({ label, word: ` ${label[0]}` }));
  const own = calibratedAs(withTexts(set, { words }), 'h', null);
  const { run } = recorded(own, { ...planned, settings: STANDARD, teacher: 'h' }, at, model, rows);
  expect(run).toMatchObject({
    distilled: { from: 'h' },
    words,
    template: 'Text: {text}\nTone:',
    initText: 'Say the tone.',
  });
  expect(teacherOf(own, run)).toEqual({ voices: versionIn(own, 'h').prompt.voices, calibration: null });
  expect(() => teacherOf({ ...own, versions: [] }, run)).toThrow('no longer in the prompt set');
  expect(teacherOf(own, recorded(own, { ...planned, settings: STANDARD }, at, model, rows).run)).toBeNull();
});

test('a smaller prompt is trained before the cue and with its answer words, unless something else was chosen', async () => {
  const set = promptSet(await prepared(40));
  const smaller = (settings: TrainingSettings) =>
    recorded(set, { ...planned, settings, teacher: 'h' }, at, model, rows).run;
  const { settings: auto } = PRESETS.auto;
  expect(smaller(auto)).toMatchObject({
    settings: { placement: 'infix', answerVectors: 'trained', averagedSteps: 10, steps: auto.steps },
    initText: '\n',
  });
  expect(smaller({ ...auto, answerVectors: 'fixed' }).settings.answerVectors).toBe('fixed');
  expect(smaller(FOR_PEFT).settings).toEqual({ ...STANDARD, placement: 'prefix', averagedSteps: 10 });
  expect(smaller(STANDARD).settings).toEqual(STANDARD);
});

test('a hybrid run is added to the prompt of the user, and recorded with its version and group', async () => {
  const set = promptSet(await prepared(40));
  expect(templateOf(set, false)).toBe('Text: {text}\nTone:');
  expect(templateOf(set, true)).toBe('Say the tone.\nText: {text}\nTone:');
  expect(initialText(set)).toBe('Say the tone.');
  const { run } = recorded(
    set,
    { ...planned, settings: STANDARD, hybrid: true, group: 'g', name: 'mine' },
    at,
    model,
    rows,
  );
  expect(run).toMatchObject({ id: 'q', handVersion: 'h', group: 'g', name: 'mine', template: templateOf(set, true) });
  const alone = recorded(
    set,
    { ...planned, settings: { ...STANDARD, initialisation: { kind: 'vocabulary' } } },
    at,
    model,
    rows,
  ).run;
  expect(alone).toMatchObject({ initText: '', template: templateOf(set, false) });
  expect(alone).not.toHaveProperty('handVersion');
  expect(alone).not.toHaveProperty('group');
});

test('examples are training rows in the text of a run, which it does not learn from', async () => {
  const dataset = await prepared(60);
  const set = promptSet(dataset);
  const { run } = recorded(set, { ...planned, settings: STANDARD, hybrid: true, examples: 4 }, at, model, dataset);
  const { template, examples = [] } = run;
  expect(examples).toHaveLength(4);
  for (const id of examples) expect(dataset.split.train).toContain(id);
  const shown = rowsOf(dataset, examples).map(({ cells }) => `Text: ${cells.text}\nTone: ${cells.label}`);
  expect(template).toBe(['Say the tone.', ...shown, 'Text: {text}\nTone:'].join('\n\n'));
  const { host } = fakeHost();
  const asked = { dataset, template, examples, words: set.words, settings: STANDARD };
  const { train, validation } = await runInputs(host, asked, uninterrupted);
  const ids = (rows: readonly { readonly rowId: string }[]) => rows.map(({ rowId }) => rowId);
  expect(ids(train)).toEqual(trainingIds(dataset).filter((id) => !examples.includes(id)));
  expect(ids(validation).filter((id) => examples.includes(id))).toEqual([]);
  for (const row of [...train, ...validation]) expect(textOf(row.ids)).toContain(shown.join('\n\n'));
  expect((await countRows(host, asked, SILENT)).trainRows).toBe(dataset.split.train.length - 4);
  // the same text for every seed, so that their mean is of one prompt
  const other = recorded(
    set,
    { ...planned, settings: { ...STANDARD, seed: 1 }, hybrid: true, examples: 4 },
    at,
    model,
    dataset,
  );
  expect(other.run.template).toBe(template);
  const none = recorded(set, { ...planned, settings: STANDARD, examples: 0 }, at, model, dataset).run;
  expect(none).not.toHaveProperty('examples');
});

test('nothing is run twice where a run lacks what is asked for, or the set is not there', async () => {
  const set = promptSet(await prepared(40));
  expect(templateOf({ ...set, versions: [], chosenWritten: null }, true)).toBe(set.baseTemplate);
  expect(instructionOf('{')).toBe('');
  expect(instructionOf('Decide. \n\nMessage: {text}')).toBe('Decide.');
  expect(initialText({ ...set, versions: [], chosenWritten: null })).not.toMatch(/ {2}/);
});

test('a start that is typed loses the space around it, and Auto is kept for labels alone', async () => {
  const set = promptSet(await prepared(40));
  const settings = { ...PRESETS.auto.settings, initialisation: { kind: 'text', text: '  Say it. ' } } as const;
  const auto = (of: PromptSet, more: object = {}) =>
    recorded(of, { ...planned, settings, ...more }, at, model, rows).run;
  expect(auto(set)).toMatchObject({ initText: 'Say it.', settings: { auto: true } });
  for (const run of [auto(set, { teacher: 'h' }), auto(writing)])
    for (const key of ['auto', 'core']) expect(run.settings).not.toHaveProperty(key);
  // labels are chosen: what only generated texts lack stays
  expect(auto(set).settings.metric).toBe(settings.metric);
});
