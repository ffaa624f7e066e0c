/**
 * Answer words chosen by what the model expects after labelled rows. A label's score in a row is the log-probability of its
 * word less the mean of that over rows (contextual calibration, Zhao et al. 2021): a word is judged by how it differs
 * between rows, not by how common it is. Words and means come from four fifths of the rows and are judged on the rest,
 * because words always look good on the rows that chose them. Labels count equally, however many rows they have.
 */
import { present } from '../lib/assert';

interface Labelled {
  /** By row, below `labels`. */
  readonly gold: readonly number[];
  readonly labels: number;
}

/** Of candidate words after labelled rows. */
export interface WordTable extends Labelled {
  /** Row-major `[rows, words]`. */
  readonly logProbs: Float32Array;
  /** The columns. */
  readonly words: number;
}

/** Columns. */
export interface OwnWords {
  /** Null where the present word is no single token, and so no column. */
  readonly given: number | null;
  /** The label's name, parts of that, synonyms, letters; best first. */
  readonly others: readonly number[];
}

export interface ChosenWords {
  /** By label, all different. */
  readonly columns: readonly number[];
  /** Cross-validated cross-entropy by row. */
  readonly losses: readonly number[];
}

const FOLDS = 5;
/** Candidates for a label by its rows. */
const SUGGESTED = 12;
/** With fewer rows a label keeps to its own words: what three rows suggest is chance. */
export const FEWEST_ROWS = 4;
/** In place of that where most labels have fewer: the rows left out then judge many such labels together. */
export const FEWEST_OF_FEW = 2;
/** What another word than the present one must lower the loss by, on the rows that choose. */
const CHANGE = 0.01;
const SWEEPS = 6;
/** What a trained prompt could multiply the scores by. */
const SCALES = [0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.2, 1.5, 2];

/** Words are chosen on all rows; the losses are those of that way of choosing on rows left out. */
export function chooseWords(table: WordTable, own: readonly OwnWords[]): ChosenWords {
  const rows = [...table.gold.keys()];
  const judged = judgedLabels(table);
  const columnsFor = (some: readonly number[]) => chosenOn(table, own, judged, some);
  const losses = heldOutLosses(table, (train) => {
    const columns = columnsFor(train);
    return (row) => columns.map((column) => cell(table, row, column));
  });
  return { columns: columnsFor(rows), losses };
}

export function judgedLabels(of: Labelled): readonly boolean[] {
  const counts = rowsByLabel(of, [...of.gold.keys()]).map(({ length }) => length);
  const few = counts.filter((count) => count < FEWEST_ROWS).length;
  const fewest = few > counts.length / 2 ? FEWEST_OF_FEW : FEWEST_ROWS;
  return counts.map((count) => count >= fewest);
}

/** Of words that are given: only the means come from other rows. @param scores `[rows][labels]` */
export const lossesOf = (scores: readonly (readonly number[])[], of: Labelled): readonly number[] =>
  heldOutLosses(of, () => (row) => present(scores[row], 'scores of a row'));

/** Each label's rows count as one. */
export const meanOverLabels = (values: readonly number[], of: Labelled): number =>
  mean(seenLabels(of).map((rows) => mean(rows.map((i) => values[i] as number))));

/** How much lower the first losses are, on average over labels, and the standard error of that. */
export function lead(first: readonly number[], second: readonly number[], of: Labelled) {
  const gains = first.map((loss, i) => (second[i] as number) - loss);
  const groups = seenLabels(of).map((rows) => rows.map((i) => gains[i] as number));
  const variances = groups.map((values) => {
    const centre = mean(values);
    return mean(values.map((value) => (value - centre) ** 2)) / Math.max(1, values.length - 1);
  });
  const standardError = Math.sqrt(variances.reduce((sum, value) => sum + value, 0)) / groups.length;
  return { difference: mean(groups.map(mean)), standardError };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

const cell = ({ logProbs, words }: WordTable, row: number, column: number) => logProbs[row * words + column] as number;

const rowsByLabel = ({ gold, labels }: Labelled, among: readonly number[]): readonly (readonly number[])[] =>
  Array.from({ length: labels }, (_, label) => among.filter((i) => gold[i] === label));

const seenLabels = (of: Labelled, among: readonly number[] = [...of.gold.keys()]) =>
  rowsByLabel(of, among).filter(({ length }) => length > 0);

function foldsOf({ gold, labels }: Labelled) {
  const rows = [...gold.keys()];
  const fold = new Map(
    rowsByLabel({ gold, labels }, rows)
      .flat()
      .map((row, place) => [row, place % FOLDS]),
  );
  return Array.from({ length: FOLDS }, (_, k) => ({
    train: rows.filter((i) => fold.get(i) !== k),
    test: rows.filter((i) => fold.get(i) === k),
  }));
}

/**
 * By what the other folds choose. One scale for all rows is fitted to these held-out scores, because a trained prompt learns it
 * too: without it, words that are merely too sure look worse than none.
 * @param choose the scores of a row, from what some rows choose
 */
function heldOutLosses(of: Labelled, choose: (train: readonly number[]) => (row: number) => readonly number[]) {
  const corrected = new Array<readonly number[]>(of.gold.length);
  for (const { train, test } of foldsOf(of)) {
    const scores = choose(train);
    const groups = seenLabels(of, train).map((rows) => rows.map(scores));
    const means = Array.from({ length: of.labels }, (_, label) =>
      mean(groups.map((rows) => mean(rows.map((row) => row[label] as number)))),
    );
    for (const i of test) corrected[i] = scores(i).map((score, label) => score - (means[label] as number));
  }
  const at = (scale: number) => corrected.map((scores, i) => crossEntropy(scores, scale, of.gold[i] as number));
  return SCALES.map(at).reduce((best, losses) =>
    meanOverLabels(losses, of) < meanOverLabels(best, of) ? losses : best,
  );
}

function crossEntropy(scores: readonly number[], scale: number, gold: number): number {
  const most = Math.max(...scores);
  const sum = scores.reduce((total, score) => total + Math.exp(scale * (score - most)), 0);
  return scale * (most - (scores[gold] as number)) + Math.log(sum);
}

/** Candidates by how much likelier they are in a label's rows, then improved together. */
function chosenOn(table: WordTable, own: readonly OwnWords[], judged: readonly boolean[], rows: readonly number[]) {
  const means = rowsByLabel(table, rows).map((some) => (some.length > 0 ? columnMeans(table, some) : null));
  const known = means.filter((each) => each !== null);
  const overall = Float64Array.from({ length: table.words }, (_, j) => mean(known.map((each) => each[j] as number)));
  const ranked = means.map((each, label) => {
    if (!each || !judged[label]) return [];
    const gain = each.map((value, j) => value - (overall[j] as number));
    return highest(gain, SUGGESTED + own.length);
  });
  const candidates = own.map(({ given, others }, label) => [
    ...new Set([...(given === null ? [] : [given]), ...others, ...(ranked[label] ?? []).slice(0, SUGGESTED)]),
  ]);
  return improved(corrected(table, rows, overall), own, startOf(own, ranked, table.words), candidates);
}

function columnMeans(table: WordTable, rows: readonly number[]): Float64Array {
  const sums = new Float64Array(table.words);
  for (const i of rows) for (let j = 0; j < sums.length; j++) sums[j] = (sums[j] as number) + cell(table, i, j);
  return sums.map((sum) => sum / rows.length);
}

/** The highest first. */
const highest = (values: Float64Array, most: number): readonly number[] =>
  Array.from(values.keys())
    .sort((a, b) => (values[b] as number) - (values[a] as number) || a - b)
    .slice(0, most);

/** The present words; a label without one takes the best that no other label has. */
function startOf(own: readonly OwnWords[], ranked: readonly (readonly number[])[], words: number): readonly number[] {
  const taken = new Set(own.flatMap(({ given }) => given ?? []));
  return own.map(({ given, others }, label) => {
    if (given !== null) return given;
    const free = [...(ranked[label] ?? []), ...others, ...Array(words).keys()].find((column) => !taken.has(column));
    const column = present(free, `word for label ${label}`);
    taken.add(column);
    return column;
  });
}

/** Less the columns' means; the weights let labels count equally. */
interface CorrectedScores {
  readonly score: (row: number, column: number) => number;
  readonly gold: readonly number[];
  readonly weights: readonly number[];
}

function corrected(table: WordTable, rows: readonly number[], overall: Float64Array): CorrectedScores {
  const gold = rows.map((i) => table.gold[i] as number);
  const counts = rowsByLabel(table, rows).map(({ length }) => length);
  const seen = counts.filter((count) => count > 0).length;
  return {
    score: (row, column) => cell(table, rows[row] as number, column) - (overall[column] as number),
    gold,
    weights: gold.map((label) => 1 / (seen * (counts[label] as number))),
  };
}

/** Coordinate ascent, until no label changes. */
function improved(
  { score, gold, weights }: CorrectedScores,
  own: readonly OwnWords[],
  start: readonly number[],
  candidates: readonly (readonly number[])[],
): readonly number[] {
  const chosen = [...start];
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const before = chosen.join();
    for (const label of chosen.keys()) {
      const given = own[label]?.given ?? null;
      // what the other labels' words add up to in each row
      const others = gold.map((_, row) =>
        chosen.reduce((sum, column, k) => (k === label ? sum : sum + Math.exp(score(row, column))), 0),
      );
      const loss = (column: number) =>
        gold.reduce(
          (sum, wanted, row) => {
            const mine = score(row, column);
            const right = wanted === label ? mine : score(row, chosen[wanted] as number);
            return sum + (weights[row] as number) * (Math.log((others[row] as number) + Math.exp(mine)) - right);
          },
          given === null || column === given ? 0 : CHANGE,
        );
      const now = { column: chosen[label] as number, value: loss(chosen[label] as number) };
      const best = (candidates[label] ?? [])
        .filter((column) => !chosen.includes(column))
        .map((column) => ({ column, value: loss(column) }))
        .reduce((a, b) => (b.value < a.value - 1e-9 ? b : a), now);
      chosen[label] = best.column;
    }
    if (chosen.join() === before) break;
  }
  return chosen;
}
