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
