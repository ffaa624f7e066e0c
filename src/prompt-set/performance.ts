/** Results of versions from every comparison and measurement. Only results on the same rows are shown together. */
import { midSentence } from '../lib/format';
import { correctCount } from '../metrics/classification';
import { type Interval, wilson } from '../metrics/intervals';
import { LABEL_METRICS, metricsOf, TEXT_METRICS } from '../metrics/registry';
import { EXAMPLES, handArm } from './arms';
import type { ClassifyEvaluation, GenerateEvaluation, Kept, Measurement, PromptSet, WrittenScores } from './types';
import { type Version, versionById, versionsOf } from './versions';

/** One version on one set of rows. */
export interface Result {
  readonly id: string;
  readonly of: Version;
  /** ISO time. */
  readonly at: string;
  /** Results with the same key are about the same rows with the same labels. */
  readonly rowsKey: string;
  /** "120 test rows of tickets.csv". */
  readonly rowsName: string;
  readonly n: number;
  /** What `value` is: the share of correct rows, or the mean ROUGE-L of generated texts. */
  readonly measure: 'accuracy' | 'rougeL';
  /** 0 to 1. */
  readonly value: number;
  /** 95%: Wilson for accuracy, bootstrap for ROUGE-L. */
  readonly ci95: Interval;
  /** Row by row: 1 = correct and 0 = wrong, or ROUGE-L. */
  readonly rows: readonly number[];
  /** Labels of the rows; empty for generated texts. */
  readonly gold: readonly number[];
  /** Further figures, by name; null where the result is older than the metric. */
  readonly figures: Readonly<Record<string, number | null>>;
  /** The measurement that it comes from, which can be removed; null = a comparison. */
  readonly measurement: Measurement | null;
}

/** A set with its stored comparisons and measurements. */
export interface Measured {
  readonly set: PromptSet;
  /** Newest first. */
  readonly evaluations: readonly Kept<ClassifyEvaluation>[];
  readonly writings: readonly Kept<GenerateEvaluation>[];
  /** Oldest first. */
  readonly measurements: readonly Measurement[];
}

type Compared = Pick<ClassifyEvaluation, 'softVersion' | 'hardVersion' | 'asWritten'>;

/**
 * The arm of a comparison that is exactly this version; null = it took no part. In comparisons of earlier releases Yours
 * took part without examples and with some: a version that shows another number of them was not among the arms.
 */
function armOf(
  { softVersion, hardVersion, asWritten }: Compared,
  arms: readonly { readonly id: string }[],
  examples: number,
  { kind, version }: Version,
): string | null {
  if (kind === 'soft') return softVersion === version.id ? 'tuned' : null;
  const { shots } = version.prompt;
  if (shots > 0 && !asWritten) return hardVersion === version.id && shots === examples ? `yours-${examples}` : null;
  if (hardVersion === version.id) return 'yours';
  const own = handArm(version);
  return arms.some(({ id }) => id === own) ? own : null;
}

/** FNV-1a over texts, to tell row sets apart. */
function mark(parts: readonly (string | number)[]): string {
  let hash = 0x811c9dc5;
  for (const part of parts)
    for (const char of `${part}\n`) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash.toString(36);
}

const shortened = (name: string) => (name.length > 40 ? `${name.slice(0, 39)}…` : name);

/** The key of test rows: equal for a comparison and a measurement of the same rows. `gold`: labels or expected texts. */
export const heldBackKey = (
  rowIds: readonly string[],
  gold: readonly (number | string)[],
  labels: readonly string[],
): string => ['held-back', rowIds.length, mark([...labels, ...rowIds, ...gold])].join(':');

type Figures = Pick<Result, 'n' | 'measure' | 'value' | 'ci95' | 'rows' | 'gold' | 'figures'>;

function chosen(gold: readonly number[], predictions: readonly number[], classes: number): Figures {
  const right = correctCount(gold, predictions);
  return {
    n: gold.length,
    measure: 'accuracy',
    value: gold.length === 0 ? 0 : right / gold.length,
    ci95: wilson(right, gold.length),
    rows: gold.map((label, i) => (predictions[i] === label ? 1 : 0)),
    gold,
    figures: {
      right,
      ...others(LABEL_METRICS, 'accuracy', (_, metric) => metric.compute({ gold, predicted: predictions, classes })),
    },
  };
}

const written = (scores: WrittenScores): Figures => ({
  n: scores.rows.length,
  measure: 'rougeL',
  value: scores.rougeL,
  ci95: scores.intervals.rougeL,
  rows: scores.rows,
  gold: [],
  figures: others(TEXT_METRICS, 'rougeL', (id) => scores[id] ?? null),
});

/** Every metric but the headline's, under the name that it has inside a sentence. */
const others = <Id extends string, M extends { readonly name: string }>(
  metrics: Readonly<Record<Id, M>>,
  headline: Id,
  of: (id: Id, metric: M) => number | null,
): Readonly<Record<string, number | null>> =>
  Object.fromEntries(
    metricsOf(metrics).flatMap(([id, metric]) => (id === headline ? [] : [[midSentence(metric.name), of(id, metric)]])),
  );

/** All results of the set's versions, oldest first. */
export function resultsOf({ set, evaluations, writings, measurements }: Measured): readonly Result[] {
  const versions = versionsOf(set);
  const heldBack = (n: number) => `${n} test rows${set.datasetName ? ` of ${shortened(set.datasetName)}` : ''}`;
  const compared = evaluations.flatMap((evaluation): Result[] => {
    const { id, plan, comparison, createdAt: at } = evaluation;
    const { rowIds, gold, labels, arms } = plan;
    return versions.flatMap((of) => {
      const wanted = armOf(evaluation, arms, EXAMPLES.classify, of);
      const report = comparison.arms.find((arm) => arm.id === wanted);
      if (!report) return [];
      const rowsKey = heldBackKey(rowIds, gold, labels);
      const figures = chosen(gold, report.predictions, labels.length);
      const own = { id: `${id} ${of.version.id}`, of, at, rowsKey, rowsName: heldBack(gold.length) };
      return { ...own, ...figures, measurement: null };
    });
  });
  const wrote = writings.flatMap((writing): Result[] => {
    const { id, plan, comparison, createdAt: at } = writing;
    return versions.flatMap((of) => {
      const arm = armOf(writing, plan.arms, EXAMPLES.generate, of);
      const report = comparison.arms.find((each) => each.id === arm);
      if (!report) return [];
      const rowsKey = heldBackKey(plan.rowIds, plan.wanted, []);
      const own = { id: `${id} ${of.version.id}`, of, at, rowsKey, rowsName: heldBack(comparison.n) };
      return { ...own, ...written(report), measurement: null };
    });
  });
  const measured = measurements.flatMap((measurement): Result[] => {
    const { id, versionId, createdAt: at, gold, predictions, labels, data, wrote } = measurement;
    const of = versionById(set, versionId);
    if (!of) return [];
    const figures = wrote ? written(wrote) : chosen(gold, predictions, labels.length);
    const rows = data.kind === 'held-back' ? 'test rows' : 'rows';
    const rowsName = `${figures.n} ${rows} of ${shortened(data.name)}`;
    return [{ id, of, at, rowsKey: data.fingerprint, rowsName, ...figures, measurement }];
  });
  return [...compared, ...wrote, ...measured].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

/** The sets of rows with results: the one with the most versions first, of equals the newest. */
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

/** The newest result of each version on one set of rows, oldest version first. */
export function overVersions(results: readonly Result[], rowsKey: string): readonly Result[] {
  const newest = new Map<string, Result>();
  for (const result of results) if (result.rowsKey === rowsKey) newest.set(result.of.version.id, result);
  return [...newest.values()].sort((a, b) => (a.of.version.createdAt < b.of.version.createdAt ? -1 : 1));
}
