import type { TaskKind } from '../dataset/types';
import type { Figure, Compared as Tested } from '../metrics/registry';
import type { ResampleOptions } from '../metrics/resample';
import type { FieldFrom } from './field';
import type { AnswerSheet, ArmResult, Compared, RowAnswer } from './types';

/** What each row adds to the metric that decides, 0 to 1, and its right answer, to tell rows apart. */
export interface RowScores {
  readonly rows: readonly number[];
  readonly gold: readonly (number | string)[];
}

/** B minus A on the rows that both answer, before it is corrected for other pairs. */
interface PairFigures {
  readonly metrics: Readonly<Record<string, Figure & Partial<Tested>>>;
  /** Rows that A answers better than B, and B better than A. */
  readonly aOnly: number;
  readonly bOnly: number;
}

/** What two sheets share: places in A and in B of each row, and how rows are drawn. */
interface InBoth extends ResampleOptions {
  readonly places: readonly (readonly [number, number])[];
}

/** What a kind of task knows of its sheets. */
export interface SheetKind<K extends TaskKind> {
  /** By every metric of the kind. */
  readonly figures: (of: AnswerSheet<K>, how: ResampleOptions) => Readonly<Record<string, Figure>>;
  /** Of a sheet, and of a prompt of a comparison. */
  readonly scores: (of: AnswerSheet<K>) => RowScores;
  readonly scored: (plan: Compared<K>['plan'], arm: ArmResult<K>) => RowScores;
  readonly field: FieldFrom<K>;
  /** Ids of the rows that a report may print: those that the headline's second prompt changed. */
  readonly changed: (comparison: Compared<K>['comparison'], plan: Compared<K>['plan']) => readonly string[];
  /** Each row with its right answer; none where no row's answer is kept. */
  readonly rows: (of: AnswerSheet<K>) => readonly (RowAnswer & { readonly gold: string })[];
  readonly differ: (a: AnswerSheet<K>, b: AnswerSheet<K>, both: InBoth) => PairFigures;
  /** What p is of; null = there is none, and the interval alone decides. */
  readonly test: 'exact' | 'permutation' | null;
  /** The test in a sentence. */
  readonly method: string;
}
