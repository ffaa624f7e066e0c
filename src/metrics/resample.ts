import { createRng } from '../lib/rng';
import type { Interval } from './intervals';
import { middle95 } from './special';

export const DRAWS = 10_000;

export interface ResampleOptions {
  readonly seed: number;
  readonly draws?: number | undefined;
  /** By row: rows of a group are drawn together. */
  readonly groups?: ArrayLike<number> | undefined;
  /** With the share done, now and then. */
  readonly onProgress?: ((share: number) => void) | undefined;
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

/** Row indices, by group where rows are grouped; `visit` gets a view that is reused. */
export function eachDraw(n: number, options: ResampleOptions, visit: (rows: Int32Array, draw: number) => void): void {
  const { seed, draws = DRAWS, groups, onProgress } = options;
  const rng = createRng(seed);
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
    visit(members ? buffer.subarray(0, length) : buffer, d);
    if (d % PROGRESS_EVERY === 0) onProgress?.(d / draws);
  }
}

/** Both arms see the same drawn rows, a view that is reused. Source: Berg-Kirkpatrick et al. 2012. */
export function pairedBootstrap(
  n: number,
  statistic: (rows: Int32Array) => number,
  options: ResampleOptions,
): Interval {
  const values = new Float64Array(options.draws ?? DRAWS);
  eachDraw(n, options, (rows, d) => {
    values[d] = statistic(rows);
  });
  values.sort();
  return middle95(values);
}

/** A row's predictions are swapped with probability 1/2; p = (1 + #{|D*| >= |D|}) / (R + 1). Source: Dror et al. 2018. */
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

/** What rows come out as. */
interface Outcome {
  readonly gold: number;
  readonly a: number;
  readonly b: number;
}

/** For the macro-F1 of both arms; the buffers are reused from draw to draw. */
function macroF1Counts(classes: number) {
  const counts = () => new Int32Array(classes);
  const [tpA, tpB, gold, saidA, saidB] = [counts(), counts(), counts(), counts(), counts()];
  return {
    reset: () => {
      for (const buffer of [tpA, tpB, gold, saidA, saidB]) buffer.fill(0);
    },
    add: (outcome: Outcome, times: number) => {
      bump(gold, outcome.gold, times);
      bump(saidA, outcome.a, times);
      bump(saidB, outcome.b, times);
      if (outcome.a === outcome.gold) bump(tpA, outcome.gold, times);
      if (outcome.b === outcome.gold) bump(tpB, outcome.gold, times);
    },
    /** B minus A. */
    difference: () => {
      let sum = 0;
      for (let c = 0; c < classes; c++) {
        const rows = gold[c] as number;
        sum += f1(tpB[c] as number, rows + (saidB[c] as number)) - f1(tpA[c] as number, rows + (saidA[c] as number));
      }
      return sum / classes;
    },
  };
}

function bump(counts: Int32Array, at: number, times: number): void {
  counts[at] = (counts[at] as number) + times;
}

const f1 = (truePositives: number, goldAndSaid: number) => (goldAndSaid === 0 ? 0 : (2 * truePositives) / goldAndSaid);

/** Distinct, and which of them each row is. */
function outcomesOf(gold: ArrayLike<number>, predictedA: ArrayLike<number>, predictedB: ArrayLike<number>) {
  const known = new Map<string, number>();
  const outcomes: Outcome[] = [];
  const ofRow = Int32Array.from(gold, (g, i) => {
    const outcome = { gold: g, a: predictedA[i] as number, b: predictedB[i] as number };
    const key = `${g} ${outcome.a} ${outcome.b}`;
    const index = known.get(key) ?? outcomes.push(outcome) - 1;
    known.set(key, index);
    return index;
  });
  return { outcomes, ofRow };
}

/** B minus A, by group where rows belong together. Only rows on which the arms disagree are swapped. */
export function macroF1Comparison(
  gold: ArrayLike<number>,
  predictedA: ArrayLike<number>,
  predictedB: ArrayLike<number>,
  classes: number,
  options: ResampleOptions,
): { readonly difference: number; readonly ci95: Interval; readonly p: number } {
  const n = gold.length;
  if (n === 0) return { difference: 0, ci95: { low: -1, high: 1 }, p: 1 };
  const { outcomes, ofRow } = outcomesOf(gold, predictedA, predictedB);
  const counts = macroF1Counts(classes);
  const drawn = new Int32Array(outcomes.length);
  const onRows = (rows: ArrayLike<number>) => {
    drawn.fill(0);
    for (let k = 0; k < rows.length; k++) bump(drawn, ofRow[rows[k] as number] as number, 1);
    counts.reset();
    outcomes.forEach((outcome, o) => {
      counts.add(outcome, drawn[o] as number);
    });
    return counts.difference();
  };

  const rowsOfOutcome = new Int32Array(outcomes.length);
  for (const o of ofRow) bump(rowsOfOutcome, o, 1);
  const disputedRows = [...ofRow.keys()].filter((i) => {
    const { a, b } = outcomes[ofRow[i] as number] as Outcome;
    return a !== b;
  });
  const disputed = disputedRows.map((i) => outcomes[ofRow[i] as number] as Outcome);
  const { groups } = options;
  // rows that belong together are swapped together
  const places = new Map<number, number>();
  const swapOf = disputedRows.map((i) => {
    const group = groups ? (groups[i] as number) : i;
    const place = places.get(group) ?? places.size;
    places.set(group, place);
    return place;
  });
  const swapped = disputed.map(({ gold: g, a, b }) => ({ gold: g, a: b, b: a }));
  const onSwaps = (swap: Uint8Array) => {
    counts.reset();
    outcomes.forEach((outcome, o) => {
      if (outcome.a === outcome.b) counts.add(outcome, rowsOfOutcome[o] as number);
    });
    for (let i = 0; i < disputed.length; i++)
      counts.add((swap[swapOf[i] as number] ? swapped[i] : disputed[i]) as Outcome, 1);
    return counts.difference();
  };

  const { onProgress } = options;
  const part = (from: number) => ({ onProgress: (share: number) => onProgress?.(from + share / 2) });
  return {
    difference: onRows(Int32Array.from(gold, (_, i) => i)),
    ci95: pairedBootstrap(n, onRows, { ...options, ...part(0) }),
    p: pairedPermutation(places.size, onSwaps, { ...options, ...part(0.5) }),
  };
}

export function macroF1Interval(
  gold: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
  options: ResampleOptions,
): Interval {
  if (gold.length === 0) return { low: 0, high: 1 };
  const cells = Int32Array.from(gold, (g, i) => g * classes + (predicted[i] as number));
  const drawn = new Int32Array(classes * classes);
  const goldRows = new Int32Array(classes);
  const saidRows = new Int32Array(classes);
  const statistic = (rows: Int32Array) => {
    for (const buffer of [drawn, goldRows, saidRows]) buffer.fill(0);
    for (let k = 0; k < rows.length; k++) bump(drawn, cells[rows[k] as number] as number, 1);
    for (let cell = 0; cell < drawn.length; cell++) {
      bump(goldRows, Math.floor(cell / classes), drawn[cell] as number);
      bump(saidRows, cell % classes, drawn[cell] as number);
    }
    let sum = 0;
    for (let c = 0; c < classes; c++)
      sum += f1(drawn[c * classes + c] as number, (goldRows[c] as number) + (saidRows[c] as number));
    return sum / classes;
  };
  return pairedBootstrap(gold.length, statistic, options);
}

/** Mean of one number a row. */
export function rowMean(
  values: ArrayLike<number>,
  options: ResampleOptions,
): { readonly value: number; readonly interval: Interval } {
  const over = (rows: ArrayLike<number>) => {
    let sum = 0;
    for (let i = 0; i < rows.length; i++) sum += values[rows[i] as number] as number;
    return sum / rows.length;
  };
  const value = over(Array.from(values, (_, row) => row));
  return { value, interval: pairedBootstrap(values.length, over, options) };
}
