import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createEngine, type Engine } from '../engine/engine';
import { readModel } from '../engine/test-support';
import { present } from '../lib/assert';
import { placeOf } from '../lib/rng';
import { pooledAnswers } from '../metrics/calibration';
import { wordAnswers } from '../metrics/logistic';
import { firstText, isText, softOf, textsOf, type Voice } from '../prompt/prompt';
import { alone, findVersions } from '../prompt-set/planned';
import { trainedIn, withCounts, withTexts, withVersions, writtenIn } from '../prompt-set/test-support';
import type { PromptSet, Version } from '../prompt-set/types';
import { createNodeRunner } from '../runtime/ort-node';
import { createCoreTokenizer } from '../tokens/core-tokenizer';
import { openTokenizerOf } from '../tokens/tokenizer';
import type { AnsweringHost } from './answering';
import { AS_ASKED, type Policy } from './policy';
import { createRouter } from './router';
import { setOf } from './test-support';

const createRunner = vi.fn(createNodeRunner);
const engines: Engine[] = [];

/** The tiny model, freshly loaded: no answer is remembered. */
async function open(): Promise<{ readonly engine: Engine; readonly host: AnsweringHost }> {
  const files = await readModel('public/models/softprompt-studio/tiny-support');
  const engine = await createEngine({ id: 'tiny', files, backend: 'node-wasm', threads: 1, createRunner });
  engines.push(engine);
  const tokens = openTokenizerOf(await createCoreTokenizer(files), engine.info.contextLength);
  return { engine, host: { tokens, engine } };
}

/** Bytes in use after a collection of garbage. */
function memory(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Two known words, which the bag of words looks for. */
const WORDS = { ngrams: 1, sublinear: true, vocabulary: ['late', 'lovely'], idf: [1, 1], classes: 2, known: [0, 1] };
const LABELS = [
  ['praise', 'complaint'],
  ['order', 'table', 'invoice'],
];
/** What a stage refers to. */
function planOf(handle: string, stage = 'production', policy: Policy = AS_ASKED, from = sets) {
  const { asked, fallback } = findVersions(from, { handle, stage }, policy.kind);
  return { handle, dataset: null, asked, fallback, policy };
}
const byHand = (set: PromptSet | undefined) => alone(present(writtenIn(set)[0], 'version'));

const FALLBACK: Policy = { kind: 'fallback' };

let host: AnsweringHost;
let sets: readonly PromptSet[];

beforeAll(async () => {
  const opened = await open();
  host = opened.host;
  sets = [
    setOf('Tone', LABELS[0] ?? [], opened.engine.info, 1),
    setOf('Topic', LABELS[1] ?? [], opened.engine.info, 2),
  ];
}, 60_000);

afterAll(async () => {
  for (const engine of engines) await engine.dispose();
}, 60_000);

it('answers for two sets by turns, each with its own labels, vectors and words', async () => {
  const router = createRouter({ host });
  const text = 'The table is lovely';
  const tone = await router.classify(planOf('TONE'), text);
  const topic = await router.classify(planOf('TOPIC'), text);
  const hand = await router.classify(byHand(sets[0]), text);
  expect(tone).toMatchObject({ version: 'tuned 1', route: 'tuned', labels: LABELS[0], needsReview: false });
  expect(topic).toMatchObject({ version: 'tuned 1', route: 'tuned', labels: LABELS[1] });
  expect(hand).toMatchObject({ version: 'hand-written 1', route: 'hand-written' });
  expect(hand.probabilities).not.toEqual(tone.probabilities);
  for (const { label, labels, probabilities, tokens, latencyMs } of [tone, topic, hand]) {
    expect(label).toBe(labels[probabilities.indexOf(Math.max(...probabilities))]);
    expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
    expect(tokens).toBeGreaterThan(4);
    expect(latencyMs).toBeGreaterThan(0);
  }
  expect((await router.classify(planOf('TONE'), text)).probabilities).toEqual(tone.probabilities);
  expect(router.counts().answered).toBe(4);
});

it('takes a row by its columns, where the prompt shows several; a column that is missing is empty', async () => {
  const [set] = sets;
  const prompt = { template: '{city}: {text}\nAnswer:', shots: 0, shotSeed: 0 };
  const shown = withTexts(present(set, 'set'), prompt);
  const router = createRouter({ host });
  const said = async (row: Parameters<typeof router.classify>[1]) =>
    (await router.classify(byHand(shown), row)).probabilities;
  expect(await said({ text: 'lovely', city: 'Ulm' })).not.toEqual(await said({ text: 'lovely', city: 'Bonn' }));
  expect(await said('lovely')).toEqual(await said({ text: 'lovely', city: '' }));
});

const voicesIn = (set: PromptSet) => textsOf(present(trainedIn(set)[0], 'run').prompt);
const mixedOf = (set: PromptSet, voices: readonly Voice[]) => {
  const [run] = trainedIn(set);
  return { prompt: { ...present(run, 'run').prompt, voices } };
};
const withTuned = (set: PromptSet, change: Partial<Version>) =>
  withVersions(set, (version) => (isText(version.prompt) ? {} : change));

it('answers with vectors and word counts together', async () => {
  const set = present(sets[0], 'set');
  const words = { ...WORDS, weights: Float64Array.of(-1, 0, 1) };
  const version = mixedOf(set, withCounts(voicesIn(set), words, 0.4));
  const router = createRouter({ host });
  const text = 'lovely but late';
  const alone = (await router.classify(planOf('TONE'), text)).probabilities.map(Math.log);
  const found = await router.classify(planOf('TONE', 'production', AS_ASKED, [withTuned(set, version)]), text);
  expect(found).toMatchObject({ version: 'combined 1', route: 'combined', labels: LABELS[0] });
  const [mixed = []] = pooledAnswers([[alone], wordAnswers(words)([text])], [0.4, 0.6]);
  for (const [i, value] of mixed.entries()) expect(Math.log(found.probabilities[i] ?? 0)).toBeCloseTo(value, 9);
  expect(found.probabilities.map(Math.log)).not.toEqual(alone);
});

it('answers by versions of every kind alike, and says of which kind it was', async () => {
  const set = present(sets[0], 'set');
  const [hand, run] = [present(writtenIn(set)[0], 'version'), present(trainedIn(set)[0], 'run')];
  const soft = present(softOf(run.prompt), 'vectors');
  const words = { ...WORDS, weights: Float64Array.of(-1, 0, 1) };
  const reversed = { ...soft, vectors: soft.vectors.toReversed() };
  const voices = voicesIn(set);
  const kinds = {
    tuned: {},
    hybrid: {
      origin: { kind: 'run', run: run.id, onto: hand.id } as const,
      prompt: {
        ...run.prompt,
        voices: voices.map((voice) => ({ ...voice, template: firstText(hand.prompt).template })),
      },
    },
    ensemble: mixedOf(
      set,
      voices.flatMap((voice) => [soft, reversed].map((each) => ({ ...voice, weight: 0.5, soft: each }))),
    ),
    combined: mixedOf(set, withCounts(voices, words, 0.4)),
  };
  const answers = [];
  for (const change of Object.values(kinds)) {
    const plan = planOf('TONE', 'production', AS_ASKED, [withTuned(set, change)]);
    answers.push(await createRouter({ host }).classify(plan, 'The table is lovely'));
  }
  answers.push(await createRouter({ host }).classify(byHand(sets[0]), 'The table is lovely'));
  expect(answers.map(({ route }) => route)).toEqual([...Object.keys(kinds), 'hand-written']);
  expect(new Set(answers.map(({ probabilities }) => probabilities.join())).size).toBe(5);
  for (const { probabilities } of answers) expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
});

it('refuses a handle, a stage and a task that the set does not have, and a deleted set', async () => {
  const router = createRouter({ host });
  expect(() => planOf('TONE', 'staging')).toThrow('has no stage “staging”');
  expect(() => planOf('TONES')).toThrow('no prompt set TONES');
  expect(() => planOf('__proto__')).toThrow('no prompt set');
  await expect(router.generate(planOf('TONE'), 'x')).rejects.toThrow('ask it with classify');
  await expect(router.classify(planOf('TONE'), '  ')).rejects.toThrow('it has no text');
  const deleted = sets.map((set) => ({ ...set, deletedAt: '2026-02-01' }));
  expect(() => planOf('TONE', 'production', AS_ASKED, deleted)).toThrow('no prompt set');
});

it('falls back to the hand-written prompt for a stage that is missing and for other weights, and counts both', async () => {
  const foreign = { ...host, engine: { ...host.engine, info: { ...host.engine.info, sha256: 'other' } } };
  const engine = { info: foreign.engine.info, score: host.engine.score.bind(host.engine), write: vi.fn() };
  const router = createRouter({ host: { ...host, engine } });
  expect(await router.classify(planOf('TONE', 'staging', FALLBACK), 'hello')).toMatchObject({
    version: 'hand-written 1',
    route: 'hand-written',
    fallbackReason: 'missing',
  });
  expect(await router.classify(planOf('TONE', 'production', FALLBACK), 'hello')).toMatchObject({
    fallbackReason: 'other-model',
  });
  expect(router.counts().fallbacks).toMatchObject({ missing: 1, 'other-model': 1 });
  await expect(router.classify(planOf('TONE'), 'x')).rejects.toThrow('only work with tiny');
});

it('answers a share of the texts, one at a time as in a file', async () => {
  const router = createRouter({ host, share: { of: 0.5, id: 'customer' } });
  for (const customer of ['1', '2', '3', '4', '5', '6']) {
    const { fallbackReason } = await router.classify(planOf('TONE'), { text: 'hi', customer });
    expect(fallbackReason).toBe(placeOf(customer, 'TONE') < 0.5 ? undefined : 'share');
  }
  expect(router.counts().fallbacks.share).toBeGreaterThan(0);
  expect(router.counts().fallbacks.share).toBeLessThan(6);
});

it('replays the check rows of each version once, and falls back where they differ', async () => {
  const checks = vi.fn(async ({ id }: Version) => id === 'Tone-ttt');
  const router = createRouter({ host, checks });
  for (let i = 0; i < 2; i++) {
    expect((await router.classify(planOf('TONE', 'production', FALLBACK), 'hi')).fallbackReason).toBeUndefined();
    expect((await router.classify(planOf('TOPIC', 'production', FALLBACK), 'hi')).fallbackReason).toBe('check-rows');
  }
  expect(checks).toHaveBeenCalledTimes(2);
});

it('explains what would answer without asking the model', async () => {
  const score = vi.fn();
  const router = createRouter({ host: { ...host, engine: { ...host.engine, info: host.engine.info, score } } });
  expect(await router.explain(planOf('TONE'), 'hello')).toEqual({
    prompt: 'Message: hello\nTone:',
    tokens: 4 + host.tokens.encode('Message: hello\nTone:').length,
  });
  expect(score).not.toHaveBeenCalled();
});

it('switches 1,000 times between 50 sets on one session, keeps nothing, and changes no other set’s answers by a bit', async () => {
  const alone = await open();
  const many = await open();
  const fifty = Array.from({ length: 50 }, (_, i) => setOf(`Set ${i}`, LABELS[i % 2] ?? [], alone.engine.info, i));
  const answersOf = async (of: AnsweringHost, text: string) => {
    const router = createRouter({ host: of });
    const said = [];
    for (const { handle } of fifty)
      said.push((await router.classify(planOf(handle, 'production', AS_ASKED, fifty), text)).probabilities);
    return said;
  };
  const before = await answersOf(alone.host, 'Is the table for two?');
  expect(new Set(before.map((each) => each.join())).size).toBe(50);

  const runners = createRunner.mock.calls.length;
  const router = createRouter({ host: many.host });
  const plans = fifty.map(({ handle }) => planOf(handle, 'production', AS_ASKED, fifty));
  const texts = ['My order is late', 'Lovely staff', 'Where is the invoice?', 'Thanks'];
  const ask = (i: number) => router.classify(present(plans[(i * 7) % 50], 'a plan'), texts[i % 4] ?? '');
  // every prompt is asked every text that it gets; what is remembered of them is not more after more switches
  for (let i = 0; i < 100; i++) await ask(i);
  const kept = memory();
  for (let i = 100; i < 1000; i++) await ask(i);
  expect(memory() - kept).toBeLessThan(1_000_000);
  expect(createRunner.mock.calls.length).toBe(runners);

  // a text that was never asked here: the answers are computed, not remembered
  expect(await answersOf(many.host, 'Is the table for two?')).toEqual(before);
  expect(router.counts().answered).toBe(1000);
});
