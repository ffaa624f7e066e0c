/** Answered rows as a file: the input's columns as they were, and what was said beside them. */
import { type CsvOptions, toCsv } from './csv-out';
import type { Row } from './types';

export interface Answers {
  readonly labels: readonly string[];
  /** Of the rows from the first on: index into the labels, -1 = not answered. */
  readonly predictions: ArrayLike<number>;
  /** Probability of the predicted label. */
  readonly confidences: ArrayLike<number>;
  /** Row-major `[rows, labels]`; null = left out. */
  readonly probabilities: ArrayLike<number> | null;
  /** Why rows were not answered, by index. */
  readonly leftOut: ReadonlyMap<number, string>;
}

const PLACES = 6;

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
  readonly probabilities: readonly string[];
  /** Null where every row was answered. */
  readonly reason: string | null;
}

function addedColumns(columns: readonly string[], answers: Answers): Added {
  const taken = new Set(columns);
  return {
    prediction: freeName('prediction', taken),
    confidence: freeName('confidence', taken),
    probabilities: answers.probabilities ? answers.labels.map((label) => freeName(`p_${label}`, taken)) : [],
    reason: answers.leftOut.size > 0 ? freeName('not_answered', taken) : null,
  };
}

const rounded = (value: number): number => Number(value.toFixed(PLACES));

/** What was said of the row at `index`, in the order of the added columns; null = not answered. */
function said(index: number, { labels, predictions, confidences, probabilities, leftOut }: Answers) {
  const label = labels[predictions[index] ?? -1] ?? null;
  const row = probabilities
    ? labels.map((_, c) => (label === null ? null : rounded(probabilities[index * labels.length + c] ?? 0)))
    : [];
  return {
    label,
    confidence: label === null ? null : rounded(confidences[index] ?? 0),
    probabilities: row,
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
    ...added.probabilities,
    ...(added.reason === null ? [] : [added.reason]),
  ];
  function* cells() {
    for (const [i, row] of rows.entries()) {
      const { label, confidence, probabilities, reason } = said(i, answers);
      yield [
        ...columns.map((column) => row.cells[column] ?? ''),
        label ?? '',
        confidence,
        ...probabilities,
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
      const { label, confidence, probabilities, reason } = said(i, answers);
      const line = [
        ...columns.map((column) => [column, row.cells[column] ?? ''] as const),
        [added.prediction, label] as const,
        [added.confidence, confidence] as const,
        ...added.probabilities.map((name, c) => [name, probabilities[c] ?? null] as const),
        ...(added.reason !== null && reason !== '' ? [[added.reason, reason] as const] : []),
      ];
      return `{${line.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}\n`;
    })
    .join('');
}
