/** What the Data screen says. Pure. */
import { DELIMITER_NAMES } from '../../../dataset/decode';
import type { ByTask } from '../../../dataset/kind';
import { blockingIssue } from '../../../dataset/lint/define';
import { usedRows } from '../../../dataset/split';
import type { Dataset, DataVersion, Issue, SourceFormat, SplitBy, Table } from '../../../dataset/types';
import { bytes, count, counted, percentWhole } from '../../ui/format';
import type { TargetLengths, TextLengths } from './rows-store';

export const ENCODING_NAMES: Readonly<Record<SourceFormat['encoding'], string>> = {
  'utf-8': 'UTF-8',
  'windows-1252': 'Windows-1252',
  'utf-16le': 'UTF-16',
  'utf-16be': 'UTF-16 (big-endian)',
};

/** Words that differ between the kinds of task. */
interface TaskWords {
  readonly task: string;
  /** The column of the answers. */
  readonly answerColumn: string;
  /** What can be changed in the table. */
  readonly editable: string;
}

export const TASK_WORDS: ByTask<TaskWords> = {
  classify: { task: 'Choose a label', answerColumn: 'Label', editable: 'a label or a text' },
  generate: { task: 'Generate a text', answerColumn: 'Answer', editable: 'a text' },
};

/** "tickets.csv · semicolons, Windows-1252, 5 columns". */
export function formatWords({ format, columns }: Pick<Table, 'format' | 'columns'>): string {
  const shape = format.kind === 'jsonl' ? 'JSON Lines' : DELIMITER_NAMES[format.delimiter];
  return `${format.fileName} · ${shape}, ${ENCODING_NAMES[format.encoding]}, ${counted(columns.length, 'column')}, ${bytes(format.bytes)}`;
}

export function dataHeadline(dataset: Dataset, issues: readonly Issue[]): string {
  const blocking = blockingIssue(issues);
  if (blocking) return blocking.title;
  const rejected = dataset.table.rejected.length > 0 ? 1 : 0;
  const open = issues.filter(({ severity }) => severity !== 'info').length + rejected;
  const ready = `${counted(usedRows(dataset), 'row')} ready`;
  return open === 0 ? ready : `${ready}, ${counted(open, 'issue')} to check`;
}

export interface ClassBar {
  readonly label: string;
  readonly rows: number;
  readonly share: number;
}

/** The issue of the class balance, or a neutral title where there is none. */
export function balanceTitle(bars: readonly ClassBar[]): string {
  const sorted = [...bars].sort((a, b) => b.rows - a.rows);
  const most = sorted[0];
  const least = sorted.at(-1);
  if (!most || !least) return 'Labels';
  if (bars.length === 1) return `Every row is “${most.label}”`;
  const even = 1 / bars.length;
  if (most.share >= 0.8) return `“${most.label}” has ${percentWhole(most.share)} of the rows`;
  if (least.share < even / 2) return `“${least.label}” is the rarest label (${counted(least.rows, 'row')})`;
  if (most.rows <= least.rows * 1.25) return `${count(bars.length)} labels, about even`;
  return `“${most.label}” is the most frequent label`;
}

/** "247 training, 71 validation and 160 test rows". */
export const splitWords = (train: number, validation: number, test: number): string =>
  `${count(train)} training, ${count(validation)} validation and ${count(test)} test rows`;

const SPLIT_NAMES: { readonly [K in SplitBy['kind']]: (column: string) => string } = {
  seed: () => 'At random',
  column: (column) => `As “${column}” says`,
  group: (column) => `Together by “${column}”`,
};

export const splitName = (by: SplitBy): string => SPLIT_NAMES[by.kind](by.kind === 'seed' ? '' : by.column);

/** "25 Nov, 14:05". */
export const whenWords = (iso: string): string =>
  new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }).format(
    new Date(iso),
  );

/** Whether every version after this one knows which cells it changed. */
export const canGoBackTo = (versions: readonly DataVersion[], number: number): boolean =>
  versions.every((version) => version.number <= number || version.cells !== null);

/** What the chart of lengths shows. */
export function lengthsTitle({ longestTokens, budget, over, counted: of, texts }: TextLengths): string {
  const longest = of < texts ? 'The longest text counted' : 'The longest text';
  if (over.length > 0)
    return `${counted(over.length, 'text is', 'texts are')} longer than the ${count(budget)} tokens that the model reads at once`;
  return `${longest} has ${counted(longestTokens, 'token')}; the model reads ${count(budget)} at once`;
}

/** "Half of the texts have 24 tokens or fewer. A word takes 1.2 tokens." */
export const perWordWords = ({ medianTokens, medianTokensPerWord }: TextLengths): string =>
  `Half of the texts have ${counted(medianTokens, 'token')} or fewer. A word takes ${medianTokensPerWord.toFixed(1)} tokens; English text about 1.2.`;

/** What the chart of the expected texts shows. */
export const answersTitle = ({ medianTokens, longestTokens }: TargetLengths): string =>
  `Answers: half have ${counted(medianTokens, 'token')} or fewer, the longest ${count(longestTokens)}`;
