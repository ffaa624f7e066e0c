import * as Plot from '@observablehq/plot';
import type { Interval } from '../../metrics/intervals';
import { COLOUR, type Draw, NARROW, percentTick, svg } from './plot';

export interface PerformancePoint {
  readonly id: string;
  readonly name: string;
  readonly kind: 'hard' | 'soft';
  /** Accuracy or ROUGE-L, 0 to 1. */
  readonly value: number;
  readonly ci95: Interval;
}

/** Versions on the same rows, in the order in which they were made, with 95% intervals. */
export const drawPerformance =
  (points: readonly PerformancePoint[]): Draw =>
  (width) => {
    const narrow = width < NARROW;
    const rows = points.map(({ id, name, kind, value, ci95: { low, high } }) => ({
      id,
      name,
      kind,
      value,
      low,
      high,
      stroke: kind === 'hard' ? COLOUR.a : COLOUR.b,
    }));
    const names = new Map(rows.map(({ id, name }) => [id, name]));
    const from = Math.max(0, Math.floor((Math.min(...rows.map(({ low }) => low)) - 0.03) * 10) / 10);
    const x = (row: { id: string }) => row.id;
    const of = (kind: 'hard' | 'soft') => rows.filter((row) => row.kind === kind);
    const slant = narrow || rows.length > 8;
    return svg({
      width,
      height: 260,
      marginLeft: 44,
      marginRight: 16,
      marginTop: 16,
      marginBottom: slant ? 96 : 36,
      x: { type: 'point', domain: rows.map(({ id }) => id), padding: 0.5, label: null },
      y: { domain: [from, 1], label: null },
      color: { type: 'identity' },
      marks: [
        Plot.gridY({ stroke: COLOUR.line, strokeOpacity: 1, ticks: 5 }),
        Plot.axisY({ ticks: 5, tickFormat: percentTick, tickSize: 0, label: null }),
        Plot.axisX({
          tickFormat: (id: string) => names.get(id) ?? '',
          tickRotate: slant ? -60 : 0,
          tickSize: 0,
          label: null,
        }),
        Plot.line(rows, { x, y: 'value', stroke: COLOUR.line, strokeWidth: 2, strokeOpacity: 1 }),
        Plot.ruleX(rows, { x, y1: 'low', y2: 'high', stroke: 'stroke', strokeWidth: 3, strokeLinecap: 'round' }),
        Plot.dot(of('hard'), { x, y: 'value', symbol: 'circle', r: 6, fill: COLOUR.a }),
        Plot.dot(of('soft'), { x, y: 'value', symbol: 'diamond', r: 7, fill: COLOUR.b }),
      ],
    });
  };
