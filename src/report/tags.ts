/** The parts of a report about prompts that give several labels. */
import { pValue } from '../evaluation/words';
import { type Compared, metricsOf, TAG_METRICS } from '../metrics/registry';
import { type Cell, figureCell, type ReportParts, type Section, scoresOf, type TagReport } from './types';

type NameOf = (armId: string) => string;

const METRICS = metricsOf(TAG_METRICS);
const NAMES = METRICS.map(([, { name }]) => name);
const percent = TAG_METRICS.microF1.format.value;

function withP(form: (value: number) => string, figure: Compared): Cell {
  const cell = figureCell(form, figure);
  return { ...cell, range: `${cell.range}, ${pValue(figure.p)}` };
}

const pairs = ({ comparison }: TagReport, nameOf: NameOf): Section => ({
  title: 'Row by row',
  table: {
    caption: `First named minus second named on the same rows, in points: ${TAG_METRICS.microF1.compareName}. Holm corrects the p of ${TAG_METRICS.microF1.name} for all pairs`,
    columns: ['Pair', ...NAMES, 'Holm', 'Rows closer, further, same'],
    rows: comparison.pairs.map(({ a, b, metrics, pHolm, rows }) => [
      `${nameOf(b)} against ${nameOf(a)}`,
      ...METRICS.map(([id, { format }]) => withP(format.difference, metrics[id])),
      pValue(pHolm),
      `${rows.closer}, ${rows.further}, ${rows.same}`,
    ]),
  },
});

/** Of the headline's two prompts. */
const labels = ({ comparison, plan }: TagReport): readonly Section[] =>
  comparison.arms
    .filter(({ id }) => plan.pairs[0]?.includes(id))
    .map(({ name, labels: scores }) => ({
      title: `Each label, ${name}`,
      table: {
        caption: 'With 95% bootstrap intervals',
        columns: ['Label', 'Precision', 'Recall', 'F1', 'Rows'],
        rows: scores.map(({ label, precision, recall, f1, support }) => [
          label,
          ...[precision, recall, f1].map((figure) => figureCell(percent, figure)),
          String(support),
        ]),
      },
    }));

export function tagParts(input: TagReport, nameOf: NameOf): ReportParts {
  const { plan } = input;
  return {
    sections: [scoresOf(TAG_METRICS, input.comparison.arms, input.mayKnow), pairs(input, nameOf), ...labels(input)],
    rows: null,
    rowsWords: 'none: no text of any row',
    limits: [
      'Each label is given from its own cut on, which was chosen on validation rows: with few rows of a label, its cut is chosen partly by chance.',
      ...(plan.groups ? ['Some rows belong together; the bootstrap draws them together.'] : []),
    ],
    seeds: 1,
    looks: plan.looks,
    calibration: null,
    ranOn: '',
  };
}
