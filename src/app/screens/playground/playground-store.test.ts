import { beforeEach, expect, it, vi } from 'vitest';
import { dealt, preparedOf } from '../../../dataset/test-support';
import type { Dataset } from '../../../dataset/types';
import { StudioError } from '../../../lib/errors';
import { addWritten } from '../../../prompt-set/make-versions';
import { changeTask, stamp } from '../../../prompt-set/prompt-set';
import type { ScoreRequest, ScoreResult } from '../../../worker/protocol';
import { createPromptSetsStore } from '../../state/prompt-sets-store';
import { createSessionStore } from '../../state/session-store';
import type { Stores } from '../../state/stores';
import { CAPABILITIES, fakeLocation, testServices } from '../../state/test-support';
import { addressedKey, castKey } from './cast';
import { addressIn, Playground } from './playground-store';

const tab = new Map<string, string>();

beforeEach(() => {
  fakeLocation();
  tab.clear();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => tab.get(key) ?? null,
    setItem: (key: string, value: string) => tab.set(key, value),
  });
});

const words = ['good', 'bad'].map((label) => ({ label, word: ` ${label}` }));

/** A prompt set with two labels, on an engine that answers with `score`. */
async function playing(
  score: (request: ScoreRequest) => Promise<ScoreResult>,
  {
    dataset = null,
    baseTemplate = '{text}',
    engine = {},
  }: {
    readonly dataset?: Dataset | null;
    readonly baseTemplate?: string;
    readonly engine?: Parameters<typeof testServices>[0];
  } = {},
) {
  const services = testServices({ score, ...engine });
  const session = createSessionStore(services, CAPABILITIES);
  const promptSets = createPromptSetsStore(services);
  const studio = { services, stores: { session, promptSets } as unknown as Stores };
  await session.getState().loadModel();
  await promptSets.getState().create({ name: 'Tone', dataset, datasetName: null, words, baseTemplate });
  const open = () => {
    const playground = new Playground(studio);
    const load = () => playground.cast.load(castKey(promptSets.getState(), null, 'w'));
    return { playground, load };
  };
  return { promptSets, session, open, ...open() };
}

const answersOf = ({ rows, labels }: ScoreRequest): ScoreResult => ({
  seconds: 1,
  rowsRun: rows.length,
  rows: rows.map(({ rowId }) => ({ rowId, logProbs: labels.map((_, i) => -1 - i), tokensSent: 1, tokensComputed: 1 })),
});
const isAnswered = (playground: Playground) =>
  vi.waitFor(() => expect(playground.getState()).toMatchObject({ stale: false, answers: { untuned: { ms: 1000 } } }));

it('answers a known text again after an answer word has changed', async () => {
  const asked: string[] = [];
  const { promptSets, playground, load } = await playing(async (request) => {
    asked.push(request.labels.map(({ word }) => word).join(' '));
    return answersOf(request);
  });
  await load();
  playground.type({ text: 'hello' });
  await isAnswered(playground);
  const before = asked.length;
  await promptSets
    .getState()
    .update((set) => changeTask(set, { words: words.map((w) => ({ ...w, word: ' other' })) }, 'now'));
  await load();
  await vi.waitFor(() => expect(asked.length).toBeGreaterThan(before));
  expect(asked.at(-1)).toContain(' other');
});

it('does not show an answer to an earlier text as one to the new text', async () => {
  const waiting: (() => void)[] = [];
  const { playground, load } = await playing(async (request) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return answersOf(request);
  });
  await load();
  playground.type({ text: 'hello' });
  await vi.waitFor(() => expect(waiting).toHaveLength(1));
  playground.type({ text: 'something else' });
  waiting.pop()?.();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(playground.getState()).toMatchObject({ fields: { text: 'something else' }, stale: true, answers: {} });
});

it('has the typed text, the generation settings and the kept examples again after a reload', async () => {
  const { playground, load, open } = await playing(async (request) => answersOf(request));
  await load();
  playground.type({ text: 'half a sentence' });
  playground.setContinuation({ temperature: 0.2 });
  await playground.keepExample();
  const again = open();
  await again.load();
  expect(again.playground.getState()).toMatchObject({
    fields: { text: 'half a sentence' },
    settings: { temperature: 0.2 },
    examples: [{ fields: { text: 'half a sentence' }, right: null }],
  });
});

it('presents the typed sentence first and keeps it, and counts who is right once an answer is revealed', async () => {
  const { dataset } = await preparedOf(dealt(60, ['good', 'bad']));
  const { playground, load, open } = await playing(async (request) => answersOf(request), { dataset });
  await load();
  playground.type({ text: 'Mine.' });
  await isAnswered(playground);
  await playground.present();
  await isAnswered(playground);
  expect(playground.getState().examples[0]).toEqual({ fields: { text: 'Mine.' }, right: null });
  playground.guess('good');
  playground.reveal();
  playground.guess('bad'); // too late
  expect(playground.getState().judged).toEqual({}); // nobody knows the right answer
  await playground.setRight(0, 'bad');
  playground.go(1);
  await isAnswered(playground);
  const right = playground.getState().examples[1]?.right;
  expect(['good', 'bad']).toContain(right);
  playground.reveal();
  expect(playground.getState().judged).toEqual({
    0: { right: 'bad', said: { audience: 'good', untuned: 'bad' } },
    1: { right, said: { untuned: 'bad' } },
  });
  const again = open();
  await again.load();
  expect(again.playground.getState().examples.slice(0, 2)).toEqual([
    { fields: { text: 'Mine.' }, right: 'bad' },
    { fields: { text: expect.any(String) }, right },
  ]);
});

it('has a field for every column that the prompt shows, filled from a row, and asks with all of them', async () => {
  const { dataset } = await preparedOf(dealt(60, ['good', 'bad']));
  const rows = dataset.table.rows.map((row, i) => ({ ...row, cells: { ...row.cells, city: `City ${i}` } }));
  const table = { ...dataset.table, columns: [...dataset.table.columns, 'city'], rows };
  const read: string[] = [];
  const { playground, load, open } = await playing(
    async (request) => {
      read.push(...request.rows.map(({ ids }) => ids.join(' ')));
      return answersOf(request);
    },
    { dataset: { ...dataset, table }, baseTemplate: 'From {city}: {text}' },
  );
  await load();
  expect(playground.cast.getState().value?.columns).toEqual(['city']);
  expect(playground.getState().fields).toEqual({ text: expect.any(String), city: expect.stringMatching(/^City \d+$/) });
  await isAnswered(playground);
  const before = read.length;
  playground.type({ city: 'Ulm' });
  await vi.waitFor(() => expect(read.length).toBeGreaterThan(before));
  expect(read.at(-1)).not.toBe(read[before - 1]);
  // a kept example has both, and so has the next visit
  await playground.keepExample();
  expect(playground.isExample()).toBe(true);
  const again = open();
  await again.load();
  expect(again.playground.getState().fields.city).toBe('Ulm');
  expect(again.playground.getState().examples.at(-1)).toMatchObject({ fields: { city: 'Ulm' } });
});

it('asks the prompt set whose handle is before the text, and takes a handle that none has for text', async () => {
  const read: string[] = [];
  const { promptSets, playground, load } = await playing(async (request) => {
    read.push(request.rows.map(({ ids }) => ids.length).join());
    return answersOf(request);
  });
  const other = await promptSets
    .getState()
    .create({ name: 'Mood', dataset: null, datasetName: null, words, baseTemplate: 'The mood of this: {text}' });
  await promptSets.getState().open(promptSets.getState().sets.find(({ name }) => name === 'Tone')?.id ?? '');
  await load();
  const toOf = () => addressIn(playground.getState().fields, promptSets.getState().sets);
  playground.type({ text: '[MOOD/production] all is well' });
  expect(toOf()).toEqual({ handle: 'MOOD', stage: 'production', text: 'all is well', id: other.id });
  playground.type({ text: '[mood] all is well' });
  const { id, stage = null } = toOf() ?? {};
  await playground.cast.load(addressedKey(promptSets.getState(), id ?? '', stage, 'w'));
  await isAnswered(playground);
  expect(playground.getState().fields).toEqual({ text: '[mood] all is well' });
  expect([playground.cast.getState().value?.examplesKey, read.at(-1)]).toEqual([`examples:${other.id}`, '7']);
  playground.type({ text: '[URGENT] all is well' });
  expect(toOf()).toMatchObject({ handle: 'URGENT', id: null });
  expect(playground.asked(playground.getState().fields)).toEqual({ text: '[URGENT] all is well' });
});

it('lets every prompt continue the text at the same time', async () => {
  const waiting = new Map<number, () => void>();
  const generate = async () => {
    await new Promise<void>((resolve) => waiting.set(waiting.size, resolve));
    return { ids: Int32Array.of(), stopped: 'length' as const };
  };
  const { promptSets, playground, load } = await playing(async (request) => answersOf(request), {
    engine: { generate },
  });
  await promptSets
    .getState()
    .update((set) => addWritten(set, stamp(), { text: { template: 'Say: {text}', shots: 0, shotSeed: 0 } }).set);
  await load();
  playground.type({ text: 'hello' });
  const all = playground.continueAll();
  await vi.waitFor(() => expect(waiting.size).toBe(2));
  const running = () => Object.values(playground.getState().continued).map((each) => each?.running);
  expect(running()).toEqual([true, true]);
  waiting.get(0)?.();
  await vi.waitFor(() => expect(running()).toEqual([false, true]));
  waiting.get(1)?.();
  await all;
  expect(running()).toEqual([false, false]);
  playground.type({ text: 'another text' });
  expect(playground.getState().continued).toEqual({});
});

it('reports an engine that has ended while it answered, so that it is started again', async () => {
  const lost = new StudioError('worker-died', 'The engine worker stopped unexpectedly.');
  const { session, playground, load } = await playing(() => Promise.reject(lost));
  await load();
  playground.type({ text: 'hello' });
  await vi.waitFor(() => expect(session.getState().model).toMatchObject({ kind: 'failed', error: lost }));
});

it('shows no answer to the text before under a text that got none', async () => {
  let fails = false;
  const { playground, load } = await playing(async (request) => {
    if (fails) throw new StudioError('bad-input', 'This text is too long.');
    return answersOf(request);
  });
  await load();
  playground.type({ text: 'hello' });
  await isAnswered(playground);
  fails = true;
  playground.type({ text: 'hello again' });
  await vi.waitFor(() => expect(playground.getState().error).not.toBeNull());
  expect(playground.getState().answers.untuned).toBeUndefined();
  playground.type({ text: 'hello' });
  await isAnswered(playground);
});

it('comes back from presenting with the handle before the text', async () => {
  const { promptSets, playground, load } = await playing(async (request) => answersOf(request));
  await load();
  playground.type({ text: '[TONE/production] first' });
  await playground.keepExample();
  playground.type({ text: '[TONE/production] second' });
  await playground.keepExample();
  playground.present();
  playground.leave();
  expect(playground.getState().fields.text).toBe('[TONE/production] second');
  playground.present();
  playground.go(-1);
  playground.leave();
  expect(playground.getState().fields.text).toBe('[TONE/production] first');
  expect(addressIn(playground.getState().fields, promptSets.getState().sets)?.id).toBe(promptSets.getState().set?.id);
});
