/** Titles of the training curves; those of a comparison are in evaluation/titles.ts, where the report finds them too. */

import { midSentence } from '../../lib/format';
import { LABEL_METRICS, TEXT_METRICS } from '../../metrics/registry';
import type { Scores, StepPoint, ValidationPoint } from '../../training/events';
import { percentTick } from './plot';

export type ReferenceLine = Scores & {
  readonly id: 'majority' | 'untuned' | 'yours';
  /** As written at the line, e.g. `always “neutral”`. */
  readonly name: string;
  /** Where texts are written. */
  readonly loss?: number;
};

/** A lead on validation rows is described as a place on the chart, never as a win. */
export function validationTitle(
  points: readonly ValidationPoint[],
  lines: readonly ReferenceLine[],
  metric: Metric,
): string {
  const { of, falls, name: measure } = MEASURES[metric];
  const name = `Validation ${midSentence(measure)}`;
  const last = points.at(-1);
  if (!last || points.length < 2) return `${name}, step by step`;
  if (falls) return fallingTitle(name, points, lines, of);
  const now = of(last);
  const yours = lines.find((line) => line.id === 'yours');
  const majority = lines.find((line) => line.id === 'majority');
  if (yours) {
    const bar = of(yours);
    // The last time that it came from at or below the bar.
    const crossing = points.findLastIndex((p) => of(p) <= bar) + 1;
    if (now > bar) {
      const before = points[crossing - 1];
      const after = points[crossing];
      return before && after
        ? `${name} passed your prompt between steps ${before.step} and ${after.step}`
        : `${name} has been above your prompt from the start`;
    }
    const above = points.filter((p) => of(p) > bar);
    const top = above.at(-1);
    if (top) return `${name} was above your prompt at step ${top.step}, and is no longer`;
    if (majority && now > of(majority) && of(majority) < bar)
      return `${name} is above ${majority.name}, and not above your prompt`;
  }
  if (majority)
    return now > of(majority) ? `${name} is above ${majority.name}` : `${name} is not above ${majority.name}`;
  return `${name}, step by step`;
}

/** As above, for values that should fall. */
function fallingTitle(
  name: string,
  points: readonly ValidationPoint[],
  lines: readonly ReferenceLine[],
  of: (point: ValidationPoint | ReferenceLine) => number,
): string {
  const values = points.map(of);
  const now = values.at(-1) ?? 0;
  const yours = lines.find((line) => line.id === 'yours');
  if (yours) {
    const bar = of(yours);
    const crossing = values.findLastIndex((value) => value >= bar) + 1;
    const [before, after] = [points[crossing - 1], points[crossing]];
    if (now < bar)
      return before && after
        ? `${name} fell below your prompt’s between steps ${before.step} and ${after.step}`
        : `${name} has been below your prompt’s from the start`;
  }
  const lowest = Math.min(...values);
  const best = points[values.indexOf(lowest)];
  if (best && now > 1.02 * lowest) return `${name} was lowest at step ${best.step}`;
  return now < 0.98 * (values[0] ?? 0) ? `${name} is falling` : `${name} has not fallen yet`;
}

/** Compares the mean loss of the last fifth of the steps with the fifth before it. */
export function lossTitle(steps: readonly StepPoint[]): string {
  const fifth = Math.floor(steps.length / 5);
  if (fifth < 3) return 'Training loss, step by step';
  const mean = (list: readonly StepPoint[]) => list.reduce((sum, p) => sum + p.loss, 0) / list.length;
  const now = mean(steps.slice(-fifth));
  const before = mean(steps.slice(-2 * fifth, -fifth));
  const first = mean(steps.slice(0, fifth));
  const change = (before - now) / Math.max(first, 1e-9);
  if (change > 0.05) return 'Training loss is falling';
  if (change < -0.1) return 'Training loss is rising';
  return now < 0.9 * first ? 'Training loss has levelled off' : 'Training loss has not moved';
}

/** How the lengths of the vectors compare with the vocabulary's. */
export function normsTitle(
  norms: readonly [shortest: number, median: number, longest: number] | null,
  vocabulary: readonly [low: number, median: number, high: number] | null,
): string {
  const name = 'Length of the vectors';
  if (!norms || !vocabulary) return `${name}, step by step`;
  const ratio = norms[1] / vocabulary[1];
  if (norms[1] > vocabulary[2])
    return `${name}: ${ratio.toFixed(1)} times the vocabulary’s, longer than its middle 90%`;
  if (norms[1] < vocabulary[0]) return `${name}: shorter than the vocabulary’s middle 90%`;
  return `${name}: within the vocabulary’s middle 90%`;
}

export type Metric = 'accuracy' | 'macroF1' | 'loss' | 'perplexity';

/** Reference lines of runs that choose labels have no loss. */
type Measured = Scores & { readonly loss?: number };

interface Measure {
  /** As a label: "Macro-F1". */
  readonly name: string;
  readonly of: (point: Measured) => number;
  /** Whether less is better: then the axis ends where the values do, and not at 1. */
  readonly falls: boolean;
  readonly tick: (value: number) => string;
  /** At the end of a line. */
  readonly label: (value: number) => string;
}

const accuracyOf = (p: Measured) => (p.kind === 'classify' ? p.accuracy : p.tokenShare);
const macroF1Of = (p: Measured) => (p.kind === 'classify' ? p.macroF1 : p.tokenShare);
const lossOf = ({ loss = Number.NaN }: Measured) => loss;
const short = (value: number) => String(Number(value.toPrecision(3)));
const wholePercent = (value: number) => (value * 100).toFixed(0);

export const MEASURES: Readonly<Record<Metric, Measure>> = {
  accuracy: { name: LABEL_METRICS.accuracy.name, of: accuracyOf, falls: false, tick: percentTick, label: wholePercent },
  macroF1: { name: LABEL_METRICS.macroF1.name, of: macroF1Of, falls: false, tick: percentTick, label: wholePercent },
  loss: { name: 'Loss', of: lossOf, falls: true, tick: short, label: (value) => value.toFixed(2) },
  perplexity: {
    name: TEXT_METRICS.perplexity.name,
    of: (p) => Math.exp(lossOf(p)),
    falls: true,
    tick: short,
    label: short,
  },
};

/** Of the highest value: closer together, ticks of three digits would say the same. */
const LEAST_SPAN = 0.1;

/** Both ends of an axis for what falls: all values, and a little room. */
export function fallingDomain(values: readonly number[]): readonly [low: number, high: number] {
  if (values.length === 0) return [0, 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const range = high - low;
  const room = Math.max(0.06 * range, (LEAST_SPAN * high - range) / 2, 1e-6);
  return [Math.max(0, low - room), high + room];
}
