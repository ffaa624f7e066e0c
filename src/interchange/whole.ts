/**
 * A whole project as files: one folder, one file a version, the same bytes for the same project. It is what a zip for
 * another browser holds, and what a team keeps in git.
 */
import type { Dataset } from '../dataset/types';
import { type Failure, fail, ok, type Result } from '../lib/result';
import type { z } from '../lib/zod';
import type {
  ClassifyEvaluation,
  GenerateEvaluation,
  HardVersion,
  Kept,
  Measurement,
  PromptSet,
  RunCheckpoint,
  SoftVersion,
} from '../project/types';
import { readNpy, writeNpy } from '../prompt/npy';
import { exactJson, readExactJson } from './exact-json';
import { datasetSchema, hardVersionSchema, withoutRowIds } from './portable';
import {
  checkpointSchema,
  evaluationSchema,
  measurementSchema,
  setSchema,
  softSchema,
  writingSchema,
} from './whole-schema';

const WHOLE_VERSION = 1;
export const SET_FILE = 'prompt-set.json';
const DATA_FILE = 'data/dataset.json';

export interface WholeProject {
  readonly set: PromptSet;
  readonly dataset: Dataset | null;
  /** By run. */
  readonly checkpoints: readonly RunCheckpoint[];
  /** With their votes; newest first. */
  readonly evaluations: readonly Kept<ClassifyEvaluation>[];
  /** Where texts are written; with their votes, newest first. */
  readonly writings: readonly Kept<GenerateEvaluation>[];
  /** Versions asked again; oldest first. They name no row. */
  readonly measurements: readonly Measurement[];
}

type Files = ReadonlyMap<string, Uint8Array>;
type SetFile = z.infer<typeof setSchema> & { readonly formatVersion: number };

/**
 * The project without any row of the user's: comparisons go too, as they name rows; of tries on validation rows the
 * figures stay.
 */
export const withoutRows = (whole: WholeProject): WholeProject => ({
  set: { ...whole.set, hard: whole.set.hard.map(withoutRowIds) },
  dataset: null,
  checkpoints: whole.checkpoints,
  evaluations: [],
  writings: [],
  measurements: whole.measurements,
});

/** Paths -> bytes. */
export function wholeFiles({
  set,
  dataset,
  checkpoints,
  evaluations,
  writings,
  measurements,
}: WholeProject): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const write = (path: string, value: unknown) => files.set(path, new TextEncoder().encode(exactJson(value)));
  write(SET_FILE, {
    ...set,
    formatVersion: WHOLE_VERSION,
    hard: set.hard.map(({ id }) => id),
    soft: set.soft.map(({ id }) => id),
  });
  const name = namer();
  for (const version of set.hard) write(`hand-written/${name('hand-written', version)}.json`, version);
  const runNames = new Map<string, string>();
  for (const version of set.soft) {
    const stem = name('tuned', version);
    runNames.set(version.id, stem);
    const { soft } = version;
    write(`tuned/${stem}.json`, { ...version, soft: soft && without(soft, 'vectors') });
    if (soft) files.set(`tuned/${stem}.npy`, writeNpy({ ...soft, vectors: Float32Array.from(soft.vectors) }));
  }
  for (const checkpoint of checkpoints) {
    const stem = runNames.get(checkpoint.runId) ?? name('runs', { id: checkpoint.runId, number: 0 });
    write(`runs/${stem}.json`, checkpoint);
  }
  for (const evaluation of evaluations) write(`comparisons/${name('comparisons', evaluation)}.json`, evaluation);
  for (const writing of writings) write(`written/${name('written', writing)}.json`, writing);
  for (const measurement of measurements) write(`measurements/${name('measurements', measurement)}.json`, measurement);
  if (dataset) write(DATA_FILE, dataset);
  return files;
}

/** `003-1f0c9a2e`: two people's third versions do not get in each other's way. */
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

/** What every file system takes. */
const plain = (text: string, length: number) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '')
    .slice(0, length);

function without<T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> {
  const { [key]: _dropped, ...rest } = value;
  return rest;
}

export type WholeFailure = Failure<'missing-file' | 'newer-version' | 'bad-project'>;

/** Files -> the project as it was. Whatever does not fit is refused by name. */
export function readWhole(files: Files): Result<WholeProject, WholeFailure> {
  const head = readPart<SetFile>(files, SET_FILE, setSchema);
  if (!head.ok) return head;
  const hard: HardVersion[] = [];
  const soft: SoftVersion[] = [];
  const checkpoints: RunCheckpoint[] = [];
  const evaluations: Kept<ClassifyEvaluation>[] = [];
  const writings: Kept<GenerateEvaluation>[] = [];
  const measurements: Measurement[] = [];
  let dataset: Dataset | null = null;
  for (const path of [...files.keys()].sort()) {
    const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (!path.endsWith('.json') || path === SET_FILE) continue;
    if (folder === 'hand-written') {
      const read = readPart<HardVersion>(files, path, hardVersionSchema);
      if (!read.ok) return read;
      hard.push(read.value);
    } else if (folder === 'tuned') {
      const read = readSoft(files, path);
      if (!read.ok) return read;
      soft.push(read.value);
    } else if (folder === 'runs') {
      const read = readPart<RunCheckpoint>(files, path, checkpointSchema);
      if (!read.ok) return read;
      checkpoints.push({ ...read.value, setId: head.value.id });
    } else if (folder === 'comparisons') {
      const read = readPart<Kept<ClassifyEvaluation>>(files, path, evaluationSchema);
      if (!read.ok) return read;
      evaluations.push({ ...read.value, setId: head.value.id });
    } else if (folder === 'written') {
      const read = readPart<Kept<GenerateEvaluation>>(files, path, writingSchema);
      if (!read.ok) return read;
      writings.push({ ...read.value, setId: head.value.id });
    } else if (folder === 'measurements') {
      const read = readPart<Measurement>(files, path, measurementSchema);
      if (!read.ok) return read;
      measurements.push({ ...read.value, setId: head.value.id });
    } else if (path === DATA_FILE) {
      const read = readPart<Dataset>(files, path, datasetSchema);
      if (!read.ok) return read;
      dataset = read.value;
    }
  }
  for (const ids of [hard, soft, evaluations, writings, measurements].map((list) => list.map(({ id }) => id)))
    if (new Set(ids).size < ids.length) return bad('Two versions in it are the same one.');
  const { formatVersion: _version, ...facts } = head.value;
  return ok({
    set: { ...facts, hard: inOrder(hard, facts.hard), soft: inOrder(soft, facts.soft) },
    dataset,
    checkpoints: checkpoints.sort((a, b) => (a.runId < b.runId ? -1 : 1)),
    evaluations: evaluations.sort(newestFirst),
    writings: writings.sort(newestFirst),
    measurements: measurements.sort((a, b) => a.createdAt.localeCompare(b.createdAt) || (a.id < b.id ? -1 : 1)),
  });
}

interface Dated {
  readonly id: string;
  readonly createdAt: string;
}

const newestFirst = (a: Dated, b: Dated) => b.createdAt.localeCompare(a.createdAt) || (a.id < b.id ? -1 : 1);

/** Versions in the order that the project names; those that it does not name (a colleague's) behind, by number. */
function inOrder<V extends { readonly id: string; readonly number: number }>(
  versions: readonly V[],
  order: readonly string[],
): V[] {
  const place = new Map(order.map((id, i) => [id, i]));
  const at = ({ id }: V) => place.get(id) ?? order.length;
  return versions.toSorted((a, b) => at(a) - at(b) || a.number - b.number);
}

function readSoft(files: Files, path: string): Result<SoftVersion, WholeFailure> {
  const read = readPart<SoftVersion>(files, path, softSchema);
  if (!read.ok || !read.value.soft) return read;
  const beside = path.replace(/\.json$/, '.npy');
  const npy = files.get(beside);
  if (!npy) return fail('missing-file', `${beside} is missing: the vectors of ${path}. Nothing was imported.`);
  const table = readNpy(npy);
  if (!table.ok) return bad(`${beside}: ${table.error.message}`);
  const { soft } = read.value;
  const { vectors, virtualTokens, hidden } = table.value;
  if (virtualTokens !== soft.virtualTokens || hidden !== soft.hidden)
    return bad(
      `${path} speaks of ${soft.virtualTokens} vectors of ${soft.hidden} numbers, ${beside} has ${virtualTokens} of ${hidden}.`,
    );
  return ok({ ...read.value, soft: { ...soft, vectors } });
}

function readPart<T>(files: Files, path: string, schema: z.ZodType): Result<T, WholeFailure> {
  const bytes = files.get(path);
  if (!bytes) return fail('missing-file', `${path} is missing, so this is no project. Nothing was imported.`);
  const value = readExactJson(bytes);
  const version = (value as { formatVersion?: unknown } | null | undefined)?.formatVersion;
  if (path === SET_FILE && typeof version === 'number' && version > WHOLE_VERSION)
    return fail(
      'newer-version',
      `This project was written by a newer version of Softprompt Studio (format ${version}; this one reads up to ${WHOLE_VERSION}). Reload the page to get the newest version. Nothing was imported.`,
    );
  if (value === undefined) return bad(`${path} is not valid JSON. Was it edited by hand, or is a merge not finished?`);
  const parsed = schema.safeParse(value);
  if (parsed.success) return ok(value as T);
  const [issue] = parsed.error.issues;
  return bad(
    `${path} does not have the form it should have (at ${issue?.path.join('.') || 'the top'}: ${issue?.message ?? 'unknown'}).`,
  );
}

const bad = (what: string) => fail('bad-project' as const, `${what} Nothing was imported.`);
