import { drawnRows } from '../../dataset/draw';
import { isUsable, labelOf, rowsById } from '../../dataset/labels';
import { textKey } from '../../dataset/normalise';
import { together } from '../../dataset/split-by';
import type { Dataset } from '../../dataset/types';
import { createRng, shuffled } from '../../lib/rng';
import { bonettPrice, type Interval } from '../../metrics/intervals';
import { groupColumn } from '../rows';
import { percent, pointsRange, pointsWithUnit } from '../words';

/** Every labelled row answered by a prompt that was trained without it: k folds, which say how well the recipe works. */

export const FOLDS = 5;

export interface Fold {
  readonly train: readonly string[];
  readonly validation: readonly string[];
  /** Answered by the prompt that was trained on the others. */
  readonly test: readonly string[];
}

/** Share of a fold's training rows that chooses the step that is kept. */
const VALIDATION_SHARE = 0.15;

/** Stratified, seeded; rows with the same text, or that the split keeps together, are in one fold. */
export function foldsOf(dataset: Dataset, seed: number, folds = FOLDS): readonly Fold[] {
  const { mapping, split } = dataset;
  const rows = rowsById(dataset.table.rows);
  const ids = [...split.train, ...split.validation, ...split.test].filter((id) => {
    const row = rows.get(id);
    return row && isUsable(row, mapping);
  });
  const rng = createRng(seed);
  const usable = shuffled(ids, rng).flatMap((id) => rows.get(id) ?? []);
  // dealt out label by label, so that each fold has its share of each
  const groups = together(usable, mapping, groupColumn(dataset)).map((group) => group.map(({ id }) => id));
  const labelOfGroup = (group: readonly string[]) => {
    const row = rows.get(group[0] ?? '');
    return row ? textKey(labelOf(row, mapping)) : '';
  };
  const labels = [...new Set(groups.map(labelOfGroup))];
  const parts = Array.from({ length: folds }, () => [] as string[]);
  let next = 0;
  for (const label of labels)
    for (const group of groups.filter((g) => labelOfGroup(g) === label)) {
      parts[next % folds]?.push(...group);
      next++;
    }
  return parts.map((test, f) => {
    const others = shuffled(
      parts.flatMap((part, i) => (i === f ? [] : part)),
      rng,
    );
    const validation = drawnRows(dataset, others, Math.max(1, Math.round(VALIDATION_SHARE * others.length)));
    const validating = new Set(validation);
    return { test, validation, train: others.filter((id) => !validating.has(id)) };
  });
}

export interface EveryRowReport {
  readonly rows: number;
  readonly folds: number;
  readonly correctA: number;
  readonly correctB: number;
  readonly aOnly: number;
  readonly bOnly: number;
  readonly difference: number;
  /** Bonett-Price, 95%. There is no p: the folds' prompts share training rows. */
  readonly ci95: Interval;
}

export function everyRowReport(
  gold: readonly number[],
  a: readonly number[],
  b: readonly number[],
  folds = FOLDS,
): EveryRowReport {
  const right = (predictions: readonly number[]) => gold.map((g, i) => predictions[i] === g);
  const [ofA, ofB] = [right(a), right(b)];
  const count = (flags: readonly boolean[]) => flags.filter(Boolean).length;
  const aOnly = count(ofA.map((r, i) => r && !ofB[i]));
  const bOnly = count(ofB.map((r, i) => r && !ofA[i]));
  const rows = gold.length;
  return {
    rows,
    folds,
    correctA: count(ofA),
    correctB: count(ofB),
    aOnly,
    bOnly,
    difference: rows === 0 ? 0 : (bOnly - aOnly) / rows,
    ci95: bonettPrice(aOnly, bOnly, rows),
  };
}

export function everyRowSentence(report: EveryRowReport, nameA: string): string {
  const { rows, folds, correctA, correctB, difference, ci95 } = report;
  const than = `${nameA} (${percent(correctA / rows)})`;
  const lead =
    difference === 0
      ? `level with ${than}`
      : `${pointsWithUnit(Math.abs(difference))} ${difference > 0 ? 'ahead of' : 'behind'} ${than}`;
  return `Over all ${rows} rows, each answered by one of ${folds} prompts that were trained without it, tuning is right on ${percent(correctB / rows)}, ${lead}; interval ${pointsRange(ci95.low, ci95.high)} points. This measures the recipe, not this one prompt. There is no p-value: the ${folds} prompts share training rows, so it would claim too much.`;
}
