import * as Plot from '@observablehq/plot';
import type { ValidationPoint } from '../../training/events';
import { fallingDomain, MEASURES, type Metric } from './finding';
import { axisX, axisY, COLOUR, type Draw, gridY, margins, NARROW, percentTick, spread, svg, tenthBelow } from './plot';

/** A run's validation results, with the short name that it goes by. */
export interface RunCurve {
  readonly id: string;
  readonly name: string;
  readonly points: readonly ValidationPoint[];
}

/** Lines are told apart by their dashes and the name at their end, not by colour: all are tuned prompts. */
const DASHES = ['', '6 3', '2 3', '8 3 2 3', '1 4', '10 5'];

const stepsOf = (curves: readonly RunCurve[]) =>
  Math.max(1, ...curves.flatMap(({ points }) => points.map(({ step }) => step)));

/** One scale for all, so that curves can be compared by eye. */
function domainOf(curves: readonly RunCurve[], metric: Metric): readonly [number, number] {
  const { of, falls } = MEASURES[metric];
  const values = curves.flatMap(({ points }) => points.map(of));
  if (falls) return fallingDomain(values);
  if (values.length === 0) return [0, 1];
  const low = tenthBelow(values, 0.03);
  return [low, Math.min(1, Math.max(low + 0.2, Math.ceil((Math.max(...values) + 0.02) * 10) / 10))];
}

/** Several runs over one another. */
export const drawOverlay =
  (curves: readonly RunCurve[], metric: Metric): Draw =>
  (width) => {
    const narrow = width < NARROW;
    const height = narrow ? 240 : 272;
    const frame = { top: 14, bottom: 30, left: 46, right: narrow ? 34 : 60 };
    const domain = domainOf(curves, metric);
    const ended = curves.flatMap((curve) => curve.points.slice(-1).map((last) => ({ ...curve, last })));
    const placed = spread(
      ended.map(({ last }) => MEASURES[metric].of(last)),
      14,
      { ...frame, height, domain },
    );
    return svg({
      width,
      height,
      ...margins(frame),
      x: { domain: [0, stepsOf(curves)], label: null },
      y: { domain, label: null, ticks: 5, tickFormat: MEASURES[metric].tick, tickSize: 0, tickPadding: 8 },
      marks: [
        gridY(5),
        axisX(narrow ? 4 : 6),
        ...curves.map(({ points }, i) =>
          Plot.lineY(points, {
            x: 'step',
            y: MEASURES[metric].of,
            stroke: COLOUR.b,
            strokeWidth: 2,
            strokeDasharray: DASHES[i % DASHES.length] ?? '',
          }),
        ),
        Plot.text(ended, {
          text: 'name',
          frameAnchor: 'right',
          x: null,
          y: (_, i: number) => placed[i],
          dx: 8,
          textAnchor: 'start',
          fill: COLOUR.b,
          fontWeight: 600,
        }),
      ],
    });
  };

/** One run in front of the others of its group, small: many of these are drawn side by side on one scale. */
export const drawSmallMultiple =
  (curves: readonly RunCurve[], id: string, metric: Metric): Draw =>
  (width) => {
    const own = curves.find((curve) => curve.id === id);
    return svg({
      width,
      height: 96,
      ...margins({ top: 8, right: 10, bottom: 20, left: 36 }),
      x: { domain: [0, stepsOf(curves)], label: null },
      y: { domain: domainOf(curves, metric), label: null },
      marks: [
        gridY(2),
        axisY(2, MEASURES[metric].tick),
        axisX(3),
        ...curves
          .filter((curve) => curve.id !== id)
          .map(({ points }) =>
            Plot.lineY(points, {
              x: 'step',
              y: MEASURES[metric].of,
              stroke: COLOUR.ref,
              strokeOpacity: 0.35,
              strokeWidth: 1,
            }),
          ),
        Plot.lineY(own?.points ?? [], { x: 'step', y: MEASURES[metric].of, stroke: COLOUR.b, strokeWidth: 2.5 }),
      ],
    });
  };

/** Accuracy over the number of training rows, each with what so few validation rows blur. */
export const drawCurve =
  (points: readonly { readonly rows: number; readonly accuracy: number }[], validationRows: number): Draw =>
  (width) => {
    const blurred = points.map(({ rows, accuracy }) => {
      const blur = 2 * Math.sqrt((accuracy * (1 - accuracy)) / Math.max(1, validationRows));
      return { rows, accuracy, low: Math.max(0, accuracy - blur), high: Math.min(1, accuracy + blur) };
    });
    const low = tenthBelow([1, ...blurred.map((p) => p.low)], 0.03);
    return svg({
      width,
      height: 220,
      ...margins({ top: 14, right: 32, bottom: 30, left: 46 }),
      x: { type: 'log', base: 2, label: null },
      y: { domain: [low, 1], label: null },
      marks: [
        gridY(5),
        axisY(5, percentTick),
        Plot.axisX({
          ticks: blurred.map((p) => p.rows),
          tickSize: 0,
          label: null,
          tickFormat: (rows: number) => `${rows} rows`,
        }),
        Plot.ruleX(blurred, { x: 'rows', y1: 'low', y2: 'high', stroke: COLOUR.b, strokeOpacity: 0.5 }),
        Plot.lineY(blurred, { x: 'rows', y: 'accuracy', stroke: COLOUR.b, strokeWidth: 2.5 }),
        Plot.dot(blurred, { x: 'rows', y: 'accuracy', symbol: 'diamond', r: 5, fill: COLOUR.b }),
      ],
    });
  };
