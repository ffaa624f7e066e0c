/** What a run is measured by: titles of its curves, and charts of several runs. Titles of a comparison are in evaluation/classify/titles.ts. */
import * as Plot from '@observablehq/plot';
import { midSentence, ofRows } from '../../lib/format';
import { wilson } from '../../metrics/intervals';
import { LABEL_METRICS, TAG_METRICS, TEXT_METRICS } from '../../metrics/registry';
import type { Place, Trend } from '../../training/diagnosis';
import type { ReferenceLine, Scores, ValidationPoint } from '../../training/events';
import { axisX, axisY, COLOUR, type Draw, gridY, margins, NARROW, percentTick, spread, svg, tenthBelow } from './plot';

const lineName = ({ id, name }: ReferenceLine) =>
  id === 'untuned' ? 'the untuned prompt' : name.replace(/^always /, 'always answering ');

/** A row or two above the most frequent label are no lead, so the judgement asks for more. */
const above = (line: ReferenceLine) => `${line.id === 'majority' ? 'clearly ' : ''}above ${lineName(line)}`;

/** A lead on validation rows is described as a place on the chart, never as a win. */
export function validationTitle(points: readonly ValidationPoint[], place: Place, metric: Metric): string {
  const { of, falls, name: measure } = MEASURES[metric];
  const name = `Validation ${midSentence(measure)}`;
  if (points.length < 2) return `${name}, step by step`;
  if (place.kind === 'ahead') {
    const line = `${lineName(place.of)}${falls ? '’s' : ''}`;
    return place.since
      ? `${name} ${falls ? 'fell below' : 'passed'} ${line} between steps ${place.since.join(' and ')}`
      : `${name} has been ${falls ? 'below' : 'above'} ${line} from the start`;
  }
  if (falls) return fallingTitle(name, points.map(of), points);
  switch (place.kind) {
    case 'was-ahead':
      return `${name} was ${above(place.of)} at step ${place.step}, and is no longer`;
    case 'between':
      return `${name} is ${above(place.ahead)}, and not ${above(place.behind)}`;
    case 'behind':
      return `${name} is not ${above(place.of)}`;
    case 'unknown':
      return `${name}, step by step`;
  }
}

function fallingTitle(name: string, values: readonly number[], points: readonly ValidationPoint[]): string {
  const now = values.at(-1) ?? 0;
  const lowest = Math.min(...values);
  const best = points[values.indexOf(lowest)];
  if (best && now > 1.02 * lowest) return `${name} was lowest at step ${best.step}`;
  return now < 0.98 * (values[0] ?? 0) ? `${name} is falling` : `${name} has not fallen yet`;
}

const TRENDS: Readonly<Record<Trend, string>> = {
  short: 'Training loss, step by step',
  falling: 'Training loss is falling',
  level: 'Training loss has levelled off',
  unmoved: 'Training loss has not moved',
  rising: 'Training loss is rising',
  grown: 'Training loss is far above its start',
  broken: 'Training loss is no longer a number',
};

export const lossTitle = (trend: Trend): string => TRENDS[trend];

export function normsTitle(
  norms: readonly [shortest: number, median: number, longest: number] | null,
  vocabulary: readonly [low: number, median: number, high: number] | null,
): string {
  const name = 'Length of the vectors';
  if (!norms || !vocabulary) return `${name}, step by step`;
  const ratio = norms[1] / vocabulary[1];
  if (norms[1] > vocabulary[2])
    return `${name}: ${ratio.toFixed(1)} times the vocabulary’s, longer than its middle 90%`;
  if (norms[1] < vocabulary[0]) return `${name}: shorter than the vocabulary’s middle 90%`;
  return `${name}: within the vocabulary’s middle 90%`;
}

export type Metric = 'accuracy' | 'microF1' | 'macroF1' | 'loss' | 'perplexity';

type Measured = Scores & { readonly loss?: number };

interface Measure {
  readonly name: string;
  readonly of: (point: Measured) => number;
  /** Whether less is better: then the axis ends where the values do, and not at 1. */
  readonly falls: boolean;
  readonly tick: (value: number) => string;
  readonly label: (value: number, rows: number) => string;
}

const lossOf = ({ loss = Number.NaN }: Measured) => loss;
const short = (value: number) => String(Number(value.toPrecision(3)));
const wholePercent = (value: number) => (value * 100).toFixed(0);
const wholeShare = (value: number, rows: number) => ofRows(value, rows, undefined, wholePercent);

/** NaN where the kind of task has no such figure. */
const share = (figure: 'accuracy' | 'microF1' | 'macroF1', name: string, label: Measure['label']): Measure => ({
  name,
  of: (point) => (point as Partial<Record<typeof figure, number>>)[figure] ?? Number.NaN,
  falls: false,
  tick: percentTick,
  label,
});

export const MEASURES: Readonly<Record<Metric, Measure>> = {
  accuracy: share('accuracy', LABEL_METRICS.accuracy.name, wholeShare),
  microF1: share('microF1', TAG_METRICS.microF1.name, wholePercent),
  macroF1: share('macroF1', LABEL_METRICS.macroF1.name, wholePercent),
  loss: { name: 'Loss', of: lossOf, falls: true, tick: short, label: (value) => value.toFixed(2) },
  perplexity: {
    name: TEXT_METRICS.perplexity.name,
    of: (p) => Math.exp(lossOf(p)),
    falls: true,
    tick: short,
    label: short,
  },
};

/** Of the highest value: closer together, ticks of three digits would say the same. */
const LEAST_SPAN = 0.1;

export function fallingDomain(values: readonly number[]): readonly [low: number, high: number] {
  if (values.length === 0) return [0, 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const range = high - low;
  const room = Math.max(0.06 * range, (LEAST_SPAN * high - range) / 2, 1e-6);
  return [Math.max(0, low - room), high + room];
}

export interface RunCurve {
  readonly id: string;
  readonly name: string;
  readonly points: readonly ValidationPoint[];
}

/** Lines differ in their dashes and the name at their end, not in colour: all are tuned prompts. */
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

export const drawCurve =
  (points: readonly { readonly rows: number; readonly accuracy: number }[], validationRows: number): Draw =>
  (width) => {
    const blurred = points.map(({ rows, accuracy }) => ({
      rows,
      accuracy,
      ...wilson(accuracy * validationRows, validationRows),
    }));
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
        axisX(
          blurred.map((p) => p.rows),
          (rows) => `${rows} rows`,
        ),
        Plot.ruleX(blurred, { x: 'rows', y1: 'low', y2: 'high', stroke: COLOUR.b, strokeOpacity: 0.5 }),
        Plot.lineY(blurred, { x: 'rows', y: 'accuracy', stroke: COLOUR.b, strokeWidth: 2.5 }),
        Plot.dot(blurred, { x: 'rows', y: 'accuracy', symbol: 'diamond', r: 5, fill: COLOUR.b }),
      ],
    });
  };
