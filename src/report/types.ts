import type { ConsistencyReport } from '../evaluation/classify/consistency';
import type { EveryRowReport } from '../evaluation/classify/folds';
import type { Insights } from '../evaluation/classify/insights';
import type { Comparison, ComparisonPlan, Verdict } from '../evaluation/types';
import type { Tally } from '../evaluation/vote';
import type { Results } from './results-schema';

/** What a report is made of. It holds no text of any row; those come apart, as `RowText`, when the user agrees. */
export interface ReportInput {
  readonly title: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly plan: ComparisonPlan;
  readonly comparison: Comparison;
  readonly model: { readonly id: string; readonly dtype: string; readonly sha256: string };
  readonly environment: { readonly backend: string; readonly threads: number } | null;
  readonly dataset: {
    readonly name: string;
    readonly rows: number;
    readonly train: number;
    readonly validation: number;
    readonly test: number;
    readonly fingerprint: string;
    readonly splitHash: string;
  };
  /** The texts around the row, by arm; examples of a few-shot prompt are counted, not shown. */
  readonly prompts: readonly {
    readonly armId: string;
    readonly template: string;
    readonly shots: number;
    /** "Version 3", "Run 2". */
    readonly version?: string;
  }[];
  readonly training: Results['training'];
  /** What else was looked at; what was not is left out. */
  readonly closer?: CloserLook;
}

export interface CloserLook {
  readonly insights?: Insights;
  readonly votes?: Tally;
  /** Labels of test rows that were checked again; the verdict with them, where any changed. */
  readonly review?: {
    readonly reviewed: number;
    readonly corrected: number;
    readonly looks: number;
    readonly verdict: Verdict | null;
  };
  readonly consistency?: ConsistencyReport;
  readonly everyRow?: EveryRowReport;
  /** Until validation accuracy was at 95% of what it ended with. */
  readonly adaptation?: { readonly step: number; readonly rows: number; readonly seconds: number };
  /** Validation accuracy of runs that differ in nothing but their seed. */
  readonly seedRange?: { readonly seeds: number; readonly low: number; readonly high: number };
}

/** A test row as it is shown, only where the user said so. */
export interface RowText {
  readonly id: string;
  readonly text: string;
}
