/** The data worker's part of a batch: a file of rows that stays here and is handed out as tokens, piece by piece. */
import { guessColumns } from '../dataset/columns';
import { toCsv } from '../dataset/csv-out';
import { parsing } from '../dataset/parse';
import { answersFile } from '../dataset/predictions-out';
import type { Table } from '../dataset/types';
import { targetOf } from '../dataset/writing';
import { fileBytes, sha256 } from '../lib/bytes';
import { StudioError } from '../lib/errors';
import { unwrap } from '../lib/result';
import { inSteps } from '../lib/steps';
import { type BatchRenderer, type BatchTask, openBatch } from '../task/batch';
import type { Tokenizer } from '../tokens/types';
import type { BatchLane, DataMethods } from './protocol';
import type { Handlers } from './serve';

type BatchMethod =
  | 'openBatch'
  | 'closeBatch'
  | 'startBatch'
  | 'batchRows'
  | 'batchWanted'
  | 'batchFingerprint'
  | 'batchOutput'
  | 'batchLeftOut';

const FIRST_ROWS = 8;

interface Opened {
  readonly tokenizer: Pick<Tokenizer, 'encode' | 'chat'>;
  /** A wanted text with what ends it. */
  readonly targetIds: (target: string, chat: boolean) => Int32Array;
  /** Most tokens of a row and what is written after it. */
  readonly room: number;
}

interface Started {
  readonly how: BatchTask;
  readonly render: BatchRenderer;
  /** Why rows that were asked for cannot be answered, by their places. */
  readonly leftOut: Map<number, string>;
}

/** @param opened the open tokenizer; throws while there is none */
export function createBatchHandlers(opened: () => Opened): Pick<Handlers<DataMethods>, BatchMethod> {
  const tables = new Map<BatchLane, Table>();
  const tasks = new Map<BatchLane, Started>();

  const file = (lane: BatchLane): Table => {
    const table = tables.get(lane);
    if (!table) throw new StudioError('bad-input', 'The file is not open any more: choose it again.');
    return table;
  };
  const started = (lane: BatchLane) => {
    const task = tasks.get(lane);
    if (!task) throw new StudioError('bad-input', 'The file is not open any more: choose it again.');
    return task;
  };
  const close = (lane: BatchLane) => {
    tables.delete(lane);
    tasks.delete(lane);
  };

  return {
    openBatch: async ({ lane, file: blob, name }, emit, control) => {
      close(lane);
      const total = blob.size;
      const read = unwrap(
        await inSteps(parsing(name, await fileBytes(blob), { oneColumn: true }), control, (share) =>
          emit({ kind: 'progress', done: Math.round(share * total), total, unit: 'bytes', secondsLeft: null }),
        ),
      );
      tables.set(lane, read);
      const { format, columns, rows, rejected, notes = [] } = read;
      return {
        format,
        columns,
        rows: rows.length,
        rejected,
        notes,
        first: rows.slice(0, FIRST_ROWS),
        guess: guessColumns(read),
      };
    },

    closeBatch: ({ lane }) => {
      close(lane);
      return null;
    },

    startBatch: ({ lane, ...how }) => {
      tasks.set(lane, { how, render: unwrap(openBatch(file(lane), how)), leftOut: new Map() });
      return null;
    },

    batchRows: ({ lane, from, count }) => {
      const { how, render, leftOut } = started(lane);
      const { tokenizer, targetIds, room } = opened();
      const { chat = false } = how.prompt;
      const encode = (each: string) => tokenizer.encode(chat ? (tokenizer.chat(each) ?? each) : each);
      const rendered = render(file(lane).rows.slice(from, from + count), from).map((row) => {
        if ('leftOut' in row) return row;
        const { rowId, label, text, otherOrders } = row;
        const ids = encode(text);
        const others = otherOrders?.map(encode);
        const target = row.target === undefined ? undefined : targetIds(row.target, chat);
        const answer = Math.max(how.longest ?? 0, target?.length ?? 0);
        const longest = Math.max(ids.length, ...(others?.map(({ length }) => length) ?? [])) + answer;
        return longest > room
          ? { rowId, leftOut: `it is too long: ${longest} tokens, and the model reads ${room}` }
          : { rowId, label, ids, ...(others ? { otherOrders: others } : {}), ...(target ? { target } : {}) };
      });
      const gone = rendered.flatMap((row) => ('leftOut' in row ? [[Number(row.rowId), row.leftOut] as const] : []));
      for (const [index, reason] of gone) leftOut.set(index, reason);
      return { rows: rendered.flatMap((row) => ('ids' in row ? [row] : [])), leftOut: gone };
    },

    batchWanted: ({ lane, at }) => {
      const { text, label } = started(lane).how;
      const mapping = { text, label: label ?? '', id: null };
      const { rows } = file(lane);
      return { wanted: at.flatMap((index) => rows.slice(index, index + 1).map((row) => targetOf(row, mapping))) };
    },

    batchFingerprint: async ({ lane }) => {
      const { text, label } = started(lane).how;
      const cells = file(lane).rows.map((row) => [
        row.cells[text] ?? '',
        label === null ? '' : (row.cells[label] ?? ''),
      ]);
      return { fingerprint: await sha256(JSON.stringify(cells)) };
    },

    batchOutput: ({ lane, ...how }) => {
      const { columns, rows } = file(lane);
      const text = answersFile(columns, rows, started(lane).leftOut, how);
      // made here: a page that makes a file of forty megabytes stands still for it
      return { file: new Blob([text], { type: how.format === 'csv' ? 'text/csv' : 'application/x-ndjson' }) };
    },

    batchLeftOut: ({ lane, done }) => {
      const gone = [...started(lane).leftOut].filter(([index]) => index < done);
      const lines = gone.map(([index, reason]) => [index + 1, reason] as const);
      return { file: new Blob([toCsv(['row', 'reason'], lines, { neutralise: true })], { type: 'text/csv' }) };
    },
  };
}
