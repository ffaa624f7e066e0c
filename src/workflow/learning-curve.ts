/** What earlier runs say of this one: whether more labels would help, and what a preset may gain. */

import { counted, ofRows, percentWhole } from '../lib/format';
import { newcombe } from '../metrics/intervals';
import { mean } from '../metrics/special';
import type { Evaluation, PromptSet, Run } from '../prompt-set/types';
import { runOf, versionById } from '../prompt-set/versions';
import { PRESETS, type PresetName, type TrainingSettings } from '../training/settings';
import { MOST_TRAINING_ROWS } from './training-rows';

/** Shares of the rows: each run sees twice the rows of the one before. */
const SHARES = [0.25, 0.5, 1] as const;
const FEWEST_ROWS = 8;

/** The runs of a learning curve, the one on all rows last; none when there are too few rows. */
export function learningCurveRuns(settings: TrainingSettings, rows: number): readonly TrainingSettings[] {
  if (rows * SHARES[0] < FEWEST_ROWS) return [];
  return SHARES.map((share) => ({
    ...settings,
    trainRows: share === 1 ? null : Math.round(rows * share),
  }));
}

interface CurvePoint {
  readonly rows: number;
  readonly accuracy: number;
  readonly runs: number;
}

const butRows = ({ settings, ...run }: Run): string => {
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
function curveLike(runs: readonly Run[], like: Run, allRows: number): readonly CurvePoint[] {
  const byRows = new Map<number, number[]>();
  for (const run of runs) {
    const { validationAccuracy, settings } = run;
    if (validationAccuracy === null || butRows(run) !== butRows(like)) continue;
    const rows = Math.min(allRows, settings.trainRows ?? allRows);
    byRows.set(rows, [...(byRows.get(rows) ?? []), validationAccuracy]);
  }
  return [...byRows]
    .map(([rows, reached]) => ({ rows, accuracy: mean(reached), runs: reached.length }))
    .sort((a, b) => a.rows - b.rows);
}

/** Null before there are two sizes. @param parts numbers of labelled rows */
export function learningCurve(
  { runs }: Pick<PromptSet, 'runs'>,
  parts: { readonly train: number; readonly validation: number },
) {
  const like = runs.findLast((run) => run.validationAccuracy !== null && run.settings.trainRows);
  if (!like) return null;
  const points = curveLike(runs, like, Math.min(MOST_TRAINING_ROWS, parts.train));
  const validationRows = like.validationRows ?? parts.validation;
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || first === last) return null;
  return { points, validationRows, ...outlook(points, first, last, validationRows) };
}

const MORE = 100;

/**
 * What 100 more labels would probably bring: the line through accuracy over log2(rows), by least squares, one doubling at
 * a time, up to 100%. The ends are compared as shares of different rows (Newcombe's interval), although they come from the
 * same ones: runs differ by their rows and seeds too. Where nothing depends on the rows a gain is promised in at most 5%.
 */
function outlook(points: readonly CurvePoint[], first: CurvePoint, last: CurvePoint, validationRows: number) {
  const meanX = mean(points.map(({ rows }) => Math.log2(rows)));
  const off = points.map(({ rows, accuracy }) => ({ x: Math.log2(rows) - meanX, y: accuracy }));
  const slope = mean(off.map(({ x, y }) => x * y)) / mean(off.map(({ x }) => x ** 2));
  const gain = Math.min(1 - last.accuracy, Math.max(0, slope * Math.log2((last.rows + MORE) / last.rows)));
  const right = ({ accuracy }: CurvePoint) => accuracy * validationRows;
  const rise = newcombe(right(last), validationRows, right(first), validationRows);
  const blur = newcombe(right(last), validationRows, right(last), validationRows).high;
  const seen = `From ${first.rows} to ${counted(last.rows, 'row')} accuracy went from ${ofRows(first.accuracy, validationRows, undefined, percentWhole)} to ${ofRows(last.accuracy, validationRows, 'validation row', percentWhole)}`;
  const unsure = `${counted(validationRows, 'row')} cannot tell differences below about ${inPoints(blur)} from chance`;
  if (rise.low > 0 && last.accuracy === 1)
    return {
      title: 'All validation rows are right: they cannot show whether more labels would help',
      sentence: `${seen}. ${unsure}.`,
    };
  if (rise.low > 0)
    return {
      title: `More labels probably help: ${MORE} more might add ${inPoints(gain)}`,
      sentence: `${seen}. If this continues, ${MORE} more labels would add ${inPoints(gain)}. ${unsure}.`,
    };
  if (rise.high < 0)
    return {
      title: 'Accuracy fell with more rows: check the labels',
      sentence: `${seen}. That is more than chance: the added rows may be labelled differently. ${unsure}.`,
    };
  return {
    title: 'Not clear whether more labels would help',
    sentence: `${seen}. ${unsure}, so this curve shows no need for more. Several seeds, or more validation rows, would make it clearer.`,
  };
}

const inPoints = (share: number) => {
  const value = Number((100 * share).toFixed(1));
  return `${value} ${value === 1 ? 'point' : 'points'}`;
};

// What a preset gained elsewhere.

export function isOfPreset({ settings }: Pick<Run, 'settings'>, preset: PresetName): boolean {
  const same = ({ virtualTokens, steps, batchSize }: TrainingSettings) => `${virtualTokens} ${steps} ${batchSize}`;
  const wanted = PRESETS[preset].settings;
  return settings.auto === wanted.auto && (wanted.auto || same(settings) === same(wanted));
}

/** Points of accuracy on test rows by which Auto ended above the proposed prompt, by data set: “What Auto gained” in docs/benchmarks.md. */
const AUTO_GAINS = [6.3, 18.8, 18.6, 17.3, 33, 18, 17.5, 9.5, 1, 1, -3, -7];

/** One comparison says little of the next. */
const FEWEST_OWN = 2;

/** The tuned prompt's accuracy less that of the hand-written prompt, in points, in a set's newest comparison of a preset's run. */
export function gainOf(
  set: Pick<PromptSet, 'versions' | 'runs'>,
  evaluations: readonly Evaluation[],
  preset: PresetName,
): number | null {
  for (const evaluation of evaluations) {
    const run = runOf(set, versionById(set, evaluation.trainedVersion));
    if (evaluation.kind !== 'classify' || !run || !isOfPreset(run, preset)) continue;
    const pair = evaluation.comparison.pairs.find(({ a, b }) => a === 'yours' && b === 'tuned');
    if (pair) return 100 * pair.metrics.accuracy.value;
  }
  return null;
}

/** "+7 to +32 points over your own prompt on 2 sets of yours.": a range of the past, never a promise. @param own gains on the user's own sets */
export function gainWords(preset: PresetName, own: readonly number[]): string | null {
  const isOwn = own.length >= FEWEST_OWN;
  const points = isOwn ? own : preset === 'auto' ? AUTO_GAINS : [];
  if (points.length === 0) return null;
  const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(Math.round(value))}`;
  const [low, high] = [signed(Math.min(...points)), signed(Math.max(...points))];
  const range = low === high ? low : `${low} to ${high}`;
  return `${range} points over ${isOwn ? 'your own prompt' : 'a simple prompt'} on ${points.length} ${isOwn ? 'sets of yours' : 'other data sets'}.`;
}
