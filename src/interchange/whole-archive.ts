/** A whole project as one zip: its files, and a list of their SHA-256 that makes any change of them known. */
import { zipSync } from 'fflate';
import { sha256 } from '../lib/hash';
import { type Failure, fail, type Result } from '../lib/result';
import { z } from '../lib/zod';
import { exactJson, readExactJson } from './exact-json';
import { readWhole, type WholeFailure, type WholeProject, wholeFiles } from './whole';

export const MANIFEST = 'manifest.json';

const manifestSchema = z.object({
  kind: z.literal('softprompt-project'),
  formatVersion: z.literal(1),
  files: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)),
});

/** Time in a zip is fixed: the same project gives the same bytes. */
const MTIME = new Date('1980-01-01T00:00:00');
export const zipped = (files: Readonly<Record<string, Uint8Array>>): Uint8Array<ArrayBuffer> =>
  zipSync({ ...files }, { level: 6, mtime: MTIME }) as Uint8Array<ArrayBuffer>;

/** The files of a project with their manifest. */
export async function wholeArchiveFiles(whole: WholeProject): Promise<Record<string, Uint8Array>> {
  const files = wholeFiles(whole);
  const sums: Record<string, string> = {};
  for (const [path, bytes] of files) sums[path] = await sha256(Uint8Array.from(bytes));
  const manifest = exactJson({ kind: 'softprompt-project', formatVersion: 1, files: sums });
  return { [MANIFEST]: new TextEncoder().encode(manifest), ...Object.fromEntries(files) };
}

export type WholeArchiveFailure = WholeFailure | Failure<'changed'>;

/** An unpacked zip -> the project, if every file is the one that its manifest names, and no other is there. */
export async function readWholeArchive(
  files: ReadonlyMap<string, Uint8Array>,
): Promise<Result<WholeProject, WholeArchiveFailure>> {
  const manifest = manifestSchema.safeParse(readExactJson(files.get(MANIFEST) ?? new Uint8Array(0)));
  if (!manifest.success)
    return fail('bad-project', `${MANIFEST} does not have the form it should have. Nothing was imported.`);
  const sums = manifest.data.files;
  for (const path of Object.keys(sums)) if (!files.has(path)) return changed(`${path} is missing`);
  for (const [path, bytes] of files) {
    if (path === MANIFEST) continue;
    if (!Object.hasOwn(sums, path)) return changed(`${path} was added`);
    if ((await sha256(Uint8Array.from(bytes))) !== sums[path]) return changed(`${path} is not what it was`);
  }
  return readWhole(files);
}

const changed = (what: string) =>
  fail(
    'changed',
    `This project was changed after it was exported: ${what}. To share changes, keep the project in a folder. Nothing was imported.`,
  );
