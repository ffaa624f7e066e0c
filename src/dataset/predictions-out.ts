/** Answered rows as a file: the input's columns as they were, and what was said beside them. */
import { type CsvOptions, toCsv } from './csv-out';
import type { Row } from './types';

/** Logarithms are natural, and tell rare labels apart where a rounded probability is 0. */
export type LabelScore = 'probability' | 'log-probability';

export interface Answers {
  readonly labels: readonly string[];
  /** Of the rows from the first on: index into the labels, -1 = not answered. */
  readonly predictions: ArrayLike<number>;
  /** Probability of the predicted label. */
  readonly confidences: ArrayLike<number>;
  /** What is said of each label; `values` are probabilities, row-major `[rows, labels]`. Null = nothing. */
  readonly each: { readonly as: LabelScore; readonly values: ArrayLike<number> } | null;
  /** Why rows were not answered, by index. */
  readonly leftOut: ReadonlyMap<number, string>;
}

const PLACES = 6;
/** As many as a float32 probability has. */
const LOG_PLACES = 7;
const PREFIX: Readonly<Record<LabelScore, string>> = { probability: 'p', 'log-probability': 'log_p' };

/** A name that no column of the input has: `prediction`, else `prediction_2`, … */
function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let n = 2; taken.has(name); n++) name = `${wanted}_${n}`;
  taken.add(name);
  return name;
}

interface Added {
  readonly prediction: string;
  readonly confidence: string;
  readonly each: readonly string[];
  /** Null where every row was answered. */
  readonly reason: string | null;
}

function addedColumns(columns: readonly string[], { labels, each, leftOut }: Answers): Added {
  const taken = new Set(columns);
  return {
    prediction: freeName('prediction', taken),
    confidence: freeName('confidence', taken),
    each: each ? labels.map((label) => freeName(`${PREFIX[each.as]}_${label}`, taken)) : [],
    reason: leftOut.size > 0 ? freeName('not_answered', taken) : null,
  };
}

const rounded = (value: number, places = PLACES): number => Number(value.toFixed(places));

/** Null = smaller than a float32 can say. */
function scoreOf(probability: number, as: LabelScore): number | null {
  if (as === 'probability') return rounded(probability);
  return probability > 0 ? rounded(Math.log(probability), LOG_PLACES) : null;
}

/** What was said of the row at `index`, in the order of the added columns; null = not answered. */
function said(index: number, { labels, predictions, confidences, each, leftOut }: Answers) {
  const label = labels[predictions[index] ?? -1] ?? null;
  const row = each
    ? labels.map((_, c) => (label === null ? null : scoreOf(each.values[index * labels.length + c] ?? 0, each.as)))
    : [];
  return {
    label,
    confidence: label === null ? null : rounded(confidences[index] ?? 0),
    each: row,
    reason: leftOut.get(index) ?? '',
  };
}

export function predictionsCsv(
  columns: readonly string[],
  rows: readonly Row[],
  answers: Answers,
  options: CsvOptions,
): string {
  const added = addedColumns(columns, answers);
  const header = [
    ...columns,
    added.prediction,
    added.confidence,
    ...added.each,
    ...(added.reason === null ? [] : [added.reason]),
  ];
  function* cells() {
    for (const [i, row] of rows.entries()) {
      const { label, confidence, each, reason } = said(i, answers);
      yield [
        ...columns.map((column) => row.cells[column] ?? ''),
        label ?? '',
        confidence,
        ...each,
        ...(added.reason === null ? [] : [reason]),
      ];
    }
  }
  return toCsv(header, cells(), options);
}

/** One JSON object a line; cells are text, as they were in the file. */
export function predictionsJsonl(columns: readonly string[], rows: readonly Row[], answers: Answers): string {
  const added = addedColumns(columns, answers);
  return rows
    .map((row, i) => {
      const { label, confidence, each, reason } = said(i, answers);
      const line = [
        ...columns.map((column) => [column, row.cells[column] ?? ''] as const),
        [added.prediction, label] as const,
        [added.confidence, confidence] as const,
        ...added.each.map((name, c) => [name, each[c] ?? null] as const),
        ...(added.reason !== null && reason !== '' ? [[added.reason, reason] as const] : []),
      ];
      return `{${line.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}\n`;
    })
    .join('');
}
