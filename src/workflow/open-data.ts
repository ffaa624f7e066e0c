/** Opening data: a file becomes a table, its columns are guessed, its rows checked and split. Needs no model. */
import { accountOf, accountSentence, without } from '../dataset/account';
import { guessColumns } from '../dataset/columns';
import { drawnRows } from '../dataset/draw';
import { editDataset } from '../dataset/edit';
import { withHashes } from '../dataset/keys';
import { rowsOf, textKeyOf } from '../dataset/labels';
import { blockingIssue } from '../dataset/lint/define';
import { inOrder } from '../dataset/lint/lint';
import { MENDS, withLabelColumn } from '../dataset/mends';
import { nearTwins } from '../dataset/near-twins';
import { type ParseOverride, parseFile } from '../dataset/parse';
import { type Prepared, type PrepareOptions, prepareDataset } from '../dataset/prepare';
import { drawnFamilies, type Shares, sharesFor, usedRows } from '../dataset/split';
import { groupsInBoth, splitAgain } from '../dataset/split-by';
import type { Change, ColumnMapping, Dataset, MendId, Row, RowAccount, SplitBy, Table } from '../dataset/types';
import { type Detectable, detectableIn } from '../evaluation/rows';
import { fileBytes } from '../lib/bytes';
import { inSteps } from '../lib/control';
import { badInput } from '../lib/errors';
import { counted } from '../lib/format';
import { unwrap } from '../lib/result';
import type { RowsDone } from './check-rows';
import { groupIssue } from './group-price';
import type { Run } from './host';
import { MOST_VALIDATION_ROWS } from './training-rows';

export interface DataFile {
  readonly fileName: string;
  readonly bytes: Uint8Array | Blob;
  readonly override?: ParseOverride | undefined;
}

export interface ReadTable extends Table {
  readonly guess: ColumnMapping | null;
}

export interface PreparedData extends Prepared {
  readonly detectable: Detectable;
}

function withFindings(prepared: Prepared): PreparedData {
  const { dataset, issues } = prepared;
  const groups = blockingIssue(issues) ? null : groupIssue(dataset);
  return {
    ...prepared,
    issues: groups ? inOrder([...issues, groups]) : issues,
    detectable: detectableIn(dataset),
  };
}

/** @throws StudioError `bad-input` for a file that cannot be read, `cancelled` */
export async function readTable(
  { fileName, bytes: source, override }: DataFile,
  run: Run<RowsDone>,
): Promise<ReadTable> {
  const bytes = source instanceof Blob ? await fileBytes(source) : source;
  const total = bytes.length;
  const read = (share: number) => run.emit({ done: Math.round(share * total), total });
  const parsed = (how: ParseOverride) => parseFile(fileName, bytes, how, (work) => inSteps(work, run.control, read));
  const found = await parsed(override ?? {});
  if (found.ok || found.error.kind !== 'one-column') {
    const table = unwrap(found);
    return { ...table, guess: guessColumns(table) };
  }
  // texts alone: their labels can be given here
  const texts = unwrap(await parsed({ ...override, oneColumn: true }));
  const text = texts.columns[0] as string;
  const { table, mapping } = withLabelColumn({
    table: texts,
    mapping: { text, label: text, id: null, task: 'classify' },
  });
  return { ...table, guess: mapping };
}

export interface MendedTable {
  readonly table: Table;
  readonly done: readonly string[];
}

/** The table after these mends, one after the other. One that finds nothing leaves it as it is, and says so. */
export function mendTable(table: Table, mapping: ColumnMapping, mends: readonly MendId[]): MendedTable {
  let mended = table;
  const done = mends.map((id) => {
    const before = mended;
    mended = MENDS[id].apply({ table: before, mapping }).table;
    const isOther = mended.columns !== before.columns;
    const rows = mended.rows.filter((row, i) => row !== before.rows.at(i)).length;
    const file = table.format.fileName;
    return rows === 0
      ? `${file} has nothing to mend by “${id}”`
      : `${file}: ${MENDS[id].done}${isOther ? '' : ` in ${counted(rows, 'row')}`}`;
  });
  return { table: mended, done };
}

const prepared = async (...of: Parameters<typeof prepareDataset>): Promise<Prepared> =>
  unwrap(await prepareDataset(...of));

/** @throws StudioError `bad-input` for columns or a split that the table does not allow */
export const prepareRows = async (
  table: Table,
  mapping: ColumnMapping,
  options: PrepareOptions,
): Promise<PreparedData> => withFindings(await prepared(table, mapping, options));

/** The data set after a change, as a new version. @param now ISO time @throws StudioError `bad-input` if unchanged */
export const changeRows = async (dataset: Dataset, change: Change, now: string): Promise<PreparedData> =>
  withFindings(unwrap(await editDataset(dataset, change, now)));

export interface GivenRows {
  readonly data: Table;
  /** Its rows are the test rows; null = a share of `data`. */
  readonly test: Table | null;
  readonly mapping: ColumnMapping;
  readonly seed: number;
  readonly splitBy?: SplitBy | undefined;
  /** Of `data` alone; left out: as usual. */
  readonly shares?: Shares;
}

/** How many rows train and test; null = all of them. */
export interface PartSizes {
  readonly trainRows: number | null;
  readonly testRows: number | null;
}

/** Training and validation rows that say what a test row says: a prompt can answer that one from memory. */
export interface Repeats {
  /** With the very text of a test row. */
  readonly same: readonly string[];
  /** Near-twins of a test row with the same answer. */
  readonly almost: readonly string[];
  readonly isWhole: boolean;
}

export function repeatsOfTest(dataset: Dataset): Repeats {
  const { mapping, split } = dataset;
  const test = rowsOf(dataset, 'test');
  const others = rowsOf(dataset, [...split.train, ...split.validation]);
  const texts = new Set(test.map((row) => textKeyOf(row, mapping)));
  const isSame = (row: Row) => texts.has(textKeyOf(row, mapping));
  const { twins, hasAllTwins } = nearTwins(
    test,
    others.filter((row) => !isSame(row)),
    mapping,
  );
  const ids = (rows: Iterable<Row>) => Array.from(rows, ({ id }) => id);
  return { same: ids(others.filter(isSame)), almost: ids(twins), isWhole: hasAllTwins };
}

function withoutRepeats(dataset: Dataset): Dataset {
  const { same, almost } = repeatsOfTest(dataset);
  const left = new Set([...same, ...almost]);
  const kept = (ids: readonly string[]) => ids.filter((id) => !left.has(id));
  const { train, validation, test } = dataset.split;
  return { ...dataset, split: { train: kept(train), validation: kept(validation), test } };
}

/**
 * A data set whose test rows may be in a file of their own, and of which fewer rows may be used. All parts are drawn by
 * the seed with the labels in proportion.
 * @param dropTwins leave out training and validation rows that repeat a test row, or almost
 * @throws StudioError `bad-input` for rows that cannot be trained on
 */
export async function openParts(given: GivenRows, sizes: PartSizes, dropTwins = false): Promise<Dataset> {
  const { test, seed, splitBy } = given;
  const all = test ? await besideTest(given, test) : await openAlone(given);
  const whole = dropTwins ? withoutRepeats(all) : all;
  const fixedSplit = ofSizes(whole, sizes);
  const { dataset, issues } = await prepared(whole.table, whole.mapping, { seed, fixedSplit, splitBy });
  const account = drawnFrom(without(accountOf(all), 'repeat', usedRows(all) - usedRows(whole)), whole, dataset.split);
  // their test rows come later
  const isExpected = given.shares?.test === 0 && dataset.split.train.length > 0;
  const blocking = blockingIssue(issues.filter(({ kind }) => !(isExpected && kind === 'empty-part')));
  if (blocking)
    throw badInput(`${blocking.title}. ${blocking.advice} ${accountSentence(account)}`, {
      data: { kind: blocking.kind },
    });
  return { ...dataset, account };
}

async function openAlone({ data, mapping, seed, shares, splitBy: by }: GivenRows): Promise<Dataset> {
  const { dataset } = await prepared(data, mapping, { seed, shares });
  return by ? (await prepared(data, mapping, splitAgain(dataset, { by }))).dataset : dataset;
}

const drawnFrom = (account: RowAccount, from: Pick<Dataset, 'split'>, split: Dataset['split']): RowAccount =>
  without(account, 'drawn', usedRows(from) - usedRows({ split }));

/** A data set that only tests: all usable rows, or fewer that are drawn. */
export async function openTestRows(table: Table, mapping: ColumnMapping, testRows: number | null): Promise<Dataset> {
  const all = { train: [], validation: [], test: table.rows.map((_, i) => String(i + 1)) };
  const { dataset } = await prepared(table, { ...mapping, id: null }, { seed: 0, fixedSplit: all });
  const split = ofSizes(dataset, { trainRows: null, testRows });
  return withHashes({ ...dataset, split, account: drawnFrom(accountOf(dataset), dataset, split) });
}

/** In a table of two files this column has the number of a row in its own. */
const NUMBER_COLUMN = '(row)';
const IN_TEST_FILE = 'test:';

/** The number of a row in its own file: `test:12` -> `12`. */
export const numberInFile = (id: string): string => id.replace(IN_TEST_FILE, '');

const numbered = ({ rows }: Table, prefix: string): Table['rows'] =>
  rows.map((row, i) => ({ ...row, cells: { ...row.cells, [NUMBER_COLUMN]: `${prefix}${i + 1}` } }));

/** The rows of one are split, those of the other test. @throws StudioError `bad-input` for a group in both */
async function besideTest({ data, mapping, seed, splitBy }: GivenRows, test: Table): Promise<Dataset> {
  const shared = splitBy?.kind === 'group' ? groupsInBoth(data.rows, test.rows, splitBy.column) : [];
  if (splitBy?.kind === 'group' && shared.length > 0)
    throw badInput(
      `${counted(shared.length, 'group')} of “${splitBy.column}” ${shared.length === 1 ? 'has' : 'have'} rows in both files, such as “${shared[0]}”, so a prompt would be tested on groups that it was trained on. Take their rows out of one file, or give one file with all rows.`,
    );
  const { dataset: own } = await prepared(data, { ...mapping, id: null }, { seed, shares: NO_TEST, splitBy });
  return withTestRows({ ...own, table: data }, test, { splitBy });
}

/** For rows that are all trained on. */
export const NO_TEST = sharesFor(0);

/** Rows that train and validate as they do, with those of another table as the test rows. @param own its ids are the rows' numbers */
export async function withTestRows(
  { table: data, mapping, seed, split }: Pick<Dataset, 'table' | 'mapping' | 'seed' | 'split'>,
  test: Table,
  how: Pick<PrepareOptions, 'splitBy' | 'labelOrder'>,
): Promise<Dataset> {
  const fixedSplit = { ...split, test: test.rows.map((_, i) => `${IN_TEST_FILE}${i + 1}`) };
  const both = {
    ...data,
    rejected: [...data.rejected, ...test.rejected],
    columns: [...data.columns, NUMBER_COLUMN],
    rows: [...numbered(data, ''), ...numbered(test, IN_TEST_FILE)],
  };
  return (await prepared(both, { ...mapping, id: NUMBER_COLUMN }, { seed, fixedSplit, ...how })).dataset;
}

/** With a number of training rows, at most half that number are for validation, in whole families. */
function ofSizes(dataset: Dataset, { trainRows, testRows }: PartSizes): Dataset['split'] {
  const { train, validation, test } = dataset.split;
  const held = drawnRows(dataset, test, testRows ?? test.length);
  if (trainRows === null) return { train, validation, test: held };
  const rest = [...train, ...validation];
  const most = Math.min(MOST_VALIDATION_ROWS, Math.floor(trainRows / 2), Math.max(0, rest.length - trainRows));
  const validates = new Set(drawnFamilies(dataset, rest, most));
  const others = rest.filter((id) => !validates.has(id));
  return { train: drawnRows(dataset, others, trainRows), validation: [...validates], test: held };
}
