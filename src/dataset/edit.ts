/** Changes of an open data set's rows. Each makes a version that traces a number to its rows, and that can be undone. */
import { groupBy } from '../lib/collect';
import { counted, listed } from '../lib/format';
import { type Failure, fail, ok, type Result } from '../lib/result';
import { type AddRows, isTooSmall, leftOutWords, newRows } from './append';
import { groupColumn, together } from './families';
import { isUsable, rowsById, rowsOf, wellFormed } from './labels';
import { MENDS, type Mendable } from './mends';
import { twinFamilies } from './near-twins';
import { findPersonal, maskPersonal, personalWords } from './personal';
import { type Prepared, prepareDataset, withIds } from './prepare';
import { splitRows } from './split';
import {
  type CellChange,
  type Change,
  type ColumnMapping,
  type Dataset,
  type DataVersion,
  PARTS,
  type Row,
  type Rows,
  type SplitName,
  type Table,
} from './types';

const quoted = (text: string) => `“${text.length > 30 ? `${text.slice(0, 29).trimEnd()}…` : text}”`;

const NAMED = 4;
const named = (labels: readonly string[]) =>
  labels.length > NAMED
    ? [...labels.slice(0, NAMED - 1).map(quoted), counted(labels.length - NAMED + 1, 'other label')]
    : labels.map(quoted);

/** Holds no row's text. */
function describeChange(change: Change, cells: readonly CellChange[], label: string): string {
  const rows = counted(new Set(cells.map(({ rowId }) => rowId)).size, 'row');
  switch (change.kind) {
    case 'cell': {
      const cell = cells.find(({ rowId, column }) => rowId === change.rowId && column === label);
      const how = cell ? `, from ${quoted(cell.before)} to ${quoted(cell.after)}` : '';
      return `Row ${change.rowId}: “${change.column}” changed${how}`;
    }
    case 'merge-labels':
      return `${listed(named(change.from))} merged into ${quoted(change.into)} in ${rows}`;
    case 'mend':
      return `${MENDS[change.mend].done} in ${rows}`;
    case 'label-rows':
      return `${rows} labelled by hand`;
    case 'relabel':
      return `${counted(cells.length, 'label')} of test rows corrected without seeing any prediction`;
    case 'unlabel':
      return `${rows} left out: the label was removed`;
    case 'mask':
      return `${personalWords(cells.flatMap(({ before }) => findPersonal(before)))} masked in ${rows}`;
    case 'add-rows':
      return `Rows added from ${change.from}`;
    case 'go-back':
      return `Back to version ${change.version}`;
  }
}

export type EditFailure = Failure<
  | 'test-row'
  | 'unknown-row'
  | 'id-column'
  | 'nothing-changed'
  | 'nothing-added'
  | 'no-way-back'
  | 'no-column'
  | 'too-many-rows'
  | 'unknown-column'
  | 'same-column'
  | 'no-parts'
  | 'few-groups'
>;

function withCells(rows: Rows, cells: readonly Pick<CellChange, 'rowId' | 'column' | 'after'>[]): Rows {
  const byRow = groupBy(cells, ({ rowId }) => rowId);
  return rows.map((row) => {
    const wanted = byRow.get(row.id)?.map(({ column, after }) => [column, after]);
    return wanted ? { ...row, cells: { ...row.cells, ...Object.fromEntries(wanted) } } : row;
  });
}

function difference(before: Rows, after: Rows, columns: readonly string[]): readonly CellChange[] {
  return before.flatMap((row, i) => {
    const next = after.at(i);
    if (!next || next === row) return [];
    return columns.flatMap((column) => {
      const [was, is] = [row.cells[column] ?? '', next.cells[column] ?? ''];
      return was === is ? [] : [{ rowId: row.id, column, before: was, after: is }];
    });
  });
}

function changedRows(dataset: Dataset, change: Exclude<Change, { kind: 'go-back' | 'add-rows' | 'mend' }>) {
  const { table, mapping, split } = dataset;
  const labelled = (labels: readonly (readonly [rowId: string, label: string])[]) =>
    withCells(
      table.rows,
      labels.map(([rowId, label]) => ({ rowId, column: mapping.label, after: wellFormed(label) })),
    );
  switch (change.kind) {
    case 'cell': {
      const { rowId, column, value } = change;
      if (column === mapping.id)
        return fail('id-column', `“${column}” names the rows, so its cells cannot be changed here.`);
      if (split.test.includes(rowId))
        return fail(
          'test-row',
          `Row ${rowId} is a test row: its cells are locked so that results cannot influence the test.`,
        );
      if (!rowsById(table.rows).has(rowId)) return fail('unknown-row', `Row ${rowId} no longer exists.`);
      return ok(withCells(table.rows, [{ rowId, column, after: wellFormed(value) }]));
    }
    case 'merge-labels': {
      const from = new Set(change.from);
      const merged = (row: Row) =>
        from.has(row.cells[mapping.label] ?? '')
          ? { ...row, cells: { ...row.cells, [mapping.label]: change.into } }
          : row;
      return ok(table.rows.map(merged));
    }
    case 'label-rows': {
      const byId = rowsById(table.rows);
      return ok(labelled(change.labels.filter(([id]) => (byId.get(id)?.cells[mapping.label] ?? '').trim() === '')));
    }
    case 'relabel':
      return ok(labelled(change.labels));
    case 'unlabel': {
      const held = new Set(split.test);
      return ok(labelled(change.rowIds.flatMap((id) => (held.has(id) ? [] : [[id, ''] as const]))));
    }
    case 'mask': {
      const columns = change.columns.filter((name) => name !== mapping.label && name !== mapping.id);
      const masked = (row: Row) => {
        const cells = columns.flatMap((name) => {
          const cell = row.cells[name] ?? '';
          const safe = maskPersonal(cell);
          return safe === cell ? [] : [[name, safe] as const];
        });
        return cells.length === 0 ? row : { ...row, cells: { ...row.cells, ...Object.fromEntries(cells) } };
      };
      return ok(table.rows.map(masked));
    }
  }
}

function undoable(versions: readonly DataVersion[], wanted: number): readonly DataVersion[] | null {
  const later = versions.filter(({ number }) => number > wanted).reverse();
  const known = versions.some(({ number }) => number === wanted);
  return known && later.every(({ cells }) => cells !== null) ? later : null;
}

interface Changed {
  readonly rows: Rows;
  /** Undefined: the rows are dealt out again. */
  readonly split: Dataset['split'] | undefined;
  /** So many are the rows from before, some with other cells; those after them are removed, or added. */
  readonly common: number;
  readonly shape?: Pick<Mendable, 'mapping'> & Pick<Table, 'columns'>;
  /** The sentence of the version, where the cells do not give it. */
  readonly what?: string;
  readonly version?: Pick<DataVersion, 'added' | 'removed'>;
}

function earlier(dataset: Dataset, later: readonly DataVersion[]): Changed {
  const now = dataset.table.rows;
  let rows = now;
  let common = now.length;
  for (const { cells, added = 0, removed = [] } of later) {
    rows = withCells(
      rows,
      (cells ?? []).map(({ rowId, column, before }) => ({ rowId, column, after: before })),
    );
    common = Math.min(common, rows.length - added);
    if (added + removed.length > 0) rows = [...rows.slice(0, rows.length - added), ...removed];
  }
  const byId = rowsById(rows);
  const placed = new Set(PARTS.flatMap((part) => dataset.split[part]));
  const back = new Map(later.flatMap(({ dropped }) => dropped).filter(([id]) => byId.has(id) && !placed.has(id)));
  const part = (name: SplitName) =>
    dataset.split[name]
      .filter((id) => byId.has(id))
      .concat([...back].filter(([, was]) => was === name).map(([id]) => id));
  const removed = now.slice(common);
  return {
    rows,
    common,
    split: { train: part('train'), validation: part('validation'), test: part('test') },
    version: {
      ...(removed.length > 0 ? { removed } : {}),
      ...(rows.length > common ? { added: rows.length - common } : {}),
    },
  };
}

function withAdded(dataset: Dataset, change: AddRows): Result<Changed, EditFailure> {
  const { table, mapping, split } = dataset;
  const found = newRows(dataset, change);
  if (!found.ok) return found;
  const { leftOut, rows: fresh } = found.value;
  const without = leftOutWords(leftOut);
  if (fresh.length === 0)
    return fail('nothing-added', `${change.from} has no row to add${without === '' ? '' : `, ${without}`}.`);
  const rows = withIds([...table.rows, ...fresh], mapping.id);
  const ids = rows.slice(table.rows.length).map(({ id }) => id);
  const isDealt = isTooSmall(dataset);
  return ok({
    rows,
    common: table.rows.length,
    split: isDealt ? undefined : { ...split, train: [...split.train, ...ids] },
    what: `${counted(fresh.length, 'row')} from ${change.from} added${isDealt ? '' : ' to training'}${without === '' ? '' : ` (${without})`}`,
    version: { added: fresh.length },
  });
}

function withMend(dataset: Dataset, { mend, most }: Extract<Change, { kind: 'mend' }>): Changed {
  const { split, table } = dataset;
  const mended = MENDS[mend].apply(dataset, most);
  const { columns, rows } = mended.table;
  const isOther = columns !== table.columns || mended.mapping.label !== dataset.mapping.label;
  return {
    rows,
    split,
    common: table.rows.length,
    ...(isOther ? { shape: { columns, mapping: mended.mapping }, what: MENDS[mend].done } : {}),
  };
}

/**
 * Rows that have a label only now are for training; those labelled one after the other are dealt out to all parts, except
 * families that a part has already. Undefined: nothing to keep.
 */
function keptSplit(
  table: Table,
  mapping: ColumnMapping,
  { split, seed, splitBy }: Pick<Dataset, 'split' | 'seed' | 'splitBy'>,
  isDealt: boolean,
): Dataset['split'] | undefined {
  const partOf = new Map(PARTS.flatMap((part) => split[part].map((id) => [id, part] as const)));
  const fresh = table.rows.filter((row) => !partOf.has(row.id) && isUsable(row, mapping));
  if (partOf.size === 0) return undefined;
  if (fresh.length === 0) return split;
  if (!isDealt) return { ...split, train: [...split.train, ...fresh.map(({ id }) => id)] };
  const all = [...rowsOf({ table, split }, [...partOf.keys()]), ...fresh];
  const families = together(all, mapping, groupColumn({ splitBy }), twinFamilies(all, mapping).families);
  const known = new Map(
    families.flatMap((family) => {
      const parts = new Set(family.map(({ id }) => partOf.get(id)));
      const part = PARTS.find((name) => parts.has(name));
      return part ? family.map((row) => [row, part] as const) : [];
    }),
  );
  const dealt = splitRows(
    fresh.filter((row) => !known.has(row)),
    mapping,
    seed,
  );
  const grown = (part: SplitName) => [
    ...split[part],
    ...dealt[part],
    ...fresh.filter((row) => known.get(row) === part).map(({ id }) => id),
  ];
  return { train: grown('train'), validation: grown('validation'), test: grown('test') };
}

function dropped(before: Dataset['split'], after: Dataset['split']): DataVersion['dropped'] {
  const left = new Set(PARTS.flatMap((part) => after[part]));
  return PARTS.flatMap((part) => before[part].filter((id) => !left.has(id)).map((id) => [id, part] as const));
}

function changedBy(dataset: Dataset, change: Change): Result<Changed, EditFailure> {
  if (change.kind === 'add-rows') return withAdded(dataset, change);
  if (change.kind === 'mend') return ok(withMend(dataset, change));
  if (change.kind !== 'go-back') {
    const rows = changedRows(dataset, change);
    return rows.ok ? ok({ rows: rows.value, split: dataset.split, common: rows.value.length }) : rows;
  }
  const later = undoable(dataset.versions ?? [], change.version);
  return later
    ? ok(earlier(dataset, later))
    : fail('no-way-back', `Version ${change.version} had other rows or columns: open its file again to go back to it.`);
}

/** @param now ISO time */
export async function editDataset(
  dataset: Dataset,
  change: Change,
  now: string,
): Promise<Result<Prepared, EditFailure>> {
  const { table, seed, versions = [] } = dataset;
  const changed = changedBy(dataset, change);
  if (!changed.ok) return changed;
  const next = changed.value;
  const { columns, mapping } = next.shape ?? { columns: table.columns, mapping: dataset.mapping };
  const isDealt = change.kind === 'label-rows';
  const { split } = next;
  const changedTable = { ...table, columns, rows: next.rows };
  const kept = () => split && keptSplit(changedTable, mapping, { ...dataset, split }, isDealt);
  const fixedSplit = change.kind === 'add-rows' ? split : kept();
  const prepared = await prepareDataset(changedTable, mapping, {
    seed,
    fixedSplit,
    splitBy: dataset.splitBy,
    labelOrder: dataset.labels,
  });
  if (!prepared.ok) return prepared;
  const made = prepared.value.dataset;
  const cells = next.shape ? null : difference(table.rows.slice(0, next.common), made.table.rows, columns);
  if (cells?.length === 0 && next.common === table.rows.length && next.version?.added === undefined)
    return fail('nothing-changed', 'Nothing changed: the rows are like that already.');
  const version: DataVersion = {
    number: (versions.at(-1)?.number ?? 0) + 1,
    createdAt: now,
    fingerprint: made.fingerprint,
    what: next.what ?? describeChange(change, cells ?? [], mapping.label),
    cells,
    ...next.version,
    dropped: dropped(dataset.split, made.split),
  };
  return ok({ ...prepared.value, dataset: { ...made, versions: [...versions, version] } });
}
