import type { ConfidenceReport } from '../evaluation/confidence';
import type { Insights } from '../evaluation/insights';
import type { Slice, SliceReport } from '../evaluation/slices';
import type { ArmKind, ComparisonPlan, Interval } from '../evaluation/types';
import { present } from '../lib/assert';
import type { CloserLook, ReportInput, ReportTraining } from './types';

const RESULTS_VERSION = 1;

type Pair = readonly [low: number, high: number];

interface ResultsArm {
  readonly id: string;
  readonly name: string;
  readonly kind: ArmKind;
  readonly calibrated: boolean;
  readonly accuracy: number;
  readonly accuracyCi95: Pair;
  readonly macroF1: number;
  readonly tokensSentMean: number | null;
  readonly tokensComputedMean: number | null;
  readonly latencyMsMedian: number | null;
  readonly rows: readonly {
    readonly id: string;
    readonly gold: string;
    readonly predicted: string;
    /** Log-softmax over the labels, uncalibrated. */
    readonly logProbs: Readonly<Record<string, number>>;
  }[];
}

/** Without what follows from the rows above: curves, and which rows a part has. */
type CompactLook = Omit<CloserLook, 'insights'> & {
  readonly insights?: Omit<Insights, 'slices' | 'confidence'> & {
    readonly slices: (Omit<SliceReport, 'slices'> & { readonly slices: readonly CompactSlice[] }) | null;
    readonly confidence: readonly Omit<ConfidenceReport, 'curve'>[];
  };
};
type CompactSlice = Omit<Slice, 'rowIds'> & { readonly rows: number };

function compact({ insights, ...others }: CloserLook): CompactLook {
  if (!insights) return others;
  const { slices, confidence, ...rest } = insights;
  return {
    ...others,
    insights: {
      ...rest,
      slices: slices && {
        ...slices,
        slices: slices.slices.map(({ rowIds, ...slice }) => ({ ...slice, rows: rowIds.length })),
      },
      confidence: confidence.map(({ curve: _curve, ...report }) => report),
    },
  };
}

/** `results.json` as documented in `docs/results.schema.json`. It holds row ids, labels and figures, no text of any row. */
export interface Results {
  readonly formatVersion: number;
  readonly createdAt: string;
  readonly model: ReportInput['model'];
  readonly environment: ReportInput['environment'];
  readonly dataset: ReportInput['dataset'];
  readonly labels: readonly string[];
  readonly training: ReportTraining | null;
  readonly arms: readonly ResultsArm[];
  readonly comparisons: readonly {
    readonly a: string;
    readonly b: string;
    readonly bothRight: number;
    readonly aOnly: number;
    readonly bOnly: number;
    readonly bothWrong: number;
    readonly difference: number;
    readonly differenceCi95: Pair;
    readonly pExact: number;
    readonly pMidP: number;
    readonly macroF1Difference: number;
    readonly macroF1Ci95: Pair;
    readonly macroF1P: number;
  }[];
  readonly verdict: ReportInput['comparison']['verdict'];
  readonly looks: number;
  /** What was looked at beside the comparison; row ids, values of columns and figures, no text of any row. */
  readonly closer?: CompactLook;
}

const pair = ({ low, high }: Interval): Pair => [low, high];

function armRows(plan: ComparisonPlan, arm: ComparisonPlan['arms'][number], predictions: readonly number[]) {
  const label = (i: number | undefined) => present(plan.labels[i ?? -1], 'label');
  return plan.rowIds.map((id, i) => ({
    id,
    gold: label(plan.gold[i]),
    predicted: label(predictions[i]),
    logProbs: Object.fromEntries(
      plan.labels.map((name, c) => [name, present(arm.logProbs[i]?.[c], 'log-probability')]),
    ),
  }));
}

export function resultsJson(input: ReportInput): Results {
  const { plan, comparison, model, environment, dataset, training, createdAt } = input;
  return {
    formatVersion: RESULTS_VERSION,
    createdAt,
    model,
    environment,
    dataset,
    labels: plan.labels,
    training,
    arms: comparison.arms.map((arm) => ({
      id: arm.id,
      name: arm.name,
      kind: arm.kind,
      calibrated: arm.calibrated ?? false,
      accuracy: arm.accuracy,
      accuracyCi95: pair(arm.accuracyCi95),
      macroF1: arm.macroF1,
      tokensSentMean: arm.tokensSentMean,
      tokensComputedMean: arm.tokensComputedMean,
      latencyMsMedian: arm.latencyMsMedian,
      rows: armRows(
        plan,
        present(
          plan.arms.find(({ id }) => id === arm.id),
          `arm ${arm.id}`,
        ),
        arm.predictions,
      ),
    })),
    comparisons: comparison.pairs.map(({ fixed: _fixed, broken: _broken, pHolm: _pHolm, tokens, ...counts }) => ({
      ...counts,
      ...(tokens ? { tokens: { difference: tokens.difference, ci95: pair(tokens.ci95) } } : {}),
      differenceCi95: pair(counts.differenceCi95),
      macroF1Ci95: pair(counts.macroF1Ci95),
    })),
    verdict: comparison.verdict,
    looks: comparison.looks,
    ...(input.closer ? { closer: compact(input.closer) } : {}),
  };
}
