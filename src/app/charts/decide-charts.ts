import type { Costs } from '../../decide/measured';
import type { RollOut } from '../../decide/roll-out';
import { count, percentWhole } from '../../lib/format';
import { areaOf, axisX, axisY, line, path, symbol, text } from '../../lib/plot';
import { across, COLOUR, cut, type Draw, gridY, NARROW, OVER_LINES, spread, svg } from './plot';

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
    const costAt = ({ build, monthly }: Costs['arms'][number], month: number) => build + month * monthly;
    const until = change?.breakEven.months ?? null;
    const domain = [0, Math.max(1, ...shown.flatMap((arm) => [costAt(arm, 0), costAt(arm, last)]))] as const;
    const room = width < NARROW ? 112 : 144;
    const frame = { width, height: 240, top: 16, right: room, bottom: 36, left: 64 };
    const area = areaOf(frame, [0, last], domain);
    const { x, y } = area;
    const placed = spread(
      shown.map((arm) => costAt(arm, last)),
      15,
      frame,
      domain,
    );
    const lines = shown.map((arm, i) => [
      path(
        [0, last].map((month) => [x(month), y(costAt(arm, month))] as const),
        { stroke: arm.isLearned ? COLOUR.b : COLOUR.a, 'stroke-width': 2.5 },
      ),
      text(cut(arm.name, Math.floor((room - 6) / LETTER)), [x(last) + 6, placed[i] ?? 0], {
        ...{ fill: COLOUR.ink, 'font-size': 12.5, ...OVER_LINES },
      }),
    ]);
    const crossing =
      change && until !== null && until > 0 && until <= last
        ? symbol('circle', [x(until), y(costAt(change.from, until))], 6, {
            ...{ fill: COLOUR.halo, stroke: COLOUR.ink, 'stroke-width': 2 },
          })
        : null;
    return svg({
      frame,
      marks: [gridY(area, 5), axisY(area, 5, count), axisX(area, Math.min(last, 8)), lines, crossing],
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
    const frame = { width, height: 220, top: 24, right: 16, bottom: 36, left: 56 };
    const area = areaOf(frame, [0, looks.at(-1)?.labelled ?? 1], [bottom, top]);
    const y = (value: number) => area.y(Math.min(top, Math.max(bottom, value)));
    const checks = looks.map(({ labelled, difference, interval, share }) => {
      const x = area.x(labelled);
      return [
        line([x, y(interval.low)], [x, y(interval.high)], { stroke: COLOUR.b, 'stroke-width': 2 }),
        symbol('circle', [x, y(difference)], 4, { fill: COLOUR.b }),
        text(percentWhole(share), [x, frame.top - 10], { fill: COLOUR.ink, 'text-anchor': 'middle' }),
      ];
    });
    const level = across(area, 0, { stroke: COLOUR.ink, 'stroke-opacity': 0.5 });
    const least = across(area, -largestLoss, { stroke: COLOUR.ink, 'stroke-dasharray': '4 3' });
    const axes = [gridY(area, 5), axisY(area, 5, (value) => Math.round(value * 100)), axisX(area, 6)];
    return svg({ frame, marks: [axes, level, least, checks] });
  };
