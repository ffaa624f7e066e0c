/** Which step of a run is kept, when continuing is of no use, and what is stored of a run. */
import { StudioError } from '../lib/errors';
import type { Checkpoint, Scores, Trained, ValidationPoint } from './events';
import type { TrainingSettings } from './settings';

/** A step that was validated before may be kept. */
export const diverged = (step: number, learningRate: number): StudioError =>
  new StudioError(
    'diverged',
    `Training diverged at step ${step}: the loss is no longer a number. Train again with a third of the learning rate, which was ${learningRate.toPrecision(2)}.`,
    { data: { step, learningRate, suggestedLearningRate: Number((learningRate / 3).toPrecision(2)) } },
  );

type Figure = 'accuracy' | 'microF1' | 'macroF1' | 'tokenShare';

/** Null where its kind of task has no such figure. */
export const figureOf = (scores: Scores, figure: Figure): number | null =>
  (scores as Partial<Record<Figure, number>>)[figure] ?? null;

/** Of one label a row. */
export const accuracyOf = (scores: Scores): number | null => figureOf(scores, 'accuracy');

/** Decides which step is kept, unless the settings name another one. */
const MAIN_FIGURE = { classify: 'accuracy', tag: 'microF1', generate: 'tokenShare' } as const satisfies Readonly<
  Record<Scores['kind'], Figure>
>;

/** By accuracy, where rows have one label, else by the loss. */
export const isAhead = (a: Scores & { readonly loss?: number }, b: Scores & { readonly loss?: number }): boolean =>
  (accuracyOf(a) ?? -(a.loss ?? 0)) > (accuracyOf(b) ?? -(b.loss ?? 0));

/** With fewer validations a trend is chance. */
const FEWEST_VALIDATIONS = 4;
/** Share of the first validation loss that the last third of the run has to win. */
const STILL_FALLING = 0.02;

/** Lowest at the end, after a fall in the last third. */
export function wasStillFalling(validations: readonly Pick<ValidationPoint, 'loss'>[]): boolean {
  const losses = validations.map(({ loss }) => loss);
  const [first, last] = [losses[0], losses.at(-1)];
  const before = losses[Math.floor((2 * losses.length) / 3) - 1];
  if (losses.length < FEWEST_VALIDATIONS || first === undefined || last === undefined || before === undefined)
    return false;
  return last === Math.min(...losses) && before - last >= STILL_FALLING * first;
}

interface Reached {
  readonly step: number;
  readonly value: number;
}

const NEARLY = 0.95;

/**
 * From this step on validation stays at 95% of the value at `bestStep` (null: the last) or above. Null where that is 0 or there
 * is nothing to see.
 */
export function adaptationStep(points: readonly Reached[], bestStep: number | null): number | null {
  const until = bestStep === null ? points : points.filter(({ step }) => step <= bestStep);
  const final = until.at(-1);
  if (!final || until.length < 2 || final.value <= 0) return null;
  const below = until.findLastIndex(({ value }) => value < NEARLY * final.value);
  return until[below + 1]?.step ?? null;
}

export type Validated = ValidationPoint & { readonly rowLosses: readonly number[] };

type Selection = Pick<Checkpoint, 'best' | 'lowest' | 'evaluationsWithoutGain'>;

/** Standard errors from which on a mean difference is taken for more than chance. */
const CLEAR = 2;

/** The mean of the paired differences, in standard errors. */
export function clearlyHigher(here: readonly number[], there: readonly number[]): boolean {
  const n = here.length;
  const differences = here.map((loss, i) => loss - (there[i] as number));
  const mean = differences.reduce((sum, d) => sum + d, 0) / n;
  const variance = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (n - 1);
  return n > 1 && mean > CLEAR * Math.sqrt(variance / n);
}

/**
 * By the loss: the latest step that is not clearly worse than the lowest, as a few dozen rows cannot tell two good steps apart,
 * and the learning rate is lower at the later one. By a share of correct answers: the best, of equals the one of lower loss.
 */
export function select(
  state: Selection,
  validated: Validated,
  trained: Trained,
  metric: TrainingSettings['metric'],
  lossAt: (step: number) => number | undefined,
): Selection {
  const { best, lowest, evaluationsWithoutGain } = state;
  const { step, loss, rowLosses } = validated;
  if (!Number.isFinite(loss))
    return { best, ...(lowest && { lowest }), evaluationsWithoutGain: evaluationsWithoutGain + 1 };
  if (metric === 'loss') {
    const kept = { step, metric: -loss, ...trained };
    if (!lowest || loss < lowest.loss) return { best: kept, lowest: { loss, rowLosses }, evaluationsWithoutGain: 0 };
    return clearlyHigher(rowLosses, lowest.rowLosses)
      ? { best, lowest, evaluationsWithoutGain: evaluationsWithoutGain + 1 }
      : { best: kept, lowest, evaluationsWithoutGain: 0 };
  }
  const value = shareOf(validated, metric);
  const isGain = !best || value > best.metric;
  const isKept = isGain || (value === best.metric && loss < (lossAt(best.step) ?? Number.POSITIVE_INFINITY));
  return {
    best: isKept ? { step, metric: value, ...trained } : best,
    evaluationsWithoutGain: isGain ? 0 : evaluationsWithoutGain + 1,
  };
}

const shareOf = (point: ValidationPoint, metric: 'accuracy' | 'macro-f1'): number =>
  (metric === 'macro-f1' ? figureOf(point, 'macroF1') : null) ?? figureOf(point, MAIN_FIGURE[point.kind]) ?? 0;
