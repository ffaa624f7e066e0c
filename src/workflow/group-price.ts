/** What rows of one group (a customer, a thread) in training and test are worth: word counts know its words. */
import { drawnFirst } from '../dataset/draw';
import { labelIndexer, rowsOf, textKey, textKeyOf, textOf } from '../dataset/labels';
import { splitRows } from '../dataset/split';
import { MIN_GROUPS, splitByGroup, splitColumns } from '../dataset/split-by';
import type { Dataset, Issue, Row } from '../dataset/types';
import { groupBy } from '../lib/collect';
import { count, percentWhole } from '../lib/format';
import { accuracy, argmax } from '../metrics/classification';
import { fitWords, wordAnswers } from '../metrics/logistic';

/** Accuracy of word counts, of one column. */
interface GroupPrice {
  readonly column: string;
  readonly groups: number;
  readonly mixed: number;
  readonly together: number;
  /** Of their difference, as if the rows were independent. */
  readonly error: number;
}

const LEAST_ROWS = 100;
/** Fewer where a fit has many labels. */
const mostRows = (labels: number) => Math.max(500, Math.min(2000, 12_000 / labels));
const MOST_CHARACTERS = 2000;
/** Larger groups are no customers or threads. */
const LARGEST_SHARE = 0.1;
const LEAST_PRICE = 0.03;
const MOST_COLUMNS = 3;
const SEEDS = [0, 1];
const PARTS = { train: 0.65, validation: 0, test: 0.35 };
/** Near the reference line, in a fraction of its time. */
const WORDS = { ngrams: 1, sublinear: true, tolerance: 1 };

interface Sample {
  /** Of all rows. */
  readonly groups: number;
  readonly rows: readonly Row[];
}

/** By column: an edit elsewhere does not count the words again. */
const lastPrices = new Map<string, { readonly key: string; readonly price: GroupPrice | null }>();

/** Whole groups, as many as are fast to count; null where the column is no group. */
function sampleOf(rows: readonly Row[], dataset: Dataset, column: string): Sample | null {
  const groups = groupBy(rows, (row) => textKey(row.cells[column] ?? ''));
  groups.delete('');
  const all = [...groups.values()];
  const texts = all.map((group) => new Set(group.map((row) => textKeyOf(row, dataset.mapping))).size);
  const largest = Math.max(0, ...all.map(({ length }) => length));
  const isGroup = all.length >= MIN_GROUPS && largest <= LARGEST_SHARE * rows.length;
  if (!isGroup || texts.reduce((sum, n) => sum + n, 0) < 2 * all.length) return null;
  const first = new Map(all.map((group) => [(group[0] as Row).id, group]));
  const most = mostRows(dataset.labels.length);
  const drawn: Row[] = [];
  for (const id of drawnFirst(dataset, [...first.keys()])) {
    if (drawn.length >= most) break;
    drawn.push(...(first.get(id) ?? []).slice(0, LARGEST_SHARE * most));
  }
  return { groups: all.length, rows: drawn };
}

function accuracyOf(rows: readonly Row[], dataset: Dataset, split: Dataset['split']): number {
  const { mapping, labels } = dataset;
  const indexOf = labelIndexer(dataset);
  const part = (ids: readonly string[]) => {
    const own = rowsOf({ table: { ...dataset.table, rows }, split }, ids).filter((row) => indexOf(row) !== null);
    return {
      texts: own.map((row) => textOf(row, mapping).slice(0, MOST_CHARACTERS)),
      gold: own.map((row) => indexOf(row) as number),
    };
  };
  const [train, test] = [part(split.train), part(split.test)];
  const answers = wordAnswers(fitWords(train.texts, train.gold, labels.length, WORDS));
  return accuracy(test.gold, answers(test.texts).map(argmax));
}

function priceOf(rows: readonly Row[], dataset: Dataset, column: string): GroupPrice | null {
  const { mapping } = dataset;
  const sample = sampleOf(rows, dataset, column);
  if (!sample || sample.rows.length < LEAST_ROWS) return null;
  const of = sample.rows.map((row) => [mapping.text, mapping.label, column].map((name) => row.cells[name]));
  const key = JSON.stringify([column, sample.groups, dataset.labels, of]);
  const known = lastPrices.get(column);
  if (known?.key === key) return known.price;
  const price = measured(sample, dataset, column);
  if (lastPrices.size >= MOST_COLUMNS) lastPrices.clear();
  lastPrices.set(column, { key, price });
  return price;
}

function measured(sample: Sample, dataset: Dataset, column: string): GroupPrice | null {
  const { mapping } = dataset;
  const pairs = SEEDS.flatMap((seed) => {
    const apart = splitByGroup(sample.rows, mapping, column, seed, PARTS);
    const both = apart.ok && [splitRows(sample.rows, mapping, seed, PARTS), apart.value];
    return both ? [both.map((split) => accuracyOf(sample.rows, dataset, split))] : [];
  });
  const mean = (i: 0 | 1) => pairs.reduce((sum, pair) => sum + (pair[i] ?? 0), 0) / pairs.length;
  if (pairs.length === 0) return null;
  const [mixed, together] = [mean(0), mean(1)];
  const error = Math.sqrt((mixed * (1 - mixed) + together * (1 - together)) / sample.rows.length);
  return { column, groups: sample.groups, mixed, together, error };
}

/** "By word counts 60% when “customer” is mixed over the parts, 45% when it is kept together". */
const priceWords = ({ column, mixed, together }: GroupPrice): string =>
  `By word counts ${percentWhole(mixed)} when “${column}” is mixed over the parts, ${percentWhole(together)} when it is kept together`;

/** The column that costs most to mix, on training and validation rows alone; null where no column costs anything that shows. */
export function groupIssue(dataset: Dataset): Issue | null {
  const { mapping, splitBy, split } = dataset;
  if (mapping.task !== 'classify' || splitBy.kind !== 'seed' || dataset.labels.length < 2) return null;
  const columns = splitColumns(dataset).grouping.slice(0, MOST_COLUMNS);
  if (columns.length === 0) return null;
  const rows = rowsOf(dataset, [...split.train, ...split.validation]);
  const [most] = columns
    .flatMap((column) => priceOf(rows, dataset, column) ?? [])
    .filter(({ mixed, together, error }) => mixed - together >= Math.max(LEAST_PRICE, 2 * error))
    .toSorted((a, b) => b.mixed - b.together - (a.mixed - a.together));
  if (!most) return null;
  return {
    kind: 'groups',
    severity: 'warning',
    title: priceWords(most),
    advice: `${count(most.groups)} values of “${most.column}” come again. Training sees rows like the test rows. Keep them together where new texts come from others.`,
    rowIds: [],
    splitBy: { kind: 'group', column: most.column },
  };
}
