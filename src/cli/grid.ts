/** Fills a grid of prompts, models and data sets, cell by cell, and continues the file of one that was stopped. */
import { renameSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { readModelDir } from '../api/node-platform';
import { inAll } from '../dataset/account';
import type { ColumnMapping, Dataset } from '../dataset/types';
import { answerDifferences } from '../evaluation/sheets';
import { times } from '../evaluation/words';
import { present } from '../lib/assert';
import { uninterrupted } from '../lib/control';
import { badInput } from '../lib/errors';
import { counted } from '../lib/format';
import type { Result } from '../lib/result';
import {
  cellWords,
  EMPTY_GRID,
  filledId,
  type Grid,
  type GridCell,
  type GridData,
  type GridRow,
  gridJson,
  gridMarkdown,
  pairsOnShow,
  plannedCells,
  readGrid,
  type Slot,
  type SlotPair,
  slotId,
  whyNotPaired,
} from '../report/grid';
import { answeredRows, type FillEvent, fillGrid } from '../workflow/grid';
import { openTestRows } from '../workflow/open-data';
import { type Fixes, openTable, readExported, textPrompt, unlike } from './data';
import { DEFAULT_MODEL, folderOf, type Log, type ModelOptions, openHost, progressWords } from './node-host';
import { COLUMNS, COMPUTE, FIX, flag, list, needed, SEVERAL, text, UsageError, whole } from './options';
import { command } from './program';

export const grid = command({
  summary: 'ask prompts on models and files, and compare them pair by pair',
  takes: {},
  options: {
    prompts: needed(list('PROMPT', 'exported prompts, prompt sets, or a .txt of a hand-written one')),
    data: needed(list('DATA.csv', 'files of labelled rows')),
    text: COLUMNS.text,
    label: needed(text('COL', 'column of the labels, or of the expected texts')),
    ...SEVERAL,
    out: needed(text('FILE.json', 'file that is continued where it is there; FILE.md has the tables')),
    models: list('DIR', 'model folders (default: those that the prompts were made with)'),
    testRows: whole('rows of each file, drawn by the seed (default: all)'),
    allVersions: flag('every version of a prompt set (default: the chosen ones)'),
    ...FIX,
    ...COMPUTE,
  },
  async run(given, log) {
    const { out, allVersions: all, prompts: files } = given;
    if (!out.endsWith('.json')) throw new UsageError('--out names a file that ends in .json; the tables get .md.');
    const before = (await earlier(out, readGrid)) ?? EMPTY_GRID;
    if (before.cells.length > 0) log.line(`Continuing ${basename(out)}: ${counted(before.cells.length, 'cell')}`);
    const exported = await readExported(files, all);
    const kind =
      exported.flatMap((rows) => rows ?? []).at(0)?.version.prompt.task.kind ?? (given.several ? 'tag' : 'classify');
    const columns = { text: given.text, label: given.label, task: kind };
    const data = await readData(given.data, columns, given, log);
    const models = await readModels(given.models.length > 0 ? given.models : await foldersOf(exported));
    const prompts = await withTexts(exported, files, {
      dataset: present(data[0], 'data').dataset,
      model: present(models[0], 'model').folder,
    });
    const plan = { prompts, models, data, before };
    const filled = await fill(plan, given, log);
    const made = gridOf(plan, filled);
    const json = gridJson(made);
    save(out, json);
    const pairs = plannedPairs(made);
    const found = answerDifferences(
      pairs.map(([a, b]) => [answersAt(filled.cells, a), answersAt(filled.cells, b)] as const),
      { onShow: pairsOnShow(made.cells) },
    );
    const tables = gridMarkdown(made, pairs, found);
    const report = out.replace(/\.json$/, '.md');
    await writeFile(report, tables);
    log.line(`Saved to ${out} and ${report}`);
    const account = inAll(data.map(({ id, dataset }) => answeredRows(id, dataset, made.cells)));
    return { text: tables, json: JSON.parse(json), account };
  },
});

/** What is continued; null where there is nothing yet. @throws StudioError `bad-input` where the file is no such thing: it is not overwritten */
async function earlier<T>(path: string, readFrom: (text: string) => Result<T>): Promise<T | null> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return null;
    throw badInput(`The file ${path} cannot be read.`, { cause });
  });
  if (text === null) return null;
  const read = readFrom(text);
  if (!read.ok) throw badInput(`${path}: ${read.error.message}`);
  return read.value;
}

interface OpenData extends GridData {
  readonly dataset: Dataset;
}

async function readData(
  paths: readonly string[],
  { text, label, ...task }: Omit<ColumnMapping, 'id'>,
  { testRows, ...fixes }: { readonly testRows: number | null } & Fixes,
  log: Log,
): Promise<readonly OpenData[]> {
  const names = unlike(paths);
  const all: OpenData[] = [];
  for (const [i, path] of paths.entries()) {
    const table = await openTable(resolve(path), { text, label }, log, fixes);
    const name = names[i] ?? path;
    all.push({ id: name, name, dataset: await openTestRows(table, { text, label, id: null, ...task }, testRows) });
  }
  return all;
}

/** Each prompt that is a text after the others have said what the rows are. */
async function withTexts(
  exported: readonly (readonly GridRow[] | null)[],
  files: readonly string[],
  given: Parameters<typeof textPrompt>[2],
): Promise<readonly GridRow[]> {
  const names = unlike(files);
  const rows = exported.map(async (own, i) => own ?? [await textPrompt(files[i] ?? '', names[i] ?? '', given)]);
  return (await Promise.all(rows)).flat();
}

/** The folders of the models that the vectors of prompts belong to; the usual one where there are none. */
async function foldersOf(exported: readonly (readonly GridRow[] | null)[]): Promise<readonly string[]> {
  const folders = new Set<string>();
  for (const weights of exported.flatMap((rows) => (rows ?? []).flatMap(({ version }) => version.model ?? [])))
    folders.add(await folderOf(weights, { named: null, others: [] }));
  return folders.size > 0 ? [...folders] : [DEFAULT_MODEL];
}

interface Model {
  readonly id: string;
  readonly name: string;
  readonly folder: string;
}

async function readModels(folders: readonly string[]): Promise<readonly Model[]> {
  const models: Model[] = [];
  for (const folder of folders) {
    const { card } = await readModelDir(folder);
    if (models.some(({ id }) => id === card.sha256))
      throw new UsageError(`${folder} has the weights of another --models.`);
    models.push({ id: card.sha256, name: `${card.id} (${card.dtype})`, folder });
  }
  return models;
}

interface Plan {
  readonly prompts: readonly GridRow[];
  readonly models: readonly Model[];
  readonly data: readonly GridData[];
  /** Of the file: it keeps the rows and columns that are not asked for this time. */
  readonly before: Grid;
}

type Cells = ReadonlyMap<string, GridCell>;

interface Filled {
  readonly cells: Cells;
  readonly looks: ReadonlyMap<string, number>;
}

/** The cells of the file, without those whose version or rows are others by now. */
async function validCells({ prompts, models, data, before }: Plan): Promise<Map<string, GridCell>> {
  const cells = new Map(before.cells.map((cell) => [slotId(cell), cell]));
  for (const id of new Set([...models, ...before.models].map((model) => model.id)))
    for (const slot of await plannedCells(prompts, id, data))
      if (cells.get(slotId(slot))?.key !== slot.key) cells.delete(slotId(slot));
  return cells;
}

/** Uses of the test rows of each data set. A stopped run that continues makes no new one: it asks its own questions. */
async function looksAfter({ prompts, models, data, before }: Plan, valid: Cells): Promise<Map<string, number>> {
  const ids = (list: readonly Named[]) => new Set(list.map(({ id }) => id));
  const [knownPrompts, knownModels, knownData] = [ids(before.prompts), ids(before.models), ids(before.data)];
  const had = new Set(before.cells.map(slotId));
  const isPlanned = ({ prompt, model, data: on }: Slot) =>
    knownPrompts.has(prompt) && knownModels.has(model) && knownData.has(on);
  const fresh = new Set<string>();
  for (const { id } of models)
    for (const slot of await plannedCells(prompts, id, data))
      if (!valid.has(slotId(slot)) && (had.has(slotId(slot)) || !isPlanned(slot))) fresh.add(slot.data);
  const earlier = new Map(before.data.map(({ id, looks = 1 }) => [id, looks]));
  return new Map(merged(data, before.data).map(({ id }) => [id, (earlier.get(id) ?? 0) + Number(fresh.has(id))]));
}

async function fill(
  plan: Plan,
  { out, ...how }: Omit<ModelOptions, 'model'> & { readonly out: string },
  log: Log,
): Promise<Filled> {
  const cells = await validCells(plan);
  const filled = { cells, looks: await looksAfter(plan, cells) };
  for (const { id, name, looks = 1 } of plan.before.data)
    if (filled.looks.get(id) !== looks) log.line(`Test rows of ${name} used ${times(looks)} before, by this file`);
  for (const { id, folder, name } of plan.models) {
    const planned = await plannedCells(plan.prompts, id, plan.data);
    const missing = planned.filter((slot) => !cells.has(slotId(slot)));
    log.line(`${name}: ${missing.length === 0 ? 'nothing to fill' : `${counted(missing.length, 'cell')} to fill`}`);
    if (missing.length === 0) continue;
    await using host = await openHost({ model: folder, ...how }, log);
    const { prompts, data } = plan;
    const done = [...cells.values()].map(filledId);
    const emit = (event: FillEvent) => {
      if (event.kind === 'progress') return log.progress(progressWords(event));
      const { cell } = event;
      cells.set(slotId(cell), cell);
      save(out, gridJson(gridOf(plan, filled)));
      log.line(`${prompts.find((prompt) => prompt.id === cell.prompt)?.name}, ${cell.data}: ${cellWords(cell)}`);
    };
    await fillGrid(host, { prompts, data, done }, { control: uninterrupted, emit });
  }
  return filled;
}

type Named = Grid['prompts'][number];

function merged(plan: readonly Named[], before: readonly Named[]): Named[] {
  const known = new Set(plan.map(({ id }) => id));
  return [...plan.map(({ id, name }) => ({ id, name })), ...before.filter(({ id }) => !known.has(id))];
}

function gridOf({ before, ...plan }: Plan, { cells, looks }: Filled): Grid {
  const [prompts, models, data] = [
    merged(plan.prompts, before.prompts),
    merged(plan.models, before.models),
    merged(plan.data, before.data).map((on) => ({ ...on, looks: looks.get(on.id) })),
  ];
  const slots = models.flatMap((model) =>
    data.flatMap((on) => prompts.map((prompt): Slot => ({ prompt: prompt.id, model: model.id, data: on.id }))),
  );
  const inOrder = slots.flatMap((slot) => cells.get(slotId(slot)) ?? []);
  return { ...EMPTY_GRID, prompts, models, data, cells: inOrder };
}

/** On each model the first prompt with every other, and each prompt on the first model with itself on the others. */
function plannedPairs({ cells, prompts: [first], models: [home] }: Grid): readonly SlotPair[] {
  const at = new Map(cells.map((cell) => [slotId(cell), cell]));
  return cells.flatMap((cell): SlotPair[] => {
    const others = [...(first ? [{ ...cell, prompt: first.id }] : []), ...(home ? [{ ...cell, model: home.id }] : [])];
    return others.flatMap((slot): SlotPair[] => {
      const other = at.get(slotId(slot));
      return other && whyNotPaired(other, cell) === null ? [[other, cell]] : [];
    });
  });
}

const answersAt = (cells: Cells, slot: Slot) => present(cells.get(slotId(slot))?.answers, 'answers');

/** Whole or not at all, and before the next cell is asked: stopping it loses one cell at most. */
function save(path: string, text: string): void {
  writeFileSync(`${path}.part`, text);
  renameSync(`${path}.part`, path);
}
