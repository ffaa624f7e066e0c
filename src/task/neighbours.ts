/**
 * The training rows most like a row, by cosine. A text is the mean of its tokens' vectors in the frozen model, each weighted by
 * how rare it is among the texts (SIF, Arora et al. 2017: a / (a + p)), less the mean over all texts.
 */
import { drawnRows } from '../dataset/draw';
import { isUsable, rowsOf, textKey, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import type { Neighbours } from './types';

/** Training rows that are looked through. */
const MOST_CANDIDATES = 2000;
/** Source: Arora et al. 2017. */
const SIF_A = 1e-3;

interface Embedded {
  readonly rowId: string;
  readonly key: string;
  readonly ids: ArrayLike<number>;
}

/** `vectors` is row-major `[ids, hidden]`. */
export interface TokenVectors {
  readonly ids: ArrayLike<number>;
  readonly vectors: Float32Array;
  readonly hidden: number;
}

/** `tokenIds`: of two or more texts. A token of one text makes it like no other, and reading its vector costs as much. */
export function neighbourPlan(dataset: Dataset, tokenise: (text: string) => ArrayLike<number>) {
  const { split, mapping } = dataset;
  const wanted = new Set(drawnRows(dataset, split.train, MOST_CANDIDATES));
  // in the order of the parts: sums, and which of two equal neighbours comes first, rest on no file's order
  const read = rowsOf(dataset, [...wanted, ...split.validation, ...split.test]);
  const embedded = read.flatMap((row): readonly Embedded[] => {
    if (!isUsable(row, mapping)) return [];
    const text = textOf(row, mapping);
    return [{ rowId: row.id, key: textKey(text), ids: tokenise(text) }];
  });
  const texts = new Map<number, number>();
  for (const { ids } of embedded) for (const id of new Set(Array.from(ids))) texts.set(id, (texts.get(id) ?? 0) + 1);
  const tokenIds = Int32Array.from([...texts].filter(([, n]) => n > 1).map(([id]) => id));
  return { embedded, candidates: wanted, tokenIds };
}

/** Of length 1, `[rows, hidden]`. */
function textVectors(rows: readonly Embedded[], { ids, vectors, hidden }: TokenVectors): Float32Array {
  const place = new Map(Array.from(ids, (id, i) => [id, i] as const));
  const counts = new Map<number, number>();
  let total = 0;
  for (const row of rows)
    for (let i = 0; i < row.ids.length; i++) {
      const id = row.ids[i] as number;
      counts.set(id, (counts.get(id) ?? 0) + 1);
      total++;
    }
  const out = new Float32Array(rows.length * hidden);
  const mean = new Float64Array(hidden);
  rows.forEach((row, r) => {
    for (let i = 0; i < row.ids.length; i++) {
      const id = row.ids[i] as number;
      const at = place.get(id);
      if (at === undefined) continue;
      const from = at * hidden;
      const weight = SIF_A / (SIF_A + (counts.get(id) ?? 0) / total) / row.ids.length;
      for (let h = 0; h < hidden; h++)
        out[r * hidden + h] = (out[r * hidden + h] ?? 0) + weight * (vectors[from + h] ?? 0);
    }
    for (let h = 0; h < hidden; h++) mean[h] = (mean[h] ?? 0) + (out[r * hidden + h] ?? 0) / rows.length;
  });
  for (let r = 0; r < rows.length; r++) {
    let norm = 0;
    for (let h = 0; h < hidden; h++) {
      const value = (out[r * hidden + h] ?? 0) - (mean[h] ?? 0);
      out[r * hidden + h] = value;
      norm += value * value;
    }
    const scale = norm > 0 ? 1 / Math.sqrt(norm) : 0;
    for (let h = 0; h < hidden; h++) out[r * hidden + h] = (out[r * hidden + h] ?? 0) * scale;
  }
  return out;
}

/** A row, and rows with its text, are never their own neighbours. */
export function findNeighbours(plan: ReturnType<typeof neighbourPlan>, tokens: TokenVectors): Neighbours {
  const { embedded, candidates } = plan;
  const { hidden } = tokens;
  const unit = textVectors(embedded, tokens);
  const place = new Map(embedded.map(({ rowId }, i) => [rowId, i]));
  const train = embedded.flatMap(({ rowId }, i) => (candidates.has(rowId) ? [i] : []));
  const cosine = (a: number, b: number) => {
    let sum = 0;
    for (let h = 0; h < hidden; h++) sum += (unit[a * hidden + h] ?? 0) * (unit[b * hidden + h] ?? 0);
    return sum;
  };
  return (rowId, count) => {
    const at = place.get(rowId);
    const own = at === undefined ? undefined : embedded[at];
    if (at === undefined || !own) return [];
    return train
      .filter((i) => i !== at && embedded[i]?.key !== own.key)
      .map((i) => ({ i, likeness: cosine(at, i) }))
      .sort((a, b) => b.likeness - a.likeness || a.i - b.i)
      .slice(0, count)
      .map(({ i }) => embedded[i]?.rowId ?? '');
  };
}
