/** Some of the rows where not all are needed: one draw for every purpose, so that no choice rests on the file's order. */
import { groupBy } from '../lib/collect';
import { createRng, fnv1a } from '../lib/rng';
import { rowsById, stratumOf, textKey, textKeyOf } from './labels';
import type { ColumnMapping, Dataset, Row } from './types';

/** Eight hexadecimal digits: recognises a text that one has, and does not reveal one that one has not. */
export const textHash = (row: Row, mapping: ColumnMapping): string =>
  fnv1a(textKeyOf(row, mapping)).toString(16).padStart(8, '0');

/** Uniform in [0, 1), by the seed and a text: its hash, spread by the generator. */
const chance = (seed: number, text: string): number => createRng(fnv1a(text, 0x811c9dc5 ^ seed)).next();

/** Orders rows with the same text. */
const contentOf = (row: Row, { text, label }: ColumnMapping): string =>
  JSON.stringify([row.cells[text], row.cells[label], row.cells]);

/** By code units: an order that no language or version of a library changes. */
const byUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Rows in random order by the seed. It depends on what the rows say, not on their order in the file; rows with the same text
 * follow each other.
 */
export function inDrawnOrder(rows: readonly Row[], mapping: ColumnMapping, seed: number): Row[] {
  const placed = rows.map((row) => {
    const key = textKeyOf(row, mapping);
    return { row, key, chance: chance(seed, key) };
  });
  return placed
    .sort(
      (a, b) =>
        a.chance - b.chance || byUnits(a.key, b.key) || byUnits(contentOf(a.row, mapping), contentOf(b.row, mapping)),
    )
    .map(({ row }) => row);
}

type Drawn = Pick<Dataset, 'table' | 'mapping' | 'seed'>;

/**
 * At most `most` of the named rows, each label in proportion (to about one row), in the order given. The draw depends on
 * texts and labels alone, fewer rows are a subset of more, and an edit moves few others.
 * Stratified systematic sampling with a random start in each stratum. Source: Cochran, Sampling Techniques, 1977, chapter 8.
 */
export function drawnRows(dataset: Drawn, ids: readonly string[], most: number): readonly string[] {
  if (ids.length <= most) return ids;
  const chosen = new Set(drawnFirst(dataset, ids).slice(0, most));
  return ids.filter((id) => chosen.has(id));
}

/** The named rows in the order in which `drawnRows` takes them. */
export function drawnFirst({ table, mapping, seed }: Drawn, ids: readonly string[]): readonly string[] {
  const byId = rowsById(table.rows);
  const drawn = ids.flatMap((id) => {
    const row = byId.get(id);
    if (!row) return [];
    const text = textKeyOf(row, mapping);
    return { id, text, chance: chance(seed, text), label: textKey(stratumOf(row, mapping)) };
  });
  const places = [...groupBy(drawn, ({ label }) => label)].flatMap(([label, rows]) => {
    const start = chance(seed, `label ${label}`);
    return rows
      .sort((a, b) => a.chance - b.chance || byUnits(a.text, b.text))
      .map(({ id }, rank) => [id, (rank + start) / rows.length] as const);
  });
  return places.sort((a, b) => a[1] - b[1]).map(([id]) => id);
}
