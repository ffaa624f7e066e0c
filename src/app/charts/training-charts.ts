import * as Plot from '@observablehq/plot';
import type { StepPoint, ValidationPoint } from '../../training/events';
import { dodge } from './dodge';
import { downsample } from './downsample';
import type { Metric, ReferenceLine } from './finding';
import { COLOUR, type Draw, NARROW, percentTick, svg } from './plot';

export interface ValidationChart {
  readonly points: readonly ValidationPoint[];
  readonly lines: readonly ReferenceLine[];
  readonly metric: Metric;
  /** The x axis ends here from the start, so that the curve grows into it. */
  readonly stepsTotal: number;
  readonly bestStep: number | null;
}

const LINE_COLOUR: Readonly<Record<ReferenceLine['id'], string>> = {
  majority: COLOUR.ref,
  untuned: COLOUR.ref,
  yours: COLOUR.a,
};

/** Validation accuracy or macro-F1 of the vectors, step by step, against what it has to beat. */
export const drawValidation =
  ({ points, lines, metric, stepsTotal, bestStep }: ValidationChart): Draw =>
  (width) => {
    const narrow = width < NARROW;
    const height = narrow ? 240 : 272;
    const frame = { top: 14, bottom: 30, left: 46, right: narrow ? 22 : 148 };
    const values = [...points.map((p) => p[metric]), ...lines.map((l) => l[metric])];
    const low = Math.max(0, Math.floor((Math.min(0.9, ...values) - 0.04) * 10) / 10);
    const high = Math.min(1, Math.ceil((Math.max(0.1, low + 0.2, ...values) + 0.02) * 10) / 10);
    const y = (share: number) => frame.top + ((high - share) / (high - low)) * (height - frame.top - frame.bottom);
    const last = points.at(-1);
    const names = [
      ...lines.map((l) => ({
        text: `${l.id === 'yours' ? 'A ' : ''}${l.name} ${(l[metric] * 100).toFixed(0)}`,
        at: l[metric],
        fill: LINE_COLOUR[l.id],
        strong: false,
      })),
      ...(last
        ? [{ text: `B tuned ${(last[metric] * 100).toFixed(0)}`, at: last[metric], fill: COLOUR.b, strong: true }]
        : []),
    ];
    const placed = dodge(
      names.map((n) => y(n.at)),
      15,
      frame.top + 4,
      height - frame.bottom - 4,
    );
    return svg({
      width,
      height,
      marginTop: frame.top,
      marginBottom: frame.bottom,
      marginLeft: frame.left,
      marginRight: frame.right,
      x: {
        domain: [0, Math.max(stepsTotal, last?.step ?? 1)],
        label: null,
        ticks: narrow ? 4 : 6,
        tickSize: 0,
        tickPadding: 8,
      },
      y: { domain: [low, high], label: null, ticks: 5, tickFormat: percentTick, tickSize: 0, tickPadding: 8 },
      marks: [
        Plot.gridY({ stroke: COLOUR.line, strokeOpacity: 1, ticks: 5 }),
        Plot.axisX({
          ticks: narrow ? 4 : 6,
          tickSize: 0,
          label: null,
          tickFormat: (step: number) => (step === 0 ? 'step 0' : String(step)),
        }),
        ...lines.map((l) =>
          Plot.ruleY([l[metric]], {
            stroke: LINE_COLOUR[l.id],
            strokeWidth: 1.5,
            strokeDasharray: l.id === 'yours' ? '6 3' : l.id === 'majority' ? '4 4' : '1 4',
          }),
        ),
        bestStep !== null && bestStep > 0
          ? Plot.ruleX([bestStep], { stroke: COLOUR.ink2, strokeDasharray: '2 3' })
          : null,
        Plot.lineY(points, { x: 'step', y: metric, stroke: COLOUR.b, strokeWidth: 2.5 }),
        Plot.dot(points, { x: 'step', y: metric, symbol: 'diamond', r: 4.5, fill: COLOUR.b }),
        Plot.text(names, {
          text: 'text',
          frameAnchor: 'right',
          x: null,
          y: (_, i: number) =>
            high - (((placed[i] ?? 0) - frame.top) / (height - frame.top - frame.bottom)) * (high - low),
          dx: narrow ? -2 : 8,
          dy: narrow ? -8 : 0,
          textAnchor: narrow ? 'end' : 'start',
          fill: 'fill',
          fontWeight: 600,
          stroke: COLOUR.halo,
          strokeWidth: 4,
        }),
      ],
      color: { type: 'identity' },
    });
  };

const WINDOW = 10;

/** Mean loss over the last ten steps, at each step. */
function smoothed(steps: readonly StepPoint[]): { readonly step: number; readonly loss: number }[] {
  let sum = 0;
  return steps.map(({ step, loss }, i) => {
    sum += loss - (i >= WINDOW ? (steps[i - WINDOW]?.loss ?? 0) : 0);
    return { step, loss: sum / Math.min(WINDOW, i + 1) };
  });
}

/** Training loss of every step, and its mean over the last ten; thousands of steps are drawn as many as the width shows. */
export const drawLoss =
  (steps: readonly StepPoint[], stepsTotal: number): Draw =>
  (width) => {
    const top = steps.reduce((most, s) => Math.max(most, s.loss), 0.1);
    const most = 2 * width;
    const lossOf = (point: { readonly loss: number }) => point.loss;
    return svg({
      width,
      height: 150,
      marginTop: 10,
      marginBottom: 28,
      marginLeft: 34,
      marginRight: 24,
      x: { domain: [0, Math.max(stepsTotal, 1)], label: null },
      y: { domain: [0, top], label: null, nice: true },
      marks: [
        Plot.gridY({ stroke: COLOUR.line, strokeOpacity: 1, ticks: 3 }),
        Plot.axisY({ ticks: 3, tickSize: 0, label: null }),
        Plot.axisX({ ticks: 4, tickSize: 0, label: null }),
        Plot.lineY(downsample(steps, lossOf, most), {
          x: 'step',
          y: 'loss',
          stroke: COLOUR.ink2,
          strokeOpacity: 0.35,
          strokeWidth: 1,
        }),
        Plot.lineY(downsample(smoothed(steps).slice(WINDOW - 1), lossOf, most), {
          x: 'step',
          y: 'loss',
          stroke: COLOUR.ink2,
          strokeWidth: 2,
        }),
      ],
    });
  };
