/** Files of rows to be answered: read once, and kept by the host until they are closed. The page gets what it shows of one. */
import { guessColumns } from '../dataset/columns';
import { parseFile, type parsing } from '../dataset/parse';
import {
  type ColumnMapping,
  MAX_BYTES,
  type RejectedRow,
  type Row,
  type SourceFormat,
  type Table,
} from '../dataset/types';
import { fileBytes } from '../lib/bytes';
import { inSteps } from '../lib/control';
import { StudioError } from '../lib/errors';
import { bytes as sizeWords } from '../lib/format';
import { unwrap } from '../lib/result';
import { type BatchRenderer, openBatch } from '../task/batch';
import { type AnsweringVersion, type LeftOut, type RowSource, roomFor } from './answering';
import type { Host, Run } from './host';
import { encodeRow, RESERVED_TOKENS, targetIds } from './token-rows';

/** What a file is for: one for answering, one for measuring; neither replaces the other. */
export type RowsUse = 'batch' | 'measure';

/** What the page shows of an open file. */
export interface RowsFile {
  readonly format: SourceFormat;
  readonly columns: readonly string[];
  readonly rows: number;
  readonly rejected: readonly RejectedRow[];
  readonly notes: readonly string[];
  readonly first: readonly Row[];
  /** Which columns may be text and label; null with one column. */
  readonly guess: ColumnMapping | null;
}

/** An open file, with whatever was made of its rows; that goes when the file goes. */
export interface OpenFile {
  readonly table: Table;
  readonly made: Map<string, unknown>;
}

export const FIRST_ROWS = 8;

const files = new WeakMap<Host, Map<RowsUse, OpenFile>>();

const filesOf = (host: Host): Map<RowsUse, OpenFile> => {
  const known = files.get(host) ?? new Map<RowsUse, OpenFile>();
  files.set(host, known);
  return known;
};

/** Keeps a table as the open file, in place of the one before. */
export const keepRows = (host: Host, use: RowsUse, table: Table): void =>
  void filesOf(host).set(use, { table, made: new Map() });

/** @throws StudioError `bad-input` where none is open */
export function openFile(host: Host, use: RowsUse): OpenFile {
  const file = filesOf(host).get(use);
  if (!file) throw new StudioError('bad-input', 'The file is no longer open. Choose it again.');
  return file;
}

/**
 * Reads a file, in place of the one that was open for the same use.
 * @throws StudioError `bad-input` when it is too large or has no rows; `cancelled`
 */
export async function openRows(
  host: Host,
  { use, file, name }: { readonly use: RowsUse; readonly file: Blob; readonly name: string },
  { control, emit }: Run<{ readonly fraction: number }>,
): Promise<RowsFile> {
  filesOf(host).delete(use);
  if (file.size > MAX_BYTES)
    throw new StudioError(
      'bad-input',
      `${name} has ${sizeWords(file.size)}; the limit is ${sizeWords(MAX_BYTES)}. Split it and run the parts one after the other.`,
    );
  const inTurns = (work: ReturnType<typeof parsing>) => inSteps(work, control, (fraction) => emit({ fraction }));
  const table = unwrap(await parseFile(name, await fileBytes(file), { oneColumn: true }, inTurns));
  keepRows(host, use, table);
  const { format, columns, rows, rejected, notes = [] } = table;
  const first = rows.slice(0, FIRST_ROWS);
  return { format, columns, rows: rows.length, rejected, notes, first, guess: guessColumns(table) };
}

export async function closeRows(host: Host, { use }: { readonly use: RowsUse }): Promise<null> {
  filesOf(host).delete(use);
  return null;
}

/** Columns of the file; `label`: of labels or expected texts, where answers are to be checked. */
export interface RowsColumns {
  readonly text: string;
  readonly label: string | null;
}

/** The rows of a file under a version's prompt. @throws StudioError `bad-input` when the prompt cannot be used on it */
export function fileSource(
  host: Host,
  version: AnsweringVersion,
  { table }: OpenFile,
  { text, label }: RowsColumns,
): RowSource {
  const { prompt, words, dataset } = version;
  const longest = roomFor(host, version);
  const how = { prompt, words, text, label, ...(longest === null ? {} : { longest }) };
  const render = unwrap(openBatch(table, { ...how, dataset: prompt.shots > 0 ? dataset : null }));
  return {
    total: table.rows.length,
    rowsAt: async (from, count) =>
      tokenised(host, render(table.rows.slice(from, from + count), from), prompt.chat ?? false, longest ?? 0),
  };
}

function tokenised({ tokens }: Host, rendered: ReturnType<BatchRenderer>, chat: boolean, longest: number) {
  const { tokenizer, context } = tokens;
  const room = context - RESERVED_TOKENS;
  const encode = (each: string) => tokens.encode(chat ? (tokenizer.chat(each) ?? each) : each);
  const rows = rendered.map((row) => {
    if ('leftOut' in row) return row;
    const { rowId, label, otherOrders } = row;
    const { ids, cue } = encodeRow(encode, row);
    const others = otherOrders?.map(encode);
    const target = row.target === undefined ? undefined : targetIds(tokens, row.target, chat);
    const answer = Math.max(longest, target?.length ?? 0);
    const length = Math.max(ids.length, ...(others?.map((each) => each.length) ?? [])) + answer;
    return length > room
      ? { rowId, leftOut: `it is too long: ${length} tokens, and the model reads ${room}` }
      : { rowId, label, ids, cue, ...(others ? { otherOrders: others } : {}), ...(target ? { target } : {}) };
  });
  const leftOut: LeftOut = rows.flatMap((row) => ('leftOut' in row ? [[Number(row.rowId), row.leftOut] as const] : []));
  return { rows: rows.flatMap((row) => ('ids' in row ? [row] : [])), leftOut };
}
