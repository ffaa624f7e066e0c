import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRecord, present } from '../lib/assert';
import { exactJson, readExactJson } from '../lib/exact-json';
import { softOf } from '../prompt/prompt';
import { trainedIn, writtenIn } from '../prompt-set/test-support';
import { readSetFiles, setFiles } from './set-files';
import { anySet } from './test-support';

type Json = { [key: string]: Json } | Json[];

/** A prompt set that has a part of every kind. */
const whole = present(
  fc
    .sample(anySet, { numRuns: 400, seed: 5 })
    .find(
      ({ set, dataset, checkpoints, evaluations, measurements }) =>
        dataset !== null &&
        writtenIn(set).some(({ tried }) => tried) &&
        set.runs.length > 0 &&
        trainedIn(set).some(({ prompt }) => prompt.voices.length > 1 && softOf(prompt)?.answerShift) &&
        checkpoints.length > 0 &&
        new Set(evaluations.map(({ kind }) => kind)).size === 2 &&
        measurements.length > 0,
    ),
  'a set with everything',
);

type Root = { readonly [key: string]: unknown };
const voicesOf = ({ prompt }: Root) => (isRecord(prompt) && Array.isArray(prompt.voices) ? prompt.voices : []);
const isOf = (file: string, path: string, root: Root): boolean => {
  if (file === MIXED) return voicesOf(root).length > 1 && voicesOf(root)[0].soft.answerShift !== undefined;
  if (file === WRITTEN) return path.startsWith('versions/') && voicesOf(root)[0].soft === null && root.tried !== null;
  if (file === CHOICES) return root.kind === 'classify' && path.startsWith('comparisons/');
  if (file === TEXTS) return root.kind === 'generate' && path.startsWith('comparisons/');
  return path.startsWith(file);
};

/** Why the set is refused after a value of one of its files is another one; null = it is not. */
function refusal(file: string, place: string, value: unknown): string | null {
  const files = setFiles(whole);
  const rootOf = (path: string) => readExactJson(present(files.get(path), path)) as { [key: string]: Json };
  const path = present(
    [...files.keys()].find((name) => name.endsWith('.json') && isOf(file, name, rootOf(name))),
    file,
  );
  const root = rootOf(path);
  const keys = place.split('.');
  const last = keys.pop() ?? '';
  const inner = keys.reduce<Json>((part, key) => (part as { [key: string]: Json })[key] as Json, root);
  Object.assign(inner, { [last]: value });
  files.set(path, new TextEncoder().encode(exactJson(root)));
  const read = readSetFiles(files);
  return read.ok ? null : read.error.message;
}

const letters = (n: number) => 'x'.repeat(n);
const words = (n: number) => ['bad', 'good'].map((label) => ({ label, word: letters(n) }));
const SET = 'prompt-set.json';
const WRITTEN = 'written version';
const CHOICES = 'comparison of labels';
const TEXTS = 'comparison of texts';
const RUN = 'runs/';
/** The first of those that is several prompts. */
const MIXED = 'mixed';
const DATA = 'data/';

describe('a prompt set of a stranger', () => {
  it.each<[file: string, place: string, of: (n: number) => unknown, least: number, most: number]>([
    [SET, 'createdAt', letters, 0, 40],
    [SET, 'id', letters, 1, 100],
    [SET, 'name', letters, 1, 200],
    [SET, 'handle', letters, 1, 100],
    [SET, 'words', words, 0, 2000],
    [SET, 'baseTemplate', letters, 0, 200_000],
    [SET, 'tags', (n) => Array(n).fill('x'), 0, 1000],
    [SET, 'testLooks', (n) => n, 0, 1e9],
    [SET, 'policy', (n) => ({ kind: 'fallback', rowTimeoutMs: n }), 1, 3_600_000],
    [SET, 'wordSearch', (n) => ({ outcome: 'kept', rows: n, words: [], loss: null, lossBefore: null }), 0, 1e9],
    [WRITTEN, 'prompt.voices.0.shots', (n) => n, 0, 1000],
    [WRITTEN, 'prompt.voices.0.orders', (n) => n, 1, 64],
    [WRITTEN, 'tried.accuracy', (n) => n, 0, 1],
    [WRITTEN, 'tried.macroF1', (n) => n, 0, 1],
    [RUN, 'settings.virtualTokens', (n) => n, 1, 1024],
    [DATA, 'table.rejected', (n) => [{ line: 1, reason: 'x', raw: letters(n) }], 0, 1_000_000],
    [DATA, 'labels', (n) => Array(n).fill('x'), 0, 1000],
  ])('is bounded: %s, %s', (file, place, of, least, most) => {
    expect(refusal(file, place, of(least))).toBeNull();
    expect(refusal(file, place, of(most))).toBeNull();
    const above = refusal(file, place, of(most + 1));
    expect(above).toContain(`(at ${place.split('.')[0]}`);
    expect(above).toMatch(/ is not in the expected format .+ Nothing was imported\.$/);
    if (least > 0 || typeof of(0) === 'number') expect(refusal(file, place, of(least - 1))).not.toBeNull();
  });

  it.each<[what: string, file: string, place: string, value: unknown]>([
    ['a row without a label', CHOICES, 'plan.gold', []],
    ['a row without an answer', CHOICES, 'plan.arms.0.logProbs', []],
    ['a pair of one prompt', CHOICES, 'plan.pairs', [['tuned']]],
    ['a pair of three prompts', CHOICES, 'plan.pairs', [['a', 'b', 'c']]],
    ['a level that is a text', CHOICES, 'comparison.arms.0.metrics.accuracy.value', 'high'],
    ['answer words that are a text', CHOICES, 'words', 'good'],
    ['versions that are a number', TEXTS, 'versions', 7],
    ['a row without an expected text', TEXTS, 'plan.wanted', []],
    ['a row without a generated text', TEXTS, 'plan.arms.0.written', []],
    ['a row without a score', TEXTS, 'plan.arms.0.scores', []],
    ['a pair of three generated texts', TEXTS, 'plan.pairs', [['a', 'b', 'c']]],
    ['a measured row without an answer', 'measurements/', 'answers.gold', [0, 1, 0, 1]],
    ['an optimiser of another size', 'checkpoints/', 'checkpoint.optimiser', { m: new Float32Array(3) }],
    ['a vector that is no number', 'checkpoints/', 'checkpoint.vectors', Float32Array.of(1, Number.NaN, 2, 3)],
    ['a checkpoint of another format', 'checkpoints/', 'checkpoint.formatVersion', 2],
    ['vectors of no width', MIXED, 'prompt.voices.0.soft.hidden', 0],
    ['no vector', MIXED, 'prompt.voices.0.soft.virtualTokens', 0],
    ['answer words of other labels', WRITTEN, 'prompt.voices.0.words', [{ label: 'a', word: '' }]],
    ['half a step', RUN, 'settings.steps', 0.5],
    ['a label that is a number', DATA, 'labels', [7]],
    ['words that are listed twice', MIXED, 'prompt.voices.1.counts.vocabulary', ['a', 'a']],
    ['a word without its weights', MIXED, 'prompt.voices.1.counts.weights', new Float64Array(1)],
    ['a weight that is no number', MIXED, 'prompt.voices.1.counts.weights', Float64Array.of(Number.NaN, 1)],
    ['a label that is not there', MIXED, 'prompt.voices.1.counts.known', [0, 7]],
    ['words of too many labels', MIXED, 'prompt.voices.1.counts.classes', 9],
    ['a weight above ten', MIXED, 'prompt.voices.1.weight', 15],
    ['a voice that is a text', MIXED, 'prompt.voices', ['__proto__']],
    ['a voice with vectors of another width', MIXED, 'prompt.voices.0.soft.hidden', 99],
    ['a voice with fewer trained answer words', MIXED, 'prompt.voices.0.soft.answerShift', new Float32Array(99)],
    ['a newer version', SET, 'formatVersion', 2],
  ])('is refused with %s', (_, file, place, value) => {
    expect(refusal(file, place, value)).toMatch(/\. Nothing was imported\.$/);
  });
});
