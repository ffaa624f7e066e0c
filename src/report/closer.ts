/** What else was looked at, and what the figures do not say: one content for HTML and Markdown. */
import { confidenceDifferenceWords, coverageSentence } from '../evaluation/classify/confidence';
import { consistencySentence, EDIT_NAMES } from '../evaluation/classify/consistency';
import { everyRowSentence } from '../evaluation/classify/folds';
import { slicesSentence } from '../evaluation/classify/slices';
import { tallySentence } from '../evaluation/vote';
import { percent, points, pointsRange, pointsWithUnit, pValue, times } from '../evaluation/words';
import { coverageAt } from '../metrics/coverage';
import type { ReportInput } from './types';

export interface Section {
  /** Pictures belong to it. */
  readonly kind?: 'confidence';
  readonly title: string;
  readonly sentences: readonly string[];
  readonly table?: {
    readonly caption: string;
    readonly columns: readonly string[];
    readonly rows: readonly (readonly string[])[];
  };
}

type Make = (input: ReportInput, nameOf: (armId: string) => string) => Section | null;

const three = (value: number | null | undefined) => (value == null ? '–' : value.toFixed(3));
const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
const rows = (n: number) => `${n.toLocaleString('en')} ${n === 1 ? 'row' : 'rows'}`;

const review: Make = ({ closer, comparison }) => {
  const found = closer?.review;
  if (!found) return null;
  const looked = `${rows(found.reviewed)}, equal numbers fixed and broken by tuning, were labelled again by somebody who saw no prediction; the test rows have now been used ${times(found.looks)}.`;
  if (!found.verdict || found.corrected === 0)
    return {
      title: 'Labels checked again',
      sentences: [looked, found.corrected === 0 ? 'No label was changed.' : `Labels changed: ${found.corrected}.`],
    };
  return {
    title: `As labelled, and after ${found.corrected} ${found.corrected === 1 ? 'correction' : 'corrections'}`,
    sentences: [
      looked,
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
    title: `${nameOf(pair.b)} against ${nameOf(pair.a)}, by slice`,
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
        pValue(slice.pExact),
        pValue(slice.pHolm),
      ]),
    },
  };
};

export const THRESHOLD = 0.8;

const confidence: Make = ({ closer, comparison, plan }, nameOf) => {
  const reports = closer?.insights?.confidence ?? [];
  if (reports.length === 0) return null;
  const pair = comparison.pairs[0];
  const sentences = [pair?.a, pair?.b].flatMap((id) => {
    const arm = comparison.arms.find((report) => report.id === id);
    if (!arm || arm.kind === 'reference') return [];
    const right = plan.gold.map((g, i) => arm.predictions[i] === g);
    return [`${arm.name}. ${coverageSentence(coverageAt(arm.confidences, right, THRESHOLD), arm.n)}`];
  });
  const difference = closer?.insights?.confidenceDifference;
  if (difference && pair)
    sentences.push(
      `${nameOf(pair.b)} minus ${nameOf(pair.a)}, paired bootstrap 95% interval: ${confidenceDifferenceWords(difference)}. Below zero is better.`,
    );
  return {
    kind: 'confidence',
    title: 'Probabilities and how far they can be trusted',
    sentences,
    table: {
      caption:
        'ECE in bins of equal mass, from 100 rows on; Brier; mean negative log-probability (NLL). In brackets: after temperature scaling, fitted on validation rows',
      columns: ['Prompt', 'ECE', 'Brier', 'NLL', 'Temperature'],
      rows: reports.map(({ armId, scores, cooled, temperature }) => [
        nameOf(armId),
        `${three(scores.ece)}${cooled?.ece == null ? '' : ` (${three(cooled.ece)})`}`,
        `${three(scores.brier)}${cooled ? ` (${three(cooled.brier)})` : ''}`,
        `${three(scores.nll)}${cooled ? ` (${three(cooled.nll)})` : ''}`,
        temperature === null ? '–' : temperature.toFixed(2),
      ]),
    },
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
          `Few-shot lift: eight examples change your prompt by ${pointsWithUnit(lift.difference)} (${pointsRange(lift.ci95.low, lift.ci95.high)}, exact ${pValue(lift.pExact)}).`,
        ]
      : []),
    ...(adaptation
      ? [
          `Adaptation: validation accuracy reached 95% of its final value after ${rows(adaptation.rows)} (repeats counted) and ${adaptation.seconds.toFixed(adaptation.seconds < 10 ? 1 : 0)} s.`,
        ]
      : []),
    ...(seedRange
      ? [
          `${seedRange.seeds} runs that differ only in their seed reach ${percent(seedRange.low)} to ${percent(seedRange.high)} on validation rows.`,
        ]
      : []),
  ];
  return sentences.length > 0 ? { title: 'What examples and training bring', sentences } : null;
};

const ranking: Make = ({ closer }, nameOf) => {
  const found = closer?.insights?.ranking;
  if (!found) return null;
  return {
    title: 'Order of all prompts',
    sentences: ['A row on which one is right and another wrong counts as a win.'],
    table: {
      caption: 'Bradley-Terry strengths by maximum likelihood, log-odds with mean 0, bootstrap 95% intervals over rows',
      columns: ['Prompt', 'Strength'],
      rows: found.map(({ armId, strength, ci95 }) => [
        nameOf(armId),
        `${signed(strength)} (${signed(ci95.low)} to ${signed(ci95.high)})`,
      ]),
    },
  };
};

const votes: Make = ({ closer, comparison }, nameOf) => {
  const found = closer?.votes;
  const pair = comparison.pairs[0];
  if (!found || !pair) return null;
  const apart = `Not counted: ${found.ties} ties, ${found.bothBad} both bad. Only rows with two different answers were shown, sides shuffled.`;
  return { title: 'Blind votes', sentences: [tallySentence(found, nameOf(pair.a), nameOf(pair.b)), apart] };
};

const everyRow: Make = ({ closer }) =>
  closer?.everyRow
    ? {
        title: 'Every row, by prompts that never saw it',
        sentences: [everyRowSentence(closer.everyRow, 'your prompt')],
      }
    : null;

const MAKERS: readonly Make[] = [review, slices, confidence, consistency, learned, ranking, votes, everyRow];

/** In the order in which they are printed. */
export function closerSections(input: ReportInput): readonly Section[] {
  const nameOf = (id: string) => input.comparison.arms.find((arm) => arm.id === id)?.name ?? id;
  return MAKERS.flatMap((make) => make(input, nameOf) ?? []);
}

/** Looks at the test rows, those after the comparison included. */
export const looksOf = ({ comparison, closer }: Pick<ReportInput, 'comparison' | 'closer'>): number =>
  Math.max(comparison.looks, closer?.review?.looks ?? 0);

/** What a reader might take the figures for and should not. */
export function limits(input: ReportInput): readonly string[] {
  const { comparison, plan, closer, model } = input;
  const looks = looksOf(input);
  const seeds = closer?.seedRange?.seeds ?? 1;
  return [
    `The intervals are about rows like these ${comparison.n.toLocaleString('en')}. Other customers, another month or another channel may be different.`,
    seeds > 1
      ? 'The intervals do not cover the choice of the seed; see the range over seeds.'
      : 'One seed was trained. Another seed would have given another prompt, and the intervals do not cover that.',
    looks > 1
      ? `The test rows have been used ${times(looks)}. The figures are exact for one use; each further one makes a lucky result more likely.`
      : 'The figures are for this one use of the test rows; if you change a prompt after reading them, you need fresh rows.',
    'Right and wrong are as the labels have it. Where labels are in doubt, so is every figure.',
    ...(plan.groups
      ? [
          'Some rows belong together. The bootstrap draws them together; the exact p and the Wilson and Bonett-Price intervals take every row for an independent trial.',
        ]
      : []),
    `They hold for ${model.id} with exactly these weights; with others, measure the prompt again.`,
    'Latency is that of this machine and this browser or runtime.',
  ];
}
