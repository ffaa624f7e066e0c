/** Charts of what probabilities are worth: what is answered against what is right, and said against seen. */
import * as Plot from '@observablehq/plot';
import type { ReliabilityBin } from '../../metrics/calibration';
import { type CoveragePoint, coverageAt } from '../../metrics/coverage';
import type { Side } from './comparison-charts';
import { downsample } from './downsample';
import { COLOUR, type Draw, NARROW, percentTick, svg } from './plot';

interface CoverageArm {
  readonly side: Side;
  readonly curve: readonly CoveragePoint[];
  readonly confidences: readonly number[];
  readonly right: readonly boolean[];
}

const MARK = { a: 'circle', b: 'diamond', ref: 'square' } as const;

/** Accuracy of the answered rows against their share; the mark is the threshold. */
export const drawCoverage =
  (arms: readonly CoverageArm[], threshold: number): Draw =>
  (width) => {
    const narrow = width < NARROW;
    const lines = arms.map((arm) => ({
      ...arm,
      points: downsample(
        // a handful of rows is no accuracy
        arm.curve.filter((point) => point.answered >= Math.min(10, arm.right.length)),
        (point) => point.accuracy ?? 0,
        2 * width,
      ),
      at: coverageAt(arm.confidences, arm.right, threshold),
    }));
    const lows = lines.flatMap(({ points }) => points.map((point) => point.accuracy ?? 1));
    const from = Math.max(0, Math.floor((Math.min(0.9, ...lows) - 0.05) * 10) / 10);
    return svg({
      width,
      height: narrow ? 230 : 260,
      marginTop: 12,
      marginBottom: 40,
      marginLeft: 46,
      marginRight: 24,
      x: { domain: [0, 1], label: null },
      y: { domain: [from, 1], label: null },
      color: { type: 'identity' },
      marks: [
        Plot.gridY({ stroke: COLOUR.line, strokeOpacity: 1, ticks: 5 }),
        Plot.axisY({ ticks: 5, tickFormat: percentTick, tickSize: 0, label: null }),
        Plot.axisX({
          ticks: narrow ? 3 : 5,
          tickFormat: percentTick,
          tickSize: 0,
          label: 'share of rows answered',
          labelAnchor: 'center',
          labelArrow: 'none',
        }),
        ...lines.map(({ points, side }) =>
          Plot.areaY(points, {
            x: 'coverage',
            y1: (point: CoveragePoint) => Math.max(from, point.accuracyCi95.low),
            y2: (point: CoveragePoint) => point.accuracyCi95.high,
            fill: COLOUR[side],
            fillOpacity: 0.1,
          }),
        ),
        ...lines.map(({ points, side }) =>
          Plot.lineY(points, {
            x: 'coverage',
            y: 'accuracy',
            stroke: COLOUR[side],
            strokeWidth: 2.5,
            ...(side === 'b' ? {} : { strokeDasharray: '6 3' }),
          }),
        ),
        ...lines.flatMap(({ at, side }) =>
          at.accuracy === null || at.accuracy < from
            ? []
            : [Plot.dot([at], { x: 'coverage', y: 'accuracy', symbol: MARK[side], r: 6.5, fill: COLOUR[side] })],
        ),
      ],
    });
  };

/** How often answers of a confidence are right, with Wilson bars; on the diagonal probabilities mean what they say. */
export const drawReliability =
  (bins: readonly ReliabilityBin[], side: Side): Draw =>
  (width) => {
    const lowest = Math.min(...bins.map((bin) => Math.min(bin.meanConfidence, bin.accuracyCi95.low)));
    const from = Math.max(0, Math.floor(lowest * 10) / 10);
    const ticks = { ticks: 5, tickFormat: percentTick, tickSize: 0 };
    return svg({
      width: Math.min(width, 420),
      height: 260,
      marginTop: 12,
      marginBottom: 40,
      marginLeft: 46,
      marginRight: 26,
      x: { domain: [from, 1], label: null },
      y: { domain: [from, 1], label: null },
      color: { type: 'identity' },
      marks: [
        Plot.gridY({ stroke: COLOUR.line, strokeOpacity: 1, ticks: 5 }),
        Plot.axisY({ ...ticks, label: null }),
        Plot.axisX({ ...ticks, label: 'probability of the answer', labelAnchor: 'center', labelArrow: 'none' }),
        Plot.line(
          [
            [from, from],
            [1, 1],
          ],
          { stroke: COLOUR.ink2, strokeDasharray: '4 3' },
        ),
        Plot.ruleX(bins, {
          x: 'meanConfidence',
          y1: (bin: ReliabilityBin) => Math.max(from, bin.accuracyCi95.low),
          y2: (bin: ReliabilityBin) => bin.accuracyCi95.high,
          stroke: COLOUR[side],
          strokeWidth: 2,
        }),
        Plot.dot(bins, { x: 'meanConfidence', y: 'accuracy', symbol: MARK[side], r: 5, fill: COLOUR[side] }),
      ],
    });
  };
