/** A report in Markdown, for a wiki or a pull request: verdict, sections, limits, provenance. No row's text. */
import { times } from '../evaluation/words';
import { PRODUCT } from '../lib/product';
import { escapeMarkdown } from './escape';
import { partsOf } from './parts';
import type { Cell, ReportInput, Section, Table } from './types';

const cell = (value: Cell): string =>
  escapeMarkdown(typeof value === 'string' ? value : `${value.value} (${value.range})`);

const table = ({ caption, columns, rows }: Table): readonly string[] => [
  `| ${columns.map(cell).join(' | ')} |`,
  `|---|${'--:|'.repeat(columns.length - 1)}`,
  ...rows.map((row: readonly Cell[]) => `| ${row.map(cell).join(' | ')} |`),
  '',
  `${escapeMarkdown(caption)}.`,
  '',
];

/** Nothing of a section that consists of pictures. */
function section({ title, sentences = [], table: of, notes = [] }: Section): readonly string[] {
  const lines = [...paragraphs(sentences), ...(of ? table(of) : []), ...paragraphs(notes)];
  return lines.length === 0 ? [] : [`## ${escapeMarkdown(title)}`, '', ...lines];
}

const paragraphs = (texts: readonly string[]) => texts.flatMap((text) => [escapeMarkdown(text), '']);

export function markdownReport(input: ReportInput): string {
  const { title, comparison, model, dataset, createdAt } = input;
  const parts = partsOf(input);
  const text = escapeMarkdown;
  return [
    `# ${text(title)}`,
    '',
    `**${text(comparison.verdict.headline)}.** ${text(comparison.verdict.detail)}`,
    '',
    ...parts.sections.flatMap(section),
    '## What these figures do not say',
    '',
    ...parts.limits.map((limit) => `- ${text(limit)}`),
    '',
    `${comparison.n} test rows of ${text(dataset.name)}, used ${times(parts.looks)}. Model ${text(model.id)} (${text(model.dtype)}), SHA-256 ${text(model.sha256)}. ${text(createdAt)}, ${PRODUCT}.`,
    '',
  ].join('\n');
}
