/**
 * A tuned prompt as a package: it runs in Python, loads in PEFT if its vectors come before the text and its answer words
 * are the model's own, and can be imported again unchanged.
 */

import type { Dataset } from '../dataset/types';
import { assert } from '../lib/assert';
import { newerFormat, readJson } from '../lib/bytes';
import { readExactJson } from '../lib/exact-json';
import { rounded } from '../lib/format';
import { type Failure, fail, ok, type Result } from '../lib/result';
import { byName, firstFault, z } from '../lib/zod';
import { readNpy, readSafetensors, writeNpy, writeSafetensors } from '../prompt/codecs';
import { type SoftPrompt, scaledVectors } from '../prompt/soft-prompt';
import { freeHandle } from '../prompt-set/handle';
import type { PromptSet, SoftVersion } from '../prompt-set/types';
import type { Fields } from '../task/template';
import { type ArmExport, armJson } from './arm-file';
import { adapterConfig, isPeftAdapter } from './from-vectors';
import { packageReadme } from './package';
import { fromSetJson, SET_JSON_VERSION, type SetJson, setJsonOf, setJsonSchema, toSetJson } from './set-json';
import { SIDECAR_VERSION, type Sidecar, sidecarSchema } from './sidecar';
import { softPromptOf } from './sidecar-build';
import { atRoot, type Files, readZip, type ZipFailureKind } from './zip';

export interface PromptPackageInput {
  readonly set: PromptSet;
  readonly run: SoftVersion;
  readonly sidecar: Sidecar;
  /** Programs to include, by name; see `scriptsFor`. */
  readonly scripts: Readonly<Record<string, string>>;
  /** The user's rows, if they chose to include them. */
  readonly rows: Dataset | null;
  /** Layers and attention heads: fields of PEFT's config that a prompt does not need. */
  readonly model: { readonly layers: number | null; readonly heads: number | null };
  /** The hand-written prompt that the sidecar's policy asks; left out = it has none. */
  readonly fallback?: ArmExport | null;
}

/** The prompt that answers in place of the tuned one, as `prompt.json` has one. */
export const FALLBACK_FILE = 'fallback.json';

/** How many of the user's rows the package contains: the file's, else those in the prompt's text. */
const rowsInPackage = ({ rows, run }: Pick<PromptPackageInput, 'rows' | 'run'>): number =>
  rows?.table.rows.length ?? run.examples?.length ?? 0;

/** The files of the zip, by name; the command line writes them into a folder. */
export function promptPackageFiles(input: PromptPackageInput): Record<string, Uint8Array> {
  const { run, sidecar, scripts } = input;
  assert(run.soft, 'a run without vectors cannot be exported');
  const { answerShift, hidden } = run.soft;
  assert(sidecar.userRows === rowsInPackage(input), 'the sidecar must give the number of rows');
  assert(!sidecar.policy === !input.fallback, 'a policy needs the prompt that it asks');
  const files: Record<string, Uint8Array> = {
    'README.md': utf8(packageReadme(sidecar, Object.keys(scripts), input.fallback)),
    ...Object.fromEntries(Object.entries(scripts).map(([name, text]) => [name, utf8(text)])),
    'softprompt.json': json(rounded(sidecar)),
    'prompt_embeddings.npy': writeNpy(vectorsOf(run)),
    'project.json': json(toSetJson(input.set, run, input.rows)),
  };
  if (input.fallback) files[FALLBACK_FILE] = utf8(armJson(input.fallback));
  if (answerShift)
    files[SHIFT_FILE] = writeNpy({
      vectors: Float32Array.from(answerShift),
      virtualTokens: answerShift.length / hidden,
      hidden,
    });
  if (isPeftAdapter(sidecar)) {
    files['adapter_config.json'] = json(adapterConfig(sidecar, input.model));
    files['adapter_model.safetensors'] = writeSafetensors(scaledVectors(vectorsOf(run), 1 / multiplierOf(sidecar)));
  }
  return files;
}

/** The texts to present, in packages of earlier releases. */
export const DEMO_FILE = 'demo.json';
/** What is added to the output vectors of trained answer words, `[labels, hidden]`. */
const SHIFT_FILE = 'answer_shift.npy';

const demoSchema = z.object({
  formatVersion: z.literal(1),
  examples: z
    .array(z.union([z.string().min(1).max(20_000), byName('string')]))
    .min(1)
    .max(100),
});

/** A text to present, or the cells of a row by column where prompts show several, with the text as `text`. */
export type Presented = string | Fields;

/** The texts, or null if the file is not in the expected format. */
export function readDemo(bytes: Uint8Array): readonly Presented[] | null {
  const parsed = demoSchema.safeParse(readExactJson(bytes));
  return parsed.success ? parsed.data.examples : null;
}

export type PromptFailureKind =
  | ZipFailureKind
  | 'missing-file'
  | 'bad-json'
  | 'newer-version'
  | 'bad-sidecar'
  | 'bad-set'
  | 'bad-vectors';

export interface ImportedPrompt {
  readonly sidecar: Sidecar;
  readonly set: PromptSet;
  readonly dataset: Dataset | null;
}

/** What this browser adds to an imported prompt: an id, the time, and a handle that is not in use. */
export interface Here {
  readonly id: string;
  readonly now: string;
  readonly taken: Iterable<string>;
}

/** Reads an exported zip as a prompt set. Nothing in it is run; a file that is not valid is named. */
export function readPromptPackage(zip: Uint8Array, here: Here): Result<ImportedPrompt, Failure<PromptFailureKind>> {
  const archive = readZip(zip);
  return archive.ok ? readPromptFiles(atRoot(archive.value, ['softprompt.json']), here) : archive;
}

/** Reads the files of an unpacked zip or of a folder, given by name. */
export function readPromptFiles(files: Files, here: Here): Result<ImportedPrompt, Failure<PromptFailureKind>> {
  const sidecar = readPart(files, 'softprompt.json', SIDECAR_VERSION, sidecarSchema, 'bad-sidecar');
  if (!sidecar.ok) return sidecar;
  const vectors = readVectors(files, multiplierOf(sidecar.value));
  if (!vectors.ok) return vectors;
  const { virtualTokens, hidden } = vectors.value;
  if (virtualTokens !== sidecar.value.numVirtualTokens || hidden !== sidecar.value.tokenDim)
    return fail(
      'bad-vectors',
      `softprompt.json describes ${sidecar.value.numVirtualTokens} vectors of ${sidecar.value.tokenDim} numbers, but the file has ${virtualTokens} of ${hidden}. They are not from the same prompt. Nothing was imported.`,
    );
  const answers = readAnswerShift(files, sidecar.value);
  if (!answers.ok) return answers;
  const soft = softPromptOf(sidecar.value, { ...vectors.value, ...answers.value });

  let setJson = setJsonOf(sidecar.value);
  if (files.has('project.json')) {
    const read = readPart(files, 'project.json', SET_JSON_VERSION, setJsonSchema, 'bad-set');
    if (!read.ok) return read;
    if (
      read.value.soft.template !== sidecar.value.template ||
      read.value.soft.settings.placement !== sidecar.value.placement
    )
      return fail('bad-set', 'project.json and softprompt.json describe different prompts. Nothing was imported.');
    setJson = { ...read.value, soft: answeringAs(sidecar.value, read.value.soft) };
  }
  const handle = freeHandle(setJson.handle, here.taken);
  return ok({
    sidecar: sidecar.value,
    set: fromSetJson(setJson, soft, { ...here, handle }),
    dataset: setJson.dataset,
  });
}

/**
 * `softprompt.json` is what programs answer by: where its calibration or threshold differ from `project.json`, or a package
 * of an earlier release has the calibration there alone, it counts. Its numbers are rounded.
 */
function answeringAs({ calibration, threshold }: Sidecar, soft: SetJson['soft']): SetJson['soft'] {
  const isSame = (own: object | null, given: object | null) =>
    JSON.stringify(own && rounded(own)) === JSON.stringify(given);
  return {
    ...soft,
    ...(isSame(soft.calibration ?? null, calibration) ? {} : { calibration }),
    ...(isSame(soft.threshold ?? null, threshold ?? null) ? {} : { threshold }),
  };
}

function readPart<T extends z.ZodType>(
  files: Files,
  name: string,
  version: number,
  schema: T,
  kind: 'bad-sidecar' | 'bad-set',
): Result<z.output<T>, Failure<PromptFailureKind>> {
  const bytes = files.get(name);
  if (!bytes)
    return fail(
      'missing-file',
      `It has no ${name}, so it is not an export of Softprompt Studio. Nothing was imported.`,
      {
        name,
      },
    );
  const value = readJson(bytes);
  if (value === undefined)
    return fail('bad-json', `Its ${name} is not valid JSON. Was it edited by hand? Nothing was imported.`, { name });
  const found = newerFormat(value, version);
  if (found !== null)
    return fail(
      'newer-version',
      `This prompt was exported by a newer version of Softprompt Studio (format ${found}; this one reads up to ${version}). Reload the page to get the newest version. Nothing was imported.`,
    );
  const parsed = schema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const fault = firstFault(parsed.error);
  return fail(kind, `Its ${name} is not in the expected format (at ${fault}). Nothing was imported.`, { name });
}

const multiplierOf = ({ model }: Pick<Sidecar, 'model'>): number => model.embeddingMultiplier ?? 1;

/** Of the .npy file, else of PEFT's, whose vectors come before the model's multiplier. */
function readVectors(files: Files, multiplier: number) {
  const npy = files.get('prompt_embeddings.npy');
  const tensors = files.get('adapter_model.safetensors');
  if (!npy && !tensors)
    return fail(
      'missing-file' as const,
      'It has no vectors (prompt_embeddings.npy or adapter_model.safetensors). Nothing was imported.',
    );
  const read = [npy && readNpy(npy), tensors && readSafetensors(tensors)].filter((r) => r !== undefined);
  for (const result of read)
    if (!result.ok) return fail('bad-vectors' as const, `${result.error.message} Nothing was imported.`);
  const tables = read.flatMap((r) => (r.ok ? [r.value] : []));
  const [first, second] = npy ? tables : tables.map((table) => scaledVectors(table, multiplier));
  const adapter = first && scaledVectors(first, 1 / multiplier);
  if (adapter && second && !adapter.vectors.every((v, i) => v === second.vectors[i]))
    return fail(
      'bad-vectors' as const,
      'The .npy file and the safetensors file contain different vectors. Nothing was imported.',
    );
  assert(first, 'there are vectors');
  return ok(first);
}

/** The shift of trained answer words; nothing where they were not trained. */
function readAnswerShift(
  files: Files,
  { answerVectors, labels, tokenDim }: Sidecar,
): Result<Pick<SoftPrompt, 'answerShift'>, Failure<PromptFailureKind>> {
  if (!answerVectors) return ok({});
  const bytes = files.get(SHIFT_FILE);
  if (!bytes)
    return fail(
      'missing-file',
      `Its answer words were trained too, but ${SHIFT_FILE} is missing. Nothing was imported.`,
      { name: SHIFT_FILE },
    );
  const read = readNpy(bytes);
  if (!read.ok) return fail('bad-vectors', `${read.error.message} Nothing was imported.`);
  const { vectors, virtualTokens: rows, hidden } = read.value;
  return rows === labels.length && hidden === tokenDim
    ? ok({ answerShift: vectors })
    : fail(
        'bad-vectors',
        `softprompt.json describes ${labels.length} answer words of ${tokenDim} numbers, but ${SHIFT_FILE} has ${rows} of ${hidden}. Nothing was imported.`,
      );
}

function vectorsOf(run: SoftVersion) {
  assert(run.soft, 'a run without vectors cannot be exported');
  return { ...run.soft, vectors: Float32Array.from(run.soft.vectors) };
}

const utf8 = (text: string) => new TextEncoder().encode(text);
const json = (value: unknown) => utf8(`${JSON.stringify(value, null, 2)}\n`);
