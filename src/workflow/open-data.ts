/**
 * Opening data: a file becomes a table, its columns are guessed, and its rows are checked, split and counted. Page and
 * command line both go through here; neither needs a model.
 */
import { guessColumns } from '../dataset/columns';
import { editDataset } from '../dataset/edit';
import { type ByTask, taskKindOf } from '../dataset/kind';
import { type ParseOverride, parsing } from '../dataset/parse';
import { type Prepared, type PrepareOptions, prepareDataset } from '../dataset/prepare';
import type { Change, ColumnMapping, Dataset, Table } from '../dataset/types';
import { type Detectable, detectable, detectableTexts } from '../evaluation/rows';
import { fileBytes } from '../lib/bytes';
import { unwrap } from '../lib/result';
import { inSteps } from '../lib/steps';
import type { Run } from './host';

export interface DataFile {
  readonly fileName: string;
  readonly bytes: Uint8Array | Blob;
  /** Delimiter and encoding, where they are not to be guessed. */
  readonly override?: ParseOverride | undefined;
}

/** So many bytes of the file have been read. */
export interface BytesRead {
  readonly done: number;
  readonly total: number;
}

export interface ReadTable extends Table {
  /** Which column is which; null where the file does not say. */
  readonly guess: ColumnMapping | null;
}

/** A labelled, split data set with its issues, and what its test rows can show. */
export interface PreparedData extends Prepared {
  readonly detectable: Detectable;
}

const DETECTABLE: ByTask<(testRows: number) => Detectable> = { classify: detectable, generate: detectableTexts };

const withDetectable = (prepared: Prepared): PreparedData => {
  const { mapping, split } = prepared.dataset;
  return { ...prepared, detectable: DETECTABLE[taskKindOf(mapping)](split.test.length) };
};

/** @throws StudioError `bad-input` for a file that cannot be read, `cancelled` */
export async function readTable(
  { fileName, bytes: source, override }: DataFile,
  run: Run<BytesRead>,
): Promise<ReadTable> {
  const bytes = source instanceof Blob ? await fileBytes(source) : source;
  const total = bytes.length;
  const read = (share: number) => run.emit({ done: Math.round(share * total), total });
  const table = unwrap(await inSteps(parsing(fileName, bytes, override), run.control, read));
  return { ...table, guess: guessColumns(table) };
}

/** @throws StudioError `bad-input` for columns or a split that the table does not allow */
export const prepareRows = async (
  table: Table,
  mapping: ColumnMapping,
  options: PrepareOptions,
): Promise<PreparedData> => withDetectable(unwrap(await prepareDataset(table, mapping, options)));

/**
 * The data set after a change of its rows, with the version that it makes.
 * @param now ISO time @throws StudioError `bad-input` where nothing changes or may be changed
 */
export const changeRows = async (dataset: Dataset, change: Change, now: string): Promise<PreparedData> =>
  withDetectable(unwrap(await editDataset(dataset, change, now)));
