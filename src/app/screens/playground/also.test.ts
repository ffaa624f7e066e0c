import { expect, test } from 'vitest';
import { addHardVersion, changeTask, createPromptSet } from '../../../project/prompt-set';
import { moveStage } from '../../../project/stages';
import { alsoOf } from './also';

const words = [
  { label: 'bad', word: ' bad' },
  { label: 'good', word: ' good' },
];
const empty = createPromptSet(
  { id: 's', now: '2026-01-01' },
  { name: 'Tone', words, baseTemplate: '{text}', datasetFingerprint: null, datasetName: null, taken: [] },
);
const hand = (set: typeof empty, id: string, template: string, shots = 0) =>
  addHardVersion(set, { id, now: `2026-01-0${id.slice(1)}` }, { prompt: { template, shots, shotSeed: 0 } }).set;
const set = moveStage(
  hand(hand(empty, 'h2', 'A {text}'), 'h3', 'B {text}', 4),
  { stage: 'production', to: 'h2' },
  'now',
);

test('a stage plays the version that it stands at, and follows it', () => {
  expect(alsoOf(set, '').player).toBeNull();
  expect(alsoOf(set, 'stage:production').player).toMatchObject({
    title: 'production: hand-written 1',
    template: 'A {text}',
  });
  expect(alsoOf(set, 'h2').player).toMatchObject({ title: 'hand-written 1', side: 'a', soft: null });
});

test.each([
  ['stage:staging', 'TONE has no stage “staging”; it has production.'],
  ['gone', 'not in the library any more'],
  ['h3', 'hand-written 2 shows examples'],
])('never plays another one instead: %s', (which, why) => {
  expect(alsoOf(set, which)).toEqual({ player: null, trouble: expect.stringContaining(why) });
});

test('a version keeps its own answer words, and does not play where the labels are others', () => {
  const reworded = changeTask(set, { words: words.map((w) => ({ ...w, word: ` ${w.label}!` })) }, 'later');
  expect(alsoOf(reworded, 'stage:production').player?.words).toEqual(words);
  const relabelled = changeTask(set, { words: words.slice(1) }, 'later');
  expect(alsoOf(relabelled, 'stage:production').trouble).toContain('other labels');
});
