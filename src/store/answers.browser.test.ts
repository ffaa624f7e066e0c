import { deleteDB } from 'idb';
import { beforeEach, expect, it } from 'vitest';
import { openAnswers } from './answers';

beforeEach(() => deleteDB('softprompt-answers'));

it('keeps answers row by row over a reload, and forgets the oldest question where there are too many rows', async () => {
  const first = openAnswers(3);
  await first?.add('one', new Map([['a', { logProbs: [-1, -2] }]]));
  await first?.add('one', new Map([['b', Float32Array.of(1, 2)]]));
  const again = openAnswers(3);
  expect(await again?.get('one', ['a', 'b', 'c'])).toEqual(
    new Map<string, unknown>([
      ['a', { logProbs: [-1, -2] }],
      ['b', Float32Array.of(1, 2)],
    ]),
  );
  expect(await again?.get('two', ['a'])).toEqual(new Map());
  await again?.add(
    'two',
    new Map([
      ['a', 1],
      ['b', 2],
    ]),
  );
  const sizes = await Promise.all(['one', 'two'].map(async (each) => (await again?.get(each, ['a', 'b']))?.size));
  expect(sizes).toEqual([0, 2]);
});
