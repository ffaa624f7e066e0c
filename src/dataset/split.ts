import { countBy, groupBy } from '../lib/collect';
import { drawnFirst, inDrawnOrder } from './draw';
import { type Groups, groupColumn, together } from './families';
import { isUsable, rowsOf, stratumOf, textKey, textKeyOf } from './labels';
import { twinFamilies } from './near-twins';
import { type ColumnMapping, type Dataset, PARTS, type Row, type Rows, type SplitName } from './types';

export type Parts = Readonly<Record<SplitName, readonly Row[]>>;

export const labelTally = (rows: readonly Row[], mapping: ColumnMapping): ReadonlyMap<string, number> =>
  countBy(rows.map((row) => textKey(stratumOf(row, mapping))));

/** Half of a share, but all of a share of one row. */
const least = (share: number): number => Math.min(Math.floor(share), Math.ceil(share / 2));

/** Every part has at least half of its rows, and half of its share of every label. */
function isFair(parts: Parts, mapping: ColumnMapping, sizes: Readonly<Record<SplitName, number>>): boolean {
  const rows = PARTS.flatMap((part) => parts[part]);
  const labels = labelTally(rows, mapping);
  return PARTS.every((part) => {
    const has = labelTally(parts[part], mapping);
    const share = sizes[part] / rows.length;
    return (
      parts[part].length >= least(sizes[part]) &&
      [...labels].every(([label, n]) => (has.get(label) ?? 0) >= least(n * share))
    );
  });
}

function withoutLargest(families: Groups): Groups {
  const largest = families.reduce((most, { length }) => Math.max(most, length), 0);
  return families.filter(({ length }) => length <= largest / 2);
}

/**
 * Keeps families of near-twins together. Where a part would have less than half of its share of a label, the largest families
 * fall apart, half by half: a file of one template per label has no other split.
 */
export function keepingTwins(
  rows: readonly Row[],
  mapping: ColumnMapping,
  sizes: Readonly<Record<SplitName, number>>,
  split: (families: Groups) => Parts,
): Parts {
  let { families } = twinFamilies(rows, mapping);
  for (;;) {
    const parts = split(families);
    if (families.length === 0 || isFair(parts, mapping, sizes)) return parts;
    families = withoutLargest(families);
  }
}

export type Shares = Readonly<Record<SplitName, number>>;

const DEFAULT_SHARES: Shares = { train: 0.5, validation: 0.15, test: 0.35 };

/** The rest is shared between training and validation as by default. */
export function sharesFor(test: number): Shares {
  const training = 0.5 / 0.65;
  return { train: (1 - test) * training, validation: (1 - test) * (1 - training), test };
}

export const usedRows = ({ split }: Pick<Dataset, 'split'>): number =>
  split.train.length + split.validation.length + split.test.length;

/** Where that leaves half of the rows for training and validation. */
const MIN_TEST_ROWS = 60;

/** By default 50/15/35, with at least 60 test rows from 120 rows on. What does not go to the other two is for training. */
export function splitSizes(n: number, shares?: Shares): Readonly<Record<SplitName, number>> {
  const { train, validation, test } = shares ?? DEFAULT_SHARES;
  const total = train + validation + test;
  const wanted = Math.round((n * test) / total);
  const held = !shares && n >= 2 * MIN_TEST_ROWS ? Math.max(wanted, MIN_TEST_ROWS) : wanted;
  const testRows = Math.min(n, n > 1 && test > 0 ? Math.max(1, held) : held);
  const rest = n - testRows;
  const validationRows = train + validation === 0 ? 0 : Math.round((rest * validation) / (train + validation));
  return { train: rest - validationRows, validation: validationRows, test: testRows };
}

function byLabel(groups: Groups, mapping: ColumnMapping): readonly Groups[] {
  const labels = groupBy(groups, ([first]) => textKey(stratumOf(first as Row, mapping)));
  return [...labels].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, list]) => list);
}

const size = (groups: Groups) => groups.reduce((sum, group) => sum + group.length, 0);

/**
 * At most one seat per row, by largest remainder (Hare quota). A class with at least three rows gets a seat where there are
 * enough seats, so that no part is blind to it.
 */
export function seats(sizes: readonly number[], total: number): readonly number[] {
  const all = sizes.reduce((a, b) => a + b, 0);
  if (all === 0) return sizes.map(() => 0);
  const ideal = sizes.map((n) => (n * total) / all);
  const floors = ideal.map((x, i) =>
    Math.max(Math.floor(x), (sizes[i] as number) >= 3 && total >= sizes.length ? 1 : 0),
  );
  let left = total - floors.reduce((a, b) => a + b, 0);
  const order = ideal
    .map((x, i) => ({ i, remainder: x - Math.floor(x) }))
    .sort((a, b) => b.remainder - a.remainder || a.i - b.i);
  for (const { i } of order) {
    if (left <= 0) break;
    if ((floors[i] as number) >= Math.ceil(ideal[i] as number)) continue;
    floors[i] = (floors[i] as number) + 1;
    left--;
  }
  while (left < 0) {
    const most = floors.indexOf(Math.max(...floors));
    floors[most] = (floors[most] as number) - 1;
    left++;
  }
  return floors;
}

/** Whole groups off the front; a group that would overshoot by more than it fills stays. */
function take(groups: Groups, rows: number): { taken: Groups; rest: Groups } {
  const taken: (readonly Row[])[] = [];
  const rest: (readonly Row[])[] = [];
  let count = 0;
  for (const group of groups) {
    const missing = rows - count;
    if (missing > 0 && group.length - missing < missing) {
      taken.push(group);
      count += group.length;
    } else rest.push(group);
  }
  return { taken, rest };
}

/** Groups of one row first, those with the same text twice last. */
function stratified(groups: Groups, mapping: ColumnMapping, sizes: Readonly<Record<SplitName, number>>): Parts {
  const repeats = (group: readonly Row[]) => new Set(group.map((row) => textKeyOf(row, mapping))).size < group.length;
  const rank = (group: readonly Row[]) => (group.length === 1 ? 0 : repeats(group) ? 2 : 1);
  const classes = byLabel(groups, mapping).map((own) => own.toSorted((a, b) => rank(a) - rank(b)));
  const testSeats = seats(classes.map(size), sizes.test);
  const held = classes.map((own, i) => take(own, testSeats[i] as number));
  const rests = held.map(({ rest }) => rest);
  const validationSeats = seats(rests.map(size), sizes.validation);
  const checked = rests.map((own, i) => take(own, validationSeats[i] as number));
  return {
    train: checked.flatMap(({ rest }) => rest.flat()),
    validation: checked.flatMap(({ taken }) => taken.flat()),
    test: held.flatMap(({ taken }) => taken.flat()),
  };
}

export const usableRows = (rows: Rows, mapping: ColumnMapping, seed: number): readonly Row[] =>
  inDrawnOrder(
    rows.filter((row) => isUsable(row, mapping)),
    mapping,
    seed,
  );

/** In drawn order: what is taken from a part later must not rest on the file's order either. */
export function idsOf(parts: Parts, mapping: ColumnMapping, seed: number): Dataset['split'] {
  const ids = (part: SplitName) => inDrawnOrder(parts[part], mapping, seed).map(({ id }) => id);
  return { train: ids('train'), validation: ids('validation'), test: ids('test') };
}

/**
 * Stratified and seeded; it rests on what the rows say, not on their order. Rows with the same text, or almost the same, stay
 * together, and those that repeat go to training first: every test row counts as one independent trial in the tests of
 * `docs/method/statistics.md`.
 */
export function splitRows(rows: Rows, mapping: ColumnMapping, seed: number, shares?: Shares): Dataset['split'] {
  const usable = usableRows(rows, mapping, seed);
  const sizes = splitSizes(usable.length, shares);
  const parts = keepingTwins(usable, mapping, sizes, (families) =>
    stratified(together(usable, mapping, null, families), mapping, sizes),
  );
  return idsOf(parts, mapping, seed);
}

/**
 * Like `drawnRows`, but in whole families that fit into their label's share. Where that draws less than half of the rows, or
 * none of a label, the largest families fall apart, half by half.
 */
export function drawnFamilies(
  dataset: Pick<Dataset, 'table' | 'mapping' | 'split' | 'splitBy' | 'seed'>,
  ids: readonly string[],
  most: number,
): readonly string[] {
  const { mapping } = dataset;
  const rows = rowsOf(dataset, ids);
  const shares = [...labelTally(rows, mapping)].map(([label, n]) => [label, (n * most) / rows.length] as const);
  for (let { families } = twinFamilies(rows, mapping); ; families = withoutLargest(families)) {
    const groups = together(rows, mapping, groupColumn(dataset), families);
    const first = new Map(groups.map((group) => [(group[0] as Row).id, group]));
    const room = new Map(shares.map(([label, share]) => [label, Math.ceil(share)]));
    const drawn = new Set<string>();
    for (const id of drawnFirst(dataset, [...first.keys()])) {
      const group = first.get(id) ?? [];
      const own = [...labelTally(group, mapping)];
      const fits = own.every(([label, n]) => n <= (room.get(label) ?? 0)) && drawn.size + group.length <= most;
      if (!fits) continue;
      for (const row of group) drawn.add(row.id);
      for (const [label, n] of own) room.set(label, (room.get(label) ?? 0) - n);
    }
    const isFair =
      drawn.size >= most / 2 && shares.every(([of, share]) => share < 1 || room.get(of) !== Math.ceil(share));
    if (isFair || families.length === 0) return ids.filter((id) => drawn.has(id));
  }
}

/** Test rows that would have been parted from their near-twins, had families not been kept together. */
export function partedTwins(
  { table, mapping, seed, split }: Pick<Dataset, 'table' | 'mapping' | 'seed' | 'split'>,
  families: Groups,
): readonly Row[] {
  const usable = usableRows(table.rows, mapping, seed);
  const sizes = { train: split.train.length, validation: split.validation.length, test: split.test.length };
  const test = new Set(stratified(together(usable, mapping, null), mapping, sizes).test);
  return families.flatMap((family) => {
    const held = family.filter((row) => test.has(row));
    return held.length < family.length ? held : [];
  });
}

/** Unknown and unusable rows drop out; an id belongs to the first part that names it. */
export function adoptSplit(rows: Rows, mapping: ColumnMapping, fixed: Dataset['split']): Dataset['split'] {
  const free = new Set(rows.filter((row) => isUsable(row, mapping)).map((row) => row.id));
  /** The same list where all of it stays: it need not cross to the page again. */
  const claim = (ids: readonly string[]) => {
    const claimed = ids.filter((id) => free.delete(id));
    return claimed.length === ids.length ? ids : claimed;
  };
  const test = claim(fixed.test);
  const validation = claim(fixed.validation);
  return { test, validation, train: claim(fixed.train) };
}
