import type { Dataset, TaskKind } from '../dataset/types';
import type { ConsistencyReport, EveryRowReport, FineTuningReport } from '../evaluation/classify/checks';
import type { CalibrationMode } from '../evaluation/classify/outcome';
import type {
  CalibrationFit,
  Comparison,
  ComparisonPlan,
  GenerateComparison,
  GeneratePlan,
  ReviewThreshold,
} from '../evaluation/types';
import type { Correction, Vote } from '../evaluation/vote';
import type { WordModel } from '../metrics/logistic';
import type { SoftPrompt } from '../prompt/soft-prompt';
import type { HardPrompt, LabelWord } from '../task/types';
import type { StoredCheckpoint } from '../training/checkpoint';
import type { StopReason } from '../training/events';
import type { TrainingSettings } from '../training/settings';

/** A hand-written prompt: every save or try makes a version. */
export interface HardVersion {
  readonly id: string;
  readonly number: number;
  readonly name: string;
  readonly prompt: HardPrompt;
  readonly createdAt: string;
  /** Who made it; missing = unknown. */
  readonly author?: string | undefined;
  /** The author's note. */
  readonly note?: string | undefined;
  /** The answer words it has been used with, if the set has others by now. Missing = the set's. */
  readonly words?: readonly LabelWord[] | undefined;
  /** What its answers have subtracted, wherever it answers; null = nothing. Left out: it was not compared yet. */
  readonly calibration?: CalibrationFit | null | undefined;
  /** Below it a person is asked, wherever it answers. Missing = its answers are all taken. */
  readonly threshold?: ReviewThreshold | undefined;
  /** It was found by a search; missing = somebody wrote it. */
  readonly search?: PromptSearch | undefined;
  /** Result on validation rows, if it was tried. */
  readonly tried: {
    readonly accuracy: number;
    readonly macroF1: number;
    readonly confusion: readonly (readonly number[])[];
    readonly wrongRowIds: readonly string[];
    /** Predicted label index of each wrong row, in the order of wrongRowIds. */
    readonly wrongPredictions: readonly number[];
    readonly rows: number;
    readonly seconds: number;
    /** The rows it was tried on; missing in versions made before this was stored. */
    readonly datasetFingerprint?: string | undefined;
    /** The split whose validation rows they were drawn from; left out by versions that took the first ones. */
    readonly splitHash?: string | undefined;
    /** Left out by earlier releases: then nobody knows whether the figures still hold. */
    readonly with?: TriedWith | undefined;
  } | null;
  /** The texts it generated for validation rows, if it was tried. */
  readonly wrote?: WritingTry | undefined;
}

/** What a version answers with, besides its prompt. */
export interface AnswersWith {
  /** The answer words; empty where texts are generated. */
  readonly words: readonly LabelWord[];
  /** What calibration subtracted from the log-probabilities; null = nothing. */
  readonly meanLogProbs: readonly number[] | null;
  /** Most tokens of a generated answer, as it was set; null = as the texts suggest. */
  readonly longest: number | null;
}

/** What decides a try besides its prompt, its rows and their split. */
export interface TriedWith extends AnswersWith {
  /** Of the data set: it decides which validation rows are drawn. */
  readonly seed: number;
  /** SHA-256 of the weights. */
  readonly model: string;
}

/** Answers of a hand-written prompt to some validation rows. Means over the rows; ROUGE-L, F1 and exact match from 0 to 1. */
export interface WritingTry {
  readonly rows: number;
  readonly rougeL: number;
  readonly tokenF1: number;
  readonly exactMatch: number;
  /** Cross-entropy per token of the expected texts, mean over the rows. */
  readonly loss: number;
  readonly seconds: number;
  readonly written: readonly { readonly rowId: string; readonly text: string }[];
  readonly datasetFingerprint: string;
  /** As in a try that chooses labels. */
  readonly splitHash?: string | undefined;
  readonly with?: TriedWith | undefined;
}

/** How a hand-written prompt was found. */
export interface PromptSearch {
  /** Prompts that took part. */
  readonly candidates: number;
  /** Training rows that the best of them answered. */
  readonly trainingRows: number;
  /** Validation rows that the last choice rests on; 0 = it was stopped before, and training rows chose. */
  readonly validationRows: number;
  /** The training rows chose with the validation rows; in earlier versions only where those were few. */
  readonly pooled?: true | undefined;
  /** Cross-validated loss on the rows that chose. */
  readonly loss: number;
  /** That of the template alone on the same rows. */
  readonly bareLoss: number;
}

/** What a search for answer words came to. */
export interface WordSearch {
  /** `kept`: the words before it stayed, as no others are clearly better. */
  readonly outcome: 'found' | 'kept' | 'too-few';
  /** Training rows that were read. */
  readonly rows: number;
  /** The words at its end; once the set has others, it says nothing of them. */
  readonly words: readonly LabelWord[];
  /** Cross-validated, of these words and of those before it; null where they could not be scored. */
  readonly loss: number | null;
  readonly lossBefore: number | null;
  /** Where another cue replaced the template's. */
  readonly cues?: { readonly before: string; readonly after: string } | undefined;
}

/** The settings of a task that generates texts. */
export interface WritingTask {
  /** Most tokens of an answer; null = derived from the expected texts. */
  readonly longest: number | null;
}

/** Whose answers a run learned instead of the rows' labels, and how close it came. */
export interface Distilled {
  /** The hand-written version. */
  readonly from: string;
  /** Left out before the end. */
  readonly reached?: Smaller;
}

/** A long prompt and its smaller version: mean tokens of a row, all included, and on how many validation rows they agree. */
export interface Smaller {
  readonly tokensBefore: number;
  readonly tokensAfter: number;
  readonly same: number;
  readonly rows: number;
}

/** A start that was compared before a run: its loss on the validation rows after so many steps (null = it diverged). */
export interface RaceEntry {
  readonly name: string;
  readonly losses: readonly { readonly step: number; readonly loss: number | null }[];
  readonly outcome: 'racing' | 'out' | 'continues';
}

/** What answers beside a prompt's own vectors, where labels are chosen. */
export interface Beside {
  /** Vectors of other runs: the mean answer counts. */
  readonly softs: readonly SoftPrompt[];
  /** Words of training rows that are mixed in; null = none. */
  readonly words: {
    readonly model: WordModel;
    /** Of the prompts, from 0 to 1. */
    readonly weight: number;
  } | null;
}

/** One training run, finished or not; or, with `together`, several prompts as one version, which was never trained as such. */
export interface SoftVersion {
  readonly id: string;
  readonly number: number;
  readonly name: string;
  readonly createdAt: string;
  readonly settings: TrainingSettings;
  /** It was trained to generate texts; missing = to choose labels. */
  readonly writes?: true;
  /** The exact text around the vectors. */
  readonly template: string;
  /** Ids of the training rows that the template shows as examples: the run is not trained on them. Missing = none. */
  readonly examples?: readonly string[];
  readonly initText: string;
  /** The starts that were compared, of which its settings are the best; missing = none were. */
  readonly race?: readonly RaceEntry[];
  /** A hybrid: the hand-written version whose text the vectors are added to. Missing = the base template's. */
  readonly handVersion?: string;
  /** Missing = it learned the rows' labels. */
  readonly distilled?: Distilled;
  /** Who started it; missing = unknown. */
  readonly author?: string | undefined;
  /** The author's note. */
  readonly note?: string | undefined;
  /** The answer words it was trained with, if the set has others by now. Missing = the set's. */
  readonly words?: readonly LabelWord[] | undefined;
  /** What its answers have subtracted, wherever it answers; null = nothing. Left out: it was not compared yet. */
  readonly calibration?: CalibrationFit | null | undefined;
  /** Below it a person is asked, wherever it answers. Missing = its answers are all taken. */
  readonly threshold?: ReviewThreshold | undefined;
  /** Runs started together share it. */
  readonly group?: string;
  readonly status: 'running' | StopReason | 'failed';
  /** Why it failed, as a sentence. */
  readonly error: string | null;
  readonly soft: SoftPrompt | null;
  /** Copies, so that the version answers the same when runs and rows are gone. `from`: what `armId` named. */
  readonly together?: Beside & { readonly from?: string };
  readonly bestStep: number | null;
  readonly validationAccuracy: number | null;
  /** Of the kept step of a run that generates texts: cross-entropy per token, mean over the rows. */
  readonly validationLoss?: number;
  /** How many validation rows chose the kept step; missing in versions made before this was stored, and before the end. */
  readonly validationRows?: number;
  readonly seconds: number | null;
  readonly model: { readonly id: string; readonly sha256: string; readonly dtype: string };
  readonly datasetFingerprint: string;
  /** Hash of the test rows, which it never saw; missing in versions made before this was stored. */
  readonly heldBackHash?: string | undefined;
  /** Hash of all three parts; missing in versions made before this was stored. */
  readonly splitHash?: string | undefined;
  /** Where its vectors were trained, if not here: "PEFT (PROMPT_TUNING)". Its settings are then placeholders. */
  readonly origin?: string;
}

/** Latest state of a run, written every `checkpointEvery` steps and at pause. */
export interface RunCheckpoint {
  readonly runId: string;
  readonly setId: string;
  readonly checkpoint: StoredCheckpoint;
}

/** How often the test rows of a data set were used, while it was open. */
export interface EarlierLooks {
  readonly fingerprint: string;
  readonly looks: number;
}

/** What the last comparison said, in a set that came without its rows: comparisons name rows, so they stayed behind. */
export interface KeptVerdict {
  readonly headline: string;
  /** Test rows that it rests on. */
  readonly rows: number;
  /** ISO time of the comparison. */
  readonly at: string;
}

/** The unit that is stored, compared, presented and exported. */
export interface PromptSet {
  readonly id: string;
  readonly name: string;
  /** UPPER_SNAKE, unique. */
  readonly handle: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** When it was deleted; null = it was not. A deleted set can be restored. */
  readonly deletedAt: string | null;
  /** Empty if the task generates texts. */
  readonly words: readonly LabelWord[];
  /** Missing or null: the task chooses one of a few labels. */
  readonly writing?: WritingTask | null;
  /** The text around a row: Untuned uses it alone, Tuned with its vectors. */
  readonly baseTemplate: string;
  /** The last search for answer words; missing = none was made. */
  readonly wordSearch?: WordSearch | undefined;
  readonly hard: readonly HardVersion[];
  readonly soft: readonly SoftVersion[];
  /** Ids of the versions that are used as Yours and as Tuned. */
  readonly chosenHard: string | null;
  readonly chosenSoft: string | null;
  readonly datasetFingerprint: string | null;
  readonly datasetName: string | null;
  readonly testLooks: number;
  /** Missing: its comparisons are here, or there were none. */
  readonly verdict?: KeptVerdict | undefined;
  /** Uses of the test rows of files that were open before: they count again once those rows are back. */
  readonly earlierLooks?: readonly EarlierLooks[] | undefined;
  readonly tags?: readonly string[] | undefined;
  /** The author's notes on the whole set. */
  readonly notes?: string | undefined;
  /** Every move of a stage, oldest first; the last one says where it points. */
  readonly moves?: readonly StageMove[] | undefined;
  /** What answers for a stage; missing = the version that it points to, alone. */
  readonly policy?: StagePolicy | undefined;
}

export const STAGE_POLICIES = ['as-asked', 'fallback', 'shadow', 'hand-written'] as const;

/**
 * `fallback`: the hand-written version in use answers where the stage's version is missing, fails, or is less sure than its
 * threshold. `shadow`: both answer, and the hand-written one counts. `hand-written`: that one only.
 */
export interface StagePolicy {
  readonly kind: (typeof STAGE_POLICIES)[number];
  /** Only of `fallback`: longer for a row, and the hand-written version answers. Missing = no limit. */
  readonly rowTimeoutMs?: number | undefined;
}

/** A stage was pointed to a version, or (`to` null) removed. */
export interface StageMove {
  readonly stage: string;
  /** Version ids; null = the stage was new, or was removed. */
  readonly from: string | null;
  readonly to: string | null;
  /** ISO time. */
  readonly at: string;
  /** Why. */
  readonly note?: string | undefined;
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
  /** The hand-written prompts took part as they are written. Left out by earlier releases, which left out their examples. */
  readonly asWritten?: true;
  /** The set's answer words at that time; versions may have their own. Left out by earlier releases. */
  readonly words?: readonly LabelWord[];
  /** The set's template at that time, which is the untuned prompt where none is tuned. Left out by earlier releases. */
  readonly baseTemplate?: string;
  /** The split whose test rows were asked, and SHA-256 of the weights. Left out by earlier releases. */
  readonly splitHash?: string;
  readonly model?: string;
  /** Blind votes between the two prompts of the headline, in the order in which they were given. */
  readonly votes?: readonly Vote[];
}

/** A comparison of prompts that choose one of a few labels. */
export interface ClassifyEvaluation extends Compared {
  readonly kind: 'classify';
  readonly plan: ComparisonPlan;
  readonly comparison: Comparison;
  /** Other calibrations that its figures were shown under: each was a use of the test rows. */
  readonly shownUnder?: readonly CalibrationMode[] | undefined;
  /** Test labels that a person gave again without seeing any prediction. */
  readonly review?: Review;
  /** Answers under harmless edits of the text. */
  readonly consistency?: ConsistencyReport;
  /** Every labelled row answered by a prompt that was trained without it. */
  readonly everyRow?: EveryRowReport;
  readonly fineTuning?: FineTuningReport;
}

/** A comparison of prompts that generate a text. */
export interface GenerateEvaluation extends Compared {
  readonly kind: 'generate';
  readonly plan: GeneratePlan & { readonly rowIds: readonly string[]; readonly looks: number };
  readonly comparison: GenerateComparison;
}

export type Evaluation = ClassifyEvaluation | GenerateEvaluation;

/** Without its kind, as it is stored and packed: the table or the folder says which kind it is. */
export type Kept<E extends Evaluation> = Omit<E, 'kind'>;

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

// Comparisons of both kinds in one list; where they are stored, the table or folder gives the kind.

type OfKind<K extends TaskKind> = Extract<Evaluation, { readonly kind: K }>;

export const ofKind = <K extends TaskKind>(evaluations: readonly Evaluation[], kind: K): readonly OfKind<K>[] =>
  evaluations.filter((evaluation): evaluation is OfKind<K> => evaluation.kind === kind);

export const withKind = <K extends TaskKind>(kept: Kept<OfKind<K>>, kind: K): OfKind<K> =>
  ({ ...kept, kind }) as OfKind<K>;

export function kept<E extends Evaluation>({ kind: _kind, ...rest }: E): Kept<E> {
  return rest;
}
