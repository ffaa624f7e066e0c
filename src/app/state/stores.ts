/** The stores of the page, each made from the services and the stores it needs, and how one screen asks another. */

import type { StoreApi } from 'zustand/vanilla';
import { StudioError } from '../../lib/errors';
import type { NamedFile } from '../../model/card';
import type { PromptSet } from '../../prompt-set/types';
import type { TrainingSettings } from '../../training/settings';
import type { LoadRequest } from '../../worker/protocol';
import type { DataStore } from './data/data-state';
import { createDataStore } from './data/data-store';
import { createModelsStore, createTextMemoryStore, type ModelsStore, type TextMemoryStore } from './models-store';
import { createOfflineStore, createRequestLog, type OfflineStore, type RequestsState } from './network';
import { createPromptSetsStore, type PromptSetsStore } from './prompt-sets-store';
import { createProposer, type ProposerStore } from './proposer';
import type { Services } from './services';
import type { Capabilities } from './session-state';
import { createSessionStore, type SessionStore } from './session-store';
import { createSetAsideStore, createStorageStore, type SetAsideStore, type StorageStore } from './storage';

export interface Stores {
  readonly intents: IntentDesk;
  readonly session: SessionStore;
  readonly models: ModelsStore;
  readonly textMemory: TextMemoryStore;
  readonly offline: OfflineStore;
  readonly storage: StorageStore;
  readonly setAside: SetAsideStore;
  readonly promptSets: PromptSetsStore;
  readonly data: DataStore;
  readonly proposer: ProposerStore;
  readonly requests: StoreApi<RequestsState>;
}

export function createStores(services: Services, capabilities: Capabilities, backend: LoadRequest['backend']): Stores {
  const session = createSessionStore(services, capabilities, backend);
  const models = createModelsStore(services, session);
  const textMemory = createTextMemoryStore(services, session);
  const offline = createOfflineStore(session, services.store);
  const storage = createStorageStore(services.store);
  const setAside = createSetAsideStore(services.store);
  const promptSets = createPromptSetsStore(services);
  const data = createDataStore(services, promptSets);
  const proposer = createProposer(services, promptSets, session);
  const requests = createRequestLog();
  return {
    intents: createIntents(),
    session,
    models,
    textMemory,
    offline,
    storage,
    setAside,
    promptSets,
    data,
    proposer,
    requests,
  };
}

interface Intent<Args extends readonly unknown[], Gives = void> {
  readonly args: Args;
  readonly gives: Gives;
}

/** What one screen asks of another; the root of the app carries it out (`app/App.tsx`), as screens import no screen. */
interface Intents {
  /** Reads a file of rows and makes a prompt set around it. */
  readonly openRows: Intent<[file: File]>;
  readonly openSample: Intent<[], PromptSet>;
  /** Opens a file of rows for the open batch to answer. */
  readonly openBatch: Intent<[file: File]>;
  /** Measures versions of a set on a labelled file, and keeps the results with the set; gives the fingerprint of the rows. */
  readonly measureFile: Intent<[setId: string, versionIds: readonly string[], file: File], string | null>;
  /** Shows what files contain, so that it can be imported. */
  readonly openImport: Intent<[name: string, files: readonly NamedFile[]]>;
  /** Trains the open prompt set, the standard settings changed by these; resolves when the run has ended. */
  readonly train: Intent<[change: Partial<TrainingSettings>]>;
  /** Compares the open prompt set's entries. */
  readonly compare: Intent<[]>;
}

export type Carriers = {
  readonly [K in keyof Intents]: (...args: Intents[K]['args']) => Promise<Intents[K]['gives']>;
};

interface IntentDesk {
  /** Resolves when it has been carried out. @throws what the screen's code throws, or could not be fetched */
  ask<K extends keyof Intents>(intent: K, ...args: Intents[K]['args']): Promise<Intents[K]['gives']>;
  /** Called once, by the root. */
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
