/**
 * A grid: prompts as rows, models and data sets as columns, and in each cell what a prompt answers to the test rows of a
 * data set on a model. What a row is, what is kept of a cell, how two cells compare on the same rows, and the grid as a
 * file, a CSV and Markdown. Pure; `workflow/grid.ts` fills it.
 */

import { toCsv } from '../dataset/csv-out';
import { rowsKey } from '../dataset/keys';
import { textKey } from '../dataset/labels';
import { TASK_FACTS } from '../dataset/task-facts';
import type { Dataset } from '../dataset/types';
import { type AnswerDifference, methodsOf } from '../evaluation/sheets';
import { pointsRange, pointsWithUnit, pText, times } from '../evaluation/words';
import { contentKey, newerFormat, readJson, sha256 } from '../lib/bytes';
import { counted, listed, rounded } from '../lib/format';
import { fail, ok, type Result } from '../lib/result';
import { firstFault, type Value, z } from '../lib/zod';
import { columnName, ends, type Figure, headlineMetric, headlineOf, METRICS } from '../metrics/registry';
import { labelsOf, promptId } from '../prompt/prompt';
import { answersSchema, faultInAnswers, type Sheet, scored } from '../prompt-set/answers';
import type { PromptSet, Version } from '../prompt-set/types';
import { type SeenParts, seedMean, seenParts, versionWords } from '../prompt-set/versions';
import { markdownLines } from './table-text';
import { escapeMarkdown } from './types';

/** A row: a version, or the mean of several seeds, with the rows of its prompt set. */
export interface GridRow {
  readonly id: string;
  readonly setId: string;
  readonly name: string;
  readonly version: Version;
  readonly dataset: Dataset | null;
  /** What it has seen of those rows, or `textHash` of the rows that trained it, one after the other; null = nobody can say. */
  readonly seen: SeenParts | { readonly hashes: string } | null;
}

export const rowId = ({ setId, versionId }: { readonly setId: string; readonly versionId: string }): string =>
  `${setId}/${versionId}`;

/** Everything of a set that can be a row: its versions, oldest first, and the means over seeds. */
export function gridRows(set: PromptSet, dataset: Dataset | null): readonly GridRow[] {
  const row = (version: Version, of = version): GridRow => ({
    id: rowId({ setId: set.id, versionId: version.id }),
    setId: set.id,
    name: `${set.handle}, ${versionWords(version)}`,
    version,
    dataset,
    seen: seenParts(set, of, dataset),
  });
  const means = set.versions.flatMap((of) => {
    const { seeds = [], version } = seedMean(set, of) ?? {};
    const name = `mean of ${seeds.length} seeds of ${versionWords(of)}`;
    return version && seeds[0]?.id === of.id ? [row({ ...version, id: `mean ${of.id}`, name }, of)] : [];
  });
  return [...set.versions.map((version) => row(version)), ...means];
}

/** Rows that every prompt is asked: the test rows of a data set. */
export interface GridData {
  readonly id: string;
  readonly name: string;
  /** Null where the rows of a file are not open. */
  readonly dataset: Dataset | null;
  /** Its rows are those of a file that was opened for this; left out = test rows. */
  readonly isFile?: boolean;
}

/** The place of a cell; `model` is the SHA-256 of the weights. */
export interface Slot {
  readonly prompt: string;
  readonly model: string;
  readonly data: string;
}

export const slotId = ({ prompt, model, data }: Slot): string => JSON.stringify([prompt, model, data]);

/** A filled cell. Two rows may hold the same prompt, and then have cells with equal keys. */
export const filledId = (cell: Slot & Pick<GridCell, 'key'>): string => `${slotId(cell)} ${cell.key}`;

const GRID_VERSION = 1;

/** Made when a file is read: a page that only shows a grid does not load it. */
function gridSchema() {
  const text = z.string().max(2000);
  const hash = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits');
  const list = z.array(z.object({ id: text, name: text })).max(10_000);
  /** A cell has answers, or the reason why nothing was asked. */
  const cell = z.object({
    prompt: text,
    model: hash,
    data: text,
    /** Of version, model and rows: a cell with another key is stale. */
    key: hash,
    skipped: text.nullable(),
    answers: answersSchema().nullable(),
  });
  return z.object({
    formatVersion: z.literal(GRID_VERSION),
    kind: z.literal('grid'),
    prompts: list,
    /** Their ids are the SHA-256 of the weights. */
    models: list,
    /** `looks`: how often its test rows were asked something new; left out: by no file that counts. */
    data: z.array(z.object({ id: text, name: text, looks: z.int().min(0).optional() })).max(10_000),
    cells: z.array(cell),
  });
}

type GridFile = Value<ReturnType<typeof gridSchema>>;
type Named = GridFile['prompts'][number];

/** What a prompt says of rows on a model, or why it was not asked. */
export interface GridCell extends Slot {
  readonly key: string;
  readonly skipped: string | null;
  readonly answers: Sheet | null;
}

export interface Grid extends Omit<GridFile, 'cells'> {
  readonly cells: readonly GridCell[];
}

export const EMPTY_GRID: Grid = {
  formatVersion: GRID_VERSION,
  kind: 'grid',
  prompts: [],
  models: [],
  data: [],
  cells: [],
};

const NAMED = 3;

/** "the label blue, green", "30 labels such as A, B, C". */
const someOf = (labels: readonly string[]): string =>
  labels.length > NAMED
    ? `${labels.length} labels such as ${labels.slice(0, NAMED).join(', ')}`
    : `the label ${labels.join(', ')}`;

/** Why a prompt cannot be asked these rows with this model; null = nothing is known against it. */
export function whySkipped(
  { model, prompt }: Pick<Version, 'model' | 'prompt'>,
  sha256: string,
  { labels, split, mapping }: Pick<Dataset, 'labels' | 'split' | 'mapping'>,
  isFile = false,
): string | null {
  if (model && model.sha256 !== sha256) return `Trained for ${model.id} (${model.dtype})`;
  const { kind } = prompt.task;
  if (mapping.task !== kind)
    return `It ${TASK_FACTS[kind].does}, and these rows have ${TASK_FACTS[mapping.task].rowsHave}`;
  const known = new Set(labelsOf(prompt).map(textKey));
  const unknown = labels.filter((label) => !known.has(textKey(label)));
  // of a file, rows with other labels are left out
  if (unknown.length > 0 && (!isFile || unknown.length === labels.length)) return `It does not know ${someOf(unknown)}`;
  return split.test.length === 0 ? 'This data set has no test rows' : null;
}

/** What decides in these cells: "Accuracy". */
export const measuresOf = (cells: readonly Pick<GridCell, 'answers'>[]): string =>
  listed(new Set(cells.flatMap(({ answers }) => (answers ? [headlineMetric(answers.kind).name] : [])))) ||
  'Each figure';

/** "81.7%", "73.8 to 87.6". */
export function figureWords(answers: Sheet): readonly [value: string, range: string] {
  const { value: form } = headlineMetric(answers.kind).format;
  const { value, interval } = headlineOf<Figure>(answers);
  return [form(value), ends(form, interval)];
}

/** Why two cells cannot be compared row by row; null where they can. */
export function whyNotPaired(a: GridCell, b: GridCell): string | null {
  const [first, second] = [a.answers, b.answers];
  if (slotId(a) === slotId(b)) return 'This is one cell. Choose another one to compare it with.';
  if (!first || !second) return 'One of these cells has no answers. Choose two that have.';
  if (first.rowsKey !== second.rowsKey)
    return 'These cells answer different rows. Choose two cells of one data set, and run stale ones again.';
  const ids = new Set(first.rowIds);
  return second.rowIds.some((id) => ids.has(id)) ? null : 'No row is answered in both cells.';
}

/** Pairs of cells that answer the same rows: whoever sees the grid picks the best and the worst among all of them. */
export function pairsOnShow(cells: readonly GridCell[]): number {
  const answered = new Map<string, number>();
  for (const { rowsKey } of cells.flatMap(({ answers }) => answers ?? []))
    answered.set(rowsKey, (answered.get(rowsKey) ?? 0) + 1);
  return [...answered.values()].reduce((sum, n) => sum + (n * (n - 1)) / 2, 0);
}

// The grid as files.

/** Equal matrices give equal bytes. */
export const gridJson = (grid: Grid): string => `${JSON.stringify(rounded(grid))}\n`;

/** What is wrong with a grid whose fields are of the right type; null = nothing. */
function faultOf({ prompts, models, data, cells }: GridFile): string | null {
  const ids = (of: readonly { readonly id: string }[]) => new Set(of.map(({ id }) => id));
  const [rows, weights, sets] = [ids(prompts), ids(models), ids(data)];
  if (rows.size < prompts.length || weights.size < models.length || sets.size < data.length) return 'two have one id';
  const isPlace = ({ prompt, model, data: set }: Slot) => rows.has(prompt) && weights.has(model) && sets.has(set);
  if (!cells.every(isPlace)) return 'a cell belongs to no row or column';
  if (new Set(cells.map(slotId)).size < cells.length) return 'a cell appears twice';
  for (const { answers, skipped } of cells) {
    if ((answers === null) === (skipped === null)) return 'a cell needs answers, or the reason why it has none';
    if (!answers) continue;
    const fault = faultInAnswers(answers);
    if (fault !== null) return fault;
  }
  return null;
}

/** Reads the file of a grid; a file that is none is refused with the reason. */
export function readGrid(file: string): Result<Grid> {
  const refuse = (why: string) =>
    fail('bad-grid', `It is not the file of a grid (${why}). Name another one, or a new file.`);
  if (file.trim() === '') return refuse('it is empty');
  const value = readJson(file);
  if (value === undefined) return refuse('it is not valid JSON');
  const version = newerFormat(value, GRID_VERSION);
  if (version !== null)
    return fail(
      'newer-version',
      `It was written by a newer release (format ${version}; this one reads up to ${GRID_VERSION}). Use that release, or a new file.`,
    );
  const parsed = gridSchema().safeParse(value);
  if (!parsed.success) return refuse(`at ${firstFault(parsed.error)}`);
  const fault = faultOf(parsed.data);
  if (fault !== null) return refuse(fault);
  const cells = parsed.data.cells.map((cell) => ({ ...cell, answers: cell.answers && scored(cell.answers) }));
  return ok({ ...parsed.data, cells });
}

const namesIn = ({ prompts, models, data }: Pick<Grid, 'prompts' | 'models' | 'data'>) => {
  const of = (list: readonly Named[]) => new Map(list.map(({ id, name }) => [id, name]));
  const [rows, weights, sets] = [of(prompts), of(models), of(data)];
  return (slot: Slot) =>
    ({
      prompt: rows.get(slot.prompt) ?? '',
      model: weights.get(slot.model) ?? '',
      data: sets.get(slot.data) ?? '',
    }) as const;
};

/** A line a cell, with the metrics of all kinds of task in it. */
export function gridCsv(grid: Grid): string {
  const nameOf = namesIn(grid);
  const kinds = new Set(grid.cells.flatMap(({ answers }) => answers?.kind ?? []));
  const metrics = [...new Set([...kinds].flatMap((kind) => Object.keys(METRICS[kind])))];
  const header = [
    ...['prompt', 'model', 'data', 'rows'],
    ...metrics.flatMap((id) => ['', '_low', '_high'].map((end) => `${columnName(id)}${end}`)),
    ...['tokens_sent', 'left_out', 'known_rows', 'below_threshold', 'skipped'],
  ];
  const lines = grid.cells.map((cell) => {
    const { answers } = cell;
    const { prompt, model, data } = nameOf(cell);
    const found: Readonly<Record<string, Figure>> = answers?.metrics ?? {};
    const figures = metrics.flatMap((id) => {
      const { value, interval } = found[id] ?? {};
      return [value ?? null, interval?.low ?? null, interval?.high ?? null];
    });
    const facts = [
      answers?.tokensSentMean ?? null,
      answers?.leftOut ?? null,
      answers?.known ? answers.known.same + answers.known.almost : null,
      answers?.unsure ?? null,
    ];
    return [prompt, model, data, answers?.rowIds.length ?? null, ...figures, ...facts, cell.skipped];
  });
  return toCsv(header, rounded(lines), { neutralise: true });
}

/** A smaller range of figures than this is not stretched over all shades: it would make noise look large. */
const SHADED_RANGE = 0.2;

/** How dark a cell is shown, 0 to 4, by its figure within the cells of its data set; by slot. */
export function shadesOf(cells: readonly GridCell[]): ReadonlyMap<string, number> {
  const value = ({ answers }: GridCell) => (answers ? headlineOf<Figure>(answers).value : 0);
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
export function cellWords({ answers, skipped }: Pick<GridCell, 'answers' | 'skipped'>): string {
  if (!answers) return skipped ?? '';
  const [value, range] = figureWords(answers);
  return [`${value} (${range})`, ...cautions(answers)].join('; ');
}

/** What keeps a cell's figures from being those of new rows, or of all rows. */
export const cautions = ({ known, leftOut }: Pick<Sheet, 'known' | 'leftOut'>): readonly string[] => {
  const seen = known === null ? null : known.same + known.almost;
  return [
    ...(seen === null ? ['may know some of these rows'] : []),
    ...(seen !== null && seen > 0
      ? [`${known?.isSure ? 'knows' : 'may know'} ${counted(seen, 'of these rows', 'of these rows')}`]
      : []),
    ...(leftOut > 0 ? [`${counted(leftOut, 'row')} left out`] : []),
  ];
};

const usedWords = ({ name, looks = 0 }: Grid['data'][number]): readonly string[] =>
  looks > 1
    ? [`Test rows of ${escapeMarkdown(name)} used ${times(looks)}: each use makes a lucky result more likely.`, '']
    : [];

export type SlotPair = readonly [Slot, Slot];

/** The table and the differences, for a wiki or a pull request. No row's text. @param found of the pairs, in their order */
export function gridMarkdown(grid: Grid, pairs: readonly SlotPair[], found: readonly AnswerDifference[]): string {
  const { prompts, models, data, cells } = grid;
  const columns = data.flatMap((set) => models.map((model) => ({ set, model })));
  const at = new Map(cells.map((cell) => [slotId(cell), cell]));
  return [
    '# Prompts, models and data sets',
    '',
    ...markdownLines({
      columns: ['Prompt', ...columns.map(({ set, model }) => `${set.name}, ${model.name}`)],
      isText: true,
      rows: prompts.map(({ id, name }) => [
        name,
        ...columns.map(({ set, model }) => {
          const cell = at.get(slotId({ prompt: id, model: model.id, data: set.id }));
          return cell ? cellWords(cell) : 'not run';
        }),
      ]),
    }),
    '',
    `${measuresOf(cells)} with its 95% interval, of each cell by itself: whether two differ is not read from these.`,
    '',
    ...data.flatMap(usedWords),
    ...differencesMarkdown(grid, pairs, found),
  ].join('\n');
}

function differencesMarkdown(grid: Grid, pairs: readonly SlotPair[], found: readonly AnswerDifference[]) {
  if (found.length === 0) return [];
  const nameOf = namesIn(grid);
  const words = (slot: Slot) => `${nameOf(slot).prompt} on ${nameOf(slot).model}`;
  const rows = found.flatMap((difference, i) => {
    const pair = pairs[i];
    if (!pair) return [];
    const [a, b] = pair;
    const { aOnly, bOnly, pCorrected } = difference;
    const { value, interval } = headlineOf(difference);
    const p = pCorrected === null ? '–' : pText(pCorrected);
    const range = pointsRange(interval.low, interval.high);
    return [[nameOf(a).data, words(a), words(b), pointsWithUnit(value), range, `${aOnly}`, `${bOnly}`, p]];
  });
  return [
    '## Differences on the same rows',
    '',
    ...markdownLines({
      columns: ['Data', 'A', 'B', 'B minus A', '95% interval', 'A better on', 'B better on', 'p, corrected'],
      isText: true,
      rows,
    }),
    '',
    `p: ${methodsOf(found)}. p and intervals count all ${counted(pairsOnShow(grid.cells), 'pair')} of cells that answer the same rows: any two may be picked.`,
    '',
  ];
}

// Keys: a cell is filled again only where its version, its model or its rows are others.

/** Of the test rows: cells with equal ones answered the same rows. */
export const rowsKeyOf = ({ fingerprint, labels, split, seed, splitBy }: Dataset): Promise<string> =>
  sha256(contentKey(fingerprint, labels, split.test, seed, splitBy));

/** A cell to be filled. */
export interface PlannedCell extends Slot {
  /** That it has once it is filled. */
  readonly key: string;
  readonly of: GridRow;
  readonly on: GridData;
}

/** The cells of a model, by their rows. A file that is not open is known by the key of its rows. */
export async function plannedCells(
  prompts: readonly GridRow[],
  model: string,
  data: readonly GridData[],
): Promise<readonly PlannedCell[]> {
  const columns = data.map(async (on) => {
    const rows = on.dataset ? await rowsKeyOf(on.dataset) : on.id;
    const cells = prompts.map(async (of): Promise<PlannedCell> => {
      const { version, seen, dataset } = of;
      // of the rows that it may have seen, those among the test rows are counted
      const own = contentKey(await promptId(version.prompt), seen, dataset && rowsKey(dataset));
      return { prompt: of.id, model, data: on.id, key: await sha256(`${own} ${model} ${rows}`), of, on };
    });
    return Promise.all(cells);
  });
  return (await Promise.all(columns)).flat();
}
