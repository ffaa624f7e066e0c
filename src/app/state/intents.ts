/**
 * What one screen asks of another. Screens do not import each other: the root of the app carries intents out
 * (`app/carry-out.ts`), with the code of the screen that owns the work.
 */
import { StudioError } from '../../lib/errors';
import type { NamedFile } from '../../model/folder';
import type { PromptSet } from '../../prompt-set/types';
import type { TrainingSettings } from '../../training/settings';

interface Intent<Args extends readonly unknown[], Gives = void> {
  readonly args: Args;
  readonly gives: Gives;
}

interface Intents {
  /** Reads a file of rows and makes a prompt set around it. */
  readonly openRows: Intent<[file: File]>;
  /** Makes a prompt set around the bundled sample. */
  readonly openSample: Intent<[], PromptSet>;
  /** Opens a file of rows for the open batch to answer. */
  readonly openBatch: Intent<[file: File]>;
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

export interface IntentDesk {
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
