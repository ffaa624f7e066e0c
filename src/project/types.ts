import type { Dataset } from '../dataset/types';
import type { ConsistencyReport } from '../evaluation/classify/consistency';
import type { Correction } from '../evaluation/classify/doubts';
import type { EveryRowReport } from '../evaluation/classify/folds';
import type { GenerateArm, GenerateComparison, GeneratePlan, TextMeasure } from '../evaluation/generate/types';
import type { Comparison, ComparisonPlan } from '../evaluation/types';
import type { Vote } from '../evaluation/vote';
import type { SoftPrompt } from '../prompt/types';
import type { HardPrompt, LabelWord } from '../task/types';
import type { StoredCheckpoint } from '../training/checkpoint';
import type { StopReason } from '../training/events';
import type { TrainingSettings } from '../training/settings';

/** A hand-written prompt as it was tried: every save or try is a version. */
export interface HardVersion {
  readonly id: string;
  readonly number: number;
  readonly name: string;
  readonly prompt: HardPrompt;
  readonly createdAt: string;
  /** Name of who made it; left out: not said. */
  readonly author?: string | undefined;
  /** What its author says about it. */
  readonly note?: string | undefined;
  /** The answer words it was made with, where the set has others by now. Left out: the set's. */
  readonly words?: readonly LabelWord[] | undefined;
  /** Result on validation rows, when it was tried. */
  readonly tried: {
    readonly accuracy: number;
    readonly macroF1: number;
    readonly confusion: readonly (readonly number[])[];
    readonly wrongRowIds: readonly string[];
    /** Predicted label index of each wrong row, in the order of wrongRowIds. */
    readonly wrongPredictions: readonly number[];
    readonly rows: number;
    readonly seconds: number;
    /** The rows that it was tried on; left out by versions that did not keep it. */
    readonly datasetFingerprint?: string | undefined;
  } | null;
  /** What it wrote on validation rows, where texts are written and it was tried. */
  readonly wrote?: WritingTry | undefined;
}

/** Answers of a hand-written prompt to some validation rows. Means over the rows; ROUGE-L, F1 and exact match from 0 to 1. */
export interface WritingTry {
  readonly rows: number;
  readonly rougeL: number;
  readonly tokenF1: number;
  readonly exactMatch: number;
  /** Mean cross-entropy a token of the wanted texts, mean over the rows. */
  readonly loss: number;
  readonly seconds: number;
  readonly written: readonly { readonly rowId: string; readonly text: string }[];
  readonly datasetFingerprint: string;
}

/** Where the task is to write texts. */
export interface WritingTask {
  /** Tokens that an answer may have; null = as the targets of the data say. */
  readonly longest: number | null;
}

/** One training run, finished or not. */
export interface SoftVersion {
  readonly id: string;
  readonly number: number;
  readonly name: string;
  readonly createdAt: string;
  readonly settings: TrainingSettings;
  /** It was trained to write texts; left out = to choose labels. */
  readonly writes?: true;
  /** The exact text around the vectors. */
  readonly template: string;
  readonly initText: string;
  /** A hybrid: the hand-written version whose text the vectors stand at. Left out: the bare template's. */
  readonly handVersion?: string;
  /** Name of who started it; left out: not said. */
  readonly author?: string | undefined;
  /** What its author says about it. */
  readonly note?: string | undefined;
  /** The answer words it was made with, where the set has others by now. Left out: the set's. */
  readonly words?: readonly LabelWord[] | undefined;
  /** Runs that were asked for together have the same. */
  readonly group?: string;
  readonly status: 'running' | StopReason | 'failed';
  /** Sentence, when failed. */
  readonly error: string | null;
  readonly soft: SoftPrompt | null;
  readonly bestStep: number | null;
  readonly validationAccuracy: number | null;
  /** Of the kept step, where texts are written: mean cross-entropy a token, mean over the rows. */
  readonly validationLoss?: number;
  readonly seconds: number | null;
  readonly model: { readonly id: string; readonly sha256: string; readonly dtype: string };
  readonly datasetFingerprint: string;
  /** Of the rows that were held back from it; left out by versions that did not keep it. */
  readonly heldBackHash?: string | undefined;
  /** Where its vectors were trained, when that was not here: "PEFT (PROMPT_TUNING)". Its settings say nothing then. */
  readonly origin?: string;
}

/** Latest state of a run, written every `checkpointEvery` steps and at pause. */
export interface RunCheckpoint {
  readonly runId: string;
  readonly setId: string;
  readonly checkpoint: StoredCheckpoint;
}

/** The unit that is stored, compared, presented and exported. */
export interface PromptSet {
  readonly id: string;
  readonly name: string;
  /** UPPER_SNAKE, unique. */
  readonly handle: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Set when deleted; kept until the undo has passed. */
  readonly deletedAt: string | null;
  /** Empty where texts are written. */
  readonly words: readonly LabelWord[];
  /** Left out or null: one of a few labels is chosen. */
  readonly writing?: WritingTask | null;
  /** The bare template: Untuned as it stands, Tuned with the vectors. */
  readonly baseTemplate: string;
  readonly hard: readonly HardVersion[];
  readonly soft: readonly SoftVersion[];
  /** Which hard version stands for "Yours", and which soft version for "Tuned". */
  readonly chosenHard: string | null;
  readonly chosenSoft: string | null;
  readonly datasetFingerprint: string | null;
  readonly datasetName: string | null;
  readonly testLooks: number;
  readonly tags?: readonly string[] | undefined;
  /** What the author says about the whole set. */
  readonly notes?: string | undefined;
  /** Every move of a stage, oldest first: where stages stand follows from them. */
  readonly moves?: readonly StageMove[] | undefined;
}

/** A stage was put at a version, or (`to` null) taken away. */
export interface StageMove {
  readonly stage: string;
  /** Version ids; null = the stage was new, or is no more. */
  readonly from: string | null;
  readonly to: string | null;
  /** ISO time. */
  readonly at: string;
  /** Why. */
  readonly note?: string | undefined;
}

/** What a version reaches that writes: means over the rows with their intervals, and ROUGE-L row by row. */
export type WrittenScores = Pick<GenerateArm, TextMeasure | 'intervals' | 'rows'>;

/** One version asked again on labelled rows: those held back, or another file's. */
export interface Measurement {
  readonly id: string;
  readonly setId: string;
  readonly versionId: string;
  readonly createdAt: string;
  readonly data: {
    readonly kind: 'held-back' | 'file';
    /** Name of the file. */
    readonly name: string;
    /** SHA-256 over the texts and labels of the rows, in order. */
    readonly fingerprint: string;
  };
  /** Empty where texts are written, as are `gold` and `predictions`. */
  readonly labels: readonly string[];
  /** Of the rows that were answered, in order; a file's row texts and ids are not kept. */
  readonly gold: readonly number[];
  readonly predictions: readonly number[];
  /** Where texts are written; neither they nor the wanted ones are kept. */
  readonly wrote?: WrittenScores;
  /** Rows that could not be asked: no text, no label of the set, too long. */
  readonly leftOut: number;
  /** Whether the mean log-probabilities of its comparison were subtracted. */
  readonly calibrated: boolean;
  readonly model: { readonly id: string; readonly sha256: string };
}

interface Compared {
  readonly id: string;
  readonly setId: string;
  readonly createdAt: string;
  readonly hardVersion: string | null;
  readonly softVersion: string | null;
  readonly datasetFingerprint: string;
  readonly backend: string;
  readonly threads: number;
  /** Blind votes between the two prompts of the headline, in the order in which they were given. */
  readonly votes?: readonly Vote[];
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
  /** Every labelled row answered by a prompt that was trained without it. */
  readonly everyRow?: EveryRowReport;
}

/** A comparison of prompts that generate a text. */
export interface GenerateEvaluation extends Compared {
  readonly kind: 'generate';
  readonly plan: GeneratePlan & { readonly rowIds: readonly string[]; readonly looks: number };
  readonly comparison: GenerateComparison;
}

export type Evaluation = ClassifyEvaluation | GenerateEvaluation;

/** Without its kind, as it is stored and packed: the table or the folder says which it is. */
export type Kept<E extends Evaluation> = Omit<E, 'kind'>;

interface Review {
  /** Ids of all rows that were looked at, changed or not. */
  readonly reviewed: readonly string[];
  readonly corrections: readonly Correction[];
  /** Looks at the held-back rows, the review included. */
  readonly looks: number;
  /** Of the data version that the corrections made. */
  readonly datasetFingerprint: string;
}

/** Data set of a prompt set as stored. */
export interface StoredDataset {
  readonly setId: string;
  readonly dataset: Dataset;
}
