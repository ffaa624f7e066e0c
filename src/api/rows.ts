/** Rows that a program gives, as the data set that a file of them would be. */
import { textKeyOf } from '../dataset/labels';
import type { ColumnMapping, Row as DataRow, Dataset, Table } from '../dataset/types';
import { badInput } from '../lib/errors';
import type { Run } from '../workflow/host';
import { NO_TEST, openParts, readTable } from '../workflow/open-data';
import { checkRows } from './check';
import type { Rows, TrainOptions } from './types';

const ALONE = { trainRows: null, testRows: null };

export async function tableOf(rows: Rows, task: TrainOptions['task'], run: Run<object>): Promise<Table> {
  checkRows(rows, task);
  if (rows instanceof Blob)
    return readTable({ fileName: 'name' in rows ? String(rows.name) : 'rows', bytes: rows }, run);
  const bytes = new TextEncoder().encode(JSON.stringify(rows));
  return readTable({ fileName: 'rows.json', bytes }, run);
}

/** @throws StudioError `bad-input` for columns that are not there */
function mappingOf(
  { columns: has }: Pick<Table, 'columns'>,
  { task = 'classify', columns = {} }: Pick<TrainOptions, 'task' | 'columns'>,
): ColumnMapping {
  const { text = 'text', label = task === 'generate' ? 'target' : 'label' } = columns;
  const missing = [text, label].find((column) => !has.includes(column));
  if (missing !== undefined)
    throw badInput(
      `The rows have no column “${missing}”, but ${has.join(', ')}. Name yours: columns: { text, label }.`,
    );
  return { text, label, id: null, task };
}

/** Split for training and validation, and held out where that is asked. @throws StudioError `bad-input` */
export async function datasetOf(
  rows: Rows,
  options: Pick<TrainOptions, 'task' | 'columns' | 'seed' | 'heldOut'>,
  run: Run<object>,
): Promise<Dataset> {
  const data = await tableOf(rows, options.task, run);
  const { seed = 0, heldOut = 'none' } = options;
  const given = { data, test: null, mapping: mappingOf(data, options), seed };
  return openParts(heldOut === 'share' ? given : { ...given, shares: NO_TEST }, ALONE);
}

/** The cells of rows as they were given. */
export const cellsOf = (rows: readonly DataRow[], columns: readonly string[]) =>
  rows.map(({ cells }) => Object.fromEntries(columns.map((column) => [column, cells[column] ?? ''])));

/** By text, as the check for repeats compares them. */
export const keysOf = (rows: readonly DataRow[], mapping: ColumnMapping): ReadonlySet<string> =>
  new Set(rows.map((row) => textKeyOf(row, mapping)));
