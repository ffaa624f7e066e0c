import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DataVersion } from '../dataset/types';
import { STANDARD } from '../training/settings';
import { lineageOf, lineageTitle } from './lineage';
import { addWritten } from './make-versions';
import { createPromptSet } from './prompt-set';
import { moveStage } from './stages';
import { withRun } from './test-support';
import type { PromptSet, Run } from './types';
import { diffVersions, wordDiff } from './version-diff';

const run = (number: number, change: Partial<Run> = {}) => ({
  id: `run-${number}`,
  number,
  name: `Run ${number}`,
  createdAt: `2026-02-0${number}`,
  datasetFingerprint: 'f1',
  template: 'Message: {text}\nTone:',
  initText: 'Say the tone.',
  ...change,
});

function made(runs: readonly ReturnType<typeof run>[] = []): PromptSet {
  let set = createPromptSet(
    { id: 's', now: '2026-01-01' },
    {
      name: 'A',
      words: [{ label: 'bad', word: ' bad' }],
      baseTemplate: '{text}',
      datasetFingerprint: 'f2',
      datasetName: null,
      taken: [],
    },
  );
  for (const [i, template] of ['Message: {text}\nTone:', 'Message: {text}\nThe tone is:'].entries())
    set = addWritten(
      set,
      { id: `hand-${i + 1}`, now: `2026-01-0${i + 2}` },
      { text: { template, shots: 0, shotSeed: 0 } },
    ).set;
  return runs.reduce((sum, each) => withRun(sum, each), set);
}

test('a word diff gives both texts back', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', 'tone', ' ', '\n', '{text}', 'ü', '😀', '.'))
    .map((words) => words.join(''));
  fc.assert(
    fc.property(text, text, (before, after) => {
      const parts = wordDiff(before, after);
      const join = (but: string) =>
        parts
          .filter(({ kind }) => kind !== but)
          .map((part) => part.text)
          .join('');
      expect(join('added')).toBe(before);
      expect(join('removed')).toBe(after);
      if (before === after) expect(parts.every(({ kind }) => kind === 'same')).toBe(true);
    }),
  );
});

test('a word diff names the words that changed, and no more', () => {
  expect(wordDiff('Say the tone: {text}', 'Say its tone: {text}!')).toEqual([
    { kind: 'same', text: 'Say ' },
    { kind: 'removed', text: 'the' },
    { kind: 'added', text: 'its' },
    { kind: 'same', text: ' tone: {text}' },
    { kind: 'added', text: '!' },
  ]);
});

test('texts too long to compare word by word count as replaced', () => {
  const words = (letter: string) => Array.from({ length: 3000 }, (_, i) => `${letter}${i}`).join(' ');
  const parts = wordDiff(`same ${words('a')}`, `same ${words('b')}`);
  expect(parts.map(({ kind }) => kind)).toEqual(['same', 'removed', 'added']);
});

test('lists the settings and answer words that differ, and no others', () => {
  const set = made([run(1), run(2, { settings: { ...STANDARD, seed: 7 }, words: [{ label: 'bad', word: ' awful' }] })]);
  const [hand, other, one, two] = set.versions;
  if (!hand || !other || !one || !two) throw new Error('four versions');
  expect(diffVersions(set, hand, hand)).toMatchObject({ settings: [], words: [] });
  expect(
    diffVersions(set, hand, other)
      .text.filter(({ kind }) => kind === 'added')
      .map((part) => part.text),
  ).toEqual(['The tone is']);
  expect(diffVersions(set, one, two)).toMatchObject({
    text: [{ kind: 'same' }],
    settings: [{ name: 'seed', before: String(STANDARD.seed), after: '7' }],
    words: [{ name: 'bad', before: '“bad”', after: '“awful”' }],
  });
  expect(diffVersions(set, hand, one).settings).toContainEqual({
    name: 'kind',
    before: 'hand-written',
    after: 'tuned',
  });
});

test('lists each version once, after its parent, with its start and its rows', () => {
  const from = (runId: string) => ({
    ...STANDARD,
    initialisation: { kind: 'prompt' as const, runId, at: 'best' as const },
  });
  const set = moveStage(
    made([
      run(1),
      run(2, { settings: from('run-1'), datasetFingerprint: 'f2' }),
      run(3, { handVersion: 'hand-2' }),
      run(4, { settings: from('lost') }),
      run(5, { distilled: { from: 'hand-1' } }),
    ]),
    { stage: 'production', to: 'run-2' },
    'now',
  );
  const data = [
    { number: 1, fingerprint: 'f1' },
    { number: 2, fingerprint: 'f2' },
  ] as unknown as readonly DataVersion[];
  const nodes = lineageOf(set, data);
  const places = new Map(nodes.map(({ id }, i) => [id, i]));
  for (const { id, parent } of nodes) if (parent !== null) expect(places.get(parent)).toBeLessThan(places.get(id) ?? 0);
  expect(nodes.map(({ name, depth, data: rows, stages }) => [name, depth, rows, stages.join()])).toEqual([
    ['“Say the tone.”', 0, null, ''],
    ['tuned 1', 1, 'data 1', ''],
    ['tuned 2', 2, 'data 2', 'production'],
    ['a missing prompt', 0, null, ''],
    ['tuned 4', 1, 'data 1', ''],
    ['hand-written 1', 0, null, ''],
    ['hand-written 2', 1, null, ''],
    ['hybrid 3', 2, 'data 1', ''],
    ['tuned 5', 1, 'data 1', ''],
  ]);
  expect(lineageTitle(nodes)).toBe('7 versions from 3 starting points');
});

test('lists a run that claims to have started from itself', () => {
  const set = made([
    run(1, { settings: { ...STANDARD, initialisation: { kind: 'prompt', runId: 'run-1', at: 'best' } } }),
  ]);
  expect(lineageOf(set, []).map(({ id }) => id)).toEqual(['hand-1', 'hand-2', 'run-1']);
});
