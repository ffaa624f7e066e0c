/** Files of rows to be answered, in pieces, so that a stop is quick. The page gets only what it shows of one. */
import { guessColumns } from '../dataset/columns';
import { headerThatIsARow } from '../dataset/mends';
import { parseFile, type parsing } from '../dataset/parse';
import type { TaskKind } from '../dataset/types';
import { type ColumnMapping, MAX_BYTES, type Row, type Table } from '../dataset/types';
import { fileBytes } from '../lib/bytes';
import { type Control, inSteps, throwIfInterrupted } from '../lib/control';
import { badInput } from '../lib/errors';
import { bytes as sizeWords } from '../lib/format';
import { unwrap } from '../lib/result';
import type { Route, Routed } from '../route/policy';
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

export interface Piece extends Pick<Routed, 'answers' | 'leftOut'> {
  readonly done: number;
  readonly rowsPerSecond: number;
  readonly secondsLeft: number | null;
}

const FIRST_PIECE = 8;
const MOST_ROWS = 256;
/** A rate over less than this says nothing about the time left. */
const SETTLED_SECONDS = 1;

/** A piece takes about this long: what a stop may lose. Texts are generated many side by side, a few times as fast. */
const PIECE_SECONDS: Readonly<Record<TaskKind, number>> = { classify: 1.5, generate: 8 };

/**
 * Answers the rows of a route from one place on, in pieces that grow or shrink until one takes about as long as it should.
 * @throws StudioError `bad-input` when the vectors belong to other weights; `cancelled`; and as the engine. The pieces that
 * were given before stay valid.
 */
export async function* answered(
  { total, version, answer }: Route,
  from: number,
  control: Control,
): AsyncGenerator<Piece, void> {
  const seconds = PIECE_SECONDS[version.prompt.task.kind];
  const startedAt = performance.now();
  let size = FIRST_PIECE;
  for (let done = from; done < total; ) {
    throwIfInterrupted(control);
    const pieceAt = performance.now();
    const count = Math.min(size, total - done);
    const { answers, leftOut } = await answer(done, count, control);
    done += count;
    const elapsed = (performance.now() - startedAt) / 1000;
    const rowsPerSecond = (done - from) / Math.max(elapsed, 1e-3);
    const secondsLeft = elapsed < SETTLED_SECONDS ? null : (total - done) / rowsPerSecond;
    yield { done, answers, leftOut, rowsPerSecond, secondsLeft };
    const took = (performance.now() - pieceAt) / 1000;
    size = Math.max(1, Math.min(MOST_ROWS, 2 * count, Math.round((count * seconds) / Math.max(took, 1e-3))));
  }
}
