import { expect, it } from 'vitest';
import { latestOnly } from './latest-only';

it('asks the question that runs and the newest one, and answers only that', async () => {
  const asked: number[] = [];
  const ask = latestOnly(async (n: number) => {
    asked.push(n);
    await new Promise((done) => setTimeout(done, 2));
    if (n === 5) throw new Error('no');
    return n * 10;
  });
  const first = ask(1);
  await new Promise((done) => setTimeout(done));
  const later = [ask(2), ask(3), ask(4)];
  expect(await first).toBeNull();
  expect(await Promise.all(later)).toEqual([null, null, 40]);
  expect(asked).toEqual([1, 4]);
  await expect(ask(5)).rejects.toThrow('no');
  expect(await ask(6)).toBe(60);
});
