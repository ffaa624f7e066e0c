import { ofTask } from '../dataset/types';
import { calibratedRows } from '../evaluation/classify/outcome';
import type { ComparisonPlan } from '../evaluation/types';
import { present } from '../lib/assert';
import { rounded } from '../lib/format';
import { accuracy, argmax } from '../metrics/classification';
import type { LabelResults, Results, TagResults, TextResults } from './results-schema';
import type { CloserLook, LabelReport, ReportInput, TagReport, TextReport } from './types';

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

const recommended = (card: ReportInput['card']): Pick<Results, 'recommendation'> => {
  if (!card) return {};
  const { action, armId, title, why, change, chips } = card;
  return { recommendation: { action, armId, title, why, change, chips } };
};

/** Of either kind of task. */
const shared = (input: ReportInput) => ({
  formatVersion: 1 as const,
  createdAt: input.createdAt,
  model: input.model,
  environment: input.environment,
  dataset: input.dataset,
  rows: input.account,
  training: input.training,
  verdict: input.comparison.verdict,
  ...recommended(input.card),
  looks: input.plan.looks,
  ...(input.plan.groups && { groups: input.plan.groups }),
});

const outcomeOf = <A extends { readonly id: string }>(arms: readonly A[], id: string): A =>
  present(
    arms.find((arm) => arm.id === id),
    `arm ${id}`,
  );

/** As docs/results.schema.json says. It holds row ids, labels and figures, no text of any row. */
function labelResults(input: LabelReport): LabelResults {
  const { plan, comparison } = input;
  return rounded({
    task: 'classify',
    ...shared(input),
    labels: [...plan.labels],
    answerWords: input.answerWords,
    arms: comparison.arms.map(
      ({
        n: _n,
        correct: _right,
        classes: _classes,
        confusion: _confusion,
        confidences: _sure,
        predictions,
        ...arm
      }) => {
        const outcome = outcomeOf(plan.arms, arm.id);
        return {
          ...arm,
          mayKnowTestRows: input.mayKnow.includes(arm.id),
          calibration: calibrationOf(plan, outcome),
          ...accuracies(plan, outcome),
          rows: armRows(plan, outcome, predictions),
        };
      },
    ),
    comparisons: comparison.pairs.map(({ fixed: _fixed, broken: _broken, ...pair }) => pair),
    ...(plan.folds ? { folds: plan.folds } : {}),
    ...(input.closer ? { closer: compact(input.closer) } : {}),
  });
}

/** It holds row ids, labels and figures, no text of any row. */
function tagResults(input: TagReport): TagResults {
  const { plan, comparison, mayKnow } = input;
  const named = (tags: readonly number[]) => tags.map((tag) => present(plan.labels[tag], 'label'));
  const byLabel = (values: readonly number[]) =>
    Object.fromEntries(plan.labels.map((label, k) => [label, present(values[k], label)]));
  return rounded({
    task: 'tag',
    ...shared(input),
    labels: [...plan.labels],
    answerWords: input.answerWords,
    arms: comparison.arms.map(({ given, labels, ...arm }) => {
      const { odds, cuts } = outcomeOf(plan.arms, arm.id);
      return {
        ...arm,
        mayKnowTestRows: mayKnow.includes(arm.id),
        labels: [...labels],
        cuts: byLabel(cuts),
        rows: plan.rowIds.map((id, i) => ({
          id,
          gold: named(plan.gold[i] ?? []),
          given: named(given[i] ?? []),
          odds: byLabel(odds[i] ?? []),
        })),
      };
    }),
    comparisons: [...comparison.pairs],
  });
}

/** It holds row ids and figures, no text of any row. */
function textResults(input: TextReport): TextResults {
  const { plan, comparison, mayKnow } = input;
  return rounded({
    task: 'generate',
    ...shared(input),
    arms: comparison.arms.map(({ rows, ...arm }) => ({
      ...arm,
      mayKnowTestRows: mayKnow.includes(arm.id),
      rows: plan.rowIds.map((id, i) => ({
        id,
        rougeL: rows[i] ?? 0,
        ...present(outcomeOf(plan.arms, arm.id).scores[i], 'score'),
      })),
    })),
    comparisons: [...comparison.pairs],
    votes: input.votes,
  });
}

/** `results.json`. */
export function resultsJson(input: LabelReport): LabelResults;
export function resultsJson(input: ReportInput): Results;
export function resultsJson(input: ReportInput): Results {
  return ofTask<ReportInput, [], Results>({ classify: labelResults, tag: tagResults, generate: textResults }, input);
}
