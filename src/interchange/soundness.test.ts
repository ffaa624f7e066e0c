import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPromptSet } from '../prompt-set/prompt-set';
import { ofKind, type PromptSet, type RunCheckpoint, type SoftVersion } from '../prompt-set/types';
import { soundCheckpoint, soundDataset, soundEvaluation, soundMeasurement, soundSet, soundWriting } from './soundness';
import { anySet } from './test-support';

const run = (change: object = {}) =>
  ({
    id: 'r1',
    number: 1,
    name: 'Run 1',
    createdAt: 'now',
    settings: { placement: 'suffix', steps: 10, virtualTokens: 2, seed: 0 },
    template: '{text}',
    status: 'finished',
    soft: { placement: 'suffix', vectors: new Float32Array(6), virtualTokens: 2, hidden: 3 },
    model: { id: 'm', sha256: '0' },
    ...change,
  }) as unknown as SoftVersion;

const set = (change: object = {}): PromptSet => ({
  ...createPromptSet(
    { id: 'a', now: '2026-01-01T00:00:00Z' },
    { name: 'Tone', words: [], baseTemplate: '', datasetFingerprint: null, datasetName: null, taken: [] },
  ),
  soft: [run()],
  chosenSoft: 'r1',
  ...change,
});

describe('a prompt set', () => {
  it('that is sound is returned unchanged', () => {
    const value = set();
    expect(soundSet(value)).toEqual({ sound: value, faults: [] });
    expect(soundSet(value).sound).toBe(value);
  });

  it.each([
    ['vectors of another length', { soft: { ...run().soft, vectors: new Float32Array(5) } }],
    ['vectors that are no numbers', { soft: { ...run().soft, vectors: Float32Array.of(1, 2, 3, 4, 5, Number.NaN) } }],
    ['vectors that became something else', { soft: { ...run().soft, vectors: [1, 2] } }],
    ['no settings', { settings: undefined }],
  ])('loses the run with %s, and nothing else', (_, change) => {
    const { sound, faults } = soundSet(set({ soft: [run({ id: 'r0' }), run(change)] }));
    expect(sound?.soft.map(({ id }) => id)).toEqual(['r0']);
    expect(sound?.chosenSoft).toBeNull();
    expect(faults).toEqual([expect.stringMatching(/^“Run 1” \(.+\)$/)]);
  });

  it.each([
    ['nothing', null],
    ['a text', 'set'],
    ['no versions', set({ hard: undefined })],
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
    fc.property(anySet, ({ evaluations: all, measurements }) => {
      const [evaluations, writings] = [ofKind(all, 'classify'), ofKind(all, 'generate')];
      for (const value of evaluations) expect(soundEvaluation(value).faults).toEqual([]);
      for (const value of writings) {
        expect(soundWriting(value).faults).toEqual([]);
        expect(soundWriting({ ...value, plan: undefined } as never).sound).toBeNull();
      }
      for (const value of measurements) {
        expect(soundMeasurement(value).faults).toEqual([]);
        expect(soundMeasurement({ ...value, answers: 'lost' } as never).sound).toBeNull();
      }
    }),
    { numRuns: 40 },
  );
});
