/** What each kind of task knows of answers; and two sheets of answers to the same rows, by other prompts or models. */

import type { TaskKind } from '../dataset/types';
import { count, counted, midSentence } from '../lib/format';
import { type Figure, headlineMetric, headlineOf } from '../metrics/registry';
import { DRAWS } from '../metrics/resample';
import { normalQuantile, studentT, studentT975, Z95 } from '../metrics/special';
import { asSubject, inText } from './arm-names';
import { findingOf } from './classify/pairs';
import { LABEL_SHEET } from './classify/sheet';
import type { Field } from './field';
import { TEXT_SHEET } from './generate/sheet';
import type { RowScores, SheetKind } from './kind';
import { TAG_SHEET } from './tag/sheet';
import type { AnswerSheet, Compared, Finding, RowAnswer } from './types';
import { pointsRange, pointsWithUnit, pValue } from './words';

export const SHEETS: { readonly [K in TaskKind]: SheetKind<K> } = {
  classify: LABEL_SHEET,
  tag: TAG_SHEET,
  generate: TEXT_SHEET,
};

export interface PairedRow {
  readonly rowId: string;
  readonly gold: string;
  readonly a: RowAnswer;
  readonly b: RowAnswer;
}

/** Places in A and in B of the rows that both answer. */
function placesIn(a: AnswerSheet, b: AnswerSheet): readonly (readonly [number, number])[] {
  const second = new Map(b.rowIds.map((id, i) => [id, i]));
  return a.rowIds.flatMap((id, i) => {
    const at = second.get(id);
    return at === undefined ? [] : [[i, at] as const];
  });
}

const kindOf = ({ kind }: { readonly kind: TaskKind }) => SHEETS[kind] as SheetKind<TaskKind>;

/** Null where the plan's first pair does not name two arms. */
export const fieldOf = (of: Compared): Field | null => kindOf(of).field(of);

/** Rows that a report may print, where their owner agrees. */
export const changedRows = (of: Compared): readonly string[] => kindOf(of).changed(of.comparison, of.plan);

/** How good the answers are. */
export const sheetFigures = (of: AnswerSheet): Readonly<Record<string, Figure>> =>
  kindOf(of).figures(of, { seed: of.seed, ...(of.groups ? { groups: of.groups } : {}) });

export const sheetScores = (of: AnswerSheet): RowScores => kindOf(of).scores(of);

/** Of each prompt of a comparison. */
export const comparedScores = (of: Compared): readonly RowScores[] =>
  of.comparison.arms.map((arm) => kindOf(of).scored(of.plan, arm));

/** What each row was answered; none where no row's answer is kept. */
export const sheetRows = (of: AnswerSheet) => kindOf(of).rows(of);

/** Rows that both answer; none where no row's answer is kept. */
export function pairedRows(a: AnswerSheet, b: AnswerSheet): readonly PairedRow[] {
  const [first, second] = [sheetRows(a), sheetRows(b)];
  return placesIn(a, b).flatMap(([i, j]) => {
    const [ofA, ofB] = [first[i], second[j]];
    return ofA && ofB ? [{ rowId: a.rowIds[i] ?? '', gold: ofA.gold, a: ofA, b: ofB }] : [];
  });
}

/** B minus A on the rows that both answer. */
export interface AnswerDifference extends Pick<AnswerSheet, 'kind'>, ReturnType<SheetKind<TaskKind>['differ']> {
  readonly rows: number;
  /** The headline's p, corrected for `comparisons`; null = the interval alone decides. */
  readonly pCorrected: number | null;
  readonly comparisons: number;
  readonly finding: Finding;
}

interface Corrected {
  readonly onShow: number;
  readonly draws?: number;
}

/**
 * By how much intervals of one pair are widened to hold for all pairs at once in 95%: the ratio of the normal quantiles, with
 * groups, and for means of scores, that of Student's t. Source: Dunn 1961.
 * @param trials null = every row is right or wrong
 */
function widening(onShow: number, trials: number | null): number {
  const z = normalQuantile(1 - 0.025 / Math.max(1, onShow));
  return trials === null ? z / Z95 : studentT(z, trials + 1) / studentT975(trials + 1);
}

/** About the difference, and within what shares can differ. */
const stretched = <F extends Figure>(figure: F, by: number): F => {
  const { value, interval } = figure;
  return {
    ...figure,
    interval: {
      low: Math.max(-1, value - by * (value - interval.low)),
      high: Math.min(1, value + by * (interval.high - value)),
    },
  };
};

/**
 * Compares pairs of sheets by the tests of a comparison. As they are picked by eye among `onShow`, each counts as all of them: p
 * times their number (Bonferroni), and an interval that holds for all of them at once.
 */
export const answerDifferences = (
  pairs: readonly (readonly [a: AnswerSheet, b: AnswerSheet])[],
  { onShow, draws = DRAWS }: Corrected,
): readonly AnswerDifference[] =>
  pairs.map(([a, b]) => {
    const { differ, test } = kindOf(a);
    const places = placesIn(a, b);
    const groups = a.groups && places.map(([i]) => a.groups?.[i] ?? 0);
    const found = differ(a, b, { places, seed: a.seed, draws, ...(groups ? { groups } : {}) });
    const trials = groups ? new Set(groups).size : test === 'exact' ? null : places.length;
    const by = widening(onShow, trials);
    const entries = Object.entries(found.metrics).map(([id, figure]) => [id, stretched(figure, by)] as const);
    const metrics = Object.fromEntries(entries);
    const { interval, p } = headlineOf({ kind: a.kind, metrics });
    const pCorrected = p === undefined ? null : Math.min(1, p * onShow);
    const finding = findingOf(interval, pCorrected ?? 0);
    return { ...found, kind: a.kind, metrics, rows: places.length, pCorrected, comparisons: onShow, finding };
  });

/** How the p of these differences were found. */
export const methodsOf = (found: readonly Pick<AnswerDifference, 'kind'>[]): string =>
  [...new Set(found.map(({ kind }) => SHEETS[kind].method))].join('; ');

/** "Tuned 1 beats hand-written 1 by 12 points of accuracy on the same 93 rows, 95% interval 4 to 20 (all 45 pairs on show counted, p = 0.010)." */
export function differenceSentence(a: string, b: string, found: AnswerDifference): string {
  const { kind, rows, pCorrected, comparisons, finding } = found;
  const { value: gain, interval } = headlineOf(found);
  const of = ` of ${midSentence(headlineMetric(kind).name)} on the same ${counted(rows, 'row')}`;
  const [better, worse, low, high] =
    finding === 'a-better' ? [a, b, -interval.high, -interval.low] : [b, a, interval.low, interval.high];
  const p = pCorrected === null ? [] : [`${comparisons < 2 ? `${SHEETS[kind].test} ` : ''}${pValue(pCorrected)}`];
  const counting = [...(comparisons < 2 ? [] : [`all ${count(comparisons)} pairs on show counted`]), ...p].join(', ');
  const range = `95% interval ${pointsRange(low, high)}${counting && ` (${counting})`}`;
  return finding === 'unclear'
    ? `No clear difference between ${inText(a)} and ${inText(b)}: ${pointsWithUnit(gain)}${of}, ${range}.`
    : `${asSubject(better)} beats ${inText(worse)} by ${pointsWithUnit(Math.abs(gain))}${of}, ${range}.`;
}
