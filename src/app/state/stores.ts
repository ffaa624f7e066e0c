/** The stores of the page, each made from the services and the stores it needs, and how one screen asks another. */

import { StudioError } from '../../lib/errors';
import type { NamedFile } from '../../model/card';
import type { PromptSet } from '../../prompt-set/types';
import type { TrainingSettings } from '../../training/settings';
import type { LoadRequest } from '../../worker/protocol';
import { createDataStore } from './data/data-store';
import { createModelsStore, createTextMemoryStore } from './models-store';
import { createOfflineStore, createRequestLog } from './network';
import { createPromptSetsStore } from './prompt-sets-store';
import { createProposer } from './proposer';
import type { Services } from './services';
import type { Capabilities } from './session-state';
import { createSessionStore } from './session-store';
import { createSetAsideStore, createStorageStore } from './storage';

export type Stores = ReturnType<typeof createStores>;

export function createStores(services: Services, capabilities: Capabilities, backend: LoadRequest['backend']) {
  const session = createSessionStore(services, capabilities, backend);
  const promptSets = createPromptSetsStore(services);
  return {
    intents: createIntents(),
    session,
    models: createModelsStore(services, session),
    textMemory: createTextMemoryStore(services, session),
    offline: createOfflineStore(session, services.store),
    storage: createStorageStore(services.store),
    setAside: createSetAsideStore(services.store),
    promptSets,
    data: createDataStore(services, promptSets),
    proposer: createProposer(services, promptSets, session),
    requests: createRequestLog(),
  };
}

interface Intent<Args extends readonly unknown[], Gives = void> {
  readonly args: Args;
  readonly gives: Gives;
}

/** What one screen asks of another; the root of the app carries it out (`app/App.tsx`), as screens import no screen. */
interface Intents {
  readonly openRows: Intent<[file: File]>;
  readonly openSample: Intent<[], PromptSet>;
  readonly openBatch: Intent<[file: File]>;
  readonly measureFile: Intent<[setId: string, versionIds: readonly string[], file: File], string | null>;
  readonly openImport: Intent<[name: string, files: readonly NamedFile[]]>;
  /** Trains the open prompt set, the standard settings changed by these; resolves when the run has ended. */
  readonly train: Intent<[change: Partial<TrainingSettings>]>;
  readonly compare: Intent<[]>;
}

export type Carriers = {
  readonly [K in keyof Intents]: (...args: Intents[K]['args']) => Promise<Intents[K]['gives']>;
};

interface IntentDesk {
  /** Resolves when it has been carried out. @throws what the screen's code throws, or could not be fetched */
  ask<K extends keyof Intents>(intent: K, ...args: Intents[K]['args']): Promise<Intents[K]['gives']>;
  carryOutWith(carriers: Carriers): void;
}

export function createIntents(): IntentDesk {
  let carriers: Carriers | null = null;
  return {
    ask: async (intent, ...args) => {
      if (!carriers) throw new StudioError('internal', `internal: nothing carries out ${intent}`);
      return carriers[intent](...args);
    },
    carryOutWith: (all) => {
      carriers = all;
    },
  };
}
