import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { writtenIn } from '../../prompt-set/test-support';
import type { PromptSet } from '../../prompt-set/types';
import { prepared, promptSet } from '../../workflow/fake-host.test-support';
import type { AheadEnd } from '../../workflow/read-ahead';
import '../../workflow/runs'; // loaded late, which fake timers do not wait for
import { aheadKey, useReadingAhead } from './read-ahead';
import type { Studio } from './studio';

const dataset = await prepared(60);
const made = promptSet(dataset);
const set: PromptSet = { ...made, id: 'set', versions: writtenIn(made), runs: [] };
const KEY = { dataset, set, model: 'a' };
type Request = { readonly template: string };

let asked: { readonly rows: Request; readonly signal: AbortSignal; readonly end: (end: AheadEnd) => void }[];
let ahead: ReturnType<typeof useReadingAhead.of>;

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  const settings = { get: async () => null };
  type Options = { readonly signal: AbortSignal; readonly onEvent: (read: object) => void };
  const call = (_method: string, rows: Request, { signal, onEvent }: Options) => {
    onEvent({ rowsDone: 1, rowsTotal: 2 });
    return new Promise((end) => asked.push({ rows, signal, end }));
  };
  const promptSets = { getState: () => ({ set }) };
  ahead = useReadingAhead.of({
    services: { workflow: { call }, store: { settings } },
    stores: { promptSets },
  } as unknown as Studio);
});
afterEach(() => void vi.useRealTimers());

it('waits until nothing changes, says how far it is, and asks again where something else needed the engine', async () => {
  void ahead.texts.load(KEY);
  await vi.advanceTimersByTimeAsync(2000);
  void ahead.texts.load({ ...KEY, set: { ...set, baseTemplate: 'Text: {text}\nTone:' } });
  await vi.advanceTimersByTimeAsync(2000);
  expect(asked).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked.map(({ rows }) => rows.template)).toEqual(['Text: {text}\nTone:']);
  expect(ahead.getState().now).toEqual({ rowsDone: 1, rowsTotal: 2 });
  asked[0]?.end('interrupted');
  await vi.advanceTimersByTimeAsync(2999);
  expect(asked).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(asked).toHaveLength(2);
  asked[1]?.end('read');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(2);
  expect(ahead.getState()).toMatchObject({ now: null });
  expect(ahead.getState().rowsInCache.get(aheadKey({ ...KEY, template: 'Text: {text}\nTone:' }))).toBe(1);
});

it('is cancelled at once when the screen is left or a job begins', async () => {
  void ahead.texts.load(KEY);
  await vi.advanceTimersByTimeAsync(3000);
  ahead.texts.clear();
  expect(asked[0]?.signal.aborted).toBe(true);
  asked[0]?.end('interrupted');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(1);
  expect(ahead.getState().now).toBeNull();
});
