/** A list that is read and never changed: an array, or a packed one (packed.ts), which makes an item when it is read. */
export interface List<T> extends Iterable<T> {
  readonly length: number;
  /** As of an array: counted from the end when negative, undefined where there is none. */
  at(index: number): T | undefined;
  slice(start?: number, end?: number): T[];
  map<U>(of: (item: T, index: number) => U): U[];
  flatMap<U>(of: (item: T, index: number) => U | readonly U[]): U[];
  filter(keep: (item: T, index: number) => boolean): T[];
  find(wanted: (item: T, index: number) => boolean): T | undefined;
  some(holds: (item: T, index: number) => boolean): boolean;
}

/** A list that can be looked into by a name: a Map, or packed rows. */
export type Lookup<T> = Pick<ReadonlyMap<string, T>, 'get' | 'has'>;

/** The list with each item in its new form; the list itself where every item stays the same object. */
export function mapped<T>(list: List<T>, of: (item: T, index: number) => T): List<T> {
  let isSame = true;
  const next = list.map((item, i) => {
    const made = of(item, i);
    isSame &&= made === item;
    return made;
  });
  return isSame ? list : next;
}

/** One accepted row. `id` is stable: the value of an id column if the user maps one, else the 1-based data-row number. */
export interface Row {
  readonly id: string;
  /** 1-based line in the source file where the row begins. */
  readonly line: number;
  readonly cells: Readonly<Record<string, string>>;
}

/** In the order of the file. */
export type Rows = List<Row>;

/** Largest file that is read, in bytes. A file of 2,000 messages is about 0.3 MB. */
export const MAX_BYTES = 50_000_000;

/** Most rows of a file. Beyond it a table is higher than browsers draw, and its rows take more than a tab can spare. */
export const MAX_ROWS = 400_000;

/** Columns of a table, and cells of all its rows together: more are no table of texts with labels. */
export const MAX_COLUMNS = 1000;
export const MAX_CELLS = 40_000_000;

/** Unclosed quotes after which the rest of a file is given up, so that a hostile file cannot take quadratic time. */
export const MAX_BROKEN_QUOTES = 200;

export interface RejectedRow {
  readonly line: number;
  readonly reason: string;
  /** The raw text of the row, as read. */
  readonly raw: string;
}

/** What parsing found: shown, and overridable where it was guessed. */
export interface SourceFormat {
  readonly fileName: string;
  readonly bytes: number;
  readonly encoding: 'utf-8' | 'windows-1252' | 'utf-16le' | 'utf-16be';
  readonly delimiter: ',' | ';' | '\t' | '|';
  readonly kind: 'csv' | 'tsv' | 'jsonl' | 'json' | 'yaml' | 'xlsx';
}

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
  /** Sentences about repairs on the way in: renamed headers, a wrong character set, merged spellings. */
  readonly notes?: readonly string[];
}

/** Why a row of a file is not used. The first reason that applies counts. */
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

/** What became of the rows of one or more files. */
export interface RowAccount {
  readonly read: number;
  readonly used: number;
  /** Rows by reason; the sum with `used` is `read`. */
  readonly leftOut: Readonly<Partial<Record<LeftOutReason, number>>>;
}

export interface ColumnMapping {
  readonly text: string;
  /** The column of the answers: labels, or the texts that should be written. */
  readonly label: string;
  readonly id: string | null;
  /** As files store it; `taskKindOf` in kind.ts reads it. */
  readonly task?: 'choose' | 'write' | undefined;
}

export type SplitName = 'train' | 'validation' | 'test';

/** How rows get their part. */
export type SplitBy =
  /** Stratified by label, by the seed. */
  | { readonly kind: 'seed' }
  /** The cells of this column name the part: train, validation, test. */
  | { readonly kind: 'column'; readonly column: string }
  /** Rows with the same cell in this column (a customer, a thread) stay in one part. */
  | { readonly kind: 'group'; readonly column: string };

/** A labelled table, split. Row texts stay in the page. */
export interface Dataset {
  readonly table: Table;
  readonly mapping: ColumnMapping;
  /** The label set, fixed before any run, in alphabetical order, or in the order in which an earlier version of it was kept; empty where texts are written. */
  readonly labels: readonly string[];
  readonly split: Readonly<Record<SplitName, readonly string[]>>;
  /** Training rows of each label; data sets that were stored before it was kept have none. */
  readonly trainCounts?: readonly number[] | undefined;
  readonly seed: number;
  /** SHA-256 over columns, mapping and rows. */
  readonly fingerprint: string;
  /** SHA-256 over the ids of the three parts. */
  readonly splitHash: string;
  /** SHA-256 over the ids of the test rows: a prompt trained under another split may know some of these. */
  readonly heldBackHash?: string | undefined;
  /** Left out: by the seed. */
  readonly splitBy?: SplitBy | undefined;
  /** How the rows came to be what they are, oldest first. Data sets that were stored before there were versions have none. */
  readonly versions?: readonly DataVersion[];
  /** Of all files that the rows come from. Left out: as table and split say. */
  readonly account?: RowAccount;
}

export interface CellChange {
  readonly rowId: string;
  readonly column: string;
  readonly before: string;
  readonly after: string;
}

/** One state of the rows, by its fingerprint, and what led to it. */
export interface DataVersion {
  /** From 1 on, in the order of time; going back makes a new one. */
  readonly number: number;
  /** ISO time. */
  readonly createdAt: string;
  readonly fingerprint: string;
  /** "2 e-mail addresses masked". */
  readonly what: string;
  /** Cells that differ from the version before; null = other rows or columns, so there is no way back past it. */
  readonly cells: List<CellChange> | null;
  /** Rows that the change added, at the end. Left out: none. */
  readonly added?: number;
  /** Rows that going back took from the end, which going back once more returns. Left out: none. */
  readonly removed?: readonly Row[];
  /** Rows that could not be used any more after the change, with the part that they were in. */
  readonly dropped: readonly (readonly [rowId: string, part: SplitName])[];
}

/** What a person does to the rows of an open data set. */
export type Change =
  | { readonly kind: 'cell'; readonly rowId: string; readonly column: string; readonly value: string }
  | { readonly kind: 'merge-labels'; readonly from: readonly string[]; readonly into: string }
  /** Removes the labels, so that the rows are left out of everything; test rows are unchanged. */
  | { readonly kind: 'unlabel'; readonly rowIds: readonly string[] }
  /** Labels of test rows that a person gave without seeing any prediction; only Compare asks for them. */
  | { readonly kind: 'relabel'; readonly labels: readonly (readonly [rowId: string, label: string])[] }
  /** E-mail addresses, phone numbers and IBANs in these columns become placeholders. */
  | { readonly kind: 'mask'; readonly columns: readonly string[] }
  /** Labelled rows from elsewhere, for training; `from` names a file, or who answered. */
  | { readonly kind: 'add-rows'; readonly rows: Rows; readonly columns: readonly string[]; readonly from: string }
  /** One of mends.ts; `most` characters of a text where it is cut. */
  | { readonly kind: 'mend'; readonly mend: MendId; readonly most?: number | undefined }
  /** Labels that a person gave to rows without one; they are dealt out to all parts. */
  | { readonly kind: 'label-rows'; readonly labels: readonly (readonly [rowId: string, label: string])[] }
  | { readonly kind: 'go-back'; readonly version: number };

/** What a mend of the table is called, here and on the command line. */
export type MendId =
  | 'first-row'
  | 'label-column'
  | 'first-label'
  | 'stars'
  | 'spellings'
  | 'rare-labels'
  | 'html'
  | 'links'
  | 'cut';

export type IssueKind =
  | 'one-class'
  | 'too-few-rows'
  | 'empty-part'
  | 'few-rows'
  | 'too-many-classes'
  | 'many-classes'
  | 'numeric-labels'
  | 'rare-class'
  | 'imbalanced'
  | 'empty-text'
  | 'empty-label'
  | 'duplicate'
  | 'contradiction'
  | 'leak'
  | 'near-twin'
  | 'twins-together'
  | 'swapped-columns'
  | 'long-text'
  | 'label-spelling'
  | 'personal-data'
  | 'no-part'
  /** Each has a mend of that name. */
  | 'first-row'
  | 'first-label'
  | 'stars'
  | 'html'
  | 'links'
  /** Of expected texts. */
  | 'target-is-text'
  | 'few-targets'
  | 'several-targets'
  | 'target-lines'
  | 'target-too-long'
  /** Found with the model's tokenizer. */
  | 'read-poorly'
  | 'too-long';

/** One issue in the data. `blocking` ones stop training and say why. */
export interface Issue {
  readonly kind: IssueKind;
  /** Names its rows in a list of filters: "Duplicates". */
  readonly name: string;
  readonly severity: 'blocking' | 'warning' | 'info';
  /** The issue, in words. */
  readonly title: string;
  /** What it means and what to do now. */
  readonly advice: string;
  readonly rowIds: readonly string[];
  /** What one click can do about it. */
  readonly fix?: { readonly label: string; readonly change: Change };
}

/** The two kinds of task: a prompt chooses one of a few labels, or generates a text. */
export type TaskKind = 'classify' | 'generate';

/** One value for each kind of task: a table that lacks a kind does not compile. */
export type ByTask<T> = { readonly [K in TaskKind]: T };

/** Files store `task: 'write'` for generation and nothing for classification. */
export const taskKindOf = ({ task }: Pick<ColumnMapping, 'task'>): TaskKind =>
  task === 'write' ? 'generate' : 'classify';

/** The part of a stored mapping that names its kind; spread it into the mapping. */
export const storedTask = (kind: TaskKind): Pick<ColumnMapping, 'task'> =>
  kind === 'generate' ? { task: 'write' } : {};
