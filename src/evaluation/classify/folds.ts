import { drawnRows } from '../../dataset/draw';
import { isUsable, labelOf, rowsById } from '../../dataset/labels';
import { textKey } from '../../dataset/normalise';
import { together } from '../../dataset/split-by';
import type { Dataset } from '../../dataset/types';
import { createRng, shuffled } from '../../lib/rng';
import type { Interval } from '../../metrics/intervals';
import { groupColumn } from '../rows';

import { percent, pointsRange, pointsWithUnit } from '../words';
import { type DuelRows, duel } from './pairs';

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
  /** 95%, as of a comparison. There is no p: the folds' prompts share training rows. */
  readonly ci95: Interval;
}

/** @param groups of rows that belong together, which are the trials then */
export function everyRowReport(
  gold: readonly number[],
  a: readonly number[],
  b: readonly number[],
  { seed, groups, folds = FOLDS }: Pick<DuelRows, 'seed' | 'groups'> & { readonly folds?: number },
): EveryRowReport {
  const { bothRight, aOnly, bOnly, difference, ci95 } = duel(
    { predictions: a },
    { predictions: b },
    { gold, seed, ...(groups ? { groups } : {}) },
  );
  const rows = gold.length;
  return { rows, folds, correctA: bothRight + aOnly, correctB: bothRight + bOnly, aOnly, bOnly, difference, ci95 };
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
