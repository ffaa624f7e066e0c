import { expect, it } from 'vitest';
import { browserFileCache } from './download';

it('stores files in the Cache API and deletes them on request', async () => {
  const cache = browserFileCache();
  const key = 'a'.repeat(64);
  expect(await cache?.get(key)).toBeNull();
  expect(await cache?.put(key, new Uint8Array([1, 2, 3]))).toBe(true);
  expect(await cache?.get(key)).toEqual(new Uint8Array([1, 2, 3]));
  await cache?.delete(key);
  expect(await cache?.get(key)).toBeNull();
});

it('stores a file of several pieces, and one of none, as they are', async () => {
  const cache = browserFileCache();
  const bytes = Uint8Array.from({ length: 2 ** 21 + 5 }, (_, i) => i % 251);
  for (const file of [bytes, bytes.subarray(0, 2 ** 20), new Uint8Array()]) {
    const key = 'b'.repeat(64);
    expect(await cache?.put(key, file)).toBe(true);
    const kept = (await cache?.get(key)) ?? new Uint8Array(1);
    expect(kept.length).toBe(file.length);
    expect(kept.every((value, i) => value === file[i])).toBe(true);
    await cache?.delete(key);
  }
});
