import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { paced } from './paced';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('draws the first of quick changes and then the latest, ends with the last one, and draws an urgent one at once', () => {
  const store = createStore(() => ({ step: 0, phase: 'training' }));
  const drawn = paced(store, 200, (now, before) => now.phase !== before.phase);
  const seen: number[] = [];
  drawn.subscribe(({ step }) => seen.push(step));
  for (let step = 1; step <= 100; step++) {
    store.setState({ step });
    vi.advanceTimersByTime(10);
  }
  vi.advanceTimersByTime(200);
  expect(seen).toEqual([1, 20, 40, 60, 80, 100]);

  store.setState({ step: 101 });
  store.setState({ step: 102, phase: 'ended' });
  expect(seen.slice(6)).toEqual([101, 102]);
  vi.advanceTimersByTime(1000);
  expect(seen).toHaveLength(8);
});
