import { drawnRows } from '../dataset/draw';
import { familiesOf, groupColumn } from '../dataset/families';
import { generates } from '../dataset/task-facts';
import type { Dataset, TaskKind } from '../dataset/types';
import { count, counted } from '../lib/format';
import { clustersOf, equalClusters } from '../metrics/mcnemar';
import { detectableDifference } from '../metrics/power';
import { COMBINED_PAIRS } from './classify/made-arms';
import { SHEETS } from './sheets';
import type { ComparisonPlan } from './types';

/**
 * Family of each row, from 0 on: rows of one family are right or wrong together, so families are the trials. Undefined
 * where every row is a family of its own.
 */
export function rowGroups(dataset: Dataset, rowIds: readonly string[]): readonly number[] | undefined {
  const families = familiesOf(dataset);
  const places = new Map<string | number, number>();
  // a row that is gone is a family of its own
  const groups = rowIds.map((id) => {
    const family = families.get(id) ?? id;
    const place = places.get(family) ?? places.size;
    places.set(family, place);
    return place;
  });
  return places.size === rowIds.length ? undefined : groups;
}

export interface Detectable {
  /** Smallest gain shown with power 80%, in points; null when no gain would be. */
  readonly points: number | null;
  readonly sentence: string;
}

/** What test rows count as: each as one trial, or those of a group, or of one text, together. */
interface Trials {
  readonly count: number;
  /** As many trials of equal size show as much. Left out: `count`. */
  readonly equal?: number;
  readonly of: 'row' | 'group' | 'text';
}

interface TrialWords {
  readonly from: (trials: number) => string;
  readonly why: string;
  readonly more: string;
}

const TRIALS: Readonly<Record<Trials['of'], TrialWords>> = {
  row: { from: () => '', why: '', more: 'use more test rows' },
  group: {
    from: (trials) => ` from ${counted(trials, 'group')}`,
    why: ', as rows of one group may all be right or wrong together',
    more: 'use test rows from more groups',
  },
  text: {
    from: (trials) => ` with ${counted(trials, 'different text')}`,
    why: ', as rows with the same text, or almost the same, may all be right or wrong together',
    more: 'rows that almost repeat another count as one, so use test rows with other texts',
  },
};

/** Exact McNemar, power 80%, where a better prompt still breaks 5 rows in a hundred: docs/method/statistics.md. */
export function detectable(
  testRows: number,
  pairs: number,
  trials: Trials = { count: testRows, of: 'row' },
): Detectable {
  const { from, why, more } = TRIALS[trials.of];
  const rows = `${counted(testRows, 'test row')}${from(trials.count)}`;
  const smallest = testRows > 0 ? detectableDifference(Math.floor(trials.equal ?? trials.count), pairs) : null;
  if (smallest === null) return { points: null, sentence: `${rows} cannot confirm even a large gain: ${more}.` };
  const points = Math.round(1000 * smallest) / 10;
  const shown = points < 2 ? points : Math.round(points);
  return { points, sentence: `${rows} can only confirm gains above about ${shown} points${why}.` };
}

/** Texts, and several labels, are not right or wrong: the smallest gain depends on how much their scores vary, which is not known yet. */
const detectableTexts = (testRows: number): Detectable => ({
  points: null,
  sentence: `${counted(testRows, 'test row decides', 'test rows decide')}: more test rows detect smaller gains.`,
});

/** What the comparison takes for a trial. */
function trialsIn(dataset: Dataset, ids: readonly string[]): Required<Trials> {
  const groups = rowGroups(dataset, ids);
  if (!groups) return { count: ids.length, of: 'row', equal: ids.length };
  return {
    count: new Set(groups).size,
    equal: equalClusters(clustersOf(groups, groups)),
    of: groupColumn(dataset) === null ? 'text' : 'group',
  };
}

/** All rows that a cross-validation can ask. */
export function rowsInFile(dataset: Dataset): NonNullable<ComparisonPlan['file']> {
  const { train, validation, test } = dataset.split;
  const ids = [...train, ...validation, ...test];
  return { rows: ids.length, trials: trialsIn(dataset, ids).equal };
}

/** Tuned against your prompt, with and without examples, and untuned; untuned against yours; and word counts mixed in. */
export const USUAL_PAIRS = 4 + COMBINED_PAIRS.length;

/** What the test rows of a data set can show. @param pairs that will be compared, at most */
export function detectableIn(dataset: Dataset, pairs: number = USUAL_PAIRS): Detectable {
  const { test } = dataset.split;
  return SHEETS[dataset.mapping.task].test === 'exact'
    ? detectable(test.length, pairs, trialsIn(dataset, test))
    : detectableTexts(test.length);
}

/** Generating takes a run of the model for every token: more rows would take too long. */
const MOST_GENERATED = 200;

/** The test rows that prompts are compared on: all, or a number that does not take too long, drawn by the seed of the split. */
export const comparedIds = (kind: TaskKind, dataset: Dataset): readonly string[] =>
  drawnRows(dataset, dataset.split.test, generates(kind) ? MOST_GENERATED : Number.POSITIVE_INFINITY);

/** Why not all test rows are compared; null where they are. */
export const drawnWords = (compared: number, test: number): string | null =>
  compared === test
    ? null
    : `Compared on ${count(compared)} of the ${count(test)} test rows, drawn at random. Generating a text takes one run of the model per token.`;
