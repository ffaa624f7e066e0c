/** How many answers survive harmless edits of the text, for both prompts on the same rows. */
import { bonettPrice, type Interval, wilson } from '../metrics/intervals';
import { mcnemarExact } from '../metrics/mcnemar';
import type { EditKind } from './edits';
import { percent, pointsRange, pointsWithUnit, pValue } from './words';

/** One arm's answers: as they were, and under each edit; null where an edit changed nothing of the row. */
export interface EditedAnswers {
  readonly armId: string;
  readonly before: readonly number[];
  readonly after: Readonly<Partial<Record<EditKind, readonly (number | null)[]>>>;
}

interface ArmConsistency {
  readonly armId: string;
  /** Rows whose answer survives every edit. */
  readonly steady: number;
  /** Wilson, 95%, of their share. */
  readonly ci95: Interval;
  /** By edit: rows that it changed, and how many kept their answer. */
  readonly edits: readonly { readonly kind: EditKind; readonly changed: number; readonly kept: number }[];
}

export interface ConsistencyReport {
  readonly rows: number;
  readonly arms: readonly ArmConsistency[];
  /** Share of steady rows of the second arm minus that of the first, row by row; null with one arm. */
  readonly pair: {
    /** Rows steady under the first only, and under the second only. */
    readonly aOnly: number;
    readonly bOnly: number;
    readonly difference: number;
    /** Bonett-Price, 95%. */
    readonly ci95: Interval;
    readonly pExact: number;
  } | null;
}

const KINDS: readonly EditKind[] = ['case', 'space', 'typo', 'emoji', 'order'];

export function consistencyOf(answers: readonly EditedAnswers[]): ConsistencyReport {
  const rows = answers[0]?.before.length ?? 0;
  const steadyRows = answers.map(({ before, after }) =>
    before.map((label, i) => KINDS.every((kind) => (after[kind]?.[i] ?? label) === label)),
  );
  const arms = answers.map(({ armId, before, after }, a) => {
    const steady = steadyRows[a]?.filter(Boolean).length ?? 0;
    const edits = KINDS.flatMap((kind) => {
      const edited = after[kind];
      if (!edited) return [];
      const changed = edited.flatMap((label, i) => (label === null ? [] : [label === before[i]]));
      return [{ kind, changed: changed.length, kept: changed.filter(Boolean).length }];
    });
    return { armId, steady, ci95: wilson(steady, rows), edits };
  });
  const [first, second] = steadyRows;
  if (!first || !second) return { rows, arms, pair: null };
  const aOnly = first.filter((steady, i) => steady && !second[i]).length;
  const bOnly = second.filter((steady, i) => steady && !first[i]).length;
  return {
    rows,
    arms,
    pair: {
      aOnly,
      bOnly,
      difference: rows === 0 ? 0 : (bOnly - aOnly) / rows,
      ci95: bonettPrice(aOnly, bOnly, rows),
      pExact: mcnemarExact(aOnly, bOnly),
    },
  };
}

/** What the edits show, first in words. */
export function consistencySentence(
  { rows, arms, pair }: ConsistencyReport,
  nameOf: (armId: string) => string,
): string {
  const shares = arms.map(
    ({ armId, steady, ci95 }) =>
      `${nameOf(armId)} keeps its answer on ${percent(steady / rows)} of ${rows} rows (${percent(ci95.low)} to ${percent(ci95.high)})`,
  );
  const [a, b] = arms;
  if (!pair || !a || !b) return `${shares.join('; ')}.`;
  const clear = pair.pExact < 0.05 && (pair.ci95.low > 0 || pair.ci95.high < 0);
  const range = `${pointsRange(pair.ci95.low, pair.ci95.high)}, exact ${pValue(pair.pExact)}`;
  const found = clear
    ? `${nameOf(pair.difference > 0 ? b.armId : a.armId)} is steadier by ${pointsWithUnit(Math.abs(pair.difference))} (${range})`
    : `No clear difference in steadiness (${range})`;
  return `${found}: ${shares.join('; ')}.`;
}
