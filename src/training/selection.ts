/** Which step of a run is kept, and when going on is of no use: what each validation makes of the steps before it. */
import type { Checkpoint, Trained, ValidationPoint } from './events';
import type { TrainingSettings } from './settings';

/** Validation results at a step, and the loss of each row. */
export type Validated = ValidationPoint & { readonly rowLosses: readonly number[] };

type Selection = Pick<Checkpoint, 'best' | 'lowest' | 'evaluationsWithoutGain'>;

/** Standard errors of a mean difference from which on it is taken for more than chance. */
const CLEAR = 2;

/** Whether rows lost clearly more here than there: the mean of the paired differences in standard errors. */
export function clearlyHigher(here: readonly number[], there: readonly number[]): boolean {
  const n = here.length;
  const differences = here.map((loss, i) => loss - (there[i] as number));
  const mean = differences.reduce((sum, d) => sum + d, 0) / n;
  const variance = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (n - 1);
  return n > 1 && mean > CLEAR * Math.sqrt(variance / n);
}

/**
 * By the loss: the latest step that is not clearly worse than the lowest. A few dozen rows cannot tell two good steps
 * apart, and the learning rate is lower at the later one. Clearly worse ones, one after another, end a run early.
 * By a share of correct answers: the best step, and of equals the one of lower loss.
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

function shareOf(point: ValidationPoint, metric: 'accuracy' | 'macro-f1'): number {
  if (point.kind === 'generate') return point.tokenShare;
  return metric === 'accuracy' ? point.accuracy : point.macroF1;
}
