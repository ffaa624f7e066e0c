/** What reports say of prompts that give several labels. */

import { textById } from '../dataset/labels';
import { joinTags, namedTags } from '../dataset/tags';
import { pairName } from '../evaluation/arm-names';
import { pValue } from '../evaluation/words';
import { present } from '../lib/assert';
import { rounded } from '../lib/format';
import { type Compared, metricsOf, TAG_METRICS } from '../metrics/registry';
import { rowsCsv } from './csv';
import { outcomeOf, shared } from './json';
import {
  type Cell,
  figureCell,
  type NameOf,
  type ReportKind,
  type ReportOf,
  type Said,
  type Section,
  scoresOf,
} from './types';

const METRICS = metricsOf(TAG_METRICS);
const percent = TAG_METRICS.microF1.format.value;

function withP(form: (value: number) => string, figure: Compared): Cell {
  const cell = figureCell(form, figure);
  return { ...cell, range: `${cell.range}, ${pValue(figure.p)}` };
}

const pairs = ({ comparison }: ReportOf<'tag'>, nameOf: NameOf): Section => ({
  title: 'Row by row',
  table: {
    caption: `First named minus second named on the same rows, in points: ${TAG_METRICS.microF1.compareName}. Holm corrects the p of ${TAG_METRICS.microF1.name} for all pairs`,
    columns: ['Pair', ...METRICS.map(([, { name }]) => name), 'Holm', 'Rows closer, further, same'],
    rows: comparison.pairs.map(({ a, b, metrics, pHolm, rows }) => [
      pairName({ a, b }, nameOf),
      ...METRICS.map(([id, { format }]) => withP(format.difference, metrics[id])),
      pValue(pHolm),
      `${rows.closer}, ${rows.further}, ${rows.same}`,
    ]),
  },
});

/** Of the headline's two prompts. */
const labels = ({ comparison, plan }: ReportOf<'tag'>): readonly Section[] =>
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

const parts: ReportKind<'tag'>['parts'] = (input, nameOf) => {
  const { plan } = input;
  return {
    sections: [scoresOf(TAG_METRICS, input.comparison.arms, input.mayKnow), pairs(input, nameOf), ...labels(input)],
    rowsWords: 'none: no text of any row',
    limits: [
      'Each label is given from its own cut on, chosen on validation rows. With few rows of a label, chance chooses partly.',
      ...(plan.groups ? ['Some rows belong together; the bootstrap draws them together.'] : []),
    ],
  };
};

const results: ReportKind<'tag'>['results'] = (input) => {
  const { plan, comparison, mayKnow } = input;
  const named = (tags: readonly number[]) => tags.map((tag) => present(plan.labels[tag], 'label'));
  const byLabel = (values: readonly number[]) =>
    Object.fromEntries(plan.labels.map((label, k) => [label, present(values[k], label)]));
  return rounded({
    task: 'tag',
    ...shared(input),
    labels: [...plan.labels],
    answerWords: input.answerWords,
    arms: comparison.arms.map(({ given, labels, ...arm }) => {
      const { odds, cuts } = outcomeOf(plan.arms, arm.id);
      return {
        ...arm,
        mayKnowTestRows: mayKnow.includes(arm.id),
        labels: [...labels],
        cuts: byLabel(cuts),
        rows: plan.rowIds.map((id, i) => ({
          id,
          gold: named(plan.gold[i] ?? []),
          given: named(given[i] ?? []),
          odds: byLabel(odds[i] ?? []),
        })),
      };
    }),
    comparisons: [...comparison.pairs],
  });
};

/** Per prompt the labels that it gives, and whether they are exactly the row's. */
const csv: ReportKind<'tag'>['csv'] = ({ plan, comparison }, texts) => {
  const named = (tags: readonly number[] = []) => joinTags(tags.map((tag) => plan.labels[tag] ?? ''));
  const columns = ['gold', ...comparison.arms.flatMap(({ id }) => [`${id}_labels`, `${id}_all_right`])];
  return rowsCsv(plan.rowIds, texts, columns, (i) => [
    named(plan.gold[i]),
    ...comparison.arms.flatMap(({ given }) => [named(given[i]), Number(named(given[i]) === named(plan.gold[i]))]),
  ]);
};

const shown: ReportKind<'tag'>['shown'] = ({ plan, comparison }, dataset, [a, b]) => {
  const text = textById(dataset);
  const named = (tags: readonly number[] = []) => namedTags(tags, plan.labels);
  return plan.rowIds.map((id, i) => {
    const right = named(plan.gold[i]);
    const words = (arm: string): Said => {
      const said = named(comparison.arms.find((each) => each.id === arm)?.given[i]);
      return { text: said, sure: null, isRight: said === right };
    };
    return { id, text: text(id), right, said: [words(a), words(b)] };
  });
};

export const TAG_REPORT: ReportKind<'tag'> = {
  parts,
  results,
  csv,
  columns: 'the labels that every prompt gave, whether they are all right',
  shown,
  judged: {
    right: '✓ all right',
    wrong: '✗ not all right',
    answer: 'Right labels',
    counted: 'right answers',
    metric: 'subsetAccuracy',
    share: 'all labels right',
  },
};
