import { expect, it, vi } from 'vitest';
import { countCores } from '../../worker/cores';
import { createSessionStore } from './session-store';
import { CAPABILITIES, MODEL, testServices } from './test-support';

vi.mock(import('../../worker/cores'), () => ({ countCores: vi.fn(async () => 3) }));

it('loads the model on the cores that were counted, and after a reload on as many', async () => {
  const kept = new Map<string, string>();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  });
  const loadedOn: unknown[] = [];
  for (const visit of ['first', 'reload']) {
    const services = testServices({
      load: ({ threads }) => {
        loadedOn.push(`${visit}: ${threads}`);
        return MODEL;
      },
    });
    const session = createSessionStore(services, { ...CAPABILITIES, threads: 8 }, 'wasm');
    await session.getState().modelReady();
    expect(session.getState().capabilities.threads).toBe(3);
  }
  expect(loadedOn).toEqual(['first: 3', 'reload: 3']);
  expect(countCores).toHaveBeenCalledExactlyOnceWith(8);
});
