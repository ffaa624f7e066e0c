/** Would more labels help? The same run on parts of the training rows, and what the curve says. */

import { counted } from '../lib/format';
import { mean } from '../metrics/special';
import type { SoftVersion } from '../prompt-set/types';
import type { TrainingSettings } from '../training/settings';
import { withoutRace } from './runs';

/** Shares of the rows: each run sees twice as many as the one before. */
const SHARES = [0.25, 0.5, 1] as const;
/** Runs on fewer rows say nothing about runs on more. */
const FEWEST_ROWS = 8;

/** The runs of a learning curve, the one on all rows last; none when there are too few rows. Races could end in other starts. */
export function learningCurveRuns(settings: TrainingSettings, rows: number): readonly TrainingSettings[] {
  if (rows * SHARES[0] < FEWEST_ROWS) return [];
  return SHARES.map((share) => ({
    ...withoutRace(settings),
    trainRows: share === 1 ? null : Math.round(rows * share),
  }));
}

export interface CurvePoint {
  readonly rows: number;
  /** Mean over the runs on this many rows. */
  readonly accuracy: number;
  readonly runs: number;
}

const butRows = ({ settings, ...run }: SoftVersion): string => {
  const { seed: _seed, trainRows: _rows, ...rest } = settings;
  const kept = [
    run.template,
    run.initText,
    run.handVersion,
    run.distilled?.from,
    run.datasetFingerprint,
    run.model.sha256,
  ];
  return JSON.stringify([Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)), kept]);
};

/** Accuracy on validation rows over the number of training rows, from runs that differ in rows and seed alone. */
export function learningCurve(runs: readonly SoftVersion[], like: SoftVersion, allRows: number): readonly CurvePoint[] {
  const byRows = new Map<number, number[]>();
  for (const run of runs) {
    const { soft, validationAccuracy, settings } = run;
    if (soft === null || validationAccuracy === null || butRows(run) !== butRows(like)) continue;
    const rows = Math.min(allRows, settings.trainRows ?? allRows);
    byRows.set(rows, [...(byRows.get(rows) ?? []), validationAccuracy]);
  }
  return [...byRows]
    .map(([rows, reached]) => ({ rows, accuracy: mean(reached), runs: reached.length }))
    .sort((a, b) => a.rows - b.rows);
}

/** More labels that the sentence is about. */
const MORE = 100;

interface Outlook {
  readonly title: string;
  readonly sentence: string;
}

/**
 * What 100 more labels would probably bring: the line through accuracy over log2(rows), by least squares, one doubling at
 * a time. The validation rows blur each point by about 2 sqrt(p (1 - p) / n); smaller differences are called unclear.
 */
export function outlook(points: readonly CurvePoint[], validationRows: number): Outlook | null {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || points.length < 2) return null;
  const meanX = mean(points.map(({ rows }) => Math.log2(rows)));
  const off = points.map(({ rows, accuracy }) => ({ x: Math.log2(rows) - meanX, y: accuracy }));
  const slope = mean(off.map(({ x, y }) => x * y)) / mean(off.map(({ x }) => x ** 2));
  const gain = slope * Math.log2((last.rows + MORE) / last.rows);
  const blur = 2 * Math.sqrt((last.accuracy * (1 - last.accuracy)) / Math.max(1, validationRows));
  const rise = last.accuracy - first.accuracy;
  const seen = `From ${first.rows} to ${counted(last.rows, 'row')} accuracy went from ${percent(first.accuracy)} to ${percent(last.accuracy)} of ${counted(validationRows, 'validation row')}`;
  const unsure = `${counted(validationRows, 'row')} cannot tell differences below about ${inPoints(blur)} from chance`;
  if (rise > blur)
    return {
      title: `More labels probably help: ${MORE} more might add ${inPoints(gain)}`,
      sentence: `${seen}. If this continues, ${MORE} more labels would add ${inPoints(gain)}. ${unsure}.`,
    };
  if (rise < -blur)
    return {
      title: 'More rows did worse: check the labels',
      sentence: `${seen}. That is more than chance: the added rows may be labelled differently. ${unsure}.`,
    };
  return {
    title: 'Not clear whether more labels would help',
    sentence: `${seen}; at this rate, ${MORE} more labels would add ${inPoints(Math.max(0, gain))}. ${unsure}, so this curve shows no need for more. Several seeds, or more validation rows, would make it clearer.`,
  };
}

const percent = (share: number) => `${Math.round(100 * share)}%`;
const inPoints = (share: number) => {
  const value = Number((100 * share).toFixed(1));
  return `${value} ${value === 1 ? 'point' : 'points'}`;
};
