import type { Interval } from './intervals';
import { eachDraw, type ResampleOptions } from './resample';
import { middle95 } from './special';

/** `wins[i][j]`: i was preferred to j so often. */
export type Wins = readonly (readonly number[])[];

/** Along wins, from every player to every other: only then has the likelihood a maximum. */
function connected(wins: Wins): boolean {
  const reach = (won: (from: number, to: number) => boolean) => {
    const seen = new Set([0]);
    for (const at of seen) for (let to = 0; to < wins.length; to++) if (to !== at && won(at, to)) seen.add(to);
    return seen.size === wins.length;
  };
  return reach((i, j) => (wins[i]?.[j] ?? 0) > 0) && reach((i, j) => (wins[j]?.[i] ?? 0) > 0);
}

/** Solves A·x = b for a symmetric positive definite A, by Cholesky. */
function solve(a: readonly (readonly number[])[], b: readonly number[]): number[] {
  const n = b.length;
  const l = a.map((row) => [...row]);
  const at = (i: number, j: number) => l[i]?.[j] as number;
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = at(i, j);
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k);
      (l[i] as number[])[j] = i === j ? Math.sqrt(sum) : sum / at(j, j);
    }
  const x = [...b];
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i] = (x[i] as number) - at(i, k) * (x[k] as number);
    x[i] = (x[i] as number) / at(i, i);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] = (x[i] as number) - at(k, i) * (x[k] as number);
    x[i] = (x[i] as number) / at(i, i);
  }
  return x;
}

/**
 * In log-odds with mean 0: P(i preferred to j) = 1/(1 + exp(s_j − s_i)). Null where somebody has won or lost everything, so
 * that no finite maximum exists (Ford 1957). Newton's method. Source: Bradley & Terry 1952.
 */
export function bradleyTerry(wins: Wins): readonly number[] | null {
  const k = wins.length;
  if (k < 2 || !connected(wins)) return null;
  const won = (i: number, j: number) => wins[i]?.[j] as number;
  // The first stays at 0; the others are free.
  let s = new Array<number>(k).fill(0);
  for (let iteration = 0; iteration < 100; iteration++) {
    const gradient = new Array<number>(k).fill(0);
    const information = Array.from({ length: k }, () => new Array<number>(k).fill(0));
    for (let i = 0; i < k; i++)
      for (let j = 0; j < k; j++) {
        if (i === j) continue;
        const games = won(i, j) + won(j, i);
        const p = 1 / (1 + Math.exp((s[j] as number) - (s[i] as number)));
        gradient[i] = (gradient[i] as number) + won(i, j) - games * p;
        const weight = games * p * (1 - p);
        (information[i] as number[])[i] = (information[i]?.[i] as number) + weight;
        (information[i] as number[])[j] = -weight;
      }
    const step = solve(
      information.slice(1).map((row) => row.slice(1)),
      gradient.slice(1),
    );
    // Far from the maximum a full step may overshoot.
    const longest = Math.max(...step.map(Math.abs));
    const scale = longest > 2 ? 2 / longest : 1;
    s = s.map((value, i) => (i === 0 ? 0 : value + scale * (step[i - 1] as number)));
    if (longest < 1e-12) break;
  }
  const mean = s.reduce((a, b) => a + b, 0) / k;
  return s.map((value) => value - mean);
}

/** When all compete on each item: right beats wrong, two equal answers do not count. */
export function winsOf(right: readonly (readonly boolean[])[], items: ArrayLike<number>): number[][] {
  const wins = right.map(() => new Array<number>(right.length).fill(0));
  for (let n = 0; n < items.length; n++)
    for (let i = 0; i < right.length; i++) {
      if (!right[i]?.[items[n] as number]) continue;
      for (let j = 0; j < right.length; j++)
        if (!right[j]?.[items[n] as number]) (wins[i] as number[])[j] = (wins[i]?.[j] as number) + 1;
    }
  return wins;
}

export interface Strength {
  readonly strength: number;
  /** Bootstrap over items, percentiles 2.5 and 97.5. */
  readonly ci95: Interval;
}

/**
 * With bootstrap intervals over rows. @param right by arm and row
 * @returns null where an arm has won or lost everything, also in more than a twentieth of the draws
 */
export function rankArms(right: readonly (readonly boolean[])[], options: ResampleOptions): readonly Strength[] | null {
  const n = right[0]?.length ?? 0;
  const everyRow = Int32Array.from({ length: n }, (_, i) => i);
  const found = bradleyTerry(winsOf(right, everyRow));
  if (!found) return null;
  const { draws = 2000 } = options;
  const drawn: (readonly number[])[] = [];
  eachDraw(n, { ...options, draws }, (rows) => {
    const fitted = bradleyTerry(winsOf(right, rows));
    if (fitted) drawn.push(fitted);
  });
  if (drawn.length < 0.95 * draws) return null;
  return found.map((strength, arm) => {
    const sorted = Float64Array.from(drawn, (s) => s[arm] as number).sort();
    return { strength, ci95: middle95(sorted) };
  });
}
