import { type Failure, fail, ok, type Result } from '../lib/result';
import { constantColumns } from './columns';
import { withHashes } from './keys';
import {
  type ClassShare,
  classBalance,
  labelCounts,
  labelSet,
  type Spellings,
  textKey,
  withCommonSpelling,
} from './labels';
import { lint } from './lint/lint';
import { adoptSplit, type Shares, splitRows } from './split';
import { type SplitColumns, splitByColumn, splitByGroup, splitColumns } from './split-by';
import { joinTags, NO_LABEL, separatorOf, tagsIn } from './tags';
import { type AnswersWith, TASK_FACTS } from './task-facts';
import { type ColumnMapping, type Dataset, type Issue, mapped, type Rows, type SplitBy, type Table } from './types';

export interface Prepared {
  readonly dataset: Dataset;
  readonly issues: readonly Issue[];
  readonly balance: readonly ClassShare[];
  readonly splitColumns: SplitColumns;
  readonly constantColumns: readonly string[];
}

export interface PrepareOptions {
  readonly seed: number;
  readonly shares?: Shares | undefined;
  /** Given from outside, such as the sample's. */
  readonly fixedSplit?: Dataset['split'] | undefined;
  readonly splitBy?: SplitBy | undefined;
  /** Labels that still exist keep this order, new ones come last. */
  readonly labelOrder?: readonly string[] | undefined;
}

function inOrder(set: readonly Spellings[], order: readonly string[]): readonly Spellings[] {
  const place = new Map(order.map((label, i) => [textKey(label), i]));
  const at = ({ label }: Spellings) => place.get(textKey(label)) ?? order.length;
  return set.toSorted((a, b) => at(a) - at(b));
}

/** Ids from the mapped column, made unique by the row's number; without a column the 1-based row number. */
export function withIds(rows: Rows, column: string | null): Rows {
  const seen = new Set<string>();
  return mapped(rows, (row, i) => {
    const wanted = column === null ? '' : (row.cells[column] ?? '').trim();
    const id = wanted === '' ? String(i + 1) : wanted;
    const unique = seen.has(id) ? `${id} (row ${i + 1})` : id;
    seen.add(unique);
    return unique === row.id ? row : { ...row, id: unique };
  });
}

function unknownColumn(table: Table, mapping: ColumnMapping): string | null {
  const named = [mapping.text, mapping.label, mapping.id].filter((name): name is string => name !== null);
  return named.find((name) => !table.columns.includes(name)) ?? null;
}

function splitInParts(rows: Rows, mapping: ColumnMapping, { splitBy, seed, shares }: PrepareOptions) {
  switch (splitBy?.kind) {
    case 'column':
      return splitByColumn(rows, mapping, splitBy.column, seed);
    case 'group':
      return splitByGroup(rows, mapping, splitBy.column, seed, shares);
    default:
      return ok(splitRows(rows, mapping, seed, shares));
  }
}

interface ReadLabels {
  readonly rows: Rows;
  readonly set: readonly Spellings[];
}

/** The labels of a column, and its cells with their common spelling. */
const READ: Readonly<Record<AnswersWith, (rows: Rows, column: string, order: readonly string[]) => ReadLabels>> = {
  label: (rows, column, order) => {
    const set = inOrder(labelSet(rows, column), order);
    return { rows: withCommonSpelling(rows, column, set), set };
  },
  labels: readTags,
  text: (rows) => ({ rows, set: [] }),
};

/** Every label of every cell; cells name their labels in the order of the labels. */
function readTags(rows: Rows, column: string, order: readonly string[]): ReadLabels {
  const cells = rows.map((row) => row.cells[column] ?? '');
  const separator = separatorOf(cells);
  const parts = cells.flatMap((cell) => tagsIn(cell, separator)).filter((part) => part !== NO_LABEL);
  const named = parts.map((part, i) => ({ id: String(i), line: i, cells: { [column]: part } }));
  const set = [...inOrder(labelSet(named, column), order), { label: NO_LABEL, spellings: [NO_LABEL] }];
  const labels = set.map(({ label }) => label);
  const index = new Map(labels.map((label, i) => [textKey(label), i]));
  const written = mapped(rows, (row) => {
    const cell = row.cells[column] ?? '';
    const places = tagsIn(cell, separator).map((tag) => index.get(textKey(tag)) ?? -1);
    const tags = labels.filter((_, i) => places.includes(i));
    const tidy = joinTags(tags);
    return tidy === cell ? row : { ...row, cells: { ...row.cells, [column]: tidy } };
  });
  return { rows: written, set };
}

/** Label cells get their common spelling, so that `row.cells[mapping.label]` is one of `labels` (or blank) from here on. */
export async function prepareDataset(
  table: Table,
  mapping: ColumnMapping,
  options: PrepareOptions,
): Promise<Result<Prepared, Failure<'unknown-column' | 'same-column' | 'no-parts' | 'few-groups'>>> {
  const unknown = unknownColumn(table, mapping);
  if (unknown !== null)
    return fail(
      'unknown-column',
      `There is no column “${unknown}”; there are ${table.columns.map((c) => `“${c}”`).join(', ')}.`,
    );
  if (mapping.text === mapping.label)
    return fail(
      'same-column',
      `“${mapping.text}” cannot be both the text and the answer: choose another column for one of them.`,
    );

  const read = READ[TASK_FACTS[mapping.task].answersWith](table.rows, mapping.label, options.labelOrder ?? []);
  const { set } = read;
  const rows = withIds(read.rows, mapping.id);
  const parts = options.fixedSplit
    ? ok(adoptSplit(rows, mapping, options.fixedSplit))
    : splitInParts(rows, mapping, options);
  if (!parts.ok) return parts;
  const split = parts.value;
  const labelled = { table: { ...table, rows }, mapping, labels: set.map(({ label }) => label) };
  const dataset: Dataset = await withHashes({
    ...labelled,
    split,
    trainCounts: labelCounts(labelled, split.train),
    seed: options.seed,
    splitBy: options.splitBy ?? { kind: 'seed' },
  });
  return ok({
    dataset,
    issues: lint(dataset, set),
    balance: classBalance(dataset),
    splitColumns: splitColumns(dataset),
    constantColumns: constantColumns(dataset.table),
  });
}
