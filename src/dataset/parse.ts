import { drained } from '../lib/control';
import { count } from '../lib/format';
import { type Failure, fail, ok, type Result } from '../lib/result';
import { uniqueHeaders } from './columns';
import { decodeText, sniffMarks } from './decode';
import { adapted, type ForeignFailure, type Records, readForeign } from './foreign';
import {
  EXPECTED,
  parseJsonl,
  type RawRecord,
  type RecordRows,
  readExpected,
  readRecords,
  recordRows,
} from './records';
import {
  DELIMITER_NAMES,
  DELIMITERS,
  type Delimiter,
  MAX_BYTES,
  MAX_CELLS,
  MAX_COLUMNS,
  MAX_ROWS,
  type RejectedRow,
  type Row,
  type SourceFormat,
  type Table,
} from './types';

export type ParseFailure = Failure<
  | 'empty-file'
  | 'too-large'
  | 'too-many-rows'
  | 'too-many-columns'
  | 'binary-file'
  | 'one-column'
  | 'no-rows'
  | 'json-array'
>;

type Parsed = Result<Table, ParseFailure | ForeignFailure>;

export type ParseOverride = Partial<Pick<SourceFormat, 'delimiter' | 'encoding' | 'quote'>> & {
  /** For rows to be answered, not learned from. */
  readonly oneColumn?: boolean;
  /** The column of lines without a header, as of standard input: JSON Lines where the first is an object, else texts. */
  readonly textLines?: string;
};

const remedy = (oneColumn: boolean) =>
  oneColumn
    ? 'Split it, and take the parts one after the other.'
    : 'A few thousand labelled rows are plenty: save a sample of it and open that.';

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

/** Why a record is left out. Empty cells after the last column (a spreadsheet's trailing delimiters) are fine. */
function raggedness(cells: readonly string[], columns: number): string | null {
  const extra = cells.slice(columns);
  if (cells.length < columns) return `it has ${cells.length} of ${columns} cells`;
  if (extra.some((cell) => cell.trim() !== '')) return `it has ${cells.length} cells, the header has ${columns}`;
  return null;
}

const isEmpty = (record: RawRecord) => record.broken === null && record.cells.every((cell) => cell.trim() === '');

interface Body extends RecordRows {
  readonly notes: readonly string[];
}

/** Empty lines after the last row are the file's end, not rejected rows. */
function* parseDelimited(text: string, marks: ReturnType<typeof sniffMarks>): Generator<number, Body, void> {
  const { delimiter, quote } = marks;
  let header: { columns: readonly string[]; notes: readonly string[] } | null = null;
  const rows: Row[] = [];
  const rejected: RejectedRow[] = [];
  let pending: RejectedRow[] = [];
  let count = 0;
  yield* readRecords(text, marks, (record) => {
    const { line, raw } = record;
    if (isEmpty(record)) {
      if (header) pending.push({ line, reason: 'the row is empty', raw });
      return;
    }
    if (!header) {
      const names = record.broken ? record.raw.replaceAll(quote, '').split(delimiter) : record.cells;
      header = names.length > MAX_COLUMNS ? { columns: names, notes: [] } : uniqueHeaders(names);
      return;
    }
    if (header.columns.length > MAX_COLUMNS) return;
    rejected.push(...pending);
    pending = [];
    const reason = record.broken ?? raggedness(record.cells, header.columns.length);
    if (reason) rejected.push({ line, reason, raw });
    else if (++count <= MAX_ROWS) {
      const cells = Object.fromEntries(header.columns.map((name, i) => [name, record.cells[i] as string]));
      rows.push({ id: String(rows.length + 1), line, cells });
    }
  });
  const { columns, notes }: Pick<Body, 'columns' | 'notes'> = header ?? { columns: [], notes: [] };
  const asked = columns.includes(EXPECTED)
    ? readExpected(rows, (row) => Object.values(row.cells).join(delimiter))
    : null;
  if (asked) {
    rows.splice(0, rows.length, ...asked.rows);
    rejected.push(...asked.rejected);
  }
  return { columns, rows, count, rejected, notes };
}

/** Excel's own first line `sep=;`. No delimiter where it names one that the next line does not have. */
function separatorLine(text: string): { delimiter: Delimiter | null; length: number } | null {
  const match = /^"?sep=(.)"?\n/i.exec(text);
  if (!match) return null;
  const length = match[0].length;
  const header = text.slice(length, length + 65_536).split('\n', 1)[0] ?? '';
  const delimiter = DELIMITERS.find((known) => known === match[1] && header.includes(known)) ?? null;
  return { delimiter, length };
}

function kindOf(fileName: string, text: string): 'jsonl' | 'delimited' {
  if (/\.(jsonl|ndjson)$/i.test(fileName)) return 'jsonl';
  const first = text.trimStart().split('\n', 1)[0] ?? '';
  return /^\{\s*"/.test(first) && first.trimEnd().endsWith('}') ? 'jsonl' : 'delimited';
}

const shifted = (body: Body, lines: number): Body =>
  lines === 0
    ? body
    : {
        ...body,
        rows: body.rows.map((row) => ({ ...row, line: row.line + lines })),
        rejected: body.rejected.map((row) => ({ ...row, line: row.line + lines })),
      };

function refused(fileName: string, body: Body, delimiter: Delimiter | null, oneColumn = false) {
  const named = body.columns[0] === undefined ? '' : ` (“${body.columns[0].slice(0, 60)}”)`;
  const how = delimiter ? `, read with ${DELIMITER_NAMES[delimiter]} between the cells` : '';
  if (body.columns.length === 1 && !oneColumn)
    return fail(
      'one-column',
      `${fileName} has only one column${named}${how}. A text column and a label column are needed: add the labels and open the file again.`,
    );
  const columns = body.columns.length;
  if (columns > MAX_COLUMNS || columns * Math.min(body.count, MAX_ROWS) > MAX_CELLS)
    return fail(
      'too-many-columns',
      `${fileName} has ${columns > MAX_COLUMNS ? `more than ${count(MAX_COLUMNS)} columns` : `more than ${MAX_CELLS / 1e6} million cells`}. Keep the columns with the text, the label and what you want to filter by, and open it again.`,
    );
  if (body.count > MAX_ROWS)
    return fail(
      'too-many-rows',
      `${fileName} has ${count(body.count)} rows; files up to ${count(MAX_ROWS)} rows are read. ${remedy(oneColumn)}`,
      { rows: body.count, limit: MAX_ROWS },
    );
  if (body.rows.length === 0) {
    const bad = body.rejected[0];
    const why = bad ? `: none of its ${body.rejected.length} rows could be read (line ${bad.line}: ${bad.reason})` : '';
    return fail('no-rows', `${fileName} has a header but no rows${why}. Open a file with one text a row.`, {
      rejected: body.rejected.slice(0, 100),
    });
  }
  return null;
}

/** @param delimiter null where cells are not delimited */
const tableOf = (
  format: SourceFormat,
  { columns, rows, rejected, notes, count }: Body,
  delimiter: Delimiter | null,
  oneColumn?: boolean,
): Result<Table, ParseFailure> =>
  refused(format.fileName, { columns, rows, rejected, notes, count }, delimiter, oneColumn) ??
  ok({ format, columns, rows, rejected, notes });

/** CSV, TSV or JSONL; cell texts are kept as they are, with `\n` line ends. Rejected rows: docs/method/formats.md, 4. */
export function parseTable(
  fileName: string,
  bytes: Uint8Array,
  override: ParseOverride = {},
): Result<Table, ParseFailure> {
  return drained(parsing(fileName, bytes, override));
}

/** Also workbooks, and files of other tools. @param run runs the work of a long text file to its end */
export async function parseFile(
  fileName: string,
  bytes: Uint8Array,
  override: ParseOverride,
  run: (work: ReturnType<typeof parsing>) => Promise<Result<Table, ParseFailure>>,
): Promise<Parsed> {
  const isText = override.textLines !== undefined || bytes.length > MAX_BYTES;
  const foreign = isText ? null : await readForeign(fileName, bytes);
  if (!foreign) return run(parsing(fileName, bytes, override));
  return foreign.ok ? tableOfRecords(fileName, bytes, foreign.value, override) : foreign;
}

function rawOf(record: unknown): string {
  try {
    return JSON.stringify(record) ?? '';
  } catch {
    return '';
  }
}

function tableOfRecords(
  fileName: string,
  bytes: Uint8Array,
  { kind, records, firstLine, notes }: Records,
  { oneColumn }: ParseOverride,
): Parsed {
  const format = { fileName, bytes: bytes.length, encoding: 'utf-8', delimiter: ',', kind } as const;
  const count = records.length;
  if (count > MAX_ROWS) return tableOf(format, { columns: [], rows: [], count, rejected: [], notes }, null, oneColumn);
  const found = records.map((record, i) => ({ line: firstLine + i, raw: rawOf(record), record }));
  return tableOf(format, { ...recordRows(found, adapted), notes }, null, oneColumn);
}

/** Renames `text` where the column of the texts has another name. */
const withTextAs =
  (column: string): typeof adapted =>
  (record) => {
    const fields = adapted(record);
    if (typeof fields === 'string' || column in fields || !('text' in fields)) return fields;
    const { text, ...others } = fields;
    return { ...others, [column]: text };
  };

/** In steps, each of which yields the share that has been read. */
export function* parsing(
  fileName: string,
  bytes: Uint8Array,
  override: ParseOverride = {},
): Generator<number, Result<Table, ParseFailure>, void> {
  if (bytes.length > MAX_BYTES)
    return fail(
      'too-large',
      `${fileName} has ${megabytes(bytes.length)}; files up to ${MAX_BYTES / 1e6} MB are read. ${remedy(override.oneColumn ?? false)}`,
      { bytes: bytes.length, limit: MAX_BYTES },
    );
  const decoded = decodeText(fileName, bytes, override.encoding);
  if (!decoded.ok) return fail('binary-file', decoded.error.message);
  const { text, encoding } = decoded.value;
  if (text.trim() === '')
    return fail('empty-file', `${fileName} is empty. Open a file with a header and one text a row.`);
  if (/^\s*\[\s*\{/.test(text.slice(0, 1000)))
    return fail('json-array', `${fileName} is one JSON array. Save it as JSON Lines (one object a line) or as CSV.`);

  const base = { fileName, bytes: bytes.length, encoding };
  const { textLines } = override;
  const isJsonl = kindOf(fileName, text) === 'jsonl';
  if (isJsonl || textLines !== undefined) {
    const adapt = textLines === undefined ? adapted : withTextAs(textLines);
    const parsed = parseJsonl(text, adapt, isJsonl ? null : (textLines ?? null));
    return tableOf({ ...base, delimiter: ',', kind: 'jsonl' }, { ...parsed, notes: [] }, null, override.oneColumn);
  }
  const named = separatorLine(text);
  const rest = named ? text.slice(named.length) : text;
  const { quote, delimiter: given = named?.delimiter ?? undefined } = override;
  const marks = sniffMarks(rest, { quote, delimiter: given });
  const { delimiter } = marks;
  const reading = parseDelimited(rest, marks);
  let read = reading.next();
  for (; !read.done; read = reading.next()) yield read.value / Math.max(1, rest.length);
  const body = shifted(read.value, named ? 1 : 0);
  const kind = delimiter === '\t' ? 'tsv' : 'csv';
  const format = { ...base, delimiter, kind, ...(marks.quote === '"' ? {} : { quote: marks.quote }) } as const;
  return tableOf(format, body, delimiter, override.oneColumn);
}
