/** Rows of a comparison of generated texts, and every prompt's answers as CSV. */
import { toCsv } from '../dataset/csv-out';
import { rowsById, textById, textOf } from '../dataset/labels';
import { joinTags } from '../dataset/tags';
import { type Dataset, ofTask } from '../dataset/types';
import type { PairResult } from '../evaluation/types';
import type { ClassifyEvaluation, Evaluation, GenerateEvaluation, TagEvaluation } from '../prompt-set/types';

export interface WrittenRow {
  readonly id: string;
  /** Its place in the plan. */
  readonly at: number;
  readonly text: string;
  readonly wanted: string;
  readonly a: string;
  readonly b: string;
  /** ROUGE-L of B minus that of A, -1 to 1. */
  readonly gain: number;
}

/** The rows of one pair, what changed most first. */
export function writtenRows(
  { plan, comparison }: Pick<GenerateEvaluation, 'plan' | 'comparison'>,
  dataset: Dataset | null,
  pair: Pick<PairResult<'generate'>, 'a' | 'b'>,
): readonly WrittenRow[] {
  const text = textById(dataset);
  const written = (id: string) => plan.arms.find((arm) => arm.id === id)?.written ?? [];
  const scores = (id: string) => comparison.arms.find((arm) => arm.id === id)?.rows ?? [];
  const [textsA, textsB, scoresA, scoresB] = [written(pair.a), written(pair.b), scores(pair.a), scores(pair.b)];
  return plan.rowIds
    .map((id, at) => ({
      id,
      at,
      text: text(id),
      wanted: plan.wanted[at] ?? '',
      a: textsA[at] ?? '',
      b: textsB[at] ?? '',
      gain: (scoresB[at] ?? 0) - (scoresA[at] ?? 0),
    }))
    .sort((x, y) => Math.abs(y.gain) - Math.abs(x.gain) || x.at - y.at);
}

/** Rows that a report may print. */
const MOST_ROWS = 40;

/** Those on which the two prompts differ most. */
export const changedRows = (...of: Parameters<typeof writtenRows>): readonly WrittenRow[] =>
  writtenRows(...of)
    .filter(({ gain }) => gain !== 0)
    .slice(0, MOST_ROWS);

type Cells = readonly (string | number | null)[];

/** Null and missing figures are empty cells. */
const figure = (value: number | null | undefined, digits: number): number | null =>
  value == null ? null : Number(value.toFixed(digits));

function rowsCsv(
  rowIds: readonly string[],
  texts: Dataset | null,
  columns: readonly string[],
  cellsOf: (at: number) => Cells,
): string {
  const rows = rowsById(texts?.table.rows ?? []);
  const text = (id: string) => {
    const row = rows.get(id);
    return row && texts ? textOf(row, texts.mapping) : '';
  };
  const numbered = rowIds.map((id, at) => ({ id, at, line: rows.get(id)?.line ?? Number.POSITIVE_INFINITY }));
  return toCsv(
    ['row_id', ...(texts ? ['text'] : []), ...columns],
    numbered
      .toSorted((a, b) => (a.line < b.line ? -1 : a.line > b.line ? 1 : 0))
      .map(({ id, at }) => [texts ? id : String(at + 1), ...(texts ? [text(id)] : []), ...cellsOf(at)]),
    { neutralise: true },
  );
}

/** Per prompt its answer, that answer's probability, whether it is right, mean tokens and median milliseconds a row. */
function labelsCsv(evaluation: ClassifyEvaluation, texts: Dataset | null): string {
  const { plan, comparison, writtenVersion, trainedVersion, datasetFingerprint } = evaluation;
  const { rowIds, gold, labels } = plan;
  const answer = ['prediction', 'confidence', 'correct', 'tokens_in', 'latency_ms'];
  const columns = [
    'gold',
    ...comparison.arms.flatMap(({ id }) => answer.map((what) => `${id}_${what}`)),
    'prompt_version',
    'data_sha256',
  ];
  return rowsCsv(rowIds, texts, columns, (i) => [
    labels[gold[i] ?? -1] ?? '',
    ...comparison.arms.flatMap((arm) => [
      labels[arm.predictions[i] ?? -1] ?? '',
      figure(arm.confidences[i] ?? 0, 6),
      arm.predictions[i] === gold[i] ? 1 : 0,
      figure(arm.tokensSentMean, 1),
      figure(arm.latencyMsMedian, 1),
    ]),
    [writtenVersion, trainedVersion].filter((version) => version).join(' + '),
    datasetFingerprint,
  ]);
}

/** Per prompt the labels that it gives, and whether they are exactly the row's. */
function tagsCsv({ plan, comparison }: TagEvaluation, texts: Dataset | null): string {
  const named = (tags: readonly number[] = []) => joinTags(tags.map((tag) => plan.labels[tag] ?? ''));
  const columns = ['gold', ...comparison.arms.flatMap(({ id }) => [`${id}_labels`, `${id}_all_right`])];
  return rowsCsv(plan.rowIds, texts, columns, (i) => [
    named(plan.gold[i]),
    ...comparison.arms.flatMap(({ given }) => [named(given[i]), Number(named(given[i]) === named(plan.gold[i]))]),
  ]);
}

/** Per prompt ROUGE-L and the expected text's log-probability; with texts also the expected one and the generated ones. */
function textsCsv({ plan, comparison }: GenerateEvaluation, texts: Dataset | null): string {
  const columns = [
    ...(texts ? ['wanted'] : []),
    ...plan.arms.flatMap(({ id }) => [...(texts ? [`${id}_written`] : []), `${id}_rouge_l`, `${id}_log_prob`]),
  ];
  return rowsCsv(plan.rowIds, texts, columns, (i) => [
    ...(texts ? [plan.wanted[i] ?? ''] : []),
    ...plan.arms.flatMap(({ written, scores }, a) => [
      ...(texts ? [written[i] ?? ''] : []),
      figure(comparison.arms[a]?.rows[i] ?? 0, 6),
      figure(scores[i]?.logProb ?? 0, 4),
    ]),
  ]);
}

/** Every prompt's answer to every row. */
export const resultsCsv = (evaluation: Evaluation, texts: Dataset | null): string =>
  ofTask({ classify: labelsCsv, tag: tagsCsv, generate: textsCsv }, evaluation, texts);
