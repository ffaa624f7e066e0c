import { expect, it, vi } from 'vitest';
import type { TextMemory } from '../../worker/protocol';
import { createSessionStore } from './session-store';
import { CAPABILITIES, testServices } from './test-support';
import { createTextMemoryStore } from './text-memory';

it('what was chosen holds for the model that is loaded next, in a later visit too', async () => {
  let kept: TextMemory = { budgetBytes: 1000, storage: 'auto', bytes: 10 };
  const services = testServices({
    texts: ({ options }) => {
      kept = { ...kept, ...options };
      return kept;
    },
  });
  const session = createSessionStore(services, CAPABILITIES);
  const memory = createTextMemoryStore(services, session);
  expect(memory.getState().held).toBeNull();
  await session.getState().loadModel();
  await vi.waitFor(() => expect(memory.getState().held).toEqual({ budgetBytes: 1000, storage: 'auto', bytes: 10 }));
  await memory.getState().choose({ budgetBytes: 500, storage: 'float16' });

  kept = { budgetBytes: 1000, storage: 'auto', bytes: 0 };
  const later = createSessionStore(services, CAPABILITIES);
  const again = createTextMemoryStore(services, later);
  await later.getState().loadModel();
  await vi.waitFor(() => expect(again.getState().held).toEqual({ budgetBytes: 500, storage: 'float16', bytes: 0 }));
});
