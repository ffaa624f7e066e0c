import { sha256 } from '../lib/bytes';
import type { ColumnMapping, Dataset, Row, Rows } from './types';
import { writes } from './writing';

const CHUNK_ROWS = 2000;

interface KnownChunk {
  readonly rows: readonly Row[];
  readonly columns: readonly string[];
  readonly hash: string;
}

/** Hashes of chunks by their first row: when one cell is changed, all other chunks are the same rows. */
const chunks = new WeakMap<Row, KnownChunk>();

const isSame = (a: readonly unknown[], b: readonly unknown[]) =>
  a.length === b.length && a.every((item, i) => item === b[i]);

async function chunkHash(rows: readonly Row[], columns: readonly string[]): Promise<string> {
  const [first] = rows;
  const known = first && chunks.get(first);
  if (known && isSame(known.rows, rows) && isSame(known.columns, columns)) return known.hash;
  const hash = await sha256(
    JSON.stringify(rows.map((row) => [row.id, ...columns.map((name) => row.cells[name] ?? '')])),
  );
  if (first) chunks.set(first, { rows, columns, hash });
  return hash;
}

/** SHA-256 over columns, mapping and rows; rows are hashed by the chunk so that no second copy of the file is made. */
export async function fingerprint(columns: readonly string[], mapping: ColumnMapping, rows: Rows): Promise<string> {
  const parts = [
    await sha256(
      JSON.stringify([columns, mapping.text, mapping.label, mapping.id, ...(writes(mapping) ? ['write'] : [])]),
    ),
  ];
  for (let at = 0; at < rows.length; at += CHUNK_ROWS)
    parts.push(await chunkHash(rows.slice(at, at + CHUNK_ROWS), columns));
  return sha256(parts.join('\n'));
}

export const heldBackHash = (split: Dataset['split']): Promise<string> => sha256(JSON.stringify(split.test));

/** SHA-256 over the ids of the three parts. */
export const splitHash = (split: Dataset['split']): Promise<string> =>
  sha256(JSON.stringify([split.train, split.validation, split.test]));
