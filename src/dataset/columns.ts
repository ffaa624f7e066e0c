import { countBy } from '../lib/collect';
import { separatorIn, textKey } from './tags';
import type { ColumnMapping, Row, Table } from './types';

interface Profile {
  readonly name: string;
  readonly filled: number;
  readonly distinct: number;
  /** Share of the filled cells whose value is in no other: how often one more cell would be new (Good and Turing). */
  readonly singleShare: number;
  readonly meanWords: number;
  readonly numericShare: number;
  readonly topShare: number;
}

const SAMPLE_ROWS = 2000;
/** Share of different cells from which on a column names no kinds; and words a cell from which on it is a text. */
const MOSTLY_DIFFERENT = 0.5;
const FEWEST_WORDS = 2;
/** So few different values that repeat are kinds, also where a handful of labelled rows shows most of them once. */
const MOST_FEW_KINDS = 20;
/** Share of one value from which on a column hardly tells rows apart. */
const MOSTLY_ONE = 0.9;

const TEXT_NAMES =
  /\b(text|message|msg|review|tweet|comment|content|body|sentence|utterance|query|question|feedback|description|input|subject|document|post|nachricht|anfrage|kommentar|beschreibung|inhalt)\b/i;
/** What stands above a text; the label says nothing of it yet. */
const ABOVE_NAMES = /\b(subject|title|headline|heading|betreff|titel|überschrift)\b/iu;
const LABEL_NAMES =
  /\b(label|labels|class|category|sentiment|tone|intent|topic|tag|rating|stars|target|gold|answer|output|type|emotion|expected|klasse|kategorie|stimmung|ton|thema|absicht|bewertung)\b/i;
/** What is written about a text rather than the text itself. */
const TARGET_NAMES =
  /\b(target|summary|summaries|abstract|tldr|headline|title|reply|response|answer|output|completion|translation|rewrite|paraphrase|correction|corrected|expected|gold)\b/i;
const ID_NAMES = /\b(id|nr|no|number|key|uuid|guid|index|ticket|#)\b/i;

/** `customerMessage_text` -> `customer Message text`, so that `\b` finds the words. */
const wordsOf = (name: string) => name.replace(/([a-z])([A-Z])/g, '$1 $2').replace(/[_\-.]+/g, ' ');

export const isNumeric = (cell: string): boolean => /^[+-]?(\d+([.,]\d+)?|[.,]\d+)%?$/.test(cell.trim());

function profile(name: string, rows: readonly Row[]): Profile {
  const cells = rows.map((row) => row.cells[name] ?? '').filter((cell) => cell.trim() !== '');
  const mean = (of: (cell: string) => number) =>
    cells.length === 0 ? 0 : cells.reduce((sum, cell) => sum + of(cell), 0) / cells.length;
  const times = countBy(cells.map(textKey));
  return {
    name,
    filled: cells.length,
    distinct: times.size,
    singleShare: cells.length === 0 ? 0 : [...times.values()].filter((n) => n === 1).length / cells.length,
    topShare: cells.length === 0 ? 0 : Math.max(...times.values()) / cells.length,
    meanWords: mean((cell) => cell.trim().split(/\s+/).length),
    numericShare: mean((cell) => (isNumeric(cell) ? 1 : 0)),
  };
}

const uniqueness = (p: Profile) => (p.filled === 0 ? 0 : p.distinct / p.filled);

/** Whether its values repeat as labels do; of few cells, the share that differs says too little. */
const repeats = (p: Profile): boolean =>
  uniqueness(p) <= MOSTLY_DIFFERENT || (p.distinct <= MOST_FEW_KINDS && p.singleShare <= MOSTLY_DIFFERENT);

/** Many different, many-worded cells; a telling name counts, but never alone decides. */
function textScore(p: Profile): number {
  if (p.filled === 0) return -1;
  const name = TEXT_NAMES.test(wordsOf(p.name)) ? 1.5 : 0;
  const target = TARGET_NAMES.test(wordsOf(p.name)) ? 1 : 0;
  return Math.log2(1 + p.meanWords) * (0.3 + uniqueness(p)) + name - target - 3 * p.numericShare;
}

/** A column of texts to write. Null where the labels repeat, unless a text column is named like an answer and the label is not. */
function targetAmong(profiles: readonly Profile[], label: Profile): Profile | null {
  const isNamed = (p: Profile) => TARGET_NAMES.test(wordsOf(p.name));
  const texts = profiles.filter((p) => p.meanWords >= FEWEST_WORDS && !repeats(p) && p.numericShare < 0.5);
  if (repeats(label) && (LABEL_NAMES.test(wordsOf(label.name)) || !texts.some(isNamed))) return null;
  return best(texts, (p) => (isNamed(p) ? 4 : 0) + Math.log2(1 + p.meanWords) + p.filled / label.filled) ?? null;
}

export function constantColumns({ columns, rows }: Pick<Table, 'columns' | 'rows'>): readonly string[] {
  const first = rows.at(0)?.cells;
  let same = rows.length > 1 ? columns : [];
  for (const { cells } of rows) {
    if (same.length === 0) break;
    if (same.some((name) => cells[name] !== first?.[name])) same = same.filter((name) => cells[name] === first?.[name]);
  }
  return same;
}

function labelScore(p: Profile, rows: number): number {
  if (p.filled === 0) return -9;
  const name = LABEL_NAMES.test(wordsOf(p.name)) ? 2 : 0;
  const oneValue = p.distinct < 2 ? 2 : 0;
  const uneven = p.topShare >= MOSTLY_ONE ? 1 : 0;
  const many = p.distinct > 50 ? 2 : 0;
  const long = p.meanWords > 4 ? 1.5 : 0;
  const blank = 1 - p.filled / Math.max(1, rows);
  return 2 * (1 - uniqueness(p)) + name - oneValue - uneven - many - long - 0.8 * p.numericShare - blank;
}

const best = (profiles: readonly Profile[], score: (p: Profile) => number): Profile | undefined =>
  [...profiles].sort((a, b) => score(b) - score(a))[0];

/** Judged by contents; names only add weight. Null with fewer than two columns. */
export function guessColumns(table: Table): ColumnMapping | null {
  if (table.columns.length < 2) return null;
  const rows = table.rows.slice(0, SAMPLE_ROWS);
  const profiles = table.columns.map((name) => profile(name, rows));
  const text = best(profiles, textScore);
  if (!text) return null;
  const others = profiles.filter((p) => p !== text);
  const label = best(others, (p) => labelScore(p, rows.length));
  if (!label) return null;
  const target = targetAmong(others, label);
  const answer = target ?? label;
  const id = others.find(
    (p) =>
      p !== answer &&
      p.filled === rows.length &&
      p.distinct === rows.length &&
      p.meanWords < 1.5 &&
      ID_NAMES.test(wordsOf(p.name)),
  );
  const cells = rows.map(({ cells }) => cells[answer.name] ?? '');
  const task = target ? 'generate' : separatorIn(cells) === null ? 'classify' : 'tag';
  return { text: text.name, label: answer.name, id: id?.name ?? null, task };
}

/** A second column of texts, such as the subject of a message. Braces and `text` mean something else in a template. */
export function columnAbove({ columns, rows }: Pick<Table, 'columns' | 'rows'>, mapping: ColumnMapping): string | null {
  const { text, label, id, task } = mapping;
  const named = columns.filter(
    (name) => ![text, label, id, 'text'].includes(name) && !/[{}]/.test(name) && ABOVE_NAMES.test(wordsOf(name)),
  );
  if (named.length === 0 || task === 'generate' || ABOVE_NAMES.test(wordsOf(text))) return null;
  const sample = rows.slice(0, SAMPLE_ROWS);
  const isText = (p: Profile) => p.meanWords >= FEWEST_WORDS && !repeats(p) && 2 * p.filled >= sample.length;
  return named.find((name) => isText(profile(name, sample))) ?? null;
}

/** Null: not chosen yet. */
export type MappingDraft = Omit<ColumnMapping, 'text' | 'label'> & Readonly<Record<'text' | 'label', string | null>>;

export const NO_MAPPING: MappingDraft = { text: null, label: null, id: null, task: 'classify' };

export const completeMapping = ({ text, label, ...others }: MappingDraft): ColumnMapping | null =>
  text !== null && label !== null ? { text, label, ...others } : null;

/** Choosing for one role the column that has the other one swaps them. */
export function remapped(before: MappingDraft, change: Partial<MappingDraft>): MappingDraft {
  const mapping = { ...before, ...change };
  if (change.text && change.text === mapping.label) return { ...mapping, label: before.text };
  if (change.label && change.label === mapping.text) return { ...mapping, text: before.label };
  return mapping;
}

/** Names that are trimmed, not empty and different: a second `text` is `text (2)`; with a sentence for every change. */
export function uniqueHeaders(cells: readonly string[]): { columns: readonly string[]; notes: readonly string[] } {
  const columns: string[] = [];
  const notes: string[] = [];
  const wanted = cells.map((cell) => cell.trim());
  wanted.forEach((name, i) => {
    const base = name === '' ? `column ${i + 1}` : name;
    let unique = base;
    for (let n = 2; columns.includes(unique) || (unique !== base && wanted.includes(unique)); n++)
      unique = `${base} (${n})`;
    columns.push(unique);
    if (name === '') notes.push(`Column ${i + 1} has no name and is called “${unique}”.`);
    else if (unique !== name) notes.push(`Two columns are called “${name}”: the later one is shown as “${unique}”.`);
  });
  return { columns, notes };
}
