/** Charts as SVG text: scales, axes and marks, in pixels. Names are escaped, and nothing in it needs a script or a style. */
import { type Html, html } from './html';

export type Marks = Html | null | readonly Marks[];
export type Point = readonly [x: number, y: number];
type Ends = readonly [low: number, high: number];
/** Attributes of SVG. */
type Look = Readonly<Record<string, string | number | undefined>>;

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

export interface Scale {
  (value: number): number;
  /** About `most` round values within the scale's ends. */
  readonly ticks: (most: number) => readonly number[];
}

/** Steps of 1, 2 or 5 times a power of ten, the nearest to what was asked for (as d3-array's `ticks`). */
function roundTicks([low, high]: Ends, most: number): readonly number[] {
  const wanted = (high - low) / Math.max(1, most);
  const unit = 10 ** Math.floor(Math.log10(wanted));
  const share = wanted / unit;
  const step = unit * (share >= Math.sqrt(50) ? 10 : share >= Math.sqrt(10) ? 5 : share >= Math.SQRT2 ? 2 : 1);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

const between = (share: number, [from, to]: Ends) => from + share * (to - from);

export const linear = (domain: Ends, range: Ends): Scale =>
  Object.assign((value: number) => between((value - domain[0]) / (domain[1] - domain[0]), range), {
    ticks: (most: number) => roundTicks(domain, most),
  });

export function logarithmic([low, high]: Ends, range: Ends): Scale {
  const decades = [-3, -2, -1, 0, 1, 2, 3, 4, 5].flatMap((power) => [1, 2, 5].map((n) => n * 10 ** power));
  const within = decades.filter((value) => value >= low && value <= high);
  return Object.assign((value: number) => between(Math.log(value / low) / Math.log(high / low), range), {
    ticks: (most: number) => (within.length > 1 ? within : roundTicks([low, high], most)),
  });
}

/** A frame with its two scales. */
export interface Area {
  readonly frame: Frame;
  readonly x: Scale;
  readonly y: Scale;
}

export const across = ({ left, width, right }: Frame): Ends => [left, width - right];
export const upwards = ({ top, height, bottom }: Frame): Ends => [height - bottom, top];
export const areaOf = (frame: Frame, x: Ends, y: Ends): Area => ({
  frame,
  x: linear(x, across(frame)),
  y: linear(y, upwards(frame)),
});

const px = (value: number): string => String(Number(value.toFixed(2)));
const attributes = (look: Look) =>
  Object.entries(look).map(([name, value]) => (value === undefined ? '' : html` ${name}="${value}"`));

export const line = ([x1, y1]: Point, [x2, y2]: Point, look: Look): Html =>
  html`<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}"${attributes(look)}/>`;

const through = (points: readonly Point[]) => points.map(([x, y]) => `${px(x)},${px(y)}`).join('L');

export const path = (points: readonly Point[], look: Look): Marks =>
  points.length === 0 ? null : html`<path d="M${through(points)}" fill="none"${attributes({ ...ROUND, ...look })}/>`;

const ROUND = { 'stroke-linejoin': 'round', 'stroke-linecap': 'round' };

/** What lies between two lines. */
export const band = (upper: readonly Point[], lower: readonly Point[], look: Look): Marks =>
  upper.length === 0 ? null : html`<path d="M${through([...upper, ...lower.toReversed()])}Z"${attributes(look)}/>`;

export const rect = ([x, y]: Point, width: number, height: number, look: Look): Html =>
  html`<rect x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}"${attributes(look)}/>`;

export type Shape = 'circle' | 'diamond' | 'square';

export function symbol(shape: Shape, [x, y]: Point, r: number, look: Look): Html {
  if (shape === 'circle') return html`<circle cx="${px(x)}" cy="${px(y)}" r="${px(r)}"${attributes(look)}/>`;
  if (shape === 'square') return rect([x - r, y - r], 2 * r, 2 * r, look);
  const [wide, high] = [r * 0.95, r * 1.65];
  return html`<path d="M${px(x)},${px(y - high)}l${px(wide)},${px(high)}l${px(-wide)},${px(high)}l${px(-wide)},${px(-high)}Z"${attributes(look)}/>`;
}

/** Centred on its place upwards; lines one below the other. */
export function text(words: string | readonly string[], [x, y]: Point, look: Look = {}): Html {
  const lines = typeof words === 'string' ? [words] : words;
  const first = 0.32 - 0.55 * (lines.length - 1);
  return html`<text y="${px(y)}"${attributes(look)}>${lines.map(
    (each, i) => html`<tspan x="${px(x)}" dy="${i === 0 ? px(first) : 1.1}em">${each}</tspan>`,
  )}</text>`;
}

type TickWords = (value: number, place: number) => string | number;

/** @param ticks how many, or which */
export const gridX = ({ frame, x }: Area, ticks: number, stroke: string): Marks =>
  x.ticks(ticks).map((tick) => line([x(tick), frame.top], [x(tick), frame.height - frame.bottom], { stroke }));
export const gridY = ({ frame, y }: Area, ticks: number, stroke: string): Marks =>
  y.ticks(ticks).map((tick) => line([frame.left, y(tick)], [frame.width - frame.right, y(tick)], { stroke }));

export const axisX = ({ frame, x }: Area, ticks: number | readonly number[], words: TickWords = String): Marks =>
  (typeof ticks === 'number' ? x.ticks(ticks) : ticks).map((tick, i) =>
    text(String(words(tick, i)), [x(tick), frame.height - frame.bottom + 14], { 'text-anchor': 'middle' }),
  );
export const axisY = ({ frame, y }: Area, ticks: number, words: TickWords = String): Marks =>
  y.ticks(ticks).map((tick, i) => text(String(words(tick, i)), [frame.left - 8, y(tick)], { 'text-anchor': 'end' }));

/** @param look of a picture that says what it shows; else a table beside it does */
export const picture = (
  { width, height }: Frame,
  marks: Marks,
  look: Look = { class: 'plot', 'aria-hidden': 'true' },
) =>
  html`<svg xmlns="http://www.w3.org/2000/svg" fill="currentColor" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"${attributes(look)}>${marks}</svg>`;
