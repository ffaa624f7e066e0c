/** The parts of a report about prompts that generate texts. */

import { tallySentence } from '../evaluation/vote';
import { count } from '../lib/format';
import { metricsOf, TEXT_METRICS } from '../metrics/registry';
import { figureCell, type Html, html, type ReportParts, type Section, scoresOf, type TextReport } from './types';

type NameOf = (armId: string) => string;

const METRICS = metricsOf(TEXT_METRICS);
const NAMES = METRICS.map(([, { name }]) => name);

const pairs = ({ comparison }: TextReport, nameOf: NameOf): Section => ({
  title: 'Row by row',
  table: {
    caption:
      'First named minus second named on the same rows, in points; × is the first divided by the second. Paired bootstrap, 95%',
    columns: ['Pair', ...NAMES, 'Rows closer, further, same'],
    rows: comparison.pairs.map(({ a, b, metrics, rows }) => [
      `${nameOf(b)} against ${nameOf(a)}`,
      ...METRICS.map(([id, { format }]) => figureCell(format.difference, metrics[id])),
      `${rows.closer}, ${rows.further}, ${rows.same}`,
    ]),
  },
});

function votes({ votes: tally, plan }: TextReport, nameOf: NameOf): readonly Section[] {
  const [pair] = plan.pairs;
  if (!tally || !pair) return [];
  return [{ title: 'Blind votes', sentences: [tallySentence(tally, nameOf(pair[0]), nameOf(pair[1]))] }];
}

function generatedRows({ plan, rows }: TextReport, nameOf: NameOf): Html | null {
  const [pair] = plan.pairs;
  if (rows.length === 0 || !pair) return null;
  return html`
<h2>Generated texts</h2>
<section class="scroll" tabindex="0" aria-label="Generated texts"><table>
<caption>The rows on which the two differ most</caption>
<thead><tr><th scope="col">Text</th><th scope="col">Expected</th><th scope="col">${nameOf(pair[0])}</th><th scope="col">${nameOf(pair[1])}</th></tr></thead>
<tbody>${rows.map((row) => html`<tr><td>${row.text}</td><td>${row.wanted}</td><td>${row.a}</td><td>${row.b}</td></tr>`)}</tbody></table></section>`;
}

export function textParts(input: TextReport, nameOf: NameOf): ReportParts {
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
            `Prompts answered ${count(comparison.n)} of the ${count(dataset.test)} test rows: of many, 200 are drawn at random, and rows too long for a prompt are left out.`,
          ]
        : []),
      'ROUGE-L, token F1 and exact match count words shared with one expected text. They see neither whether an answer is true nor whether another wording would do as well: read some rows, or vote blind.',
      ...(plan.groups ? ['Some rows belong together; the bootstrap draws them together.'] : []),
      'They hold for the most likely answer to each row; a temperature above 0 gives other answers.',
    ],
    seeds: 1,
    looks: plan.looks,
    calibration: null,
    ranOn: '',
  };
}
