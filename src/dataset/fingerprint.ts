import { sha256 } from '../lib/hash';
import type { ColumnMapping, Dataset, Row } from './types';

const CHUNK_ROWS = 2000;

/** SHA-256 over columns, mapping and rows; rows are hashed by the chunk so that no second copy of the file is made. */
export async function fingerprint(
  columns: readonly string[],
  mapping: ColumnMapping,
  rows: readonly Row[],
): Promise<string> {
  const parts = [await sha256(JSON.stringify([columns, mapping.text, mapping.label, mapping.id]))];
  for (let at = 0; at < rows.length; at += CHUNK_ROWS) {
    const chunk = rows
      .slice(at, at + CHUNK_ROWS)
      .map((row) => [row.id, ...columns.map((name) => row.cells[name] ?? '')]);
    parts.push(await sha256(JSON.stringify(chunk)));
  }
  return sha256(parts.join('\n'));
}

export const heldBackHash = (split: Dataset['split']): Promise<string> => sha256(JSON.stringify(split.test));

/** SHA-256 over the ids of the three parts. */
export const splitHash = (split: Dataset['split']): Promise<string> =>
  sha256(JSON.stringify([split.train, split.validation, split.test]));
