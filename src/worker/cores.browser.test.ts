import { expect, test } from 'vitest';
import { countCores } from './cores';

test('counts no more cores than there are, and believes two', async () => {
  const counted = await countCores(4 * navigator.hardwareConcurrency);
  expect(counted).toBeGreaterThanOrEqual(2);
  expect(counted).toBeLessThanOrEqual(Math.max(2, navigator.hardwareConcurrency));
  expect(await countCores(2)).toBe(2);
});
