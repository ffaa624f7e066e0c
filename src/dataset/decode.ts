import Papa from 'papaparse';
import { fail, ok, type Result } from '../lib/result';
import { DELIMITERS, type Delimiter, type Quote, type SourceFormat } from './types';

export type Encoding = SourceFormat['encoding'];

interface Magic {
  readonly bytes: readonly number[];
  readonly what: string;
  readonly advice: string;
}

const EXCEL = 'save it as CSV in the spreadsheet (File, Save as, CSV UTF-8) and open that file';

const MAGICS: readonly Magic[] = [
  { bytes: [0xd0, 0xcf, 0x11, 0xe0], what: 'an old Excel or Office document', advice: EXCEL },
  { bytes: [0x25, 0x50, 0x44, 0x46], what: 'a PDF', advice: 'export the table behind it as CSV' },
  { bytes: [0x89, 0x50, 0x4e, 0x47], what: 'a PNG image', advice: 'open a CSV file' },
  { bytes: [0xff, 0xd8, 0xff], what: 'a JPEG image', advice: 'open a CSV file' },
  { bytes: [0x1f, 0x8b], what: 'a gzip archive', advice: 'unpack it and open the CSV inside' },
  { bytes: [0x50, 0x41, 0x52, 0x31], what: 'a Parquet file', advice: 'save the table as CSV' },
  { bytes: [0x53, 0x51, 0x4c, 0x69, 0x74, 0x65], what: 'an SQLite database', advice: 'export the table as CSV' },
];

const startsWith = (bytes: Uint8Array, head: readonly number[]) => head.every((b, i) => bytes[i] === b);

/** Whether the ASCII `text` appears in the first 64 kB or the last 64 kB (a ZIP's directory). */
function mentions(bytes: Uint8Array, text: string): boolean {
  const needle = new TextEncoder().encode(text);
  const within = (part: Uint8Array) => {
    for (let at = part.indexOf(needle[0] as number); at >= 0; at = part.indexOf(needle[0] as number, at + 1))
      if (needle.every((b, i) => part[at + i] === b)) return true;
    return false;
  };
  return within(bytes.subarray(0, 65536)) || within(bytes.subarray(-65536));
}

function knownBinary(bytes: Uint8Array): Pick<Magic, 'what' | 'advice'> | null {
  if (startsWith(bytes, [0x50, 0x4b, 0x03, 0x04])) {
    if (mentions(bytes, 'xl/')) return { what: 'an Excel workbook', advice: EXCEL };
    if (mentions(bytes, 'word/')) return { what: 'a Word document', advice: 'save the table in it as CSV' };
    if (mentions(bytes, 'application/vnd.oasis')) return { what: 'an OpenDocument file', advice: EXCEL };
    return { what: 'a ZIP archive', advice: 'unpack it and open the CSV inside' };
  }
  return MAGICS.find((magic) => startsWith(bytes, magic.bytes)) ?? null;
}

/** UTF-16 by its byte order mark, or by the places of the zero bytes in mostly Latin text. */
function utf16(bytes: Uint8Array): Encoding | null {
  if (startsWith(bytes, [0xff, 0xfe])) return 'utf-16le';
  if (startsWith(bytes, [0xfe, 0xff])) return 'utf-16be';
  const head = bytes.subarray(0, 4096);
  const zeros = [0, 0];
  head.forEach((b, i) => {
    if (b === 0) zeros[i % 2] = (zeros[i % 2] as number) + 1;
  });
  const [even, odd] = zeros as [number, number];
  const half = head.length / 2;
  if (odd > 0.7 * half && even < 0.1 * half) return 'utf-16le';
  if (even > 0.7 * half && odd < 0.1 * half) return 'utf-16be';
  return null;
}

/** Windows-1252's letters for 0x80-0x9f. Some Node releases decode these bytes as if they were ISO-8859-1. */
const CP1252 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

function decodeAs(bytes: Uint8Array, encoding: Encoding): string {
  const text = new TextDecoder(encoding).decode(bytes);
  if (encoding !== 'windows-1252') return text;
  return text.replace(/[\u0080-\u009f]/g, (c) => CP1252.charAt(c.charCodeAt(0) - 0x80));
}

function utf8OrNull(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Without byte order marks, with `\n` line ends. UTF-16 by its mark or zero bytes, UTF-8 by validity, else Windows-1252. */
export function decodeText(
  fileName: string,
  bytes: Uint8Array,
  override?: Encoding,
): Result<{ text: string; encoding: Encoding }> {
  const binary = knownBinary(bytes);
  if (binary) return fail('binary-file', `${fileName} is ${binary.what}, not text: ${binary.advice}.`);
  const wide = utf16(bytes);
  if (!wide && bytes.subarray(0, 65536).includes(0))
    return fail('binary-file', `${fileName} is a binary file, not text: open a CSV, Excel or JSON file.`);
  const encoding = override ?? wide;
  const valid = encoding ? null : utf8OrNull(bytes);
  // files that were put together have more marks than the one that the decoder takes away
  const text = (valid ?? decodeAs(bytes, encoding ?? 'windows-1252')).replace(/^\ufeff+/, '');
  return ok({
    text: text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text,
    encoding: encoding ?? (valid === null ? 'windows-1252' : 'utf-8'),
  });
}

interface Marks {
  readonly delimiter: Delimiter;
  readonly quote: Quote;
}

interface Trial extends Marks {
  /** Of the header. */
  readonly cells: number;
  /** Records with as many cells as the header, and their share. */
  readonly same: number;
  readonly share: number;
  /** Those that the sample does not cut. */
  readonly records: readonly TrialRecord[];
}

interface TrialRecord {
  readonly raw: string;
  readonly cells: readonly string[];
  /** A quote is out of place. */
  readonly isOdd: boolean;
}

const MOST_RECORDS = 100;

function trial(sample: string, isCut: boolean, { delimiter, quote }: Marks): Trial {
  const records: TrialRecord[] = [];
  let at = 0;
  Papa.parse<string[]>(sample, {
    delimiter,
    quoteChar: quote,
    newline: '\n',
    preview: MOST_RECORDS,
    skipEmptyLines: true,
    step: ({ data, errors, meta }) => {
      const raw = sample.slice(at, meta.cursor).replace(/^\n+|\n$/g, '');
      records.push({ raw, cells: data, isOdd: errors.length > 0 });
      at = meta.cursor;
    },
  });
  const cells = records[0]?.cells.length ?? 0;
  const body = records.slice(1);
  const same = body.filter((record) => record.cells.length === cells).length;
  const share = body.length === 0 ? 1 : same / body.length;
  const whole = isCut && records.length < MOST_RECORDS ? records.slice(0, -1) : records;
  return { delimiter, quote, cells, same, share, records: whole };
}

/** Every record has a cell in such quotes, or those that need them and no others: else apostrophes are text. */
function isQuotedBy({ delimiter, quote, records, share, same }: Trial, other: Trial): boolean {
  const isQuoted = ({ raw, cells }: TrialRecord) => raw !== cells.join(delimiter);
  if (!records.some(isQuoted)) return false;
  const body = records.length > 1 ? records.slice(1) : records;
  const odd = records.filter(({ isOdd }) => isOdd).length;
  const isEverywhere = body.filter(isQuoted).length >= 0.95 * body.length;
  if (isEverywhere && records.some((record) => isQuoted(record) && !record.raw.includes('\n')))
    return odd <= 0.05 * records.length && share >= other.share - 0.05;
  const needsThem = (cell: string) => [delimiter, quote, '\n'].some((mark) => cell.includes(mark));
  const isFitting = (record: TrialRecord) =>
    isQuoted(record) ? record.cells.some(needsThem) : !record.cells.some((cell) => cell.endsWith(quote));
  const isDoubled = records.some((record) => isQuoted(record) && record.cells.some((cell) => cell.includes(quote)));
  const isBetter = isDoubled ? share >= other.share : share > other.share && same >= other.same;
  return odd === 0 && isBetter && records.every(isFitting);
}

/** Ties go to the delimiter that makes more cells; a comma when none cuts the header. */
export function sniffMarks(text: string, given: { readonly [K in keyof Marks]?: Marks[K] | undefined }): Marks {
  const sample = text.slice(0, 65536);
  const best = (quote: Quote): Trial => {
    const trials = (given.delimiter ? [given.delimiter] : DELIMITERS).map((delimiter) =>
      trial(sample, sample.length < text.length, { delimiter, quote }),
    );
    const [found] = trials
      .filter(({ cells }) => cells > 1)
      .sort((a, b) => (Math.abs(a.share - b.share) > 0.05 ? b.share - a.share : b.cells - a.cells));
    return found ?? (trials[0] as Trial);
  };
  if (given.quote) return best(given.quote);
  const [usual, single] = [best('"'), best("'")];
  return isQuotedBy(single, usual) ? single : usual;
}
