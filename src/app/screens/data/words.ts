/** What the Data screen says, from what was found. Pure. */
import { DELIMITER_NAMES } from '../../../dataset/delimiter';
import type { Dataset, DataVersion, Issue, SourceFormat, Table } from '../../../dataset/types';
import { writes } from '../../../dataset/writing';
import { bytes, count, counted, percentWhole } from '../../ui/format';
import type { TargetLengths, TextLengths } from './data-state';

export const ENCODING_NAMES: Readonly<Record<SourceFormat['encoding'], string>> = {
  'utf-8': 'UTF-8',
  'windows-1252': 'Windows-1252',
  'utf-16le': 'UTF-16',
  'utf-16be': 'UTF-16 (big-endian)',
};

/** "tickets.csv · semicolons, Windows-1252, 5 columns". */
export function formatWords({ format, columns }: Pick<Table, 'format' | 'columns'>): string {
  const shape = format.kind === 'jsonl' ? 'JSON Lines' : DELIMITER_NAMES[format.delimiter];
  return `${format.fileName} · ${shape}, ${ENCODING_NAMES[format.encoding]}, ${counted(columns.length, 'column')}, ${bytes(format.bytes)}`;
}

export const usedRows = ({ split }: Pick<Dataset, 'split'>): number =>
  split.train.length + split.validation.length + split.test.length;

/** How many things stand under "To look at". */
const thingsToLookAt = (issues: readonly Issue[], rejected: number): number =>
  issues.filter(({ severity }) => severity !== 'info').length + (rejected > 0 ? 1 : 0);

export function dataHeadline(dataset: Dataset, issues: readonly Issue[]): string {
  const blocking = issues.find(({ severity }) => severity === 'blocking');
  if (blocking) return blocking.title;
  const things = thingsToLookAt(issues, dataset.table.rejected.length);
  const ready = `${counted(usedRows(dataset), writes(dataset.mapping) ? 'row' : 'labelled row')} ${usedRows(dataset) === 1 ? 'is' : 'are'} ready`;
  if (things === 0) return ready;
  return `${ready}; ${things === 1 ? 'one thing needs' : `${count(things)} things need`} a look`;
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
  if (least.share < even / 2) return `“${least.label}” is the rare label`;
  if (most.rows <= least.rows * 1.25) return `${count(bars.length)} labels, about even`;
  return `“${most.label}” is the commonest label`;
}

/** "247 to train, 71 to validate, 160 held back". */
export const splitWords = (train: number, validation: number, test: number): string =>
  `${count(train)} to train, ${count(validation)} to validate, ${count(test)} held back`;

/** "tickets-2026.csv" -> "Tickets 2026". */
export function nameFromFile(fileName: string): string {
  const words = fileName
    .replace(/\.[^.]+$/, '')
    .replace(/[-_.]+/g, ' ')
    .trim();
  return words === '' ? 'Untitled' : words[0]?.toUpperCase() + words.slice(1);
}

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

/** What the chart of the texts to be written shows. */
export const targetsTitle = ({ medianTokens, longestTokens }: TargetLengths): string =>
  `What should be written: half have ${counted(medianTokens, 'token')} or fewer, the longest ${count(longestTokens)}`;
