import { present } from '../../lib/assert';
import { createRng } from '../../lib/rng';
import { type Compared, forEachMetric, metricsOf, TAG_METRICS, type TagMetricId } from '../../metrics/registry';
import { DRAWS, eachDraw, type ResampleOptions } from '../../metrics/resample';
import { middle95 } from '../../metrics/special';
import { tagCounter } from '../../metrics/tags';

/** Places of the labels of each row. */
type Tags = readonly (readonly number[])[];

/** Metrics of tags over rows, as often as they are asked. */
type Statistics = (rows: ArrayLike<number>) => readonly number[];

/**
 * B minus A on the same rows: paired bootstrap, and p by swapping the answers of a row, or of a group, with probability 1/2
 * (Berg-Kirkpatrick et al. 2012, Dror et al. 2018). One set of draws serves all metrics.
 * @param on both prompts' rows: A's, then B's
 */
function compared(n: number, on: Statistics, options: ResampleOptions): readonly Compared[] {
  const { seed, draws = DRAWS, groups } = options;
  const less = (b: readonly number[], a: readonly number[]) => b.map((value, m) => value - (a[m] as number));
  let ofB = new Int32Array(n);
  const between = (rows: ArrayLike<number>) => {
    if (ofB.length < rows.length) ofB = new Int32Array(2 * rows.length);
    for (let i = 0; i < rows.length; i++) ofB[i] = (rows[i] as number) + n;
    const b = on(ofB.subarray(0, rows.length));
    return less(b, on(rows));
  };
  const seen = between(Int32Array.from({ length: n }, (_, row) => row));
  if (n === 0) return seen.map((value) => ({ value, interval: { low: -1, high: 1 }, p: 1 }));
  const drawn = seen.map(() => new Float64Array(draws));
  eachDraw(n, options, (rows, at) => {
    for (const [m, value] of between(rows).entries()) (drawn[m] as Float64Array)[at] = value;
  });
  const rng = createRng(seed);
  const places = new Map<number, number>();
  const placeOf = Array.from({ length: n }, (_, row) => {
    const group = groups ? (groups[row] as number) : row;
    const place = places.get(group) ?? places.size;
    places.set(group, place);
    return place;
  });
  const swap = new Uint8Array(places.size);
  const [a, b] = [new Int32Array(n), new Int32Array(n)];
  const extreme = seen.map(() => 0);
  for (let draw = 0; draw < draws; draw++) {
    for (let place = 0; place < swap.length; place++) swap[place] = rng.next() < 0.5 ? 1 : 0;
    for (let row = 0; row < n; row++) {
      const isSwapped = swap[placeOf[row] as number] === 1;
      a[row] = isSwapped ? row + n : row;
      b[row] = isSwapped ? row : row + n;
    }
    const found = on(b);
    for (const [m, value] of less(found, on(a)).entries())
      if (Math.abs(value) >= Math.abs(seen[m] as number) - SLACK) extreme[m] = (extreme[m] as number) + 1;
  }
  return seen.map((value, m) => ({
    value,
    interval: middle95((drawn[m] as Float64Array).sort()),
    p: (1 + (extreme[m] as number)) / (draws + 1),
  }));
}

/** A difference that equals the one that was seen but for rounding counts as equal. */
const SLACK = 1e-12;

/** Every metric of B minus that of A. */
export function comparedTags(
  gold: Tags,
  [a, b]: readonly [Tags, Tags],
  labels: number,
  options: ResampleOptions,
): Readonly<Record<TagMetricId, Compared>> {
  const count = tagCounter([...gold, ...gold], [...a, ...b], labels);
  const metrics = metricsOf(TAG_METRICS);
  const on: Statistics = (rows) => {
    const counts = count(rows);
    return metrics.map(([, { compute }]) => compute(counts));
  };
  const found = compared(gold.length, on, options);
  return forEachMetric(TAG_METRICS, (_, id) => present(found[metrics.findIndex(([own]) => own === id)], id));
}

/** Micro-F1 alone, which needs two sums: rules ask for many pairs. */
export function comparedMicroF1(gold: Tags, [a, b]: readonly [Tags, Tags], options: ResampleOptions): Compared {
  const both = [...a, ...b];
  const goldOf = (i: number) => gold[i % gold.length] ?? [];
  const hits = Int32Array.from(both, (given, i) => given.filter((tag) => goldOf(i).includes(tag)).length);
  const sizes = Int32Array.from(both, (given, i) => given.length + goldOf(i).length);
  const on: Statistics = (rows) => {
    let [hit, size] = [0, 0];
    for (let i = 0; i < rows.length; i++) {
      hit += hits[rows[i] as number] as number;
      size += sizes[rows[i] as number] as number;
    }
    return [size === 0 ? 0 : (2 * hit) / size];
  };
  return present(compared(gold.length, on, options)[0], 'micro-F1');
}

const mistakes = (gold: readonly number[], given: readonly number[]) =>
  gold.filter((tag) => !given.includes(tag)).length + given.filter((tag) => !gold.includes(tag)).length;

/** Rows where B makes fewer mistakes than A, more, or as many. */
export function rowsCloser(gold: Tags, [a, b]: readonly [Tags, Tags]) {
  const gains = gold.map((tags, i) => mistakes(tags, a[i] ?? []) - mistakes(tags, b[i] ?? []));
  return {
    closer: gains.filter((gain) => gain > 0).length,
    further: gains.filter((gain) => gain < 0).length,
    same: gains.filter((gain) => gain === 0).length,
  };
}
