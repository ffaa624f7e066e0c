import { expect, test } from 'vitest';
import type { Dataset } from '../dataset/types';
import { STANDARD } from '../training/settings';
import { createPromptSet } from './prompt-set';
import { versionIn, withRun } from './test-support';
import type { Run } from './types';
import { mayKnowTestRows, promptOf, seedsOf, seedsOfOtherSplits, seenParts } from './versions';

const run = (id: string, seed: number, more: Partial<Run> = {}) => ({
  id,
  settings: { ...STANDARD, seed },
  ...more,
});

const EMPTY = createPromptSet(
  { id: 's', now: '2026' },
  { name: 's', words: [], baseTemplate: '', datasetFingerprint: null, datasetName: null, taken: [] },
);
const setOf = (runs: readonly ReturnType<typeof run>[]) => runs.reduce((set, each) => withRun(set, each), EMPTY);
const seeds = (runs: readonly ReturnType<typeof run>[], id: string) => {
  const set = setOf(runs);
  return seedsOf(set, versionIn(set, id)).map((version) => version.id);
};

test('finds runs that differ only in their seed, in the order of their seeds', () => {
  const chosen = run('b', 1);
  const runs = [
    run('c', 2),
    chosen,
    run('a', 0),
    run('other rows', 4, { datasetFingerprint: 'g' }),
    run('other text', 5, { template: 'Say. {text}' }),
    run('hybrid', 6, { handVersion: 'h' }),
    run('made smaller', 8, { distilled: { from: 'h' } }),
    run('other settings', 7, { settings: { ...STANDARD, seed: 7, steps: 9 } }),
  ];
  expect(seeds(runs, 'b')).toEqual(['a', 'b', 'c']);
});

test('ignores the order of settings, and counts a seed once, as the run that was asked for', () => {
  const { seed, ...rest } = STANDARD;
  const turned = Object.fromEntries(Object.entries({ ...rest, seed: 5 }).reverse()) as unknown as typeof STANDARD;
  const chosen = run('chosen', seed);
  const runs = [chosen, run('again', seed), run('turned', 5, { settings: turned })];
  expect(seeds(runs, 'chosen')).toEqual(['chosen', 'turned']);
});

test('takes runs of one split only, and names those that another split keeps out', () => {
  const chosen = run('chosen', 0, { heldBackHash: 'h', splitHash: 's' });
  const runs = [
    chosen,
    run('same split', 1, { heldBackHash: 'h', splitHash: 's' }),
    run('other test rows', 2, { heldBackHash: 'other', splitHash: 'other' }),
    run('other validation rows', 3, { heldBackHash: 'h', splitHash: 'other' }),
  ];
  expect(seeds(runs, 'chosen')).toEqual(['chosen', 'same split']);
  const set = setOf(runs);
  expect(seedsOfOtherSplits(set, versionIn(set, 'chosen')).map(({ id }) => id)).toEqual([
    'other test rows',
    'other validation rows',
  ]);
});

test('says that a run may know the test rows where it, or a run that its vectors come from, had others', () => {
  const initialisation = (runId: string) => ({ kind: 'prompt', runId, at: 'best' }) as const;
  const from = (id: string, number: number, parent: string) =>
    run(id, 0, { number, heldBackHash: 'now', settings: { ...STANDARD, initialisation: initialisation(parent) } });
  const runs = [
    run('old', 0, { heldBackHash: 'then' }),
    from('child', 2, 'old'),
    from('grandchild', 3, 'child'),
    run('hybrid', 0, { heldBackHash: 'now', handVersion: 'h' }),
    run('before hashes', 0),
    from('circle', 4, 'circle'),
  ];
  const set = setOf(runs);
  const knowing = runs.filter(({ id }) => mayKnowTestRows(set, id, { heldBackHash: 'now' }));
  expect(knowing.map(({ id }) => id)).toEqual(['old', 'child', 'grandchild']);
});

test('says which open rows a version has seen, and where nobody can say', () => {
  const cells = (n: number) => ({ number: n, createdAt: '', fingerprint: `f${n}`, what: '', dropped: [] });
  const versions = [
    { ...cells(1), cells: null },
    { ...cells(2), cells: null },
    { ...cells(3), cells: [] },
  ];
  const dataset = { fingerprint: 'f3', heldBackHash: 'h', versions } as unknown as Dataset;
  const seen = (more: Partial<Run>, rows: Dataset | null = dataset) => {
    const set = setOf([run('r', 0, { datasetFingerprint: 'f3', heldBackHash: 'h', ...more })]);
    return seenParts(set, versionIn(set, 'r'), rows);
  };
  expect(seen({})).toEqual({ parts: ['train', 'validation'], isSure: true });
  expect(seen({ datasetFingerprint: 'f2' })).toEqual({ parts: ['train', 'validation'], isSure: false });
  expect(seen({ heldBackHash: 'other' })).toEqual({ parts: ['train', 'validation', 'test'], isSure: false });
  // another file was open then, vectors come from elsewhere, or no rows are open
  expect(seen({ datasetFingerprint: 'f1' })).toBeNull();
  expect(seen({}, null)).toBeNull();
  const set = setOf([run('r', 0)]);
  const imported = { ...versionIn(set, 'r'), origin: { kind: 'imported', from: 'PEFT' } as const, learned: null };
  expect(seenParts(set, imported, dataset)).toBeNull();
  const written = (shots: number) =>
    seenParts(EMPTY, { ...imported, prompt: promptOf(EMPTY, { template: '', shots, shotSeed: 0 }) }, dataset);
  expect([written(0)?.parts, written(8)?.parts]).toEqual([[], ['train']]);
});
