import type { ConfidenceReport } from '../evaluation/classify/confidence';
import type { Insights } from '../evaluation/classify/insights';
import { calibratedRows } from '../evaluation/classify/outcome';
import type { Slice, SliceReport } from '../evaluation/classify/slices';
import type { ComparisonPlan, Interval } from '../evaluation/types';
import { present } from '../lib/assert';
import { rounded } from '../lib/rounded';
import { accuracy, argmax } from '../metrics/classification';
import type { Results } from './results-schema';
import type { CloserLook, ReportInput } from './types';

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

const pair = ({ low, high }: Interval): [number, number] => [low, high];

function accuracies({ gold }: ComparisonPlan, { logProbs, calibration }: ComparisonPlan['arms'][number]) {
  const accuracyWith = (fit: typeof calibration) => accuracy(gold, calibratedRows(logProbs, fit).map(argmax));
  return { accuracyUncalibrated: accuracyWith(null), accuracyCalibrated: calibration && accuracyWith(calibration) };
}

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

/** As docs/results.schema.json says. It holds row ids, labels and figures, no text of any row. */
export function resultsJson(input: ReportInput): Results {
  const { plan, comparison, model, environment, dataset, training, createdAt } = input;
  return rounded({
    formatVersion: 1,
    createdAt,
    model,
    environment,
    dataset,
    labels: [...plan.labels],
    training,
    arms: comparison.arms.map((arm) => {
      const outcome = present(
        plan.arms.find(({ id }) => id === arm.id),
        `arm ${arm.id}`,
      );
      return {
        id: arm.id,
        name: arm.name,
        kind: arm.kind,
        calibrated: arm.calibrated ?? false,
        accuracy: arm.accuracy,
        accuracyCi95: pair(arm.accuracyCi95),
        ...accuracies(plan, outcome),
        macroF1: arm.macroF1,
        tokensSentMean: arm.tokensSentMean,
        tokensComputedMean: arm.tokensComputedMean,
        latencyMsMedian: arm.latencyMsMedian,
        rows: armRows(plan, outcome, arm.predictions),
      };
    }),
    comparisons: comparison.pairs.map(({ fixed: _fixed, broken: _broken, pHolm: _pHolm, tokens, ...counts }) => ({
      ...counts,
      ...(tokens ? { tokens: { difference: tokens.difference, ci95: pair(tokens.ci95) } } : {}),
      differenceCi95: pair(counts.differenceCi95),
      macroF1Ci95: pair(counts.macroF1Ci95),
    })),
    verdict: comparison.verdict,
    looks: comparison.looks,
    ...(input.closer ? { closer: compact(input.closer) } : {}),
  });
}
