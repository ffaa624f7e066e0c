import { meanInterval } from '../../metrics/intervals';
import { rowMean } from '../../metrics/resample';
import type { SheetKind } from '../kind';
import { textField } from './field';

/** Generated texts that a report prints at most: those that differ most. */
const MOST_CHANGED = 40;

/** No text is kept, so only the scores of rows are compared. */
export const TEXT_SHEET: SheetKind<'generate'> = {
  figures: ({ metrics }) => metrics,
  scores: ({ rowIds, rows }) => ({ gold: rowIds, rows }),
  scored: ({ rowIds }, { rows }) => ({ gold: rowIds, rows }),
  field: textField,
  changed: ({ arms, pairs: [pair] }, { rowIds }) => {
    const [a, b] = [pair?.a, pair?.b].map((id) => arms.find((arm) => arm.id === id)?.rows ?? []);
    return rowIds
      .map((id, i) => ({ id, by: Math.abs((b?.[i] ?? 0) - (a?.[i] ?? 0)) }))
      .filter(({ by }) => by > 0)
      .sort((x, y) => y.by - x.by)
      .slice(0, MOST_CHANGED)
      .map(({ id }) => id);
  },
  rows: () => [],
  differ: (a, b, { places, ...how }) => {
    const gains = places.map(([i, j]) => (b.rows[j] ?? 0) - (a.rows[i] ?? 0));
    const { value, interval } = how.groups ? rowMean(gains, how) : meanGain(gains);
    const count = (is: (gain: number) => boolean) => gains.filter(is).length;
    return {
      aOnly: count((gain) => gain < 0),
      bOnly: count((gain) => gain > 0),
      metrics: { rougeL: { value, interval } },
    };
  },
  test: null,
  method: 'none for generated texts, which are judged by the interval alone',
};

const meanGain = (gains: readonly number[]) => ({
  value: gains.reduce((sum, gain) => sum + gain, 0) / Math.max(1, gains.length),
  interval: meanInterval(gains),
});
