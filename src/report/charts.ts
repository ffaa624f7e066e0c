/** Pictures of how sure the answers are, as plain SVG: a report holds no script and asks for nothing. */

import { inText } from '../evaluation/arm-names';
import { baseWord, type CardArm, type VerdictCard } from '../evaluation/card';
import { testAnswers } from '../evaluation/classify/confidence';
import { coverageFinding, reliabilityFinding } from '../evaluation/classify/titles';
import { type ArmResult, type Interval, isLearned } from '../evaluation/types';
import { points } from '../evaluation/words';
import { capitalised, ofRows, percent, percentWhole } from '../lib/format';
import { type CoveragePoint, coverageAt, type ReliabilityBin } from '../metrics/calibration';
import { ends } from '../metrics/registry';
import { type Html, html, type LabelReport, MARK, MAY_KNOW } from './types';

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
  const base = arms.find(({ gap }) => gap === null);
  const against = base?.value ?? null;
  return html`<figure class="ranked"><figcaption>${finding}</figcaption><table class="ranks">
<caption>${capitalised(unit)}. The axis runs from ${percentWhole(from)} to 100%; the dotted line is ${base ? inText(base.name) : ''}, and differences are from it${mayKnow.length > 0 ? `; ${MAY_KNOW}` : ''}</caption>
<thead><tr><th scope="col">Prompt</th><td></td><th scope="col" class="n">On test rows</th><th scope="col" class="n">Difference in points</th></tr></thead>
<tbody>${arms.map(
    (arm) => html`
<tr><th scope="row">${arm.name}${mayKnow.includes(arm.id) ? MARK : ''}</th><td>${intervalPlot(arm.value, arm.ci95, arm.kind, { from, width: 320, against })}</td><td class="n">${arm.n === null ? percent(arm.value) : ofRows(arm.value, arm.n)} <span class="range">${ends(percent, arm.ci95)}</span></td><td class="n">${gapWords(arm, baseWord(action))}</td></tr>`,
  )}</tbody></table></figure>`;
}

const WIDTH = 420;
const HEIGHT = 240;
const LEFT = 44;
const RIGHT = 22;
const TOP = 10;
const BOTTOM = 36;
const MAX_POINTS = 120;

/** A handful of rows is no accuracy. */
const MIN_ANSWERED = 10;

interface ChartArm {
  readonly arm: Pick<ArmResult, 'name' | 'kind' | 'n'>;
  readonly colour: string;
}

interface Scale {
  readonly x: (share: number) => string;
  readonly y: (share: number) => string;
}

/** Both axes are shares, from `lowX` and `lowY` to 1. */
function scale(lowX: number, lowY: number): Scale {
  const across = (share: number, low: number) => (Math.min(1, Math.max(low, share)) - low) / (1 - low);
  return {
    x: (share) => (LEFT + across(share, lowX) * (WIDTH - LEFT - RIGHT)).toFixed(1),
    y: (share) => (HEIGHT - BOTTOM - across(share, lowY) * (HEIGHT - TOP - BOTTOM)).toFixed(1),
  };
}

/** Tenths, or every second one, from `low` to 1. */
function ticksFrom(low: number): readonly number[] {
  const step = low >= 0.5 ? 1 : 2;
  const first = Math.ceil(Math.round(10 * low) / step) * step;
  return Array.from({ length: (10 - first) / step + 1 }, (_, i) => (first + i * step) / 10);
}

function frame(title: string, xLabel: string, low: { readonly x: number; readonly y: number }, marks: Html): Html {
  const { x, y } = scale(low.x, low.y);
  return html`<figure><figcaption>${title}</figcaption>
<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
${ticksFrom(low.y).map((t) => html`<path d="M${LEFT} ${y(t)}H${WIDTH - RIGHT}" stroke="var(--line)"/><text x="${LEFT - 6}" y="${y(t)}" dy="4" text-anchor="end">${percentWhole(t)}</text>`)}
${ticksFrom(low.x).map((t) => html`<text x="${x(t)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${percentWhole(t)}</text>`)}
<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 4}" text-anchor="middle">${xLabel}</text>
${marks}</svg></figure>`;
}

const dash = (arm: ChartArm['arm']) => (isLearned(arm.kind) ? 'none' : '6 3');

function thinned<T>(points: readonly T[]): readonly T[] {
  const step = Math.max(1, Math.ceil(points.length / MAX_POINTS));
  return points.filter((_, i) => i % step === 0 || i === points.length - 1);
}

/** Accuracy of the answered rows, with its Wilson band, against their share. */
function coverageChart(title: string, arms: readonly (ChartArm & { readonly curve: readonly CoveragePoint[] })[]) {
  const lines = arms.map((each) => ({
    ...each,
    points: thinned(each.curve.filter(({ answered }) => answered >= Math.min(MIN_ANSWERED, each.arm.n))).flatMap(
      ({ coverage, accuracy, interval }) => (accuracy === null ? [] : [{ coverage, accuracy, ...interval }]),
    ),
  }));
  const lowest = Math.min(0.9, ...lines.flatMap(({ points }) => points.map(({ low }) => low)));
  const low = { x: 0, y: Math.max(0, Math.floor(10 * lowest) / 10) };
  const { x, y } = scale(low.x, low.y);
  const path = (points: readonly (readonly [number, number])[]) =>
    points.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${x(px)} ${y(py)}`).join('');
  return frame(
    title,
    'share of rows answered',
    low,
    html`${lines.map(({ points, colour, arm }) => {
      const band = [
        ...points.map((p) => [p.coverage, p.high] as const),
        ...points.toReversed().map((p) => [p.coverage, p.low] as const),
      ];
      return html`<path d="${path(band)}Z" fill="${colour}" fill-opacity=".12"/><path d="${path(points.map((p) => [p.coverage, p.accuracy] as const))}" fill="none" stroke="${colour}" stroke-width="2.5" stroke-dasharray="${dash(arm)}"/>`;
    })}`,
  );
}

/** How often answers of a probability are right, with Wilson bars; on the diagonal probabilities mean what they say. */
function reliabilityChart(title: string, { arm, colour }: ChartArm, bins: readonly ReliabilityBin[]): Html {
  const lowest = Math.min(0.9, ...bins.map((bin) => Math.min(bin.meanConfidence, bin.accuracyCi95.low)));
  const from = Math.max(0, Math.floor(10 * lowest) / 10);
  const { x, y } = scale(from, from);
  return frame(
    title,
    'probability of the answer',
    { x: from, y: from },
    html`<path d="M${x(from)} ${y(from)}L${x(1)} ${y(1)}" stroke="var(--ref)" stroke-dasharray="4 3"/>${bins.map(
      ({ meanConfidence, accuracy, accuracyCi95 }) =>
        html`<path d="M${x(meanConfidence)} ${y(accuracyCi95.low)}V${y(accuracyCi95.high)}" stroke="${colour}" stroke-width="2"/>${
          isLearned(arm.kind)
            ? html`<path d="M${x(meanConfidence)} ${y(accuracy)}m0-6l6 6-6 6-6-6z" fill="${colour}"/>`
            : html`<circle cx="${x(meanConfidence)}" cy="${y(accuracy)}" r="5" fill="${colour}"/>`
        }`,
    )}`,
  );
}

/** Of the headline pair: what is gained by leaving unsure rows to a person, and whether probabilities mean what they say. */
export function confidenceCharts({ comparison, plan, closer }: LabelReport, threshold: number): Html {
  const pair = comparison.pairs[0];
  const arms = [pair?.a, pair?.b].flatMap((id) => {
    const arm = comparison.arms.find((each) => each.id === id);
    const report = closer?.insights?.confidence.find(({ armId }) => armId === id);
    return arm && report ? [{ arm, colour: COLOURS[arm.kind], curve: report.curve, bins: report.bins }] : [];
  });
  const last = arms.at(-1);
  if (!last) return html``;
  const at = coverageAt(testAnswers(last.arm, plan), threshold);
  return html`<div class="charts">
${coverageChart(coverageFinding(last.arm.name, at, last.arm.metrics.accuracy.value), arms)}
${arms.map((each) => (each.bins ? reliabilityChart(reliabilityFinding(each.arm.name, each.bins), each, each.bins) : ''))}
</div>
<p class="small">Lines: ${arms.map(({ arm }, i) => html`${i > 0 ? ', ' : ''}${arm.name} (${isLearned(arm.kind) ? 'solid, diamonds' : 'dashed, circles'})`)}; bands and bars are 95% Wilson intervals.</p>`;
}
