import { describe, expect, test } from 'vitest';
import { addHardVersion, createPromptSet } from '../../../project/prompt-set';
import { STANDARD } from '../../../training/settings';
import { alsoAmong, contestOf, otherHands } from './arms';

const at = (id: string) => ({ id, now: '2026-01-01T00:00:00.000Z' });
const task = {
  name: 'x',
  words: [],
  baseTemplate: '{text}\nA:',
  datasetFingerprint: 'f',
  datasetName: 'a.csv',
  taken: [],
};
const set = ['Generic', 'States the policy', 'Short'].reduce(
  (sum, name, i) =>
    addHardVersion(sum, at(`h${i}`), { name, prompt: { template: `${name}\n{text}\nA:`, shots: 0, shotSeed: 0 } }).set,
  createPromptSet(at('set'), task),
);
const soft = { placement: 'suffix' as const, vectors: new Float32Array(2), virtualTokens: 1, hidden: 2 };
const run = { id: 'r', soft, status: 'finished', template: '{text}\nA:', settings: {}, model: {} };
const tuned = { ...set, soft: [run], chosenSoft: 'r' } as unknown as typeof set;

describe('the arms of a comparison', () => {
  test('the chosen hand-written prompt is Yours, the others may join', () => {
    expect(otherHands(set).map(({ name }) => name)).toEqual(['Short', 'States the policy']);
    expect(contestOf(tuned).arms.map(({ id }) => id)).toEqual(['untuned', 'yours', 'yours-8', 'tuned']);
  });

  test('each that joins is a pair with the tuned one, behind the headline pair', () => {
    const { arms, pairs } = contestOf(tuned, ['h1', 'h0', 'gone']);
    expect(arms.map(({ name }) => name)).toEqual([
      'Untuned',
      'Yours',
      'Yours + 8 examples',
      'States the policy',
      'Tuned',
    ]);
    expect(pairs.slice(0, 2)).toEqual([
      ['yours', 'tuned'],
      ['hand-h1', 'tuned'],
    ]);
    const armIds = arms.map(({ id }) => id);
    expect(alsoAmong(set, armIds)).toEqual(['h1']);
  });

  test('runs that differ from Tuned in their seed alone are averaged; a hybrid stands beside it', () => {
    const one = { ...run, settings: { ...STANDARD, seed: 0 }, model: {} };
    const more = [
      one,
      { ...one, id: 's1', settings: { ...STANDARD, seed: 1 } },
      { ...one, id: 'h', template: 'Generic\n{text}\nA:', handVersion: 'h0' },
    ];
    const { arms, pairs } = contestOf({ ...tuned, soft: more } as unknown as typeof set);
    expect(arms.slice(3).map(({ id, name, members }) => [id, name, members.length])).toEqual([
      ['tuned', 'Tuned', 0],
      ['ensemble', 'Tuned, mean of 2 seeds', 2],
      ['hybrid', 'Hybrid', 0],
    ]);
    expect(arms.find(({ id }) => id === 'hybrid')?.prompt.template).toBe('Generic\n{text}\nA:');
    expect(pairs[0]).toEqual(['yours', 'tuned']);
    expect(pairs.slice(-4)).toEqual([
      ['yours', 'hybrid'],
      ['tuned', 'hybrid'],
      ['yours', 'ensemble'],
      ['tuned', 'ensemble'],
    ]);
  });

  test('without a tuned prompt it is set against Yours', () => {
    expect(contestOf(set, ['h1']).pairs).toEqual([
      ['untuned', 'yours'],
      ['hand-h1', 'yours'],
    ]);
  });
});
