/** What reports say of prompts that choose labels. */

import { pairName } from '../evaluation/arm-names';
import { calibratedRows } from '../evaluation/classify/outcome';
import { tokensSentence } from '../evaluation/classify/pairs';
import { comparedRows } from '../evaluation/classify/rows';
import { accuracyFinding, confusionFinding } from '../evaluation/classify/titles';
import type { ArmResult, ComparisonPlan, PairResult } from '../evaluation/types';
import { points, pointsRange, pValue } from '../evaluation/words';
import { present } from '../lib/assert';
import { listed, midSentence, percentWhole, rounded as roundedAll } from '../lib/format';
import { accuracy, argmax } from '../metrics/classification';
import { type Compared, type Figure, LABEL_METRICS, type LabelMetricId, metricsOf } from '../metrics/registry';
import { intervalPlot } from './charts';
import { closerSections } from './closer';
import { figure, rowsCsv } from './csv';
import { outcomeOf, shared } from './json';
import {
  type Cell,
  type CloserLook,
  figureCell,
  type Html,
  html,
  type LabelReport,
  MARK,
  MAY_KNOW,
  type NameOf,
  type ReportKind,
  type RowText,
  type Said,
  type Section,
} from './types';

const METRICS = metricsOf(LABEL_METRICS);

function scoreCell({ metrics, kind }: ArmResult, id: LabelMetricId): Cell {
  const { value, interval } = metrics[id];
  const cell = figureCell(LABEL_METRICS[id].format.value, metrics[id]);
  return id === 'accuracy' ? { ...cell, picture: intervalPlot(value, interval, kind) } : cell;
}

const arms = ({ comparison, mayKnow, plan }: LabelReport): Section => ({
  title: accuracyFinding(comparison.arms, comparison.pairs[0]),
  table: {
    caption: `All prompts on the same ${comparison.n} ${plan.folds ? 'rows' : 'test rows'}, with 95% intervals: ${METRICS.map(([, { name, intervalName }]) => `${midSentence(name)} ${intervalName}`).join(', ')}${mayKnow.length > 0 ? `; ${MAY_KNOW}` : ''}`,
    columns: ['Prompt', ...METRICS.map(([, { name }]) => name), 'Right', 'Calibrated'],
    rows: comparison.arms.map((arm) => [
      `${arm.name}${mayKnow.includes(arm.id) ? MARK : ''}`,
      ...METRICS.map(([id]) => scoreCell(arm, id)),
      `${arm.correct} of ${arm.n}`,
      arm.kind === 'reference' ? '–' : arm.calibrated ? 'yes' : 'no',
    ]),
  },
});

/** Accuracy has columns of its own: its p comes in three forms. */
const OTHERS = METRICS.filter(([id]) => id !== 'accuracy');

const pointsCell = ({ value, interval }: Figure) => ({
  value: points(value),
  range: pointsRange(interval.low, interval.high),
});

function otherCell(figure: Compared): Cell {
  const { value, range } = pointsCell(figure);
  return { value, range: `${range}, ${pValue(figure.p)}` };
}

const exactCell = ({ metrics, pMidP, pHolm }: PairResult): Cell => ({
  value: pValue(metrics.accuracy.p),
  range: `mid-${pValue(pMidP)}, Holm ${pValue(pHolm).slice(2)}`,
});

function pairs({ comparison }: LabelReport, nameOf: NameOf): Section {
  const made = comparison.pairs.length;
  const survive = comparison.pairs.filter((pair) => pair.pHolm < 0.05).length;
  return {
    title: 'Row by row',
    table: {
      caption: `Differences in points on the same rows. ${METRICS.map(([id, { name, compareName }]) => `${name}: ${compareName}${id === 'accuracy' ? ' (mid-p, Holm)' : ''}`).join('. ')}`,
      columns: [
        'Pair',
        LABEL_METRICS.accuracy.name,
        'Exact p',
        'Fixed',
        'Broken',
        'Both right',
        'Both wrong',
        ...OTHERS.map(([, { name }]) => name),
      ],
      rows: comparison.pairs.map((pair) => [
        pairName(pair, nameOf),
        pointsCell(pair.metrics.accuracy),
        exactCell(pair),
        ...[pair.bOnly, pair.aOnly, pair.bothRight, pair.bothWrong].map(String),
        ...OTHERS.map(([id]) => otherCell(pair.metrics[id])),
      ]),
    },
    notes: made > 1 ? [`${survive} of ${made} comparisons hold after Holm’s correction for having made several.`] : [],
  };
}

const rounded = (value: number | null, unit = '') => (value === null ? '–' : `${value.toFixed(0)}${unit}`);

/** Left out where nothing was measured. */
function costs({ comparison }: LabelReport, nameOf: NameOf): readonly Section[] {
  const measured = comparison.arms.filter((arm) => arm.tokensSentMean !== null || arm.latencyMsMedian !== null);
  if (measured.length === 0) return [];
  return [
    {
      title: 'What a row costs',
      table: {
        caption:
          'Tokens sent: text and virtual tokens. Computed: the tokens that run through the model when shared text is cached. Latency: warm median of single rows',
        columns: ['Prompt', 'Tokens sent', 'Computed', 'Latency'],
        rows: measured.map((arm) => [
          arm.name,
          rounded(arm.tokensSentMean),
          rounded(arm.tokensComputedMean),
          rounded(arm.latencyMsMedian, ' ms'),
        ]),
      },
      notes: comparison.pairs.flatMap((pair) => tokensSentence(pair, nameOf) ?? []),
    },
  ];
}

/** A matrix of more labels fits no page: the most frequent mistakes are listed. */
const MOST_IN_MATRIX = 12;
const MOST_MISTAKES = 20;

function mistakesTable(arm: ArmResult, labels: readonly string[]): Html {
  const all = arm.confusion.flatMap((row, gold) =>
    row.flatMap((rows, answer) => (rows > 0 && answer !== gold ? [{ gold, answer, rows }] : [])),
  );
  const shown = all.toSorted((a, b) => b.rows - a.rows).slice(0, MOST_MISTAKES);
  return html`
<section class="scroll" tabindex="0" aria-label="${arm.name}: mistakes"><h3>${confusionFinding(arm, labels)}</h3><table>
<caption>The ${shown.length} most frequent of ${all.length} kinds of mistakes</caption>
<thead><tr><th scope="col">Label</th><th scope="col">Answer</th><th scope="col" class="n">Rows</th></tr></thead>
<tbody>${shown.map(({ gold, answer, rows }) => html`<tr><th scope="row">${labels[gold]}</th><td>${labels[answer]}</td><td class="n">${rows}</td></tr>`)}</tbody></table></section>`;
}

function confusionTable(arm: ArmResult, labels: readonly string[]): Html {
  if (labels.length > MOST_IN_MATRIX) return mistakesTable(arm, labels);
  const cell = (rows: number, total: number) =>
    html`<td class="n" style="background:rgb(var(--cell) / ${(total === 0 ? 0 : (0.5 * rows) / total).toFixed(2)})">${rows}</td>`;
  return html`
<section class="scroll" tabindex="0" aria-label="${arm.name}: labels against predictions"><h3>${confusionFinding(arm, labels)}</h3><table>
<caption>Rows: label. Columns: the prompt’s answer</caption>
<thead><tr><td></td>${labels.map((label) => html`<th scope="col" class="n">${label}</th>`)}</tr></thead>
<tbody>${arm.confusion.map((row, gold) => {
    const total = row.reduce((a, b) => a + b, 0);
    return html`<tr><th scope="row">${labels[gold]}</th>${row.map((rows) => cell(rows, total))}</tr>`;
  })}</tbody></table></section>`;
}

const classTable = (arm: ArmResult) => html`
<section class="scroll" tabindex="0" aria-label="${arm.name} by label"><table>
<caption>${arm.name}, by label${arm.classes.some((c) => c.undefined) ? '; * where 0/0 counts as 0' : ''}</caption>
<thead><tr><th scope="col">Label</th><th scope="col" class="n">Precision</th><th scope="col" class="n">Recall</th><th scope="col" class="n">F1</th><th scope="col" class="n">Rows</th></tr></thead>
<tbody>${arm.classes.map((c) => html`<tr><th scope="row">${c.label}${c.undefined ? ' *' : ''}</th><td class="n">${c.precision.toFixed(3)}</td><td class="n">${c.recall.toFixed(3)}</td><td class="n">${c.f1.toFixed(3)}</td><td class="n">${c.support}</td></tr>`)}</tbody></table></section>`;

/** Of the headline's two prompts. */
function mistakes({ comparison, plan }: LabelReport): Section {
  const shown = comparison.arms.filter(({ id }) => plan.pairs[0]?.includes(id));
  return {
    title: 'Where they go wrong',
    pictures: html`<div class="matrices${plan.labels.length > 4 ? ' wide' : ''}">${shown.map((arm) => confusionTable(arm, plan.labels))}</div>
${shown.map(classTable)}`,
  };
}

/** Rows that the headline's second prompt fixed and broke. */
function changedRows({ plan, comparison }: LabelReport, texts: ReadonlyMap<string, string>): Html | null {
  const pair = comparison.pairs[0];
  if (!pair) return null;
  const at = new Map(plan.rowIds.map((id, i) => [id, i]));
  const answer = (armId: string, i: number) =>
    plan.labels[comparison.arms.find((arm) => arm.id === armId)?.predictions[i] ?? -1] ?? '';
  const list = (title: string, ids: readonly string[]) => html`
<h3>${title}: ${ids.length}</h3>
<section class="scroll" tabindex="0" aria-label="${title}"><table><thead><tr><th scope="col">Text</th><th scope="col">Label</th><th scope="col">Before</th><th scope="col">After</th></tr></thead><tbody>${ids.map(
    (id) => {
      const i = at.get(id) ?? -1;
      return html`<tr><td>${texts.get(id) ?? `row ${id}`}</td><td>${plan.labels[plan.gold[i] ?? -1] ?? ''}</td><td>${answer(pair.a, i)}</td><td>${answer(pair.b, i)}</td></tr>`;
    },
  )}</tbody></table></section>`;
  return html`<h2>Rows that changed</h2>${list('Fixed', pair.fixed)}${list('Broken', pair.broken)}`;
}

function includedTexts({ comparison, rows }: LabelReport): ReadonlyMap<string, string> {
  const changed = new Set([...(comparison.pairs[0]?.fixed ?? []), ...(comparison.pairs[0]?.broken ?? [])]);
  return new Map(rows.flatMap(({ id, text }: RowText) => (changed.has(id) ? [[id, text]] : [])));
}

function calibrationOf({ plan }: LabelReport): string {
  const probes = plan.arms.flatMap(({ name, hasIntercepts }) => (hasIntercepts ? [name] : []));
  const stays =
    probes.length > 0
      ? `; prompts with a linear probe (${listed(probes)}) always keep theirs, which holds its intercepts`
      : '';
  if (plan.calibration === 'chosen') {
    const kept = plan.arms.some(({ decided, hasIntercepts }) => decided !== undefined && !hasIntercepts)
      ? '; a version that was compared before keeps its own, on any model'
      : '';
    return `offered to every prompt, used where it helped on the validation rows${kept}${stays}`;
  }
  return plan.calibrated ? 'all prompts alike' : `none, all prompts alike${stays}`;
}

const parts: ReportKind<'classify'>['parts'] = (input, nameOf) => {
  const { plan, closer } = input;
  const texts = includedTexts(input);
  const none = closer?.insights?.slices
    ? 'none: no text of any row; names of parts are values of columns'
    : 'none: no text of any row';
  return {
    sections: [
      arms(input),
      pairs(input, nameOf),
      ...costs(input, nameOf),
      mistakes(input),
      ...closerSections(input, nameOf),
    ],
    rows: texts.size > 0 ? changedRows(input, texts) : null,
    rowsWords: texts.size === 0 ? none : `${texts.size} test rows, as their owner chose`,
    limits: [
      'Right and wrong follow the labels. Where labels are in doubt, so is every figure.',
      ...(plan.groups
        ? [
            `Some rows belong together: ${new Set(plan.groups).size} groups, not the rows, count as independent. The exact p-value flips the signs of whole groups, and the intervals count groups.`,
          ]
        : []),
      'Latency is that of this machine and this browser or runtime.',
    ],
    calibration: calibrationOf(input),
    ranOn: '; latency is the warm median of single rows',
  };
};

/** Without what follows from the rows above: curves, and the rows of each slice. */
function compact({ insights, ...others }: CloserLook) {
  if (!insights) return others;
  const { slices, confidence, ...rest } = insights;
  return {
    ...others,
    insights: {
      ...rest,
      slices: slices && {
        ...slices,
        slices: slices.slices.map(({ rowIds, ...slice }) => ({ ...slice, rows: rowIds.length })),
      },
      confidence: confidence.map(({ curve: _curve, ...report }) => report),
    },
  };
}

function accuracies({ gold }: ComparisonPlan, { logProbs, calibration }: ComparisonPlan['arms'][number]) {
  const accuracyWith = (fit: typeof calibration) => accuracy(gold, calibratedRows(logProbs, fit).map(argmax));
  return { accuracyUncalibrated: accuracyWith(null), accuracyCalibrated: calibration && accuracyWith(calibration) };
}

const subtracted = ({ labels }: ComparisonPlan, { calibration }: ComparisonPlan['arms'][number]) =>
  calibration && {
    meanLogProbs: Object.fromEntries(labels.map((label, c) => [label, present(calibration.meanLogProbs[c], 'mean')])),
    rows: calibration.rows,
  };

function armRows(plan: ComparisonPlan, arm: ComparisonPlan['arms'][number], predictions: readonly number[]) {
  const label = (i: number | undefined) => present(plan.labels[i ?? -1], 'label');
  return plan.rowIds.map((id, i) => ({
    id,
    gold: label(plan.gold[i]),
    predicted: label(predictions[i]),
    logProbs: Object.fromEntries(
      plan.labels.map((name, c) => [name, present(arm.logProbs[i]?.[c], 'log-probability')]),
    ),
  }));
}

const results: ReportKind<'classify'>['results'] = (input) => {
  const { plan, comparison } = input;
  return roundedAll({
    task: 'classify',
    ...shared(input),
    labels: [...plan.labels],
    answerWords: input.answerWords,
    arms: comparison.arms.map(
      ({
        n: _n,
        correct: _right,
        classes: _classes,
        confusion: _confusion,
        confidences: _sure,
        predictions,
        ...arm
      }) => {
        const outcome = outcomeOf(plan.arms, arm.id);
        return {
          ...arm,
          mayKnowTestRows: input.mayKnow.includes(arm.id),
          calibration: subtracted(plan, outcome),
          ...accuracies(plan, outcome),
          rows: armRows(plan, outcome, predictions),
        };
      },
    ),
    comparisons: comparison.pairs.map(({ fixed: _fixed, broken: _broken, ...pair }) => pair),
    ...(plan.folds ? { folds: plan.folds } : {}),
    ...(input.closer ? { closer: compact(input.closer) } : {}),
  });
};

/** Per prompt its answer, that answer's probability, whether it is right, mean tokens and median milliseconds a row. */
const csv: ReportKind<'classify'>['csv'] = (evaluation, texts) => {
  const { plan, comparison, writtenVersion, trainedVersion, datasetFingerprint } = evaluation;
  const { rowIds, gold, labels } = plan;
  const answer = ['prediction', 'confidence', 'correct', 'tokens_in', 'latency_ms'];
  const columns = [
    'gold',
    ...comparison.arms.flatMap(({ id }) => answer.map((what) => `${id}_${what}`)),
    'prompt_version',
    'data_sha256',
  ];
  return rowsCsv(rowIds, texts, columns, (i) => [
    labels[gold[i] ?? -1] ?? '',
    ...comparison.arms.flatMap((arm) => [
      labels[arm.predictions[i] ?? -1] ?? '',
      figure(arm.confidences[i] ?? 0, 6),
      arm.predictions[i] === gold[i] ? 1 : 0,
      figure(arm.tokensSentMean, 1),
      figure(arm.latencyMsMedian, 1),
    ]),
    [writtenVersion, trainedVersion].filter((version) => version).join(' + '),
    datasetFingerprint,
  ]);
};

const shown: ReportKind<'classify'>['shown'] = ({ plan, comparison }, dataset, [a, b]) =>
  comparedRows(comparison, plan, dataset, { a, b }).map(({ id, text, gold, ...said }) => {
    const words = ({ label, probability, right }: (typeof said)['a']): Said => ({
      text: label,
      sure: `${percentWhole(probability)} sure`,
      isRight: right,
    });
    return { id, text, right: gold, said: [words(said.a), words(said.b)] };
  });

export const LABEL_REPORT: ReportKind<'classify'> = {
  parts,
  results,
  csv,
  columns: 'what every prompt said, its probability, whether it is right',
  shown,
  judged: {
    right: '✓ right',
    wrong: '✗ wrong',
    answer: 'Right answer',
    counted: 'right answers',
    metric: 'accuracy',
    share: 'right',
  },
};
