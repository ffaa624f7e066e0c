/** What a run is doing, in words, and what to do about it. */
import type { StepPoint, ValidationPoint } from './events';
import { STANDARD, type TrainingSettings } from './settings';

export type DiagnosisKind = 'starting' | 'learning' | 'levelled' | 'stalled' | 'overfitting' | 'diverging' | 'few-rows';

/** Other settings that would probably help, as one button. */
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
  /** Accuracy of always answering the most frequent label. */
  readonly majority: number;
  readonly validationRows: number;
  readonly trainRows: number;
  readonly settings: TrainingSettings;
}

/** With fewer training rows than this early stopping matters most (docs/method/training.md: 64 rows overfit from step 40 on). */
const FEW_ROWS = 100;
const FEW_ROWS_STEPS = 60;
/** Which step is kept matters most there, so it is asked more often. */
const FEW_ROWS_CHANGE = { steps: FEW_ROWS_STEPS, validateEvery: 10, patience: 3 };

/** Share of the first validation loss; above it there is no gain. */
const NO_GAIN = 0.98;

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / Math.max(1, values.length);
/** Two digits are enough to type. */
const rounded = (rate: number) => Number(rate.toPrecision(2));

/** What the checks look at. */
interface Facts extends Seen {
  readonly losses: readonly number[];
  /** Mean training loss of the first and of the last ten steps. */
  readonly first: number;
  readonly recent: number;
  readonly last: ValidationPoint | null;
  readonly best: ValidationPoint | null;
  /** Highest learning rate so far. */
  readonly rate: number;
  readonly isGenerating: boolean;
}

function factsOf(seen: Seen): Facts {
  const { steps, validations, settings } = seen;
  const losses = steps.map((s) => s.loss);
  const last = validations.at(-1) ?? null;
  const isBetter = (a: ValidationPoint, b: ValidationPoint) =>
    a.kind === 'classify' && b.kind === 'classify' ? a.accuracy > b.accuracy : a.loss < b.loss;
  return {
    ...seen,
    losses,
    first: mean(losses.slice(0, 10)),
    recent: mean(losses.slice(-10)),
    last,
    best: validations.reduce<ValidationPoint | null>((top, v) => (!top || isBetter(v, top) ? v : top), null),
    rate: settings.learningRate ?? steps.reduce((top, s) => Math.max(top, s.learningRate), 0),
    isGenerating: last?.kind === 'generate',
  };
}

type Check = (facts: Facts) => Diagnosis | null;

const diverging: Check = ({ losses, recent, first, rate }) =>
  losses.some((l) => !Number.isFinite(l)) || (losses.length >= 20 && recent > 1.5 * first)
    ? {
        kind: 'diverging',
        title: 'Diverging: the loss grows instead of falling',
        advice: 'Stop, halve the learning rate, and start again. The best step so far is kept.',
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

const overfitting: Check = ({ validations, recent, first, last, best, isGenerating, settings }) => {
  const lowest = Math.min(...validations.map((v) => v.loss));
  // texts are harder to predict than labels: a smaller rise is a sign
  const [fallen, risen] = isGenerating ? [0.8, 1.03] : [0.35, 1.25];
  const since = validations.filter(({ step }) => step > (best?.step ?? 0));
  if (!best || !last || recent >= fallen * first || last.loss <= risen * lowest) return null;
  if (since.length < 2 || last.step - best.step < 30) return null;
  const { virtualTokens, patience } = settings;
  return {
    kind: 'overfitting',
    title: `Overfitting since about step ${best.step}`,
    advice:
      'The vectors are memorising the training rows. You can stop: an earlier step is kept. More rows or fewer virtual tokens would help more than more steps.',
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
        advice:
          'Start from a text instead of sampled words, double the learning rate, and check whether the answers follow from the texts.',
        remedy: stalledRemedy(settings, rate),
      }
    : null;

const stalledLabels: Check = ({ last, best, majority, validationRows, settings, rate }) => {
  // A row or two above the most frequent label is no sign of learning.
  const margin = 2 / Math.max(1, validationRows);
  if (!last || last.step < 50 || best?.kind !== 'classify' || best.accuracy > majority + margin) return null;
  return {
    kind: 'stalled',
    title: 'Stalled at the most frequent label',
    advice:
      'The prompt gives every text the same answer. Start from a text or the answer words instead of sampled words, double the learning rate, and check whether two labels overlap.',
    remedy: stalledRemedy(settings, rate),
  };
};

const fewRows: Check = ({ trainRows, settings, last, isGenerating }) =>
  last && trainRows < FEW_ROWS && settings.steps > FEW_ROWS_STEPS && last.step >= FEW_ROWS_STEPS
    ? {
        kind: 'few-rows',
        title: `Few rows: ${trainRows} are memorised quickly`,
        advice: `With fewer than ${FEW_ROWS} training rows, ${FEW_ROWS_STEPS} steps are enough, and validation results are only rough.${isGenerating ? '' : ' The learning curve below shows whether more labels would help.'}`,
        remedy: { label: `Train again with ${FEW_ROWS_STEPS} steps`, change: FEW_ROWS_CHANGE },
      }
    : null;

const levelled: Check = ({ losses, first, last, best }) => {
  const fall = mean(losses.slice(-30, -15)) - mean(losses.slice(-15));
  if (losses.length < 60 || fall >= 0.02 * first || (last?.step ?? 0) - (best?.step ?? 0) < 20) return null;
  return {
    kind: 'levelled',
    title: 'Levelled off',
    advice:
      'The validation results no longer improve. Stopping now keeps the best step so far; continuing costs time, and training stops by itself if it does harm.',
    remedy: null,
  };
};

const LEARNING: Diagnosis = {
  kind: 'learning',
  title: 'Learning',
  advice: 'The loss is falling, and the validation results improve with it. Let it run.',
  remedy: null,
};

/** Worst first. */
const CHECKS: readonly Check[] = [diverging, starting, overfitting, stalledTexts, stalledLabels, fewRows, levelled];

/** The first diagnosis that applies, worst first. */
export function diagnose(seen: Seen): Diagnosis {
  const facts = factsOf(seen);
  for (const check of CHECKS) {
    const found = check(facts);
    if (found) return found;
  }
  return LEARNING;
}

/** Sampled words rarely beat the most frequent label; from a text, only the rate is left to try. */
function stalledRemedy({ initialisation }: TrainingSettings, rate: number): Remedy | null {
  if (initialisation.kind === 'vocabulary')
    return { label: 'Start again from a text', change: { initialisation: { kind: 'text', text: '' } } };
  return rate > 0 ? { label: 'Start again at twice the rate', change: { learningRate: rounded(2 * rate) } } : null;
}

/** A run's validation result after so many steps. */
interface Reached {
  readonly step: number;
  readonly value: number;
}

const NEARLY = 0.95;

/**
 * The first step from which on validation stays at 95% of its final value or above; null where the final value is 0 or
 * there is nothing to see. "Final" is the value at the step that was kept (`bestStep`), else the last.
 */
export function adaptationStep(points: readonly Reached[], bestStep: number | null): number | null {
  const until = bestStep === null ? points : points.filter(({ step }) => step <= bestStep);
  const final = until.at(-1);
  if (!final || until.length < 2 || final.value <= 0) return null;
  const below = until.findLastIndex(({ value }) => value < NEARLY * final.value);
  return until[below + 1]?.step ?? null;
}
