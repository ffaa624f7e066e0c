import { areaOf, axisX, axisY, rect, text } from '../../lib/plot';
import { type CoveragePoint, coverageAt, type ReliabilityBin, type SureAndRight } from '../../metrics/calibration';
import { coveragePicture, reliabilityPicture } from '../../report/charts';
import type { Side } from './comparison-charts';
import { COLOUR, type Draw, downsample, gridY, NARROW, svg, upright } from './plot';

interface CoverageArm extends SureAndRight {
  readonly side: Side;
  readonly curve: readonly CoveragePoint[];
}

const drawnAs = (side: Side) => ({ colour: COLOUR[side], isLearned: side === 'b' });

export const drawCoverage =
  (arms: readonly CoverageArm[], threshold: number): Draw =>
  (width) => {
    const curves = arms.map(({ side, ...arm }) => ({
      ...drawnAs(side),
      curve: arm.curve,
      rows: arm.right.length,
      at: coverageAt(arm, threshold),
    }));
    const size = { width, height: width < NARROW ? 230 : 260 };
    return svg(coveragePicture(curves, size, (points) => downsample(points, ({ accuracy }) => accuracy, 2 * width)));
  };

export const drawReliability =
  (bins: readonly ReliabilityBin[], side: Side): Draw =>
  (width) =>
    svg(reliabilityPicture(bins, drawnAs(side), Math.min(width, 420)));

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
    const frame = { width, height: 150, top: 16, right: 12, bottom: 30, left: 40 };
    const area = areaOf(frame, [0, end], [0, Math.max(1, ...bins.map(({ rows }) => rows))]);
    const { x, y } = area;
    const bars = bins.map(({ from, to, rows }) =>
      rect([x(from) + 0.5, y(rows)], Math.max(0.5, x(to + 1) - x(from) - 1), y(0) - y(rows), { fill: COLOUR.ref }),
    );
    const anchor = budget > end / 2 ? 'end' : 'start';
    const limit = near
      ? [
          upright(area, budget, { stroke: COLOUR.ink, 'stroke-dasharray': '4 3' }),
          text('model limit', [x(budget), frame.top - 8], { 'text-anchor': anchor, fill: COLOUR.ink2 }),
        ]
      : null;
    return svg({ frame, marks: [gridY(area, 3), bars, axisX(area, 6), axisY(area, 3), limit] });
  };
