import type { Dataset, TaskKind } from '../dataset/types';
import type { Value } from '../lib/zod';
import type { Checkpoint } from '../training/events';
import type { evaluationSchema } from './evaluation-schemas';
import type { runSchema, setSchema, triedWith, versionSchema } from './version-schemas';

export type Version = Value<typeof versionSchema>;
export type Run = Value<typeof runSchema>;
type Origin = Version['origin'];
export type PromptSearch = Extract<Origin, { readonly kind: 'found' }>['search'];
export type Tried = NonNullable<Version['tried']>;
export type TryOf<K extends TaskKind> = Extract<Tried, { readonly kind: K }>;
export type TriedWith = Value<typeof triedWith>;
/** What a version answers with, besides its prompt. */
export type AnswersWith = Omit<TriedWith, 'seed' | 'model'>;

export type WordSearch = NonNullable<PromptSet['wordSearch']>;
export type KeptVerdict = NonNullable<PromptSet['verdict']>;

type Distilled = NonNullable<Run['distilled']>;
/** A long prompt and its smaller version. */
export type Smaller = NonNullable<Distilled['reached']>;

/** Latest state of a run, written every `checkpointEvery` steps and at pause. */
export interface RunCheckpoint {
  readonly runId: string;
  readonly setId: string;
  readonly checkpoint: Checkpoint;
}

export type PromptSet = Value<typeof setSchema>;
export type EarlierLooks = NonNullable<PromptSet['earlierLooks']>[number];
export type StageMove = NonNullable<PromptSet['moves']>[number];
export type StagePolicy = NonNullable<PromptSet['policy']>;

/** A stored comparison. */
export type Evaluation = Value<typeof evaluationSchema>;
type OfKind<K extends TaskKind> = Extract<Evaluation, { readonly kind: K }>;
export type ClassifyEvaluation = OfKind<'classify'>;
export type GenerateEvaluation = OfKind<'generate'>;
export type TagEvaluation = OfKind<'tag'>;

export type EveryRow = NonNullable<ClassifyEvaluation['everyRow']>;

/** What the verdict rests on: all rows, where they were checked, else the test rows. */
export const deciding = <E extends Evaluation>(evaluation: E): E =>
  'everyRow' in evaluation && evaluation.everyRow ? { ...evaluation, ...evaluation.everyRow } : evaluation;

/** What the page has open besides the prompt set: figures are the present ones only if they are of it. */
export interface Opened {
  readonly dataset: Pick<Dataset, 'fingerprint' | 'splitHash' | 'seed'>;
  /** SHA-256 of the weights that are loaded or on their way; null = not known yet, so that none can differ. */
  readonly model: string | null;
}

/** Data set of a prompt set as stored. */
export interface StoredDataset {
  readonly setId: string;
  readonly dataset: Dataset;
}

export const ofKind = <K extends TaskKind>(evaluations: readonly Evaluation[], kind: K): readonly OfKind<K>[] =>
  evaluations.filter((evaluation): evaluation is OfKind<K> => evaluation.kind === kind);
