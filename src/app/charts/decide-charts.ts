import * as Plot from '@observablehq/plot';
import type { Costs } from '../../decide/measured';
import type { Look, RollOut } from '../../decide/roll-out';
import { percentWhole } from '../../lib/format';
import { axisX, axisY, COLOUR, cut, type Draw, gridY, margins, NARROW, OVER_LINES, spread, svg } from './plot';

const LETTER = 7.4;

const MOST_MONTHS = 24;
const FEWEST_MONTHS = 6;

/** Months on the chart: twice the break-even, so that the crossing is in the middle. */
function monthsShown(change: Costs['change']): number {
  const until = change?.breakEven.months ?? 0;
  return Math.min(MOST_MONTHS, Math.max(FEWEST_MONTHS, Math.ceil(2 * until)));
}

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
