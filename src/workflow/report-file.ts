/** A comparison as a file, made where statistics over its rows may run. */
import { comparing } from '../evaluation/classify/compare';
import { type CalibrationMode, planFor } from '../evaluation/classify/outcome';
import { type Control, inSteps } from '../lib/control';
import { type ClassifyEvaluation, deciding } from '../prompt-set/types';
import { closerLook } from '../report/closer-look';
import { resultsCsv } from '../report/csv';
import { type Reported, reportOf } from '../report/input';
import { resultsJson } from '../report/json';
import { htmlReport, markdownReport } from '../report/print';
import type { ReportInput } from '../report/types';
import type { Verb } from './host';

const WRITERS = {
  html: htmlReport,
  md: markdownReport,
  json: (of: ReportInput) => `${JSON.stringify(resultsJson(of), null, 2)}\n`,
} as const;

export interface ReportRequest extends Reported {
  /** The calibration that the page shows. */
  readonly mode: CalibrationMode;
  /** A CSV has every row. */
  readonly format: keyof typeof WRITERS | 'csv';
}

const quietly = () => undefined;

/** All rows, where they were checked and decide; else what is shown. */
async function shown(of: ClassifyEvaluation, mode: CalibrationMode, control: Control): Promise<ClassifyEvaluation> {
  if (mode === 'chosen') {
    const evaluation = deciding(of);
    return { ...evaluation, plan: planFor(evaluation.plan, mode) };
  }
  const plan = planFor(of.plan, mode);
  return { ...of, plan, comparison: await inSteps(comparing(plan), control, quietly) };
}

/** Null where the rows or the run are no longer here. */
export const reportFile: Verb<ReportRequest, never, string | null> = async (_, request, { control }) => {
  const { mode, format, ...of } = request;
  const labels = of.evaluation.kind === 'classify' ? await shown(of.evaluation, mode, control) : null;
  const evaluation = labels ?? of.evaluation;
  if (format === 'csv') return resultsCsv(evaluation, of.dataset);
  const found = reportOf({ ...of, evaluation });
  if (found?.kind !== 'classify' || !labels) return found && WRITERS[format](found);
  const closer = await inSteps(closerLook({ ...of, evaluation: labels }), control, quietly);
  return WRITERS[format]({ ...found, closer });
};
