/** Answered rows as a file: the input's columns unchanged, and the answers beside them. */
import { type CsvOptions, toCsv } from './csv-out';
import type { Row } from './types';

/** Logarithms are natural, and tell rare labels apart where a rounded probability is 0. */
export type LabelScore = 'probability' | 'log-probability';

/** One of a few labels for each row. */
export interface LabelAnswers {
  readonly labels: readonly string[];
  /** Of the rows from the first on: index into the labels, -1 = not answered. */
  readonly predictions: ArrayLike<number>;
  /** Probability of the predicted label. */
  readonly confidences: ArrayLike<number>;
  /** What is said of each label; `values` are probabilities, row-major `[rows, labels]`. Null = nothing. */
  readonly each: { readonly as: LabelScore; readonly values: ArrayLike<number> } | null;
}

/** A text for each row. */
export interface TextAnswers {
  /** Of the rows from the first on; null = not answered. */
  readonly written: readonly (string | null)[];
}

export type Answers = (LabelAnswers | TextAnswers) & {
  /** Why rows were not answered, by index. */
  readonly leftOut: ReadonlyMap<number, string>;
};

/** A file to be made of rows that were gone through. */
export interface AnswersFile extends Required<Pick<CsvOptions, 'bom' | 'neutralise'>> {
  readonly format: 'csv' | 'jsonl';
  readonly answers: LabelAnswers | TextAnswers;
  /** Rows gone through, from the first on. */
  readonly done: number;
}

const PLACES = 6;
/** The digits of a float32 probability. */
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
  /** Columns beside the input's. */
  readonly names: readonly string[];
  /** The answer to the row at `index`, in their order. */
  readonly valuesAt: (index: number) => readonly (string | number | null)[];
  /** Column for the reason; null where every row was answered. */
  readonly reason: string | null;
}

const rounded = (value: number, places = PLACES): number => Number(value.toFixed(places));

/** Null = smaller than a float32 can say. */
function scoreOf(probability: number, as: LabelScore): number | null {
  if (as === 'probability') return rounded(probability);
  return probability > 0 ? rounded(Math.log(probability), LOG_PLACES) : null;
}

function addedColumns(columns: readonly string[], answers: Answers): Added {
  const taken = new Set(columns);
  const reason = () => (answers.leftOut.size > 0 ? freeName('not_answered', taken) : null);
  if ('written' in answers) {
    const { written } = answers;
    return { names: [freeName('written', taken)], valuesAt: (index) => [written[index] ?? null], reason: reason() };
  }
  const { labels, predictions, confidences, each } = answers;
  const names = [
    freeName('prediction', taken),
    freeName('confidence', taken),
    ...(each ? labels.map((label) => freeName(`${PREFIX[each.as]}_${label}`, taken)) : []),
  ];
  return {
    names,
    valuesAt: (index) => {
      const label = labels[predictions[index] ?? -1];
      if (label === undefined) return names.map(() => null);
      const all = each ? labels.map((_, c) => scoreOf(each.values[index * labels.length + c] ?? 0, each.as)) : [];
      return [label, rounded(confidences[index] ?? 0), ...all];
    },
    reason: reason(),
  };
}

export function predictionsCsv(
  columns: readonly string[],
  rows: readonly Row[],
  answers: Answers,
  options: CsvOptions,
): string {
  const { names, valuesAt, reason } = addedColumns(columns, answers);
  const header = [...columns, ...names, ...(reason === null ? [] : [reason])];
  function* cells() {
    for (const [i, row] of rows.entries())
      yield [
        ...columns.map((column) => row.cells[column] ?? ''),
        ...valuesAt(i),
        ...(reason === null ? [] : [answers.leftOut.get(i) ?? '']),
      ];
  }
  return toCsv(header, cells(), options);
}

/** One JSON object a line; cells are text, as they were in the file. */
export function predictionsJsonl(columns: readonly string[], rows: readonly Row[], answers: Answers): string {
  const { names, valuesAt, reason } = addedColumns(columns, answers);
  return rows
    .map((row, i) => {
      const values = valuesAt(i);
      const why = answers.leftOut.get(i);
      const line = [
        ...columns.map((column) => [column, row.cells[column] ?? ''] as const),
        ...names.map((name, n) => [name, values[n] ?? null] as const),
        ...(reason !== null && why !== undefined ? [[reason, why] as const] : []),
      ];
      return `{${line.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}\n`;
    })
    .join('');
}

/** @param rows of the input, all of them. @param leftOut why rows were not answered, by index */
export function answersFile(
  columns: readonly string[],
  rows: Pick<readonly Row[], 'slice'>,
  leftOut: ReadonlyMap<number, string>,
  { format, bom, neutralise, answers, done }: AnswersFile,
): string {
  const gone = rows.slice(0, done);
  // rows that were asked for and not answered yet may be known to be left out already
  const all = { ...answers, leftOut: new Map([...leftOut].filter(([index]) => index < done)) };
  return format === 'csv'
    ? predictionsCsv(columns, gone, all, { bom, neutralise })
    : predictionsJsonl(columns, gone, all);
}
