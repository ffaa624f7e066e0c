/** One judgement of a run, from which its advice and the titles of its curves follow. */
import { percentWhole } from '../lib/format';
import { wilson } from '../metrics/intervals';
import { mean } from '../metrics/special';
import { accuracyOf, isAhead, wasStillFalling } from './checkpoint';
import type { ReferenceLine, StepPoint, ValidationPoint } from './events';
import { longerSteps } from './fields';
import { ENOUGH_VALIDATION_ROWS, STANDARD, type TrainingSettings } from './settings';

export type DiagnosisKind =
  | 'starting'
  | 'learning'
  | 'levelled'
  | 'unfinished'
  | 'stalled'
  | 'overfitting'
  | 'diverging'
  | 'few-rows';

/** `short` = too few steps to say; `grown` = far above its start; `broken` = not a number. */
export type Trend = 'short' | 'falling' | 'level' | 'unmoved' | 'rising' | 'grown' | 'broken';

/** As one button. */
interface Remedy {
  readonly label: string;
  readonly change: Partial<TrainingSettings>;
}

export interface Diagnosis {
  readonly kind: DiagnosisKind;
  readonly title: string;
  readonly advice: string;
  readonly remedy: Remedy | null;
}

interface Seen {
  readonly steps: readonly StepPoint[];
  readonly validations: readonly ValidationPoint[];
  /** Of the most frequent label. */
  readonly majority: number;
  readonly validationRows: number;
  readonly trainRows: number;
  readonly settings: TrainingSettings;
  /** Undefined: it may still be training. */
  readonly hasEnded?: boolean;
  /** `keptStep`: the step whose vectors are kept. */
  readonly diverged?: { readonly keptStep: number | null } | null;
  /** It learns another prompt's answers instead of labels. */
  readonly isDistilled?: boolean;
}

/** Below, early stopping matters most (docs/method/training.md: 64 rows overfit from step 40 on). */
const FEW_ROWS = 100;
const FEW_ROWS_STEPS = 60;
/** Which step is kept is asked more often. */
const FEW_ROWS_CHANGE = { steps: FEW_ROWS_STEPS, validateEvery: 10, patience: 3 };

/** A row or two are no sign of learning. */
const MAJORITY_ROWS = 2;

/** Share of the first validation loss. */
const NO_GAIN = 0.98;

/** Enough digits to type. */
const rounded = (rate: number) => Number(rate.toPrecision(2));

interface Facts extends Seen {
  readonly losses: readonly number[];
  /** Of the first and of the last ten steps. */
  readonly first: number;
  readonly recent: number;
  readonly trend: Trend;
  readonly last: ValidationPoint | null;
  readonly best: ValidationPoint | null;
  /** Best result or lowest loss just now. */
  readonly isGaining: boolean;
  /** The highest so far. */
  readonly rate: number;
  readonly isGenerating: boolean;
}

/** The last fifth of the steps against the fifth before it. */
function trendOf(losses: readonly number[]): Trend {
  if (losses.some((loss) => !Number.isFinite(loss))) return 'broken';
  if (losses.length >= 20 && mean(losses.slice(-10)) > 1.5 * mean(losses.slice(0, 10))) return 'grown';
  const fifth = Math.floor(losses.length / 5);
  if (fifth < 3) return 'short';
  const now = mean(losses.slice(-fifth));
  const first = mean(losses.slice(0, fifth));
  const change = (mean(losses.slice(-2 * fifth, -fifth)) - now) / Math.max(first, 1e-9);
  if (change > 0.05) return 'falling';
  if (change < -0.1) return 'rising';
  return now < 0.9 * first ? 'level' : 'unmoved';
}

const seenTrend = ({ diverged, steps }: Seen): Trend => (diverged ? 'broken' : trendOf(steps.map(({ loss }) => loss)));

/** Since the best validation. */
const NO_GAIN_STEPS = 20;

function factsOf(seen: Seen): Facts {
  const { steps, validations, settings } = seen;
  const losses = steps.map((s) => s.loss);
  const last = validations.at(-1) ?? null;
  const top = (better: (a: ValidationPoint, b: ValidationPoint) => boolean) =>
    validations.reduce<ValidationPoint | null>((found, v) => (!found || better(v, found) ? v : found), null);
  const best = top(isAhead);
  const isRecent = (point: ValidationPoint | null) => point !== null && (last?.step ?? 0) - point.step < NO_GAIN_STEPS;
  return {
    ...seen,
    losses,
    first: mean(losses.slice(0, 10)),
    recent: mean(losses.slice(-10)),
    last,
    best,
    trend: seenTrend(seen),
    isGaining: isRecent(best) || isRecent(top((a, b) => a.loss < b.loss)),
    rate: settings.learningRate ?? steps.reduce((top, s) => Math.max(top, s.learningRate), 0),
    isGenerating: last?.kind === 'generate',
  };
}

type Check = (facts: Facts) => Diagnosis | null;

/** The top of the screen says what ended the run, with a lower rate to try. */
const divergedRun: Check = ({ diverged, steps }) =>
  diverged
    ? {
        kind: 'diverging',
        title:
          diverged.keptStep === null
            ? 'No step of this run is kept'
            : `The vectors of step ${diverged.keptStep} are kept`,
        advice: `The curves show ${steps.length > 0 ? 'the steps before it diverged' : 'nothing: it diverged at once'}.`,
        remedy: null,
      }
    : null;

const diverging: Check = ({ trend, rate, hasEnded }) =>
  trend === 'broken' || trend === 'grown'
    ? {
        kind: 'diverging',
        title: 'Diverging: the loss grows instead of falling',
        advice: hasEnded
          ? 'The best step is kept. Half the learning rate would probably do better.'
          : 'Stop, halve the learning rate, and start again. The best step so far is kept.',
        remedy:
          rate > 0 ? { label: 'Start again at half the rate', change: { learningRate: rounded(rate / 2) } } : null,
      }
    : null;

const starting: Check = ({ losses, validations, validationRows, settings }) =>
  losses.length < 15 || (validationRows > 0 && validations.length < 2)
    ? {
        kind: 'starting',
        title: 'Starting',
        advice:
          validationRows > 0
            ? `The first steps warm up. Validation rows are scored from step ${Math.min(settings.validateEvery, settings.steps)} on.`
            : 'The first steps warm up; a trend shows after about 20.',
        remedy: null,
      }
    : null;

const overfitting: Check = ({ validations, recent, first, last, best, isGenerating, settings, hasEnded }) => {
  const lowest = Math.min(...validations.map((v) => v.loss));
  // texts are harder to predict than labels: a smaller rise is a sign
  const [fallen, risen] = isGenerating ? [0.8, 1.03] : [0.35, 1.25];
  const since = validations.filter(({ step }) => step > (best?.step ?? 0));
  if (!best || !last || recent >= fallen * first || last.loss <= risen * lowest) return null;
  if (since.length < 2 || last.step - best.step < 30) return null;
  const { virtualTokens, patience } = settings;
  return {
    kind: 'overfitting',
    title: best.step === 0 ? 'Overfitting from the start' : `Overfitting since about step ${best.step}`,
    advice: `The vectors are memorising the training rows. ${hasEnded ? '' : 'You can stop: the validation rows choose the step to keep. '}More rows or fewer virtual tokens would help more than more steps.`,
    remedy:
      virtualTokens > 1
        ? {
            label: 'Start again with half the vectors',
            change: { virtualTokens: Math.ceil(virtualTokens / 2), patience: patience ?? STANDARD.patience },
          }
        : null,
  };
};

const stalledTexts: Check = ({ validations, last, best, isGenerating, settings, rate }) =>
  isGenerating && last && last.step >= 50 && best && best.loss > NO_GAIN * (validations[0]?.loss ?? 0)
    ? {
        kind: 'stalled',
        title: 'Stalled: the texts are predicted no better than at the start',
        advice: `${stalledAdvice(settings)}, and check whether the answers follow from the texts.`,
        remedy: stalledRemedy(settings, rate),
      }
    : null;

const stalledLabels: Check = ({ last, best, majority, validations, validationRows, settings, rate, isDistilled }) => {
  const margin = MAJORITY_ROWS / Math.max(1, validationRows);
  const accuracy = best && accuracyOf(best);
  if (!last || last.step < 50 || accuracy === null || accuracy > majority + margin) return null;
  if (wasStillFalling(validations)) return null;
  return {
    kind: 'stalled',
    title: 'Not clearly above the most frequent label',
    advice: `${stalledAdvice(settings)}, and check whether ${isDistilled ? 'the larger prompt does better' : 'two labels overlap'}.`,
    remedy: stalledRemedy(settings, rate),
  };
};

const fewRows: Check = ({ trainRows, settings, validations, last, isGenerating, isDistilled }) =>
  last &&
  !wasStillFalling(validations) &&
  trainRows < FEW_ROWS &&
  settings.steps > FEW_ROWS_STEPS &&
  last.step >= FEW_ROWS_STEPS
    ? {
        kind: 'few-rows',
        title: `Few rows: ${trainRows} are memorised quickly`,
        advice: `With fewer than ${FEW_ROWS} training rows, ${FEW_ROWS_STEPS} steps are enough, and validation results are only rough.${isGenerating || isDistilled ? '' : ' The learning curve below shows whether more labels would help.'}`,
        remedy: { label: `Train again with ${FEW_ROWS_STEPS} steps`, change: FEW_ROWS_CHANGE },
      }
    : null;

const unfinished: Check = ({ hasEnded, validations, settings }) => {
  if (!hasEnded || !wasStillFalling(validations)) return null;
  const steps = longerSteps(settings);
  return {
    kind: 'unfinished',
    title: 'Still learning when training ended',
    advice: 'The validation loss was still falling at the last step: more steps may help.',
    remedy: steps > settings.steps ? { label: `Train again with ${steps} steps`, change: { steps } } : null,
  };
};

const levelled: Check = ({ losses, trend, isGaining }) =>
  losses.length >= 60 && !isGaining && (trend === 'level' || trend === 'unmoved')
    ? {
        kind: 'levelled',
        title: 'Levelled off',
        advice:
          'The validation results no longer improve. Stopping now keeps the best step so far; continuing costs time, and training stops by itself if it does harm.',
        remedy: null,
      }
    : null;

type Words = readonly [title: string, advice: string];

const either = (words: Words): readonly [Words, Words] => [words, words];

/** Where nothing is wrong. */
const LEARNING: Readonly<Record<Trend, readonly [gaining: Words, not: Words]>> = {
  short: either(['Learning', 'Too few steps to see a trend in the training loss. Let it run.']),
  falling: [
    ['Learning', 'The loss is falling, and the validation results improve with it. Let it run.'],
    [
      'Learning the training rows',
      'The training loss is falling, but the validation results have not improved lately. If it stays so, stop: the validation rows choose the step to keep.',
    ],
  ],
  level: [
    ['Still improving', 'The training loss has levelled off, but the validation results still improve. Let it run.'],
    [
      'Slowing down',
      'The training loss has levelled off. A few more validations show whether the results still improve.',
    ],
  ],
  unmoved: [
    ['Still improving', 'The training loss has hardly moved, but the validation results improve. Let it run.'],
    ['Not learning yet', 'The training loss has not moved. If it stays so, double the learning rate.'],
  ],
  rising: [
    ['Unsteady', 'The training loss is rising, while the validation results still improve. Watch the next validation.'],
    ['Unsteady', 'The training loss is rising. If it stays so, stop and halve the learning rate.'],
  ],
  grown: either(['Unsteady', 'The training loss is far above its start.']),
  broken: either(['Unsteady', 'The training loss is not a number.']),
};

/** Worst first. */
const CHECKS: readonly Check[] = [
  divergedRun,
  diverging,
  starting,
  overfitting,
  stalledTexts,
  stalledLabels,
  fewRows,
  unfinished,
  levelled,
];

export function diagnose(seen: Seen): Diagnosis {
  const facts = factsOf(seen);
  for (const check of CHECKS) {
    const found = check(facts);
    if (found) return found;
  }
  const [title, advice] = LEARNING[facts.trend][facts.isGaining ? 0 : 1];
  return { kind: 'learning', title, advice, remedy: null };
}

interface Measure {
  readonly of: (point: ValidationPoint | ReferenceLine) => number;
  readonly falls: boolean;
}

/** Among what there is to beat: a place on the chart, never a win. */
export type Place =
  | { readonly kind: 'unknown' }
  /** `of` is the hardest of them; `since`: between these steps, null = from the start. */
  | {
      readonly kind: 'ahead';
      readonly of: ReferenceLine;
      readonly since: readonly [before: number, after: number] | null;
    }
  | { readonly kind: 'was-ahead'; readonly of: ReferenceLine; readonly step: number }
  | { readonly kind: 'between'; readonly ahead: ReferenceLine; readonly behind: ReferenceLine }
  | { readonly kind: 'behind'; readonly of: ReferenceLine };

/** @param rows validation rows; a lead over the most frequent label has to be more than two */
function placeOf(
  points: readonly ValidationPoint[],
  lines: readonly ReferenceLine[],
  { of, falls }: Measure,
  rows: number,
): Place {
  const bars = lines
    .map((line) => {
      const margin = !falls && line.id === 'majority' ? MAJORITY_ROWS / Math.max(1, rows) : 0;
      return { line, value: (falls ? -1 : 1) * of(line) + margin };
    })
    .filter(({ value }) => Number.isFinite(value))
    .toSorted((a, b) => a.value - b.value);
  const [easiest, hardest] = [bars[0], bars.at(-1)];
  const reached = (point: ValidationPoint) => (falls ? -1 : 1) * of(point);
  const last = points.at(-1);
  if (!last || points.length < 2 || !easiest || !hardest) return { kind: 'unknown' };
  const isAhead = (point: ValidationPoint) => reached(point) > hardest.value;
  if (isAhead(last)) {
    const after = points.findLastIndex((point) => !isAhead(point)) + 1;
    const [before, first] = [points[after - 1], points[after]];
    return { kind: 'ahead', of: hardest.line, since: before && first ? [before.step, first.step] : null };
  }
  const earlier = points.findLast(isAhead);
  if (earlier) return { kind: 'was-ahead', of: hardest.line, step: earlier.step };
  const behind = bars.findIndex(({ value }) => reached(last) <= value);
  const [ahead, next] = [bars[behind - 1], bars[behind]];
  if (ahead && next) return { kind: 'between', ahead: ahead.line, behind: next.line };
  return { kind: 'behind', of: easiest.line };
}

export interface Judgement {
  readonly diagnosis: Diagnosis;
  readonly trend: Trend;
  readonly place: Place;
}

/** Advice and titles cannot contradict each other. */
export const judge = (seen: Seen & { readonly lines: readonly ReferenceLine[] }, measure: Measure): Judgement => ({
  diagnosis: diagnose(seen),
  trend: seenTrend(seen),
  place: placeOf(seen.validations, seen.lines, measure, seen.validationRows),
});

/** Null where there are enough. @param accuracy of the kept step; null = none yet, or texts are generated */
export function fewValidationRows(rows: number, accuracy: number | null): string | null {
  if (rows === 0 || rows >= ENOUGH_VALIDATION_ROWS) return null;
  const right = Math.round((accuracy ?? 0.5) * rows);
  const { low, high } = wilson(right, rows);
  const example = accuracy === null ? `${right} of ${rows} right would mean` : `${right} of ${rows} right means`;
  return `Only ${rows} validation rows choose the step to keep. They are few: ${example} anything from ${percentWhole(low)} to ${percentWhole(high)}, so a later step is kept unless it is clearly worse. For cross-validation over all rows, use “Check every row” among the checks on Compare.`;
}

/** Sampled words rarely beat the most frequent label; after a text, only the rate is left to try. */
const stalledAdvice = ({ initialisation }: TrainingSettings) =>
  initialisation.kind === 'vocabulary'
    ? 'Start from a text or the answer words instead of sampled words'
    : 'Double the learning rate';

function stalledRemedy({ initialisation }: TrainingSettings, rate: number): Remedy | null {
  if (initialisation.kind === 'vocabulary')
    return { label: 'Start again from a text', change: { initialisation: { kind: 'text', text: '' } } };
  return rate > 0 ? { label: 'Start again at twice the rate', change: { learningRate: rounded(2 * rate) } } : null;
}
