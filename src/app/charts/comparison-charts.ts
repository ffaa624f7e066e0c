import { type ArmResult, isLearned } from '../../evaluation/types';
import { ofRows, percent, points } from '../../lib/format';
import { type Area, areaOf, axisX, line, type Marks, type Point, rect, symbol, text } from '../../lib/plot';
import type { Interval } from '../../metrics/intervals';
import type { Figure } from '../../metrics/registry';
import { COLOUR, cut, type Draw, gridX, NARROW, OVER_LINES, percentTick, svg, tenthBelow, upright } from './plot';

export type Side = 'a' | 'b' | 'ref';

/** Hand-written prompts are A, tuned ones B; the untuned prompt and the reference classifiers are neither. */
export const sideOf = (arm: Pick<ArmResult, 'kind'>): Side =>
  isLearned(arm.kind) ? 'b' : arm.kind === 'zero-shot' || arm.kind === 'few-shot' ? 'a' : 'ref';

const letter = (side: Side) => (side === 'ref' ? '' : `${side.toUpperCase()} `);

const FONT = 12.5;
const NAME = { fill: COLOUR.ink, 'font-size': FONT, 'font-weight': 500 } as const;
const VALUE = { fill: COLOUR.ink, 'font-size': FONT, 'font-weight': 600 } as const;
const DASHED = { stroke: COLOUR.ink2, 'stroke-dasharray': '4 3' } as const;
const INTERVAL = { 'stroke-width': 3, 'stroke-linecap': 'round' } as const;
/** Width of a letter in the height of its font: on average in a line, and with some room to spare. */
const LETTER_WIDTH = 0.54;
const WIDE_LETTER = 0.6;

/** Words in lines of about so many pixels. */
function wrapped(name: string, room: number): readonly string[] {
  const most = Math.max(8, Math.floor(room / (LETTER_WIDTH * FONT)));
  const lines = [''];
  for (const word of name.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (longer.length <= most || lines.at(-1) === '') lines.splice(-1, 1, longer);
    else lines.push(word);
  }
  return lines;
}

function sideMark(side: Side, [x, y]: Point): Marks {
  if (side === 'a') return symbol('circle', [x, y], 6, { fill: COLOUR.a });
  if (side === 'b') return symbol('diamond', [x, y], 7, { fill: COLOUR.b });
  return line([x, y - 8], [x, y + 8], { stroke: COLOUR.ref, 'stroke-width': 3 });
}

interface ArmAccuracy extends Pick<ArmResult, 'name' | 'kind'>, Figure {
  readonly n: number | null;
  /** This arm minus the one that the others are measured against, which has none. */
  readonly gap?: { readonly difference: number; readonly isClear: boolean } | null;
}

interface Difference extends Interval {
  readonly name: string;
  readonly value: number;
}

interface AccuracyRow extends Difference {
  readonly side: Side;
  readonly label: string;
  readonly gap: ArmAccuracy['gap'];
}

const accuracyRow = ({ name, kind, value, n, interval, gap }: ArmAccuracy): AccuracyRow => {
  const side = sideOf({ kind });
  const label = n === null ? percent(value) : ofRows(value, n);
  return { name: `${letter(side)}${name}`, side, value, label, ...interval, gap };
};

function gapWords({ gap }: AccuracyRow): string {
  if (!gap) return '';
  if (gap.difference === 0) return 'the same';
  return `${points(gap.difference).replace('.0', '')}${gap.isClear ? '' : ', not clear'}`;
}

/** Accuracy (or another share) of every prompt with its 95% interval, and the gaps to one of them, `base`, where they are given. */
export const drawAccuracy =
  (arms: readonly ArmAccuracy[], base = 'recommended'): Draw =>
  (width) => {
    const narrow = width < NARROW;
    const rows = arms.map(accuracyRow);
    const hasGaps = rows.some(({ gap }) => gap);
    const to = hasGaps ? rows.find(({ gap }) => gap === null) : undefined;
    const from = tenthBelow(
      rows.map(({ low }) => low),
      0.03,
    );
    const room = narrow ? 46 : 34;
    const ticks = narrow || hasGaps ? 4 : 8;
    const sides = narrow ? { left: 20, right: 64 } : { left: 208, right: hasGaps ? 166 : 64 };
    const frame = { width, height: rows.length * room + 34, top: 4, bottom: 30, ...sides };
    const area = areaOf(frame, [from, 1], [0, 1]);
    const nameRoom = narrow ? width - (hasGaps ? 124 : 24) : 198;
    const drawn = rows.map((row, i) => {
      const middle = frame.top + (i + 0.5) * room;
      const y = middle + (narrow ? 9 : 0);
      const above = narrow ? middle - 12 : middle;
      const name = narrow ? cut(row.name, Math.floor(nameRoom / (WIDE_LETTER * FONT))) : wrapped(row.name, nameRoom);
      return [
        to ? gapMarks(row, { area, y, to: to.value }) : null,
        line([area.x(row.low), y], [area.x(row.high), y], { stroke: COLOUR[row.side], ...INTERVAL }),
        sideMark(row.side, [area.x(row.value), y]),
        text(name, [narrow ? 4 : 8, above], { ...NAME, ...(narrow ? OVER_LINES : {}) }),
        text(row.label, [area.x(row.high) + 10, y], { ...VALUE, ...OVER_LINES }),
        to
          ? text(row === to ? base : gapWords(row), [width - (narrow ? 4 : 8), above], {
              ...{ 'text-anchor': 'end', 'font-size': FONT, ...OVER_LINES },
              fill: row.gap?.isClear ? COLOUR.ink : COLOUR.ink2,
            })
          : null,
      ];
    });
    const held = to ? upright(area, to.value, DASHED) : null;
    return svg({ frame, marks: [gridX(area, ticks), axisX(area, ticks, percentTick), held, drawn] });
  };

interface GapPlace {
  readonly area: Area;
  readonly y: number;
  readonly to: number;
}

/** A line from the arm's value to the one that it is held against, dashed where the gap is not clear. */
const gapMarks = ({ value, gap }: AccuracyRow, { area, y, to }: GapPlace): Marks =>
  gap
    ? line([area.x(value), y + 9], [area.x(to), y + 9], {
        ...{ stroke: COLOUR.ink2, 'stroke-width': 1.5 },
        'stroke-dasharray': gap.isClear ? undefined : '2 3',
      })
    : null;

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
    // A column of their own: over the marks they would cross the line at zero.
    const column = narrow ? Math.min(170, Math.round(width * 0.38)) : 210;
    const names = differences.map(({ name }) => wrapped(name, column));
    const room = Math.max(narrow ? 44 : 34, ...names.map(({ length }) => 1.1 * length * FONT + 9));
    const sides = { left: column + 10, right: narrow ? 52 : 64 };
    const frame = { width, height: differences.length * room + 34, top: 4, bottom: 30, ...sides };
    const area = areaOf(frame, differenceDomain(differences), [0, 1]);
    const drawn = differences.map(({ low, high, value }, i) => {
      const y = frame.top + (i + 0.5) * room;
      return [
        line([area.x(low), y], [area.x(high), y], { stroke: COLOUR.ink, ...INTERVAL }),
        symbol('square', [area.x(value), y], 5, { fill: COLOUR.ink }),
        text(names[i] ?? [], [4, y], NAME),
        text(points(value), [width - 4, y], { ...VALUE, 'text-anchor': 'end' }),
      ];
    });
    const ticks = narrow ? 4 : 6;
    const axis = axisX(area, ticks, (d) => (d === 0 ? '0' : points(d).replace('.0', '')));
    return svg({ frame, marks: [gridX(area, ticks), axis, upright(area, 0, DASHED), drawn] });
  };

const LETTER = 13;
const GAP = 0.06;

/** Rows are labels, columns are predictions; the stronger the colour, the more rows of that label. */
export const drawConfusion =
  (arm: Pick<ArmResult, 'kind' | 'confusion'>, labels: readonly string[]): Draw =>
  (width) => {
    const many = labels.length > 6;
    const left = Math.min(120, Math.max(...labels.map((l) => l.length)) * 7 + 14, width * 0.34);
    const across = Math.min(many ? 34 : 64, (width - left - 8) / labels.length);
    const down = Math.min(across, 52);
    const top = many ? left : 26;
    const frame = { width: Math.floor(left + across * labels.length + 8), height: down * labels.length + top + 4, top };
    // where cells are smaller than letters, every second or third label is named; the table has all
    const every = Math.ceil(LETTER / across);
    const most = Math.floor((left - LETTER) / 7);
    const named = (label: string, i: number, room: number) => (i % every === 0 ? cut(label, room) : '');
    const middle = (i: number, cell: number, start: number) => start + (i + 0.5) * cell;
    const heads = labels.map((label, i) => {
      const [x, y] = [middle(i, across, left), middle(i, down, top)];
      const upwards = { 'text-anchor': 'start', transform: `rotate(-90 ${x} ${top - 6})` };
      const words = named(label, i, many ? most : Math.max(3, Math.floor(across / 7)));
      return [
        text(words, [x, top - (many ? 6 : 10)], many ? upwards : { 'text-anchor': 'middle' }),
        text(named(label, i, most), [left - 6, y], { 'text-anchor': 'end' }),
      ];
    });
    const inset = [across * (1 - GAP), down * (1 - GAP)] as const;
    const cells = arm.confusion.map((row, gold) => {
      const total = Math.max(1, sum(row));
      return row.map((rows, predicted) => {
        const [x, y] = [middle(predicted, across, left), middle(gold, down, top)];
        const look = { fill: COLOUR[sideOf(arm)], 'fill-opacity': (0.06 + (0.5 * rows) / total).toFixed(3), rx: 4 };
        const figure = {
          ...{ fill: COLOUR.ink, 'font-weight': 600, 'text-anchor': 'middle' },
          'font-size': many ? 11 : 13,
        };
        return [
          rect([x - inset[0] / 2, y - inset[1] / 2], ...inset, look),
          many && across < 22 ? null : text(String(rows), [x, y], figure),
        ];
      });
    });
    return svg({ frame: { ...frame, left, right: 4, bottom: 4 }, marks: [heads, cells] });
  };

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
