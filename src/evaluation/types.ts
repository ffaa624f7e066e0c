import type { TaskKind } from '../dataset/types';
import type { Value, z } from '../lib/zod';
import type { Interval } from '../metrics/intervals';
import type { CalibrationFit, ReviewThreshold } from '../prompt/prompt';
import type {
  ARM_KINDS,
  labelOutcome,
  labelPlan,
  results,
  tagOutcome,
  tagPlan,
  textOutcome,
  textPlan,
  verdictSchema,
} from './schemas';

export type { CalibrationFit, Interval, ReviewThreshold };

export type ArmKind = (typeof ARM_KINDS)[number];

/** Whether vectors were trained for it. */
export const isLearned = (kind: ArmKind): boolean =>
  kind === 'tuned' || kind === 'hybrid' || kind === 'ensemble' || kind === 'combined';

export type ArmOutcome = Value<typeof labelOutcome>;
export type ComparisonPlan = Value<typeof labelPlan>;
export type Production = NonNullable<ComparisonPlan['production']>;
export type TagOutcome = Value<typeof tagOutcome>;
export type TagPlan = Value<typeof tagPlan>;
export type GenerateOutcome = Value<typeof textOutcome>;
export type GeneratePlan = Value<typeof textPlan>;

type Results<K extends TaskKind> = {
  readonly [Part in keyof (typeof results)[K]]: Value<(typeof results)[K][Part] & z.ZodType>;
};
export type TagScore = OfKind['tag']['arm']['labels'][number];
export type TokensDifference = NonNullable<OfKind['classify']['pair']['tokens']>;

/** What a kind of task adds to a plan and to the result of a prompt and of a pair. A kind without a row does not compile. */
interface OfKind {
  readonly classify: Results<'classify'> & { readonly plan: ComparisonPlan; readonly sheet: LabelSheet<number> };
  /** Labels of a sheet are without the one that stands for none, and probabilities are after the cuts. */
  readonly tag: Results<'tag'> & { readonly plan: TagPlan; readonly sheet: LabelSheet<readonly number[]> };
  /** ROUGE-L of each row; no text is kept. */
  readonly generate: Results<'generate'> & {
    readonly plan: GeneratePlan;
    readonly sheet: Pick<ArmResult<'generate'>, 'rows' | 'metrics'>;
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

export type Verdict = Value<typeof verdictSchema>;
export type VerdictKind = Verdict['kind'];

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
