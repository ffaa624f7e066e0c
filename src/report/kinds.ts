import type { Dataset, TaskKind } from '../dataset/types';
import type { Evaluation } from '../prompt-set/types';
import { LABEL_REPORT } from './classify';
import { TEXT_REPORT } from './generate';
import type { Results } from './results-schema';
import { TAG_REPORT } from './tag';
import type { ReportInput, ReportKind } from './types';

const REPORTS: { readonly [K in TaskKind]: ReportKind<K> } = {
  classify: LABEL_REPORT,
  tag: TAG_REPORT,
  generate: TEXT_REPORT,
};

export const reportKind = (kind: TaskKind) => REPORTS[kind] as ReportKind<TaskKind>;

/** `results.json`. */
export const resultsJson = <R extends ReportInput>(input: R): Extract<Results, { readonly task: R['kind'] }> =>
  reportKind(input.kind).results(input) as Extract<Results, { readonly task: R['kind'] }>;

export const resultsCsv = (evaluation: Evaluation, texts: Dataset | null): string =>
  reportKind(evaluation.kind).csv(evaluation, texts);
