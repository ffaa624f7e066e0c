import type { Dataset } from '../../dataset/types';
import { present } from '../../lib/assert';
import type { NamedFile } from '../../model/card';
import type { TrainingSettings } from '../../training/settings';
import type { LoadRequest } from '../../worker/protocol';
import { DataStore } from './data/data-store';
import { createModelsStore } from './models-store';
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
    offline: createOfflineStore(session, services.store),
    storage: createStorageStore(services.store),
    setAside: createSetAsideStore(services.store),
    promptSets,
    data: new DataStore(services, promptSets),
    proposer: createProposer(services, promptSets, session),
    requests: createRequestLog(),
  };
}

/** What one screen asks of another; the root of the app carries it out (`app/App.tsx`), as screens import no screen. */
export interface Carriers {
  openRows(file: File): Promise<void>;
  openBatch(file: File): Promise<void>;
  /** @returns the id of what was measured; null = it was stopped */
  measureFile(setId: string, versionIds: readonly string[], file: File): Promise<string | null>;
  openImport(name: string, files: readonly NamedFile[]): Promise<void>;
  /** Trains the open prompt set, the standard settings changed by these or as Train has them; resolves when the run has ended. */
  train(change?: Partial<TrainingSettings>): Promise<void>;
  /** Goes on with what was cut off. */
  resumeRuns(rows: { readonly setId: string; readonly dataset: Dataset }): Promise<void>;
  /** Compares the prompts of the open prompt set; resolves when that has ended, well or not. */
  compare(): Promise<void>;
}

function createIntents() {
  let carriers: Carriers | null = null;
  return {
    carryOutWith: (all: Carriers): void => {
      carriers = all;
    },
    get carriers(): Carriers {
      return present(carriers, 'carriers');
    },
  };
}
