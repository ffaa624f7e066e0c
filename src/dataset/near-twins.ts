/**
 * Texts with the same answer that differ in a few characters or words. Where one is a training row and the other a test row,
 * a prompt can know the answer from memory.
 *
 * Similarity is the resemblance of Broder, “On the resemblance and containment of documents” (1997): the Jaccard index
 * of the sets of shingles, here of 5 characters (3 where they are Chinese, Japanese or Korean, which say more each).
 * Candidates come from MinHash signatures in bands (Leskovec, Rajaraman and Ullman, “Mining of Massive Datasets”, 3.4):
 * a pair of resemblance t shares a band with probability 1 - (1 - t^ROWS)^BANDS, which is 94% at 0.6, 99.6% at 0.7 and
 * 0.2% at 0.1. Each candidate is then compared exactly. The hash functions are fixed: the same rows give the same answer.
 */
import { mixed } from '../lib/rng';
import { perCell, textKey, textKeyOf, writes } from './labels';
import type { ColumnMapping, Row } from './types';

/** Jaccard index from which two texts are near-twins: one word in ten replaced, or one letter in five words. */
const RESEMBLANCE = 0.6;
/** Texts with fewer shingles, such as “ok” or “thank you”, recur by themselves. */
const MIN_SHINGLES = 12;
/** Characters that are compared, from the start of a text. */
const MAX_CHARACTERS = 1000;

const CJK = 0x2e80;

/** Case, digits, punctuation and spacing are ignored: “Order 17 is late!” and “order 4: is late” are one text. */
export const folded = (text: string): string =>
  textKey(text)
    .replace(/\p{N}+/gu, '0')
    .replace(/[^\p{L}\p{M}0]+/gu, ' ')
    .trim()
    .slice(0, MAX_CHARACTERS);

/** FNV-1a, ascending, without repeats. */
function shinglesOf(text: string): Uint32Array {
  const letters = folded(text);
  const hashes = new Uint32Array(letters.length);
  let n = 0;
  for (let i = 0; i < letters.length; i++) {
    const end = i + (letters.charCodeAt(i) >= CJK ? 3 : 5);
    if (end > letters.length) continue;
    let hash = 0x811c9dc5;
    for (let at = i; at < end; at++) hash = Math.imul(hash ^ letters.charCodeAt(at), 0x01000193);
    hashes[n++] = hash;
  }
  const sorted = hashes.subarray(0, n).sort();
  let kept = 0;
  for (let i = 0; i < n; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[kept++] = sorted[i] as number;
  return sorted.slice(0, kept);
}

const BANDS = 20;
const ROWS = 4;
const MULTIPLIERS = Int32Array.from({ length: BANDS * ROWS }, (_, i) => mixed(2 * i + 1) | 1);
const OFFSETS = Int32Array.from({ length: BANDS * ROWS }, (_, i) => mixed(2 * i + 2));

function bandsOf(set: Uint32Array): Int32Array {
  const bands = new Int32Array(BANDS);
  for (let i = 0; i < BANDS * ROWS; i++) {
    const factor = MULTIPLIERS[i] as number;
    const offset = OFFSETS[i] as number;
    let least = 0x7fffffff;
    for (let k = 0; k < set.length; k++) {
      const hash = (Math.imul(set[k] as number, factor) + offset) | 0;
      if (hash < least) least = hash;
    }
    const band = Math.floor(i / ROWS);
    bands[band] = mixed(Math.imul(bands[band] as number, 31) ^ least ^ band);
  }
  return bands;
}

interface Sketch {
  readonly shingles: Uint32Array;
  readonly bands: Int32Array;
}

const TOO_SHORT: Sketch = { shingles: new Uint32Array(0), bands: new Int32Array(0) };

const sketchOf = perCell((text): Sketch => {
  const shingles = shinglesOf(text);
  return shingles.length < MIN_SHINGLES ? TOO_SHORT : { shingles, bands: bandsOf(shingles) };
});

function resemble(a: Uint32Array, b: Uint32Array): boolean {
  const wanted = Math.ceil((RESEMBLANCE / (1 + RESEMBLANCE)) * (a.length + b.length) - 1e-9);
  let shared = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (shared + Math.min(a.length - i, b.length - j) < wanted) return false;
    const x = a[i] as number;
    const y = b[j] as number;
    if (x === y) shared++;
    if (x <= y) i++;
    if (y <= x) j++;
  }
  return shared >= wanted;
}

interface Entry extends Sketch {
  readonly row: Row;
  readonly text: string;
  readonly answer: string;
}

function entriesOf(rows: readonly Row[], mapping: ColumnMapping, most: number) {
  const entries: Entry[] = [];
  let total = 0;
  for (const row of rows) {
    if (total > most) return { entries, isWhole: false };
    const sketch = sketchOf(row, mapping.text);
    total += Math.max(sketch.shingles.length, MIN_SHINGLES);
    const answer = writes(mapping) ? '' : textKey(row.cells[mapping.label] ?? '');
    if (sketch !== TOO_SHORT) entries.push({ row, text: textKeyOf(row, mapping), answer, ...sketch });
  }
  return { entries, isWhole: true };
}

function indexOf(entries: readonly Entry[]): ReadonlyMap<number, readonly number[]> {
  const index = new Map<number, number[]>();
  entries.forEach(({ bands }, place) => {
    for (const band of bands) {
      const places = index.get(band);
      if (places) places.push(place);
      else index.set(band, [place]);
    }
  });
  return index;
}

export interface NearTwins {
  readonly asked: readonly Row[];
  readonly twins: ReadonlySet<Row>;
  /** False: there may be more of them. */
  readonly isWhole: boolean;
  /** Otherwise one near-twin of each asked row. */
  readonly hasAllTwins: boolean;
  readonly comparisons: number;
}

export interface TwinBudget {
  /** Half of them are for finding one twin of each row. */
  readonly comparisons: number;
  /** Of the known rows, and again of the asked ones. */
  readonly shingles: number;
}

/** 20,000 rows of a hundred characters in about a second. */
const BUDGET: TwinBudget = { comparisons: 1_000_000, shingles: 2_000_000 };

/** Rows with the very same text are reported by other checks. */
export function nearTwins(
  asked: readonly Row[],
  known: readonly Row[],
  mapping: ColumnMapping,
  budget: TwinBudget = BUDGET,
): NearTwins {
  const there = entriesOf(known, mapping, budget.shingles);
  const here = entriesOf(asked, mapping, budget.shingles);
  const index = indexOf(there.entries);
  const found: Row[] = [];
  const twins = new Set<Row>();
  const seenBy = new Int32Array(there.entries.length).fill(-1);
  let comparisons = 0;
  let hasAllTwins = there.isWhole && here.isWhole;

  /** Adds the entry's twins: all of them while half of the budget lasts, then the first one. */
  const search = (entry: Entry, turn: number): boolean => {
    let has = false;
    for (const band of entry.bands)
      for (const place of index.get(band) ?? []) {
        if (comparisons >= (has ? budget.comparisons / 2 : budget.comparisons)) {
          hasAllTwins = false;
          return has;
        }
        if (seenBy[place] === turn) continue;
        seenBy[place] = turn;
        comparisons++;
        const other = there.entries[place] as Entry;
        if (other.answer !== entry.answer || other.text === entry.text) continue;
        if (!resemble(entry.shingles, other.shingles)) continue;
        twins.add(other.row);
        has = true;
      }
    return has;
  };
  here.entries.forEach((entry, turn) => {
    if (search(entry, turn)) found.push(entry.row);
  });
  const isWhole = there.isWhole && here.isWhole && comparisons < budget.comparisons;
  return { asked: found, twins, isWhole, hasAllTwins, comparisons };
}

export interface TwinFamilies {
  /** Directly or through others; two or more texts in each. */
  readonly families: readonly (readonly Row[])[];
  /** False: there may be more. */
  readonly isWhole: boolean;
}

/** Comparisons within a band: where more entries share it, they are one family already. */
const MOST_LOOKS = 100;

export function twinFamilies(rows: readonly Row[], mapping: ColumnMapping): TwinFamilies {
  const { entries, isWhole } = entriesOf(rows, mapping, BUDGET.shingles);
  const leaders = entries.map((_, place) => place);
  const leaderOf = (place: number): number => {
    let at = place;
    while (leaders[at] !== at) at = leaders[at] as number;
    leaders[place] = at;
    return at;
  };
  const index = new Map<number, number[]>();
  let comparisons = 0;
  const isTwin = (place: number, other: number): boolean => {
    const [a, b] = [entries[place] as Entry, entries[other] as Entry];
    if (a.answer !== b.answer || leaderOf(place) === leaderOf(other) || comparisons >= BUDGET.comparisons) return false;
    comparisons++;
    return resemble(a.shingles, b.shingles);
  };
  entries.forEach(({ bands }, place) => {
    for (const band of bands) {
      const others = index.get(band) ?? [];
      for (const other of others) if (isTwin(place, other)) leaders[leaderOf(place)] = leaderOf(other);
      if (others.length < MOST_LOOKS) others.push(place);
      if (others.length === 1) index.set(band, others);
    }
  });
  const families = new Map<number, Entry[]>();
  entries.forEach((entry, place) => {
    const leader = leaderOf(place);
    const family = families.get(leader);
    if (family) family.push(entry);
    else families.set(leader, [entry]);
  });
  return {
    families: [...families.values()]
      .filter((family) => family.some(({ text }) => text !== family[0]?.text))
      .map((family) => family.map(({ row }) => row)),
    isWhole: isWhole && comparisons < BUDGET.comparisons,
  };
}
