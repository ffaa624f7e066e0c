import { expect, test } from 'vitest';
import { createPromptSet } from '../prompt-set/prompt-set';
import type { PromptSet } from '../prompt-set/types';
import { STANDARD } from '../training/settings';
import { fakeHost, prepared } from './fake-host.test-support';
import type { Host } from './host';
import { timeTokens } from './run-rows';
import { initialText, instructionOf, recorded, resumeTrouble } from './runs';

test.each([
  ['Decide the tone.\nMessage: {text}\nTone:', 'Decide the tone.'],
  ['One.\nTwo.\n\nMessage: {text}', 'One.\nTwo.'],
  ['Message: {text}\nTone:', ''],
  ['no column', ''],
])('finds the instruction of %j', (template, instruction) => expect(instructionOf(template)).toBe(instruction));

const at = { id: 'other', now: '2026-01-01T00:00:00.000Z' };
const writing = createPromptSet(
  { ...at, id: 's' },
  {
    name: 'x',
    words: [],
    baseTemplate: 'Message: {text}\nSummary:',
    datasetFingerprint: 'f',
    datasetName: null,
    writing: { longest: null },
    taken: [],
  },
);
const planned = { id: 'q', name: '', hybrid: false, group: null };
const from = { model: { id: 'm', sha256: 's', dtype: 'q4' }, datasetFingerprint: 'f', heldBackHash: undefined };

test('names the answers where a prompt has no instruction', () => {
  const words = [
    { label: 'a', word: ' bad' },
    { label: 'b', word: ' good' },
  ];
  const set = { hard: [], chosenHard: null, words } as unknown as PromptSet;
  expect(initialText(set)).toMatch(/bad.* good/);
});

test.each([
  ['suffix', '', 'Write the answer in one line.'],
  ['infix', '', '\n'],
  ['infix', 'Say it.', 'Say it.'],
] as const)('starts %s vectors with the text %j from %j', (placement, text, initText) => {
  const settings = { ...STANDARD, placement, initialisation: { kind: 'text', text } } as const;
  expect(recorded(writing, { ...planned, settings }, at, from).run).toMatchObject({ initText });
});

test('records a run that generates texts without what only labels have', () => {
  const settings = {
    ...STANDARD,
    classWeights: true,
    answerVectors: 'trained',
    initialisation: { kind: 'answer-words' },
    metric: 'macro-f1',
  } as const;
  const { run } = recorded(writing, { ...planned, settings }, at, from);
  expect(run).toMatchObject({ id: 'q', initText: 'Write the answer in one line.' });
  expect(run.settings).toMatchObject({ metric: 'loss', initialisation: { kind: 'text', text: '' } });
  expect(run.settings.classWeights).toBeUndefined();
  expect(run.settings.answerVectors).toBeUndefined();
});

test.each([
  ['the split that it began with', { splitHash: 's', heldBackHash: 'h' }, null],
  ['a split with other validation rows', { splitHash: 'other', heldBackHash: 'h' }, 'split again'],
  ['a split with other test rows, for a run of an earlier version', { heldBackHash: 'other' }, 'split again'],
  ['the test rows of a run of an earlier version', { heldBackHash: 'h' }, null],
  ['other rows', { datasetFingerprint: 'g', splitHash: 's' }, 'different rows'],
])('resumes a run on %s, or says why not', (_, run, trouble) => {
  const rows = { fingerprint: 'f', splitHash: 's', heldBackHash: 'h' };
  const found = resumeTrouble({ datasetFingerprint: 'f', ...run }, rows)?.message ?? null;
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
