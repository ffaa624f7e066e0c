/** How versions did, from every comparison and measurement: each on its own rows, and only the same rows side by side. */
import { confusionMatrix, correctCount, macroF1 } from '../metrics/classification';
import { type Interval, wilson } from '../metrics/intervals';
import type { Evaluation, Measurement, PromptSet } from './types';
import { type Version, versionById, versionsOf } from './versions';

/** One version on one lot of rows. */
export interface Result {
  readonly id: string;
  readonly of: Version;
  /** ISO time. */
  readonly at: string;
  /** Results with the same key are about the same rows with the same labels. */
  readonly rowsKey: string;
  /** "120 held-back rows of tickets.csv". */
  readonly rowsName: string;
  readonly n: number;
  readonly correct: number;
  readonly accuracy: number;
  readonly accuracyCi95: Interval;
  readonly macroF1: number;
  readonly gold: readonly number[];
  readonly predictions: readonly number[];
  /** Kept by a measurement of its own, so that it can be taken away. */
  readonly measurement: Measurement | null;
}

/** Of the hand-written prompt that a comparison shows with examples. */
const WITH_EXAMPLES = { id: 'yours-8', shots: 8 };

/**
 * The arm of a comparison that is a version as it stands; null = it took no part. A hand-written version takes part without
 * examples and with eight: a version that shows another number of them was not among the arms.
 */
function armOf({ softVersion, hardVersion, plan }: Evaluation, { kind, version }: Version): string | null {
  if (kind === 'soft') return softVersion === version.id ? 'tuned' : null;
  const { shots } = version.prompt;
  if (shots > 0) return hardVersion === version.id && shots === WITH_EXAMPLES.shots ? WITH_EXAMPLES.id : null;
  if (hardVersion === version.id) return 'yours';
  const own = `hand-${version.id}`;
  return plan.arms.some(({ id }) => id === own) ? own : null;
}

/** Mean log-probabilities that a version's newest comparison subtracted from its answers; null = none. */
export function calibrationOf(evaluations: readonly Evaluation[], of: Version): readonly number[] | null {
  for (const evaluation of evaluations) {
    const id = armOf(evaluation, of);
    const report = evaluation.comparison.arms.find((arm) => arm.id === id);
    if (!report) continue;
    if (!(report.calibrated ?? evaluation.comparison.calibrated)) return null;
    return evaluation.plan.arms.find((arm) => arm.id === id)?.calibration?.meanLogProbs ?? null;
  }
  return null;
}

/** FNV-1a over texts: tells lots of rows apart, nothing more. */
function mark(parts: readonly (string | number)[]): string {
  let hash = 0x811c9dc5;
  for (const part of parts)
    for (const char of `${part}\n`) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash.toString(36);
}

const shortened = (name: string) => (name.length > 40 ? `${name.slice(0, 39)}…` : name);

/** The key of held-back rows: of a comparison and of a measurement of the same rows it is the same. */
export const heldBackKey = (rowIds: readonly string[], gold: readonly number[], labels: readonly string[]): string =>
  `held-back:${rowIds.length}:${mark([...labels, ...rowIds, ...gold])}`;

function scored(gold: readonly number[], predictions: readonly number[], classes: number) {
  const correct = correctCount(gold, predictions);
  return {
    n: gold.length,
    correct,
    accuracy: gold.length === 0 ? 0 : correct / gold.length,
    accuracyCi95: wilson(correct, gold.length),
    macroF1: macroF1(confusionMatrix(gold, predictions, classes)),
    gold,
    predictions,
  };
}

/** All results of versions that are here, oldest first. */
export function resultsOf(
  set: PromptSet,
  evaluations: readonly Evaluation[],
  measurements: readonly Measurement[],
): readonly Result[] {
  const compared = evaluations.flatMap((evaluation): Result[] => {
    const { plan, comparison, createdAt } = evaluation;
    return versionsOf(set).flatMap((of) => {
      const wanted = armOf(evaluation, of);
      const report = comparison.arms.find(({ id }) => id === wanted);
      if (!report) return [];
      return {
        id: `${evaluation.id} ${of.version.id}`,
        of,
        at: createdAt,
        rowsKey: heldBackKey(plan.rowIds, plan.gold, plan.labels),
        rowsName: `${plan.gold.length} held-back rows${set.datasetName ? ` of ${shortened(set.datasetName)}` : ''}`,
        ...scored(plan.gold, report.predictions, plan.labels.length),
        measurement: null,
      };
    });
  });
  const measured = measurements.flatMap((measurement): Result[] => {
    const of = versionById(set, measurement.versionId);
    if (!of) return [];
    const { gold, predictions, labels, data } = measurement;
    return [
      {
        id: measurement.id,
        of,
        at: measurement.createdAt,
        rowsKey: data.fingerprint,
        rowsName: `${gold.length} ${data.kind === 'held-back' ? 'held-back rows' : 'rows'} of ${shortened(data.name)}`,
        ...scored(gold, predictions, labels.length),
        measurement,
      },
    ];
  });
  return [...compared, ...measured].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

/** The lots of rows that anything was measured on: the one with the most versions first, of equals the newest. */
export function rowsOfResults(
  results: readonly Result[],
): readonly { readonly key: string; readonly name: string; readonly versions: number }[] {
  const lots = new Map<string, { key: string; name: string; ids: Set<string> }>();
  for (const { rowsKey, rowsName, of } of results.toReversed()) {
    const lot = lots.get(rowsKey) ?? { key: rowsKey, name: rowsName, ids: new Set<string>() };
    lot.ids.add(of.version.id);
    lots.set(rowsKey, lot);
  }
  return [...lots.values()]
    .map(({ key, name, ids }) => ({ key, name, versions: ids.size }))
    .sort((a, b) => b.versions - a.versions);
}

/** The newest result of each version on one lot of rows, in the order in which the versions were made. */
export function overVersions(results: readonly Result[], rowsKey: string): readonly Result[] {
  const newest = new Map<string, Result>();
  for (const result of results) if (result.rowsKey === rowsKey) newest.set(result.of.version.id, result);
  return [...newest.values()].sort((a, b) => (a.of.version.createdAt < b.of.version.createdAt ? -1 : 1));
}
