import type { TaskKind } from '../dataset/types';
import type { ClassMetrics } from '../metrics/classification';
import type { Interval } from '../metrics/intervals';
import type { PairedCounts } from '../metrics/mcnemar';
import type { Figure, LabelMetricId, TagMetricId, Compared as Tested, TextMetricId } from '../metrics/registry';
import type { CalibrationFit, ReviewThreshold } from '../prompt/prompt';
import type { Placement } from '../prompt/soft-prompt';

export type { CalibrationFit, Interval, ReviewThreshold };

/**
 * `hybrid` = a hand-written prompt with vectors trained on top; `ensemble` = the mean of several seeds; `combined` = a
 * tuned prompt together with the word counts.
 */
export const ARM_KINDS = [
  'untuned',
  'zero-shot',
  'few-shot',
  'tuned',
  'hybrid',
  'ensemble',
  'combined',
  'reference',
] as const;
export type ArmKind = (typeof ARM_KINDS)[number];

/** Whether vectors were trained for it. */
export const isLearned = (kind: ArmKind): boolean =>
  kind === 'tuned' || kind === 'hybrid' || kind === 'ensemble' || kind === 'combined';

export interface ArmOutcome {
  /** Stable id inside one evaluation, e.g. `untuned`, `yours`, `yours-8`, `tuned`, `majority`, `tfidf`. */
  readonly id: string;
  readonly name: string;
  readonly kind: ArmKind;
  /** Examples that the comparison added to a hand-written prompt. */
  readonly added?: number;
  readonly placement: Placement | null;
  /** In the order of ComparisonPlan.rowIds; log-probabilities over the labels, uncalibrated. */
  readonly logProbs: readonly (readonly number[])[];
  /** Fitted on rows whose labels are not used, or its version's own; null for reference arms. */
  readonly calibration: CalibrationFit | null;
  /** Whether its version answers calibrated since an earlier comparison; left out: validation rows decide in this one. */
  readonly decided?: boolean;
  /** Its calibration has the intercepts of a linear probe, and so is never left out. */
  readonly hasIntercepts?: true;
  readonly tokensSentMean: number | null;
  /** By row; left out by reference lines. */
  readonly tokensSent?: readonly number[];
  readonly tokensComputedMean: number | null;
  readonly latencyMsMedian: number | null;
  /** On validation rows. */
  readonly validation: {
    /** Whether calibration clearly helps there: then it is used. */
    readonly helps: boolean;
    /** Row by row, uncalibrated. A threshold is chosen on them. */
    readonly answers: {
      readonly gold: readonly number[];
      readonly logProbs: readonly (readonly number[])[];
      /** Of rows that belong together, as `ComparisonPlan.groups`. */
      readonly groups?: readonly number[] | undefined;
    };
  } | null;
  /** Fitted on validation rows, for the log-probabilities without and with calibration; left out by reference lines. */
  readonly temperature?: { readonly raw: number; readonly calibrated: number; readonly rows: number } | null;
}

export interface ComparisonPlan {
  readonly labels: readonly string[];
  readonly rowIds: readonly string[];
  /** Gold label indices. */
  readonly gold: readonly number[];
  readonly arms: readonly ArmOutcome[];
  /** Ids: what is compared with what; the first pair is the headline (A = hand-written, B = tuned). */
  readonly pairs: readonly (readonly [a: string, b: string])[];
  /** Both arms get calibration or neither does. */
  readonly calibrated: boolean;
  /**
   * `chosen` = calibration is offered to every arm alike, and each takes it where it clearly helps on the validation rows
   * (`ArmOutcome.validation`); then `calibrated` counts for arms without a validation result. Left out: `calibrated` for all.
   */
  readonly calibration?: 'chosen';
  /** Family of each row (`src/dataset/families.ts`), where rows belong together: families are the trials, and are drawn together. */
  readonly groups?: readonly number[];
  /** By cross-validation over all rows: the fold of each, whose prompt was trained without it. Left out: they are test rows. */
  readonly folds?: readonly number[];
  /** All labelled rows of the file, and how many trials they are worth. */
  readonly file?: { readonly rows: number; readonly trials: number };
  /** Why a line cannot be a version, by arm; left out = every one is. */
  readonly noVersion?: Readonly<Record<string, string>>;
  /** The version in production, where it is an arm and not the tuned prompt. Left out: there is none. */
  readonly production?: Production;
  /** How often these test rows have been used, this time included. */
  readonly looks: number;
  readonly seed: number;
}

export interface Production {
  readonly arm: string;
  /** "tuned 1". */
  readonly name: string;
  /** Training rows that the tuned prompt learned from and that were added since that version was trained. */
  readonly addedRows: number;
}

interface ClassScore extends ClassMetrics {
  readonly label: string;
}

/** One label of rows that may have several. */
export interface TagScore extends Readonly<Record<'precision' | 'recall' | 'f1', Figure>> {
  readonly label: string;
  /** Rows that have it. */
  readonly support: number;
}

/** What a row costs under one prompt and under another. */
export interface TokensDifference {
  /** Mean tokens sent a row under B minus those under A. */
  readonly difference: number;
  /** Paired bootstrap, 95%. */
  readonly ci95: Interval;
}

/** What a kind of task adds to the result of a prompt and of a pair. A kind without a row does not compile. */
interface OfKind {
  readonly classify: {
    readonly plan: ComparisonPlan;
    readonly sheet: LabelSheet<number>;
    readonly metrics: Readonly<Record<LabelMetricId, Figure>>;
    readonly differences: Readonly<Record<LabelMetricId, Tested>>;
    readonly arm: {
      readonly n: number;
      readonly correct: number;
      /** Whether this arm's log-probabilities were calibrated. */
      readonly calibrated: boolean;
      readonly classes: readonly ClassScore[];
      /** `confusion[gold][predicted]`. */
      readonly confusion: readonly (readonly number[])[];
      /** Predicted label index and its probability, by row. */
      readonly predictions: readonly number[];
      readonly confidences: readonly number[];
      readonly tokensComputedMean: number | null;
      readonly latencyMsMedian: number | null;
    };
    readonly pair: PairedCounts & {
      readonly pMidP: number;
      /** Holm's adjusted exact p over all pairs of the plan. */
      readonly pHolm: number;
      /** Left out where it was not kept how many tokens each row had. */
      readonly tokens?: TokensDifference;
      /** Row ids that only B (fixed) or only A (broken) gets right. */
      readonly fixed: readonly string[];
      readonly broken: readonly string[];
    };
  };
  readonly tag: {
    readonly plan: TagPlan;
    /** Labels are without the one that stands for none, and probabilities are after the cuts. */
    readonly sheet: LabelSheet<readonly number[]>;
    readonly metrics: Readonly<Record<TagMetricId, Figure>>;
    readonly differences: Readonly<Record<TagMetricId, Tested>>;
    readonly arm: {
      /** Places of the labels that each row gets. */
      readonly given: readonly (readonly number[])[];
      readonly labels: readonly TagScore[];
    };
    readonly pair: {
      /** Holm's adjusted p of micro-F1 over all pairs of the plan. */
      readonly pHolm: number;
      /** Rows where B makes fewer mistakes than A, more, or as many. */
      readonly rows: { readonly closer: number; readonly further: number; readonly same: number };
    };
  };
  readonly generate: {
    readonly plan: GeneratePlan;
    /** ROUGE-L of each row; no text is kept. */
    readonly sheet: { readonly rows: readonly number[]; readonly metrics: Readonly<Record<TextMetricId, Figure>> };
    readonly metrics: Readonly<Record<TextMetricId, Figure>>;
    /** Of the perplexities B divided by A. */
    readonly differences: Readonly<Record<TextMetricId, Figure>>;
    /** ROUGE-L of each row. */
    readonly arm: { readonly rows: readonly number[] };
    /** Rows where B's text is closer to the expected one, further, or equally close. */
    readonly pair: { readonly rows: { readonly closer: number; readonly further: number; readonly same: number } };
  };
}

interface LabelSheet<Gold> {
  readonly labels: readonly string[];
  readonly gold: readonly Gold[];
  readonly probabilities: readonly (readonly number[])[];
}

/** Answers to rows whose right answers are known. The labels of two sheets may be in another order. */
export type AnswerSheet<K extends TaskKind = TaskKind> = {
  readonly [P in K]: OfKind[P]['sheet'] & {
    readonly kind: P;
    readonly rowIds: readonly string[];
    /** Group of each row, where rows belong together; null = every row is a trial. */
    readonly groups: readonly number[] | null;
    readonly seed: number;
  };
}[K];

export interface RowAnswer {
  readonly label: string;
  readonly right: boolean;
  readonly probability: number;
}

/** Which of two is clearly better. */
export type Finding = 'a-better' | 'b-better' | 'unclear';

/** One prompt on the rows of a comparison. */
export type ArmResult<K extends TaskKind = 'classify'> = Pick<
  ArmOutcome,
  'id' | 'name' | 'kind' | 'added' | 'tokensSentMean'
> & {
  readonly metrics: OfKind[K]['metrics'];
} & OfKind[K]['arm'];

/** B minus A on the same rows. */
export type PairResult<K extends TaskKind = 'classify'> = {
  readonly a: string;
  readonly b: string;
  readonly metrics: OfKind[K]['differences'];
} & OfKind[K]['pair'];

export type VerdictKind =
  | 'tuned-better'
  | 'hybrid-better'
  | 'yours-better'
  | 'text-does-as-well'
  | 'examples-do-as-well'
  | 'words-do-as-well'
  | 'probe-better'
  | 'nothing-beats-majority'
  | 'no-clear-difference';

export interface Verdict {
  readonly kind: VerdictKind;
  /** One sentence, effect first: "Tuned beats your prompt by 14 points on 120 test rows". */
  readonly headline: string;
  /** What it is based on and what to do now. */
  readonly detail: string;
  /** About how many more rows would settle it, when nothing is clear. */
  readonly rowsNeeded: number | null;
}

export interface Comparison<K extends TaskKind = 'classify'> {
  readonly n: number;
  readonly arms: readonly ArmResult<K>[];
  readonly pairs: readonly PairResult<K>[];
  readonly verdict: Verdict;
}

/** A comparison before its verdict. */
export type Compared<K extends TaskKind = TaskKind> = {
  readonly [P in K]: {
    readonly kind: P;
    readonly plan: OfKind[P]['plan'];
    readonly comparison: Pick<Comparison<P>, 'arms' | 'pairs'>;
  };
}[K];

/** What a prompt generated, row by row. */
export interface GenerateOutcome {
  readonly id: string;
  readonly name: string;
  readonly kind: ArmKind;
  readonly written: readonly string[];
  /** How well the model predicts the expected texts. */
  readonly scores: readonly { readonly logProb: number; readonly tokens: number }[];
  readonly tokensSentMean: number;
}

/** The prompts that are compared, the rows, and the expected texts. */
export interface GeneratePlan {
  readonly rowIds: readonly string[];
  /** The rows' own texts, in the order of each outcome's rows. */
  readonly wanted: readonly string[];
  /** Group index of each row, where rows are drawn together. */
  readonly groups?: readonly number[];
  readonly arms: readonly GenerateOutcome[];
  /** Ids of A and B; the first pair is the headline. */
  readonly pairs: readonly (readonly [string, string])[];
  /** Uses of the test rows, this one included. */
  readonly looks: number;
  /** Of the bootstrap. */
  readonly seed: number;
}

/** How sure a prompt is of every label of every row. */
export interface TagOutcome extends Pick<ArmOutcome, 'id' | 'name' | 'kind' | 'added' | 'tokensSentMean'> {
  /** In the order of TagPlan.rowIds: log-odds of each label against none. */
  readonly odds: readonly (readonly number[])[];
  /** From which odds on each label is given: chosen on validation rows, or its version's own. */
  readonly cuts: readonly number[];
}

/** The prompts that are compared, the rows, and their labels. */
export interface TagPlan extends Pick<ComparisonPlan, 'rowIds' | 'groups' | 'file' | 'pairs' | 'looks' | 'seed'> {
  /** Without the one that stands for none. */
  readonly labels: readonly string[];
  /** Places of the labels that each row has. */
  readonly gold: readonly (readonly number[])[];
  readonly arms: readonly TagOutcome[];
}
