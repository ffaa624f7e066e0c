import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Dataset } from '../../dataset/types';
import { aheadKey, useReadingAhead } from './read-ahead';
import type { Studio } from './studio';

const KEY = { dataset: {} as Dataset, template: 'T: {text}', words: [], model: 'a' };
let asked: { readonly rows: object; readonly signal: AbortSignal; readonly end: (done: boolean) => void }[];
let ahead: ReturnType<typeof useReadingAhead.of>;

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  const call = (
    _: string,
    rows: object,
    { signal, onEvent }: { readonly signal: AbortSignal; readonly onEvent: (read: object) => void },
  ) => {
    onEvent({ rowsDone: 1, rowsTotal: 2 });
    return new Promise((end) => asked.push({ rows, signal, end }));
  };
  ahead = useReadingAhead.of({ services: { workflow: { call } }, stores: {} } as unknown as Studio);
});
afterEach(() => void vi.useRealTimers());

it('waits until nothing changes, says how far it is, and asks again where something else needed the engine', async () => {
  void ahead.texts.load(KEY);
  await vi.advanceTimersByTimeAsync(2000);
  void ahead.texts.load({ ...KEY, template: 'Text: {text}' });
  await vi.advanceTimersByTimeAsync(2000);
  expect(asked).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked.map(({ rows }) => rows)).toEqual([{ dataset: {}, template: 'Text: {text}', words: [] }]);
  expect(ahead.getState().read).toEqual({ rowsDone: 1, rowsTotal: 2 });
  asked[0]?.end(false);
  await vi.advanceTimersByTimeAsync(2999);
  expect(asked).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(asked).toHaveLength(2);
  asked[1]?.end(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(2);
  expect(ahead.getState().read).toBeNull();
  expect(ahead.getState().rowsInCache.get(aheadKey({ ...KEY, template: 'Text: {text}' }))).toBe(1);
});

it('is cancelled at once when the screen is left or a job begins', async () => {
  void ahead.texts.load(KEY);
  await vi.advanceTimersByTimeAsync(3000);
  ahead.texts.clear();
  expect(asked[0]?.signal.aborted).toBe(true);
  asked[0]?.end(false);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(1);
  expect(ahead.getState().read).toBeNull();
});
