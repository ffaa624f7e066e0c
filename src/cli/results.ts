import { resultsJson } from '../report/json';
import { type Results, resultsSchema } from '../report/results-schema';
import type { ReportInput } from '../report/types';
import { ownId } from './data';

/** The report's figures, row ids as the files have them. */
export function resultsOf(input: ReportInput): Results {
  const results = resultsJson(input);
  return resultsSchema.parse({
    ...results,
    arms: results.arms.map((arm) => ({ ...arm, rows: arm.rows.map((row) => ({ ...row, id: ownId(row.id) })) })),
  });
}
