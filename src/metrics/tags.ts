/**
 * Several labels a row. The model reads a text once, with the answer word of every label and of one more, `none`, always the
 * last. From their log-probabilities l each label is judged by itself against that one:
 *
 *     odds_k = l_k − l_none        p_k = 1 / (1 + exp(cut_k − odds_k))
 *
 * What all words share cancels, so labels do not compete, and a text may have all of them or none. A virtual label as the
 * border between given and not: Fürnkranz, Hüllermeier, Loza Mencía and Brinker 2008, Multilabel classification via
 * calibrated label ranking. A label is given from p_k = 0.5 on.
 */
import { logSumExp } from './classification';

export const oddsOf = (logProbs: readonly number[]): readonly number[] => {
  const none = logProbs.at(-1) ?? 0;
  return logProbs.slice(0, -1).map((own) => own - none);
};

const softplus = (x: number) => logSumExp([0, x]);

/** Of each label, after its cut. @param cuts as calibration subtracts them, that of `none` last; null = 0 for all */
export function tagProbabilities(logProbs: readonly number[], cuts: readonly number[] | null): readonly number[] {
  const cut = cuts ? logProbs.map((own, k) => own - (cuts[k] ?? 0)) : logProbs;
  return oddsOf(cut).map((odds) => Math.exp(-softplus(-odds)));
}

/** Places of the labels that a row gets. */
export const givenTags = (odds: readonly number[], cuts: readonly number[] | null): readonly number[] =>
  odds.flatMap((own, k) => (own >= (cuts?.[k] ?? 0) ? [k] : []));

/** Places of the labels among probabilities after their cuts. */
export const likelyTags = (probabilities: readonly number[]): readonly number[] =>
  probabilities.flatMap((p, k) => (p >= 0.5 ? [k] : []));

/** How sure an answer is of the label that it is least sure of, given or not. */
export const leastSure = (probabilities: readonly number[]): number =>
  Math.min(1, ...probabilities.map((p) => Math.max(p, 1 - p)));

/** Mean binary cross-entropy over the labels, and its slope by each word's score. @param tags places of the row's labels */
export function tagLoss(
  scores: readonly number[],
  tags: readonly number[],
): { readonly loss: number; readonly slopes: number[] } {
  const odds = oddsOf(scores);
  const isGold = new Set(tags);
  const loss = odds.reduce((sum, own, k) => sum + softplus(own) - (isGold.has(k) ? own : 0), 0) / odds.length;
  const slopes = odds.map((own, k) => (Math.exp(-softplus(-own)) - Number(isGold.has(k))) / odds.length);
  return { loss, slopes: [...slopes, -slopes.reduce((sum, slope) => sum + slope, 0)] };
}

/** With fewer rows of a label their odds say too little to cut between them. */
const FEWEST_TAGGED = 3;

/**
 * The cut of each label with the highest F1 on these rows, half way between two rows; of equals the nearest to 0. Source:
 * Lipton, Elkan and Naryanaswamy 2014, Optimal thresholding of classifiers to maximize F1 measure. A label with hardly any
 * row is given as often as among the training rows.
 * @param shares of the training rows that have each label
 */
export const fitCuts = (
  odds: readonly (readonly number[])[],
  gold: readonly (readonly number[])[],
  shares: readonly number[],
): readonly number[] =>
  shares.map((share, k) => {
    const rows = odds
      .map((row, i) => ({ odds: row[k] as number, isGold: gold[i]?.includes(k) ?? false }))
      .sort((a, b) => b.odds - a.odds);
    const tagged = rows.filter(({ isGold }) => isGold).length;
    return tagged < FEWEST_TAGGED ? cutAfter(rows, Math.round(share * rows.length)) : bestCut(rows, tagged);
  });

interface Judged {
  readonly odds: number;
  readonly isGold: boolean;
}

/** The cut that gives the label to the first rows. */
function cutAfter(rows: readonly Judged[], given: number): number {
  const [above, below] = [rows[given - 1]?.odds, rows[given]?.odds];
  if (above === undefined) return below === undefined ? 0 : Math.max(0, below + 1);
  return below === undefined ? Math.min(0, above - 1) : (above + below) / 2;
}

function bestCut(rows: readonly Judged[], tagged: number): number {
  let hits = 0;
  let best = { f1: 0, cut: 0 };
  for (const [i, row] of rows.entries()) {
    hits += Number(row.isGold);
    if (row.odds === rows[i + 1]?.odds) continue;
    const f1 = (2 * hits) / (tagged + i + 1);
    const cut = cutAfter(rows, i + 1);
    if (f1 > best.f1 || (f1 === best.f1 && Math.abs(cut) < Math.abs(best.cut))) best = { f1, cut };
  }
  return best.cut;
}

/** Sums over rows, from which every metric of tags follows. */
export interface TagCounts {
  readonly rows: number;
  /** Rows whose labels are all right. */
  readonly exact: number;
  /** By label: rows that have it, that get it, and that have and get it. */
  readonly gold: ArrayLike<number>;
  readonly given: ArrayLike<number>;
  readonly hits: ArrayLike<number>;
}

const isSame = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((tag) => b.includes(tag));

/** A buffer for counts of many draws of the same rows: every draw replaces the one before. */
export function tagCounter(
  gold: readonly (readonly number[])[],
  given: readonly (readonly number[])[],
  labels: number,
) {
  // what a row adds one to: a label of `gold`, `given` or `hits`, or `exact`
  const added = gold.map((tags, i) => {
    const own = given[i] ?? [];
    const hits = tags.filter((tag) => own.includes(tag));
    const places = [tags, own, hits].flatMap((each, part) => each.map((tag) => part * labels + tag));
    return isSame(tags, own) ? [...places, 3 * labels] : places;
  });
  let end = 0;
  const ends = Int32Array.from(added, (places) => {
    end += places.length;
    return end;
  });
  const slots = Int32Array.from(added.flat());
  const counts = new Int32Array(3 * labels + 1);
  const part = (at: number) => counts.subarray(at * labels, (at + 1) * labels);
  const parts = { gold: part(0), given: part(1), hits: part(2) };
  return (rows: ArrayLike<number>): TagCounts => {
    counts.fill(0);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as number;
      const until = ends[row] as number;
      for (let s = row === 0 ? 0 : (ends[row - 1] as number); s < until; s++) {
        const slot = slots[s] as number;
        counts[slot] = (counts[slot] as number) + 1;
      }
    }
    return { rows: rows.length, exact: counts[3 * labels] as number, ...parts };
  };
}

function sum(of: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < of.length; i++) total += of[i] as number;
  return total;
}

const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

export const tagF1 = ({ gold, given, hits }: TagCounts, label: number): number =>
  ratio(2 * (hits[label] as number), (gold[label] as number) + (given[label] as number));

export const microF1 = ({ gold, given, hits }: TagCounts): number => ratio(2 * sum(hits), sum(gold) + sum(given));

/**
 * What each row adds to micro-F1. Their mean is micro-F1, and their spread that of a ratio, linearised (Cochran 1977, Sampling
 * techniques, chapter 6).
 */
export function microF1Parts(
  gold: readonly (readonly number[])[],
  given: readonly (readonly number[])[],
): readonly number[] {
  const rows = gold.map((tags, i) => {
    const own = given[i] ?? [];
    return { hits: 2 * tags.filter((tag) => own.includes(tag)).length, size: tags.length + own.length };
  });
  const size = sum(rows.map((row) => row.size));
  const f1 = ratio(sum(rows.map(({ hits }) => hits)), size);
  return rows.map((row) => f1 + ratio(rows.length * (row.hits - f1 * row.size), size));
}

export function macroTagF1(counts: TagCounts): number {
  let total = 0;
  for (let label = 0; label < counts.gold.length; label++) total += tagF1(counts, label);
  return ratio(total, counts.gold.length);
}

export const subsetAccuracy = ({ rows, exact }: TagCounts): number => ratio(exact, rows);
export const tagPrecision = ({ given, hits }: TagCounts, label: number) =>
  ratio(hits[label] as number, given[label] as number);
export const tagRecall = ({ gold, hits }: TagCounts, label: number) =>
  ratio(hits[label] as number, gold[label] as number);
