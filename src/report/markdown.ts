import { tokensSentence } from '../evaluation/classify/pairs';
import { percent, points, pointsRange, pValue, times } from '../evaluation/words';
import { PRODUCT } from '../lib/product';
import { closerSections, limits, looksOf } from './closer';
import type { ReportInput } from './types';

/** Text that stays text inside a Markdown table cell or heading. */
export const escapeMarkdown = (text: string): string =>
  text
    .replace(/[\r\n]+/g, ' ')
    .replace(/[\\`*_{}[\]#|~]/g, (char) => `\\${char}`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');

/** The comparison in Markdown, for a wiki or a pull request: verdict, prompts, pairs, provenance. No row's text. */
export function markdownReport(input: ReportInput): string {
  const { title, comparison, model, dataset, createdAt } = input;
  const cell = escapeMarkdown;
  const armName = (id: string) => comparison.arms.find((arm) => arm.id === id)?.name ?? id;
  const nameOf = (id: string) => cell(armName(id));
  const arms = comparison.arms.map(
    (arm) =>
      `| ${cell(arm.name)} | ${percent(arm.accuracy)} (${percent(arm.accuracyCi95.low)} to ${percent(arm.accuracyCi95.high)}) | ${arm.macroF1.toFixed(3)} | ${arm.tokensSentMean === null ? '' : Math.round(arm.tokensSentMean)} |`,
  );
  const pairs = comparison.pairs.map(
    (pair) =>
      `| ${nameOf(pair.b)} against ${nameOf(pair.a)} | ${points(pair.difference)} (${pointsRange(pair.differenceCi95.low, pair.differenceCi95.high)}) | ${pValue(pair.pExact)} | ${pair.bOnly} | ${pair.aOnly} |`,
  );
  const costs = comparison.pairs.flatMap((pair) => tokensSentence(pair, armName) ?? []);
  const more = closerSections(input).flatMap(({ title: heading, sentences, table }) => [
    `## ${cell(heading)}`,
    '',
    ...sentences.flatMap((text) => [cell(text), '']),
    ...(table
      ? [
          `| ${table.columns.map(cell).join(' | ')} |`,
          `|---|${'--:|'.repeat(table.columns.length - 1)}`,
          ...table.rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
          '',
          `${cell(table.caption)}.`,
          '',
        ]
      : []),
  ]);
  return [
    `# ${cell(title)}`,
    '',
    `**${cell(comparison.verdict.headline)}.** ${cell(comparison.verdict.detail)}`,
    '',
    '| Prompt | Accuracy (95% interval) | Macro-F1 | Tokens sent |',
    '|---|--:|--:|--:|',
    ...arms,
    '',
    '| Pair | Difference in points (95% interval) | Exact p | Fixed | Broken |',
    '|---|--:|--:|--:|--:|',
    ...pairs,
    '',
    ...costs.flatMap((text) => [cell(text), '']),
    ...more,
    '## What these figures do not say',
    '',
    ...limits(input).map((text) => `- ${cell(text)}`),
    '',
    `${comparison.n} test rows of ${cell(dataset.name)}, used ${times(looksOf(input))}. Model ${cell(model.id)} (${cell(model.dtype)}), SHA-256 ${cell(model.sha256)}. ${cell(createdAt)}, ${PRODUCT}.`,
    '',
  ].join('\n');
}
