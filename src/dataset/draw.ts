/** Some of the rows where not all are needed: one draw for every purpose, so that no choice rests on the file's order. */
import { createRng } from '../lib/rng';
import { rowsById, stratumOf, textKeyOf } from './labels';
import { textKey } from './normalise';
import type { Dataset, Row } from './types';

/** Uniform in [0, 1), by the seed and a text: FNV-1a (Fowler, Noll & Vo), spread by the generator. */
function chance(seed: number, text: string): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return createRng(hash).next();
}

/**
 * At most `most` of the named rows, drawn by the seed of the data set, each label in proportion (to about one row), in
 * the order in which they are named. Which rows are drawn depends on their texts and labels alone: a sorted file gives
 * the same draw as a shuffled one, fewer rows are some of the more, and an edit moves few others. Rows that are gone are
 * not drawn.
 *
 * Stratified systematic sampling with a random start in each stratum: a label's rows, in random order, are spaced evenly
 * over [0, 1), and the rows before the cut are taken. Source: Cochran, Sampling Techniques, 1977, chapter 8.
 */
export function drawnRows(
  { table, mapping, seed }: Pick<Dataset, 'table' | 'mapping' | 'seed'>,
  ids: readonly string[],
  most: number,
): readonly string[] {
  if (ids.length <= most) return ids;
  const byId = rowsById(table.rows);
  const strata = new Map<string, { readonly id: string; readonly text: string; readonly chance: number }[]>();
  for (const id of ids) {
    const row: Row | undefined = byId.get(id);
    if (!row) continue;
    const label = textKey(stratumOf(row, mapping));
    const text = textKeyOf(row, mapping);
    const drawn = { id, text, chance: chance(seed, text) };
    const stratum = strata.get(label);
    if (stratum) stratum.push(drawn);
    else strata.set(label, [drawn]);
  }
  const places = [...strata].flatMap(([label, rows]) => {
    const start = chance(seed, `label ${label}`);
    return rows
      .sort((a, b) => a.chance - b.chance || (a.text < b.text ? -1 : 1))
      .map(({ id }, rank) => [id, (rank + start) / rows.length] as const);
  });
  const chosen = new Set(
    places
      .sort((a, b) => a[1] - b[1])
      .slice(0, most)
      .map(([id]) => id),
  );
  return ids.filter((id) => chosen.has(id));
}
