/** Titles of the training curves; those of a comparison are in evaluation/titles.ts, where the report finds them too. */

import { midSentence } from '../../lib/format';
import { LABEL_METRICS, TEXT_METRICS } from '../../metrics/registry';
import type { Place, Trend } from '../../training/diagnosis';
import type { ReferenceLine, Scores, ValidationPoint } from '../../training/events';
import { percentTick } from './plot';

const lineName = ({ id, name }: ReferenceLine) => (id === 'untuned' ? 'the untuned prompt' : name);

/** A lead on validation rows is described as a place on the chart, never as a win. */
export function validationTitle(points: readonly ValidationPoint[], place: Place, metric: Metric): string {
  const { of, falls, name: measure } = MEASURES[metric];
  const name = `Validation ${midSentence(measure)}`;
  if (points.length < 2) return `${name}, step by step`;
  if (place.kind === 'ahead') {
    const line = `${lineName(place.of)}${falls ? '’s' : ''}`;
    return place.since
      ? `${name} ${falls ? 'fell below' : 'passed'} ${line} between steps ${place.since.join(' and ')}`
      : `${name} has been ${falls ? 'below' : 'above'} ${line} from the start`;
  }
  if (falls) return fallingTitle(name, points.map(of), points);
  switch (place.kind) {
    case 'was-ahead':
      return `${name} was above ${lineName(place.of)} at step ${place.step}, and is no longer`;
    case 'between':
      return `${name} is above ${lineName(place.ahead)}, and not above ${lineName(place.behind)}`;
    case 'behind':
      return `${name} is not above ${lineName(place.of)}`;
    case 'unknown':
      return `${name}, step by step`;
  }
}

/** Of values that should fall, and are not below all that there is to beat. */
function fallingTitle(name: string, values: readonly number[], points: readonly ValidationPoint[]): string {
  const now = values.at(-1) ?? 0;
  const lowest = Math.min(...values);
  const best = points[values.indexOf(lowest)];
  if (best && now > 1.02 * lowest) return `${name} was lowest at step ${best.step}`;
  return now < 0.98 * (values[0] ?? 0) ? `${name} is falling` : `${name} has not fallen yet`;
}

const TRENDS: Readonly<Record<Trend, string>> = {
  short: 'Training loss, step by step',
  falling: 'Training loss is falling',
  level: 'Training loss has levelled off',
  unmoved: 'Training loss has not moved',
  rising: 'Training loss is rising',
  grown: 'Training loss is far above its start',
  broken: 'Training loss is no longer a number',
};

export const lossTitle = (trend: Trend): string => TRENDS[trend];

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

/** A point of the curve, or a reference line. */
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
