/**
 * A matrix: prompts as rows, models and data sets as columns, and in each cell what a prompt answers to the test rows of a
 * data set on a model. What a row is, what is kept of a cell, how two cells compare on the same rows, and the matrix as a
 * file, a CSV and Markdown. Pure; `workflow/matrix.ts` fills it.
 */

import { toCsv } from '../dataset/csv-out';
import { rowsKey } from '../dataset/keys';
import type { Dataset } from '../dataset/types';
import { type AnswerDifference, pairedRows, predictionsOf } from '../evaluation/classify/pairs';
import { pointsRange, pointsWithUnit, pText, times } from '../evaluation/words';
import { contentKey, newerFormat, readJson, sha256 } from '../lib/bytes';
import { counted, percent, rounded } from '../lib/format';
import { fail, ok, type Result } from '../lib/result';
import { firstFault, type Value, z } from '../lib/zod';
import { argmax } from '../metrics/classification';
import type { Interval } from '../metrics/intervals';
import { columnName, ends, forEachMetric, LABEL_METRICS, type LabelMetricId, metricsOf } from '../metrics/registry';
import { type MatrixPrompt, promptKey } from '../prompt-set/ready-prompt';
import { escapeMarkdown } from './types';

/** Test rows that every prompt is asked. */
export interface MatrixData {
  readonly id: string;
  readonly name: string;
  readonly dataset: Dataset;
}

/** The place of a cell; `model` is the SHA-256 of the weights. */
export type Slot = AskedPair[number];

export const slotId = ({ prompt, model, data }: Slot): string => JSON.stringify([prompt, model, data]);

/** A filled cell. Two rows may hold the same prompt, and then have cells with equal keys. */
export const filledId = (cell: Slot & Pick<MatrixCell, 'key'>): string => `${slotId(cell)} ${cell.key}`;

/** @param id of `slotId` */
export function slotOf(id: string): Slot {
  const [prompt = '', model = '', data = ''] = JSON.parse(id);
  return { prompt, model, data };
}

const MATRIX_VERSION = 1;

/** Made when a file is read: a page that only shows a matrix does not load it. */
function matrixSchema() {
  const text = z.string().max(2000);
  const hash = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits');
  const count = z.int().min(0);
  const share = z.number().min(0).max(1);
  const list = z.array(z.object({ id: text, name: text })).max(10_000);
  const slot = z.object({ prompt: text, model: hash, data: text });
  const answers = z.object({
    labels: z.array(text).min(2).max(1000),
    rowIds: z.array(text).min(1),
    /** Of the test rows: only cells with equal ones are compared. */
    rowsKey: hash,
    gold: z.array(count),
    probabilities: z.array(z.array(share)),
    groups: z.array(count).nullable(),
    seed: z.int(),
    tokensSentMean: z.number().min(0),
    /** Test rows that do not fit the model. */
    leftOut: count,
    /** Rows that the prompt was trained on or takes examples from; null = nobody can say. */
    known: z.object({ same: count, almost: count, isSure: z.boolean() }).nullable(),
    /** Answers with a lower probability go to a person; null = all are taken. */
    threshold: share.nullable(),
  });
  /** A cell has answers, or the reason why nothing was asked. */
  const cell = slot.extend({
    /** Of version, model and rows: a cell with another key is stale. */
    key: hash,
    skipped: text.nullable(),
    answers: answers.nullable(),
  });
  return z.object({
    formatVersion: z.literal(MATRIX_VERSION),
    kind: z.literal('matrix'),
    prompts: list,
    /** Their ids are the SHA-256 of the weights. */
    models: list,
    /** `looks`: how often its test rows were asked something new; left out: by no file that counts. */
    data: z.array(z.object({ id: text, name: text, looks: count.optional() })).max(10_000),
    cells: z.array(cell),
    /** Pairs whose differences were asked for. */
    asked: z.array(z.tuple([slot, slot])).max(100_000),
  });
}

type MatrixFile = Value<ReturnType<typeof matrixSchema>>;
type CellOfFile = MatrixFile['cells'][number];
type AnswersOfFile = NonNullable<CellOfFile['answers']>;
type Named = MatrixFile['prompts'][number];
export type AskedPair = MatrixFile['asked'][number];

/** What a prompt answers to test rows, with every metric and its 95% interval. */
export interface MatrixAnswers extends AnswersOfFile {
  readonly scores: Readonly<Record<LabelMetricId, { readonly value: number } & Interval>>;
}

export interface MatrixCell extends Omit<CellOfFile, 'answers'> {
  readonly answers: MatrixAnswers | null;
}

export interface Matrix extends Omit<MatrixFile, 'cells'> {
  readonly cells: readonly MatrixCell[];
}

export const EMPTY_MATRIX: Matrix = {
  formatVersion: MATRIX_VERSION,
  kind: 'matrix',
  prompts: [],
  models: [],
  data: [],
  cells: [],
  asked: [],
};

/** The answers with every metric and its 95% interval. */
export function scored(answers: AnswersOfFile): MatrixAnswers {
  const { gold, labels, seed, groups } = answers;
  const of = { gold, predicted: predictionsOf(answers), classes: labels.length };
  const how = { seed, ...(groups ? { groups } : {}) };
  const scores = forEachMetric(LABEL_METRICS, ({ compute, interval }) => ({
    value: compute(of),
    ...interval(of, how),
  }));
  return { ...answers, scores };
}

/** Answers below the version's threshold, which go to a person. */
export const unsureIn = ({ probabilities, threshold }: MatrixAnswers): number =>
  threshold === null ? 0 : probabilities.filter((row) => (row[argmax(row)] ?? 0) < threshold).length;

/** Why two cells cannot be compared row by row; null where they can. */
export function whyNotPaired(a: MatrixCell, b: MatrixCell): string | null {
  if (slotId(a) === slotId(b)) return 'This is one cell. Choose another one to compare it with.';
  if (!a.answers || !b.answers) return 'One of these cells has no answers. Choose two that have.';
  if (a.answers.rowsKey !== b.answers.rowsKey)
    return 'These cells answer different rows. Choose two cells of one data set, and run stale ones again.';
  return pairedRows(a.answers, b.answers).length === 0 ? 'No row is answered in both cells.' : null;
}

/** Pairs of cells that answer the same rows: whoever sees the matrix picks the best and the worst among all of them. */
export function pairsOnShow(cells: readonly MatrixCell[]): number {
  const answered = new Map<string, number>();
  for (const { answers } of cells) if (answers) answered.set(answers.rowsKey, (answered.get(answers.rowsKey) ?? 0) + 1);
  return [...answered.values()].reduce((sum, n) => sum + (n * (n - 1)) / 2, 0);
}

// The matrix as files.

/** Equal matrices give equal bytes. */
export const matrixJson = (matrix: Matrix): string => `${JSON.stringify(rounded(matrix))}\n`;

/** What is wrong with a matrix whose fields are of the right type; null = nothing. */
function faultOf({ prompts, models, data, cells, asked }: MatrixFile): string | null {
  const ids = (of: readonly { readonly id: string }[]) => new Set(of.map(({ id }) => id));
  const [rows, weights, sets] = [ids(prompts), ids(models), ids(data)];
  if (rows.size < prompts.length || weights.size < models.length || sets.size < data.length) return 'two have one id';
  const isPlace = ({ prompt, model, data: set }: Slot) => rows.has(prompt) && weights.has(model) && sets.has(set);
  if (![...cells, ...asked.flat()].every(isPlace)) return 'a cell belongs to no row or column';
  if (new Set(cells.map(slotId)).size < cells.length) return 'a cell appears twice';
  for (const { answers, skipped } of cells) {
    if ((answers === null) === (skipped === null)) return 'a cell needs answers, or the reason why it has none';
    if (!answers) continue;
    const { labels, rowIds, gold, probabilities, groups } = answers;
    if (new Set(labels).size < labels.length) return 'a label appears twice';
    if (new Set(rowIds).size < rowIds.length) return 'a row appears twice';
    if ([gold, probabilities, groups ?? gold].some(({ length }) => length !== rowIds.length))
      return 'a row lacks an answer';
    if (gold.some((label) => label >= labels.length)) return 'a row has an unknown label';
    if (probabilities.some((row) => row.length !== labels.length)) return 'an answer lacks a label';
  }
  return null;
}

/** Reads the file of a matrix; a file that is none is refused with the reason. */
export function readMatrix(file: string): Result<Matrix> {
  const refuse = (why: string) =>
    fail('bad-matrix', `It is not the file of a matrix (${why}). Name another one, or a new file.`);
  if (file.trim() === '') return refuse('it is empty');
  const value = readJson(file);
  if (value === undefined) return refuse('it is not valid JSON');
  const version = newerFormat(value, MATRIX_VERSION);
  if (version !== null)
    return fail(
      'newer-version',
      `It was written by a newer release (format ${version}; this one reads up to ${MATRIX_VERSION}). Use that release, or a new file.`,
    );
  const parsed = matrixSchema().safeParse(value);
  if (!parsed.success) return refuse(`at ${firstFault(parsed.error)}`);
  const fault = faultOf(parsed.data);
  if (fault !== null) return refuse(fault);
  const cells = parsed.data.cells.map((cell) => ({ ...cell, answers: cell.answers && scored(cell.answers) }));
  return ok({ ...parsed.data, cells });
}

const METRICS = metricsOf(LABEL_METRICS);
const namesIn = ({ prompts, models, data }: Pick<Matrix, 'prompts' | 'models' | 'data'>) => {
  const of = (list: readonly Named[]) => new Map(list.map(({ id, name }) => [id, name]));
  const [rows, weights, sets] = [of(prompts), of(models), of(data)];
  return (slot: Slot) =>
    ({
      prompt: rows.get(slot.prompt) ?? '',
      model: weights.get(slot.model) ?? '',
      data: sets.get(slot.data) ?? '',
    }) as const;
};

/** A line a cell. */
export function matrixCsv(matrix: Matrix): string {
  const nameOf = namesIn(matrix);
  const header = [
    'prompt',
    'model',
    'data',
    'rows',
    ...METRICS.flatMap(([id]) => ['', '_low', '_high'].map((end) => `${columnName(id)}${end}`)),
    'tokens_sent',
    'left_out',
    'known_rows',
    'below_threshold',
    'skipped',
  ];
  const lines = matrix.cells.map((cell) => {
    const { answers } = cell;
    const { prompt, model, data } = nameOf(cell);
    const figures = METRICS.flatMap(([id]) =>
      (['value', 'low', 'high'] as const).map((end) => (answers ? answers.scores[id][end] : null)),
    );
    const facts = answers
      ? [
          answers.tokensSentMean,
          answers.leftOut,
          answers.known && answers.known.same + answers.known.almost,
          answers.threshold === null ? null : unsureIn(answers),
        ]
      : [null, null, null, null];
    return [prompt, model, data, answers?.rowIds.length ?? null, ...figures, ...facts, cell.skipped];
  });
  return toCsv(header, rounded(lines), { neutralise: true });
}

/** A smaller range of accuracies than this is not stretched over all shades: it would make noise look large. */
const SHADED_RANGE = 0.2;

/** How dark a cell is shown, 0 to 4, by its accuracy within the cells of its data set; by slot. */
export function shadesOf(cells: readonly MatrixCell[]): ReadonlyMap<string, number> {
  const value = ({ answers }: MatrixCell) => answers?.scores.accuracy.value ?? 0;
  const answered = cells.filter(({ answers }) => answers !== null);
  return new Map(
    answered.map((cell) => {
      const values = answered.filter(({ data }) => data === cell.data).map(value);
      const low = Math.min(...values);
      const range = Math.max(SHADED_RANGE, Math.max(...values) - low);
      return [slotId(cell), Math.round((4 * (value(cell) - low)) / range)];
    }),
  );
}

/** "81.7% (73.8 to 87.6)", with what a reader must know of the cell. */
export function cellWords({ answers, skipped }: Pick<MatrixCell, 'answers' | 'skipped'>): string {
  if (!answers) return skipped ?? '';
  const { value, ...interval } = answers.scores.accuracy;
  return [`${percent(value)} (${ends(percent, interval)})`, ...cautions(answers)].join('; ');
}

/** What keeps a cell's figures from being those of new rows, or of all rows. */
export const cautions = ({ known, leftOut }: MatrixAnswers): readonly string[] => {
  const seen = known === null ? null : known.same + known.almost;
  return [
    ...(seen === null ? ['may know some of these rows'] : []),
    ...(seen !== null && seen > 0
      ? [`${known?.isSure ? 'knows' : 'may know'} ${counted(seen, 'of these rows', 'of these rows')}`]
      : []),
    ...(leftOut > 0 ? [`${counted(leftOut, 'row')} too long`] : []),
  ];
};

const usedWords = ({ name, looks = 0 }: Matrix['data'][number]): readonly string[] =>
  looks > 1
    ? [`Test rows of ${escapeMarkdown(name)} used ${times(looks)}: each use makes a lucky result more likely.`, '']
    : [];

/** The table and the differences, for a wiki or a pull request. No row's text. @param found of `matrix.asked`, in its order */
export function matrixMarkdown(matrix: Matrix, found: readonly AnswerDifference[]): string {
  const { prompts, models, data, cells, asked } = matrix;
  const columns = data.flatMap((set) => models.map((model) => ({ set, model })));
  const at = new Map(cells.map((cell) => [slotId(cell), cell]));
  const line = (words: readonly string[]) => `| ${words.map(escapeMarkdown).join(' | ')} |`;
  const nameOf = namesIn(matrix);
  const words = (slot: Slot) => `${nameOf(slot).prompt} on ${nameOf(slot).model}`;
  return [
    '# Prompts, models and data sets',
    '',
    line(['Prompt', ...columns.map(({ set, model }) => `${set.name}, ${model.name}`)]),
    `|---|${columns.map(() => '---|').join('')}`,
    ...prompts.map(({ id, name }) =>
      line([
        name,
        ...columns.map(({ set, model }) => {
          const cell = at.get(slotId({ prompt: id, model: model.id, data: set.id }));
          return cell ? cellWords(cell) : 'not run';
        }),
      ]),
    ),
    '',
    'Accuracy with its 95% interval, of each cell by itself: whether two differ is not read from these.',
    '',
    ...data.flatMap(usedWords),
    ...(found.length === 0
      ? []
      : [
          '## Differences on the same rows',
          '',
          line(['Data', 'A', 'B', 'B minus A', '95% interval', 'Only A right', 'Only B right', 'p, corrected']),
          `|${'---|'.repeat(8)}`,
        ]),
    ...found.flatMap(({ metrics: { accuracy }, aOnly, bOnly, pCorrected }, i) => {
      const pair = asked[i];
      if (!pair) return [];
      const [a, b] = pair;
      return [
        line([
          nameOf(a).data,
          words(a),
          words(b),
          pointsWithUnit(accuracy.difference),
          pointsRange(accuracy.ci95.low, accuracy.ci95.high),
          String(aOnly),
          String(bOnly),
          pText(pCorrected),
        ]),
      ];
    }),
    ...(found.length === 0
      ? []
      : [
          '',
          `p: exact McNemar on the same rows (whole groups where rows belong together). p and intervals count all ${counted(pairsOnShow(cells), 'pair')} of cells that answer the same rows, as any two may be picked by eye.`,
          '',
        ]),
  ].join('\n');
}

// Keys: a cell is filled again only where its version, its model or its rows are others.

/** Of the test rows: cells with equal ones answered the same rows. */
export const rowsKeyOf = ({ fingerprint, labels, split, seed, splitBy }: Dataset): Promise<string> =>
  sha256(contentKey(fingerprint, labels, split.test, seed, splitBy));

/** The key that each cell has once it is filled, by its slot. */
export async function cellKeys(
  prompts: readonly MatrixPrompt[],
  model: string,
  data: readonly MatrixData[],
): Promise<ReadonlyMap<string, string>> {
  const keys = new Map<string, string>();
  const rows = await Promise.all(data.map(async ({ id, dataset }) => ({ id, key: await rowsKeyOf(dataset) })));
  for (const prompt of prompts) {
    // of the rows that it may have seen, those among the test rows are counted
    const own = contentKey(await promptKey(prompt), prompt.seen, prompt.dataset && rowsKey(prompt.dataset));
    for (const { id, key } of rows)
      keys.set(slotId({ prompt: prompt.id, model, data: id }), await sha256(`${own} ${model} ${key}`));
  }
  return keys;
}
