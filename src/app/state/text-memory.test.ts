import { expect, it, vi } from 'vitest';
import type { TextMemory } from '../../worker/protocol';
import { createSessionStore } from './session-store';
import { CAPABILITIES, gate, testServices } from './test-support';
import { createTextMemoryStore } from './text-memory';

it('applies the chosen memory to the next model and in later visits, even if the engine was too busy to answer', async () => {
  let held: TextMemory = { budgetBytes: 1000, storage: 'auto', bytes: 10 };
  let busy = Promise.resolve();
  const services = testServices({
    texts: async ({ options }) => {
      await busy;
      held = { ...held, ...options };
      return held;
    },
  });
  const session = createSessionStore(services, CAPABILITIES);
  const memory = createTextMemoryStore(services, session);
  expect(memory.getState().held).toBeNull();
  await session.getState().loadModel();
  await vi.waitFor(() => expect(memory.getState().held).toEqual({ budgetBytes: 1000, storage: 'auto', bytes: 10 }));
  busy = gate().opened;
  void memory.getState().choose({ budgetBytes: 500, storage: 'float16' });

  busy = Promise.resolve();
  held = { budgetBytes: 1000, storage: 'auto', bytes: 0 };
  const later = createSessionStore(services, CAPABILITIES);
  const again = createTextMemoryStore(services, later);
  await later.getState().loadModel();
  await vi.waitFor(() => expect(again.getState().held).toEqual({ budgetBytes: 500, storage: 'float16', bytes: 0 }));
});
