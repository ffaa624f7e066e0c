import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { isUsable } from '../dataset/labels';
import { type ParseOverride, parseTable } from '../dataset/parse';
import { prepareDataset } from '../dataset/prepare';
import type { ColumnMapping, Dataset, Issue, Row, Rows, Table } from '../dataset/types';
import { StudioError } from '../lib/errors';
import type { Log } from './log';
import type { DataOptions } from './options';
import { UsageError } from './usage';

/** Rows of DATA.csv and of the test file stand in one table; this column keeps their numbers apart. */
const ID_COLUMN = '(row)';
const MAX_VALIDATION = 100;

/** The number of a row in its own file: `test:12` -> `12`. */
export const ownId = (id: string): string => id.replace(/^(?:data|test):/, '');

/**
 * A dataset for the command line. With `--train-rows N`: the first N usable rows train, the next min(100, N/2) validate. With
 * `--test`: test rows are that file's, else a stratified share of DATA.csv.
 * @throws UsageError for columns that are not there; StudioError `bad-input` for data that cannot be used
 */
export async function readDataset(options: DataOptions, seed: number, log: Log): Promise<Dataset> {
  const mapping: ColumnMapping = { text: options.text, label: options.label, id: ID_COLUMN };
  const columns = { text: options.text, label: options.label };
  const data = await readTable(options.data, 'data', columns, log);
  const test = options.test === null ? null : await readTable(options.test, 'test', columns, log);
  const table: Table = {
    ...data,
    columns: [...data.columns, ID_COLUMN],
    rows: [...data.rows, ...(test?.rows ?? [])],
  };
  const first = await prepare(table, mapping, seed, test ? split(data.rows, test.rows, mapping, options) : undefined);
  const fixed = test ? first.split : ownSplit(first, options);
  const dataset = await prepare(table, mapping, seed, limited(fixed, options));
  for (const [part, ids] of Object.entries(dataset.split))
    if (ids.length === 0 && part !== 'validation')
      throw new StudioError('bad-input', `No usable rows are left for ${part === 'test' ? 'the test' : 'training'}.`);
  log.line(
    `${dataset.split.train.length} rows train, ${dataset.split.validation.length} validate, ${dataset.split.test.length} are held back; labels: ${dataset.labels.join(', ')}`,
  );
  return dataset;
}

/** @param named columns that must be there, by the option that names them. @throws UsageError, StudioError `bad-input` */
export async function readTable(
  path: string,
  prefix: string,
  named: Readonly<Record<string, string>>,
  log: Log,
  override: ParseOverride = {},
): Promise<Table> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new StudioError('bad-input', `The file ${path} cannot be read.`, { cause });
  });
  const parsed = parseTable(basename(path), new Uint8Array(bytes), override);
  if (!parsed.ok) throw new StudioError('bad-input', parsed.error.message);
  const { columns, rows, rejected } = parsed.value;
  for (const [option, column] of Object.entries(named))
    if (!columns.includes(column))
      throw new UsageError(`--${option}: ${basename(path)} has no column “${column}”; it has ${columns.join(', ')}.`);
  if (rejected.length > 0)
    log.line(
      `${basename(path)}: ${rejected.length} rows left out, the first in line ${rejected[0]?.line}: ${rejected[0]?.reason}`,
    );
  return { ...parsed.value, rows: rows.map((row, i) => withId(row, `${prefix}:${i + 1}`)) };
}

const withId = (row: Row, id: string): Row => ({ ...row, id, cells: { ...row.cells, [ID_COLUMN]: id } });

async function prepare(
  table: Table,
  mapping: ColumnMapping,
  seed: number,
  fixedSplit?: Dataset['split'],
): Promise<Dataset> {
  const prepared = await prepareDataset(table, mapping, { seed, fixedSplit });
  if (!prepared.ok) throw new UsageError(prepared.error.message);
  firstBlocking(prepared.value.issues);
  return prepared.value.dataset;
}

/** @throws StudioError `bad-input` where the rows cannot be used as they are */
export function firstBlocking(issues: readonly Issue[]): void {
  const blocking = issues.find((issue) => issue.severity === 'blocking');
  if (blocking)
    throw new StudioError('bad-input', `${blocking.title}. ${blocking.advice}`, { data: { kind: blocking.kind } });
}

function split(data: Rows, test: Rows, mapping: ColumnMapping, { trainRows }: DataOptions): Dataset['split'] {
  const usable = data.filter((row) => isUsable(row, mapping)).map((row) => row.id);
  const train = trainRows ?? Math.max(Math.ceil((2 / 3) * usable.length), usable.length - MAX_VALIDATION);
  return {
    train: usable.slice(0, train),
    validation: usable.slice(train, train + Math.min(MAX_VALIDATION, Math.floor(train / 2))),
    test: test.map((row) => row.id),
  };
}

/** Without a test file: the stratified split, of whose rows the first `--train-rows` in the file train. */
function ownSplit({ split: own }: Dataset, { trainRows }: DataOptions): Dataset['split'] {
  if (trainRows === null) return own;
  const rest = [...own.train, ...own.validation];
  const inFileOrder = rest.sort((a, b) => Number(ownId(a)) - Number(ownId(b)));
  const validation = Math.min(MAX_VALIDATION, Math.floor(trainRows / 2));
  return {
    train: inFileOrder.slice(0, trainRows),
    validation: inFileOrder.slice(trainRows, trainRows + validation),
    test: own.test,
  };
}

const limited = (parts: Dataset['split'], { testRows }: DataOptions): Dataset['split'] => ({
  ...parts,
  test: testRows === null ? parts.test : parts.test.slice(0, testRows),
});
