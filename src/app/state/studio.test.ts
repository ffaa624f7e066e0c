import { expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import { type Studio, screenStore } from './studio';

it('makes a screen’s store once for a Studio, and not before it is used', () => {
  const create = vi.fn(() => createStore(() => ({ count: 0 })));
  const useCountStore = screenStore(create);
  const studio = {} as Studio;
  expect(create).not.toHaveBeenCalled();
  useCountStore.of(studio).setState({ count: 2 });
  expect(useCountStore.of(studio).getState().count).toBe(2);
  expect(useCountStore.of({} as Studio).getState().count).toBe(0);
  expect(create).toHaveBeenCalledTimes(2);
  expect(create).toHaveBeenCalledWith(studio);
});
