import * as Plot from '@observablehq/plot';
import type { Costs } from '../../decide/measured';
import type { Look, RollOut } from '../../decide/roll-out';
import { percentWhole } from '../../lib/format';
import type { Interval } from '../../metrics/intervals';
import type { LineageNode } from '../../prompt-set/lineage';
import {
  axisX,
  axisY,
  COLOUR,
  cut,
  type Draw,
  gridY,
  margins,
  NARROW,
  OVER_LINES,
  percentTick,
  spread,
  svg,
  tenthBelow,
} from './plot';

/** Charts of versions: where they come from, how they do on the same rows, what a change costs and saves, and how it is rolled out. */

const ROW = 30;
const TOP = 16;
const TEXT_AT = 16;
const LETTER = 7.4;

/** A version's name, where its data come from if there is room, and its stages: cut to the width that is left. */
function words({ name, data, stages }: LineageNode, x: number, width: number): string {
  const all = [name, ...(width < NARROW || data === null ? [] : [data]), ...stages].join(' · ');
  const room = Math.floor((width - x - TEXT_AT) / LETTER);
  return all.length > room ? `${all.slice(0, room - 1)}…` : all;
}

/** A forest read from the top: each version hangs from what it came from. Hand-written ones are circles, tuned ones diamonds. */
export const drawLineage =
  (nodes: readonly LineageNode[]): Draw =>
  (width) => {
    const deepest = Math.max(0, ...nodes.map(({ depth }) => depth));
    const step = Math.min(28, (width * 0.3) / Math.max(1, deepest));
    const places = new Map(nodes.map(({ id, depth }, i) => [id, { x: 12 + depth * step, y: TOP + i * ROW }]));
    const at = ({ id }: { id: string }) => places.get(id) ?? { x: 0, y: 0 };
    const links = nodes.flatMap((node) => {
      const parent = node.parent === null ? undefined : places.get(node.parent);
      const child = at(node);
      return parent
        ? [{ x: parent.x, y: parent.y }, { x: parent.x, y: child.y }, child].map((point) => ({ ...point, z: node.id }))
        : [];
    });
    const of = (kind: LineageNode['kind']) => nodes.filter((node) => node.kind === kind);
    const place = { x: (node: LineageNode) => at(node).x, y: (node: LineageNode) => at(node).y };
    const height = TOP * 2 + Math.max(0, nodes.length - 1) * ROW;
    return svg({
      width,
      height,
      margin: 0,
      x: { domain: [0, width], range: [0, width], axis: null },
      y: { domain: [0, height], range: [0, height], axis: null },
      marks: [
        Plot.line(links, { x: 'x', y: 'y', z: 'z', stroke: COLOUR.line, strokeWidth: 2, strokeOpacity: 1 }),
        Plot.dot(of('start'), {
          ...place,
          symbol: 'square',
          r: 5,
          fill: COLOUR.halo,
          stroke: COLOUR.ref,
          strokeWidth: 2,
        }),
        Plot.dot(of('hard'), { ...place, symbol: 'circle', r: 6, fill: COLOUR.a }),
        Plot.dot(of('soft'), { ...place, symbol: 'diamond', r: 7, fill: COLOUR.b }),
        ...[false, true].map((hasStage) =>
          Plot.text(
            nodes.filter(({ stages }) => stages.length > 0 === hasStage),
            {
              ...place,
              dx: TEXT_AT,
              text: (node: LineageNode) => words(node, at(node).x, width),
              textAnchor: 'start',
              fill: COLOUR.ink,
              fontSize: 12.5,
              fontWeight: hasStage ? 600 : 400,
              ...OVER_LINES,
            },
          ),
        ),
      ],
    });
  };

export interface PerformancePoint {
  readonly id: string;
  readonly name: string;
  readonly kind: 'hard' | 'soft';
  readonly value: number;
  readonly ci95: Interval;
}

export const drawPerformance =
  (points: readonly PerformancePoint[]): Draw =>
  (width) => {
    const narrow = width < NARROW;
    const rows = points.map((point) => ({
      ...point,
      ...point.ci95,
      stroke: point.kind === 'hard' ? COLOUR.a : COLOUR.b,
    }));
    const names = new Map(rows.map(({ id, name }) => [id, name]));
    const from = tenthBelow(
      rows.map(({ low }) => low),
      0.03,
    );
    const x = (row: { id: string }) => row.id;
    const of = (kind: 'hard' | 'soft') => rows.filter((row) => row.kind === kind);
    const slant = narrow || rows.length > 8;
    return svg({
      width,
      height: 260,
      ...margins({ top: 16, right: 16, bottom: slant ? 96 : 36, left: 44 }),
      x: { type: 'point', domain: rows.map(({ id }) => id), padding: 0.5, label: null },
      y: { domain: [from, 1], label: null },
      marks: [
        gridY(5),
        axisY(5, percentTick),
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

const MOST_MONTHS = 24;
const FEWEST_MONTHS = 6;

/** Months on the chart: twice the break-even, so that the crossing is in the middle. */
function monthsShown(change: Costs['change']): number {
  const until = change?.breakEven.months ?? 0;
  return Math.min(MOST_MONTHS, Math.max(FEWEST_MONTHS, Math.ceil(2 * until)));
}

/** Cost so far of the best hand-written and the best trained prompt; where they cross, the change has paid. */
export const drawCosts =
  ({ arms, change }: Costs): Draw =>
  (width) => {
    const shown = change ? [change.from, change.to] : arms.slice(0, 2);
    const last = monthsShown(change);
    const lines = shown.flatMap(({ id, name, build, monthly, isLearned }) =>
      [0, last].map((month) => ({ id, name, month, cost: build + month * monthly, isLearned })),
    );
    const until = change?.breakEven.months ?? null;
    const crossing =
      change && until !== null && until > 0 && until <= last
        ? [{ month: until, cost: change.from.build + until * change.from.monthly }]
        : [];
    const domain = [0, Math.max(1, ...lines.map(({ cost }) => cost))] as const;
    const room = width < NARROW ? 112 : 144;
    const frame = { top: 16, right: room, bottom: 36, left: 64 };
    const ends = lines.filter(({ month }) => month === last);
    const placed = spread(
      ends.map(({ cost }) => cost),
      15,
      { ...frame, height: 240, domain },
    );
    const colour = ({ isLearned }: { isLearned: boolean }) => (isLearned ? COLOUR.b : COLOUR.a);
    return svg({
      width,
      height: 240,
      ...margins(frame),
      x: { domain: [0, last], label: null },
      y: { domain, label: null },
      marks: [
        gridY(5),
        axisY(5),
        axisX(Math.min(last, 8)),
        Plot.line(lines, { x: 'month', y: 'cost', z: 'id', stroke: colour, strokeWidth: 2.5, strokeOpacity: 1 }),
        Plot.text(ends, {
          x: 'month',
          y: (_, i: number) => placed[i],
          text: ({ name }: { name: string }) => cut(name, Math.floor((room - 6) / LETTER)),
          dx: 6,
          textAnchor: 'start',
          fill: COLOUR.ink,
          fontSize: 12.5,
          ...OVER_LINES,
        }),
        Plot.dot(crossing, { x: 'month', y: 'cost', r: 6, fill: COLOUR.halo, stroke: COLOUR.ink, strokeWidth: 2 }),
      ],
    });
  };

/** Difference of accuracy at each look with its interval, the loss that is allowed, and the share on top. */
export const drawRollOut =
  ({ looks }: RollOut, largestLoss: number): Draw =>
  (width) => {
    // the first interval is the widest by far: later ones would be lines beside it
    const [first, ...later] = looks;
    const whole = later.length > 0 || !first ? later : [first];
    const ends = [
      ...looks.map(({ difference }) => difference),
      ...whole.flatMap(({ interval: { low, high } }) => [low, high]),
    ];
    const top = Math.min(1, Math.max(0.05, ...ends) * 1.3);
    const bottom = Math.max(-1, Math.min(-0.05, -largestLoss, ...ends) * 1.3);
    const within = (value: number) => Math.min(top, Math.max(bottom, value));
    return svg({
      width,
      height: 220,
      ...margins({ top: 24, right: 16, bottom: 36, left: 56 }),
      x: { domain: [0, looks.at(-1)?.labelled ?? 1], label: null },
      y: { domain: [bottom, top], label: null, percent: false },
      marks: [
        gridY(5),
        axisY(5, (value) => Math.round(value * 100)),
        axisX(6),
        Plot.ruleY([0], { stroke: COLOUR.ink, strokeOpacity: 0.5 }),
        Plot.ruleY([-largestLoss], { stroke: COLOUR.ink, strokeDasharray: '4 3' }),
        Plot.ruleX(looks, {
          x: 'labelled',
          y1: ({ interval }: Look) => within(interval.low),
          y2: ({ interval }: Look) => within(interval.high),
          stroke: COLOUR.b,
          strokeWidth: 2,
        }),
        Plot.dot(looks, { x: 'labelled', y: ({ difference }: Look) => within(difference), r: 4, fill: COLOUR.b }),
        Plot.text(looks, {
          x: 'labelled',
          y: top,
          dy: -10,
          text: ({ share }: Look) => percentWhole(share),
          fill: COLOUR.ink,
          fontSize: 12,
        }),
      ],
    });
  };
