/** What of the validation rows a curve shows, and how its values are read and written. */
import type { Scores } from '../../training/events';
import { percentTick } from './plot';

export type Metric = 'accuracy' | 'macroF1' | 'loss' | 'perplexity';

/** Reference lines of runs that choose labels have no loss. */
type Measured = Scores & { readonly loss?: number };

interface Measure {
  /** As it is written in the middle of a title. */
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
  accuracy: { name: 'accuracy', of: accuracyOf, falls: false, tick: percentTick, label: wholePercent },
  macroF1: { name: 'macro-F1', of: macroF1Of, falls: false, tick: percentTick, label: wholePercent },
  loss: { name: 'loss', of: lossOf, falls: true, tick: short, label: (value) => value.toFixed(2) },
  perplexity: { name: 'perplexity', of: (p) => Math.exp(lossOf(p)), falls: true, tick: short, label: short },
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
