import { isRecord } from '../lib/assert';
import { sha256 } from '../lib/bytes';
import { exactJson, readExactJson } from '../lib/exact-json';
import { type Failure, fail, type Result } from '../lib/result';
import { z } from '../lib/zod';
import { type CompleteSet, readSetFiles, type SetFilesFailure, setFiles } from './set-files';
import type { Files } from './zip';

/**
 * A complete prompt set as files with their SHA-256. A package has a manifest of them, which reveals any change: importing it
 * gives the same set, or a copy if the set is already here.
 */

export const MANIFEST = 'manifest.json';

const manifestSchema = z.object({
  kind: z.literal('softprompt-project'),
  formatVersion: z.literal(1),
  files: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)),
});

export async function setPackageFiles(content: CompleteSet): Promise<Record<string, Uint8Array>> {
  const files = setFiles(content);
  const sums: Record<string, string> = {};
  for (const [path, bytes] of files) sums[path] = await sha256(Uint8Array.from(bytes));
  const manifest = exactJson({ kind: 'softprompt-project', formatVersion: 1, files: sums });
  return { [MANIFEST]: new TextEncoder().encode(manifest), ...Object.fromEntries(files) };
}

export type SetPackageFailure = SetFilesFailure | Failure<'changed'>;

/** The set, if the files are exactly those in the manifest. */
export async function readSetPackage(files: Files): Promise<Result<CompleteSet, SetPackageFailure>> {
  const manifest = manifestSchema.safeParse(readExactJson(files.get(MANIFEST) ?? new Uint8Array(0)));
  if (!manifest.success) return fail('bad-set', `${MANIFEST} is not in the expected format. Nothing was imported.`);
  const sums = manifest.data.files;
  for (const path of Object.keys(sums)) if (!files.has(path)) return changed(`${path} is missing`);
  for (const [path, bytes] of files) {
    if (path === MANIFEST) continue;
    if (!Object.hasOwn(sums, path)) return changed(`${path} was added`);
    if ((await sha256(Uint8Array.from(bytes))) !== sums[path]) return changed(`${path} has different content`);
  }
  return readSetFiles(files);
}

const changed = (what: string) =>
  fail(
    'changed',
    `This package was changed after the export: ${what}. To share changes, keep the prompt set in a team folder. Nothing was imported.`,
  );

/** A copy under new ids: the original is never overwritten. @param newId a fresh id at each call */
export function renewed(
  complete: CompleteSet,
  here: { readonly id: string; readonly handle: string; readonly newId: () => string },
): CompleteSet {
  const { set, evaluations, measurements } = complete;
  const ids = new Map([[set.id, here.id]]);
  for (const { id } of [...evaluations, ...measurements, ...set.runs, ...set.versions])
    if (!ids.has(id)) ids.set(id, here.newId());
  const copy = withIds(complete, ids) as CompleteSet;
  return { ...copy, set: { ...copy.set, handle: here.handle } };
}

/** A plain value with other ids in place of those that it names. */
function withIds(value: unknown, ids: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return ids.get(value) ?? value;
  if (Array.isArray(value)) return value.map((each) => withIds(each, ids));
  if (!isRecord(value) || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withIds(each, ids)]));
}
