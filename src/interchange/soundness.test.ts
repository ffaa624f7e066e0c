import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstText, softOf } from '../prompt/prompt';
import { createPromptSet } from '../prompt-set/prompt-set';
import { versionIn, withRun } from '../prompt-set/test-support';
import type { PromptSet, RunCheckpoint } from '../prompt-set/types';
import { soundCheckpoint, soundDataset, soundEvaluation, soundMeasurement, soundSet } from './soundness';
import { anySet } from './test-support';

const SET = createPromptSet(
  { id: 'a', now: '2026-01-01T00:00:00Z' },
  {
    name: 'Tone',
    baseTemplate: '',
    datasetFingerprint: null,
    datasetName: null,
    taken: [],
    words: ['bad', 'good'].map((label) => ({ label, word: ` ${label}` })),
  },
);
const MADE = withRun(SET, { id: 'r1' });
const run = (change: object = {}) => ({ ...MADE.runs[0], ...change });
const version = (change: object = {}, soft: object = {}) => {
  const own = versionIn(MADE, 'r1');
  const voices = [{ ...firstText(own.prompt), soft: { ...softOf(own.prompt), ...soft } }];
  return { ...own, prompt: { ...own.prompt, voices }, ...change };
};

const set = (change: object = {}) =>
  ({ ...SET, versions: [version()], runs: [run()], chosenTrained: 'r1', ...change }) as unknown as PromptSet;

describe('a prompt set', () => {
  it('that is sound is returned unchanged', () => {
    const value = set();
    expect(soundSet(value)).toEqual({ sound: value, faults: [] });
    expect(soundSet(value).sound).toBe(value);
  });

  it.each([
    ['vectors of another length', { vectors: new Float32Array(5) }],
    ['vectors that are no numbers', { vectors: Float32Array.of(1, Number.NaN) }],
    ['vectors that became something else', { vectors: [1, 2] }],
  ])('loses the version with %s, and nothing else', (_, soft) => {
    const { sound, faults } = soundSet(set({ versions: [version({ id: 'r0' }), version({}, soft)] }));
    expect(sound?.versions.map(({ id }) => id)).toEqual(['r0']);
    expect(sound?.runs).toHaveLength(1);
    expect(sound?.chosenTrained).toBeNull();
    expect(faults).toEqual([expect.stringMatching(/^“Run 1” \(.+\)$/)]);
  });

  it('loses a run without settings, and nothing else', () => {
    const { sound, faults } = soundSet(set({ runs: [run({ settings: undefined })] }));
    expect([sound?.versions.length, sound?.runs, faults.length]).toEqual([1, [], 1]);
  });

  it.each([
    ['nothing', null],
    ['a text', 'set'],
    ['no versions', set({ versions: undefined })],
    ['a name that is not text', set({ name: 7 })],
    ['answer words that are incomplete', set({ words: [{ label: 'a' }] })],
  ])('of which nothing is left: %s', (_, value) => {
    expect(soundSet(value as PromptSet)).toEqual({ sound: null, faults: [expect.any(String)] });
  });
});

it('discards a checkpoint whose parts differ in length', () => {
  const moments = { m: new Float32Array(4), v: new Float32Array(4) };
  const checkpoint = {
    step: 1,
    vectors: new Float32Array(4),
    optimiser: moments,
    pending: [],
    best: null,
    steps: [],
    validations: [],
  };
  const value = (change: object) =>
    ({ runId: 'r', setId: 's', checkpoint: { ...checkpoint, ...change } }) as unknown as RunCheckpoint;
  expect(soundCheckpoint(value({})).faults).toEqual([]);
  expect(soundCheckpoint(value({ optimiser: { ...moments, m: new Float32Array(3) } })).sound).toBeNull();
  expect(soundCheckpoint(value({ vectors: Float32Array.of(1, 2, 3, Number.POSITIVE_INFINITY) })).sound).toBeNull();
});

it('discards rows without a mapping', () => {
  expect(soundDataset({ setId: 's', dataset: {} } as never).faults).toEqual([expect.stringContaining('mapping')]);
});

it('accepts complete comparisons and measurements, and discards those without a part', () => {
  fc.assert(
    fc.property(anySet, ({ evaluations, measurements }) => {
      for (const value of evaluations) {
        expect(soundEvaluation(value).faults).toEqual([]);
        expect(soundEvaluation({ ...value, plan: undefined } as never).sound).toBeNull();
        expect(soundEvaluation({ ...value, kind: undefined } as never).sound).toBeNull();
      }
      for (const value of measurements) {
        expect(soundMeasurement(value).faults).toEqual([]);
        expect(soundMeasurement({ ...value, answers: 'lost' } as never).sound).toBeNull();
      }
    }),
    { numRuns: 40 },
  );
});
