import * as Plot from '@observablehq/plot';
import { type CoveragePoint, coverageAt, type ReliabilityBin, type SureAndRight } from '../../metrics/calibration';
import type { ArmSide } from '../ui';
import {
  axisOf,
  axisX,
  axisY,
  COLOUR,
  type Draw,
  downsample,
  gridY,
  margins,
  NARROW,
  percentTick,
  svg,
  tenthBelow,
} from './plot';

interface CoverageArm extends SureAndRight {
  readonly side: ArmSide;
  readonly curve: readonly CoveragePoint[];
}

const MARK = { a: 'circle', b: 'diamond', ref: 'square' } as const;

/** The points of an arm's curve that the width can show; a handful of rows is no accuracy. */
const pointsOf = ({ curve, right }: CoverageArm, width: number) =>
  downsample(
    curve.filter(({ answered }) => answered >= Math.min(10, right.length)),
    (point) => point.accuracy ?? 0,
    2 * width,
  );

export const drawCoverage =
  (arms: readonly CoverageArm[], threshold: number, band = '95% interval'): Draw =>
  (width) => {
    const narrow = width < NARROW;
    const lines = arms.map((arm) => ({
      ...arm,
      points: pointsOf(arm, width),
      at: coverageAt(arm, threshold),
    }));
    const lows = lines.flatMap(({ points }) => points.map((point) => point.accuracy ?? 1));
    const from = tenthBelow([0.9, ...lows], 0.05);
    return svg({
      width,
      height: narrow ? 230 : 260,
      ...margins({ top: 12, right: 24, bottom: 40, left: 46 }),
      x: { domain: [0, 1], label: null },
      y: { domain: [from, 1], label: null },
      marks: [
        gridY(5),
        axisY(5, percentTick),
        axisOf(`rows answered · band: ${band}`, narrow ? 3 : 5),
        ...lines.map(({ points, side }) =>
          Plot.areaY(points, {
            x: 'coverage',
            y1: (point: CoveragePoint) => Math.max(from, point.interval.low),
            y2: (point: CoveragePoint) => point.interval.high,
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
  (bins: readonly ReliabilityBin[], side: ArmSide): Draw =>
  (width) => {
    const from = tenthBelow(bins.flatMap(({ meanConfidence, accuracyCi95 }) => [meanConfidence, accuracyCi95.low]));
    return svg({
      width: Math.min(width, 420),
      height: 260,
      ...margins({ top: 12, right: 26, bottom: 40, left: 46 }),
      x: { domain: [from, 1], label: null },
      y: { domain: [from, 1], label: null },
      marks: [
        gridY(5),
        axisY(5, percentTick),
        axisOf('probability of the answer · bars: 95% interval'),
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

interface Bin {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
}

export const drawLengths =
  (bins: readonly Bin[], budget: number): Draw =>
  (width) => {
    const most = bins.at(-1)?.to ?? 1;
    const near = budget <= most * 1.5;
    const end = near ? Math.max(most, budget) * 1.05 : most + 1;
    const isLate = budget > end / 2;
    return svg({
      width,
      height: 150,
      ...margins({ top: 16, right: 12, bottom: 30, left: 40 }),
      x: { domain: [0, end], label: null },
      y: { label: null },
      marks: [
        gridY(3),
        Plot.rectY(bins, {
          x1: 'from',
          x2: (bin: Bin) => bin.to + 1,
          y: 'rows',
          fill: COLOUR.ref,
          inset: 0.5,
        }),
        axisX(6),
        axisY(3),
        ...(near
          ? [
              Plot.ruleX([budget], { stroke: COLOUR.ink, strokeDasharray: '4 3' }),
              Plot.text([budget], {
                x: (tokens: number) => tokens,
                frameAnchor: 'top',
                textAnchor: isLate ? 'end' : 'start',
                dy: -12,
                text: () => 'model limit',
                fill: COLOUR.ink2,
              }),
            ]
          : []),
      ],
    });
  };
