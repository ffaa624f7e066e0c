import { expect, test } from 'vitest';
import { mostAtOnce, type Stretch } from './cores';

const SPAN: Stretch = [1000, 1040];
/** A core that lends itself to so many workers in turn, 3 ms each. */
const sharedBy = (workers: number): Stretch[][] =>
  Array.from({ length: workers }, (_, worker) =>
    Array.from({ length: 14 }, (_, i): Stretch => [1000 + 3 * i, 1002.9 + 3 * i]).filter(
      (_, i) => i % workers === worker,
    ),
  );

test.each([
  ['one core for four', sharedBy(4), 1],
  ['two cores for four', [...sharedBy(2), ...sharedBy(2)], 2],
  ['two cores, one of them for three', [...sharedBy(1), ...sharedBy(3)], 2],
  ['four cores for four', Array.from({ length: 4 }, () => [SPAN]), 4],
  ['other programs on the second core for most of the time', [[SPAN], [[1000, 1002] satisfies Stretch]], 2],
  ['a moment together is jitter', [[SPAN], [[1000, 1000.5] satisfies Stretch]], 1],
  ['a worker that never ran', [[SPAN], []], 1],
])('counts the cores by who ran at once: %s', (_, workers, cores) => {
  expect(mostAtOnce(workers, SPAN)).toBe(cores);
});
