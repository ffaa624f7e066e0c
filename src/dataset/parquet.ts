/** Apache Parquet, plain or packed with Snappy, gzip or Zstandard. Nested values become JSON, times ISO, bytes nothing. */
import { gunzipSync } from 'fflate';
import { decompress } from 'fzstd';
import { type FileMetaData, parquetMetadata, parquetRead, parquetSchema, snappyUncompress } from 'hyparquet';
import { isRecord } from '../lib/assert';
import { readJson } from '../lib/bytes';
import { count } from '../lib/format';
import { type Failure, fail, ok, type Result } from '../lib/result';
import { uniqueHeaders } from './columns';
import { checkRuns } from './parquet-runs';
import { MAX_BYTES, MAX_CELLS, MAX_COLUMNS, MAX_ROWS } from './types';

const MOST_UNPACKED = 4 * MAX_BYTES;
const LARGE = `unpacks to more than ${MOST_UNPACKED / 1e6} MB.`;
const DAY_MS = 86_400_000;

interface Read {
  readonly records: readonly Readonly<Record<string, unknown>>[];
  readonly notes: readonly string[];
}

export async function readParquet(fileName: string, bytes: Uint8Array): Promise<Result<Read, Failure<'parquet'>>> {
  const refused = (why: string) =>
    fail('parquet', `${fileName} ${why} Save a sample of the table as CSV, and open that.`);
  try {
    const file = bytes.slice().buffer;
    const metadata = parquetMetadata(file);
    const { columns, notes } = uniqueHeaders(parquetSchema(metadata).children.map(({ element }) => element.name));
    const fault = faultOf(metadata, columns.length);
    if (fault) return refused(fault);
    checkRuns(bytes, metadata, unpackers());
    const rows: unknown[][] = [];
    await parquetRead({
      file,
      metadata,
      compressors: unpackers(),
      utf8: false,
      parsers: { dateFromDays: (days: number) => new Date(days * DAY_MS).toISOString().slice(0, 10) },
      onComplete: (read) => read.forEach((row) => void rows.push(row)),
    });
    const named = labelNames(metadata);
    const cell = (name: string, value: unknown) => [name, named.get(name)?.[Number(value ?? -1)] ?? plain(value)];
    return ok({ records: rows.map((row) => Object.fromEntries(columns.map((name, i) => cell(name, row[i])))), notes });
  } catch (cause) {
    const isLarge = cause instanceof Error && cause.message === LARGE;
    return refused(isLarge ? LARGE : 'is damaged, or is not a Parquet file.');
  }
}

type Unpack = (packed: Uint8Array, size: number) => Uint8Array;

/** By the name of the packing. Pages are unpacked only as long as there is room, whatever the file says of its size. */
function unpackers(): Readonly<Record<string, Unpack>> {
  let room = MOST_UNPACKED;
  const into =
    (unpack: (packed: Uint8Array, out: Uint8Array) => Uint8Array): Unpack =>
    (packed, size) => {
      room -= size;
      if (room < 0) throw new Error(LARGE);
      return unpack(packed, new Uint8Array(size));
    };
  return {
    SNAPPY: into((packed, out) => {
      snappyUncompress(packed, out);
      return out;
    }),
    GZIP: into((packed, out) => gunzipSync(packed, { out })),
    ZSTD: into(decompress),
  };
}

/** Why a file is not read, by what it says of itself. */
function faultOf({ row_groups: groups }: FileMetaData, columns: number): string | null {
  const parts = groups.flatMap((group) => group.columns.flatMap(({ meta_data: part }) => part ?? []));
  const sum = (of: readonly bigint[]) => of.reduce((total, n) => total + Number(n), 0);
  const packings = ['UNCOMPRESSED', ...Object.keys(unpackers())];
  const other = parts.find(({ codec }) => !packings.includes(codec));
  if (other) return `is packed with ${other.codec}, which is not read here.`;
  if (columns > MAX_COLUMNS) return `has more than ${count(MAX_COLUMNS)} columns.`;
  if (sum(groups.map((group) => group.num_rows)) > MAX_ROWS) return `has more than ${count(MAX_ROWS)} rows.`;
  if (sum(parts.map((part) => part.num_values)) > MAX_CELLS) return `has more than ${MAX_CELLS / 1e6} million cells.`;
  return sum(parts.map((part) => part.total_uncompressed_size)) > MOST_UNPACKED ? LARGE : null;
}

/** By column: Hugging Face's data sets have labels as numbers, and what these mean beside the schema. */
function labelNames({ key_value_metadata: facts = [] }: FileMetaData): ReadonlyMap<string, readonly unknown[]> {
  const at = (value: unknown, key: string) => (isRecord(value) ? value[key] : undefined);
  const written = readJson(facts.find(({ key }) => key === 'huggingface')?.value ?? '');
  const features = at(at(written, 'info'), 'features');
  return new Map(
    Object.entries(isRecord(features) ? features : {}).flatMap(([name, of]) => {
      const names = at(of, 'names');
      return Array.isArray(names) ? [[name, names]] : [];
    }),
  );
}

/** As JSON has it. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === 'number') return Number.isNaN(value) ? null : value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (ArrayBuffer.isView(value)) return null;
  if (Array.isArray(value)) return value.map(plain);
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([name, own]) => [name, plain(own)]));
  return value ?? null;
}
