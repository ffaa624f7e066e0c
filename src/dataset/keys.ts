/** What names the contents of a data set: its rows, its parts, and all that decides what is computed of them. */
import { contentKey, sha256 } from '../lib/bytes';
import type { ColumnMapping, Dataset, Row, Rows } from './types';

const CHUNK_ROWS = 2000;

interface KnownChunk {
  readonly rows: readonly Row[];
  readonly columns: readonly string[];
  readonly hash: string;
}

/** By their first row: after one cell changes, all other chunks are the same rows. */
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
async function fingerprintOf(columns: readonly string[], mapping: ColumnMapping, rows: Rows): Promise<string> {
  const parts = [await sha256(JSON.stringify([columns, mapping.text, mapping.label, mapping.id, mapping.task]))];
  for (let at = 0; at < rows.length; at += CHUNK_ROWS)
    parts.push(await chunkHash(rows.slice(at, at + CHUNK_ROWS), columns));
  return sha256(parts.join('\n'));
}

export async function withHashes<D extends Pick<Dataset, 'table' | 'mapping' | 'split'>>(
  dataset: D,
): Promise<D & Pick<Dataset, 'fingerprint' | 'splitHash' | 'heldBackHash'>> {
  const { table, mapping, split } = dataset;
  return {
    ...dataset,
    fingerprint: await fingerprintOf(table.columns, mapping, table.rows),
    splitHash: await sha256(JSON.stringify([split.train, split.validation, split.test])),
    heldBackHash: await sha256(JSON.stringify(split.test)),
  };
}

type Keyed = Pick<Dataset, 'fingerprint' | 'splitHash' | 'labels' | 'seed' | 'splitBy'>;

/**
 * The key of everything that is remembered beside a data set. An index means another label after two were merged and
 * separated, so the label order is part of it.
 */
export const rowsKey = (
  { fingerprint, splitHash, labels, seed, splitBy }: Keyed,
  ...also: readonly unknown[]
): string => contentKey(fingerprint, splitHash, labels, seed, splitBy, ...also);
