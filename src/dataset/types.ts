/** Read-only: an array, or a packed list (packed.ts), which makes an item when it is read. */
export interface List<T> extends Iterable<T> {
  readonly length: number;
  at(index: number): T | undefined;
  slice(start?: number, end?: number): T[];
  map<U>(of: (item: T, index: number) => U): U[];
  flatMap<U>(of: (item: T, index: number) => U | readonly U[]): U[];
  filter(keep: (item: T, index: number) => boolean): T[];
  find(wanted: (item: T, index: number) => boolean): T | undefined;
  some(holds: (item: T, index: number) => boolean): boolean;
}

/** A Map, or packed rows. */
export type Lookup<T> = Pick<ReadonlyMap<string, T>, 'get' | 'has'>;

/** The same list where every item stays the same object. */
export function mapped<T>(list: List<T>, of: (item: T, index: number) => T): List<T> {
  let isSame = true;
  const next = list.map((item, i) => {
    const made = of(item, i);
    isSame &&= made === item;
    return made;
  });
  return isSame ? list : next;
}

/** `id` is the value of an id column if the user maps one, else the 1-based data-row number. */
export interface Row {
  readonly id: string;
  /** 1-based, where the row begins. */
  readonly line: number;
  readonly cells: Readonly<Record<string, string>>;
}

export type Rows = List<Row>;

/** A file of 2,000 messages is about 0.3 MB. */
export const MAX_BYTES = 50_000_000;
/** Beyond it a table is higher than browsers draw, and its rows take more than a tab can spare. */
export const MAX_ROWS = 400_000;

/** More are no table of texts with labels. */
export const MAX_COLUMNS = 1000;
export const MAX_CELLS = 40_000_000;

/** Then the rest of a file is given up, so that a hostile file cannot take quadratic time. */
export const MAX_BROKEN_QUOTES = 200;

export interface RejectedRow {
  readonly line: number;
  readonly reason: string;
  readonly raw: string;
}

/** Guesses can be overridden. */
export interface SourceFormat {
  readonly fileName: string;
  readonly bytes: number;
  readonly encoding: 'utf-8' | 'windows-1252' | 'utf-16le' | 'utf-16be';
  readonly delimiter: ',' | ';' | '\t' | '|';
  readonly kind: 'csv' | 'tsv' | 'jsonl' | 'json' | 'yaml' | 'xlsx' | 'parquet';
  /** Around cells; left out: a double quote. */
  readonly quote?: Quote | undefined;
}

export const QUOTES = ['"', "'"] as const;
export type Quote = (typeof QUOTES)[number];

export type Delimiter = SourceFormat['delimiter'];

export const DELIMITERS: readonly Delimiter[] = [',', ';', '\t', '|'];

export const DELIMITER_NAMES: Readonly<Record<Delimiter, string>> = {
  ',': 'commas',
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'vertical bars',
};

export interface Table {
  readonly format: SourceFormat;
  readonly columns: readonly string[];
  readonly rows: Rows;
  readonly rejected: readonly RejectedRow[];
  /** Sentences about repairs: renamed headers, a wrong character set, merged spellings. */
  readonly notes?: readonly string[];
}

/** The first that applies counts. */
export const LEFT_OUT_REASONS = [
  'unreadable',
  'text',
  'label',
  'target',
  'unknown',
  'part',
  'repeat',
  'seen',
  'held',
  'drawn',
  'long',
  'waiting',
] as const;
export type LeftOutReason = (typeof LEFT_OUT_REASONS)[number];

export interface RowAccount {
  readonly read: number;
  readonly used: number;
  /** Sums to `read` with `used`. */
  readonly leftOut: Readonly<Partial<Record<LeftOutReason, number>>>;
}

export interface ColumnMapping {
  readonly text: string;
  /** The labels, or the texts that should be generated. */
  readonly label: string;
  readonly id: string | null;
  readonly task: TaskKind;
}

/** A row of no part comes behind. */
export const PARTS = ['train', 'validation', 'test'] as const;
export type SplitName = (typeof PARTS)[number];

export type SplitBy =
  /** Stratified by label, by the seed. */
  | { readonly kind: 'seed' }
  /** The cells of this column name the part: train, validation, test. */
  | { readonly kind: 'column'; readonly column: string }
  /** Rows with the same cell in this column (a customer, a thread) stay in one part. */
  | { readonly kind: 'group'; readonly column: string };

export interface Dataset {
  readonly table: Table;
  readonly mapping: ColumnMapping;
  /** Alphabetical, or as an earlier version had it; the last is `NO_LABEL` where a row has several; empty where texts are generated. */
  readonly labels: readonly string[];
  readonly split: Readonly<Record<SplitName, readonly string[]>>;
  /** Training rows of each label; an imported data set has none. */
  readonly trainCounts?: readonly number[] | undefined;
  readonly seed: number;
  /** SHA-256 over columns, mapping and rows. */
  readonly fingerprint: string;
  /** SHA-256 over the ids of the three parts. */
  readonly splitHash: string;
  /** SHA-256 over the ids of the test rows: a prompt trained under another split may know some of them. */
  readonly heldBackHash: string;
  readonly splitBy: SplitBy;
  /** How the rows came to be what they are, oldest first; an imported data set has none. */
  readonly versions?: readonly DataVersion[];
  /** Of all files that the rows come from; undefined: as table and split say. */
  readonly account?: RowAccount;
}

export interface CellChange {
  readonly rowId: string;
  readonly column: string;
  readonly before: string;
  readonly after: string;
}

export interface DataVersion {
  /** From 1 on, in the order of time; going back makes a new one. */
  readonly number: number;
  readonly createdAt: string;
  readonly fingerprint: string;
  /** "2 e-mail addresses masked". */
  readonly what: string;
  /** Null: other rows or columns than before, so there is no way back past it. */
  readonly cells: List<CellChange> | null;
  /** Rows at the end. */
  readonly added?: number;
  /** Rows that going back took from the end, and that going back once more returns. */
  readonly removed?: readonly Row[];
  /** Rows that the change left out, with the part that they were in. */
  readonly dropped: readonly (readonly [rowId: string, part: SplitName])[];
}

export type Change =
  | { readonly kind: 'cell'; readonly rowId: string; readonly column: string; readonly value: string }
  | { readonly kind: 'merge-labels'; readonly from: readonly string[]; readonly into: string }
  /** Removes the labels, so that the rows are left out; test rows are unchanged. */
  | { readonly kind: 'unlabel'; readonly rowIds: readonly string[] }
  /** Of test rows, given without seeing any prediction; only Compare asks for them. */
  | { readonly kind: 'relabel'; readonly labels: readonly (readonly [rowId: string, label: string])[] }
  /** E-mail addresses, phone numbers and IBANs become placeholders. */
  | { readonly kind: 'mask'; readonly columns: readonly string[] }
  /** For training; `from` names a file, or who answered. */
  | { readonly kind: 'add-rows'; readonly rows: Rows; readonly columns: readonly string[]; readonly from: string }
  /** `most` characters of a text where it is cut. */
  | { readonly kind: 'mend'; readonly mend: MendId; readonly most?: number | undefined }
  /** Given to rows without a label, which are dealt out to all parts. */
  | { readonly kind: 'label-rows'; readonly labels: readonly (readonly [rowId: string, label: string])[] }
  | { readonly kind: 'go-back'; readonly version: number };

export type MendId = 'first-row' | 'label-column' | 'stars' | 'spellings' | 'rare-labels' | 'html' | 'links' | 'cut';

/** By kind, in the order of a list of issues; in a list of filters an issue's rows go by this name. */
export const ISSUE_NAMES = {
  'first-row': 'First line',
  'one-class': 'One label',
  'too-few-rows': 'Too few rows',
  'empty-part': 'Empty part',
  'few-rows': 'Few rows',
  'swapped-columns': 'Swapped columns',
  'too-many-classes': 'Too many labels',
  'many-classes': 'Many labels',
  'few-targets': 'Few different answers',
  leak: 'Leaks',
  'near-twin': 'Near-twins',
  'twins-together': 'Near-twins in one part',
  groups: 'Groups',
  'no-part': 'Not in the split',
  contradiction: 'Contradictions',
  'several-targets': 'Several answers to one text',
  duplicate: 'Duplicates',
  'empty-text': 'Empty texts',
  'empty-label': 'Empty answers',
  'target-is-text': 'Answer repeats the text',
  'target-lines': 'Answers of several lines',
  imbalanced: 'Most frequent label',
  'rare-class': 'Rare labels',
  'several-labels': 'Several labels',
  stars: 'Numbers 1 to 5',
  'numeric-labels': 'Numbers as labels',
  'label-spelling': 'Spellings',
  'personal-data': 'Personal data',
  html: 'HTML',
  links: 'Long links',
  'long-text': 'Long texts',
  'target-too-long': 'Answers too long',
  'read-poorly': 'Read poorly',
  'too-long': 'Too long for the model',
} as const;
export type IssueKind = keyof typeof ISSUE_NAMES;

/** `blocking` ones stop training. */
export interface Issue {
  readonly kind: IssueKind;
  readonly severity: 'blocking' | 'warning' | 'info';
  readonly title: string;
  readonly advice: string;
  readonly rowIds: readonly string[];
  readonly fix?: { readonly label: string; readonly change: Change };
  /** The split that removes it. */
  readonly splitBy?: SplitBy;
}

export const TASK_KINDS = ['classify', 'tag', 'generate'] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

/** A table that lacks a kind does not compile. */
export type ByTask<T> = { readonly [K in TaskKind]: T };

/** What a table by kind of task says of a value of one of the kinds. */
export const ofTask = <V extends { readonly kind: TaskKind }, A extends readonly unknown[], T>(
  table: { readonly [K in TaskKind]: (of: Extract<V, { readonly kind: K }>, ...more: A) => T },
  of: V,
  ...more: A
): T => (table[of.kind] as (of: V, ...more: A) => T)(of, ...more);
