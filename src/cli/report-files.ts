/** The files of a comparison, and what the command line prints of it. */
import type { Dataset } from '../dataset/types';
import { insightsOf } from '../evaluation/classify/insights';
import { present } from '../lib/assert';
import { drained } from '../lib/control';
import { LABEL_METRICS, type MetricFormat, metricsOf, TEXT_METRICS } from '../metrics/registry';
import type { ClassifyEvaluation, Evaluation, GenerateEvaluation, PromptSet } from '../prompt-set/types';
import { generatedCsv } from '../report/csv';
import { labelReport, textReport } from '../report/input';
import { resultsJson, textResultsJson } from '../report/json';
import { htmlReport } from '../report/print';
import { type Results, resultsSchema } from '../report/results-schema';
import type { LabelReport } from '../report/types';
import type { Checkpoint } from '../training/events';
import { numberInFile } from '../workflow/open-data';

export interface ReportFiles {
  /** Text by file name. */
  readonly files: ReadonlyMap<string, string>;
  /** What is printed. */
  readonly lines: readonly string[];
}

/** @param checkpoint the end of the tuned prompt's run */
export const reportFiles = (
  set: PromptSet,
  dataset: Dataset,
  evaluation: Evaluation,
  checkpoint: Checkpoint,
): ReportFiles =>
  evaluation.kind === 'classify'
    ? labelFiles(set, dataset, evaluation, checkpoint)
    : textFiles(set, dataset, evaluation, checkpoint);

const asJson = (value: object) => `${JSON.stringify(value, null, 1)}\n`;

function labelFiles(
  set: PromptSet,
  dataset: Dataset,
  evaluation: ClassifyEvaluation,
  checkpoint: Checkpoint,
): ReportFiles {
  const { plan, comparison } = evaluation;
  const report = present(labelReport(set, dataset, evaluation, comparison, null, checkpoint), 'report');
  const closer = { insights: drained(insightsOf(plan, comparison, dataset)) };
  return {
    files: new Map([
      ['results.json', asJson(resultsOf({ ...report, closer }))],
      ['report.html', htmlReport({ ...report, closer })],
    ]),
    lines: [
      ...comparison.arms.map((arm) =>
        armLine(LABEL_METRICS, arm, `${arm.name}${arm.calibrated ? ' (calibrated)' : ''}`),
      ),
      comparison.verdict.headline,
      ...(report.card ? [`${report.card.title}. ${report.card.why}`] : []),
    ],
  };
}

/** The report's figures; a row has the number that it has in its own file. */
function resultsOf(report: LabelReport): Results {
  const results = resultsJson(report);
  const arms = results.arms.map((arm) => ({
    ...arm,
    rows: arm.rows.map((row) => ({ ...row, id: numberInFile(row.id) })),
  }));
  return resultsSchema.parse({ ...results, arms });
}

function textFiles(
  set: PromptSet,
  dataset: Dataset,
  evaluation: GenerateEvaluation,
  checkpoint: Checkpoint,
): ReportFiles {
  const { arms, duels } = evaluation.comparison;
  const report = present(textReport(set, dataset, evaluation, null, checkpoint), 'report');
  return {
    files: new Map([
      ['results.json', asJson(textResultsJson(report))],
      ['report.html', htmlReport(report)],
      ['written.csv', generatedCsv(evaluation, dataset)],
    ]),
    lines: [...arms.map((arm) => armLine(TEXT_METRICS, arm, arm.name)), ...duels.map(({ sentence }) => sentence)],
  };
}

/** "Accuracy  81.7%  Macro-F1  0.812  Tuned". */
const armLine = <Id extends string>(
  metrics: Readonly<Record<Id, { readonly name: string; readonly format: MetricFormat }>>,
  arm: Readonly<Partial<Record<Id, number>>>,
  name: string,
): string =>
  [
    ...metricsOf(metrics).map(([id, metric]) => {
      const value = arm[id];
      return `${metric.name} ${(value === undefined ? '–' : metric.format.value(value)).padStart(6)}`;
    }),
    name,
  ].join('  ');
