import * as Plot from '@observablehq/plot';
import { type ArmResult, isLearned } from '../../evaluation/types';
import { ofRows, percent, points } from '../../lib/format';
import type { Interval } from '../../metrics/intervals';
import type { Figure } from '../../metrics/registry';
import type { ArmSide } from '../ui';
import { axisOf, axisX, COLOUR, cut, type Draw, gridX, margins, NARROW, OVER_LINES, svg, tenthBelow } from './plot';

/** Hand-written prompts are A, tuned ones B; the untuned prompt and the reference classifiers are neither. */
export const sideOf = (arm: Pick<ArmResult, 'kind'>): ArmSide =>
  isLearned(arm.kind) ? 'b' : arm.kind === 'zero-shot' || arm.kind === 'few-shot' ? 'a' : 'ref';

const letter = (side: ArmSide) => (side === 'ref' ? '' : `${side.toUpperCase()} `);

const FONT = 12.5;
const NAME = { textAnchor: 'start', fill: COLOUR.ink, fontSize: FONT, fontWeight: 500 } as const;
const VALUE = { fill: COLOUR.ink, fontSize: FONT, fontWeight: 600 } as const;
/** Width of a letter in the height of its font, with what is left at the end of a line. */
const CHARACTER = 0.6;

function sideMarks(rows: readonly AccuracyRow[], dy: number) {
  const of = (side: ArmSide) => rows.filter((row) => row.side === side);
  const at = { x: 'value', y: yOf, dy };
  return [
    Plot.dot(of('a'), { ...at, symbol: 'circle', r: 6, fill: COLOUR.a }),
    Plot.dot(of('b'), { ...at, symbol: 'diamond', r: 7, fill: COLOUR.b }),
    Plot.tickX(of('ref'), { ...at, stroke: COLOUR.ref, strokeWidth: 3, inset: dy === 0 ? 9 : 15 }),
  ];
}

interface ArmAccuracy extends Pick<ArmResult, 'id' | 'name' | 'kind'>, Figure {
  readonly n: number | null;
  /** This arm minus the one that the others are measured against, which has none. */
  readonly gap?: { readonly difference: number; readonly isClear: boolean } | null;
}

interface Difference extends Interval {
  readonly name: string;
  readonly value: number;
}

type AccuracyRow = ReturnType<typeof accuracyRow>;

const accuracyRow = ({ id, name, kind, value, n, interval, gap }: ArmAccuracy) => {
  const side = sideOf({ kind });
  const label = n === null ? percent(value) : ofRows(value, n);
  return { id, name: `${letter(side)}${name}`, side, value, label, ...interval, gap };
};

const yOf = (row: { readonly id: string }) => row.id;

/** A line from each arm's value to the arm's without a gap, dashed where it is not clear. */
function gapMarks(rows: readonly AccuracyRow[], dy: number) {
  const to = rows.find(({ gap }) => gap === null);
  if (!to) return [];
  const others = rows.filter(({ gap }) => gap);
  const line = (isClear: boolean) =>
    Plot.ruleY(
      others.filter(({ gap }) => gap?.isClear === isClear),
      {
        x1: 'value',
        x2: () => to.value,
        y: yOf,
        dy: dy + 9,
        stroke: COLOUR.ink2,
        strokeWidth: 1.5,
        ...(isClear ? {} : { strokeDasharray: '2 3' }),
      },
    );
  return [Plot.ruleX([to.value], { stroke: COLOUR.ink2, strokeDasharray: '4 3' }), line(true), line(false)];
}

/** Accuracy (or another share) of every prompt with its 95% interval, and the gaps to one of them, where they are given. */
export const drawAccuracy =
  (arms: readonly ArmAccuracy[]): Draw =>
  (width) => {
    const narrow = width < NARROW;
    const rows = arms.map(accuracyRow);
    const hasGaps = rows.some(({ gap }) => gap);
    const from = tenthBelow(
      rows.map(({ low }) => low),
      0.03,
    );
    const band = narrow ? 46 : 34;
    const dy = narrow ? 9 : 0;
    const ticks = narrow || hasGaps ? 4 : 8;
    return svg({
      width,
      height: rows.length * band + 44,
      ...margins({ top: 4, right: 64, bottom: 40, left: narrow ? 20 : 208 }),
      x: { domain: [from, 1], label: null },
      y: { type: 'band', domain: rows.map(yOf), label: null, padding: 0, axis: null },
      marks: [
        gridX(ticks),
        axisOf(`bars: 95% interval${hasGaps ? ' · dotted: may be chance' : ''}`, ticks),
        ...gapMarks(rows, dy),
        Plot.ruleY(rows, {
          x1: 'low',
          x2: 'high',
          y: yOf,
          dy,
          stroke: (row: AccuracyRow) => COLOUR[row.side],
          strokeWidth: 3,
          strokeLinecap: 'round',
        }),
        ...sideMarks(rows, dy),
        Plot.text(rows, {
          y: yOf,
          text: 'name',
          frameAnchor: 'left',
          x: null,
          dx: narrow ? -16 : -200,
          dy: narrow ? -12 : 0,
          lineWidth: (narrow ? width - 24 : 198) / FONT,
          textOverflow: narrow ? 'ellipsis' : null,
          ...NAME,
          ...(narrow ? OVER_LINES : {}),
        }),
        Plot.text(rows, {
          y: yOf,
          x: 'high',
          dx: 10,
          dy,
          text: 'label',
          textAnchor: 'start',
          ...VALUE,
          ...OVER_LINES,
        }),
      ],
    });
  };

/** The axis of differences: past zero, and to the same distance on either side that has an interval. */
function differenceDomain(rows: readonly Difference[]): readonly [low: number, high: number] {
  const ends = rows.flatMap(({ low, high }) => [low, high]);
  const far = Math.min(1, Math.ceil(Math.max(0.05, ...ends.map(Math.abs)) * 20) / 20);
  return [ends.some((end) => end < 0) ? -far : -far / 4, ends.some((end) => end > 0) ? far : far / 4];
}

/** Differences with their 95% Bonett-Price interval; the line at zero is "no difference". */
export const drawIntervals =
  (differences: readonly Difference[]): Draw =>
  (width) => {
    const narrow = width < NARROW;
    const rows = differences.map((difference, i) => ({ ...difference, id: String(i) }));
    // A column of their own: over the marks they would cross the line at zero.
    const column = narrow ? Math.min(170, Math.round(width * 0.38)) : 210;
    const lines = Math.max(0, ...rows.map(({ name }) => Math.ceil((name.length * CHARACTER * FONT) / column)));
    const room = Math.max(narrow ? 44 : 34, lines * FONT + 9);
    return svg({
      width,
      height: rows.length * room + 44,
      ...margins({ top: 4, right: narrow ? 52 : 64, bottom: 40, left: column + 10 }),
      x: { domain: differenceDomain(rows), label: null },
      y: { type: 'band', domain: rows.map(yOf), label: null, padding: 0, axis: null },
      marks: [
        gridX(narrow ? 4 : 6),
        axisX(narrow ? 4 : 6, (d) => (d === 0 ? '0' : points(d).replace('.0', '')), 'points, bars: 95% interval'),
        Plot.ruleX([0], { stroke: COLOUR.ink2, strokeDasharray: '4 3' }),
        Plot.ruleY(rows, { x1: 'low', x2: 'high', y: yOf, stroke: COLOUR.ink, strokeWidth: 3, strokeLinecap: 'round' }),
        Plot.dot(rows, { x: 'value', y: yOf, symbol: 'square', r: 5.5, fill: COLOUR.ink }),
        Plot.text(rows, {
          y: yOf,
          text: 'name',
          frameAnchor: 'left',
          x: null,
          dx: -column,
          lineWidth: column / FONT,
          ...NAME,
        }),
        Plot.text(rows, {
          y: yOf,
          text: (row: { value: number }) => points(row.value),
          frameAnchor: 'right',
          x: null,
          dx: narrow ? 50 : 60,
          textAnchor: 'end',
          ...VALUE,
        }),
      ],
    });
  };

const cellsOf = ({ confusion }: Pick<ArmResult, 'confusion'>, labels: readonly string[]) =>
  confusion.flatMap((row, gold) => {
    const total = row.reduce((sum, rows) => sum + rows, 0);
    return row.map((rows, predicted) => ({
      gold: labels[gold],
      predicted: labels[predicted],
      rows,
      share: rows / Math.max(1, total),
    }));
  });

const LETTER = 13;

/** Rows are labels, columns are predictions; the stronger the colour, the more rows of that label. */
export const drawConfusion =
  (arm: Pick<ArmResult, 'kind' | 'confusion'>, labels: readonly string[]): Draw =>
  (width) => {
    const many = labels.length > 6;
    const labelWidth = Math.min(120, Math.max(...labels.map((l) => l.length)) * 7 + 14, width * 0.34);
    const cell = Math.min(many ? 34 : 64, (width - labelWidth - 8) / labels.length);
    const height = Math.min(cell, 52) * labels.length + (many ? labelWidth : 30);
    // where cells are smaller than letters, every second or third label is named; the table has all
    const every = Math.ceil(LETTER / cell);
    const most = Math.floor((labelWidth - LETTER) / 7);
    const named = (label: string, i: number, room: number) => (i % every === 0 ? cut(label, room) : '');
    const cells = cellsOf(arm, labels);
    return svg({
      width: Math.min(width, labelWidth + cell * labels.length + 8),
      height,
      ...margins({ top: many ? labelWidth : 26, right: 4, bottom: 4, left: labelWidth }),
      x: {
        domain: [...labels],
        axis: 'top',
        label: null,
        tickSize: 0,
        tickRotate: many ? -90 : 0,
        tickFormat: (label: string, i: number) => named(label, i, many ? most : Math.max(3, Math.floor(cell / 7))),
        padding: 0.06,
      },
      y: {
        domain: [...labels],
        label: null,
        tickSize: 0,
        tickFormat: (label: string, i: number) => named(label, i, most),
        padding: 0.06,
      },
      marks: [
        Plot.cell(cells, {
          x: 'predicted',
          y: 'gold',
          fill: COLOUR[sideOf(arm)],
          fillOpacity: (d: { share: number }) => 0.06 + 0.5 * d.share,
          rx: 4,
        }),
        many && cell < 22
          ? null
          : Plot.text(cells, {
              x: 'predicted',
              y: 'gold',
              text: (d: { rows: number }) => String(d.rows),
              fill: COLOUR.ink,
              fontWeight: 600,
              fontSize: many ? 11 : 13,
            }),
      ],
      opacity: { type: 'identity' },
    });
  };
