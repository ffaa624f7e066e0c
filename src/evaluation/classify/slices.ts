import { isUsable, labelOf, rowsById, textOf } from '../../dataset/labels';
import type { Dataset, Row } from '../../dataset/types';
import { counted } from '../../lib/format';
import { type AccuracyComparison, holm } from '../../metrics/mcnemar';
import { quantile } from '../../metrics/special';
import type { ArmResult, ComparisonPlan } from '../types';
import { comparedAccuracy } from './pairs';

/** Parts of the test rows, by any column and by text length, each with both arms' accuracy on it. */

export interface Slice extends Pick<AccuracyComparison, 'aOnly' | 'bOnly' | 'difference' | 'ci95' | 'p'> {
  readonly column: string;
  readonly name: string;
  readonly rowIds: readonly string[];
  readonly accuracyA: number;
  readonly accuracyB: number;
  /** Holm's adjusted p over all slices of all columns: among many parts some differ by chance. */
  readonly pHolm: number;
}

export interface SliceReport {
  readonly slices: readonly Slice[];
  /** Slices whose difference holds after Holm's correction. */
  readonly survive: number;
  readonly leftOut: readonly { readonly column: string; readonly why: string }[];
}

export const TEXT_LENGTH = 'text length';
const MIN_SLICE_ROWS = 10;
const MOST_VALUES = 12;
const ALPHA = 0.05;

type Part = { readonly name: string; readonly rows: readonly number[] };

const number = (value: number) => value.toLocaleString('en', { maximumFractionDigits: 2 });

/** Thirds by rank, cut where the value changes so that equal values stay together. */
function thirds(values: readonly number[], unit: string): readonly Part[] {
  const sorted = Float64Array.from(values).sort();
  const [low, high] = [quantile(sorted, 1 / 3), quantile(sorted, 2 / 3)];
  const parts: [string, (v: number) => boolean][] = [
    [`up to ${number(low)}${unit}`, (v) => v <= low],
    [`${number(low)} to ${number(high)}${unit}`, (v) => v > low && v <= high],
    [`over ${number(high)}${unit}`, (v) => v > high],
  ];
  return parts.map(([name, test]) => ({ name, rows: values.flatMap((v, i) => (test(v) ? [i] : [])) }));
}

/** By value; values that are too rare are put together. */
function byValue(values: readonly string[]): readonly Part[] {
  const groups = new Map<string, number[]>();
  values.forEach((raw, i) => {
    const value = raw.trim() === '' ? '(empty)' : raw.trim();
    groups.set(value, [...(groups.get(value) ?? []), i]);
  });
  const parts = [...groups].map(([name, rows]) => ({ name, rows }));
  const rare = parts.filter(({ rows }) => rows.length < MIN_SLICE_ROWS);
  const common = parts.filter(({ rows }) => rows.length >= MIN_SLICE_ROWS);
  if (rare.length === 0) return common;
  const rest = rare.flatMap(({ rows }) => rows);
  return [...common, { name: `${rare.length} rarer ${rare.length === 1 ? 'value' : 'values'}`, rows: rest }];
}

const numeric = (values: readonly string[]) =>
  values.every((v) => v.trim() !== '' && Number.isFinite(Number(v.trim().replace(',', '.'))));

function partsOf(values: readonly string[]): readonly Part[] | string {
  const distinct = new Set(values.map((v) => v.trim())).size;
  if (distinct < 2) return 'it has one value';
  if (distinct > MOST_VALUES) {
    if (numeric(values))
      return thirds(
        values.map((v) => Number(v.trim().replace(',', '.'))),
        '',
      );
    if (distinct > values.length / 2) return 'almost every row has its own value';
  }
  return byValue(values);
}

/** @param a @param b reports on the rows of the plan, in their order */
export function slicesOf(
  dataset: Dataset,
  { rowIds, gold, groups }: Pick<ComparisonPlan, 'rowIds' | 'gold' | 'groups'>,
  a: Pick<ArmResult, 'predictions'>,
  b: Pick<ArmResult, 'predictions'>,
): SliceReport {
  const { mapping, table } = dataset;
  const known = rowsById(table.rows);
  // a row that is no longer in the data is in no part
  const at = rowIds.flatMap((id, i) => {
    const row = known.get(id);
    return row && isUsable(row, mapping) ? [{ i, row }] : [];
  });
  const leftOut: { column: string; why: string }[] = [];
  const bare: Omit<Slice, 'pHolm'>[] = [];
  const pick = (predictions: readonly number[], rows: readonly number[]) => rows.map((k) => predictions[k] as number);
  const add = (column: string, parts: readonly Part[] | string) => {
    if (typeof parts === 'string') {
      leftOut.push({ column, why: parts });
      return;
    }
    const large = parts.filter(({ rows }) => rows.length >= MIN_SLICE_ROWS);
    if (large.length < 2) leftOut.push({ column, why: `fewer than two values have ${MIN_SLICE_ROWS} test rows` });
    else
      for (const { name, rows } of large) {
        const ks = rows.map((r) => (at[r] as (typeof at)[number]).i);
        const rowsOf = { gold: pick(gold, ks), ...(groups ? { groups: pick(groups, ks) } : {}) };
        const said = (arm: typeof a) => ({ predictions: pick(arm.predictions, ks) });
        const { aOnly, bOnly, bothRight, difference, ci95, p } = comparedAccuracy(said(a), said(b), rowsOf);
        bare.push({
          column,
          name,
          rowIds: ks.map((k) => rowIds[k] as string),
          accuracyA: (bothRight + aOnly) / ks.length,
          accuracyB: (bothRight + bOnly) / ks.length,
          aOnly,
          bOnly,
          difference,
          ci95,
          p,
        });
      }
  };
  const values = (of: (row: Row) => string) => at.map(({ row }) => of(row));
  add(mapping.label, byValue(values((row) => labelOf(row, mapping))));
  add(
    TEXT_LENGTH,
    thirds(
      values((row) => textOf(row, mapping)).map((text) => text.length),
      ' characters',
    ),
  );
  for (const column of table.columns)
    if (column !== mapping.text && column !== mapping.label && column !== mapping.id)
      add(column, partsOf(values((row) => row.cells[column] ?? '')));
  const adjusted = holm(bare.map(({ p }) => p));
  const slices = bare.map((slice, i) => ({ ...slice, pHolm: adjusted[i] as number }));
  return { slices, survive: slices.filter(({ pHolm }) => pHolm < ALPHA).length, leftOut };
}

/** "2 of 14 parts differ clearly, also after Holm's correction for testing 14." */
export function slicesSentence({ slices, survive }: Pick<SliceReport, 'slices' | 'survive'>): string {
  const k = slices.length;
  if (k === 0) return 'No column divides the test rows into parts that are large enough.';
  const corrected = `after Holm’s correction for testing ${counted(k, 'part')}`;
  if (survive === 0) return `In no part is a difference clear ${corrected}.`;
  return `${survive} of ${counted(k, 'part')} ${survive === 1 ? 'differs' : 'differ'} clearly ${corrected}.`;
}
