/** The checks beside a comparison of labels: slices, probabilities, edited rows. */

import { pairName } from '../evaluation/arm-names';
import { consistencySentence, EDIT_NAMES, fineTuningSentence } from '../evaluation/classify/checks';
import { confidenceDifferenceWords, coverageSentence, eceWords, testAnswers } from '../evaluation/classify/confidence';
import { slicesSentence } from '../evaluation/classify/slices';
import { points, pointsRange, pointsWithUnit, pValue, times } from '../evaluation/words';
import { counted, percent } from '../lib/format';
import { coverageAt } from '../metrics/calibration';
import { confidenceCharts } from './charts';
import type { LabelReport, Section } from './types';

type Make = (input: LabelReport, nameOf: (armId: string) => string) => Section | null;

const three = (value: number | null | undefined) => (value == null ? '–' : value.toFixed(3));

const review: Make = ({ closer, comparison }) => {
  const found = closer?.review;
  if (!found) return null;
  const checked = `${counted(found.reviewed, 'row')}, equal numbers fixed and broken by tuning, were labelled again without seeing a prediction. The test rows have now been used ${times(found.looks)}.`;
  if (!found.verdict || found.corrected === 0)
    return {
      title: 'Labels checked again',
      sentences: [checked, found.corrected === 0 ? 'No label was changed.' : `Labels changed: ${found.corrected}.`],
    };
  return {
    title: `As labelled, and after ${counted(found.corrected, 'correction')}`,
    sentences: [
      checked,
      `As labelled: ${comparison.verdict.headline}.`,
      `After the corrections: ${found.verdict.headline}. ${found.verdict.detail}`,
    ],
  };
};

const slices: Make = ({ closer, comparison }, nameOf) => {
  const report = closer?.insights?.slices;
  const pair = comparison.pairs[0];
  if (!report || !pair || report.slices.length === 0) return null;
  return {
    title: `${pairName(pair, nameOf)}, by slice`,
    sentences: [slicesSentence(report)],
    table: {
      caption: 'Difference in points, Bonett-Price 95% interval, exact McNemar p, and p after Holm over all parts',
      columns: ['Part', 'Rows', nameOf(pair.a), nameOf(pair.b), 'Difference', 'Exact p', 'After Holm'],
      rows: report.slices.map((slice) => [
        `${slice.column}: ${slice.name}`,
        String(slice.rowIds.length),
        percent(slice.accuracyA),
        percent(slice.accuracyB),
        `${points(slice.difference)} (${pointsRange(slice.ci95.low, slice.ci95.high)})`,
        pValue(slice.p),
        pValue(slice.pHolm),
      ]),
    },
  };
};

const THRESHOLD = 0.8;

const confidence: Make = (input, nameOf) => {
  const { closer, comparison, plan } = input;
  const reports = closer?.insights?.confidence ?? [];
  if (reports.length === 0) return null;
  const pair = comparison.pairs[0];
  const sentences = [pair?.a, pair?.b].flatMap((id) => {
    const arm = comparison.arms.find((report) => report.id === id);
    if (!arm || arm.kind === 'reference') return [];
    return [`${arm.name}. ${coverageSentence(coverageAt(testAnswers(arm, plan), THRESHOLD), arm.n)}`];
  });
  const difference = closer?.insights?.confidenceDifference;
  if (difference && pair)
    sentences.push(
      `${pairName(pair, nameOf, 'minus')}, paired bootstrap 95% interval: ${confidenceDifferenceWords(difference)}. Below zero is better.`,
    );
  return {
    title: 'Probabilities and how far they can be trusted',
    sentences,
    table: {
      caption:
        'ECE in bins of equal mass with its 95% interval, from 100 rows on; Brier; mean negative log-probability (NLL). In brackets: after temperature scaling, fitted on validation rows',
      columns: ['Prompt', 'ECE', 'Brier', 'NLL', 'Temperature'],
      rows: reports.map(({ armId, scores, cooled, temperature }) => [
        nameOf(armId),
        `${eceWords(scores)}${cooled?.ece == null ? '' : ` (${eceWords(cooled)})`}`,
        `${three(scores.brier)}${cooled ? ` (${three(cooled.brier)})` : ''}`,
        `${three(scores.nll)}${cooled ? ` (${three(cooled.nll)})` : ''}`,
        temperature === null ? '–' : temperature.toFixed(2),
      ]),
    },
    pictures: confidenceCharts(input, THRESHOLD),
  };
};

const consistency: Make = ({ closer }, nameOf) => {
  const report = closer?.consistency;
  if (!report) return null;
  const kinds = [...new Set(report.arms.flatMap(({ edits }) => edits.map(({ kind }) => kind)))];
  return {
    title: 'Answers under harmless edits of the text',
    sentences: [consistencySentence(report, nameOf)],
    table: {
      caption: 'Answers that stay the same, of the rows that the edit changes',
      columns: ['Edit', ...report.arms.map(({ armId }) => nameOf(armId))],
      rows: kinds.map((kind) => [
        EDIT_NAMES[kind],
        ...report.arms.map(({ edits }) => {
          const edit = edits.find((e) => e.kind === kind);
          return edit ? `${edit.kept} of ${edit.changed}` : '–';
        }),
      ]),
    },
  };
};

const learned: Make = ({ closer }) => {
  const lift = closer?.insights?.fewShotLift;
  const { adaptation, seedRange } = closer ?? {};
  const sentences = [
    ...(lift
      ? [
          `Few-shot lift: eight examples change your prompt by ${pointsWithUnit(lift.difference)} (${pointsRange(lift.ci95.low, lift.ci95.high)}, exact ${pValue(lift.p)}).`,
        ]
      : []),
    ...(adaptation
      ? [
          `Adaptation: validation accuracy reached 95% of its final value after ${counted(adaptation.rows, 'row')} (repeats counted) and ${adaptation.seconds.toFixed(adaptation.seconds < 10 ? 1 : 0)} s.`,
        ]
      : []),
    ...(seedRange
      ? [
          `${seedRange.seeds} runs that differ only in their seed reach ${percent(seedRange.low)} to ${percent(seedRange.high)} on validation rows.`,
        ]
      : []),
  ];
  return sentences.length > 0 ? { title: 'What examples and training add', sentences } : null;
};

const fineTuning: Make = ({ closer }) =>
  closer?.fineTuning ? { title: 'Fine-tuning, measured', sentences: [fineTuningSentence(closer.fineTuning)] } : null;

const MAKERS: readonly Make[] = [review, slices, confidence, consistency, learned, fineTuning];

/** In the order in which they are printed. */
export const closerSections = (input: LabelReport, nameOf: (armId: string) => string): readonly Section[] =>
  MAKERS.flatMap((make) => make(input, nameOf) ?? []);
