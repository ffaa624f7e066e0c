import { createRng } from '../lib/rng';
import type { Interval } from './intervals';
import { quantile } from './special';

export const DRAWS = 10_000;

export interface ResampleOptions {
  readonly seed: number;
  readonly draws?: number;
  /** Group index of each row: rows of a group are drawn together. */
  readonly groups?: ArrayLike<number>;
  /** Called now and then with the share done, 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

const PROGRESS_EVERY = 500;

function groupMembers(groups: ArrayLike<number>): Int32Array[] {
  const members = new Map<number, number[]>();
  for (let i = 0; i < groups.length; i++) {
    const group = members.get(groups[i] as number);
    if (group) group.push(i);
    else members.set(groups[i] as number, [i]);
  }
  return [...members.values()].map((rows) => Int32Array.from(rows));
}

/**
 * Paired bootstrap, percentiles 2.5 and 97.5: both arms see the same drawn rows, and `statistic` gives their
 * difference on the row indices it is handed (a view that is reused). Source: Berg-Kirkpatrick et al. 2012.
 */
export function pairedBootstrap(
  n: number,
  statistic: (rows: Int32Array) => number,
  options: ResampleOptions,
): Interval {
  const { seed, draws = DRAWS, groups, onProgress } = options;
  const rng = createRng(seed);
  const values = new Float64Array(draws);
  const members = groups ? groupMembers(groups) : null;
  const largest = members ? Math.max(...members.map((rows) => rows.length)) : 1;
  const buffer = new Int32Array(members ? members.length * largest : n);
  for (let d = 0; d < draws; d++) {
    let length = n;
    if (members) {
      length = 0;
      for (let g = 0; g < members.length; g++) {
        const rows = members[rng.int(members.length)] as Int32Array;
        buffer.set(rows, length);
        length += rows.length;
      }
    } else for (let i = 0; i < n; i++) buffer[i] = rng.int(n);
    values[d] = statistic(members ? buffer.subarray(0, length) : buffer);
    if (d % PROGRESS_EVERY === 0) onProgress?.(d / draws);
  }
  values.sort();
  return { low: quantile(values, 0.025), high: quantile(values, 0.975) };
}

/**
 * Paired permutation p: the two predictions of a row are swapped with probability 1/2 (`swap[i]` = 1), and
 * p = (1 + #{|D*| >= |D|}) / (R + 1). Source: Dror et al. 2018.
 */
export function pairedPermutation(
  n: number,
  statistic: (swap: Uint8Array) => number,
  options: Omit<ResampleOptions, 'groups'>,
): number {
  const { seed, draws = DRAWS, onProgress } = options;
  const rng = createRng(seed);
  const swap = new Uint8Array(n);
  const seen = Math.abs(statistic(swap));
  let extreme = 0;
  for (let d = 0; d < draws; d++) {
    for (let i = 0; i < n; i++) swap[i] = rng.next() < 0.5 ? 1 : 0;
    // A hair of slack: D* that equals D but for rounding counts as equal.
    if (Math.abs(statistic(swap)) >= seen - 1e-12) extreme++;
    if (d % PROGRESS_EVERY === 0) onProgress?.(d / draws);
  }
  return (1 + extreme) / (draws + 1);
}

/** Running counts from which macro-F1 follows, for the inner loops above. */
function macroF1Of(tp: Int32Array, gold: Int32Array, predicted: Int32Array): number {
  let sum = 0;
  for (let c = 0; c < tp.length; c++) {
    const denominator = (gold[c] as number) + (predicted[c] as number);
    if (denominator > 0) sum += (2 * (tp[c] as number)) / denominator;
  }
  return sum / tp.length;
}

/** Macro-F1 of B minus that of A, with its bootstrap interval and permutation p. */
export function macroF1Comparison(
  gold: ArrayLike<number>,
  predictedA: ArrayLike<number>,
  predictedB: ArrayLike<number>,
  classes: number,
  options: ResampleOptions,
): { readonly difference: number; readonly ci95: Interval; readonly p: number } {
  const n = gold.length;
  const counts = () => new Int32Array(classes);
  const [tpA, tpB, goldCount, countA, countB] = [counts(), counts(), counts(), counts(), counts()];
  const add = (g: number, a: number, b: number) => {
    goldCount[g] = (goldCount[g] as number) + 1;
    countA[a] = (countA[a] as number) + 1;
    countB[b] = (countB[b] as number) + 1;
    if (a === g) tpA[g] = (tpA[g] as number) + 1;
    if (b === g) tpB[g] = (tpB[g] as number) + 1;
  };
  const reset = () => {
    for (const array of [tpA, tpB, goldCount, countA, countB]) array.fill(0);
  };
  const difference = () => macroF1Of(tpB, goldCount, countB) - macroF1Of(tpA, goldCount, countA);
  const onRows = (rows: Int32Array) => {
    reset();
    for (let k = 0; k < rows.length; k++) {
      const i = rows[k] as number;
      add(gold[i] as number, predictedA[i] as number, predictedB[i] as number);
    }
    return difference();
  };
  const onSwaps = (swap: Uint8Array) => {
    reset();
    for (let i = 0; i < n; i++) {
      const [a, b] = [predictedA[i] as number, predictedB[i] as number];
      if (swap[i]) add(gold[i] as number, b, a);
      else add(gold[i] as number, a, b);
    }
    return difference();
  };
  if (n === 0) return { difference: 0, ci95: { low: -1, high: 1 }, p: 1 };
  const { onProgress } = options;
  const part = (from: number) => (onProgress ? { onProgress: (s: number) => onProgress(from + s / 2) } : {});
  return {
    difference: onSwaps(new Uint8Array(n)),
    ci95: pairedBootstrap(n, onRows, { ...options, ...part(0) }),
    p: pairedPermutation(n, onSwaps, { ...options, ...part(0.5) }),
  };
}
