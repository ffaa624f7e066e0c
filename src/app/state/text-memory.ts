/** What the engine keeps of texts between runs, and how much of it the user lets it keep. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { TextMemory } from '../../worker/protocol';
import type { Services } from './services';
import type { SessionStore } from './session-store';

export type TextMemoryOptions = Omit<TextMemory, 'bytes'>;

interface TextMemoryState {
  /** Null while no model is loaded. */
  readonly held: TextMemory | null;
  /** Asks the engine how much there is by now. */
  readonly refresh: () => Promise<void>;
  /** For this model and those that are loaded later, in later visits too. */
  readonly choose: (options: TextMemoryOptions) => Promise<void>;
}

export type TextMemoryStore = StoreApi<TextMemoryState>;

const SETTING = 'text-memory';

export function createTextMemoryStore(services: Services, session: SessionStore): TextMemoryStore {
  const { settings } = services.store;
  return createStore<TextMemoryState>((set, get) => {
    // an engine that is gone says so where it is asked for work
    const ask = (options: TextMemoryOptions | null) =>
      services.engine.call('texts', { options }).then(
        (held) => set({ held }),
        () => set({ held: null }),
      );
    /** Behind other work one question waits, not one every time that somebody looks. */
    let asking: Promise<void> | null = null;

    session.subscribe((next, before) => {
      if (next.model === before.model) return;
      if (next.model.kind !== 'ready') return set({ held: null });
      void settings
        .get<TextMemoryOptions>(SETTING)
        .catch(() => null)
        .then(ask);
    });

    return {
      held: null,
      refresh: async () => {
        if (!get().held) return;
        asking ??= ask(null).finally(() => {
          asking = null;
        });
        await asking;
      },
      choose: async (options) => {
        // kept at once: behind other work the engine may answer after the page is gone
        const kept = settings.set(SETTING, options).catch(() => {}); // it holds for this visit then
        await Promise.all([ask(options), kept]);
      },
    };
  });
}
