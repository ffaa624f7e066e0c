/** What a run is doing, in words, and what to do about it. */
import type { StepPoint, ValidationPoint } from '../../../training/events';

export type DiagnosisKind = 'starting' | 'learning' | 'levelled' | 'stalled' | 'overfitting' | 'diverging';

export interface Diagnosis {
  readonly kind: DiagnosisKind;
  readonly title: string;
  readonly advice: string;
}

interface Seen {
  readonly steps: readonly StepPoint[];
  readonly validations: readonly ValidationPoint[];
  /** Accuracy of always saying the commonest label. */
  readonly majority: number;
  readonly validationRows: number;
}

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / Math.max(1, values.length);

/** The first that applies, worst first. */
export function diagnose({ steps, validations, majority, validationRows }: Seen): Diagnosis {
  const losses = steps.map((s) => s.loss);
  const recent = mean(losses.slice(-10));
  const first = mean(losses.slice(0, 10));
  const last = validations.at(-1);
  const best = validations.reduce<ValidationPoint | null>(
    (top, v) => (!top || v.accuracy > top.accuracy ? v : top),
    null,
  );

  if (losses.some((l) => !Number.isFinite(l)) || (losses.length >= 20 && recent > 1.5 * first))
    return {
      kind: 'diverging',
      title: 'Diverging: the loss grows instead of falling',
      advice: 'Stop, halve the learning rate, and start again. The best step so far is kept.',
    };
  if (losses.length < 15 || !last || validations.length < 2)
    return { kind: 'starting', title: 'Starting', advice: 'The first steps warm up; a trend shows after about 20.' };

  const lowest = Math.min(...validations.map((v) => v.loss));
  if (best && recent < 0.35 * first && last.loss > 1.25 * lowest && last.step - best.step >= 30)
    return {
      kind: 'overfitting',
      title: `Overfitting since about step ${best.step}`,
      advice:
        'The vectors now learn the training rows by heart. You can stop: the best step is the one that is kept. More rows, or fewer virtual tokens, would help more than more steps.',
    };
  // A row or two above the commonest label is no sign of learning.
  const margin = 2 / Math.max(1, validationRows);
  if (last.step >= 50 && best && best.accuracy <= majority + margin)
    return {
      kind: 'stalled',
      title: 'Stalled at the commonest label',
      advice:
        'The prompt answers the same whatever the text. Start from a text or from the answer words instead of sampled words, try twice the learning rate, and look at the labels: do two of them overlap?',
    };
  const before = mean(losses.slice(-30, -15));
  const after = mean(losses.slice(-15));
  if (losses.length >= 60 && before - after < 0.02 * first && last.step - (best?.step ?? 0) >= 20)
    return {
      kind: 'levelled',
      title: 'Levelled off',
      advice:
        'No gain on the validation rows lately. It will stop by itself when that lasts; stopping now keeps the best step.',
    };
  return {
    kind: 'learning',
    title: 'Learning',
    advice: 'The loss is falling and the validation rows follow. Let it run.',
  };
}
