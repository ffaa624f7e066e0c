import type { DBSchema } from 'idb';
import type { Listing } from '../project/listing';
import type {
  ClassifyEvaluation,
  GenerateEvaluation,
  Kept,
  Measurement,
  PromptSet,
  RunCheckpoint,
  StoredDataset,
} from '../project/types';

/** A value that was damaged, as it was found. */
export interface SetAside {
  readonly id: string;
  readonly table: 'promptSets' | 'datasets' | 'checkpoints' | 'evaluations' | 'writings' | 'measurements';
  /** ISO time. */
  readonly at: string;
  /** What was lost, to which thing, what is left: sentences. */
  readonly what: string;
  readonly value: unknown;
}

/** What lies in the browser. Keys are the ids of the values. */
export interface StudioSchema extends DBSchema {
  promptSets: { key: string; value: PromptSet };
  datasets: { key: string; value: StoredDataset };
  checkpoints: { key: string; value: RunCheckpoint; indexes: { bySet: string } };
  evaluations: { key: string; value: Kept<ClassifyEvaluation>; indexes: { bySet: string } };
  /** Comparisons of written texts. */
  writings: { key: string; value: Kept<GenerateEvaluation>; indexes: { bySet: string } };
  measurements: { key: string; value: Measurement; indexes: { bySet: string } };
  /** Of each set what a list shows; written with what it follows from. */
  listings: { key: string; value: Listing };
  quarantine: { key: string; value: SetAside };
  /** Keys that end in `:<id of a set>` go with that set. */
  settings: { key: string; value: { readonly key: string; readonly value: unknown } };
}

export const TABLES = [
  'promptSets',
  'datasets',
  'checkpoints',
  'evaluations',
  'writings',
  'measurements',
  'listings',
  'quarantine',
  'settings',
] as const satisfies readonly (keyof StudioSchema)[];
export type TableName = (typeof TABLES)[number];

/** Tables whose values name their set, and are found by it. */
export type OfSet = 'checkpoints' | 'evaluations' | 'writings' | 'measurements';
export const OF_SET: readonly OfSet[] = ['checkpoints', 'evaluations', 'writings', 'measurements'];

/** Whether a setting belongs to a set: what was typed or kept there goes when the set is gone for good. */
export const isOfSet = (settingKey: string, setId: string): boolean => settingKey.endsWith(`:${setId}`);
