import { describe, expect, test } from 'vitest';
import { addHardVersion } from './make-versions';
import type { Measured, Measurement } from './performance';
import { createPromptSet } from './prompt-set';
import { type Score, scoreboardTitle, scoresOf, sortedScores } from './scoreboard';
import { moveStage } from './stages';
import type { ClassifyEvaluation, PromptSet } from './types';

const NOW = Date.parse('2026-04-01');
const gold = (n: number) => Array.from({ length: n }, (_, i) => i % 2);

/** A set with two hand-written versions, the first of them in production. */
function inProduction(name = 'Tone'): PromptSet {
  let set = createPromptSet(
    { id: name, now: '2026-01-01' },
    { name, words: [], baseTemplate: '{text}', datasetFingerprint: 'f', datasetName: 'march.csv', taken: [] },
  );
  for (const id of ['h1', 'h2']) {
    const prompt = { template: `${id} {text}`, shots: 0, shotSeed: 0 };
    set = addHardVersion(set, { id, now: '2026-01-02' }, { prompt }).set;
  }
  return moveStage(set, { stage: 'production', to: 'h1', note: '' }, '2026-01-03');
}

const measurement = (
  id: string,
  versionId: string,
  right: number,
  n: number,
  rows: string,
  at: string,
): Measurement => ({
  ...{
    id,
    setId: 's',
    versionId,
    createdAt: at,
    labels: ['bad', 'good'],
    calibrated: false,
  },
  data: { kind: 'file', name: `${rows}.csv`, fingerprint: rows },
  gold: gold(n),
  predictions: gold(n).map((label, i) => (i < right ? label : 1 - label)),
  model: { id: 'm', sha256: 's' },
});

const score = (measurements: readonly Measurement[], set = inProduction(), more: Partial<Measured> = {}): Score => {
  const [found] = scoresOf({ set, evaluations: [], writings: [], measurements, ...more }, NOW);
  if (!found) throw new Error('no stage');
  return found;
};

describe('what is in use', () => {
  test.each([
    ['was never measured', [], 'unmeasured', 'never been measured'],
    [
      'lost accuracy since it was first measured',
      [
        measurement('a', 'h1', 180, 200, 'march', '2026-03-01'),
        measurement('b', 'h1', 140, 200, 'april', '2026-03-20'),
      ],
      'dropped',
      'lost 20 points',
    ],
    [
      'is behind another version on the same rows',
      [
        measurement('a', 'h1', 120, 200, 'march', '2026-03-01'),
        measurement('b', 'h2', 180, 200, 'march', '2026-03-02'),
      ],
      'beaten',
      'better by 30 points on the same rows',
    ],
    ['was measured long ago', [measurement('a', 'h1', 180, 200, 'march', '2025-12-01')], 'old', '121 days ago'],
    ['was measured on few rows', [measurement('a', 'h1', 28, 30, 'march', '2026-03-01')], 'few-rows', 'only 30 rows'],
    ['is fine', [measurement('a', 'h1', 180, 200, 'march', '2026-03-01')], 'none', 'Nothing needs attention'],
    [
      'is no worse than chance allows',
      [
        measurement('a', 'h1', 180, 200, 'march', '2026-03-01'),
        measurement('b', 'h1', 176, 200, 'april', '2026-03-20'),
      ],
      'none',
      'Nothing needs attention',
    ],
  ] as const)('%s', (_, measurements, attention, why) => {
    const found = score(measurements);
    expect(found.attention).toBe(attention);
    expect(found.why).toContain(why);
  });

  test('points to a version that is gone', () => {
    const set = inProduction();
    expect(score([], { ...set, hard: set.hard.filter(({ id }) => id !== 'h1') })).toMatchObject({
      attention: 'broken',
      version: null,
    });
  });

  test('has the tokens of the comparison that it took part in', () => {
    const compared = {
      ...{ id: 'e', setId: 's', createdAt: '2026-03-01', hardVersion: 'h1', softVersion: null, asWritten: true },
      plan: { labels: ['bad', 'good'], rowIds: ['1', '2'], gold: [0, 1], arms: [{ id: 'yours', tokensSentMean: 42 }] },
      comparison: { calibrated: false, arms: [{ id: 'yours', predictions: [0, 1] }] },
    } as unknown as ClassifyEvaluation;
    expect(score([], inProduction(), { evaluations: [compared] })).toMatchObject({ tokensSent: 42 });
  });
});

test('what needs attention comes first, and the title counts it', () => {
  const fine = score([measurement('a', 'h1', 180, 200, 'march', '2026-03-01')], inProduction('Alpha'));
  const bad = score([], inProduction('Zulu'));
  expect(sortedScores([fine, bad]).map(({ name }) => name)).toEqual(['Zulu', 'Alpha']);
  expect(scoreboardTitle([fine, bad])).toBe('1 of 2 in use needs attention');
  expect(scoreboardTitle([fine])).toBe('Nothing in use needs attention');
});
