/**
 * Whether the runs of equal numbers in a Parquet file are as long as their pages have values. hyparquet 1.33 writes a run as
 * often as its header says, which on a damaged page never ends. Bytes are walked as in its `datapage.js` and `encoding.js`.
 */
import { parquetHeader } from 'hyparquet/src/column.js';
import { decompressPage } from 'hyparquet/src/datapage.js';
import { getMaxDefinitionLevel, getMaxRepetitionLevel, getSchemaPath } from 'hyparquet/src/schema.js';
import { readVarInt } from 'hyparquet/src/thrift.js';
import type { ColumnMetaData, Compressors, FileMetaData, PageHeader } from 'hyparquet/src/types.js';

/** Writers fill the last group of packed numbers up to a multiple of 8, some by several groups. */
const PADDING = 504;

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** `values` numbers of `width` bits from `offset` on. */
function checkRun(page: Uint8Array, offset: number, width: number, values: number): void {
  const reader = { view: viewOf(page), offset };
  for (let seen = 0; seen < values && reader.offset < page.length; ) {
    const header = readVarInt(reader);
    const isPacked = (header & 1) === 1;
    const count = isPacked ? (header >> 1) << 3 : header >>> 1;
    if (count < 0 || count > values - seen + PADDING) throw new RangeError('A run is longer than its page.');
    reader.offset += isPacked ? Math.max(1, (count * width) / 8) : (width + 7) >> 3;
    seen += count;
  }
}

/** With its length before it. Returns the offset behind it. */
function checkPrefixed(page: Uint8Array, offset: number, width: number, values: number): number {
  checkRun(page, offset + 4, width, values);
  return offset + 4 + viewOf(page).getUint32(offset, true);
}

/** @param widths bits of the levels of repetition and definition */
function checkPage(
  packed: Uint8Array,
  header: PageHeader,
  { codec, type }: ColumnMetaData,
  widths: readonly [number, number],
  compressors: Compressors,
): void {
  const second = header.type === 'DATA_PAGE_V2' ? header.data_page_header_v2 : undefined;
  const page = second ?? (header.type === 'DATA_PAGE' ? header.data_page_header : undefined);
  if (!page) return;
  const { num_values: values, encoding } = page;
  const lengths = [second?.repetition_levels_byte_length ?? 0, second?.definition_levels_byte_length ?? 0] as const;
  const levels = lengths[0] + lengths[1];
  const size = header.uncompressed_page_size - levels;
  const rest = packed.subarray(levels);
  const isPlain = second?.is_compressed === false || size === 0;
  const data = isPlain ? rest : decompressPage(rest, size, codec, compressors);
  let at = 0;
  widths.forEach((width, i) => {
    if (width === 0) return;
    if (second) checkRun(packed, i * lengths[0], width, values);
    else at = checkPrefixed(data, at, width, values);
  });
  if (encoding !== 'RLE' && !encoding.endsWith('_DICTIONARY')) return;
  if (second ? encoding === 'RLE' : type === 'BOOLEAN') checkPrefixed(data, at, 1, values);
  else checkRun(data, at + 1, data[at] ?? 0, values);
}

/** @throws Error where a page, or a run in it, has more values than its column */
export function checkRuns(bytes: Uint8Array, { row_groups, schema }: FileMetaData, compressors: Compressors): void {
  for (const { meta_data: part } of row_groups.flatMap(({ columns }) => columns)) {
    if (!part) continue;
    const start = Number(part.dictionary_page_offset || part.data_page_offset);
    const chunk = bytes.subarray(start, start + Number(part.total_compressed_size));
    const path = getSchemaPath(schema, part.path_in_schema);
    const [repeated = 0, defined = 0] = [getMaxRepetitionLevel(path), getMaxDefinitionLevel(path)].map(
      (most) => 32 - Math.clz32(most),
    );
    const reader = { view: viewOf(chunk), offset: 0 };
    while (reader.offset < chunk.length - 1) {
      const header = parquetHeader(reader);
      const { data_page_header: first, data_page_header_v2: second, dictionary_page_header: words } = header;
      const end = reader.offset + header.compressed_page_size;
      // a dictionary may have words that no row uses, each of at least a byte
      const fits =
        [first, second].every((page) => !page || (page.num_values >= 0 && page.num_values <= part.num_values)) &&
        (words?.num_values ?? 0) <= header.uncompressed_page_size;
      if (!fits || end < reader.offset) throw new RangeError('A page is larger than its column.');
      checkPage(chunk.subarray(reader.offset, end), header, part, [repeated, defined], compressors);
      reader.offset = end;
    }
  }
}
