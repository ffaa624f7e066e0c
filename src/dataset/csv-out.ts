/** CSV that goes out; and answered rows as such a file, the input's columns unchanged and the answers beside them. */
import { joinTags, NO_LABEL } from './tags';
import type { Row } from './types';

export interface CsvOptions {
  /** A byte order mark, so that Excel reads UTF-8. */
  readonly bom?: boolean;
  /**
   * Puts an apostrophe before cells that a spreadsheet would run as a formula (first character = + - @ tab CR LF, or one of
   * the full-width signs). Source: OWASP, "CSV Injection". Plain numbers such as -0.5 stay as they are.
   */
  readonly neutralise?: boolean;
}

const isPlainNumber = (cell: string) => /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(cell);

export const harmless = (cell: string) =>
  /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(cell) && !isPlainNumber(cell) ? `'${cell}` : cell;

function quoted(cell: string): string {
  const needed = /[,"\r\n]/.test(cell) || /^\s|\s$/.test(cell);
  return needed ? `"${cell.replaceAll('"', '""')}"` : cell;
}

type Cell = string | number | boolean | null;

/** Rows of cells -> RFC 4180 text: CRLF after every row, quotes doubled. */
export function toCsv(header: readonly string[], rows: Iterable<readonly Cell[]>, options: CsvOptions = {}): string {
  const { bom = false, neutralise = false } = options;
  const line = (cells: readonly Cell[]) => {
    const texts = cells.map((cell) => (cell === null ? '' : String(cell)));
    const safe = neutralise ? texts.map(harmless) : texts;
    const out = safe.map(quoted).join(',');
    // A row of one empty cell would read back as an empty line.
    return `${out === '' ? '""' : out}\r\n`;
  };
  const parts = [bom ? '\ufeff' : '', line(header)];
  for (const row of rows) parts.push(line(row));
  return parts.join('');
}

/** Natural logarithms tell rare labels apart where a rounded probability is 0. */
export type LabelScore = 'probability' | 'log-probability';

export interface LabelAnswers {
  readonly labels: readonly string[];
  /** Of the rows from the first on: index into the labels, -1 = not answered. */
  readonly predictions: ArrayLike<number>;
  readonly confidences: ArrayLike<number>;
  /** Answers with a lower probability need a person; null = all are taken, and the file does not say. */
  readonly threshold: number | null;
  /** `values` are probabilities, row-major `[rows, labels]`. */
  readonly each: { readonly as: LabelScore; readonly values: ArrayLike<number> } | null;
}

export interface TextAnswers {
  /** Of the rows from the first on; null = not answered. */
  readonly written: readonly (string | null)[];
}

export interface TagAnswers {
  /** Without the one that stands for none. */
  readonly tags: readonly string[];
  /** Probabilities, row-major `[rows, tags]`; -1 = not answered. */
  readonly values: ArrayLike<number>;
  /** Whether each label has a column, and of what. */
  readonly each: LabelScore | null;
}

type Given = LabelAnswers | TagAnswers | TextAnswers;

export type Answers = Given & {
  readonly leftOut: ReadonlyMap<number, string>;
};

export interface AnswersFile extends Required<Pick<CsvOptions, 'bom' | 'neutralise'>> {
  readonly format: 'csv' | 'jsonl';
  readonly answers: Given;
  readonly done: number;
  readonly onlyReview: boolean;
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
  readonly name: string;
  readonly at: (index: number) => string | number | boolean | null;
}

const rounded = (value: number, places = PLACES): number => Number(value.toFixed(places));

/** Null = smaller than a float32 can say. */
function scoreOf(probability: number, as: LabelScore): number | null {
  if (as === 'probability') return rounded(probability);
  return probability > 0 ? rounded(Math.log(probability), LOG_PLACES) : null;
}

/** Below the threshold, or not answered. */
const needsReview = (answers: Given, index: number): boolean =>
  'written' in answers
    ? answers.written[index] == null
    : 'tags' in answers
      ? tagsAt(answers, index) === null
      : (answers.predictions[index] ?? -1) < 0 || isUnsure(answers.confidences[index] ?? 0, answers.threshold);

/** Compares as float32, as answers are kept. */
export const isUnsure = (confidence: number, threshold: number | null): boolean =>
  threshold !== null && Math.fround(confidence) < Math.fround(threshold);

/** Probabilities of a row; null = it was not answered. */
function tagsAt({ tags, values }: TagAnswers, index: number): readonly number[] | null {
  const own = tags.map((_, k) => values[index * tags.length + k] ?? -1);
  return own.some((p) => p < 0) ? null : own;
}

function tagColumns(taken: Set<string>, answers: TagAnswers): readonly Added[] {
  const { tags, each } = answers;
  const given = (own: readonly number[]) => joinTags(tags.filter((_, k) => (own[k] ?? 0) >= 0.5)) || NO_LABEL;
  const at = (index: number, of: (own: readonly number[]) => ReturnType<Added['at']>) => {
    const own = tagsAt(answers, index);
    return own && of(own);
  };
  return [
    { name: freeName('labels', taken), at: (index) => at(index, given) },
    ...(each
      ? tags.map((tag, k) => ({
          name: freeName(`${PREFIX[each]}_${tag}`, taken),
          at: (index: number) => at(index, (own) => scoreOf(own[k] ?? 0, each)),
        }))
      : []),
  ];
}

function addedColumns(taken: Set<string>, answers: Answers): readonly Added[] {
  if ('written' in answers)
    return [{ name: freeName('written', taken), at: (index) => answers.written[index] ?? null }];
  if ('tags' in answers) return tagColumns(taken, answers);
  const { labels, predictions, confidences, threshold, each } = answers;
  const ifAnswered = (at: (index: number) => ReturnType<Added['at']>) => (index: number) =>
    labels[predictions[index] ?? -1] === undefined ? null : at(index);
  return [
    { name: freeName('prediction', taken), at: (index) => labels[predictions[index] ?? -1] ?? null },
    { name: freeName('confidence', taken), at: ifAnswered((index) => rounded(confidences[index] ?? 0)) },
    ...(threshold === null
      ? []
      : [{ name: freeName('needs_review', taken), at: (index: number) => needsReview(answers, index) }]),
    ...(each
      ? labels.map((label, c) => ({
          name: freeName(`${PREFIX[each.as]}_${label}`, taken),
          at: ifAnswered((index) => scoreOf(each.values[index * labels.length + c] ?? 0, each.as)),
        }))
      : []),
  ];
}

type Kept = (index: number) => boolean;

/** Lines of the input's cells and the answers; where some rows were not answered, why comes last. */
function answered(columns: readonly string[], rows: readonly Row[], answers: Answers, isKept: Kept) {
  const taken = new Set(columns);
  const added = addedColumns(taken, answers);
  const reason = answers.leftOut.size > 0 ? freeName('not_answered', taken) : null;
  function* lines() {
    for (const [i, row] of rows.entries())
      if (isKept(i))
        yield [
          ...columns.map((column) => row.cells[column] ?? ''),
          ...added.map(({ at }) => at(i)),
          ...(reason === null ? [] : [answers.leftOut.get(i) ?? null]),
        ];
  }
  const header = [...columns, ...added.map(({ name }) => name), ...(reason === null ? [] : [reason])];
  return { header, reason, lines: lines() };
}

/** One JSON object a line; cells are text, as they were in the file. */
function jsonLines({ header, reason, lines }: ReturnType<typeof answered>): string {
  const fieldsOf = (cells: readonly Cell[]) =>
    header.flatMap((name, c) =>
      name === reason && cells[c] === null ? [] : `${JSON.stringify(name)}:${JSON.stringify(cells[c])}`,
    );
  return Array.from(lines, (cells) => `{${fieldsOf(cells).join(',')}}\n`).join('');
}

export function answersFile(
  columns: readonly string[],
  rows: Pick<readonly Row[], 'slice'>,
  leftOut: ReadonlyMap<number, string>,
  { format, bom, neutralise, answers, done, onlyReview }: AnswersFile,
): string {
  const gone = rows.slice(0, done);
  // rows that were asked for and not answered yet may be known to be left out already
  const given = { ...answers, leftOut: new Map([...leftOut].filter(([index]) => index < done)) };
  const found = answered(columns, gone, given, (index) => !onlyReview || needsReview(given, index));
  return format === 'csv' ? toCsv(found.header, found.lines, { bom, neutralise }) : jsonLines(found);
}
