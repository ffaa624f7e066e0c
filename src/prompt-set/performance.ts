/** Results of versions from every comparison and measurement. Only results on the same rows are shown together. */
import type { TaskKind } from '../dataset/types';
import type { RowScores } from '../evaluation/kind';
import { comparedScores, sheetScores } from '../evaluation/sheets';
import { present } from '../lib/assert';
import { count, midSentence } from '../lib/format';
import { bonettPrice, type Interval, meanInterval, meansInterval, newcombe } from '../metrics/intervals';
import { type Figure, headlineMetric, headlineOf, METRICS, type Metric, metricsOf } from '../metrics/registry';
import type { Answers, Sheet } from './answers';
import { versionsCompared } from './calibration';
import type { Evaluation, PromptSet, Version } from './types';
import { versionById, versionWords } from './versions';

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
  readonly kind: TaskKind;
  /** By the metric that decides for that kind, 0 to 1. */
  readonly value: number;
  /** 95%. */
  readonly ci95: Interval;
  /** What each row adds: 1 = correct and 0 = wrong, or a score; `value` is their mean. */
  readonly rows: readonly number[];
  /** Right answers to the rows; of generated texts, which are not kept, the rows themselves. */
  readonly gold: readonly (number | string)[];
  /** Further figures, by name. */
  readonly figures: Readonly<Record<string, number>>;
  /** The answers that it comes from, which can be removed; null = a comparison. */
  readonly said: Answers | null;
}

/** A set with its stored comparisons, and the answers of its versions. */
export interface Measured {
  readonly set: PromptSet;
  /** Newest first. */
  readonly evaluations: readonly Evaluation[];
  /** Oldest first. */
  readonly measurements: readonly Answers[];
}

/** The arms of a comparison that are exactly a version, by the version's id. */
export const armsByVersion = (set: PromptSet, evaluation: Evaluation): ReadonlyMap<string, string> =>
  new Map([...versionsCompared(set, evaluation)].map(([arm, version]) => [version, arm]));

/** FNV-1a over texts, to tell row sets apart. */
function mark(parts: readonly (string | number)[]): string {
  let hash = 0x811c9dc5;
  for (const part of parts)
    for (const char of `${part}\n`) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash.toString(36);
}

const shortened = (name: string) => (name.length > 40 ? `${name.slice(0, 39)}…` : name);

/** The key of test rows, as it is stored: equal for a comparison and a measurement of the same rows. `gold`: labels or expected texts. */
export const testRowsKey = (
  rowIds: readonly string[],
  gold: readonly (number | string)[],
  labels: readonly string[],
): string => ['test', rowIds.length, mark([...labels, ...rowIds, ...gold])].join(':');

type Figures = Pick<Result, 'n' | 'kind' | 'value' | 'ci95' | 'rows' | 'gold' | 'figures'>;

function figuresOf(kind: TaskKind, metrics: Readonly<Record<string, Figure>>, { rows, gold }: RowScores): Figures {
  const { value, interval } = headlineOf({ kind, metrics });
  const others = metricsOf<string, Metric>(METRICS[kind]).slice(1);
  const figures = others.map(([id, { name }]) => [midSentence(name), present(metrics[id], id).value] as const);
  return { n: rows.length, kind, value, ci95: interval, rows, gold, figures: Object.fromEntries(figures) };
}

/** All results of the set's versions, oldest first. */
export function resultsOf({ set, evaluations, measurements }: Measured): readonly Result[] {
  const compared = evaluations.flatMap((evaluation) => {
    const { id, createdAt: at, kind } = evaluation;
    const { plan, comparison } = evaluation;
    const scores = comparedScores(evaluation);
    const gold = 'wanted' in plan ? plan.wanted : (scores[0]?.gold ?? []);
    const rowsKey = testRowsKey(plan.rowIds, gold, 'labels' in plan ? plan.labels : []);
    const armOf = armsByVersion(set, evaluation);
    const rowsName = `${plan.rowIds.length} test rows${set.datasetName ? ` of ${shortened(set.datasetName)}` : ''}`;
    return set.versions.flatMap((of): Result[] => {
      const place = comparison.arms.findIndex((each) => each.id === armOf.get(of.id));
      const [arm, rows] = [comparison.arms[place], scores[place]];
      if (!arm || !rows) return [];
      return [{ id: `${id} ${of.id}`, of, at, rowsKey, rowsName, ...figuresOf(kind, arm.metrics, rows), said: null }];
    });
  });
  const asked = measurements.flatMap((said): Result[] => {
    const { id, versionId, createdAt: at, data, fingerprint, answers } = said;
    const of = versionById(set, versionId);
    if (!of) return [];
    const figures = figuresOf(answers.kind, answers.metrics, sheetScores(answers));
    const rows = data.kind === 'file' ? 'rows' : 'test rows';
    const rowsName = `${figures.n} ${rows} of ${shortened(data.name)}`;
    return [{ id, of, at, rowsKey: fingerprint, rowsName, ...figures, said }];
  });
  return [...compared, ...asked].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

/** The sets of rows with results: the one with the most versions first, of equals the newest. */
export function rowsOfResults(
  results: readonly Result[],
): readonly { readonly key: string; readonly name: string; readonly versions: number }[] {
  const lots = new Map<string, { key: string; name: string; ids: Set<string> }>();
  for (const { rowsKey, rowsName, of } of results.toReversed()) {
    const lot = lots.get(rowsKey) ?? { key: rowsKey, name: rowsName, ids: new Set<string>() };
    lot.ids.add(of.id);
    lots.set(rowsKey, lot);
  }
  return [...lots.values()]
    .map(({ key, name, ids }) => ({ key, name, versions: ids.size }))
    .sort((a, b) => b.versions - a.versions);
}

/** The newest result of each version on one set of rows, oldest version first. */
export function overVersions(results: readonly Result[], rowsKey: string): readonly Result[] {
  const newest = new Map<string, Result>();
  for (const result of results) if (result.rowsKey === rowsKey) newest.set(result.of.id, result);
  return [...newest.values()].sort((a, b) => (a.of.createdAt < b.of.createdAt ? -1 : 1));
}

// Whether a version still does as well as before: its first result against a later one, in numbers and in words.

export interface Drift {
  readonly kind: 'drop' | 'gain' | 'unclear';
  /** Both are on the same rows and are compared row by row. */
  readonly paired: boolean;
  /** By the metric that decides, now minus then. */
  readonly difference: number;
  /** 95%. Accuracy: Bonett-Price on the same rows, Newcombe on different ones. Scores: Student's t, paired or Welch's. */
  readonly ci95: Interval;
}

const sameGold = (a: Result, b: Result) =>
  a.rowsKey === b.rowsKey && a.n === b.n && a.gold.every((label, i) => label === b.gold[i]);

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

type IntervalOf = (then: Result, now: Result, paired: boolean) => Interval;

const ofShares: IntervalOf = (then, now, paired) => {
  if (!paired) return newcombe(sum(now.rows), now.n, sum(then.rows), then.n);
  const lost = then.rows.filter((was, i) => was > (now.rows[i] ?? 0)).length;
  const won = then.rows.filter((was, i) => was < (now.rows[i] ?? 0)).length;
  return bonettPrice(lost, won, now.n);
};

const ofScores: IntervalOf = (then, now, paired) =>
  paired ? meanInterval(now.rows.map((value, i) => value - (then.rows[i] ?? 0))) : meansInterval(now.rows, then.rows);

/** A change counts as real only if its interval excludes zero. */
export function driftOf(then: Result, now: Result): Drift {
  const paired = sameGold(then, now);
  const ci95 = (isAccuracy(now) ? ofShares : ofScores)(then, now, paired);
  const difference = now.value - then.value;
  return { kind: ci95.high < 0 ? 'drop' : ci95.low > 0 ? 'gain' : 'unclear', paired, difference, ci95 };
}

/** The first result of the same version, null where this is the first. */
export const firstOf = (results: readonly Result[], now: Result): Result | null => {
  const first = results.find(({ of }) => of.id === now.of.id);
  return first && first.id !== now.id ? first : null;
};

const whole = (share: number) => `${Math.round(share * 100)}`;
const signed = (share: number) => {
  const value = Math.round(share * 100);
  return value < 0 ? `−${-value}` : value > 0 ? `+${value}` : '0';
};

/** "accuracy", "ROUGE-L". */
export const measureName = ({ kind }: Pick<Result, 'kind'>): string => midSentence(headlineMetric(kind).name);
const isAccuracy = (of: Pick<Result, 'kind'>) => headlineMetric(of.kind).id === 'accuracy';
/** "ROUGE-L " before figures other than accuracy. */
const measureWords = (of: Result) => (isAccuracy(of) ? '' : `${measureName(of)} `);
/** "71% (64 to 78)". */
const reached = ({ value, ci95 }: Result) => `${whole(value)}% (${whole(ci95.low)} to ${whole(ci95.high)})`;

/** "Was 84% on 120 test rows of march.csv; now 71% (64 to 78) on 180 rows of april.csv: a real drop, −13 points (95% interval −22 to −3)". */
export function driftWords(then: Result | null, now: Result): string {
  const is = `${measureWords(now)}${reached(now)} on ${now.rowsName}`;
  if (!then) return `${is}. This is the first result: later ones are compared with it.`;
  const { kind, paired, difference, ci95 } = driftOf(then, now);
  const range = `${signed(difference)} points (95% interval ${signed(ci95.low)} to ${signed(ci95.high)})`;
  const verdict =
    kind === 'drop' ? `a real drop, ${range}` : kind === 'gain' ? `a real gain, ${range}` : `no clear change, ${range}`;
  const rows = paired ? 'the same rows' : now.rowsName;
  return `Was ${measureWords(then)}${whole(then.value)}% on ${then.rowsName}; now ${reached(now)} on ${rows}: ${verdict}.`;
}

/** What a version may know of the rows that it was measured on, as a sentence; null = nothing. */
export function knownWords({ known }: Pick<Sheet, 'known'>): string | null {
  if (known === null)
    return 'It may have been trained on some of these rows. Its own training rows are not open, so this cannot be checked.';
  const { same, almost, isSure } = known;
  if (same + almost === 0) return null;
  const verb = (n: number, one: string, many: string, maybe: string) => (isSure ? (n === 1 ? one : many) : maybe);
  const found = [
    ...(same > 0 ? [`${count(same)} of these rows ${verb(same, 'is', 'are', 'may be')} among its training rows`] : []),
    ...(almost > 0
      ? [
          `${count(almost)} ${same > 0 ? 'more' : 'of these rows'} ${verb(almost, 'almost repeats', 'almost repeat', 'may almost repeat')} one${same > 0 ? '' : ' of its training rows'}`,
        ]
      : []),
  ].join(', and ');
  return isSure
    ? `${found}: expect a lower figure on new rows.`
    : `Up to ${found}, as the rows were changed or split again since: expect a lower figure on new rows.`;
}

/** Two versions on the newest rows that both answered: "On 120 test rows of march.csv: 68% and 82%, +14 points (95% interval +7 to +21)". Null = no such rows. */
export function betweenWords(results: readonly Result[], before: string, after: string): string | null {
  const of = (id: string) => results.filter(({ of }) => of.id === id).toReversed();
  for (const now of of(after)) {
    const then = of(before).find(({ rowsKey }) => rowsKey === now.rowsKey);
    if (!then) continue;
    const { kind, difference, ci95 } = driftOf(then, now);
    const unclear = kind === 'unclear' ? ', which may be chance' : '';
    return `On ${now.rowsName}: ${measureWords(now)}${whole(then.value)}% and ${whole(now.value)}%, ${signed(difference)} points (95% interval ${signed(ci95.low)} to ${signed(ci95.high)})${unclear}`;
  }
  return null;
}

/** The chart's title: a real difference between the first and the last version if there is one, else what the chart shows. */
export function performanceTitle(results: readonly Result[]): string {
  const [first] = results;
  const last = results.at(-1);
  if (!first || !last) return 'No version has been measured yet';
  if (first === last) {
    const isRight = isAccuracy(first);
    const words = isRight ? 'gets' : `reaches ${measureName(first)}`;
    return `${versionWords(first.of)} ${words} ${whole(first.value)}%${isRight ? ' right' : ''} on ${first.rowsName}`;
  }
  const { kind, difference, ci95 } = driftOf(first, last);
  if (kind === 'unclear') return `${results.length} versions on ${first.rowsName}: no clear change from first to last`;
  return `${versionWords(last.of)} is ${kind === 'gain' ? 'above' : 'below'} ${versionWords(first.of)} by ${whole(Math.abs(difference))} points (${signed(ci95.low)} to ${signed(ci95.high)})`;
}
