import { describe, expect, test } from 'vitest';
import {
  learnStep,
  runSeconds,
  runsSeconds,
  scaledSpeed,
  stepSeconds,
  stepTokens,
  timeWords,
  type Work,
} from './estimate';
import { PRESET_NAMES, PRESETS, STANDARD } from './settings';

const work: Work = { trainRows: 256, validationRows: 100, meanTokens: 35, cachedRows: 0 };
const speed = { tokenMs: 4, step: { suffix: { ms: 550, tokens: 80 } } };

describe('time of a run', () => {
  test('a measured step is scaled to the tokens of another one', () => {
    expect(stepSeconds(STANDARD, work, speed)).toBeCloseTo(0.55);
    expect(stepSeconds({ ...STANDARD, virtualTokens: 4 }, work, speed)).toBeCloseTo(0.26, 2);
    expect(stepSeconds({ ...STANDARD, virtualTokens: 20 }, work, speed)).toBeGreaterThan(0.8);
  });

  test('a step that was not measured is estimated from the speed of reading, after the text and before it', () => {
    // docs/benchmarks.md: 273 tokens scored a second, steps of 0.663 and 2.81 s
    const reading = { tokenMs: 1000 / 273, step: {} };
    expect(stepSeconds(STANDARD, work, reading) / 0.663).toBeCloseTo(1, 1);
    expect(stepSeconds({ ...STANDARD, placement: 'prefix' }, work, reading) / 2.81).toBeCloseTo(1, 1);
  });

  test('before the text costs more than after it, and needs no pass over the texts', () => {
    const suffix = runSeconds(STANDARD, work, { tokenMs: 4, step: {} });
    const prefix = runSeconds({ ...STANDARD, placement: 'prefix' }, work, { tokenMs: 4, step: {} });
    expect(prefix).toBeGreaterThan(2 * suffix);
  });

  test('the cue runs at every step where the vectors come before it', () => {
    const withCue = { ...work, cueTokens: 4 };
    const infix = { ...STANDARD, placement: 'infix' } as const;
    expect(stepTokens(infix, withCue)).toBe(8 * (STANDARD.virtualTokens + 4));
    expect(stepTokens({ ...STANDARD, placement: 'suffix' }, withCue)).toBe(8 * STANDARD.virtualTokens);
    const unmeasured = { tokenMs: 4, step: {} };
    expect(runSeconds(infix, withCue, unmeasured)).toBeGreaterThan(runSeconds(infix, work, unmeasured));
  });

  test('rows that are cached are not counted again', () => {
    const again = runSeconds(STANDARD, { ...work, cachedRows: 356 }, speed);
    expect(runSeconds(STANDARD, work, speed) - again).toBeCloseTo((356 * 35 * 4) / 1000);
  });

  test('Auto is counted where the model’s keys and values are trained', () => {
    const { settings } = PRESETS.auto;
    const fast = { ...speed, step: { ...speed.step, kv: { ms: 1, tokens: 24 } } };
    const auto = runsSeconds([settings], { ...work, takesKeys: true }, fast);
    expect(auto).toBe(runSeconds({ ...settings, placement: 'kv' }, work, fast));
    expect(runsSeconds([settings], work, fast)).toBeGreaterThan(auto);
    expect(runsSeconds([{ ...settings, placement: 'prefix' }], { ...work, takesKeys: true }, fast)).toBe(
      runSeconds({ ...settings, placement: 'prefix' }, work, fast),
    );
  });

  test('texts that the cache has no room for are read at every step and validation that uses them', () => {
    const long = { ...work, trainRows: 24, validationRows: 8, meanTokens: 1900 };
    const unmeasured = { tokenMs: 4, step: {} };
    const kept = runSeconds(STANDARD, long, unmeasured);
    const half = runSeconds(STANDARD, { ...long, roomTokens: 12 * 1900 }, unmeasured);
    const read = (STANDARD.steps * STANDARD.batchSize) / 2 + (1 + STANDARD.steps / STANDARD.validateEvery) * 8;
    expect(half - kept).toBeCloseTo(((read - 20) * 1900 * 4) / 1000, 6);
    // a step that was measured on such texts says how long one without them takes
    const tokens = stepTokens(STANDARD, { ...long, roomTokens: 12 * 1900 });
    expect(tokens).toBe(8 * (STANDARD.virtualTokens + 1900 / 4));
  });

  test('presets are ordered', () => {
    const fixed = PRESET_NAMES.filter((name) => !PRESETS[name].settings.auto);
    const times = fixed.map((name) => runSeconds(PRESETS[name].settings, work, speed));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test('speed is the median step', () => {
    const learned = learnStep(null, 'suffix', [500, 510, 9000, 490, 505], 80);
    expect(learned?.step.suffix).toEqual({ ms: 505, tokens: 80 });
    expect(learnStep(speed, 'suffix', [1], 80)).toBe(speed);
  });
});

test.each([
  [null, 'time not measured yet'],
  [12, 'about 15 s on this machine'],
  [100, 'about 2 min on this machine'],
  [640, 'about 11 min on this machine'],
  [7000, 'about 2 h on this machine'],
])('%s -> %s', (seconds, words) => expect(timeWords(seconds)).toBe(words));

test('a model of three times the weights takes three times as long, wherever the vectors are', () => {
  const speed = { tokenMs: 2, step: { suffix: { ms: 400, tokens: 80 } }, comparedTokenMs: 3 };
  expect(scaledSpeed(speed, 3)).toEqual({ tokenMs: 6, step: { suffix: { ms: 1200, tokens: 80 } } });
});
