/** The data worker's part of a batch: a file of rows that stays here and is handed out as tokens, piece by piece. */
import { guessColumns } from '../dataset/columns';
import { parseTable } from '../dataset/parse';
import { predictionsCsv, predictionsJsonl } from '../dataset/predictions-out';
import type { Table } from '../dataset/types';
import { StudioError } from '../lib/errors';
import { sha256 } from '../lib/hash';
import { unwrap } from '../lib/unwrap';
import { type BatchRenderer, type BatchTask, openBatch } from '../task/batch';
import type { Tokenizer } from '../tokens/types';
import type { BatchLane, DataMethods } from './protocol';
import type { Handlers } from './serve';

type BatchMethod = 'openBatch' | 'closeBatch' | 'startBatch' | 'batchRows' | 'batchFingerprint' | 'batchOutput';

const FIRST_ROWS = 8;

interface Opened {
  readonly tokenizer: Pick<Tokenizer, 'encode' | 'chat'>;
  /** Most tokens of a row. */
  readonly room: number;
}

/** @param opened the open tokenizer; throws while there is none */
export function createBatchHandlers(opened: () => Opened): Pick<Handlers<DataMethods>, BatchMethod> {
  const tables = new Map<BatchLane, Table>();
  const tasks = new Map<BatchLane, { readonly how: BatchTask; readonly render: BatchRenderer }>();

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
    openBatch: async ({ lane, file: blob, name }) => {
      close(lane);
      const read = unwrap(parseTable(name, new Uint8Array(await blob.arrayBuffer()), { oneColumn: true }));
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
      tasks.set(lane, { how, render: unwrap(openBatch(file(lane), how)) });
      return null;
    },

    batchRows: ({ lane, from, count }) => {
      const { how, render } = started(lane);
      const { tokenizer, room } = opened();
      const rendered = render(file(lane).rows.slice(from, from + count), from).map((row) => {
        if ('leftOut' in row) return row;
        const { rowId, label, text, otherOrders } = row;
        const encode = (each: string) => tokenizer.encode(how.prompt.chat ? (tokenizer.chat(each) ?? each) : each);
        const ids = encode(text);
        const others = otherOrders?.map(encode);
        const longest = Math.max(ids.length, ...(others?.map(({ length }) => length) ?? []));
        return longest > room
          ? { rowId, leftOut: `it is too long: ${longest} tokens, and the model reads ${room}` }
          : { rowId, label, ids, ...(others ? { otherOrders: others } : {}) };
      });
      return {
        rows: rendered.flatMap((row) => ('ids' in row ? [row] : [])),
        leftOut: rendered.flatMap((row) => ('leftOut' in row ? [[Number(row.rowId), row.leftOut] as const] : [])),
      };
    },

    batchFingerprint: async ({ lane }) => {
      const { text, label } = started(lane).how;
      const cells = file(lane).rows.map((row) => [
        row.cells[text] ?? '',
        label === null ? '' : (row.cells[label] ?? ''),
      ]);
      return { fingerprint: await sha256(JSON.stringify(cells)) };
    },

    batchOutput: ({ lane, format, bom, neutralise, leftOut, ...answers }) => {
      const { columns, rows } = file(lane);
      const gone = rows.slice(0, answers.predictions.length);
      const all = { ...answers, leftOut: new Map(leftOut) };
      const text =
        format === 'csv'
          ? predictionsCsv(columns, gone, all, { bom, neutralise })
          : predictionsJsonl(columns, gone, all);
      return { bytes: new TextEncoder().encode(text) };
    },
  };
}
