import * as Plot from '@observablehq/plot';
import { colour } from '../../lib/palette';

export type Draw = (width: number) => SVGSVGElement;

/** Below this width labels are above what they name instead of beside it. */
export const NARROW = 520;

/**
 * Plot puts its few rules into a `<style>` inside the SVG, which `style-src 'self'` refuses: they are in charts.css
 * instead, and the element goes before the SVG reaches the page.
 */
export function svg(options: Plot.PlotOptions): SVGSVGElement {
  const drawn = Plot.plot({
    figure: false,
    className: 'plot',
    color: { type: 'identity' },
    ...options,
  }) as SVGSVGElement;
  for (const style of drawn.querySelectorAll('style')) style.remove();
  drawn.removeAttribute('style');
  // The figure around it has the title and a table: the marks themselves would be read out one by one.
  drawn.setAttribute('aria-hidden', 'true');
  return drawn;
}

export const COLOUR = {
  a: colour('arm-a'),
  b: colour('arm-b'),
  ref: colour('ref'),
  line: colour('line'),
  ink: colour('ink'),
  ink2: colour('ink-2'),
  halo: colour('panel'),
} as const;

/** A name where there is room for `most` characters. Where a part is in quotation marks, that part is cut. */
export const cut = (name: string, most: number): string => {
  if (name.length <= most) return name;
  const [, before = '', quoted = '', after = ''] = /^(.*“)(.+)(”.*)$/.exec(name) ?? [];
  const left = most - before.length - after.length;
  if (quoted !== '' && left > 2) return `${before}${cut(quoted, left)}${after}`;
  const end = Math.floor((most - 1) / 2);
  return `${name.slice(0, most - 1 - end)}…${name.slice(name.length - end)}`;
};

export const percentTick = (share: number) => `${Math.round(share * 100)}%`;

export const gridX = (ticks: number) => Plot.gridX({ stroke: COLOUR.line, strokeOpacity: 1, ticks });
export const gridY = (ticks: number) => Plot.gridY({ stroke: COLOUR.line, strokeOpacity: 1, ticks });

const ticked = (
  ticks: number | number[],
  tickFormat?: (value: number) => string | number,
  label: string | null = null,
) => ({
  ticks,
  tickSize: 0,
  label,
  labelAnchor: 'center' as const,
  labelArrow: 'none' as const,
  labelOffset: 35,
  ...(tickFormat ? { tickFormat } : {}),
});
export const axisX = (...of: Parameters<typeof ticked>) => Plot.axisX(ticked(...of));
export const axisY = (...of: Parameters<typeof ticked>) => Plot.axisY(ticked(...of));

export const axisOf = (label: string, ticks = 5) => axisX(ticks, percentTick, label);

/** An outline in the panel's colour, so that a text can be read over lines. */
export const OVER_LINES = { stroke: COLOUR.halo, strokeWidth: 4 } as const;

/** The tenth at or below all values, with some room under them: where an axis of shares starts. */
export const tenthBelow = (values: readonly number[], room = 0): number =>
  Math.max(0, Math.floor((Math.min(...values) - room) * 10) / 10);

interface Margins {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

export const margins = ({ top, right, bottom, left }: Margins) => ({
  marginTop: top,
  marginRight: right,
  marginBottom: bottom,
  marginLeft: left,
});

interface Frame extends Margins {
  readonly height: number;
  readonly domain: readonly [low: number, high: number];
}

/** Where labels of `values` are placed on the y axis so that their centres are at least `gap` pixels apart. */
export function spread(values: readonly number[], gap: number, { height, top, bottom, domain }: Frame): number[] {
  const [low, high] = domain;
  const scale = (height - top - bottom) / (high - low);
  const pixels = values.map((value) => top + (high - value) * scale);
  return dodge(pixels, gap, top + 4, height - bottom - 4).map((y) => high - (y - top) / scale);
}

/** Moves labels apart so that no two centres are closer than `gap`, each as little as possible and none outside `[low, high]`. */
export function dodge(centres: readonly number[], gap: number, low: number, high: number): number[] {
  const order = centres.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y);
  let floor = low;
  for (const label of order) {
    label.y = Math.max(label.y, floor);
    floor = label.y + gap;
  }
  let ceiling = high;
  for (const label of order.toReversed()) {
    label.y = Math.min(label.y, ceiling);
    ceiling = label.y - gap;
  }
  const out: number[] = [];
  for (const { y, i } of order) out[i] = y;
  return out;
}

/** A line of many points as `most` points: of each stretch its lowest and highest, so that spikes stay. */
export function downsample<T>(points: readonly T[], value: (point: T) => number, most: number): readonly T[] {
  const stretches = Math.max(1, Math.floor(most / 2));
  if (points.length <= 2 * stretches) return points;
  const out: T[] = [];
  for (let s = 0; s < stretches; s++) {
    const from = Math.floor((s * points.length) / stretches);
    const to = Math.floor(((s + 1) * points.length) / stretches);
    let low = from;
    let high = from;
    for (let i = from + 1; i < to; i++) {
      if (value(points[i] as T) < value(points[low] as T)) low = i;
      if (value(points[i] as T) > value(points[high] as T)) high = i;
    }
    out.push(points[Math.min(low, high)] as T);
    if (low !== high) out.push(points[Math.max(low, high)] as T);
  }
  return out;
}
