/** Splits that follow a column: its cells name the parts, or rows with the same cell stay together. */
import { type Failure, fail, ok, type Result } from '../lib/result';
import { together } from './families';
import { isUsable, textKey } from './labels';
import {
  idsOf,
  keepingTwins,
  labelTally,
  type Parts,
  type Shares,
  sharesFor,
  splitRows,
  splitSizes,
  usableRows,
  usedRows,
} from './split';
import { type ColumnMapping, type Dataset, PARTS, type Row, type Rows, type SplitBy, type SplitName } from './types';

type Split = Dataset['split'];

export const MIN_GROUPS = 10;

/** Without spaces and hyphens. */
const NAMES: Readonly<Record<SplitName, readonly string[]>> = {
  train: ['train', 'training', 'trn', 'learn', 'fit'],
  validation: ['validation', 'valid', 'val', 'dev', 'development', 'tune', 'tuning'],
  test: ['test', 'testing', 'heldback', 'heldout', 'holdout', 'eval'],
};
const PART_OF = new Map(PARTS.flatMap((part) => NAMES[part].map((name) => [name, part] as const)));

export const partNamed = (cell: string): SplitName | null => PART_OF.get(textKey(cell).replace(/[\s-]/g, '')) ?? null;

const cellOf = (row: Row, column: string) => row.cells[column] ?? '';
const listed = (values: readonly string[]) => values.map((value) => `“${value}”`).join(', ');

/** Both test and training rows must be among the parts named. */
export function partColumns(columns: readonly string[], rows: Rows): readonly string[] {
  return columns.filter((column) => {
    const named = new Set(rows.slice(0, 5000).map((row) => partNamed(cellOf(row, column))));
    return named.has('train') && named.has('test') && !(named.size > 3 && named.has(null));
  });
}

function groupColumns(columns: readonly string[], rows: Rows): readonly string[] {
  const sample = rows.slice(0, 5000);
  return columns.filter((column) => {
    const filled = sample.map((row) => textKey(cellOf(row, column))).filter((key) => key !== '');
    const groups = new Set(filled).size;
    return groups >= MIN_GROUPS && groups <= 0.9 * filled.length;
  });
}

export interface SplitColumns {
  readonly naming: readonly string[];
  readonly grouping: readonly string[];
}

export function splitColumns({ table: { columns, rows }, mapping }: Pick<Dataset, 'table' | 'mapping'>): SplitColumns {
  const free = columns.filter((name) => name !== mapping.text && name !== mapping.label);
  return {
    naming: partColumns(free, rows),
    grouping: groupColumns(free, rows).filter((name) => name !== mapping.id),
  };
}

export function groupsInBoth(a: Rows, b: Rows, column: string): readonly string[] {
  const keys = new Set(a.map((row) => textKey(cellOf(row, column))));
  const shared = new Map(b.map((row) => [textKey(cellOf(row, column)), cellOf(row, column)]));
  return [...shared].flatMap(([key, cell]) => (key !== '' && keys.has(key) ? [cell] : []));
}

const sameSplit = (a: SplitBy, b: SplitBy) =>
  a.kind === b.kind && (a.kind === 'seed' || (b.kind !== 'seed' && a.column === b.column));

/** The one in use is a choice even where the columns no longer allow it. */
export function splitChoices({ naming, grouping }: SplitColumns, now: SplitBy): readonly SplitBy[] {
  const choices: readonly SplitBy[] = [
    { kind: 'seed' },
    ...naming.map((column) => ({ kind: 'column', column }) as const),
    ...grouping.map((column) => ({ kind: 'group', column }) as const),
  ];
  return choices.some((by) => sameSplit(by, now)) ? choices : [...choices, now];
}

export interface SplitChange {
  /** The rest is shared 50 : 15 between training and validation. */
  readonly testRows?: number;
  readonly seed?: number;
  readonly by?: SplitBy;
}

/** What the change does not name stays as it was; after a column that named the parts, the default shares apply. */
export function splitAgain(dataset: Dataset, { testRows, seed, by }: SplitChange) {
  const wasByColumn = dataset.splitBy.kind === 'column';
  const rows = testRows ?? (wasByColumn ? null : dataset.split.test.length);
  return {
    ...(rows === null ? {} : { shares: sharesFor(rows / usedRows(dataset)) }),
    splitBy: by ?? dataset.splitBy,
    seed: seed ?? dataset.seed,
    labelOrder: dataset.labels,
  };
}

/** Where the column names no validation rows, they come out of training in the default's proportion. */
const VALIDATION_OF_TRAIN = 0.15 / 0.65;

/** Rows whose cell names no part are in none. */
export function splitByColumn(
  rows: Rows,
  mapping: ColumnMapping,
  column: string,
  seed: number,
): Result<Split, Failure<'no-parts'>> {
  const usable = rows.filter((row) => isUsable(row, mapping));
  const of = (part: SplitName) => usable.filter((row) => partNamed(cellOf(row, column)) === part);
  const [train, validation, test] = PARTS.map(of) as [Row[], Row[], Row[]];
  if (train.length === 0 || test.length === 0) {
    const values = [...new Set(rows.map((row) => cellOf(row, column).trim()))].slice(0, 4);
    return fail(
      'no-parts',
      `“${column}” names no ${train.length === 0 ? 'training' : 'test'} rows: it says ${listed(values)}. Cells such as train, validation and test are understood; the split is unchanged.`,
    );
  }
  const named = idsOf({ train, validation, test }, mapping, seed);
  if (validation.length > 0) return ok(named);
  const shares = { train: 1 - VALIDATION_OF_TRAIN, validation: VALIDATION_OF_TRAIN, test: 0 };
  return ok({ ...splitRows(train, mapping, seed, shares), test: named.test });
}

/**
 * Whole groups, the largest first, go where they bring the parts nearest to their share of every label, after scikit-learn's
 * StratifiedGroupKFold. A row without a cell is a group of its own.
 */
export function splitByGroup(
  rows: Rows,
  mapping: ColumnMapping,
  column: string,
  seed: number,
  shares?: Shares,
): Result<Split, Failure<'few-groups'>> {
  const usable = usableRows(rows, mapping, seed);
  const { length } = together(usable, mapping, column);
  if (length < MIN_GROUPS)
    return fail(
      'few-groups',
      `“${column}” has only ${length} groups: too few for three parts. Choose a column with more different cells, such as a customer or a thread.`,
    );
  const sizes = splitSizes(usable.length, shares);
  const parts = keepingTwins(usable, mapping, sizes, (families) =>
    dealtOut(together(usable, mapping, column, families), mapping, sizes),
  );
  return ok(idsOf(parts, mapping, seed));
}

function dealtOut(
  groups: readonly (readonly Row[])[],
  mapping: ColumnMapping,
  sizes: Readonly<Record<SplitName, number>>,
): Parts {
  const usable = groups.flat();
  const labels = labelTally(usable, mapping);
  const state = PARTS.filter((part) => sizes[part] > 0).map((part) => ({
    part,
    rows: [] as Row[],
    wanted: new Map([...labels].map(([label, n]) => [label, (n * sizes[part]) / usable.length])),
    has: new Map([...labels.keys()].map((label) => [label, 0])),
  }));
  for (const group of groups.toSorted((a, b) => b.length - a.length)) {
    const counts = labelTally(group, mapping);
    /** How much fuller than its share the group would make the part. */
    const cost = ({ wanted, has }: (typeof state)[number]) =>
      [...counts].reduce((sum, [label, n]) => {
        const [want, before] = [wanted.get(label) as number, has.get(label) as number];
        return sum + (n * (2 * (before - want) + n)) / want;
      }, 0);
    const best = state.reduce((a, b) => (cost(b) < cost(a) ? b : a));
    best.rows.push(...group);
    for (const [label, n] of counts) best.has.set(label, (best.has.get(label) as number) + n);
  }
  const of = (name: SplitName) => state.flatMap(({ part, rows }) => (part === name ? rows : []));
  return { train: of('train'), validation: of('validation'), test: of('test') };
}
