import type { Dataset, RowAccount, TaskKind } from '../dataset/types';
import type { ConsistencyReport, FineTuningReport } from '../evaluation/classify/checks';
import type { Comparison, ComparisonPlan, GeneratePlan, TagPlan } from '../evaluation/types';
import type { Correction, Vote } from '../evaluation/vote';
import type { Value } from '../lib/zod';
import type { AnswerWord } from '../task/types';
import type { Checkpoint } from '../training/events';
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
export type RaceEntry = NonNullable<Run['race']>[number];

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

interface Compared {
  readonly id: string;
  readonly setId: string;
  readonly createdAt: string;
  readonly writtenVersion: string | null;
  readonly trainedVersion: string | null;
  readonly datasetFingerprint: string;
  readonly backend: string;
  readonly threads: number;
  /** The set's answer words at that time; versions may have their own. */
  readonly words?: readonly AnswerWord[];
  /** As they were asked, calibrated as they were compared; by arm. A line whose answers no prompt gives is not among them. */
  readonly versions: Readonly<Record<string, Version>>;
  /** The split whose test rows were asked. */
  readonly splitHash: string;
  /** SHA-256 of the weights. */
  readonly model: string;
  /** What became of the rows. */
  readonly account: RowAccount;
}

/** A comparison of prompts that choose one of a few labels. */
export interface ClassifyEvaluation extends Compared {
  readonly kind: 'classify';
  readonly plan: ComparisonPlan;
  readonly comparison: Comparison;
  /** Test labels that a person gave again without seeing any prediction. */
  readonly review?: Review;
  /** Answers under harmless edits of the text. */
  readonly consistency?: ConsistencyReport;
  /** The comparison by cross-validation over all rows, which the verdict rests on then. */
  readonly everyRow?: EveryRow;
  readonly fineTuning?: FineTuningReport;
}

export type EveryRow = Pick<ClassifyEvaluation, 'plan' | 'comparison' | 'account'>;

/** What the verdict rests on: all rows, where they were checked, else the test rows. */
export const deciding = <E extends Evaluation>(evaluation: E): E =>
  'everyRow' in evaluation && evaluation.everyRow ? { ...evaluation, ...evaluation.everyRow } : evaluation;

/** A comparison of prompts that generate a text. */
export interface GenerateEvaluation extends Compared {
  readonly kind: 'generate';
  readonly plan: GeneratePlan;
  readonly comparison: Comparison<'generate'>;
  /** Blind votes between the two prompts of the headline, in the order in which they were given. */
  readonly votes?: readonly Vote[];
}

/** A comparison of prompts that give every label that fits. */
export interface TagEvaluation extends Compared {
  readonly kind: 'tag';
  readonly plan: TagPlan;
  readonly comparison: Comparison<'tag'>;
}

export type Evaluation = ClassifyEvaluation | TagEvaluation | GenerateEvaluation;

interface Review {
  /** Ids of all reviewed rows, changed or not. */
  readonly reviewed: readonly string[];
  readonly corrections: readonly Correction[];
  /** How often the test rows were used, the review included. */
  readonly looks: number;
  /** Of the data version that the corrections made. */
  readonly datasetFingerprint: string;
}

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

type OfKind<K extends TaskKind> = Extract<Evaluation, { readonly kind: K }>;

export const ofKind = <K extends TaskKind>(evaluations: readonly Evaluation[], kind: K): readonly OfKind<K>[] =>
  evaluations.filter((evaluation): evaluation is OfKind<K> => evaluation.kind === kind);
