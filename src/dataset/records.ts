import Papa from 'papaparse';
import { wellFormed } from './labels';
import {
  type Delimiter,
  MAX_BROKEN_QUOTES,
  MAX_CELLS,
  MAX_COLUMNS,
  MAX_ROWS,
  type Quote,
  type RejectedRow,
  type Row,
} from './types';

const RECORDS_A_STEP = 10_000;

/** `line` is 1-based, `raw` the text as read. */
export interface RawRecord {
  readonly line: number;
  readonly raw: string;
  readonly cells: readonly string[];
  readonly broken: string | null;
}

function lineBreaks(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

const withoutLastBreak = (raw: string) => (raw.endsWith('\n') ? raw.slice(0, -1) : raw);

/**
 * RFC 4180 records one at a time, so that a big file is held once; every few thousand it yields the characters read. A quote
 * that is never closed would swallow the rows after it: such a record is given up after its first line, and reading continues
 * at the next; a stray quote inside one line is read as a letter.
 */
export function* readRecords(
  text: string,
  { delimiter, quote }: { readonly delimiter: Delimiter; readonly quote: Quote },
  onRecord: (record: RawRecord) => void,
): Generator<number, void, void> {
  let start = 0;
  let line = 1;
  let brokenQuotes = 0;
  while (start < text.length) {
    const part = start === 0 ? text : text.slice(start);
    let done = 0;
    let restart = false;
    let records = 0;
    // Papa strips a byte order mark, and its places would be off by one
    Papa.parse<string[]>(part.startsWith('\ufeff') ? `\ufeff${part}` : part, {
      delimiter,
      quoteChar: quote,
      newline: '\n',
      fastMode: false,
      step: ({ data, errors, meta }, parser) => {
        const end = errors.some((e) => e.code === 'MissingQuotes') ? part.length : meta.cursor;
        const raw = withoutLastBreak(part.slice(done, end));
        const breaks = lineBreaks(raw);
        const misquoted = errors.some((e) => e.code === 'MissingQuotes') || (errors.length > 0 && breaks > 0);
        if (misquoted) {
          brokenQuotes++;
          const giveUp = brokenQuotes > MAX_BROKEN_QUOTES;
          const first = giveUp ? part.slice(done) : (raw.split('\n', 1)[0] as string);
          const broken = giveUp
            ? `more than ${MAX_BROKEN_QUOTES} quotes are never closed: the rest of the file was not read`
            : 'a quote is never closed';
          onRecord({ line, raw: first, cells: [], broken });
          done += first.length + 1;
          line += giveUp ? 0 : 1;
          restart = true;
          parser.abort();
          return;
        }
        onRecord({ line, raw, cells: data, broken: null });
        done = end;
        line += breaks + 1;
        if (++records < RECORDS_A_STEP || end >= part.length) return;
        restart = true;
        parser.abort();
      },
    });
    start = restart ? start + done : text.length;
    yield start;
  }
}

const cellOf = (value: unknown): string =>
  value === null
    ? ''
    : typeof value === 'string'
      ? wellFormed(value) // JSON can name half a character
      : JSON.stringify(value);

/** A string says why the record is no row. */
export type Adapt = (record: unknown) => Readonly<Record<string, unknown>> | string;

interface ReadRecord {
  readonly line: number;
  readonly raw: string;
  readonly record: unknown;
}

function parseLine(raw: string): { readonly record: unknown } | string {
  try {
    return { record: JSON.parse(raw) };
  } catch (cause) {
    return cause instanceof RangeError ? TOO_DEEP : 'the line is not valid JSON';
  }
}

/** Columns in order of first appearance; nested values stay JSON text. */
export interface RecordRows {
  readonly columns: readonly string[];
  /** None where there are too many columns, rows or cells. */
  readonly rows: readonly Row[];
  /** In the file, however many are kept. */
  readonly count: number;
  readonly rejected: readonly RejectedRow[];
}

/** A text may begin with a brace too. */
const OBJECT = /^\s*\{\s*["}]/;

/** @param textColumn lines that are no object are texts of this column; null: they are no rows */
export function parseJsonl(text: string, adapt: Adapt, textColumn: string | null = null): RecordRows {
  const found: ReadRecord[] = [];
  const unread: RejectedRow[] = [];
  text.split('\n').forEach((raw, i) => {
    if (raw.trim() === '') return;
    const value = textColumn === null || OBJECT.test(raw) ? parseLine(raw) : { record: { [textColumn]: raw } };
    if (typeof value === 'string') unread.push({ line: i + 1, reason: value, raw });
    else found.push({ line: i + 1, raw, ...value });
  });
  const { rejected, ...others } = recordRows(found, adapt);
  return { ...others, rejected: [...unread, ...rejected].toSorted((a, b) => a.line - b.line) };
}

const TOO_DEEP = 'the line is nested too deeply to be read';

function cellsOf(fields: ReturnType<Adapt>): ReadonlyMap<string, string> | string {
  if (typeof fields === 'string') return fields;
  try {
    return new Map(Object.entries(fields).map(([name, cell]) => [name, cellOf(cell)]));
  } catch (cause) {
    if (cause instanceof RangeError) return TOO_DEEP;
    throw cause;
  }
}

export function recordRows(records: readonly ReadRecord[], adapt: Adapt): RecordRows {
  const columns = new Set<string>();
  const found: { line: number; cells: ReadonlyMap<string, string> }[] = [];
  const rejected: RejectedRow[] = [];
  for (const { line, raw, record } of records) {
    const cells = cellsOf(adapt(record));
    if (typeof cells === 'string') rejected.push({ line, reason: cells, raw });
    else {
      for (const name of cells.keys()) columns.add(name);
      found.push({ line, cells });
    }
    if (columns.size > MAX_COLUMNS) break;
  }
  const names = [...columns];
  const count = found.length;
  if (names.length > MAX_COLUMNS || count > MAX_ROWS || names.length * count > MAX_CELLS)
    return { columns: names, rows: [], count, rejected };
  const rows = found.map(({ line, cells }, i) => ({
    id: String(i + 1),
    line,
    cells: Object.fromEntries(names.map((name) => [name, cells.get(name) ?? ''])),
  }));
  return { columns: names, rows, count, rejected };
}

/** In promptfoo's test files. */
export const EXPECTED = '__expected';

/** Other assertions are a program, a rubric or a measure, and no label. */
const NAMES_AN_ANSWER = /^(?:equals|contains|icontains|starts-with)\s*:\s*/i;
/** `type:` or `type(threshold):`, as promptfoo writes assertions. A label may hold a colon later on. */
const ASSERTION =
  /^(?:not-)?(?:javascript|js|fn|eval|python|file|webhook|llm-rubric|grade|model-graded-\w+|similar|rouge-n|bleu|levenshtein|latency|cost|perplexity(?:-score)?|regex|is-\w+|contains-\w+|icontains-\w+|factuality|answer-relevance|context-\w+|g-eval|moderation|guardrails|classifier|select-best)\s*(?:\([^)]*\))?\s*:|^not-\w+\s*:|^is-json\b/i;

/**
 * promptfoo.dev, "CSV format": `__expected` becomes a label where it names an answer (`equals: refund` or `refund` alone);
 * other rows are left out, with the reason.
 */
export function readExpected(
  rows: readonly Row[],
  raw: (row: Row) => string,
): { readonly rows: readonly Row[]; readonly rejected: readonly RejectedRow[] } {
  const kept: Row[] = [];
  const rejected: RejectedRow[] = [];
  for (const row of rows) {
    const cell = (row.cells[EXPECTED] ?? '').trim();
    const [assertion] = ASSERTION.exec(cell) ?? [];
    if (assertion !== undefined)
      rejected.push({
        line: row.line,
        reason: `its ${EXPECTED} is a check (“${assertion.slice(0, 40)}”), no label`,
        raw: raw(row),
      });
    else kept.push({ ...row, cells: { ...row.cells, [EXPECTED]: cell.replace(NAMES_AN_ANSWER, '') } });
  }
  return { rows: kept, rejected };
}
