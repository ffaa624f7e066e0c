/** What fits into a width: labels that do not overlap, and the points that can be told apart. */

/** Moves labels apart so that no two centres are closer than `gap`, each as little as possible and none outside `[low, high]`. */
export function dodge(centres: readonly number[], gap: number, low: number, high: number): number[] {
  const order = centres.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y);
  let floor = low;
  for (const label of order) {
    label.y = Math.max(label.y, floor);
    floor = label.y + gap;
  }
  let ceiling = high;
  for (const label of order.toReversed()) {
    label.y = Math.min(label.y, ceiling);
    ceiling = label.y - gap;
  }
  const out: number[] = [];
  for (const { y, i } of order) out[i] = y;
  return out;
}

/**
 * A line of many points as it looks with `most` points: of each stretch its lowest and highest, so that spikes stay. What
 * is short enough is returned as it is.
 */
export function downsample<T>(points: readonly T[], value: (point: T) => number, most: number): readonly T[] {
  const stretches = Math.max(1, Math.floor(most / 2));
  if (points.length <= 2 * stretches) return points;
  const out: T[] = [];
  for (let s = 0; s < stretches; s++) {
    const from = Math.floor((s * points.length) / stretches);
    const to = Math.floor(((s + 1) * points.length) / stretches);
    let low = from;
    let high = from;
    for (let i = from + 1; i < to; i++) {
      if (value(points[i] as T) < value(points[low] as T)) low = i;
      if (value(points[i] as T) > value(points[high] as T)) high = i;
    }
    out.push(points[Math.min(low, high)] as T);
    if (low !== high) out.push(points[Math.max(low, high)] as T);
  }
  return out;
}
