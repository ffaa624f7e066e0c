import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { drawnRows } from '../dataset/draw';
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
 * A dataset for the command line. With `--test`: test rows are that file's, else a stratified share of DATA.csv. With
 * `--train-rows N`: N of the other rows train and min(100, N/2) validate, each drawn by the seed with the labels in
 * proportion; so are `--test-rows`.
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
  const first = await prepare(table, mapping, seed, test ? besideTest(data.rows, test.rows) : undefined);
  const dataset = await prepare(table, mapping, seed, partsOf(first, options));
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

/** All rows of DATA.csv train, before some of them are drawn for validation. */
const besideTest = (data: Rows, test: Rows): Dataset['split'] => ({
  train: data.map(({ id }) => id),
  validation: [],
  test: test.map(({ id }) => id),
});

/** Rows for training and validation, drawn from those that do not test. `train`: how many; null = all that are left. */
export function drawnTraining(
  dataset: Dataset,
  sizes: { readonly train: number | null; readonly validation: number },
): Pick<Dataset['split'], 'train' | 'validation'> {
  const rest = restOf(dataset);
  const validation = drawnRows(dataset, rest, sizes.validation);
  const validates = new Set(validation);
  const left = rest.filter((id) => !validates.has(id));
  return { train: drawnRows(dataset, left, sizes.train ?? left.length), validation };
}

/** Rows that may be used for training and validation. */
export const restOf = ({ split: { train, validation } }: Dataset): readonly string[] => [...train, ...validation];

function partsOf(dataset: Dataset, { test: testFile, trainRows, testRows }: DataOptions): Dataset['split'] {
  const test = drawnRows(dataset, dataset.split.test, testRows ?? dataset.split.test.length);
  if (testFile === null && trainRows === null) return { ...dataset.split, test };
  const rest = restOf(dataset).length;
  const train = trainRows ?? Math.max(Math.ceil((2 / 3) * rest), rest - MAX_VALIDATION);
  const validation = Math.min(MAX_VALIDATION, Math.floor(train / 2), Math.max(0, rest - train));
  return { ...drawnTraining(dataset, { train, validation }), test };
}
