/** A try on validation rows as the charts want it. Pure. */
import type { ArmReport } from '../../../evaluation/types';
import { classMetrics } from '../../../metrics/classification';
import { wilson } from '../../../metrics/intervals';
import type { HardVersion } from '../../../project/types';
import type { Tried } from '../../../workflow/validation';

export function reportOf(version: HardVersion, tried: Tried, labels: readonly string[]): ArmReport {
  const correct = tried.rows - tried.wrongRowIds.length;
  return {
    id: version.id,
    name: 'Your prompt',
    kind: version.prompt.shots > 0 ? 'few-shot' : 'zero-shot',
    n: tried.rows,
    correct,
    accuracy: tried.accuracy,
    accuracyCi95: wilson(correct, tried.rows),
    macroF1: tried.macroF1,
    classes: classMetrics(tried.confusion).map((scores, i) => ({ ...scores, label: labels[i] ?? '' })),
    confusion: tried.confusion,
    predictions: [],
    confidences: [],
    tokensSentMean: null,
    tokensComputedMean: null,
    latencyMsMedian: null,
  };
}

export interface WrongRow {
  readonly id: string;
  readonly text: string;
  readonly gold: string;
  readonly said: string;
}

/** Rows that are not in the data set any more are left out. */
export function wrongRows(
  tried: Tried,
  labels: readonly string[],
  find: (id: string) => { readonly text: string; readonly gold: string } | null,
): readonly WrongRow[] {
  return tried.wrongRowIds.flatMap((id, i) => {
    const row = find(id);
    return row ? [{ id, ...row, said: labels[tried.wrongPredictions[i] ?? -1] ?? '' }] : [];
  });
}
