/** Moves prompt sets to another model: what is done is kept in a folder, and the same command continues after a stop. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { inAll } from '../dataset/account';
import type { Dataset } from '../dataset/types';
import { times } from '../evaluation/words';
import type { CompleteSet } from '../interchange/set-files';
import { setFiles } from '../interchange/set-files';
import { uninterrupted } from '../lib/control';
import { badInput } from '../lib/errors';
import { addTrained } from '../prompt-set/make-versions';
import { countLook, kindOf } from '../prompt-set/prompt-set';
import type { PromptSet } from '../prompt-set/types';
import { EMPTY_MATRIX, filledId, type Matrix, type MatrixCell, matrixJson, readMatrix, slotId } from '../report/matrix';
import { htmlSheet, markdownSheet } from '../report/print';
import type { Host } from '../workflow/host';
import { answeredRows } from '../workflow/matrix';
import { MIGRATED_ROWS, type MigrateEvent, migrate as migrateSet, migrationPrompts } from '../workflow/migrate';
import { migrationSheet, type Side } from '../workflow/migration';
import { readLibrary, sayRows, writeFiles } from './data';
import { earlier, save } from './matrix';
import { createLog, type Log, openHost, progressWords, readModelDir } from './node-host';
import { modelOptions, readArguments, UsageError, valued } from './options';
import { training } from './run-task';

export const MIGRATE_USAGE = `npm run --silent migrate -- LIBRARY --from OLD_MODEL_DIR --model NEW_MODEL_DIR --out DIR [--handle H]
  trains the prompts in use again with the new model, and compares old and new on the same test rows
  LIBRARY: prompt sets with their rows: one exported for another browser, a team folder, or a folder of several
  in use: what a stage points to, the chosen tuned prompt, and the hand-written one; --handle: only this set
  DIR/HANDLE keeps the set with its new versions, the answers, and migration.html and .md; the same command continues
  [--backend node-wasm|node-native] [--threads N]`;

interface Sides {
  readonly from: Side;
  readonly to: Side;
}

interface Moving {
  readonly folder: string;
  stored: CompleteSet;
  /** This call has used its test rows. */
  isCounted: boolean;
}

export async function migrate(args: readonly string[]): Promise<void> {
  const { values, ...read } = readArguments(args, {
    ...modelOptions,
    ...valued('from', 'out', 'handle'),
  });
  const [library] = read.exactly(['LIBRARY']);
  const from = resolve(read.required('from'));
  read.required('model');
  const out = resolve(read.required('out'));
  const { model, ...how } = read.model();
  const sides: Sides = { from: await sideOf(from), to: await sideOf(model) };
  if (sides.from.sha256 === sides.to.sha256) throw new UsageError('--from and --model have the same weights.');
  const log = createLog();
  const sets: Moving[] = [];
  for (const stored of await chosenSets(resolve(library), values.handle))
    sets.push(await continued(join(out, stored.set.handle), stored, log));
  for (const { stored } of sets)
    if (stored.set.testLooks > 0)
      log.line(`Test rows of ${stored.set.handle} used ${times(stored.set.testLooks)} before`);
  for (const folder of [model, from]) {
    await using host = await openHost({ model: folder, ...how }, log);
    for (const moving of sets) await move(host, moving, sides, log);
  }
  for (const moving of sets) process.stdout.write(await report(moving, sides, log));
  const answeredIn = sets.map(async ({ folder, stored: { dataset } }) => {
    const on = dataset && { id: MIGRATED_ROWS, name: MIGRATED_ROWS, dataset };
    return on ? [answeredRows(on, [...(await cellsIn(folder)).values()])] : [];
  });
  sayRows(inAll((await Promise.all(answeredIn)).flat()), log);
}

async function sideOf(folder: string): Promise<Side> {
  const { card } = await readModelDir(folder);
  return { name: `${card.id} (${card.dtype})`, sha256: card.sha256 };
}

/** @throws UsageError, StudioError `bad-input` where a set has no rows to train and compare with */
async function chosenSets(path: string, handle: string | undefined): Promise<readonly CompleteSet[]> {
  const all = await readLibrary(path);
  const chosen = all.filter(({ set }) => handle === undefined || set.handle === handle);
  if (chosen.length === 0)
    throw new UsageError(`--handle: there is no ${handle}; there are ${all.map(({ set }) => set.handle).join(', ')}.`);
  for (const { set, dataset } of chosen) {
    if (!dataset) throw badInput(`${set.handle} has no rows: export it for another browser with its rows.`);
    if (kindOf(set) !== 'classify')
      throw badInput(`${set.handle} generates texts, which are compared on the page. Name another set with --handle.`);
  }
  return chosen;
}

const setFolder = (folder: string) => join(folder, 'set');
const ANSWERS = 'answers.json';

/** The set as an earlier call left it, else as it is given. @throws StudioError `bad-input` where the folder is another set's */
async function continued(folder: string, given: CompleteSet, log: Log): Promise<Moving> {
  const kept = await readLibrary(setFolder(folder)).catch(() => []);
  const [before] = kept;
  if (!before) return { folder, stored: given, isCounted: false };
  if (before.set.id !== given.set.id || before.dataset?.fingerprint !== given.dataset?.fingerprint)
    throw badInput(`${folder} has another prompt set, or other rows. Name another --out.`);
  log.line(`Continuing ${folder}`);
  return { folder, stored: before, isCounted: false };
}

const keep = ({ folder, stored }: Moving): Promise<void> => writeFiles(setFolder(folder), setFiles(stored));

async function cellsIn(folder: string): Promise<Map<string, MatrixCell>> {
  const { cells } = (await earlier(join(folder, ANSWERS), readMatrix)) ?? EMPTY_MATRIX;
  return new Map(cells.map((cell) => [slotId(cell), cell]));
}

/** Does what is left for the model that is loaded, and saves after each version and cell. */
async function move(host: Host, moving: Moving, sides: Sides, log: Log): Promise<void> {
  const { set, dataset } = moving.stored;
  if (!dataset) return;
  await mkdir(moving.folder, { recursive: true });
  const cells = await cellsIn(moving.folder);
  const tell = training(log);
  let keeping: Promise<void> = Promise.resolve();
  const change = (next: (set: PromptSet) => PromptSet) => {
    moving.stored = { ...moving.stored, set: next(moving.stored.set) };
    keeping = keeping.then(() => keep(moving));
  };
  const emit = (event: MigrateEvent) => {
    if (event.kind === 'run') {
      if (event.event.kind === 'rows') log.line(`${set.handle}: ${event.name} is trained for ${host.engine.info.id}`);
      tell(event.event);
    } else if (event.kind === 'progress') log.progress(`${set.handle}, ${progressWords(event)}`);
    else if (event.kind === 'trained') change((latest) => addTrained(latest, event.version, host.now()));
    else {
      if (event.cell.answers && !moving.isCounted) change((latest) => countLook(latest, host.now()));
      moving.isCounted ||= event.cell.answers !== null;
      cells.set(slotId(event.cell), event.cell);
      const answers = matrixJson(matrixOf(moving.stored.set, dataset, [...cells.values()], sides));
      keeping = keeping.then(() => save(join(moving.folder, ANSWERS), answers));
    }
  };
  const done = [...cells.values()].map(filledId);
  await migrateSet(host, { set, dataset, to: sides.to.sha256, done }, { control: uninterrupted, emit });
  await keeping;
}

function matrixOf(set: PromptSet, dataset: Dataset, cells: readonly MatrixCell[], { from, to }: Sides): Matrix {
  const of = { set, dataset, to: to.sha256 };
  const prompts = new Map(
    [...migrationPrompts(of, 'old'), ...migrationPrompts(of, 'next')].map(({ id, name }) => [id, { id, name }]),
  );
  return {
    ...EMPTY_MATRIX,
    prompts: [...prompts.values()],
    models: [from, to].map(({ name, sha256: id }) => ({ id, name })),
    data: [{ id: MIGRATED_ROWS, name: MIGRATED_ROWS }],
    cells: cells.filter(({ prompt }) => prompts.has(prompt)),
  };
}

async function report({ folder, stored: { set, dataset } }: Moving, sides: Sides, log: Log): Promise<string> {
  if (!dataset) return '';
  const cells = [...(await cellsIn(folder)).values()];
  const sheet = migrationSheet({ set, dataset, cells, ...sides });
  const text = markdownSheet(sheet);
  await writeFiles(folder, [
    ['migration.md', text],
    ['migration.html', htmlSheet(sheet)],
  ]);
  log.line(`Saved to ${folder}: set/, answers.json, migration.html and migration.md`);
  return text;
}
