import { expect, test } from 'vitest';
import type { Dataset } from '../dataset/types';
import { STANDARD } from '../training/settings';
import type { SoftVersion } from './types';
import { mayKnowTestRows, seedsOf, seedsOfOtherSplits, seenParts } from './versions';

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
    run('made smaller', 8, { distilled: { from: 'h' } }),
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

test('takes runs of one split only, and names those that another split keeps out', () => {
  const chosen = run('chosen', 0, { heldBackHash: 'h', splitHash: 's' });
  const soft = [
    chosen,
    run('same split', 1, { heldBackHash: 'h', splitHash: 's' }),
    run('other test rows', 2, { heldBackHash: 'other', splitHash: 'other' }),
    run('other validation rows', 3, { heldBackHash: 'h', splitHash: 'other' }),
  ];
  expect(seedsOf({ soft }, chosen).map(({ id }) => id)).toEqual(['chosen', 'same split']);
  expect(seedsOfOtherSplits({ soft }, chosen).map(({ id }) => id)).toEqual([
    'other test rows',
    'other validation rows',
  ]);
});

test('says that a run may know the test rows where it, or a run that its vectors come from, had others', () => {
  const initialisation = (runId: string) => ({ kind: 'prompt', runId, at: 'best' }) as const;
  const from = (id: string, number: number, parent: string) =>
    run(id, 0, { number, heldBackHash: 'now', settings: { ...STANDARD, initialisation: initialisation(parent) } });
  const soft = [
    run('old', 0, { heldBackHash: 'then' }),
    from('child', 2, 'old'),
    from('grandchild', 3, 'child'),
    run('hybrid', 0, { heldBackHash: 'now', handVersion: 'h' }),
    run('before hashes', 0),
    from('circle', 4, 'circle'),
  ];
  const knowing = soft.filter((each) => mayKnowTestRows({ soft }, each, { heldBackHash: 'now' }));
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
  const seen = (more: Partial<SoftVersion>) => {
    const version = run('r', 0, { datasetFingerprint: 'f3', heldBackHash: 'h', ...more });
    return seenParts({ soft: [version] }, { kind: 'soft', version }, dataset);
  };
  expect(seen({})).toEqual({ parts: ['train', 'validation'], isSure: true });
  expect(seen({ datasetFingerprint: 'f2' })).toEqual({ parts: ['train', 'validation'], isSure: false });
  expect(seen({ heldBackHash: 'other' })).toEqual({ parts: ['train', 'validation', 'test'], isSure: false });
  // another file was open then, vectors come from elsewhere, or no rows are open
  expect(seen({ datasetFingerprint: 'f1' })).toBeNull();
  expect(seen({ origin: 'PEFT' })).toBeNull();
  const version = run('r', 0);
  expect(seenParts({ soft: [version] }, { kind: 'soft', version }, null)).toBeNull();
  const hard = { id: 'h', number: 1, name: 'h', createdAt: '', origin: { kind: 'written' } as const, tried: null };
  const written = (shots: number) =>
    seenParts(
      { soft: [] },
      { kind: 'hard', version: { ...hard, prompt: { template: '', shots, shotSeed: 0 } } },
      dataset,
    );
  expect([written(0)?.parts, written(8)?.parts]).toEqual([[], ['train']]);
});
