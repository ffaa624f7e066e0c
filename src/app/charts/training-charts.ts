import {
  areaOf,
  axisX,
  axisY,
  band,
  type Frame,
  linear,
  logarithmic,
  path,
  rect,
  across as sidewards,
  symbol,
  text,
  upwards,
} from '../../lib/plot';
import type { ReferenceLine, StepPoint, ValidationPoint } from '../../training/events';
import {
  across,
  COLOUR,
  cut,
  type Draw,
  downsample,
  gridY,
  NARROW,
  OVER_LINES,
  spread,
  svg,
  tenthBelow,
  upright,
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

const LINE_COLOUR: Readonly<Record<ReferenceLine['id'], string>> = {
  majority: COLOUR.ref,
  untuned: COLOUR.ref,
  yours: COLOUR.a,
};

const BESIDE = 23;
const LETTER = 7.4;
const NARROW_SIDES = { left: 46, right: 22 };

function shareDomain(values: readonly number[]): readonly [low: number, high: number] {
  const low = tenthBelow([0.9, ...values], 0.04);
  return [low, Math.min(1, Math.ceil((Math.max(0.1, low + 0.2, ...values) + 0.02) * 10) / 10)];
}

function namesOf(
  { lines, points, metric, rows }: ValidationChart,
  most: number,
): readonly { readonly text: string; readonly at: number; readonly fill: string }[] {
  const { of, label } = MEASURES[metric];
  const last = points.at(-1);
  const named = (name: string, point: ReferenceLine | ValidationPoint, fill: string) => {
    const value = label(of(point), rows);
    return { text: `${cut(name, most - value.length)} ${value}`, at: of(point), fill };
  };
  return [
    ...lines.map((line) => named(`${line.id === 'yours' ? 'A ' : ''}${line.name}`, line, LINE_COLOUR[line.id])),
    ...(last ? [named('B tuned', last, COLOUR.b)] : []),
  ];
}

const DASHES: Readonly<Record<ReferenceLine['id'], string>> = { majority: '4 4', untuned: '1 4', yours: '6 3' };

export const drawValidation =
  (chart: ValidationChart): Draw =>
  (width) => {
    const { points, lines, metric, stepsTotal, bestStep } = chart;
    const narrow = width < NARROW;
    const { left, right } = NARROW_SIDES;
    const names = namesOf(chart, narrow ? Math.floor((width - left - right) / LETTER) - 1 : BESIDE);
    const room = Math.max(148, 6 + LETTER * Math.max(0, ...names.map(({ text: words }) => words.length)));
    const frame = { width, height: narrow ? 240 : 272, top: 14, bottom: 30, left, right: narrow ? right : room };
    const { of, tick, falls } = MEASURES[metric];
    const values = [...points.map(of), ...lines.map(of)];
    const domain = falls ? fallingDomain(values) : shareDomain(values);
    const area = areaOf(frame, [0, Math.max(stepsTotal, points.at(-1)?.step ?? 1)], domain);
    const placed = spread(
      names.map(({ at }) => at),
      15,
      frame,
      domain,
    );
    const references = lines.map((each) =>
      across(area, of(each), {
        ...{ stroke: LINE_COLOUR[each.id], 'stroke-width': 1.5, 'stroke-dasharray': DASHES[each.id] },
      }),
    );
    const best = bestStep ? upright(area, bestStep, { stroke: COLOUR.ink2, 'stroke-dasharray': '2 3' }) : null;
    const places = points.map((point) => [area.x(point.step), area.y(of(point))] as const);
    const curve = [
      path(places, { stroke: COLOUR.b, 'stroke-width': 2.5 }),
      places.map((place) => symbol('diamond', place, 4.5, { fill: COLOUR.b })),
    ];
    const said = names.map(({ text: words, fill }, i) => {
      const [x, y] = [width - frame.right + (narrow ? -2 : 8), (placed[i] ?? 0) - (narrow ? 8 : 0)];
      const anchor = { 'text-anchor': narrow ? 'end' : 'start' };
      return text(words, [x, y], { ...anchor, fill, 'font-weight': 600, ...OVER_LINES });
    });
    const stepWords = (step: number) => (step === 0 ? 'step 0' : String(step));
    const axes = [gridY(area, 5), axisY(area, 5, tick), axisX(area, narrow ? 4 : 6, stepWords)];
    return svg({ frame, marks: [axes, references, best, curve, said] });
  };

const smallFrame = (width: number): Frame => ({ width, height: 150, top: 10, right: 24, bottom: 28, left: 48 });

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
    const area = areaOf(smallFrame(width), [0, Math.max(stepsTotal, 1)], [0, top || 1]);
    const trace = (points: readonly Traced[], look: object) =>
      path(
        downsample(points, ({ value }) => value, 2 * width).map(({ step, value }) => [area.x(step), area.y(value)]),
        { stroke: COLOUR.ink2, ...look },
      );
    const lines =
      figure === 'loss'
        ? [trace(all, { 'stroke-opacity': 0.35 }), trace(smoothed(all), { 'stroke-width': 2 })]
        : trace(all, { 'stroke-width': 1.5 });
    return svg({ frame: area.frame, marks: [gridY(area, 3), axisY(area, 3), axisX(area, 4), lines] });
  };

/** How long the vectors are, beside the middle 90% of the vocabulary's: a logarithmic axis, as they may grow far beyond. */
export const drawNorms =
  (steps: readonly StepPoint[], vocabulary: readonly [number, number, number] | null, stepsTotal: number): Draw =>
  (width) => {
    const points = steps.flatMap(({ step, vectorNorms: norms }) => (norms ? [{ step, norms }] : []));
    const few = downsample(points, ({ norms }) => norms[2], 2 * width);
    const ends = [...few.flatMap(({ norms }) => [norms[0], norms[2]]), ...(vocabulary ?? [])].filter((x) => x > 0);
    const [low, high] = ends.length > 0 ? [Math.min(...ends), Math.max(...ends)] : [1, 2];
    const frame = smallFrame(width);
    const x = linear([0, Math.max(stepsTotal, 1)], sidewards(frame));
    const area = { frame, x, y: logarithmic([low / 1.15, high * 1.15], upwards(frame)) };
    const places = (which: 0 | 1 | 2) => few.map(({ step, norms }) => [x(step), area.y(norms[which])] as const);
    const usual = vocabulary
      ? [
          rect(
            [frame.left, area.y(vocabulary[2])],
            x(stepsTotal) - x(0),
            area.y(vocabulary[0]) - area.y(vocabulary[2]),
            {
              ...{ fill: COLOUR.ref, 'fill-opacity': 0.18 },
            },
          ),
          across(area, vocabulary[1], { stroke: COLOUR.ref, 'stroke-dasharray': '4 4' }),
        ]
      : null;
    const vectors = [
      band(places(2), places(0), { fill: COLOUR.b, 'fill-opacity': 0.2 }),
      path(places(1), { stroke: COLOUR.b, 'stroke-width': 2 }),
    ];
    return svg({ frame, marks: [axisY(area, 3), axisX(area, 4), usual, vectors] });
  };
