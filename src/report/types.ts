import type { Comparison, ComparisonPlan } from '../evaluation/types';

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
  readonly prompts: readonly { readonly armId: string; readonly template: string; readonly shots: number }[];
  readonly training: ReportTraining | null;
}

export interface ReportTraining {
  readonly placement: 'prefix' | 'suffix';
  readonly tokens: number;
  readonly seed: number;
  readonly steps: number;
  readonly bestStep: number | null;
  readonly stepsPerSecond: number | null;
  readonly cacheSeconds: number | null;
  readonly trainSeconds: number;
  readonly history: readonly {
    readonly step: number;
    readonly loss: number;
    readonly validationAccuracy: number | null;
  }[];
}

/** A held-back row as it is shown, only where the user said so. */
export interface RowText {
  readonly id: string;
  readonly text: string;
}
