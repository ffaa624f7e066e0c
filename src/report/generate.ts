/** What reports say of prompts that generate texts. */
import { pairName } from '../evaluation/arm-names';
import { tallySentence } from '../evaluation/vote';
import { present } from '../lib/assert';
import { count, rounded } from '../lib/format';
import { metricsOf, TEXT_METRICS } from '../metrics/registry';
import { figure, rowsCsv, writtenRows } from './csv';
import { outcomeOf, shared } from './json';
import {
  figureCell,
  type Html,
  html,
  type NameOf,
  type ReportKind,
  type ReportOf,
  type Section,
  scoresOf,
} from './types';

const METRICS = metricsOf(TEXT_METRICS);

const pairs = ({ comparison }: ReportOf<'generate'>, nameOf: NameOf): Section => ({
  title: 'Row by row',
  table: {
    caption:
      'First named minus second named on the same rows, in points; × is the first divided by the second. Paired bootstrap, 95%',
    columns: ['Pair', ...METRICS.map(([, { name }]) => name), 'Rows closer, further, same'],
    rows: comparison.pairs.map(({ a, b, metrics, rows }) => [
      pairName({ a, b }, nameOf),
      ...METRICS.map(([id, { format }]) => figureCell(format.difference, metrics[id])),
      `${rows.closer}, ${rows.further}, ${rows.same}`,
    ]),
  },
});

function votes({ votes: tally, plan }: ReportOf<'generate'>, nameOf: NameOf): readonly Section[] {
  const [pair] = plan.pairs;
  if (!tally || !pair) return [];
  return [{ title: 'Blind votes', sentences: [tallySentence(tally, nameOf(pair[0]), nameOf(pair[1]))] }];
}

function generatedRows({ plan, rows }: ReportOf<'generate'>, nameOf: NameOf): Html | null {
  const [pair] = plan.pairs;
  if (rows.length === 0 || !pair) return null;
  const [a, b] = pair.map((id) => outcomeOf(plan.arms, id).written) as [readonly string[], readonly string[]];
  const shown = rows.map(({ id, text }) => ({ text, at: plan.rowIds.indexOf(id) }));
  return html`
<h2>Generated texts</h2>
<section class="scroll" tabindex="0" aria-label="Generated texts"><table>
<caption>The rows on which the two differ most</caption>
<thead><tr><th scope="col">Text</th><th scope="col">Expected</th><th scope="col">${nameOf(pair[0])}</th><th scope="col">${nameOf(pair[1])}</th></tr></thead>
<tbody>${shown.map(({ text, at }) => html`<tr><td>${text}</td><td>${plan.wanted[at]}</td><td>${a[at]}</td><td>${b[at]}</td></tr>`)}</tbody></table></section>`;
}

const parts: ReportKind<'generate'>['parts'] = (input, nameOf) => {
  const { comparison, dataset, plan, rows } = input;
  return {
    sections: [
      scoresOf(TEXT_METRICS, input.comparison.arms, input.mayKnow),
      pairs(input, nameOf),
      ...votes(input, nameOf),
    ],
    rows: generatedRows(input, nameOf),
    rowsWords:
      rows.length === 0
        ? 'none: no text of any row, and no generated text'
        : `${rows.length} test rows, as their owner chose`,
    limits: [
      ...(comparison.n < dataset.test
        ? [
            `Prompts answered ${count(comparison.n)} of the ${count(dataset.test)} test rows. Of many, 200 are drawn at random; rows too long for a prompt are left out.`,
          ]
        : []),
      'ROUGE-L, token F1 and exact match count words shared with one expected text. They do not see whether an answer is true, or whether another wording would do. Read some rows, or vote blind.',
      ...(plan.groups ? ['Some rows belong together; the bootstrap draws them together.'] : []),
      'They hold for the most likely answer to each row; a temperature above 0 gives other answers.',
    ],
  };
};

const results: ReportKind<'generate'>['results'] = (input) => {
  const { plan, comparison, mayKnow } = input;
  return rounded({
    task: 'generate',
    ...shared(input),
    arms: comparison.arms.map(({ rows, ...arm }) => ({
      ...arm,
      mayKnowTestRows: mayKnow.includes(arm.id),
      rows: plan.rowIds.map((id, i) => ({
        id,
        rougeL: rows[i] ?? 0,
        ...present(outcomeOf(plan.arms, arm.id).scores[i], 'score'),
      })),
    })),
    comparisons: [...comparison.pairs],
    votes: input.votes,
  });
};

/** Per prompt ROUGE-L and the expected text's log-probability; with texts also the expected one and the generated ones. */
const csv: ReportKind<'generate'>['csv'] = ({ plan, comparison }, texts) => {
  const columns = [
    ...(texts ? ['wanted'] : []),
    ...plan.arms.flatMap(({ id }) => [...(texts ? [`${id}_written`] : []), `${id}_rouge_l`, `${id}_log_prob`]),
  ];
  return rowsCsv(plan.rowIds, texts, columns, (i) => [
    ...(texts ? [plan.wanted[i] ?? ''] : []),
    ...plan.arms.flatMap(({ written, scores }, a) => [
      ...(texts ? [written[i] ?? ''] : []),
      figure(comparison.arms[a]?.rows[i] ?? 0, 6),
      figure(scores[i]?.logProb ?? 0, 4),
    ]),
  ]);
};

const shown: ReportKind<'generate'>['shown'] = (evaluation, dataset, [a, b]) =>
  writtenRows(evaluation, dataset, { a, b }).map(({ id, text, wanted, gain, ...said }) => ({
    id,
    text,
    right: wanted,
    said: [
      { text: said.a, sure: null, isRight: gain < 0 },
      { text: said.b, sure: null, isRight: gain > 0 },
    ],
  }));

export const TEXT_REPORT: ReportKind<'generate'> = {
  parts,
  results,
  csv,
  columns: 'how close every prompt came to the expected text; with texts, what it generated',
  shown,
  judged: {
    right: '✓ closer',
    wrong: '',
    answer: 'Expected text',
    counted: 'the texts that are closer to the expected one',
    metric: 'rougeL',
    share: 'ROUGE-L',
  },
};
