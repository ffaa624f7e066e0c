/** The files of a comparison that the command line writes: results.json, the report, and what was generated. */

import { toCsv } from '../dataset/csv-out';
import type { ByTask } from '../dataset/kind';
import { rowsById, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import { insightsOf } from '../evaluation/classify/insights';
import { drained } from '../lib/steps';
import { LABEL_METRICS, type MetricFormat, metricsOf, TEXT_METRICS } from '../metrics/registry';
import { armsAsCompared } from '../project/arms';
import type { PromptSet } from '../project/types';
import { htmlReport } from '../report/html';
import { resultsJson, textResultsJson } from '../report/json';
import { type Results, resultsSchema } from '../report/results-schema';
import type { LabelReport, ReportFacts, TextReport } from '../report/types';
import { accuracyOf } from '../training/checkpoint';
import type { Compared } from '../workflow/compare';
import type { Host } from '../workflow/host';
import { ownId } from './data';
import type { TunedPrompt } from './export-prompt';

export interface MadeFiles {
  readonly files: ReadonlyMap<string, string>;
  /** What is printed. */
  readonly lines: readonly string[];
}

interface Of<E extends Compared = Compared> {
  readonly host: Pick<Host, 'engine' | 'now'>;
  readonly dataset: Dataset;
  readonly set: PromptSet;
  readonly tuned: TunedPrompt;
  readonly evaluation: E;
}

type OfKind<K extends Compared['kind']> = Of<Extract<Compared, { readonly kind: K }>>;

const MAKE: { readonly [K in keyof ByTask<0>]: (of: OfKind<K>) => MadeFiles } = {
  classify: labelFiles,
  generate: textFiles,
};

export const reportFiles = ({ evaluation, ...of }: Of): MadeFiles =>
  evaluation.kind === 'classify' ? MAKE.classify({ ...of, evaluation }) : MAKE.generate({ ...of, evaluation });

const asJson = (value: object) => `${JSON.stringify(value, null, 1)}\n`;

/** What every report says of the rows, the model, where it ran, and the prompts. */
function factsOf({ host, dataset: { table, split, fingerprint, splitHash }, set, evaluation }: Of): ReportFacts {
  const { info } = host.engine;
  const { fileName } = table.format;
  const armIds = evaluation.plan.arms.map(({ id }) => id);
  return {
    title: fileName,
    createdAt: host.now(),
    model: { id: info.id, dtype: info.dtype, sha256: info.sha256 },
    environment: { backend: info.backend, threads: info.threads },
    dataset: {
      name: fileName,
      rows: table.rows.length,
      train: split.train.length,
      validation: split.validation.length,
      test: split.test.length,
      fingerprint,
      splitHash,
    },
    prompts: armsAsCompared(set, evaluation, armIds).arms.map(({ id, prompt }) => ({
      armId: id,
      template: prompt.template,
      shots: prompt.shots,
    })),
  };
}

/** The report's figures, row ids as the files have them. */
function resultsOf(input: LabelReport): Results {
  const results = resultsJson(input);
  return resultsSchema.parse({
    ...results,
    arms: results.arms.map((arm) => ({ ...arm, rows: arm.rows.map((row) => ({ ...row, id: ownId(row.id) })) })),
  });
}

function labelFiles(of: OfKind<'classify'>): MadeFiles {
  const { plan, comparison } = of.evaluation;
  const { settings, done } = of.tuned;
  const accuracyAt = new Map(done.checkpoint.validations.map((point) => [point.step, accuracyOf(point)]));
  const input: LabelReport = {
    kind: 'classify',
    ...factsOf(of),
    plan,
    comparison,
    closer: { insights: drained(insightsOf(plan, comparison, of.dataset)) },
    training: {
      placement: settings.placement,
      tokens: settings.virtualTokens,
      seed: settings.seed,
      steps: done.checkpoint.step,
      bestStep: done.bestStep,
      stepsPerSecond: done.stepsPerSecond,
      cacheSeconds: done.cacheSeconds,
      trainSeconds: done.trainSeconds,
      history: done.checkpoint.steps.map(({ step, loss }) => ({
        step,
        loss,
        validationAccuracy: accuracyAt.get(step) ?? null,
      })),
    },
  };
  return {
    files: new Map([
      ['results.json', asJson(resultsOf(input))],
      ['report.html', htmlReport(input)],
    ]),
    lines: [
      ...comparison.arms.map((arm) =>
        armLine(LABEL_METRICS, arm, `${arm.name}${arm.calibrated ? ' (calibrated)' : ''}`),
      ),
      comparison.verdict.headline,
    ],
  };
}

function textFiles(of: OfKind<'generate'>): MadeFiles {
  const { plan, comparison } = of.evaluation;
  const { settings, done } = of.tuned;
  const input: TextReport = {
    kind: 'generate',
    ...factsOf(of),
    plan,
    comparison,
    training: {
      placement: settings.placement,
      tokens: settings.virtualTokens,
      seed: settings.seed,
      steps: done.checkpoint.step,
      bestStep: done.bestStep,
      seconds: done.trainSeconds,
    },
    votes: null,
  };
  return {
    files: new Map([
      ['results.json', asJson(textResultsJson(input))],
      ['report.html', htmlReport(input)],
      ['written.csv', generatedCsv(of)],
    ]),
    lines: [
      ...comparison.arms.map((arm) => armLine(TEXT_METRICS, arm, arm.name)),
      ...comparison.duels.map(({ sentence }) => sentence),
    ],
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

/** Every test row with its expected text and what each prompt generated. */
function generatedCsv({ dataset, evaluation: { plan } }: OfKind<'generate'>): string {
  const byId = rowsById(dataset.table.rows);
  return toCsv(
    ['text', 'wanted', ...plan.arms.map(({ id }) => id)],
    plan.rowIds.map((id, i) => {
      const row = byId.get(id);
      return [
        row ? textOf(row, dataset.mapping) : '',
        plan.wanted[i] ?? '',
        ...plan.arms.map(({ written }) => written[i] ?? ''),
      ];
    }),
    { neutralise: true },
  );
}
