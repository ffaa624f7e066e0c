/** A comparison as a file, made where statistics over its rows may run. */
import { inSteps } from '../lib/control';
import { deciding } from '../prompt-set/types';
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
  /** A CSV has every row. */
  readonly format: keyof typeof WRITERS | 'csv';
}

const quietly = () => undefined;

/** Null where the rows or the run are no longer here. */
export const reportFile: Verb<ReportRequest, never, string | null> = async (_, request, { control }) => {
  const { format, ...of } = request;
  const evaluation = of.evaluation.kind === 'classify' ? deciding(of.evaluation) : of.evaluation;
  if (format === 'csv') return resultsCsv(evaluation, of.dataset);
  const found = reportOf({ ...of, evaluation });
  if (found?.kind !== 'classify' || evaluation.kind !== 'classify') return found && WRITERS[format](found);
  const closer = await inSteps(closerLook({ ...of, evaluation }), control, quietly);
  return WRITERS[format]({ ...found, closer });
};
