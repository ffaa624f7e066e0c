import type { ClassShare } from '../../../dataset/labels';
import { blockingIssue } from '../../../dataset/lint/define';
import { usedRows } from '../../../dataset/split';
import {
  type ColumnMapping,
  type Dataset,
  type DataVersion,
  DELIMITER_NAMES,
  ISSUE_NAMES,
  type Issue,
  type IssueKind,
  PARTS,
  type Quote,
  type Row,
  type SourceFormat,
  type SplitBy,
  type SplitName,
  type Table,
} from '../../../dataset/types';
import { bytes, capitalised, count, counted, percentWhole } from '../../../lib/format';
import type { SelectOption } from '../../ui/Choices';
import type { TargetLengths, TextLengths } from './rows-store';

export const ENCODING_NAMES: Readonly<Record<SourceFormat['encoding'], string>> = {
  'utf-8': 'UTF-8',
  'windows-1252': 'Windows-1252',
  'utf-16le': 'UTF-16',
  'utf-16be': 'UTF-16 (big-endian)',
};

export const QUOTE_NAMES: Readonly<Record<Quote, string>> = { '"': 'double, "', "'": "single, '" };

const SHAPES: { readonly [K in Table['format']['kind']]?: string } = {
  jsonl: 'JSON Lines',
  json: 'JSON',
  yaml: 'YAML',
  xlsx: 'Excel',
  parquet: 'Parquet',
};

/** "tickets.csv · semicolons, Windows-1252, 5 columns". */
export function formatWords({ format, columns }: Pick<Table, 'format' | 'columns'>): string {
  const shape = SHAPES[format.kind] ?? DELIMITER_NAMES[format.delimiter];
  return `${format.fileName} · ${shape}${format.quote ? ', single quotes' : ''}, ${ENCODING_NAMES[format.encoding]}, ${counted(columns.length, 'column')}, ${bytes(format.bytes)}`;
}

export function dataHeadline(dataset: Dataset, issues: readonly Issue[]): string {
  const blocking = blockingIssue(issues);
  if (blocking) return blocking.title;
  const rejected = dataset.table.rejected.length > 0 ? 1 : 0;
  const open = issues.filter(({ severity }) => severity !== 'info').length + rejected;
  const ready = `${counted(usedRows(dataset), 'row')} ready`;
  return open === 0 ? ready : `${ready}, ${counted(open, 'issue')} to check`;
}

export function balanceTitle(bars: readonly ClassShare[]): string {
  const sorted = [...bars].sort((a, b) => b.rows - a.rows);
  const most = sorted[0];
  const least = sorted.at(-1);
  if (!most || !least) return 'Labels';
  if (bars.length === 1) return `Every row is “${most.label}”`;
  const even = 1 / bars.length;
  if (most.share >= 0.8) return `“${most.label}” has ${percentWhole(most.share)} of the rows`;
  if (least.share < even / 2) return `“${least.label}” is the rarest label (${counted(least.rows, 'row')})`;
  if (most.rows <= least.rows * 1.25) return `${count(bars.length)} labels, about even`;
  return 'Labels';
}

export const splitWords = (train: number, validation: number, test: number): string =>
  `${count(train)} training, ${count(validation)} validation and ${count(test)} test rows`;

export function splitName(by: SplitBy): string {
  if (by.kind === 'seed') return 'At random';
  return by.kind === 'column' ? `By the column “${by.column}”` : `Keep “${by.column}” together`;
}

/** "25 Nov, 14:05". */
export const whenWords = (iso: string): string =>
  new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }).format(
    new Date(iso),
  );

/** Whether every version after this one knows which cells it changed. */
export const canGoBackTo = (versions: readonly DataVersion[], number: number): boolean =>
  versions.every((version) => version.number <= number || version.cells !== null);

export function lengthsTitle({ longestTokens, budget, over, counted: of, texts }: TextLengths): string {
  const longest = of < texts ? 'The longest text counted' : 'The longest text';
  if (over.length > 0)
    return `${counted(over.length, 'text is', 'texts are')} longer than the ${count(budget)} tokens that the model reads at once`;
  return `${longest} has ${counted(longestTokens, 'token')}; the model reads ${count(budget)} at once`;
}

export const perWordWords = ({ medianTokens, medianTokensPerWord }: TextLengths): string =>
  `Half of the texts have ${counted(medianTokens, 'token')} or fewer. A word takes ${medianTokensPerWord.toFixed(1)} tokens here, and about 1.2 in English text.`;

export const answersTitle = ({ medianTokens, longestTokens }: TargetLengths): string =>
  `Answers: half have ${counted(medianTokens, 'token')} or fewer, the longest ${count(longestTokens)}`;

const USED_FOR: Readonly<Record<SplitName, string>> = { train: 'training', validation: 'validation', test: 'test' };

export function usedFor(part: number | undefined): string {
  if (part === undefined) return ''; // not known yet
  const name = PARTS[part];
  return name === undefined ? 'not used' : USED_FOR[name];
}

export function filterOptions(dataset: Dataset | null, issues: readonly Issue[]): readonly SelectOption[] {
  const all = [{ id: 'all', label: 'All rows' }];
  if (!dataset) return all;
  const kinds = new Map<IssueKind, number>();
  for (const { kind, rowIds } of issues) kinds.set(kind, (kinds.get(kind) ?? 0) + rowIds.length);
  return [
    ...all,
    ...PARTS.map((name) => ({
      id: name,
      label: `${capitalised(USED_FOR[name])} rows`,
      detail: counted(dataset.split[name].length, 'row'),
    })),
    ...[...kinds].flatMap(([id, rows]) =>
      rows === 0 ? [] : { id, label: ISSUE_NAMES[id], detail: counted(rows, 'row') },
    ),
  ];
}

export const SORTS: readonly SelectOption[] = [
  { id: 'file', label: 'File order' },
  { id: 'label', label: 'By label' },
  { id: 'text', label: 'By text, A to Z' },
  { id: 'longest', label: 'Longest text first' },
  { id: 'part', label: 'By part of the split' },
];

export interface ShownRow {
  readonly row: Row;
  /** A place in PARTS; undefined until it is known. */
  readonly part: number | undefined;
}

export interface Head {
  readonly kind: 'name' | 'cell' | 'use';
  readonly title: string;
}
export const NAME: Head = { kind: 'name', title: '#' };
export const USE: Head = { kind: 'use', title: 'used for' };

export function whyLocked({ row, part }: ShownRow, head: Head, mapping: ColumnMapping | null): string | null {
  if (!mapping) return 'Choose the text and the label column first.';
  if (head.kind === 'name')
    return mapping.id === null
      ? `Row ${row.id} is numbered by its position in the file.`
      : `Row ${row.id} takes its name from “${mapping.id}”: results refer to it, so it cannot be changed here.`;
  if (head.kind === 'use') return 'The split above the table decides what a row is used for.';
  if (part === undefined) return 'The rows are still being read: try again in a moment.';
  if (PARTS[part] !== 'test') return null;
  return head.title === mapping.label
    ? `Row ${row.id} is a test row: its label is locked so that results cannot influence the test. To correct it, use “Check labels” on Compare, which shows no answers.`
    : `Row ${row.id} is a test row: its text is locked so that results cannot influence the test. To correct it, edit the file and replace it here.`;
}
