import { ofRows, percent, percentWhole } from '../../lib/format';
import type { CoveragePoint, ReliabilityBin } from '../../metrics/calibration';
import { asSubject, inText } from '../arm-names';
import type { ArmResult, PairResult } from '../types';
import { points, pointsRange, pointsWithUnit } from '../words';
import { findingOf, isClear } from './pairs';
import type { Slice } from './slices';

/** Titles that state what a chart shows, neutral where the numbers support no finding. */

const rightOf = ({ metrics, n }: Pick<ArmResult, 'metrics' | 'n'>): string => ofRows(metrics.accuracy.value, n);

/** The interval of the pair alone, which no correction widens. */
const leavesOutZero = ({ metrics: { accuracy } }: Pick<PairResult, 'metrics'>) =>
  findingOf(accuracy.interval) !== 'unclear';

/** Title of the accuracy figure: both arms and how they differ; neutral where the difference is not clear. */
export function accuracyFinding(arms: readonly ArmResult[], pair: PairResult | undefined): string {
  const a = arms.find((arm) => arm.id === pair?.a);
  const b = arms.find((arm) => arm.id === pair?.b);
  if (!pair || !a || !b) return 'Accuracy on the test rows';
  const {
    value,
    interval: { low, high },
  } = pair.metrics.accuracy;
  const range = pointsRange(low, high);
  const head = `${b.name} ${rightOf(b)}, ${inText(a.name)} ${rightOf(a)}`;
  if (!isClear(pair))
    return `${head}: no clear difference${leavesOutZero(pair) ? ` after correction (this pair alone: ${range} points)` : ` (${range} points)`}`;
  return `${head}: a ${value > 0 ? 'gain' : 'loss'} of ${points(Math.abs(value))} points (${range})`;
}

/** Title of a confusion matrix: the most frequent mistake, where one is clearly ahead. */
export function confusionFinding(arm: Pick<ArmResult, 'name' | 'n' | 'confusion'>, labels: readonly string[]): string {
  const mistakes = arm.confusion
    .flatMap((row, gold) => row.map((rows, predicted) => ({ gold, predicted, rows })))
    .filter(({ gold, predicted, rows }) => gold !== predicted && rows > 0)
    .sort((a, b) => b.rows - a.rows);
  const [most, second] = mistakes;
  if (!most) return arm.n > 0 ? `${asSubject(arm.name)} is right on all ${arm.n} rows` : `${arm.name}: no rows`;
  if (most.rows < 2 || most.rows === second?.rows) return `${arm.name}: labels against predictions`;
  const total = (arm.confusion[most.gold] ?? []).reduce((sum, rows) => sum + rows, 0);
  return `${asSubject(arm.name)} calls ${most.rows} of ${total} ${labels[most.gold]} rows ${labels[most.predicted]}`;
}

/** Title of the coverage curve: said only where the interval of the answered rows is above the accuracy of all. */
export function coverageFinding(name: string, point: CoveragePoint, accuracyOfAll: number): string {
  if (point.accuracy === null || point.coverage === 1 || point.interval.low <= accuracyOfAll)
    return 'Accuracy of the answered rows against their share';
  return `Answering the surest ${percentWhole(point.coverage)} of rows, ${inText(name)} is right on ${percent(point.accuracy)} instead of ${percent(accuracyOfAll)}`;
}

/** Title of a reliability diagram: a finding where most of the bars are entirely on one side of the diagonal. */
export function reliabilityFinding(name: string, bins: readonly ReliabilityBin[]): string {
  const over = bins.filter((bin) => bin.accuracyCi95.high < bin.meanConfidence).length;
  const under = bins.filter((bin) => bin.accuracyCi95.low > bin.meanConfidence).length;
  if (over > bins.length / 2) return `${asSubject(name)} is overconfident`;
  if (under > bins.length / 2) return `${asSubject(name)} is underconfident`;
  return `${name}: probability against share right`;
}

/** Title of the slices by one column, after Holm's correction over all columns. */
export function slicesFinding(slices: readonly Pick<Slice, 'name' | 'difference' | 'pHolm'>[], column: string): string {
  if (slices.length === 0) return `No parts by ${column}`;
  const clear = slices.filter(({ pHolm }) => pHolm < 0.05);
  const most = clear.toSorted((a, b) => Math.abs(b.difference) - Math.abs(a.difference))[0];
  if (!most) return `No part by ${column} differs clearly`;
  return `Clear in ${clear.length} of ${slices.length} parts by ${column}: most for ${most.name}, ${pointsWithUnit(Math.abs(most.difference))} ${most.difference > 0 ? 'up' : 'down'}`;
}
