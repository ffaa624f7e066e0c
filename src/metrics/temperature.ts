import { logSoftmax } from './classification';

const HOTTEST = 20;
const COLDEST = 0.05;

/**
 * The temperature T that minimises the mean negative log-probability of the gold labels under softmax(log p / T),
 * between 0.05 and 20. Fitted on validation rows, never on test rows. The loss is convex in 1/T, so its slope
 * Σ p·log p' − log p'_gold is bisected. Source: Guo et al. 2017.
 */
export function fitTemperature(logProbs: readonly (readonly number[])[], gold: readonly number[]): number {
  const slope = (beta: number) =>
    logProbs.reduce((sum, row, i) => {
      const p = logSoftmax(row.map((value) => beta * value)).map(Math.exp);
      const mean = row.reduce((s, value, c) => s + (p[c] as number) * value, 0);
      return sum + mean - (row[gold[i] as number] as number);
    }, 0);
  let low = 1 / HOTTEST;
  let high = 1 / COLDEST;
  if (slope(low) >= 0) return HOTTEST;
  if (slope(high) <= 0) return COLDEST;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (slope(middle) > 0) high = middle;
    else low = middle;
  }
  return 2 / (low + high);
}

/** Log-probabilities at another temperature. */
export const atTemperature = (logProbs: readonly number[], temperature: number): readonly number[] =>
  temperature === 1 ? logProbs : logSoftmax(logProbs.map((value) => value / temperature));
