import { expect, test } from 'vitest';
import type { SoftVersion } from '../prompt-set/types';
import { STANDARD } from '../training/settings';
import { distinction, runFacts } from './words';

const run = (number: number, settings: Partial<typeof STANDARD>, more: Partial<SoftVersion> = {}): SoftVersion => ({
  id: `r${number}`,
  number,
  name: `Run ${number}`,
  createdAt: '',
  settings: { ...STANDARD, ...settings },
  template: '{text}',
  initText: 'Classify.',
  status: 'finished',
  error: null,
  soft: null,
  bestStep: 10 * number,
  validationAccuracy: 0.5 + number / 10,
  seconds: 60,
  model: { id: 'm', sha256: 'w', dtype: 'q4' },
  datasetFingerprint: 'f',
  ...more,
});

test('marks the facts in which runs differ, and leaves no setting out', () => {
  const runs = [run(1, {}), run(2, { virtualTokens: 4, noise: 0.1 })];
  const facts = runFacts(runs, { soft: runs });
  expect(facts.filter(({ differs }) => differs).map(({ name, values }) => [name, ...values])).toEqual([
    ['Reached on validation rows', '60.0%', '70.0%'],
    ['Best step', '10', '20'],
    ['Vectors', '10', '4'],
    ['Noise', '0', '0.1'],
  ]);
  expect(runs.map((_, i) => distinction(facts, i))).toEqual(['vectors 10, noise 0', 'vectors 4, noise 0.1']);
  const named = facts.map(({ name }) => name);
  expect(new Set(named).size).toBe(named.length);
  expect(named.length).toBeGreaterThanOrEqual(Object.keys(STANDARD).length);
});

test('says nothing of what identical runs share, and names the run that another starts from', () => {
  const runs = [run(1, {}), run(2, {}), run(3, { initialisation: { kind: 'prompt', runId: 'r1', at: 'best' } })];
  const alike = runFacts(runs.slice(0, 2), { soft: runs });
  expect(distinction(alike, 1)).toBe('');
  expect(runFacts(runs, { soft: runs }).find(({ name }) => name === 'Starts from')?.values).toEqual([
    'a text',
    'a text',
    'run 1',
  ]);
});
