/** Pictures of how sure the answers are, as plain SVG: a report holds no script and asks for nothing. */

import { baseWord, type CardArm, type VerdictCard } from '../evaluation/card';
import { testAnswers } from '../evaluation/classify/confidence';
import { coverageFinding, reliabilityFinding } from '../evaluation/classify/titles';
import { type ArmResult, type Interval, isLearned } from '../evaluation/types';
import { points } from '../evaluation/words';
import { capitalised, ofRows, percent, percentWhole } from '../lib/format';
import { type Html, html } from '../lib/html';
import {
  areaOf,
  axisX,
  axisY,
  band,
  type Frame,
  gridY,
  line,
  type Marks,
  path,
  picture,
  symbol,
  text,
} from '../lib/plot';
import { type CoveragePoint, coverageAt, type ReliabilityBin } from '../metrics/calibration';
import { ends } from '../metrics/registry';
import { type LabelReport, MARK, MAY_KNOW } from './types';

const COLOURS: Readonly<Record<ArmResult['kind'], string>> = {
  untuned: 'var(--ref)',
  'zero-shot': 'var(--a)',
  'few-shot': 'var(--a)',
  tuned: 'var(--b)',
  hybrid: 'var(--b)',
  ensemble: 'var(--b)',
  combined: 'var(--b)',
  reference: 'var(--ref)',
};

interface Track {
  /** Value of the left end; the right end is 1. */
  readonly from: number;
  readonly width: number;
  /** Where a dotted line marks the value that it is held against; null = none. */
  readonly against: number | null;
}

/** Interval and point on a track; the numbers are beside it, so it is hidden from screen readers. */
export function intervalPlot(
  value: number,
  { low, high }: Interval,
  kind: ArmResult['kind'],
  { from, width, against }: Track = { from: 0, width: 160, against: null },
): Html {
  const right = width - 4;
  const x = (v: number) => (4 + ((right - 4) * (v - from)) / (1 - from)).toFixed(1);
  const colour = COLOURS[kind];
  const mark = isLearned(kind)
    ? html`<path d="M${x(value)} 4l6 6-6 6-6-6z" fill="${colour}"/>`
    : html`<circle cx="${x(value)}" cy="10" r="5" fill="${colour}"/>`;
  const line =
    against === null ? null : html`<path d="M${x(against)} 0V20" stroke="var(--ink2)" stroke-dasharray="2 2"/>`;
  return html`<svg class="plot" viewBox="0 0 ${width} 20" aria-hidden="true"><path d="M4 10H${right}" stroke="var(--line)"/>${line}<path d="M${x(low)} 10H${x(high)}" stroke="${colour}" stroke-width="2"/>${mark}</svg>`;
}

const gapWords = ({ gap }: CardArm, base: string): string =>
  gap === null ? base : `${points(gap.difference)}, ${gap.isClear ? 'clear' : 'not clear'}`;

/** All prompts, the best first, and how each differs from the recommended one. */
export function rankChart({ action, arms, finding, unit }: VerdictCard, mayKnow: readonly string[]): Html {
  const lowest = Math.min(...arms.map(({ ci95 }) => ci95.low));
  const from = Math.max(0, Math.floor(10 * (lowest - 0.03)) / 10);
  const against = arms.find(({ gap }) => gap === null)?.value ?? null;
  return html`<figure class="ranked"><figcaption>${finding}</figcaption><table class="ranks">
<caption>${capitalised(unit)}. The axis runs from ${percentWhole(from)} to 100%; the dotted line is the prompt that is ${baseWord(action)}, and differences are from it${mayKnow.length > 0 ? `; ${MAY_KNOW}` : ''}</caption>
<thead><tr><th scope="col">Prompt</th><td></td><th scope="col" class="n">On test rows</th><th scope="col" class="n">Difference in points</th></tr></thead>
<tbody>${arms.map(
    (arm) => html`
<tr><th scope="row">${arm.name}${mayKnow.includes(arm.id) ? MARK : ''}</th><td>${intervalPlot(arm.value, arm.ci95, arm.kind, { from, width: 320, against })}</td><td class="n">${arm.n === null ? percent(arm.value) : ofRows(arm.value, arm.n)} <span class="range">${ends(percent, arm.ci95)}</span></td><td class="n">${gapWords(arm, baseWord(action))}</td></tr>`,
  )}</tbody></table></figure>`;
}

/** Of one prompt: its colour, and a second sign of whether it was trained. */
export interface Drawn {
  readonly colour: string;
  readonly isLearned: boolean;
}

/** A handful of rows is no accuracy. */
const MIN_ANSWERED = 10;
const MARGINS = { top: 12, right: 24, bottom: 40, left: 46 };
const INK = 'var(--ink-2, var(--ink2))';

/** Tenths at or below all values. */
const startOf = (values: readonly number[]) => Math.max(0, Math.floor(10 * Math.min(0.9, ...values)) / 10);

interface Curve extends Drawn {
  readonly curve: readonly CoveragePoint[];
  readonly rows: number;
  /** Marked on the curve. */
  readonly at?: Pick<CoveragePoint, 'coverage' | 'accuracy'>;
}

/** Accuracy of the answered rows, with its band, against their share. @param thin a curve to the points that can be shown */
export function coveragePicture(curves: readonly Curve[], size: Pick<Frame, 'width' | 'height'>, thin: Thin): Drawing {
  const lines = curves.map(({ curve, rows, ...each }) => {
    const known = curve.flatMap(({ coverage, answered, accuracy, interval }) =>
      accuracy === null || answered < Math.min(MIN_ANSWERED, rows) ? [] : [{ coverage, accuracy, ...interval }],
    );
    return { ...each, points: thin(known) };
  });
  const from = startOf(lines.flatMap(({ points }) => points.map(({ low }) => low)));
  const area = areaOf({ ...size, ...MARGINS }, [0, 1], [from, 1]);
  const place = (share: number, value: number) => [area.x(share), area.y(Math.max(from, value))] as const;
  const marks = lines.map(
    ({ points, colour, isLearned, at }): Marks => [
      band(
        points.map((p) => place(p.coverage, p.high)),
        points.map((p) => place(p.coverage, p.low)),
        { fill: colour, 'fill-opacity': 0.1 },
      ),
      path(
        points.map((p) => place(p.coverage, p.accuracy)),
        { stroke: colour, 'stroke-width': 2.5, 'stroke-dasharray': isLearned ? undefined : '6 3' },
      ),
      at && at.accuracy !== null
        ? symbol(shapeOf(isLearned), place(at.coverage, at.accuracy), 6.5, { fill: colour })
        : null,
    ],
  );
  return { frame: area.frame, marks: [shareAxes(area, 'share of rows answered'), marks] };
}

type Thin = <T extends { readonly accuracy: number }>(points: readonly T[]) => readonly T[];

export interface Drawing {
  readonly frame: Frame;
  readonly marks: Marks;
}

const shapeOf = (isLearned: boolean) => (isLearned ? 'diamond' : 'circle');

const shareAxes = (area: ReturnType<typeof areaOf>, label: string): Marks => {
  const { width, height, left, right } = area.frame;
  return [
    gridY(area, 5, 'var(--line)'),
    axisY(area, 5, percentWhole),
    axisX(area, width < 520 ? 3 : 5, percentWhole),
    text(label, [(left + width - right) / 2, height - 8], { 'text-anchor': 'middle' }),
  ];
};

/** How often answers of a probability are right, with Wilson bars; on the diagonal probabilities mean what they say. */
export function reliabilityPicture(
  bins: readonly ReliabilityBin[],
  { colour, isLearned }: Drawn,
  width: number,
): Drawing {
  const from = startOf(bins.flatMap(({ meanConfidence, accuracyCi95 }) => [meanConfidence, accuracyCi95.low]));
  const area = areaOf({ width, height: 260, ...MARGINS }, [from, 1], [from, 1]);
  const place = (x: number, y: number) => [area.x(x), area.y(Math.max(from, y))] as const;
  const marks = bins.map(
    ({ meanConfidence: sure, accuracy, accuracyCi95: { low, high } }): Marks => [
      line(place(sure, low), place(sure, high), { stroke: colour, 'stroke-width': 2 }),
      symbol(shapeOf(isLearned), place(sure, accuracy), 5, { fill: colour }),
    ],
  );
  const diagonal = line(place(from, from), place(1, 1), { stroke: INK, 'stroke-dasharray': '4 3' });
  return { frame: area.frame, marks: [shareAxes(area, 'probability of the answer'), diagonal, marks] };
}

const figure = (title: string, { frame, marks }: Drawing): Html =>
  html`<figure><figcaption>${title}</figcaption>
${picture(frame, marks, { class: 'chart', role: 'img', 'aria-label': title })}</figure>`;

const WIDTH = 420;
const MAX_POINTS = 120;

const thinned: Thin = (points) => {
  const step = Math.max(1, Math.ceil(points.length / MAX_POINTS));
  return points.filter((_, i) => i % step === 0 || i === points.length - 1);
};

/** Of the headline pair: what is gained by leaving unsure rows to a person, and whether probabilities mean what they say. */
export function confidenceCharts({ comparison, plan, closer }: LabelReport, threshold: number): Html {
  const pair = comparison.pairs[0];
  const arms = [pair?.a, pair?.b].flatMap((id) => {
    const arm = comparison.arms.find((each) => each.id === id);
    const report = closer?.insights?.confidence.find(({ armId }) => armId === id);
    const look = arm && { colour: COLOURS[arm.kind], isLearned: isLearned(arm.kind) };
    return look && report ? [{ ...look, arm, rows: arm.n, curve: report.curve, bins: report.bins }] : [];
  });
  const last = arms.at(-1);
  if (!last) return html``;
  const at = coverageAt(testAnswers(last.arm, plan), threshold);
  const found = coverageFinding(last.arm.name, at, last.arm.metrics.accuracy.value);
  return html`<div class="charts">
${figure(found, coveragePicture(arms, { width: WIDTH, height: 240 }, thinned))}
${arms.map((each) =>
  each.bins ? figure(reliabilityFinding(each.arm.name, each.bins), reliabilityPicture(each.bins, each, WIDTH)) : '',
)}
</div>
<p class="small">Lines: ${arms.map(({ arm }, i) => html`${i > 0 ? ', ' : ''}${arm.name} (${isLearned(arm.kind) ? 'solid, diamonds' : 'dashed, circles'})`)}; bands and bars are 95% Wilson intervals.</p>`;
}
