import { tokensSentence } from '../evaluation/classify/pairs';
import { accuracyFinding, confusionFinding } from '../evaluation/classify/titles';
import { type ArmReport, type Interval, isLearned, type PairReport } from '../evaluation/types';
import { percent, points, pointsRange, pValue } from '../evaluation/words';
import { COLOURS, confidenceCharts } from './charts';
import { closerSections, limits, looksOf, type Section } from './closer';
import { Html, html } from './escape';
import { notSaid, promptTexts, provenance, reportPage } from './page';
import type { ReportInput, RowText } from './types';

const share = (value: number) => (100 * value).toFixed(1);
const seconds = (s: number) =>
  s < 60 ? `${s.toFixed(s < 10 ? 1 : 0)} s` : `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;

/** Interval and point on a 0-100 track; the numbers stand beside it, so it is hidden from screen readers. */
function intervalPlot(value: number, { low, high }: Interval, kind: ArmReport['kind']): Html {
  const x = (v: number) => (4 + 152 * v).toFixed(1);
  const colour = COLOURS[kind];
  const mark = isLearned(kind)
    ? html`<path d="M${x(value)} 4l6 6-6 6-6-6z" fill="${colour}"/>`
    : html`<circle cx="${x(value)}" cy="10" r="5" fill="${colour}"/>`;
  return html`<svg class="plot" viewBox="0 0 160 20" aria-hidden="true"><path d="M4 10H156" stroke="var(--line)"/><path d="M${x(low)} 10H${x(high)}" stroke="${colour}" stroke-width="2"/>${mark}</svg>`;
}

const orDash = (value: number | null, digits: number, unit = '') =>
  value === null ? '–' : `${value.toFixed(digits)}${unit}`;

const armRow = (arm: ArmReport) => html`
<tr><th scope="row">${arm.name}</th>
<td class="n">${share(arm.accuracy)}% <span class="range">${share(arm.accuracyCi95.low)} to ${share(arm.accuracyCi95.high)}</span></td>
<td>${intervalPlot(arm.accuracy, arm.accuracyCi95, arm.kind)}</td>
<td class="n">${arm.correct} of ${arm.n}</td>
<td class="n">${arm.macroF1.toFixed(3)} <span class="range">${arm.macroF1Ci95 ? `${arm.macroF1Ci95.low.toFixed(3)} to ${arm.macroF1Ci95.high.toFixed(3)}` : ''}</span></td>
<td>${arm.kind === 'reference' ? '–' : arm.calibrated ? 'yes' : 'no'}</td></tr>`;

const costRow = (arm: ArmReport) => html`
<tr><th scope="row">${arm.name}</th>
<td class="n">${orDash(arm.tokensSentMean, 0)}</td>
<td class="n">${orDash(arm.tokensComputedMean, 0)}</td>
<td class="n">${orDash(arm.latencyMsMedian, 0, ' ms')}</td></tr>`;

function costSentences({ arms, pairs }: ReportInput['comparison']): readonly string[] {
  const nameOf = (id: string) => arms.find((arm) => arm.id === id)?.name ?? id;
  return pairs.flatMap((pair) => tokensSentence(pair, nameOf) ?? []);
}

/** Left out where nothing was measured. */
function costTable({ comparison }: ReportInput): Html {
  const measured = comparison.arms.filter((arm) => arm.tokensSentMean !== null || arm.latencyMsMedian !== null);
  if (measured.length === 0) return html``;
  return html`
<h2>What a row costs</h2>
<section class="scroll" tabindex="0" aria-label="What a row costs"><table>
<caption>Tokens sent: text and virtual tokens. Computed: what is really run when shared text is cached. Latency: warm median of single rows</caption>
<thead><tr><th scope="col">Prompt</th><th scope="col" class="n">Tokens sent</th><th scope="col" class="n">Computed</th><th scope="col" class="n">Latency</th></tr></thead>
<tbody>${measured.map(costRow)}</tbody></table></section>
${costSentences(comparison).map((text) => html`<p class="small">${text}</p>`)}`;
}

const armsTable = ({ comparison }: ReportInput) => html`
<h2>${accuracyFinding(comparison.arms, comparison.pairs[0])}</h2>
<section class="scroll" tabindex="0" aria-label="All prompts"><table>
<caption>All prompts on the same ${comparison.n} test rows; accuracy with its 95% Wilson interval, macro-F1 with its bootstrap interval</caption>
<thead><tr><th scope="col">Prompt</th><th scope="col" class="n">Accuracy</th><th scope="col"></th><th scope="col" class="n">Right</th><th scope="col" class="n">Macro-F1</th><th scope="col">Calibrated</th></tr></thead>
<tbody>${comparison.arms.map(armRow)}</tbody></table></section>`;

const pairRow = (pair: PairReport, nameOf: (id: string) => string) => html`
<tr><th scope="row">${nameOf(pair.b)} against ${nameOf(pair.a)}</th>
<td class="n">${points(pair.difference)} <span class="range">${pointsRange(pair.differenceCi95.low, pair.differenceCi95.high)}</span></td>
<td class="n">${pValue(pair.pExact)} <span class="range under">mid-${pValue(pair.pMidP)}${pair.pHolm === undefined ? '' : `, Holm ${pValue(pair.pHolm).slice(2)}`}</span></td>
<td class="n">${pair.bOnly}</td><td class="n">${pair.aOnly}</td><td class="n">${pair.bothRight}</td><td class="n">${pair.bothWrong}</td>
<td class="n">${points(pair.macroF1Difference)} <span class="range">${pointsRange(pair.macroF1Ci95.low, pair.macroF1Ci95.high)}, ${pValue(pair.macroF1P)}</span></td></tr>`;

function pairsTable({ comparison }: ReportInput): Html {
  const nameOf = (id: string) => comparison.arms.find((arm) => arm.id === id)?.name ?? id;
  const survive = comparison.pairs.filter((pair) => (pair.pHolm ?? pair.pExact) < 0.05).length;
  return html`
<h2>Row by row</h2>
<section class="scroll" tabindex="0" aria-label="Row by row"><table>
<caption>Differences in points on the same rows. Accuracy: Bonett-Price 95% interval, exact McNemar p (mid-p, Holm). Macro-F1: paired bootstrap interval, permutation p</caption>
<thead><tr><th scope="col">Pair</th><th scope="col" class="n">Accuracy</th><th scope="col" class="n">Exact p</th><th scope="col" class="n">Fixed</th><th scope="col" class="n">Broken</th><th scope="col" class="n">Both right</th><th scope="col" class="n">Both wrong</th><th scope="col" class="n">Macro-F1</th></tr></thead>
<tbody>${comparison.pairs.map((pair) => pairRow(pair, nameOf))}</tbody></table></section>
${comparison.pairs.length > 1 ? html`<p class="small">${survive} of ${comparison.pairs.length} comparisons hold after Holm’s correction for having made several.</p>` : ''}`;
}

function confusionTable(arm: ArmReport, labels: readonly string[]): Html {
  const cell = (rows: number, total: number) =>
    html`<td class="n" style="background:rgb(var(--cell) / ${(total === 0 ? 0 : (0.5 * rows) / total).toFixed(2)})">${rows}</td>`;
  return html`
<section class="scroll" tabindex="0" aria-label="${arm.name}: labels against predictions"><h3>${confusionFinding(arm, labels)}</h3><table>
<caption>Rows: label. Columns: what the prompt says</caption>
<thead><tr><td></td>${labels.map((label) => html`<th scope="col" class="n">${label}</th>`)}</tr></thead>
<tbody>${arm.confusion.map((row, gold) => {
    const total = row.reduce((a, b) => a + b, 0);
    return html`<tr><th scope="row">${labels[gold]}</th>${row.map((rows) => cell(rows, total))}</tr>`;
  })}</tbody></table></section>`;
}

const classTable = (arm: ArmReport) => html`
<section class="scroll" tabindex="0" aria-label="${arm.name} by label"><table>
<caption>${arm.name}, by label${arm.classes.some((c) => c.undefined) ? '; * where 0/0 is read as 0' : ''}</caption>
<thead><tr><th scope="col">Label</th><th scope="col" class="n">Precision</th><th scope="col" class="n">Recall</th><th scope="col" class="n">F1</th><th scope="col" class="n">Rows</th></tr></thead>
<tbody>${arm.classes.map((c) => html`<tr><th scope="row">${c.label}${c.undefined ? ' *' : ''}</th><td class="n">${c.precision.toFixed(3)}</td><td class="n">${c.recall.toFixed(3)}</td><td class="n">${c.f1.toFixed(3)}</td><td class="n">${c.support}</td></tr>`)}</tbody></table></section>`;

/** Only where the user said that rows may be in the file. */
function changedRows({ plan, comparison }: ReportInput, rows: readonly RowText[]): Html {
  const pair = comparison.pairs[0];
  if (!pair) return html``;
  const texts = new Map(rows.map((row) => [row.id, row.text]));
  const at = new Map(plan.rowIds.map((id, i) => [id, i]));
  const said = (armId: string, i: number) =>
    plan.labels[comparison.arms.find((arm) => arm.id === armId)?.predictions[i] ?? -1] ?? '';
  const list = (title: string, ids: readonly string[]) => html`
<h3>${title}: ${ids.length}</h3>
<section class="scroll" tabindex="0" aria-label="${title}"><table><thead><tr><th scope="col">Text</th><th scope="col">Label</th><th scope="col">Before</th><th scope="col">After</th></tr></thead><tbody>${ids.map(
    (id) => {
      const i = at.get(id) ?? -1;
      return html`<tr><td>${texts.get(id) ?? `row ${id}`}</td><td>${plan.labels[plan.gold[i] ?? -1] ?? ''}</td><td>${said(pair.a, i)}</td><td>${said(pair.b, i)}</td></tr>`;
    },
  )}</tbody></table></section>`;
  return html`<h2>Rows that changed</h2>${list('Fixed', pair.fixed)}${list('Broken', pair.broken)}`;
}

const section = ({ title, sentences, table }: Section) => html`
<h2>${title}</h2>
${sentences.map((text) => html`<p>${text}</p>`)}${
  table
    ? html`
<section class="scroll" tabindex="0" aria-label="${title}"><table>
<caption>${table.caption}</caption>
<thead><tr>${table.columns.map((name, i) => html`<th scope="col"${i > 0 ? new Html(' class="n"') : ''}>${name}</th>`)}</tr></thead>
<tbody>${table.rows.map(
        (row) => html`
<tr>${row.map((value, i) => (i === 0 ? html`<th scope="row">${value}</th>` : html`<td class="n">${value}</td>`))}</tr>`,
      )}</tbody></table></section>`
    : ''
}`;

function howMade(input: ReportInput, included: number): Html {
  const { training, comparison, plan } = input;
  const none = input.closer?.insights?.slices
    ? 'none: no text of any row; names of parts are values of columns'
    : 'none: no text of any row';
  return provenance({
    ...input,
    training: training
      ? html`${training.tokens} virtual tokens ${training.placement === 'prefix' ? 'before' : 'after'} the text, ${training.steps} steps${training.bestStep === null ? '' : `, the best at step ${training.bestStep}`}, seed ${training.seed}, ${seconds(training.trainSeconds)}`
      : null,
    calibration:
      plan.calibration === 'chosen'
        ? 'offered to every prompt, taken where it helped on the validation rows'
        : comparison.calibrated
          ? 'all prompts alike'
          : 'none, all prompts alike',
    looks: looksOf(input),
    ranOn: '; latency is the warm median of single rows',
    seed: plan.seed,
    rows: included === 0 ? none : `${included} test rows, as their owner chose`,
  });
}

export interface ReportOptions {
  /** Texts of test rows to print among fixed and broken; left out, the file holds no row's text. */
  readonly includeRows?: readonly RowText[];
}

/** One HTML file with everything in it: no script, no request, verdict first, every figure with its interval. */
export function htmlReport(input: ReportInput, options: ReportOptions = {}): string {
  const { comparison, plan, title } = input;
  const { verdict } = comparison;
  const [a, b] = plan.pairs[0] ?? [];
  const shown = comparison.arms.filter((arm) => arm.id === a || arm.id === b);
  const changed = new Set([...(comparison.pairs[0]?.fixed ?? []), ...(comparison.pairs[0]?.broken ?? [])]);
  const rows = (options.includeRows ?? []).filter((row) => changed.has(row.id));
  const nameOf = (armId: string) => comparison.arms.find((arm) => arm.id === armId)?.name ?? armId;
  return reportPage(
    title,
    verdict,
    html`
${armsTable(input)}
${pairsTable(input)}
${costTable(input)}
<h2>Where they go wrong</h2>
<div class="matrices">${shown.map((arm) => confusionTable(arm, plan.labels))}</div>
${shown.map(classTable)}
${closerSections(input).map((each) => html`${section(each)}${each.kind === 'confidence' ? confidenceCharts(input) : ''}`)}
${rows.length > 0 ? changedRows(input, rows) : ''}
${notSaid(limits(input))}
${promptTexts(input.prompts, nameOf)}
${howMade(input, rows.length)}`,
  );
}

/** For file names and titles: the headline figure, e.g. `+14 points`. */
export function headlineFigure({ comparison }: Pick<ReportInput, 'comparison'>): string {
  const pair = comparison.pairs[0];
  if (!pair) return '';
  const b = comparison.arms.find((arm) => arm.id === pair.b);
  return b ? `${percent(b.accuracy)} (${pair.difference > 0 ? '+' : ''}${points(pair.difference)})` : '';
}
