/** The input and the result of a comparison of generated texts. */
import type { Interval } from '../../metrics/intervals';
import type { TextMetricId } from '../../metrics/registry';
import type { ArmKind } from '../types';

/** What a prompt generated, row by row. */
export interface GenerateOutcome {
  readonly id: string;
  readonly name: string;
  /** Left out by the command line. */
  readonly kind?: ArmKind;
  readonly written: readonly string[];
  /** How well the model predicts the expected texts. */
  readonly scores: readonly { readonly logProb: number; readonly tokens: number }[];
  readonly tokensSentMean: number;
}

/** The prompts that are compared, the rows, and the expected texts. */
export interface GeneratePlan {
  /** Left out by the command line: rows in the order of the outcomes. */
  readonly rowIds?: readonly string[];
  /** The rows' own texts, in the order of each outcome's rows. */
  readonly wanted: readonly string[];
  /** Group index of each row, where rows are drawn together. */
  readonly groups?: readonly number[];
  readonly arms: readonly GenerateOutcome[];
  /** Ids of A and B; the first pair is the headline. */
  readonly pairs: readonly (readonly [string, string])[];
  /** Uses of the test rows, this one included; left out by the command line. */
  readonly looks?: number;
  /** Of the bootstrap. */
  readonly seed: number;
}

type FirstMetric = 'rougeL' | 'tokenF1' | 'exactMatch' | 'perplexity';

/** A value for each metric. Metrics that were added since are missing in comparisons of earlier versions. */
type PerMetric<T> = Readonly<Record<FirstMetric, T>> & Readonly<Partial<Record<TextMetricId, T>>>;

export interface GenerateArm extends PerMetric<number> {
  readonly id: string;
  readonly name: string;
  readonly kind?: ArmKind;
  readonly tokensSentMean: number;
  /** 95%, by bootstrap. */
  readonly intervals: PerMetric<Interval>;
  /** ROUGE-L of each row. */
  readonly rows: readonly number[];
}

export interface Difference {
  readonly difference: number;
  readonly interval: Interval;
}

/** B minus A; of the perplexities B divided by A. */
export interface GeneratePair extends PerMetric<Difference> {
  readonly a: string;
  readonly b: string;
  /** Rows where B's text is closer to the expected one, further, or equally close. */
  readonly rows: { readonly nearer: number; readonly farther: number; readonly same: number };
  readonly finding: 'b-better' | 'a-better' | 'unclear';
  readonly sentence: string;
}

export interface GenerateComparison {
  readonly n: number;
  readonly arms: readonly GenerateArm[];
  readonly duels: readonly GeneratePair[];
  readonly verdict: { readonly headline: string; readonly detail: string };
}
