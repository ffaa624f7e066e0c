import { calibratedRows, differenceOf, scoreOf } from '../evaluation/classify/outcome';
import type { ArmReport, ComparisonPlan, Interval, PairReport } from '../evaluation/types';
import { present } from '../lib/assert';
import { rounded } from '../lib/format';
import { accuracy, argmax } from '../metrics/classification';
import { LABEL_METRICS, metricsOf } from '../metrics/registry';
import type { Results } from './results-schema';
import type { CloserLook, LabelReport, ReportInput, TextReport } from './types';

/** Without what follows from the rows above: curves, and the rows of each slice. */
function compact({ insights, ...others }: CloserLook) {
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

const calibrationOf = ({ labels }: ComparisonPlan, { calibration }: ComparisonPlan['arms'][number]) =>
  calibration && {
    meanLogProbs: Object.fromEntries(labels.map((label, c) => [label, present(calibration.meanLogProbs[c], 'mean')])),
    rows: calibration.rows,
  };

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

const recommended = (card: LabelReport['card']): Pick<Results, 'recommendation'> => {
  if (!card) return {};
  const { action, armId, title, why, change, chips } = card;
  return { recommendation: { action, armId, title, why, change, chips } };
};

type Arm = Results['arms'][number];

/** Each metric and its interval, under the names that its id gives. */
const scores = (arm: ArmReport) =>
  Object.fromEntries(
    metricsOf(LABEL_METRICS).flatMap(([id]) => {
      const { value, interval } = scoreOf(arm, id);
      return [
        [id, value],
        [`${id}Ci95`, pair(interval)],
      ];
    }),
  ) as Pick<Arm, 'accuracy' | 'accuracyCi95' | 'macroF1' | 'macroF1Ci95'>;

const differences = (of: PairReport) =>
  Object.fromEntries(
    metricsOf(LABEL_METRICS).flatMap(([id]) => {
      if (id === 'accuracy') return [];
      const found = differenceOf(of, id);
      return [
        [`${id}Difference`, found.difference],
        [`${id}Ci95`, pair(found.ci95)],
        [`${id}P`, found.p],
      ];
    }),
  ) as Pick<Results['comparisons'][number], 'macroF1Difference' | 'macroF1Ci95' | 'macroF1P'>;

/** As docs/results.schema.json says. It holds row ids, labels and figures, no text of any row. */
function labelResults(input: LabelReport): Results {
  const { plan, comparison, model, environment, dataset, training, createdAt } = input;
  return rounded({
    formatVersion: 1,
    createdAt,
    model,
    environment,
    dataset,
    ...(input.account && { rows: input.account }),
    labels: [...plan.labels],
    answerWords: input.answerWords,
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
        mayKnowTestRows: input.mayKnow.includes(arm.id),
        calibrated: arm.calibrated,
        calibration: calibrationOf(plan, outcome),
        ...scores(arm),
        ...accuracies(plan, outcome),
        tokensSentMean: arm.tokensSentMean,
        tokensComputedMean: arm.tokensComputedMean,
        latencyMsMedian: arm.latencyMsMedian,
        rows: armRows(plan, outcome, arm.predictions),
      };
    }),
    comparisons: comparison.pairs.map((of) => ({
      a: of.a,
      b: of.b,
      bothRight: of.bothRight,
      aOnly: of.aOnly,
      bOnly: of.bOnly,
      bothWrong: of.bothWrong,
      difference: of.difference,
      differenceCi95: pair(of.differenceCi95),
      pExact: of.pExact,
      pMidP: of.pMidP,
      ...differences(of),
      ...(of.tokens ? { tokens: { difference: of.tokens.difference, ci95: pair(of.tokens.ci95) } } : {}),
    })),
    verdict: comparison.verdict,
    ...recommended(input.card),
    looks: comparison.looks,
    ...(plan.groups ? { groups: plan.groups } : {}),
    ...(plan.folds ? { folds: plan.folds } : {}),
    ...(input.closer ? { closer: compact(input.closer) } : {}),
  });
}

/** It holds row ids and figures, no text of any row. */
function textResults(input: TextReport) {
  const { kind: _kind, rows: _rows, plan, comparison, card, mayKnow, account, history: _history, ...facts } = input;
  return rounded({
    formatVersion: 1,
    task: 'write',
    ...facts,
    ...(account && { rows: account }),
    looks: plan.looks,
    arms: comparison.arms.map(({ rows, ...arm }) => ({
      ...arm,
      mayKnowTestRows: mayKnow.includes(arm.id),
      rows: plan.rowIds.map((id, i) => ({
        id,
        rougeL: rows[i] ?? 0,
        ...plan.arms.find((each) => each.id === arm.id)?.scores[i],
      })),
    })),
    comparisons: comparison.duels,
    verdict: comparison.verdict,
    ...recommended(card),
  });
}

export type TextResults = ReturnType<typeof textResults>;

/** `results.json` of either kind of task. */
export function resultsJson(input: LabelReport): Results;
export function resultsJson(input: TextReport): TextResults;
export function resultsJson(input: ReportInput): object;
export function resultsJson(input: ReportInput): object {
  return input.kind === 'classify' ? labelResults(input) : textResults(input);
}
