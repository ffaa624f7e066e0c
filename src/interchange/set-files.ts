/** A complete prompt set as files: one folder, one file per version, equal bytes for equal sets. */
import type { Dataset } from '../dataset/types';
import { newerFormat } from '../lib/bytes';
import { badInput } from '../lib/errors';
import { exactJson, readExactJson } from '../lib/exact-json';
import { capitalised, counted } from '../lib/format';
import { type Failure, fail, ok, type Result } from '../lib/result';
import { firstFault, id, many, z } from '../lib/zod';
import { countsOf, textsOf } from '../prompt/prompt';
import { type Answers, scored } from '../prompt-set/answers';
import { evaluationSchema } from '../prompt-set/evaluation-schemas';
import { withVerdict } from '../prompt-set/listing';
import { withoutRowIds } from '../prompt-set/tries';
import type { Evaluation, PromptSet, Run, RunCheckpoint, Version } from '../prompt-set/types';
import { datasetSchema, runSchema, setSchema, versionSchema } from '../prompt-set/version-schemas';
import { versionWords } from '../prompt-set/versions';
import { measurementSchema, runCheckpointSchema } from './set-schema';
import type { Files } from './zip';

const SET_VERSION = 1;
export const SET_FILE = 'prompt-set.json';
const DATA_FILE = 'data/dataset.json';

export interface CompleteSet {
  readonly set: PromptSet;
  readonly dataset: Dataset | null;
  readonly checkpoints: readonly RunCheckpoint[];
  /** With their votes; newest first. */
  readonly evaluations: readonly Evaluation[];
  /** Oldest first. They name no row. */
  readonly measurements: readonly Answers[];
}

const headSchema = setSchema.extend({ versions: many(id), runs: many(id), formatVersion: z.literal(SET_VERSION) });
type SetFile = z.infer<typeof headSchema>;

/**
 * The set without the user's rows. Comparisons are left out too, because they name rows: the set keeps the verdict of the
 * newest. Results on validation rows keep only their figures.
 */
export function withoutRows({ set, evaluations, checkpoints, measurements }: CompleteSet): CompleteSet {
  const asked = madeOfRows(set);
  if (asked) throw badInput(asked);
  const named = { ...withVerdict(set, evaluations), versions: set.versions.map(withoutTexts) };
  return { set: named, dataset: null, checkpoints, evaluations: [], measurements: measurements.map(withoutIds) };
}

/** Keeps the figures of tries on validation rows. */
const withoutTexts = ({ tried, ...version }: Version): Version => ({
  ...version,
  tried: tried && withoutRowIds(tried),
});

/** The answers with the places of the rows for their ids. */
const withoutIds = ({ answers, ...of }: Answers): Answers => ({
  ...of,
  answers: { ...answers, rowIds: answers.rowIds.map((_, i) => String(i)) },
});

/** Why a set cannot leave without rows: a version has examples in its text, or their words. Null = it can. */
export function madeOfRows({ versions }: Pick<PromptSet, 'versions'>): string | null {
  const shown = ({ prompt }: Version) => Math.max(0, ...textsOf(prompt).map(({ inText = [] }) => inText.length));
  const counts = versions.find(({ prompt }) => (countsOf(prompt)?.vocabulary.length ?? 0) > 0);
  const shows = versions.find((version) => shown(version) > 0);
  if (counts)
    return `${capitalised(versionWords(counts))} counts words of your training rows. Agree to include your rows, or export another version by itself.`;
  return shows
    ? `The text of ${versionWords(shows)} shows ${counted(shown(shows), 'row')} of yours as examples. Agree to include your rows, or export another version by itself.`
    : null;
}

/** Paths -> bytes. */
export function setFiles(complete: CompleteSet): Map<string, Uint8Array> {
  const { set, dataset, checkpoints, evaluations, measurements } = complete;
  const files = new Map<string, Uint8Array>();
  const write = (path: string, value: unknown) => files.set(path, new TextEncoder().encode(exactJson(value)));
  write(SET_FILE, {
    ...set,
    formatVersion: SET_VERSION,
    versions: set.versions.map(({ id }) => id),
    runs: set.runs.map(({ id }) => id),
  });
  const name = namer();
  for (const version of set.versions) write(`versions/${name('versions', version)}.json`, version);
  const numbers = new Map<string, number>();
  for (const run of set.runs) {
    numbers.set(run.id, run.number);
    write(`runs/${name('runs', run)}.json`, run);
  }
  for (const checkpoint of checkpoints) {
    const { runId: id } = checkpoint;
    write(`checkpoints/${name('checkpoints', { id, number: numbers.get(id) ?? 0 })}.json`, checkpoint);
  }
  for (const evaluation of evaluations) write(`comparisons/${name('comparisons', evaluation)}.json`, evaluation);
  for (const measurement of measurements) write(`measurements/${name('measurements', measurement)}.json`, measurement);
  if (dataset) write(DATA_FILE, dataset);
  return files;
}

/** `003-1f0c9a2e`: with the id, so that the third versions of two people get different names. */
function namer() {
  const used = new Set<string>();
  return (
    folder: string,
    of: { readonly id: string; readonly number?: number; readonly createdAt?: string },
  ): string => {
    const front = of.number === undefined ? plain(of.createdAt ?? '', 10) : String(of.number).padStart(3, '0');
    const base = `${front}-${plain(of.id, 8)}`;
    let stem = base;
    for (let n = 2; used.has(`${folder}/${stem}`); n++) stem = `${base}-${n}`;
    used.add(`${folder}/${stem}`);
    return stem;
  };
}

/** Characters that every file system accepts. */
const plain = (text: string, length: number) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '')
    .slice(0, length);

export type SetFilesFailure = Failure<'missing-file' | 'newer-version' | 'bad-set'>;

/** Reads the files back as the same set. A file that is not valid is named. */
export function readSetFiles(files: Files): Result<CompleteSet, SetFilesFailure> {
  const head = readPart<SetFile>(files, SET_FILE, headSchema);
  if (!head.ok) return head;
  const own = <T extends { readonly setId: string }>(part: T): T => ({ ...part, setId: head.value.id });
  const read = allOk<Parts>({
    versions: readFolder<Version>(files, 'versions', versionSchema),
    runs: readFolder<Run>(files, 'runs', runSchema),
    checkpoints: readFolder<RunCheckpoint>(files, 'checkpoints', runCheckpointSchema),
    evaluations: readFolder<Evaluation>(files, 'comparisons', evaluationSchema),
    measurements: readFolder<Answers>(files, 'measurements', measurementSchema),
    dataset: files.has(DATA_FILE) ? readPart<Dataset>(files, DATA_FILE, datasetSchema) : ok(null),
  });
  if (!read.ok) return read;
  const { versions, runs, checkpoints, evaluations, measurements, dataset } = read.value;
  for (const ids of [versions, runs, evaluations, measurements].map((list) => list.map(({ id }) => id)))
    if (new Set(ids).size < ids.length) return bad('Two of its versions have the same id.');
  const { formatVersion: _version, ...facts } = head.value;
  const set = { ...facts, versions: inOrder(versions, facts.versions), runs: inOrder(runs, facts.runs) };
  return ok({
    set,
    dataset,
    checkpoints: checkpoints.map(own).sort((a, b) => (a.runId < b.runId ? -1 : 1)),
    evaluations: evaluations.map(own).sort(newestFirst),
    measurements: measurements
      // their scores are computed again, so that none can be made up
      .map((each) => own({ ...each, answers: scored(each.answers) }))
      .sort((a, b) => a.createdAt.localeCompare(b.createdAt) || (a.id < b.id ? -1 : 1)),
  });
}

type Parts = Omit<CompleteSet, 'set'> & Pick<PromptSet, 'versions' | 'runs'>;

/** All values, or the first failure. */
function allOk<T extends object>(
  results: {
    readonly [K in keyof T]: Result<T[K], SetFilesFailure>;
  },
): Result<T, SetFilesFailure> {
  const values: Partial<T> = {};
  for (const key of Object.keys(results) as (keyof T)[]) {
    const result = results[key];
    if (!result.ok) return result;
    values[key] = result.value;
  }
  return ok(values as T);
}

/** The `.json` files directly in a folder, in the order of their names. */
function readFolder<T>(files: Files, folder: string, schema: z.ZodType): Result<readonly T[], SetFilesFailure> {
  const parts: T[] = [];
  for (const path of [...files.keys()].sort()) {
    if (!path.endsWith('.json') || path.slice(0, path.lastIndexOf('/')) !== folder) continue;
    const part = readPart<T>(files, path, schema);
    if (!part.ok) return part;
    parts.push(part.value);
  }
  return ok(parts);
}

interface Dated {
  readonly id: string;
  readonly createdAt: string;
}

const newestFirst = (a: Dated, b: Dated) => b.createdAt.localeCompare(a.createdAt) || (a.id < b.id ? -1 : 1);

/** Versions in the order of the set's list; others (a colleague's) follow, by number. */
function inOrder<V extends { readonly id: string; readonly number: number }>(
  versions: readonly V[],
  order: readonly string[],
): V[] {
  const place = new Map(order.map((id, i) => [id, i]));
  const at = ({ id }: V) => place.get(id) ?? order.length;
  return versions.toSorted((a, b) => at(a) - at(b) || a.number - b.number);
}

function readPart<T>(files: Files, path: string, schema: z.ZodType): Result<T, SetFilesFailure> {
  const bytes = files.get(path);
  if (!bytes)
    return fail('missing-file', `${path} is missing, so this is not a complete prompt set. Nothing was imported.`);
  const value = readExactJson(bytes);
  const version = path === SET_FILE ? newerFormat(value, SET_VERSION) : null;
  if (version !== null)
    return fail(
      'newer-version',
      `This prompt set was written by a newer version of Softprompt Studio (format ${version}; this one reads up to ${SET_VERSION}). Reload the page to get the newest version. Nothing was imported.`,
    );
  if (value === undefined)
    return bad(`${path} is not valid JSON. Was it edited by hand, or is a git merge unfinished?`);
  const parsed = schema.safeParse(value);
  if (parsed.success) return ok(value as T);
  return bad(`${path} is not in the expected format (at ${firstFault(parsed.error)}).`);
}

const bad = (what: string) => fail('bad-set' as const, `${what} Nothing was imported.`);
