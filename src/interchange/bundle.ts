/** The export: one zip that runs in Python, loads in PEFT where it can, and comes back into the studio as it was. */
import type { Dataset } from '../dataset/types';
import { assert } from '../lib/assert';
import { type Failure, fail, ok, type Result } from '../lib/result';
import type { z } from '../lib/zod';
import { uniqueHandle } from '../project/handle';
import type { PromptSet, SoftVersion } from '../project/types';
import { readNpy, writeNpy } from '../prompt/npy';
import { readSafetensors, writeSafetensors } from '../prompt/safetensors';
import { type ArchiveFailureKind, atRoot, readArchive } from './archive';
import { DEMO_FILE, writeDemo } from './demo';
import { adapterConfig } from './peft';
import { fromPortable, PORTABLE_VERSION, portableSchema, toPortable } from './portable';
import { portableOf } from './portable-of';
import { bundleReadme } from './readme';
import { SIDECAR_VERSION, type Sidecar, sidecarSchema } from './sidecar';
import { softPromptOf } from './sidecar-build';
import { zipped } from './whole-archive';

export interface BundleInput {
  readonly set: PromptSet;
  /** A run with vectors. */
  readonly run: SoftVersion;
  readonly sidecar: Sidecar;
  /** Programs that travel with it, by name: kit.ts says which are asked for. */
  readonly scripts: Readonly<Record<string, string>>;
  /** The user's rows, only when they chose so; else null. */
  readonly rows: Dataset | null;
  /** Texts for the stage; so many of them are the user's own. */
  readonly demo?: { readonly examples: readonly string[]; readonly ofUser: number };
  /** Layers and attention heads, which PEFT writes down though a prompt does not need them. */
  readonly model: { readonly layers: number | null; readonly heads: number | null };
}

/** How many rows of the user the file will contain: the dialog says this number. */
export const rowsInBundle = (rows: Dataset | null): number => rows?.table.rows.length ?? 0;

/** Files by name, as they stand in the zip; the command line writes the same ones into a folder. */
export function bundleFiles(input: BundleInput): Record<string, Uint8Array> {
  const { run, sidecar, scripts } = input;
  assert(run.soft, 'a run without vectors cannot be exported');
  const userRows = rowsInBundle(input.rows) + (input.demo?.ofUser ?? 0);
  assert(sidecar.userRows === userRows, 'the sidecar must say how many rows travel');
  const files: Record<string, Uint8Array> = {
    'README.md': utf8(bundleReadme(sidecar, Object.keys(scripts))),
    ...Object.fromEntries(Object.entries(scripts).map(([name, text]) => [name, utf8(text)])),
    'softprompt.json': json(sidecar),
    'prompt_embeddings.npy': writeNpy(vectorsOf(run)),
    'project.json': json(toPortable(input.set, run, input.rows)),
  };
  if (input.demo) files[DEMO_FILE] = writeDemo(input.demo.examples);
  if (sidecar.placement === 'prefix') {
    files['adapter_config.json'] = json(adapterConfig(sidecar, input.model));
    files['adapter_model.safetensors'] = writeSafetensors(vectorsOf(run));
  }
  return files;
}

/** The same input gives the same bytes. */
export const buildBundle = (input: BundleInput): Uint8Array<ArrayBuffer> => zipped(bundleFiles(input));

export type BundleFailureKind =
  | ArchiveFailureKind
  | 'missing-file'
  | 'bad-json'
  | 'newer-version'
  | 'bad-sidecar'
  | 'bad-project'
  | 'bad-vectors';

export interface ImportedBundle {
  readonly sidecar: Sidecar;
  readonly set: PromptSet;
  readonly dataset: Dataset | null;
}

/** What a browser adds to what it reads: an id, the time, and which handles are in use. */
export interface Here {
  readonly id: string;
  readonly now: string;
  readonly taken: Iterable<string>;
}

/** An exported zip as a prompt set. Nothing in it is run, and whatever does not fit is refused by name. */
export function readBundle(zip: Uint8Array, here: Here): Result<ImportedBundle, Failure<BundleFailureKind>> {
  const archive = readArchive(zip);
  return archive.ok ? readBundleFiles(atRoot(archive.value, ['softprompt.json']), here) : archive;
}

/** The same for its files by name: a zip that was unpacked, or a folder. */
export function readBundleFiles(
  files: ReadonlyMap<string, Uint8Array>,
  here: Here,
): Result<ImportedBundle, Failure<BundleFailureKind>> {
  const sidecar = readJson(files, 'softprompt.json', SIDECAR_VERSION, sidecarSchema, 'bad-sidecar');
  if (!sidecar.ok) return sidecar;
  const vectors = readVectors(files);
  if (!vectors.ok) return vectors;
  const { virtualTokens, hidden } = vectors.value;
  if (virtualTokens !== sidecar.value.numVirtualTokens || hidden !== sidecar.value.tokenDim)
    return fail(
      'bad-vectors',
      `softprompt.json speaks of ${sidecar.value.numVirtualTokens} vectors of ${sidecar.value.tokenDim} numbers, but the file has ${virtualTokens} of ${hidden}. They are not from the same prompt. Nothing was imported.`,
    );
  const soft = softPromptOf(sidecar.value, vectors.value.vectors);

  let portable = portableOf(sidecar.value);
  if (files.has('project.json')) {
    const read = readJson(files, 'project.json', PORTABLE_VERSION, portableSchema, 'bad-project');
    if (!read.ok) return read;
    if (
      read.value.soft.template !== sidecar.value.template ||
      read.value.soft.settings.placement !== sidecar.value.placement
    )
      return fail('bad-project', 'project.json and softprompt.json are about different prompts. Nothing was imported.');
    portable = read.value;
  }
  const handle = uniqueHandle(portable.name, here.taken);
  return ok({
    sidecar: sidecar.value,
    set: fromPortable(portable, soft, { ...here, handle }),
    dataset: portable.dataset,
  });
}

function readJson<T extends z.ZodType>(
  files: ReadonlyMap<string, Uint8Array>,
  name: string,
  version: number,
  schema: T,
  kind: 'bad-sidecar' | 'bad-project',
): Result<z.output<T>, Failure<BundleFailureKind>> {
  const bytes = files.get(name);
  if (!bytes)
    return fail(
      'missing-file',
      `There is no ${name} in it, so it is not a prompt exported here. Nothing was imported.`,
      {
        name,
      },
    );
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return fail('bad-json', `${name} in it is not valid JSON. Was it edited by hand? Nothing was imported.`, {
      name,
    });
  }
  const found = (value as { formatVersion?: unknown } | null)?.formatVersion;
  if (typeof found === 'number' && found > version)
    return fail(
      'newer-version',
      `This prompt was exported by a newer version of Softprompt Studio (format ${found}; this one reads up to ${version}). Reload the page to get the newest version. Nothing was imported.`,
    );
  const parsed = schema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const issue = parsed.error.issues[0];
  const where = issue?.path.map(String).join('.') || 'the top';
  return fail(
    kind,
    `${name} in it does not have the form it should have (at ${where}: ${issue?.message ?? 'unknown'}). Nothing was imported.`,
    { name },
  );
}

function readVectors(files: ReadonlyMap<string, Uint8Array>) {
  const npy = files.get('prompt_embeddings.npy');
  const tensors = files.get('adapter_model.safetensors');
  if (!npy && !tensors)
    return fail(
      'missing-file' as const,
      'There are no vectors in it (prompt_embeddings.npy or adapter_model.safetensors). Nothing was imported.',
    );
  const read = [npy && readNpy(npy), tensors && readSafetensors(tensors)].filter((r) => r !== undefined);
  for (const result of read)
    if (!result.ok) return fail('bad-vectors' as const, `${result.error.message} Nothing was imported.`);
  const [first, second] = read.flatMap((r) => (r.ok ? [r.value] : []));
  if (first && second && !first.vectors.every((v, i) => v === second.vectors[i]))
    return fail(
      'bad-vectors' as const,
      'The .npy file and the safetensors file hold different vectors. Nothing was imported.',
    );
  assert(first, 'there are vectors');
  return ok(first);
}

function vectorsOf(run: SoftVersion) {
  assert(run.soft, 'a run without vectors cannot be exported');
  return { ...run.soft, vectors: Float32Array.from(run.soft.vectors) };
}

const utf8 = (text: string) => new TextEncoder().encode(text);
const json = (value: unknown) => utf8(`${JSON.stringify(value, null, 2)}\n`);
