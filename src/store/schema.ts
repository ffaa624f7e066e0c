import type { DBSchema } from 'idb';
import type { Evaluation, PromptSet, RunCheckpoint, StoredDataset } from '../project/types';

/** What lies in the browser. Keys are the ids of the values. */
export interface StudioSchema extends DBSchema {
  promptSets: { key: string; value: PromptSet };
  datasets: { key: string; value: StoredDataset };
  checkpoints: { key: string; value: RunCheckpoint; indexes: { bySet: string } };
  evaluations: { key: string; value: Evaluation; indexes: { bySet: string } };
  settings: { key: string; value: { readonly key: string; readonly value: unknown } };
}

export type TableName = 'promptSets' | 'datasets' | 'checkpoints' | 'evaluations' | 'settings';
export const TABLES: readonly TableName[] = ['promptSets', 'datasets', 'checkpoints', 'evaluations', 'settings'];
