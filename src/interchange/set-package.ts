import { sha256 } from '../lib/bytes';
import { exactJson, readExactJson } from '../lib/exact-json';
import { type Failure, fail, type Result } from '../lib/result';
import { z } from '../lib/zod';
import { armId } from '../prompt-set/arms';
import type { SoftVersion } from '../prompt-set/types';
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
  { set, dataset, checkpoints, evaluations, measurements }: CompleteSet,
  here: { readonly id: string; readonly handle: string; readonly newId: () => string },
): CompleteSet {
  const runIds = new Map(set.soft.map(({ id }) => [id, here.newId()]));
  const compared = evaluations.map((evaluation) => ({ evaluation, id: here.newId() }));
  /** An arm is named by its comparison, which has another id in the copy. */
  const renewedArm = (arm: string) => {
    const found = compared.find(({ evaluation }) => arm.startsWith(armId(evaluation, '')));
    return found ? armId(found, arm.slice(armId(found.evaluation, '').length)) : arm;
  };
  const runId = <T extends string | null>(id: T) => (id === null ? id : (runIds.get(id) ?? id)) as T;
  return {
    set: {
      ...set,
      id: here.id,
      handle: here.handle,
      chosenSoft: runId(set.chosenSoft),
      ...(set.moves
        ? { moves: set.moves.map((move) => ({ ...move, from: runId(move.from), to: runId(move.to) })) }
        : {}),
      soft: set.soft.map(({ mixed, probe, ...run }) => ({
        ...run,
        ...(probe && { probe: { ...probe, from: renewedArm(probe.from) } }),
        ...(mixed && { mixed: { ...mixed, ...(mixed.from && { from: renewedArm(mixed.from) }) } }),
        id: runId(run.id),
        settings: renewedStart(run.settings, runId),
      })),
    },
    dataset,
    checkpoints: checkpoints.map((kept) => ({ ...kept, setId: here.id, runId: runId(kept.runId) })),
    evaluations: compared.map(({ evaluation, id }) => ({
      ...evaluation,
      id,
      setId: here.id,
      softVersion: runId(evaluation.softVersion),
      versions: Object.fromEntries(
        Object.entries(evaluation.versions).map(([arm, of]) => [arm, { ...of, versionId: runId(of.versionId) }]),
      ),
    })),
    measurements: measurements.map((measurement) => ({
      ...measurement,
      id: here.newId(),
      setId: here.id,
      versionId: runId(measurement.versionId),
      data: measurement.data.id === set.id ? { ...measurement.data, id: here.id } : measurement.data,
    })),
  };
}

function renewedStart(settings: SoftVersion['settings'], runId: (id: string) => string): SoftVersion['settings'] {
  const { initialisation } = settings;
  if (initialisation.kind !== 'prompt') return settings;
  return { ...settings, initialisation: { ...initialisation, runId: runId(initialisation.runId) } };
}
