import Papa from 'papaparse';
import type { Delimiter } from './decode';
import { MAX_BROKEN_QUOTES } from './limits';
import { textKey } from './normalise';
import type { Row } from './types';

const RECORDS_A_STEP = 10_000;

/** One record of delimited text: its cells, the 1-based line where it begins, and its text as read. */
export interface RawRecord {
  readonly line: number;
  readonly raw: string;
  readonly cells: readonly string[];
  /** Why the record is not to be trusted; null when it is sound. */
  readonly broken: string | null;
}

function lineBreaks(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

const withoutLastBreak = (raw: string) => (raw.endsWith('\n') ? raw.slice(0, -1) : raw);

/**
 * RFC 4180 records of a text with `\n` line ends, one at a time, so that a big file is held once. Every few thousand it
 * yields the characters that have been read.
 *
 * A quote that is never closed would swallow the rows after it. Such a record is given up after its first line, and
 * reading continues at the next line; a stray quote inside one line is read as a letter.
 */
export function* readRecords(
  text: string,
  delimiter: Delimiter,
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
    Papa.parse<string[]>(part, {
      delimiter,
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

/**
 * Column names that are trimmed, never empty and all different: the second `text` becomes `text (2)`, an empty one
 * `column 3`. A sentence describes every change.
 */
export function uniqueHeaders(cells: readonly string[]): { columns: readonly string[]; notes: readonly string[] } {
  const columns: string[] = [];
  const notes: string[] = [];
  const wanted = cells.map((cell) => cell.trim());
  wanted.forEach((name, i) => {
    const base = name === '' ? `column ${i + 1}` : name;
    let unique = base;
    for (let n = 2; columns.includes(unique) || (unique !== base && wanted.includes(unique)); n++)
      unique = `${base} (${n})`;
    columns.push(unique);
    if (name === '') notes.push(`Column ${i + 1} has no name and is called “${unique}”.`);
    else if (unique !== name) notes.push(`Two columns are called “${name}”: the later one is shown as “${unique}”.`);
  });
  return { columns, notes };
}

/** A sentence when the header is probably the first row: one of its names is a common value of its own column. */
export function missingHeader(columns: readonly string[], rows: readonly Row[]): string | null {
  const sample = rows.slice(0, 1000);
  const suspect = columns.find((name) => {
    const key = textKey(name);
    const same = sample.filter((row) => textKey(row.cells[name] ?? '') === key).length;
    return same >= 3 && same >= 0.05 * sample.length;
  });
  return suspect === undefined
    ? null
    : `The first line looks like a row, not like column names (“${suspect}” is also a value below it). If so, put a line with names such as “text,label” above it and open the file again.`;
}
