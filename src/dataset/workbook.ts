/**
 * The first sheet of an Excel workbook (.xlsx, ECMA-376): shared and inline texts, numbers, dates, results of formulas.
 * Macros, links and everything else are ignored.
 */
import { unzipSync } from 'fflate';
import { count } from '../lib/format';
import { type Failure, fail, ok, type Result } from '../lib/result';
import { uniqueHeaders } from './columns';
import { MAX_BYTES, MAX_COLUMNS, MAX_ROWS } from './types';

const MAIN_PART = 'xl/workbook.xml';
const RELATIONS = 'xl/_rels/workbook.xml.rels';
const SHARED = 'xl/sharedStrings.xml';
const STYLES = 'xl/styles.xml';
const MOST_UNPACKED = 4 * MAX_BYTES;

/** The list of the parts is at the end of a zip. */
const LIST_BYTES = 200_000;

/** By its name, or by the main part of a workbook in it. */
export const isWorkbook = (bytes: Uint8Array, fileName: string): boolean =>
  [0x50, 0x4b, 3, 4].every((byte, i) => bytes[i] === byte) &&
  (/\.xls[xm]$/i.test(fileName) || new TextDecoder('latin1').decode(bytes.subarray(-LIST_BYTES)).includes(MAIN_PART));

/** Also the container of .xlsx files with a password. */
export const isOldExcel = (bytes: Uint8Array): boolean =>
  [0xd0, 0xcf, 0x11, 0xe0].every((byte, i) => bytes[i] === byte);

interface Sheet {
  readonly records: readonly Readonly<Record<string, string>>[];
  readonly notes: readonly string[];
}

type Parts = Readonly<Record<string, Uint8Array>>;

/** The first row names the columns. */
export function readWorkbook(fileName: string, bytes: Uint8Array): Result<Sheet, Failure<'workbook'>> {
  const refused = (why: string) =>
    fail('workbook', `${fileName} ${why} Save the sheet with your rows as CSV, and open that.`);
  const damaged = refused('is damaged, or is not an Excel workbook.');
  const large = refused(`unpacks to more than ${MOST_UNPACKED / 1e6} MB.`);
  const lists = unpacked(bytes, [MAIN_PART, RELATIONS]);
  if (typeof lists === 'string') return lists === 'large' ? large : damaged;
  const book = xmlOf(lists, MAIN_PART);
  if (book === null) return refused('is a zip, but not an Excel workbook.');
  const sheets = sheetsOf(book, xmlOf(lists, RELATIONS) ?? '');
  const [first] = sheets;
  if (!first) return refused('has no sheet that can be read.');
  const parts = unpacked(bytes, [first.path, SHARED, STYLES]);
  if (typeof parts === 'string') return parts === 'large' ? large : damaged;
  const xml = xmlOf(parts, first.path);
  if (xml === null) return refused('has no sheet that can be read.');
  if (![xml, xmlOf(parts, SHARED)].every((part) => part === null || isWhole(part))) return damaged;
  const texts = Array.from(elements(xmlOf(parts, SHARED) ?? '', 'si'), ({ inner }) => textIn(inner));
  const [settings] = tagsOf(book, 'workbookPr');
  const firstDay = /^(?:1|true)$/.test(attribute(settings ?? '', 'date1904') ?? '') ? DAYS_TO_1904 : 0;
  const { rows, uncomputed } = rowsOf(xml, { texts, dates: dateStyles(xmlOf(parts, STYLES) ?? ''), firstDay });
  const [header, ...body] = rows;
  if (!header) return refused(`has nothing in its first sheet (“${first.name}”).`);
  if (header.length > MAX_COLUMNS) return refused(`has more than ${count(MAX_COLUMNS)} columns.`);
  if (body.length > MAX_ROWS) return refused(`has more than ${count(MAX_ROWS)} rows.`);
  const named = uniqueHeaders(header);
  const records = body.map((cells) => Object.fromEntries(named.columns.map((name, i) => [name, cells[i] ?? ''])));
  return ok({ records, notes: [...notesOn(xml, sheets, uncomputed), ...named.notes] });
}

function notesOn(xml: string, sheets: readonly { readonly name: string }[], uncomputed: number): string[] {
  const merged = tagsOf(xml, 'mergeCell').length;
  const others = sheets.length - 1;
  return [
    others > 0 ? `The sheet “${sheets[0]?.name}” was read; the workbook has ${others} more.` : '',
    merged > 0
      ? `Merged cells (${merged} in the sheet) have their value in their first row only. Unmerge and fill them where each row should have it.`
      : '',
    uncomputed > 0
      ? `Formulas without a saved result (${uncomputed}) are empty here. Open the workbook in a spreadsheet, save it, and open it again.`
      : '',
  ].filter((note) => note !== '');
}

/** Some programs put a prefix before every name: `x:row`. */
const xmlOf = (parts: Parts, path: string): string | null =>
  parts[path] ? new TextDecoder().decode(parts[path]).replace(/<(\/?)\w+:/g, '<$1') : null;

/** XML that is cut off would have fewer rows. */
function isWhole(xml: string): boolean {
  const root = /<([A-Za-z]\w*)/.exec(xml)?.[1];
  const end = xml.slice(-200).trimEnd();
  return root !== undefined && (end.endsWith(`</${root}>`) || end.endsWith('/>'));
}

/** `damaged` too where a part does not have the size that the zip says: rows would be missing. */
function unpacked(bytes: Uint8Array, wanted: readonly string[]): Parts | 'large' | 'damaged' {
  let size = 0;
  const sizes = new Map<string, number>();
  try {
    const filter = ({ name, originalSize }: { readonly name: string; readonly originalSize: number }) => {
      if (!wanted.includes(name)) return false;
      size += originalSize;
      sizes.set(name, originalSize);
      return size <= MOST_UNPACKED;
    };
    const parts = unzipSync(bytes, { filter });
    if (size > MOST_UNPACKED) return 'large';
    return Object.entries(parts).every(([name, part]) => part.length === sizes.get(name)) ? parts : 'damaged';
  } catch {
    return 'damaged';
  }
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Entities, and Excel's own `_x000D_` for characters that XML cannot have. */
const unescaped = (text: string): string =>
  text
    .replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{2,4}));/gi, (whole, decimal, hex, name) => {
      const code = decimal ? Number(decimal) : hex ? Number.parseInt(hex, 16) : null;
      if (code === null) return ENTITIES[name] ?? whole;
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    })
    .replace(/_x([\dA-F]{4})_/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll('\r\n', '\n');

const attribute = (tag: string, name: string): string | null =>
  new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? null;

interface Element {
  readonly tag: string;
  readonly inner: string;
}

/** In linear time: an element that is never closed ends the search. */
function* elements(xml: string, name: string): Generator<Element, void> {
  for (let from = 0; ; ) {
    const start = xml.indexOf(`<${name}`, from);
    const end = start < 0 ? -1 : xml.indexOf('>', start);
    if (end < 0) return;
    const tag = xml.slice(start, end + 1);
    from = end + 1;
    // `<sheets>` is no `<sheet>`
    if (!/[\s/>]/.test(xml.charAt(start + name.length + 1))) continue;
    if (tag.endsWith('/>')) {
      yield { tag, inner: '' };
      continue;
    }
    const close = xml.indexOf(`</${name}>`, from);
    if (close < 0) return;
    yield { tag, inner: xml.slice(from, close) };
    from = close + name.length + 3;
  }
}

/** Elements that are only read for their attributes. */
function tagsOf(xml: string, name: string): readonly string[] {
  const tags: string[] = [];
  for (let start = xml.indexOf(`<${name}`); start >= 0; start = xml.indexOf(`<${name}`, start + 1)) {
    const end = xml.indexOf('>', start);
    if (end < 0) break;
    if (/\s/.test(xml.charAt(start + name.length + 1))) tags.push(xml.slice(start, end + 1));
  }
  return tags;
}

/** Visible sheets in the order of the tabs. */
function sheetsOf(book: string, relations: string): readonly { readonly name: string; readonly path: string }[] {
  const targets = new Map(
    tagsOf(relations, 'Relationship').map((tag) => {
      const target = attribute(tag, 'Target') ?? '';
      return [attribute(tag, 'Id') ?? '', target.startsWith('/') ? target.slice(1) : `xl/${target}`] as const;
    }),
  );
  return tagsOf(book, 'sheet').flatMap((tag) => {
    const path = targets.get(attribute(tag, 'r:id') ?? '');
    const isHidden = (attribute(tag, 'state') ?? 'visible') !== 'visible';
    return path === undefined || isHidden ? [] : [{ name: unescaped(attribute(tag, 'name') ?? ''), path }];
  });
}

/** Without the phonetic guides of Japanese. */
function textIn(xml: string): string {
  let text = '';
  for (const piece of xml.split('<rPh').map((part, i) => (i === 0 ? part : (part.split('</rPh>', 2)[1] ?? ''))))
    for (const { inner } of elements(piece, 't')) text += unescaped(inner);
  return text;
}

/** Built-in formats. */
const isDateFormat = (id: number): boolean => (id >= 14 && id <= 22) || (id >= 45 && id <= 47);

function dateStyles(xml: string): readonly boolean[] {
  const own = new Map(
    tagsOf(xml, 'numFmt').map((tag) => {
      const code = (attribute(tag, 'formatCode') ?? '').replace(/&quot;.*?&quot;|\[[^\]]*\]|\\./g, '');
      return [Number(attribute(tag, 'numFmtId')), /[ymdhs]/i.test(code)] as const;
    }),
  );
  const [cells] = elements(xml, 'cellXfs');
  return tagsOf(cells?.inner ?? '', 'xf').map((tag) => {
    const id = Number(attribute(tag, 'numFmtId'));
    return own.get(id) ?? isDateFormat(id);
  });
}

/** Excel's own limit of columns. */
const EXCEL_COLUMNS = 16_384;
/** Workbooks that began on old Macs count days from 1904 on. */
const DAYS_TO_1904 = 1462;

/** Days since 1899-12-30, with the time where there is one. */
function dateOf(serial: number): string {
  const moment = new Date(Math.round((serial - 25_569) * 86_400) * 1000);
  if (Number.isNaN(moment.getTime())) return String(serial);
  const iso = moment.toISOString();
  return Number.isInteger(serial) ? iso.slice(0, 10) : iso.slice(0, 19).replace('T', ' ');
}

/** "BC12" -> 54. */
function columnOf(place: string): number | null {
  const letters = /^([A-Z]{1,3})\d+$/.exec(place)?.[1];
  if (letters === undefined) return null;
  const column = [...letters].reduce((sum, letter) => 26 * sum + letter.charCodeAt(0) - 64, 0) - 1;
  return column < EXCEL_COLUMNS ? column : null;
}

interface Meaning {
  readonly texts: readonly string[];
  /** By cell style. */
  readonly dates: readonly boolean[];
  /** Days from 1899-12-30 to the workbook's epoch. */
  readonly firstDay: number;
}

function cellOf(tag: string, inner: string, { texts, dates, firstDay }: Meaning): string {
  const type = attribute(tag, 't') ?? 'n';
  if (type === 'inlineStr') return textIn(inner);
  const [found] = elements(inner, 'v');
  const value = unescaped(found?.inner ?? '');
  if (type === 's') return texts[Number(value)] ?? '';
  if (type === 'b') return value === '1' ? 'TRUE' : 'FALSE';
  // an error such as #N/A is no answer
  if (type === 'e') return '';
  const isDate = type === 'n' && value !== '' && dates[Number(attribute(tag, 's') ?? -1)];
  return isDate ? dateOf(Number(value) + firstDay) : value;
}

interface Cells {
  /** The header, and the rows that are not empty. */
  readonly rows: readonly (readonly string[])[];
  /** Formulas whose result was never saved. */
  readonly uncomputed: number;
}

/** A row ends where the header does, so that one cell far to the right cannot make a row of thousands. */
function rowsOf(xml: string, meaning: Meaning): Cells {
  const rows: string[][] = [];
  let uncomputed = 0;
  for (const { inner } of elements(xml, 'row')) {
    const width = rows[0]?.length ?? EXCEL_COLUMNS;
    const cells: string[] = [];
    let next = 0;
    for (const cell of elements(inner, 'c')) {
      const column = columnOf(attribute(cell.tag, 'r') ?? '') ?? next;
      next = column + 1;
      if (column >= width) continue;
      while (cells.length < column) cells.push('');
      cells[column] = cellOf(cell.tag, cell.inner, meaning);
      if (cells[column] === '' && cell.inner.includes('<f') && !cell.inner.includes('<v')) uncomputed++;
    }
    if (cells.some((cell) => cell.trim() !== '')) rows.push(cells);
    if (rows.length > MAX_ROWS + 1) break;
  }
  return { rows, uncomputed };
}
