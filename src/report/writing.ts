/** A comparison of written texts as one HTML file, as Markdown, and as JSON: no text of any row unless the user agreed. */

import type {
  Difference,
  GenerateArm,
  GenerateComparison,
  GeneratePair,
  GeneratePlan,
} from '../evaluation/generate/types';
import { type Tally, tallySentence } from '../evaluation/vote';
import { times } from '../evaluation/words';
import { rounded } from '../lib/rounded';
import { type Html, html } from './escape';
import { escapeMarkdown } from './markdown';
import { notSaid, promptTexts, provenance, reportPage } from './page';
import type { ReportInput } from './types';

export interface WritingReportInput
  extends Pick<ReportInput, 'title' | 'createdAt' | 'model' | 'environment' | 'dataset' | 'prompts'> {
  readonly plan: GeneratePlan & { readonly rowIds: readonly string[]; readonly looks: number };
  readonly comparison: GenerateComparison;
  readonly training: {
    readonly placement: 'prefix' | 'suffix';
    readonly tokens: number;
    readonly seed: number;
    readonly steps: number;
    readonly bestStep: number | null;
    readonly seconds: number | null;
  } | null;
  readonly votes: Tally | null;
}

/** A row with what was wanted and what the headline's two prompts wrote, only where the user said so. */
export interface WrittenRowText {
  readonly text: string;
  readonly wanted: string;
  readonly a: string;
  readonly b: string;
}

const share = (value: number) => (100 * value).toFixed(1);
const plain = (value: number) => String(Number(value.toPrecision(3)));
const signed = (value: number) => `${value < 0 ? '−' : '+'}${share(Math.abs(value))}`;

const SHARES = ['rougeL', 'tokenF1', 'exactMatch'] as const;
const NAMES = { rougeL: 'ROUGE-L', tokenF1: 'Token F1', exactMatch: 'Exact match' } as const;

/** One line a prompt: each measure with its interval. */
const armCells = (arm: GenerateArm): readonly (readonly [value: string, range: string])[] => [
  ...SHARES.map((measure) => {
    const { low, high } = arm.intervals[measure];
    return [`${share(arm[measure])}%`, `${share(low)} to ${share(high)}`] as const;
  }),
  [plain(arm.perplexity), `${plain(arm.intervals.perplexity.low)} to ${plain(arm.intervals.perplexity.high)}`],
  [String(Math.round(arm.tokensSentMean)), ''],
];

const duelCells = (duel: GeneratePair): readonly (readonly [value: string, range: string])[] => [
  ...SHARES.map((measure) => {
    const { difference, interval }: Difference = duel[measure];
    return [signed(difference), `${signed(interval.low)} to ${signed(interval.high)}`] as const;
  }),
  [
    `× ${plain(duel.perplexity.difference)}`,
    `${plain(duel.perplexity.interval.low)} to ${plain(duel.perplexity.interval.high)}`,
  ],
  [`${duel.rows.nearer}, ${duel.rows.farther}, ${duel.rows.same}`, ''],
];

const ARM_COLUMNS = [...SHARES.map((measure) => NAMES[measure]), 'Perplexity', 'Tokens sent'];
const DUEL_COLUMNS = [...SHARES.map((measure) => NAMES[measure]), 'Perplexity, times', 'Rows closer, further, same'];
const ARMS = 'All prompts on the same test rows, with 95% bootstrap intervals';
const DUELS = 'Differences in points on the same rows, of perplexity the ratio; paired bootstrap, 95%';

const nameIn =
  ({ arms }: GenerateComparison) =>
  (id: string) =>
    arms.find((arm) => arm.id === id)?.name ?? id;

function limits({ comparison, plan, model, dataset }: WritingReportInput): readonly string[] {
  return [
    ...(comparison.n < dataset.test
      ? [
          `Prompts wrote after ${comparison.n.toLocaleString('en')} of the ${dataset.test.toLocaleString('en')} test rows: of many, 200 are drawn at random, and rows too long for a prompt are left out.`,
        ]
      : []),
    `The intervals are about rows like these ${comparison.n.toLocaleString('en')}. Other customers, another month or another channel may be different.`,
    'ROUGE-L, token F1 and exact match count common words with one expected text. They see neither whether an answer is true nor whether another wording would do as well: read some rows, or vote blind.',
    'One seed was trained. Another seed would have given another prompt, and the intervals do not cover that.',
    plan.looks > 1
      ? `The test rows have been used ${times(plan.looks)}. The figures are exact for one use; each further one makes a lucky result more likely.`
      : 'The figures are for this one use of the test rows; if you change a prompt after reading them, you need fresh rows.',
    ...(plan.groups ? ['Some rows belong together; the bootstrap draws them together.'] : []),
    `They hold for ${model.id} with exactly these weights, and for the most likely answer to each row; a temperature above 0 gives other answers.`,
  ];
}

const table = (
  caption: string,
  first: string,
  columns: readonly string[],
  rows: readonly (readonly [name: string, cells: ReturnType<typeof armCells>])[],
): Html => html`
<section class="scroll" tabindex="0" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr><th scope="col">${first}</th>${columns.map((name) => html`<th scope="col" class="n">${name}</th>`)}</tr></thead>
<tbody>${rows.map(
  ([name, cells]) => html`
<tr><th scope="row">${name}</th>${cells.map(([value, range]) => html`<td class="n">${value} <span class="range">${range}</span></td>`)}</tr>`,
)}</tbody></table></section>`;

const votesSentence = ({ votes, comparison, plan }: WritingReportInput): string | null => {
  const [pair] = plan.pairs;
  if (!votes || !pair) return null;
  return tallySentence(votes, nameIn(comparison)(pair[0]), nameIn(comparison)(pair[1]));
};

function rowsTable({ comparison, plan }: WritingReportInput, rows: readonly WrittenRowText[]): Html {
  const [pair] = plan.pairs;
  if (rows.length === 0 || !pair) return html``;
  const nameOf = nameIn(comparison);
  return html`
<h2>What was generated</h2>
<section class="scroll" tabindex="0" aria-label="What was generated"><table>
<caption>The rows on which the two differ most</caption>
<thead><tr><th scope="col">Text</th><th scope="col">Expected</th><th scope="col">${nameOf(pair[0])}</th><th scope="col">${nameOf(pair[1])}</th></tr></thead>
<tbody>${rows.map((row) => html`<tr><td>${row.text}</td><td>${row.wanted}</td><td>${row.a}</td><td>${row.b}</td></tr>`)}</tbody></table></section>`;
}

/** One HTML file with everything in it: no script, no request, verdict first, every figure with its interval. */
export function writingHtml(input: WritingReportInput, rows: readonly WrittenRowText[] = []): string {
  const { title, comparison, training, plan, prompts } = input;
  const { verdict, arms, duels } = comparison;
  const nameOf = nameIn(comparison);
  const votes = votesSentence(input);
  return reportPage(
    title,
    verdict,
    html`
<h2>What each prompt reaches</h2>
${table(
  ARMS,
  'Prompt',
  ARM_COLUMNS,
  arms.map((arm) => [arm.name, armCells(arm)] as const),
)}
<h2>Row by row</h2>
${table(
  DUELS,
  'Pair',
  DUEL_COLUMNS,
  duels.map((duel) => [`${nameOf(duel.b)} against ${nameOf(duel.a)}`, duelCells(duel)] as const),
)}
${votes ? html`<h2>Blind votes</h2><p>${votes}</p>` : ''}
${rowsTable(input, rows)}
${notSaid(limits(input))}
${promptTexts(prompts, nameOf)}
${provenance({
  ...input,
  training: training
    ? html`${training.tokens} virtual tokens ${training.placement === 'prefix' ? 'before' : 'after'} the text, ${training.steps} steps${training.bestStep === null ? '' : `, the lowest validation loss at step ${training.bestStep}`}, seed ${training.seed}`
    : null,
  looks: plan.looks,
  seed: plan.seed,
  rows:
    rows.length === 0
      ? 'none: no text of any row, and no generated text'
      : `${rows.length} test rows, as their owner chose`,
})}`,
  );
}

/** For a wiki or a pull request. No row's text. */
export function writingMarkdown(input: WritingReportInput): string {
  const { title, comparison, dataset, model, createdAt, plan } = input;
  const cell = escapeMarkdown;
  const nameOf = nameIn(comparison);
  const votes = votesSentence(input);
  const rows = (
    first: string,
    columns: readonly string[],
    lines: readonly (readonly [name: string, cells: ReturnType<typeof armCells>])[],
  ) => [
    `| ${[first, ...columns].join(' | ')} |`,
    `|---|${'--:|'.repeat(columns.length)}`,
    ...lines.map(
      ([name, cells]) =>
        `| ${cell(name)} | ${cells.map(([value, range]) => (range === '' ? value : `${value} (${range})`)).join(' | ')} |`,
    ),
    '',
  ];
  return [
    `# ${cell(title)}`,
    '',
    `**${cell(comparison.verdict.headline)}.** ${cell(comparison.verdict.detail)}`,
    '',
    ...rows(
      'Prompt',
      ARM_COLUMNS,
      comparison.arms.map((arm) => [arm.name, armCells(arm)] as const),
    ),
    ...rows(
      'Pair',
      DUEL_COLUMNS,
      comparison.duels.map((duel) => [`${nameOf(duel.b)} against ${nameOf(duel.a)}`, duelCells(duel)] as const),
    ),
    ...(votes ? ['## Blind votes', '', cell(votes), ''] : []),
    '## What these figures do not say',
    '',
    ...limits(input).map((text) => `- ${cell(text)}`),
    '',
    `${comparison.n} test rows of ${cell(dataset.name)}, used ${times(plan.looks)}. Model ${cell(model.id)} (${cell(model.dtype)}), SHA-256 ${cell(model.sha256)}. ${cell(createdAt)}.`,
    '',
  ].join('\n');
}

/** Row ids and figures, no text of any row. */
export function writingJson({ plan, comparison, prompts, ...facts }: WritingReportInput) {
  return rounded({
    formatVersion: 1,
    task: 'write',
    ...facts,
    prompts,
    looks: plan.looks,
    arms: comparison.arms.map(({ rows, ...arm }) => ({
      ...arm,
      rows: plan.rowIds.map((id, i) => ({
        id,
        rougeL: rows[i] ?? 0,
        ...plan.arms.find((each) => each.id === arm.id)?.scores[i],
      })),
    })),
    comparisons: comparison.duels,
    verdict: comparison.verdict,
  });
}
