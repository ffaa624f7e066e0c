/** A report as HTML and as Markdown: one page to decide on, and an appendix with how it was made. */
import { accountSentence, leftOutRows } from '../dataset/account';
import { reasonOf, type VerdictCard } from '../evaluation/card';
import { namesOf, times } from '../evaluation/words';
import { count, counted, PRODUCT } from '../lib/format';
import { type ColourName, PALETTE, rgbParts } from '../lib/palette';
import { PLACEMENT_WORDS } from '../prompt/soft-prompt';
import { rankChart } from './charts';
import { reportKind } from './kinds';
import { markdownLines } from './table-text';
import {
  type Cell,
  escapeMarkdown,
  Html,
  html,
  htmlHead,
  type ReportInput,
  type ReportParts,
  type Section,
  type Table,
} from './types';

interface AllParts extends ReportParts {
  readonly nameOf: (armId: string) => string;
  /** How often the test rows have been used, also after the comparison. */
  readonly looks: number;
  /** What may be otherwise than the figures say, whichever the task is. */
  readonly risks: readonly string[];
}

function partsOf(input: ReportInput): AllParts {
  const nameOf = namesOf(input.comparison.arms);
  const parts = reportKind(input.kind).parts(input, nameOf);
  const looks = Math.max(input.plan.looks, input.closer?.review?.looks ?? 0);
  return { ...parts, nameOf, looks, risks: risksOf(input, looks, nameOf) };
}

const risksOf = (
  { comparison, model, mayKnow, account, closer }: ReportInput,
  looks: number,
  nameOf: AllParts['nameOf'],
): readonly string[] => [
  ...(mayKnow.length > 0
    ? [
        `${mayKnow.map(nameOf).join(', ')} may have seen some of these test rows in training: ${mayKnow.length === 1 ? 'its figures' : 'their figures'} may be too high. Train again on this split before you decide.`,
      ]
    : []),
  ...(leftOutRows(account) > 0 ? [accountSentence(account)] : []),
  `The intervals are about rows like these ${count(comparison.n)}. Other customers, another month or another channel may be different.`,
  closer?.seedRange && closer.seedRange.seeds > 1
    ? 'The intervals do not cover the choice of the seed; see the range over seeds.'
    : 'One seed was trained. Another seed would have given another prompt, and the intervals do not cover that.',
  looks > 1
    ? `The test rows have been used ${times(looks)}. The figures are exact for one use; each further one makes a lucky result more likely.`
    : 'The figures are for this one use of the test rows. If you change a prompt after reading them, use fresh rows.',
  `They hold for ${model.id} with exactly these weights; with others, measure the prompt again.`,
];

// A report as one HTML file with everything in it: no script, no request, verdict first, every figure with its interval.

const NUMBER = new Html(' class="n"');

const htmlCell = (value: Cell, isText = false) =>
  typeof value === 'string'
    ? html`<td${isText ? '' : NUMBER}>${value}</td>`
    : html`<td class="n">${value.value} <span class="range">${value.range}</span>${value.picture}</td>`;

const htmlTable = (title: string, { caption, columns, rows, isText }: Table) => html`
<section class="scroll" tabindex="0" aria-label="${title}"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map((name, i) => html`<th scope="col"${i > 0 && !isText ? NUMBER : ''}>${name}</th>`)}</tr></thead>
<tbody>${rows.map(
  ([name, ...cells]) => html`
<tr><th scope="row">${name}</th>${cells.map((cell) => htmlCell(cell, isText))}</tr>`,
)}</tbody></table></section>`;

const htmlSection = ({ title, sentences = [], table: of, notes = [], pictures }: Section) => html`
<h2>${title}</h2>
${sentences.map((text) => html`<p>${text}</p>`)}${of ? htmlTable(title, of) : ''}${notes.map((text) => html`<p class="small">${text}</p>`)}${pictures}`;

/** What to do, every prompt in one chart, what it costs, and what may be otherwise: the page to decide on. */
function htmlPage({ card, mayKnow }: ReportInput, { risks }: AllParts): Html {
  const risk = html`<section><h2>What could be wrong</h2>
<ul>${risks.map((text) => html`<li>${text}</li>`)}</ul></section>`;
  if (!card) return risk;
  const chips = (isCost: boolean) =>
    html`<ul>${card.chips
      .filter(({ id }) => (id === 'cost') === isCost)
      .map(({ label, value, detail }) => html`<li>${label}: <strong>${value}</strong>. ${detail}.</li>`)}</ul>`;
  return html`<h2>What to do</h2>
<p><strong>${card.title}.</strong> ${reasonOf(card)}</p>
${rankChart(card, mayKnow)}
<div class="columns"><section><h2>What it is based on</h2>
${chips(false)}
<h2>What it costs</h2>
${chips(true)}</section>
${risk}</div>`;
}

/** The texts around a row; examples are counted, not printed. */
const promptTexts = (prompts: ReportInput['prompts'], nameOf: (armId: string) => string) => html`
<h2>Prompts</h2>
${prompts.map(
  ({ armId, template, shots, version }) =>
    html`<h3>${nameOf(armId)}${version ? ` (${version})` : ''}${shots > 0 ? `, ${shots} training rows shown before each row (not printed here)` : ''}</h3><pre>${template}</pre>`,
)}`;

const duration = (s: number) =>
  s < 60 ? `${s.toFixed(s < 10 ? 1 : 0)} s` : `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;

function trainedWords({
  placement,
  tokens,
  steps,
  bestStep,
  seed,
  trainSeconds,
}: NonNullable<ReportInput['training']>) {
  const kept = bestStep === null ? '' : `, kept from step ${bestStep}`;
  const took = trainSeconds === 0 ? '' : `, ${duration(trainSeconds)}`;
  return `${tokens} virtual tokens ${PLACEMENT_WORDS[placement]}, ${steps} steps${kept}, seed ${seed}${took}`;
}

/** Model, data, training and draws: what somebody needs to make it again. */
function provenance(input: ReportInput, { calibration, looks, ranOn = '', rowsWords }: AllParts): Html {
  const { model, dataset, environment, createdAt, plan, account, training } = input;
  const ran = environment && `${environment.backend}, ${counted(environment.threads, 'thread')}${ranOn}`;
  const facts: readonly (readonly [string, unknown])[] = [
    ['Model', `${model.id}, ${model.dtype} weights, computed in fp32; SHA-256 ${model.sha256}`],
    [
      'Data',
      `${dataset.name}: ${dataset.rows} rows, of which ${dataset.train} for training, ${dataset.validation} for validation, ${dataset.test} for the test; fingerprint ${dataset.fingerprint}, split ${dataset.splitHash}`,
    ],
    ['Rows', accountSentence(account)],
    ['Training', training && trainedWords(training)],
    ['Calibration', calibration ?? null],
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

const htmlDocument = (title: string, headline: string, body: Html): string =>
  html`${htmlHead(`${title}: ${headline}`, new Html(REPORT_STYLE))}
<body>
<main>
<p class="small">${title}</p>
<h1>${headline}</h1>
${body}
</main>
</body>
</html>
`.markup;

export function htmlReport(input: ReportInput): string {
  const { headline, detail } = input.comparison.verdict;
  const parts = partsOf(input);
  return htmlDocument(
    input.title,
    headline,
    html`${htmlPage(input, parts)}
<section class="appendix">
<h2>Appendix: the verdict in full</h2>
<p>${detail}</p>
${parts.sections.map(htmlSection)}
${parts.rows}
<h2>What these figures do not say</h2>
<ul>${parts.limits.map((text) => html`<li>${text}</li>`)}</ul>
${promptTexts(input.prompts, parts.nameOf)}
${provenance(input, parts)}
${input.history.map(htmlSection)}</section>`,
  );
}

// A report in Markdown, for a wiki or a pull request: verdict, sections, limits, provenance. No row's text.

const markdownTable = (table: Table): readonly string[] => [
  ...markdownLines(table),
  '',
  `${escapeMarkdown(table.caption)}.`,
  '',
];

/** Nothing of a section that consists of pictures. */
function markdownSection({ title, sentences = [], table: of, notes = [] }: Section): readonly string[] {
  const lines = [...paragraphs(sentences), ...(of ? markdownTable(of) : []), ...paragraphs(notes)];
  return lines.length === 0 ? [] : [`## ${escapeMarkdown(title)}`, '', ...lines];
}

const markdownCard = (card: VerdictCard): readonly string[] => [
  `**${escapeMarkdown(card.title)}.** ${escapeMarkdown(reasonOf(card))}`,
  '',
  ...card.chips.map(({ label, value, detail }) => `- ${escapeMarkdown(`${label}: ${value}. ${detail}.`)}`),
  '',
];

const paragraphs = (texts: readonly string[]) => texts.flatMap((text) => [escapeMarkdown(text), '']);

export function markdownReport(input: ReportInput): string {
  const { title, comparison, model, dataset, createdAt, account } = input;
  const parts = partsOf(input);
  const text = escapeMarkdown;
  return [
    `# ${text(title)}`,
    '',
    `**${text(comparison.verdict.headline)}.** ${text(comparison.verdict.detail)}`,
    '',
    ...(input.card ? markdownCard(input.card) : []),
    ...[...parts.sections, ...input.history].flatMap(markdownSection),
    '## What these figures do not say',
    '',
    ...[...parts.risks, ...parts.limits].map((limit) => `- ${text(limit)}`),
    '',
    ...paragraphs([accountSentence(account)]),
    `${comparison.n} ${'folds' in input.plan ? 'rows' : 'test rows'} of ${text(dataset.name)}, used ${times(parts.looks)}. Model ${text(model.id)} (${text(model.dtype)}), SHA-256 ${text(model.sha256)}. ${text(createdAt)}, ${PRODUCT}.`,
    '',
  ].join('\n');
}

/** The report's names for the product's colours. */
const COLOURS = {
  paper: 'paper',
  panel: 'panel',
  line: 'line',
  ink: 'ink',
  ink2: 'ink-2',
  a: 'arm-a',
  b: 'arm-b',
  ref: 'ref',
} as const satisfies Readonly<Record<string, ColourName>>;

/** The custom properties of a page outside the studio. */
export const colours = (mode: 'light' | 'dark'): string =>
  [
    ...Object.entries(COLOURS).map(([name, of]) => `--${name}:${PALETTE[of][mode]}`),
    `--cell:${rgbParts(PALETTE['arm-b'][mode])}`,
  ].join(';');

/** The report's whole look: it follows the reader's light or dark mode and prints. */
const REPORT_STYLE = `
:root{color-scheme:light dark;${colours('light')}}
@media (prefers-color-scheme:dark){:root{${colours('dark')}}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:24px 16px 48px;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.75rem;line-height:1.2;margin:8px 0}
h2{font-size:1.25rem;margin:32px 0 8px}
h3{font-size:1rem;margin:16px 0 4px}
p{max-width:44rem;margin:8px 0;overflow-wrap:anywhere}
.small,caption,dt{color:var(--ink2);font-size:.875rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;background:var(--panel);border:1px solid var(--line)}
caption{text-align:left;padding:4px 0}
th,td{padding:6px 8px;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{font-weight:600}
td:not(.n),th[scope=row]{overflow-wrap:anywhere}
@media (min-width:60rem){.matrices th{overflow-wrap:anywhere}}
@media screen and (max-width:60rem){.scroll td:not(.n,:empty){min-width:9rem}.scroll th[scope=row]{min-width:7rem}}
@media screen and (max-width:40rem){.ranks tr{display:grid;grid-template-columns:minmax(0,1fr) auto;border-bottom:1px solid var(--line)}.ranks :is(th,td){border:0}.ranks tr td:nth-child(2){grid-area:2/1/3/3;width:auto}.ranks td:last-child{grid-column:1/3}.ranks thead{display:none}}
.n{text-align:right;font-variant-numeric:tabular-nums}
.range{display:block;color:var(--ink2);font-size:.875rem}
.ranks .n{white-space:nowrap}
.ranks .range{display:inline}
.ranks td:nth-child(2){width:30%}
.ranks .plot{width:100%;height:auto}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:0 32px}
.scroll:focus-visible{outline:2px solid var(--b)}
.plot{width:160px;height:20px;display:block;margin-left:auto}
.matrices{display:grid;grid-template-columns:repeat(auto-fill,minmax(18rem,1fr));gap:16px}
.matrices.wide{grid-template-columns:1fr}
.matrices table{width:auto}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(18rem,26rem));gap:16px}
figure{margin:0}
figcaption{font-weight:600;margin:4px 0}
.chart{width:100%;height:auto;display:block;background:var(--panel);border:1px solid var(--line)}
.chart text{font-size:11px;fill:var(--ink2)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px}
dd{margin:0;overflow-wrap:anywhere}
pre{background:var(--panel);border:1px solid var(--line);padding:8px 12px;white-space:pre-wrap;overflow-wrap:anywhere}
ul{max-width:44rem;padding-left:1.25rem}
li{margin:4px 0}
@page{margin:14mm}
@media print{:root{color-scheme:light;${colours('light')};--paper:#fff;--panel:#fff;--line:#ccc;--ink:#000;--ink2:#444}body{max-width:none;padding:0;font-size:9.5pt;line-height:1.35}h1{font-size:16pt}h2{font-size:11pt;margin:12pt 0 4pt}.scroll{overflow:visible}table,.range,.small,caption,dt{font-size:8pt}th,td{padding:2pt 4pt}.matrices th,td{overflow-wrap:anywhere}.ranks td:nth-child(2){width:25%}.appendix{break-before:page}h2,h3,caption{break-after:avoid}figure,tr,svg,pre{break-inside:avoid}thead{display:table-header-group}*{print-color-adjust:exact}}
`;
