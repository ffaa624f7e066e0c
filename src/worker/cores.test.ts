import { expect, test } from 'vitest';
import { coresBehind, type Spun } from './cores';

/** Of 60 ms, 1,000 turns a millisecond at full speed. */
const ran = (ms: number): Spun => ({ turns: 1000 * ms, best: ms > 10 ? 1000 : 0 });

test.each([
  ['one core for four workers', [15, 15, 15, 15], 1],
  ['two cores for four', [30, 30, 30, 30], 2],
  ['two cores, one of them for three', [60, 20, 20, 20], 2],
  ['four cores for four, slow at first', [57, 57, 58, 58], 4],
  ['other programs on two cores most of the time', [5, 12, 9, 4], 1],
  ['workers that never ran', [0, 0], 0],
])('counts the cores by the work that was done: %s', (_, ms, cores) => {
  expect(coresBehind(ms.map(ran), 60)).toBe(cores);
});
