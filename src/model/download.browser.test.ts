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
