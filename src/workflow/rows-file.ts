/** The file of rows that is open in a host: read once, and asked in pieces. */
import { guessColumns } from '../dataset/columns';
import { headerThatIsARow } from '../dataset/mends';
import { parseFile, type parsing } from '../dataset/parse';
import { type ColumnMapping, MAX_BYTES, type Row, type Table } from '../dataset/types';
import { fileBytes } from '../lib/bytes';
import { inSteps } from '../lib/control';
import { badInput } from '../lib/errors';
import { bytes as sizeWords } from '../lib/format';
import { unwrap } from '../lib/result';
import type { Host, Run } from './host';

export interface RowsFile extends Omit<Required<Table>, 'rows'> {
  readonly rows: number;
  readonly first: readonly Row[];
  /** Which columns may be text and label; null with one column. */
  readonly guess: ColumnMapping | null;
}

/** An open file, with whatever was made of its rows; that goes when the file goes. */
export interface OpenFile {
  readonly table: Table;
  readonly made: Map<string, unknown>;
}

/** Shown with their answers. */
export const FIRST_ROWS = 8;

const files = new WeakMap<Host, OpenFile>();

export const keepRows = (host: Host, table: Table): void => void files.set(host, { table, made: new Map() });

/** @throws StudioError `bad-input` where none is open */
export function openFile(host: Host): OpenFile {
  const file = files.get(host);
  if (!file) throw badInput('The file is no longer open. Choose it again.');
  return file;
}

/** Opens a file instead of the one before. @throws StudioError `bad-input` if too large or without rows; `cancelled` */
export async function openRows(
  host: Host,
  { file, name }: { readonly file: Blob; readonly name: string },
  { control, emit }: Run<{ readonly fraction: number }>,
): Promise<RowsFile> {
  files.delete(host);
  if (file.size > MAX_BYTES)
    throw badInput(
      `${name} has ${sizeWords(file.size)}; the limit is ${sizeWords(MAX_BYTES)}. Split it and run the parts one after the other.`,
    );
  const inTurns = (work: ReturnType<typeof parsing>) => inSteps(work, control, (fraction) => emit({ fraction }));
  const table = unwrap(await parseFile(name, await fileBytes(file), { oneColumn: true }, inTurns));
  keepRows(host, table);
  const { format, columns, rows, rejected } = table;
  const first = rows.slice(0, FIRST_ROWS);
  const notes = [...(table.notes ?? []), ...headless(table)];
  return { format, columns, rows: rows.length, rejected, notes, first, guess: guessColumns(table) };
}

function headless({ columns, rows }: Table): readonly string[] {
  const name = headerThatIsARow(columns, rows);
  return name === null
    ? []
    : [
        `The first line looks like a row, not like column names (“${name}” is also a value below it). If so, put a line with names such as “text,label” above it and open the file again.`,
      ];
}

export async function closeRows(host: Host): Promise<null> {
  files.delete(host);
  return null;
}
