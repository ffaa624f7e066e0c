import { expect, test } from 'vitest';
import { STANDARD } from '../training/settings';
import type { SoftVersion } from './types';
import { seedsOf } from './versions';

const soft = { placement: 'suffix' as const, vectors: new Float32Array(2), virtualTokens: 1, hidden: 2 };
const run = (id: string, seed: number, more: Partial<SoftVersion> = {}): SoftVersion => ({
  id,
  number: 1,
  name: id,
  createdAt: '',
  settings: { ...STANDARD, seed },
  template: '{text}',
  initText: 'x',
  status: 'finished',
  error: null,
  soft,
  bestStep: 1,
  validationAccuracy: 0.5,
  seconds: 1,
  model: { id: 'm', sha256: 'w', dtype: 'q4' },
  datasetFingerprint: 'f',
  ...more,
});

test('finds runs that differ only in their seed, in the order of their seeds', () => {
  const chosen = run('b', 1);
  const soft = [
    run('c', 2),
    chosen,
    run('a', 0),
    run('failed', 3, { status: 'failed' }),
    run('other rows', 4, { datasetFingerprint: 'g' }),
    run('other text', 5, { template: 'Say. {text}' }),
    run('hybrid', 6, { handVersion: 'h' }),
    run('other settings', 7, { settings: { ...STANDARD, seed: 7, steps: 9 } }),
  ];
  expect(seedsOf({ soft }, chosen).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
});

test('ignores the order of settings, and counts a seed once, as the run that was asked for', () => {
  const { seed, ...rest } = STANDARD;
  const turned = Object.fromEntries(Object.entries({ ...rest, seed: 5 }).reverse()) as unknown as typeof STANDARD;
  const chosen = run('chosen', seed);
  const soft = [chosen, run('again', seed), run('turned', 5, { settings: turned })];
  expect(seedsOf({ soft }, chosen).map(({ id }) => id)).toEqual(['chosen', 'turned']);
});
