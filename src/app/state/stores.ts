/** One small store a screen, and four for the page. Each is made from the services and the stores it needs. */
import type { StoreApi } from 'zustand/vanilla';
import type { LoadRequest } from '../../worker/protocol';
import type { Capabilities } from './capabilities';
import type { DataStore } from './data/data-state';
import { createDataStore } from './data/data-store';
import { createIntents, type IntentDesk } from './intents';
import { createModelsStore, type ModelsStore } from './models-store';
import { createOfflineStore, type OfflineStore } from './offline';
import { createPromptSetsStore, type PromptSetsStore } from './prompt-sets-store';
import { createProposer, type ProposerStore } from './proposer';
import { createRequestLog, type RequestsState } from './requests';
import type { Services } from './services';
import { createSessionStore, type SessionStore } from './session-store';
import { createSetAsideStore, createStorageStore, type SetAsideStore, type StorageStore } from './storage';
import { createTextMemoryStore, type TextMemoryStore } from './text-memory';

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
