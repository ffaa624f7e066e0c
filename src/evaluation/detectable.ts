import { detectableDifference } from '../metrics/power';

export interface Detectable {
  /** Smallest gain shown with power 80%, in points; null when no gain would be. */
  readonly points: number | null;
  readonly sentence: string;
}

/**
 * What so many held-back rows can show, before anything is run: exact McNemar power 80%, assuming that a better
 * prompt still breaks 5 rows in a hundred (`docs/method/statistics.md`).
 */
export function detectable(heldBackRows: number): Detectable {
  const rows = `With ${heldBackRows.toLocaleString('en')} held-back ${heldBackRows === 1 ? 'row' : 'rows'}`;
  const smallest = heldBackRows > 0 ? detectableDifference(heldBackRows) : null;
  if (smallest === null)
    return { points: null, sentence: `${rows} not even a large gain can be shown: hold back more.` };
  const points = Math.round(1000 * smallest) / 10;
  const told = points < 2 ? points : Math.round(points);
  return { points, sentence: `${rows} a gain under about ${told} points may go unseen.` };
}

/** Texts are not right or wrong: how small a gain shows depends on how much their nearness scatters, which is not known yet. */
export const detectableWriting = (heldBackRows: number): Detectable => ({
  points: null,
  sentence: `${heldBackRows.toLocaleString('en')} held-back ${heldBackRows === 1 ? 'row decides' : 'rows decide'}: the more, the smaller a gain that shows.`,
});
