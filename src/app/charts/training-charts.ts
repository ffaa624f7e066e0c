import * as Plot from '@observablehq/plot';
import type { ReferenceLine, StepPoint, ValidationPoint } from '../../training/events';
import {
  axisX,
  axisY,
  COLOUR,
  cut,
  type Draw,
  downsample,
  gridY,
  margins,
  NARROW,
  OVER_LINES,
  spread,
  svg,
  tenthBelow,
} from './plot';
import { fallingDomain, MEASURES, type Metric } from './run-charts';

export interface ValidationChart {
  readonly points: readonly ValidationPoint[];
  readonly lines: readonly ReferenceLine[];
  readonly metric: Metric;
  /** The x axis ends here from the start, so that the curve grows into it. */
  readonly stepsTotal: number;
  readonly bestStep: number | null;
  readonly rows: number;
}

const LOOKS: Readonly<Record<ReferenceLine['id'], { readonly stroke: string; readonly strokeDasharray: string }>> = {
  majority: { stroke: COLOUR.ref, strokeDasharray: '4 4' },
  untuned: { stroke: COLOUR.ref, strokeDasharray: '1 4' },
  yours: { stroke: COLOUR.a, strokeDasharray: '6 3' },
};

const BESIDE = 23;
const LETTER = 7.4;
const NARROW_SIDES = { left: 46, right: 22 };

function shareDomain(values: readonly number[]): readonly [low: number, high: number] {
  const low = tenthBelow([0.9, ...values], 0.04);
  return [low, Math.min(1, Math.ceil((Math.max(0.1, low + 0.2, ...values) + 0.02) * 10) / 10)];
}

function namesOf({ lines, points, metric, rows }: ValidationChart, most: number) {
  const { of, label } = MEASURES[metric];
  const last = points.at(-1);
  const named = (name: string, point: ReferenceLine | ValidationPoint, fill: string) => {
    const value = label(of(point), rows);
    return { text: `${cut(name, most - value.length)} ${value}`, at: of(point), fill };
  };
  return [
    ...lines.map((line) => named(`${line.id === 'yours' ? 'A ' : ''}${line.name}`, line, LOOKS[line.id].stroke)),
    ...(last ? [named('B tuned', last, COLOUR.b)] : []),
  ];
}

export const drawValidation =
  (chart: ValidationChart): Draw =>
  (width) => {
    const { points, lines, metric, stepsTotal, bestStep } = chart;
    const narrow = width < NARROW;
    const height = narrow ? 240 : 272;
    const { left, right } = NARROW_SIDES;
    const names = namesOf(chart, narrow ? Math.floor((width - left - right) / LETTER) - 1 : BESIDE);
    const room = Math.max(148, 6 + LETTER * Math.max(0, ...names.map(({ text }) => text.length)));
    const frame = { top: 14, bottom: 30, left, right: narrow ? right : room };
    const { of, tick, falls } = MEASURES[metric];
    const values = [...points.map(of), ...lines.map(of)];
    const domain = falls ? fallingDomain(values) : shareDomain(values);
    const last = points.at(-1);
    const placed = spread(
      names.map(({ at }) => at),
      15,
      { ...frame, height, domain },
    );
    return svg({
      width,
      height,
      ...margins(frame),
      x: { domain: [0, Math.max(stepsTotal, last?.step ?? 1)], label: null },
      y: { domain, label: null, ticks: 5, tickFormat: tick, tickSize: 0, tickPadding: 8 },
      marks: [
        gridY(5),
        axisX(narrow ? 4 : 6, (step) => (step === 0 ? 'step 0' : String(step))),
        ...lines.map((line) => Plot.ruleY([of(line)], { ...LOOKS[line.id], strokeWidth: 1.5 })),
        bestStep ? Plot.ruleX([bestStep], { stroke: COLOUR.ink2, strokeDasharray: '2 3' }) : null,
        bestStep ? Plot.text([bestStep], { x: Number, frameAnchor: 'top', dy: -12, text: () => 'kept' }) : null,
        Plot.lineY(points, { x: 'step', y: of, stroke: COLOUR.b, strokeWidth: 2.5 }),
        Plot.dot(points, { x: 'step', y: of, symbol: 'diamond', r: 4.5, fill: COLOUR.b }),
        Plot.text(names, {
          text: 'text',
          frameAnchor: 'right',
          x: null,
          y: (_, i: number) => placed[i],
          dx: narrow ? -2 : 8,
          dy: narrow ? -8 : 0,
          textAnchor: narrow ? 'end' : 'start',
          fill: 'fill',
          fontWeight: 600,
          ...OVER_LINES,
        }),
      ],
    });
  };

const smallFrame = (width: number, stepsTotal: number) => ({
  width,
  height: 150,
  ...margins({ top: 10, right: 24, bottom: 28, left: 48 }),
  x: { domain: [0, Math.max(stepsTotal, 1)], label: null },
});

const smallAxes = [gridY(3), axisY(3), axisX(4)];

const WINDOW = 10;

function smoothed(points: readonly Traced[]): readonly Traced[] {
  let sum = 0;
  const means = points.map(({ step, value }, i) => {
    sum += value - (i >= WINDOW ? (points[i - WINDOW]?.value ?? 0) : 0);
    return { step, value: sum / WINDOW };
  });
  return means.slice(WINDOW - 1);
}

interface Traced {
  readonly step: number;
  readonly value: number;
}

/** A figure of every step; of thousands of steps only the points that the width can show. The loss is faint beside its mean. */
export const drawSteps =
  (steps: readonly StepPoint[], figure: 'loss' | 'learningRate' | 'gradNorm', stepsTotal: number): Draw =>
  (width) => {
    const all = steps.map((point) => ({ step: point.step, value: point[figure] }));
    const top = all.reduce((most, { value }) => Math.max(most, value), figure === 'loss' ? 0.1 : 0);
    const line = (points: readonly Traced[], look: Plot.LineYOptions) =>
      Plot.lineY(
        downsample(points, ({ value }) => value, 2 * width),
        { x: 'step', y: 'value', stroke: COLOUR.ink2, ...look },
      );
    return svg({
      ...smallFrame(width, stepsTotal),
      y: { domain: [0, top || 1], label: null, nice: true },
      marks: [
        ...smallAxes,
        ...(figure === 'loss'
          ? [line(all, { strokeOpacity: 0.35, strokeWidth: 1 }), line(smoothed(all), { strokeWidth: 2 })]
          : [line(all, { strokeWidth: 1.5 })]),
      ],
    });
  };

/** How long the vectors are, beside the middle 90% of the vocabulary's: a logarithmic axis, as they may grow far beyond. */
export const drawNorms =
  (steps: readonly StepPoint[], vocabulary: readonly [number, number, number] | null, stepsTotal: number): Draw =>
  (width) => {
    const points = steps.flatMap(({ step, vectorNorms: norms }) =>
      norms ? [{ step, shortest: norms[0], median: norms[1], longest: norms[2] }] : [],
    );
    const few = downsample(points, (p) => p.longest, 2 * width);
    const ends = [...few.flatMap((p) => [p.shortest, p.longest]), ...(vocabulary ?? [])].filter((x) => x > 0);
    const low = ends.length > 0 ? Math.min(...ends) : 1;
    const high = ends.length > 0 ? Math.max(...ends) : 2;
    return svg({
      ...smallFrame(width, stepsTotal),
      y: { type: 'log', domain: [low / 1.15, high * 1.15], label: null },
      marks: [
        axisY(3, (x: number) => Number(x.toPrecision(2))),
        axisX(4),
        vocabulary
          ? Plot.rectY([vocabulary], {
              y1: vocabulary[0],
              y2: vocabulary[2],
              x1: 0,
              x2: Math.max(stepsTotal, 1),
              fill: COLOUR.ref,
              fillOpacity: 0.18,
            })
          : null,
        vocabulary ? Plot.ruleY([vocabulary[1]], { stroke: COLOUR.ref, strokeDasharray: '4 4' }) : null,
        Plot.areaY(few, { x: 'step', y1: 'shortest', y2: 'longest', fill: COLOUR.b, fillOpacity: 0.2 }),
        Plot.lineY(few, { x: 'step', y: 'median', stroke: COLOUR.b, strokeWidth: 2 }),
      ],
    });
  };
