/** A table as text: in Markdown, and as a spreadsheet or a slide takes it from the clipboard. */
import { harmless } from '../dataset/csv-out';
import { type Cell, escapeMarkdown, html, type Table } from './types';

export interface Words extends Pick<Table, 'columns' | 'isText'> {
  readonly rows: readonly (readonly Cell[])[];
}

export const cellText = (cell: Cell): string => (typeof cell === 'string' ? cell : `${cell.value} (${cell.range})`);

const line = (cells: readonly Cell[]) => `| ${cells.map((cell) => escapeMarkdown(cellText(cell))).join(' | ')} |`;

export const markdownLines = ({ columns, rows, isText }: Words): readonly string[] => [
  line(columns),
  `|---|${(isText ? '---|' : '--:|').repeat(columns.length - 1)}`,
  ...rows.map(line),
];

/** Cells between tabs, for a spreadsheet: none runs as a formula. */
export const tabbedLines = ({ columns, rows }: Words): string =>
  [columns, ...rows]
    .map((cells) => cells.map((cell) => harmless(cellText(cell).replace(/\s+/g, ' '))).join('\t'))
    .join('\n');

export const htmlLines = ({ columns, rows }: Words): string =>
  html`<table><tr>${columns.map((name) => html`<th>${name}</th>`)}</tr>${rows.map(
    ([name, ...cells]) => html`<tr><th>${name}</th>${cells.map((cell) => html`<td>${cellText(cell)}</td>`)}</tr>`,
  )}</table>`.markup;
