/** The files that a command is given: rows, and exported prompts. */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { readModelDir } from '../api/node-platform';
import { accountOf, inAll } from '../dataset/account';
import { addedRows } from '../dataset/append';
import type { ParseOverride } from '../dataset/parse';
import type { ColumnMapping, Dataset, SplitBy, SplitName, Table } from '../dataset/types';
import { readIncoming } from '../interchange/incoming';
import { type Package, PROMPT_FILE, readPackage } from '../interchange/package';
import { type CompleteSet, SET_FILE } from '../interchange/set-files';
import { atRoot, type Files, readZip } from '../interchange/zip';
import { badInput } from '../lib/errors';
import { counted } from '../lib/format';
import { configOf } from '../model/card';
import { softOf } from '../prompt/prompt';
import { chosenTrained, chosenWritten } from '../prompt-set/make-versions';
import { stamp } from '../prompt-set/prompt-set';
import { newVersion, promptOf } from '../prompt-set/versions';
import { type GridRow, gridRows } from '../report/grid';
import { propose } from '../task/tasks';
import { createCoreTokenizer } from '../tokens/core-tokenizer';
import { openTokenizerOf } from '../tokens/tokenizer';
import { groupIssue } from '../workflow/group-price';
import { SILENT } from '../workflow/host';
import { changeRows, mendTable, openParts, type PartSizes, readTable, repeatsOfTest } from '../workflow/open-data';
import type { Log } from './node-host';
import { type FIX, type ROWS, splitOf, UsageError, type Values } from './options';

interface DataOptions extends PartSizes, Fixes {
  readonly data: string;
  /** A file whose rows are the test rows; null = a share of `data`. */
  readonly test: string | null;
  /** Columns by the option that names them. */
  readonly columns: { readonly text: string } & ({ readonly label: string } | { readonly target: string });
  /** Rows have several labels. */
  readonly several?: boolean;
  readonly seed: number;
  readonly splitBy?: SplitBy | undefined;
  readonly dropTwins?: boolean;
  readonly addRows?: string | null;
}

/** @throws UsageError for missing columns; StudioError `bad-input` for data that cannot be used */
export async function readDataset(
  { data, test, columns, seed, splitBy, mend, quote, ...options }: DataOptions,
  log: Log,
): Promise<Dataset> {
  const { several = false, dropTwins = false, addRows = null, ...sizes } = options;
  const mapping: ColumnMapping =
    'label' in columns
      ? { text: columns.text, label: columns.label, id: null, task: several ? 'tag' : 'classify' }
      : { text: columns.text, label: columns.target, id: null, task: 'generate' };
  const fixes = { mend, quote };
  const split = splitBy && splitBy.kind !== 'seed' && { [splitBy.kind === 'group' ? 'group' : 'part']: splitBy.column };
  const opened = await openParts(
    {
      data: await openTable(data, { ...columns, ...split }, log, fixes),
      test: test === null ? null : await openTable(test, columns, log, fixes),
      mapping,
      seed,
      splitBy,
    },
    sizes,
    dropTwins,
  );
  const dataset = addRows === null ? opened : await withRows(opened, addRows, fixes, log);
  for (const warning of [repeatWords(dataset), groupWords(dataset)]) if (warning) log.line(warning);
  return dataset;
}

type Named = Pick<DataOptions, 'data' | 'several'> &
  Values<typeof ROWS> & { readonly text: string; readonly label?: string; readonly target?: string };

export const givenRows = (given: Named, log: Log): Promise<Dataset> => {
  const { data, text, label, target = '', ...rows } = given;
  const columns = label === undefined ? { text, target } : { text, label };
  return readDataset({ ...rows, data, columns, splitBy: splitOf(rows) }, log);
};

/** "60 training rows, 30 validation rows, 40 test rows; labels: a, b". */
export const partsWords = (parts: Readonly<Record<SplitName, number>>, { labels }: Pick<Dataset, 'labels'>): string =>
  `${counted(parts.train, 'training row')}, ${counted(parts.validation, 'validation row')}, ${counted(parts.test, 'test row')}${labels.length > 0 ? `; labels: ${labels.join(', ')}` : ''}`;

/** @throws StudioError `bad-input` where no row can be added */
async function withRows(dataset: Dataset, path: string, fixes: Fixes, log: Log): Promise<Dataset> {
  const table = await openTable(path, {}, log, { ...fixes, mapping: dataset.mapping });
  const { rows, columns, format } = table;
  const change = { kind: 'add-rows', rows, columns, from: format.fileName } as const;
  const { dataset: added } = await changeRows(dataset, change, stamp().now);
  log.line(added.versions?.at(-1)?.what ?? '');
  return { ...added, account: inAll([accountOf(dataset), addedRows(dataset, change, table)]) };
}

/** "5 training or validation rows repeat a test row, and 12 almost repeat one"; null where none does. */
function repeatWords(dataset: Dataset): string | null {
  const { same, almost, isWhole } = repeatsOfTest(dataset);
  if (same.length + almost.length === 0) return null;
  const least = isWhole ? '' : 'at least ';
  const found = [
    ...(same.length > 0 ? [`${counted(same.length, 'training or validation row')} with the text of a test row`] : []),
    ...(almost.length > 0
      ? [
          `${least}${counted(almost.length, 'training or validation row')} that almost repeat${almost.length === 1 ? 's' : ''} one`,
        ]
      : []),
  ].join(', and ');
  return `There are ${found}. A prompt can answer such test rows from memory; --drop-twins leaves them out of training.`;
}

/** What is done to a file as it is opened. */
export type Fixes = { readonly [K in keyof typeof FIX]?: Values<typeof FIX>[K] | undefined };

/** As the Data screen says it, with the option that keeps groups together. */
function groupWords(dataset: Dataset): string | null {
  const issue = groupIssue(dataset);
  const by = issue?.splitBy;
  return by?.kind === 'group' ? `${issue?.title}: --group ${JSON.stringify(by.column)}.` : null;
}

interface TableOptions extends Fixes {
  readonly override?: ParseOverride;
  /** What the mends take the columns for; left out: what the options say. */
  readonly mapping?: ColumnMapping;
}

const mappingOf = ({ text = '', label, target = '' }: Readonly<Record<string, string>>): ColumnMapping => ({
  text,
  label: label ?? target,
  id: null,
  task: label === undefined ? 'generate' : 'classify',
});

/** @param path null = standard input @param named columns that must be there, by option @throws UsageError */
export async function openTable(
  path: string | null,
  named: Readonly<Record<string, string>>,
  log: Log,
  { override = {}, mend = [], quote, mapping = mappingOf(named) }: TableOptions = {},
): Promise<Table> {
  const fileName = path === null ? 'standard input' : basename(path);
  const bytes = path === null ? new Uint8Array(await buffer(process.stdin)) : await bytesAt(path);
  const { guess: _, ...read } = await readTable(
    { fileName, bytes, override: { ...override, ...(quote && { quote }) } },
    SILENT,
  );
  const { table, done } = mendTable(read, mapping, mend);
  for (const sentence of done) log.line(sentence);
  for (const [option, column] of Object.entries(named))
    if (!table.columns.includes(column))
      throw new UsageError(`--${option}: ${fileName} has no column “${column}”; it has ${table.columns.join(', ')}.`);
  const [first] = table.rejected;
  if (first)
    log.line(
      `${fileName}: ${counted(table.rejected.length, 'row')} skipped, the first in line ${first.line}: ${first.reason}`,
    );
  return table;
}

/** An exported prompt: its file, a zip, or the folder that `tune` and `write` make. @throws StudioError `bad-input` */
export async function readPrompt(path: string): Promise<Package> {
  const files = await exportedFiles(path);
  const bytes = files.get(PROMPT_FILE) ?? (files.size === 1 ? [...files.values()][0] : undefined);
  if (!bytes) throw badInput(`${path} has no ${PROMPT_FILE}, so it is not an exported prompt.`);
  const read = readPackage(bytes);
  if (!read.ok) throw badInput(`${path}: ${read.error.message}`);
  return read.value;
}

/** Of a zip, of a folder, or one file alone. @throws StudioError `bad-input` for anything else, or a broken zip */
export async function exportedFiles(path: string): Promise<Files> {
  if (!(await isFile(path))) return folderFiles(path, false);
  const bytes = await bytesAt(path);
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) return new Map([[basename(path), bytes]]);
  const archive = readZip(bytes);
  if (!archive.ok) throw badInput(`${path}: ${archive.error.message}`);
  return atRoot(archive.value, [PROMPT_FILE]);
}

/** The prompt sets of a library: an exported prompt set, a team folder, or a folder of several. @throws StudioError `bad-input` */
export async function readLibrary(path: string): Promise<readonly CompleteSet[]> {
  if (await isFile(path)) return [await readSetAt(basename(path), new Map([[basename(path), await bytesAt(path)]]))];
  const entries = await entriesOf(path, false);
  if (entries.some(({ name }) => name === SET_FILE)) return [await readSetAt(path, await folderFiles(path, true))];
  const isSet = async (name: string) => name.endsWith('.zip') || isFile(join(path, name, SET_FILE));
  const sets: CompleteSet[] = [];
  for (const { name } of entries) if (await isSet(name)) sets.push(...(await readLibrary(join(path, name))));
  if (sets.length === 0) throw badInput(`There is no prompt set in ${path}: export one from the Library.`);
  return sets;
}

async function readSetAt(name: string, files: ReadonlyMap<string, Uint8Array>): Promise<CompleteSet> {
  const read = await readIncoming(files, { ...stamp(), taken: [] });
  if (!read.ok) throw badInput(`${name}: ${read.error.message}`);
  if (read.value.kind === 'set') return read.value;
  throw badInput(`${name} is not a complete prompt set. Export it from the Library for another browser.`);
}

const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => null))?.isFile() ?? false;

/** @throws StudioError `bad-input` */
export async function bytesAt(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw badInput(`The file ${path} cannot be read.`, { cause });
  });
  return new Uint8Array(bytes);
}

export async function writeFiles(
  folder: string,
  files: Iterable<readonly [string, string | Uint8Array]>,
): Promise<void> {
  for (const [path, content] of files) {
    const at = join(folder, path);
    await mkdir(dirname(at), { recursive: true });
    await writeFile(at, content);
  }
}

/** What is in a folder, `deep` also in its folders. @throws StudioError `bad-input` where there is none */
const entriesOf = (folder: string, deep: boolean) =>
  readdir(folder, { recursive: deep, withFileTypes: true }).catch((cause: unknown) => {
    throw badInput(`There is no zip or folder ${folder}.`, { cause });
  });

async function folderFiles(folder: string, deep: boolean): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = (await entriesOf(folder, deep)).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  const named = paths.map(async (path) => [relative(folder, path).split(sep).join('/'), await bytesAt(path)] as const);
  return new Map(await Promise.all(named));
}

// The rows of a grid: versions of exported prompts and prompt sets, and hand-written texts.

/** File names; whole paths where two are equal. @throws UsageError for a path that is named twice */
export function unlike(paths: readonly string[]): readonly string[] {
  const twice = paths.find((path, i) => paths.indexOf(path) < i);
  if (twice !== undefined) throw new UsageError(`${twice} is named twice.`);
  const names = paths.map((path) => basename(path));
  return new Set(names).size === names.length ? names : paths;
}

interface RowsGiven {
  /** Its labels get answer words where a prompt is only a text. */
  readonly dataset: Dataset;
  /** The folder of the model whose tokenizer chooses them. */
  readonly model: string;
}

/** Of each file what is exported in it; null where it is a text. */
export async function readExported(
  paths: readonly string[],
  all: boolean,
): Promise<readonly (readonly GridRow[] | null)[]> {
  const names = unlike(paths);
  const found: (readonly GridRow[] | null)[] = [];
  for (const [i, path] of paths.entries())
    found.push(path.endsWith('.txt') ? null : await filePrompts(path, names[i] ?? path, all));
  return found;
}

/** A hand-written prompt with the answer words that `tune` would give it. */
export async function textPrompt(path: string, name: string, { dataset, model }: RowsGiven): Promise<GridRow> {
  const template = new TextDecoder().decode(await bytesAt(path)).trimEnd();
  if (!template.includes('{text}')) throw badInput(`${path} has no {text}: write it where the text of a row is to be.`);
  const { files } = await readModelDir(model);
  const { encode } = openTokenizerOf(await createCoreTokenizer(files), configOf(files).contextLength);
  const { words } = propose(dataset, encode);
  const kind = dataset.mapping.task;
  return {
    id: name,
    setId: name,
    name,
    version: newVersion({
      name,
      origin: { kind: 'written' },
      prompt: promptOf({ kind, longest: null, words }, { template, shots: 0, shotSeed: 0 }),
    }),
    dataset: null,
    seen: { parts: [], isSure: true },
  };
}

async function filePrompts(path: string, name: string, all: boolean): Promise<readonly GridRow[]> {
  const files = (await isFile(path)) ? new Map([[path, await bytesAt(path)]]) : await folderFiles(path, true);
  // the rows of a continued grid keep their ids
  const incoming = await readIncoming(files, { ...stamp(), id: name, taken: [] });
  if (!incoming.ok) throw badInput(`${path}: ${incoming.error.message}`);
  const what = incoming.value;
  if (what.kind === 'vectors')
    throw badInput(
      `${path} contains only vectors. Import them in the page, where you can name their task, and export the prompt.`,
    );
  const { set } = what;
  const dataset = what.kind === 'set' ? what.dataset : null;
  const hashes = what.kind === 'prompt' ? what.package.data?.textHashes : undefined;
  const chosen = [chosenWritten(set)?.id, chosenTrained(set)?.id];
  const rows = gridRows({ ...set, id: name, handle: name }, dataset);
  const prompts = all ? rows : rows.filter(({ version }) => chosen.includes(version.id));
  if (prompts.length === 0) throw badInput(`${path} has no prompt, so it cannot be in a grid.`);
  return prompts.map((prompt) => ({
    ...prompt,
    // a package knows its rows by their hashes
    ...(hashes && prompt.seen === null && softOf(prompt.version.prompt)
      ? { seen: { hashes: `${hashes.train}${hashes.validation}` } }
      : {}),
  }));
}
