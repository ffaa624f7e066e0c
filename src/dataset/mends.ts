/** What one click, or `--mend` on the command line, can do about a table. Applied twice, it changes nothing the second time. */
import { countBy } from '../lib/collect';
import { isNumeric, uniqueHeaders } from './columns';
import { type ClassShare, labelSet, textKey } from './labels';
import { LONG_TEXT, RARE_ROWS } from './lint/define';
import { type ColumnMapping, type List, MAX_COLUMNS, type MendId, mapped, type Row, type Table } from './types';

export interface Mendable {
  readonly table: Table;
  readonly mapping: ColumnMapping;
}

export interface Mend {
  /** For the list of versions, where " in 12 rows" may follow. */
  readonly done: string;
  /** @param most characters of a text, for `cut` */
  readonly apply: (of: Mendable, most?: number) => Mendable;
}

/** The same object where no cell changes. */
function withColumn({ table, mapping }: Mendable, column: string, of: (cell: string) => string): Mendable {
  const rows = mapped(table.rows, (row) => {
    const before = row.cells[column] ?? '';
    const after = of(before);
    return after === before ? row : { ...row, cells: { ...row.cells, [column]: after } };
  });
  return { table: rows === table.rows ? table : { ...table, rows }, mapping };
}

function relabelled(of: Mendable, names: (labels: readonly string[]) => ReadonlyMap<string, string>): Mendable {
  const column = of.mapping.label;
  const labels = labelSet(of.table.rows, column).map(({ label }) => label);
  const named = new Map([...names(labels)].map(([label, name]) => [textKey(label), name]));
  return withColumn(of, column, (cell) => named.get(textKey(cell)) ?? cell);
}

/** `4`, `4.0`, `4/5`, `4 stars`, `4 Sterne`, `★★★★☆`; null = no number of stars from 1 to 5. */
function starsOf(label: string): number | null {
  const signs = label.replace(/[\uFE0F☆\s]/g, '');
  if (/^[★⭐]{1,5}$/u.test(signs)) return [...signs].length;
  const match = /^([1-5])(?:[.,]0+)?\s*(?:\/\s*5|out of 5|von 5|stars?|sterne?|[★⭐]\uFE0F?)?$/iu.exec(label.trim());
  return match ? Number(match[1]) : null;
}

const IS_RATING = /star|stern|rating|bewertung/i;

/** Labels 1 to 5 in three groups: stars become negative, neutral, positive, other numbers low to high; else null. */
export function starGroups(labels: readonly string[], column: string): ReadonlyMap<string, string> | null {
  const stars = labels.map(starsOf);
  if (stars.includes(null) || new Set(stars).size < 4) return null;
  const isRating = IS_RATING.test(column) || !labels.every(isNumeric);
  const [low, middle, high] = isRating ? ['negative', 'neutral', 'positive'] : ['low', 'medium', 'high'];
  const group = (n: number) => (n < 3 ? low : n > 3 ? high : middle) as string;
  return new Map(labels.map((label, i) => [label, group(stars[i] as number)]));
}

/** Levenshtein distance at most 1, or two neighbouring letters swapped. */
function oneSlip(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1 || a === b) return false;
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  const [restA, restB] = [a.slice(i), b.slice(i)];
  return (
    restA.slice(1) === restB ||
    restA === restB.slice(1) ||
    restA.slice(1) === restB.slice(1) ||
    (restA[0] === restB[1] && restA[1] === restB[0] && restA.slice(2) === restB.slice(2))
  );
}

/** `so-so`, `so so` and `“so_so”.` become the same; signs that mean something (+1, -1, C++, <5) stay. */
const looseKey = (label: string) =>
  textKey(label)
    .replace(/[\s_.,;:!?"'`´“”„‘’()[\]*]+/g, '')
    .replace(/(?<=\p{L})-(?=\p{L})/gu, '');

function mayBeOne(rare: ClassShare, common: ClassShare): boolean {
  if (looseKey(rare.label) !== '' && looseKey(rare.label) === looseKey(common.label)) return true;
  if (rare.label.length < 5 || /\d/.test(rare.label) || rare.rows * 10 > common.rows) return false;
  return oneSlip(textKey(rare.label), textKey(common.label));
}

interface Alike {
  readonly rare: ClassShare;
  readonly common: ClassShare;
}

export function alikeLabels(balance: readonly ClassShare[]): readonly Alike[] {
  const sorted = balance.toSorted((a, b) => b.rows - a.rows);
  return sorted.flatMap((rare, i) => {
    const common = sorted.slice(0, i).find((other) => mayBeOne(rare, other));
    return common ? [{ rare, common }] : [];
  });
}

/** A chain of likenesses ends in its last. */
function mergedSpellings(balance: readonly ClassShare[]): ReadonlyMap<string, string> {
  const pairs = new Map(alikeLabels(balance).map(({ rare, common }) => [rare.label, common.label]));
  // towards more frequent labels only, so there is no circle
  const last = (label: string): string => {
    const next = pairs.get(label);
    return next === undefined ? label : last(next);
  };
  return new Map([...pairs.keys()].map((label) => [label, last(label)]));
}

function balanceOf({ table, mapping }: Mendable): readonly ClassShare[] {
  const counts = countBy(table.rows.map((row) => textKey(row.cells[mapping.label] ?? '')));
  const rowsOf = (label: string) => counts.get(textKey(label)) ?? 0;
  return labelSet(table.rows, mapping.label).map(({ label }) => ({ label, rows: rowsOf(label), share: 0 }));
}

export const OTHER = 'other';

export const otherFor = (labels: readonly ClassShare[]): ReadonlyMap<string, string> =>
  new Map(labels.filter(({ label }) => textKey(label) !== OTHER).map(({ label }) => [label, OTHER]));

const TAGS =
  'a|abbr|article|b|blockquote|body|br|button|center|code|dd|del|div|dl|dt|em|figure|font|footer|form|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|label|li|link|main|meta|nav|ol|p|pre|s|script|section|small|span|strike|strong|style|sub|sup|table|tbody|td|tfoot|th|thead|title|tr|tt|u|ul';
const TAG = new RegExp(`</?(?:${TAGS})(?:\\s[^<>]*)?/?>|<!--|-->|<!doctype[^<>]*>`, 'gi');
const UNSEEN = /<(script|style)\b[^<>]*>[^<]*<\/\1>/gi;
const ENTITY = /&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,8}\d{0,2}));/gi;

/** Entities that texts have, apart from accented letters. */
const ENTITIES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    amp: '&',
    lt: '<',
    gt: '>',
    quot: '"',
    apos: "'",
    nbsp: ' ',
    shy: '',
    ndash: '–',
    mdash: '—',
    hellip: '…',
    lsquo: '‘',
    rsquo: '’',
    ldquo: '“',
    rdquo: '”',
    sbquo: '‚',
    bdquo: '„',
    laquo: '«',
    raquo: '»',
    bull: '•',
    middot: '·',
    euro: '€',
    pound: '£',
    cent: '¢',
    yen: '¥',
    deg: '°',
    copy: '©',
    reg: '®',
    trade: '™',
    sect: '§',
    times: '×',
    plusmn: '±',
    iexcl: '¡',
    iquest: '¿',
    szlig: 'ß',
    aelig: 'æ',
    AElig: 'Æ',
    oslash: 'ø',
    Oslash: 'Ø',
    aring: 'å',
    Aring: 'Å',
  }),
);
/** `auml` is `a` and a combining mark. */
const MARKS: Readonly<Record<string, string>> = {
  uml: '\u0308',
  acute: '\u0301',
  grave: '\u0300',
  circ: '\u0302',
  tilde: '\u0303',
  cedil: '\u0327',
};
const ACCENTED = /^([A-Za-z])(uml|acute|grave|circ|tilde|cedil)$/;

function entity(whole: string, decimal?: string, hex?: string, name?: string): string {
  if (name !== undefined) {
    const [, letter = '', mark = ''] = ACCENTED.exec(name) ?? [];
    return letter === '' ? (ENTITIES.get(name) ?? whole) : `${letter}${MARKS[mark]}`.normalize('NFC');
  }
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
  const isSign = code >= 32 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return isSign ? String.fromCodePoint(code) : whole;
}

/** Without tags, and with entities as the signs that they mean. `a < b` and unknown entities stay. */
export function withoutHtml(text: string): string {
  if (!/[<&]/.test(text)) return text;
  const bare = text.replace(UNSEEN, ' ').replace(TAG, ' ').replace(ENTITY, entity);
  return bare === text
    ? text
    : bare
        .replace(/[^\S\n]+/g, ' ')
        .replace(/ ?\n ?/g, '\n')
        .trim();
}

const LINK = /\bhttps?:\/\/(?:www\.)?([^\s/?#<>"'()]+)[^\s<>"']*/gi;
/** Characters. */
const LONG_LINK = 30;

/** Long links as their site alone: `https://www.example.com/a/b?c=d` -> `example.com`. */
export const withShortLinks = (text: string): string =>
  text.includes('://') ? text.replace(LINK, (link, host: string) => (link.length > LONG_LINK ? host : link)) : text;

const GAP = ' … ';
const SHORTEST_CUT = 40;
const HEAD = 0.25;

/**
 * Keeps a quarter from the beginning and the rest from the end: for classifying, both together beat either alone (Sun et al.
 * 2019, “How to Fine-Tune BERT for Text Classification?”, section 5.3.1). @param most characters, gap included
 */
export function cutText(text: string, most: number): string {
  const room = Number.isFinite(most) ? Math.max(SHORTEST_CUT, Math.floor(most)) : LONG_TEXT;
  if (text.length <= room) return text;
  const head = Math.floor((room - GAP.length) * HEAD);
  const start = text.slice(0, head).replace(/[\uD800-\uDBFF]$/, '');
  const end = text.slice(text.length - (room - GAP.length - head)).replace(/^[\uDC00-\uDFFF]/, '');
  return `${start.trimEnd()}${GAP}${end.trimStart()}`;
}

/** A name that is one of the values of its own column is probably no name. */
export function headerThatIsARow(columns: readonly string[], rows: List<Row>): string | null {
  const sample = rows.slice(0, 1000);
  const same = (name: string) => {
    const key = textKey(name);
    return sample.filter((row) => textKey(row.cells[name] ?? '') === key).length;
  };
  return columns.find((name) => same(name) >= 3 && same(name) >= 0.05 * sample.length) ?? null;
}

const headerCell = (columns: readonly string[], i: number): string => {
  const name = columns[i] as string;
  const [, base] = /^(.*) \(\d+\)$/s.exec(name) ?? [];
  if (name === `column ${i + 1}`) return '';
  return base !== undefined && columns.includes(base) ? base : name;
};

/** As the last row, so that all other rows keep their numbers. */
function withFirstRow({ table, mapping }: Mendable): Mendable {
  const { columns, rows } = table;
  const names = columns.map((_, i) => `column ${i + 1}`);
  if (names.every((name, i) => name === columns[i])) return { table, mapping };
  const named = (cells: (column: string, i: number) => string) =>
    Object.fromEntries(names.map((name, i) => [name, cells(columns[i] as string, i)]));
  const first: Row = {
    id: String(rows.length + 1),
    line: Math.max(1, (rows.at(0)?.line ?? 2) - 1),
    cells: named((_, i) => headerCell(columns, i)),
  };
  const others = rows.map((row) => ({ ...row, cells: named((column) => row.cells[column] ?? '') }));
  const renamed = (column: string) => names[columns.indexOf(column)] ?? column;
  return {
    table: { ...table, columns: names, rows: [...others, first] },
    mapping: {
      ...mapping,
      text: renamed(mapping.text),
      label: renamed(mapping.label),
      id: mapping.id === null ? null : renamed(mapping.id),
    },
  };
}

export function withLabelColumn({ table, mapping }: Mendable): Mendable {
  const known = labelColumnOf(table);
  if (known !== null || table.columns.length >= MAX_COLUMNS)
    return { table, mapping: { ...mapping, label: known ?? mapping.label } };
  const { columns } = uniqueHeaders([...table.columns, 'label']);
  const label = columns.at(-1) as string;
  const { text, id } = mapping;
  return {
    table: { ...table, columns, rows: table.rows.map((row) => ({ ...row, cells: { ...row.cells, [label]: '' } })) },
    mapping: { text, id, label, task: 'classify' },
  };
}

/** An empty column that such labels can be in. */
const labelColumnOf = ({ columns, rows }: Table): string | null =>
  columns.find((name) => /^label( \(\d+\))?$/.test(name) && !rows.some((row) => (row.cells[name] ?? '') !== '')) ??
  null;

const NONE: ReadonlyMap<string, string> = new Map();

export const MENDS: { readonly [K in MendId]: Mend } = {
  'first-row': { done: 'First line taken as a row', apply: withFirstRow },
  'label-column': { done: 'Column for labels added', apply: withLabelColumn },
  stars: {
    done: 'Numbers 1 to 5 grouped',
    apply: (of) => relabelled(of, (labels) => starGroups(labels, of.mapping.label) ?? NONE),
  },
  spellings: {
    done: 'Spellings of labels merged',
    apply: (of) => relabelled(of, () => mergedSpellings(balanceOf(of))),
  },
  'rare-labels': {
    done: `Rare labels merged into “${OTHER}”`,
    apply: (of) => relabelled(of, () => otherFor(balanceOf(of).filter(({ rows }) => rows < RARE_ROWS))),
  },
  html: { done: 'HTML removed', apply: (of) => withColumn(of, of.mapping.text, withoutHtml) },
  links: { done: 'Links shortened', apply: (of) => withColumn(of, of.mapping.text, withShortLinks) },
  cut: {
    done: 'Long texts cut',
    apply: (of, most = LONG_TEXT) => withColumn(of, of.mapping.text, (text) => cutText(text, most)),
  },
};

export const MEND_IDS = Object.keys(MENDS) as readonly MendId[];
