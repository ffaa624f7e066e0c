/** A report: the parts of its kind of task, what every report says, and both as HTML and as Markdown. */
import type { ByTask } from '../dataset/kind';
import { namesOf, times } from '../evaluation/words';
import { PRODUCT } from '../lib/product';
import { PLACEMENT_WORDS } from '../prompt/soft-prompt';
import { escapeMarkdown, Html, html } from './escape';
import { labelParts } from './labels';
import { REPORT_STYLE } from './style';
import { textParts } from './texts';
import type { Cell, LabelReport, ReportInput, ReportParts, Section, Table, TextReport } from './types';

type PartsOf<R> = (input: R, nameOf: (armId: string) => string) => ReportParts;

const PARTS: { readonly [K in keyof ByTask<0>]: PartsOf<{ classify: LabelReport; generate: TextReport }[K]> } = {
  classify: labelParts,
  generate: textParts,
};

function partsOf(input: ReportInput): ReportParts & { readonly nameOf: (armId: string) => string } {
  const nameOf = namesOf(input.comparison.arms);
  const parts = input.kind === 'classify' ? PARTS.classify(input, nameOf) : PARTS.generate(input, nameOf);
  return { ...parts, nameOf, limits: [...general(input, parts), ...parts.limits] };
}

/** What a reader might take any figures for and should not. */
const general = ({ comparison, model }: ReportInput, { seeds, looks }: ReportParts): readonly string[] => [
  `The intervals are about rows like these ${comparison.n.toLocaleString('en')}. Other customers, another month or another channel may be different.`,
  seeds > 1
    ? 'The intervals do not cover the choice of the seed; see the range over seeds.'
    : 'One seed was trained. Another seed would have given another prompt, and the intervals do not cover that.',
  looks > 1
    ? `The test rows have been used ${times(looks)}. The figures are exact for one use; each further one makes a lucky result more likely.`
    : 'The figures are for this one use of the test rows; if you change a prompt after reading them, you need fresh rows.',
  `They hold for ${model.id} with exactly these weights; with others, measure the prompt again.`,
];

// A report as one HTML file with everything in it: no script, no request, verdict first, every figure with its interval.

const htmlCell = (value: Cell) =>
  typeof value === 'string'
    ? html`<td class="n">${value}</td>`
    : html`<td class="n">${value.value} <span class="${value.isUnder ? 'range under' : 'range'}">${value.range}</span>${value.picture}</td>`;

const htmlTable = (title: string, { caption, columns, rows }: Table) => html`
<section class="scroll" tabindex="0" aria-label="${title}"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map((name, i) => html`<th scope="col"${i > 0 ? new Html(' class="n"') : ''}>${name}</th>`)}</tr></thead>
<tbody>${rows.map(
  ([name, ...cells]) => html`
<tr><th scope="row">${name}</th>${cells.map(htmlCell)}</tr>`,
)}</tbody></table></section>`;

const htmlSection = ({ title, sentences = [], table: of, notes = [], pictures }: Section) => html`
<h2>${title}</h2>
${sentences.map((text) => html`<p>${text}</p>`)}${of ? htmlTable(title, of) : ''}${notes.map((text) => html`<p class="small">${text}</p>`)}${pictures}`;

/** The texts around a row; examples are counted, not printed. */
const promptTexts = (prompts: ReportInput['prompts'], nameOf: (armId: string) => string) => html`
<h2>Prompts</h2>
${prompts.map(
  ({ armId, template, shots, version }) =>
    html`<h3>${nameOf(armId)}${version ? ` (${version})` : ''}${shots > 0 ? `, ${shots} training rows shown before each row (not printed here)` : ''}</h3><pre>${template}</pre>`,
)}`;

const duration = (s: number) =>
  s < 60 ? `${s.toFixed(s < 10 ? 1 : 0)} s` : `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;

function trainedWords({ placement, tokens, steps, bestStep, seed, seconds }: NonNullable<ReportParts['trained']>) {
  const kept = bestStep === null ? '' : `, kept from step ${bestStep}`;
  const took = seconds === null ? '' : `, ${duration(seconds)}`;
  return `${tokens} virtual tokens ${PLACEMENT_WORDS[placement]}, ${steps} steps${kept}, seed ${seed}${took}`;
}

/** Model, data, training and draws: what somebody needs to make it again. */
function provenance(input: ReportInput, { trained, calibration, looks, ranOn, rowsWords }: ReportParts): Html {
  const { model, dataset, environment, createdAt, plan } = input;
  const ran =
    environment &&
    `${environment.backend}, ${environment.threads} ${environment.threads === 1 ? 'thread' : 'threads'}${ranOn}`;
  const facts: readonly (readonly [string, unknown])[] = [
    ['Model', `${model.id}, ${model.dtype} weights, computed in fp32; SHA-256 ${model.sha256}`],
    [
      'Data',
      `${dataset.name}: ${dataset.rows} rows, of which ${dataset.train} for training, ${dataset.validation} for validation, ${dataset.test} for the test; fingerprint ${dataset.fingerprint}, split ${dataset.splitHash}`,
    ],
    ['Training', trained && trainedWords(trained)],
    ['Calibration', calibration],
    ['Test rows', `Used ${times(looks)}`],
    ['Ran on', ran],
    ['Resampling', `10,000 draws, seed ${plan.seed}`],
    ['Made', html`<time datetime="${createdAt}">${createdAt}</time> with ${PRODUCT}`],
    ['Rows in this file', rowsWords],
  ];
  return html`
<h2>How this was made</h2>
<dl>
${facts.map(([name, value]) => (value === null ? '' : html`<dt>${name}</dt><dd>${value}</dd>\n`))}</dl>`;
}

export function htmlReport(input: ReportInput): string {
  const { title } = input;
  const { headline, detail } = input.comparison.verdict;
  const parts = partsOf(input);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="robots" content="noindex">
<title>${title}: ${headline}</title>
<style>${new Html(REPORT_STYLE)}</style>
</head>
<body>
<main>
<p class="small">${title}</p>
<h1>${headline}</h1>
<p>${detail}</p>
${parts.sections.map(htmlSection)}
${parts.rows}
<h2>What these figures do not say</h2>
<ul>${parts.limits.map((text) => html`<li>${text}</li>`)}</ul>
${promptTexts(input.prompts, parts.nameOf)}
${provenance(input, parts)}
</main>
</body>
</html>
`.markup;
}

// A report in Markdown, for a wiki or a pull request: verdict, sections, limits, provenance. No row's text.

const markdownCell = (value: Cell): string =>
  escapeMarkdown(typeof value === 'string' ? value : `${value.value} (${value.range})`);

const markdownTable = ({ caption, columns, rows }: Table): readonly string[] => [
  `| ${columns.map(markdownCell).join(' | ')} |`,
  `|---|${'--:|'.repeat(columns.length - 1)}`,
  ...rows.map((row: readonly Cell[]) => `| ${row.map(markdownCell).join(' | ')} |`),
  '',
  `${escapeMarkdown(caption)}.`,
  '',
];

/** Nothing of a section that consists of pictures. */
function markdownSection({ title, sentences = [], table: of, notes = [] }: Section): readonly string[] {
  const lines = [...paragraphs(sentences), ...(of ? markdownTable(of) : []), ...paragraphs(notes)];
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
    ...parts.sections.flatMap(markdownSection),
    '## What these figures do not say',
    '',
    ...parts.limits.map((limit) => `- ${text(limit)}`),
    '',
    `${comparison.n} test rows of ${text(dataset.name)}, used ${times(parts.looks)}. Model ${text(model.id)} (${text(model.dtype)}), SHA-256 ${text(model.sha256)}. ${text(createdAt)}, ${PRODUCT}.`,
    '',
  ].join('\n');
}
