import { expect, test } from 'vitest';
import { oneAtATime } from './control';

test('processes one item at a time, and skips all but the latest', async () => {
  const seen: string[] = [];
  const open: (() => void)[] = [];
  const { put, settled } = oneAtATime<string>(async (item) => {
    seen.push(item);
    await new Promise<void>((resolve) => open.push(resolve));
  });
  put('a');
  put('b');
  put('c');
  expect(seen).toEqual(['a']);
  open.shift()?.();
  await Promise.resolve();
  await Promise.resolve();
  expect(seen).toEqual(['a', 'c']);
  const end = settled();
  open.shift()?.();
  await end;
  put('d');
  expect(seen).toEqual(['a', 'c', 'd']);
});

test('goes on after work that failed', async () => {
  const seen: string[] = [];
  const { put, settled } = oneAtATime<string>(async (item) => {
    seen.push(item);
    if (item === 'a') throw new Error('full');
  });
  put('a');
  await expect(settled()).rejects.toThrow('full');
  put('b');
  await settled();
  expect(seen).toEqual(['a', 'b']);
});

test('settles at once when nothing waits', async () => {
  await oneAtATime(async () => undefined).settled();
});
