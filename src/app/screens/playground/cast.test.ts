import { describe, expect, test } from 'vitest';
import { addHardVersion, createPromptSet } from '../../../project/prompt-set';
import type { SampleProject, ShippedPrompt } from '../../state/services';
import { projectCast, shippedCast } from './cast';

const shipped = {
  template: '{text}\nA:',
  words: [{ label: 'a', word: ' a' }],
  soft: { placement: 'suffix', vectors: new Float32Array(2), virtualTokens: 1, hidden: 2 },
  calibration: [-1, -2],
  modelId: 'm',
  modelSha256: 'w',
} as unknown as ShippedPrompt;
const sample = { example: 'One.', examples: ['Two.'] } as unknown as SampleProject;

describe('without a project', () => {
  test('the prompt trained in advance plays, with the examples of the sample', () => {
    const cast = shippedCast(shipped, sample, 'w');
    expect(cast.players.map(({ id, soft }) => [id, soft !== null])).toEqual([
      ['untuned', false],
      ['tuned', true],
    ]);
    expect(cast.examples).toEqual(['One.', 'Two.']);
    expect(shippedCast(shipped, null, null).players).toHaveLength(2);
  });

  test('on other weights its vectors do not', () => {
    const cast = shippedCast(shipped, sample, 'other');
    expect(cast.players.map(({ id }) => id)).toEqual(['untuned']);
    expect(cast.shipped).toEqual({ modelId: 'm', fits: false });
  });
});

test('a prompt that is a chat message plays as one; the bare text does not', () => {
  const at = (id: string) => ({ id, now: '2026-01-01T00:00:00.000Z' });
  const bare = createPromptSet(at('set'), {
    name: 'x',
    words: [],
    baseTemplate: '{text}\nA:',
    datasetFingerprint: 'f',
    datasetName: 'a.csv',
    taken: [],
  });
  const prompt = { template: 'Sort.\n{text}\nA:', shots: 0, shotSeed: 0, chat: true };
  const { set } = addHardVersion(bare, at('h'), { name: 'Chat', prompt });
  expect(projectCast(set, null, null).players.map(({ id, chat }) => [id, chat])).toEqual([
    ['untuned', false],
    ['yours', true],
  ]);
});
