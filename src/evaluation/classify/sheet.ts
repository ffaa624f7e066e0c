import { argmax } from '../../metrics/classification';
import { pairedCounts } from '../../metrics/mcnemar';
import { forEachMetric, LABEL_METRICS, labelFigures } from '../../metrics/registry';
import type { RowScores, SheetKind } from '../kind';
import type { AnswerSheet } from '../types';
import { labelField } from './field';

const rightRows = (gold: readonly number[], predicted: readonly number[]): RowScores => ({
  gold,
  rows: gold.map((label, i) => Number(predicted[i] === label)),
});

export const LABEL_SHEET: SheetKind<'classify'> = {
  figures: ({ gold, probabilities, labels }, how) =>
    labelFigures({ gold, predicted: probabilities.map(argmax), classes: labels.length }, how),
  scores: ({ gold, probabilities }) => rightRows(gold, probabilities.map(argmax)),
  scored: ({ gold }, { predictions }) => rightRows(gold, predictions),
  field: labelField,
  changed: ({ pairs: [pair] }) => (pair ? [...pair.fixed, ...pair.broken] : []),
  rows: ({ labels, gold, probabilities }) =>
    probabilities.map((row, i) => {
      const predicted = argmax(row);
      return {
        gold: labels[gold[i] ?? -1] ?? '',
        label: labels[predicted] ?? '',
        right: predicted === gold[i],
        probability: row[predicted] ?? 0,
      };
    }),
  differ: (a, b, { places, ...how }) => {
    const labels = [...new Set([...a.labels, ...b.labels])];
    const place = ({ labels: own }: AnswerSheet<'classify'>, label: number) => labels.indexOf(own[label] ?? '');
    const gold = places.map(([i]) => place(a, a.gold[i] ?? -1));
    const answered = (sheet: AnswerSheet<'classify'>, side: 0 | 1) => ({
      gold,
      predicted: places.map((both) => place(sheet, argmax(sheet.probabilities[both[side]] ?? []))),
      classes: labels.length,
    });
    const [ofA, ofB] = [answered(a, 0), answered(b, 1)];
    const { aOnly, bOnly } = pairedCounts(gold, ofA.predicted, ofB.predicted);
    return { aOnly, bOnly, metrics: forEachMetric(LABEL_METRICS, ({ compare }) => compare(ofA, ofB, how)) };
  },
  test: 'exact',
  method: 'exact McNemar on the same rows (whole groups where rows belong together)',
};
