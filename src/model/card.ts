import { isRecord } from '../lib/assert';
import { readJson, sha256 } from '../lib/bytes';
import { missingFile } from '../lib/errors';
import { fail, ok, type Result } from '../lib/result';
import { z } from '../lib/zod';

/** Verified, by path inside the model folder. */
export type ModelFiles = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

/** By path; the browser keeps them on disk, to be read in parts. */
export type FilesOnDisk = Readonly<Record<string, Blob>>;

/** On use, to keep it out of workers that read no card. */
function cardSchema() {
  const hash = z.string().regex(/^[0-9a-f]{64}$/);
  /** Relative, without `..`, because it becomes part of an address. */
  const path = z.string().regex(/^(?!.*(?:^|\/)\.\.?(?:\/|$))[\w.-]+(?:\/[\w.-]+)*$/);
  return z.object({
    id: z.string().min(1),
    dtype: z.string().min(1),
    license: z.string().optional(),
    parameters: z.number().int().positive().optional(),
    /** Over the files under onnx/, by `foldHash`. */
    sha256: hash,
    files: z.array(z.object({ path, bytes: z.number().int().nonnegative(), sha256: hash })).min(1),
    weights: z.object({ source: z.string(), file: z.string(), sha256: hash, howToLoad: z.string() }).optional(),
  });
}

/** From a folder's `studio.json`, or computed from its files. */
export type ModelCard = z.infer<ReturnType<typeof cardSchema>>;
export type FileEntry = ModelCard['files'][number];

export function parseCard(text: string): Result<ModelCard> {
  const value = readJson(text);
  if (value === undefined)
    return fail('bad-card', 'The model’s studio.json is not JSON. Did the server send another page instead?');
  const parsed = cardSchema().safeParse(value);
  if (parsed.success) return ok(parsed.data);
  return fail('bad-card', `The model's studio.json does not have the expected form: ${z.prettifyError(parsed.error)}.`);
}

/** Not the legal texts. */
export const isNeeded = (path: string): boolean => !/^(?:LICENSE|NOTICE|README)/i.test(path);

/** `model.sha256` of docs/method/formats.md: SHA-256 of the lines `<sha256>  <path>\n`, sorted by path, over the files under onnx/. */
export function foldHash(files: readonly Pick<FileEntry, 'path' | 'sha256'>[]): Promise<string> {
  const lines = files
    .filter(({ path }) => path.startsWith('onnx/'))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, sha256: hash }) => `${hash}  ${path}\n`);
  return sha256(lines.join(''));
}

/** The file variant on the hub. */
export function dtypeOf(onnxPath: string): string {
  const suffix = /\/?[\w-]*?_(fp16|q4f16|q4|q8|int8|uint8|bnb4|quantized)\.onnx$/.exec(onnxPath)?.[1];
  return suffix === undefined ? 'fp32' : suffix === 'quantized' ? 'q8' : suffix;
}

/** For a folder without one. */
export async function makeCard(id: string, onnxPath: string, files: ModelFiles): Promise<ModelCard> {
  const entries = await Promise.all(
    Object.entries(files).map(async ([path, data]) => ({ path, bytes: data.length, sha256: await sha256(data) })),
  );
  entries.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { id, dtype: dtypeOf(onnxPath), sha256: await foldHash(entries), files: entries };
}

const isName = (value: unknown) => typeof value === 'string' && value !== '';
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) > 0;

/** Exporters have two names for some facts. Checked by hand: the engine's worker and exported prompts need no other schema. */
const CONFIG = {
  model_type: isName,
  max_position_embeddings: isCount,
  n_positions: isCount,
  num_attention_heads: isCount,
  n_head: isCount,
  embedding_multiplier: (value: unknown) => typeof value === 'number' && value > 0,
} as const;

type Config = { readonly model_type?: string } & {
  readonly [K in Exclude<keyof typeof CONFIG, 'model_type'>]?: number;
};

const isConfig = (value: unknown): value is Config =>
  isRecord(value) &&
  Object.entries(CONFIG).every(([name, isSound]) => value[name] === undefined || isSound(value[name]));

interface ModelConfig {
  /** As transformers names it, e.g. `llama`. */
  readonly family: string | null;
  readonly contextLength: number | null;
  readonly attentionHeads: number | null;
  /** What transformers multiplies `inputs_embeds` by, as Granite does; vectors trained here come after it. */
  readonly embeddingMultiplier: number;
}

/** For people; only the graph decides what is computed. Nulls if config.json is missing or not valid. */
export function configOf(files: Readonly<Record<string, Uint8Array>>): ModelConfig {
  const found = files['config.json'] && readJson(files['config.json']);
  const config: Config = isConfig(found) ? found : {};
  return {
    family: config.model_type ?? null,
    contextLength: config.max_position_embeddings ?? config.n_positions ?? null,
    attentionHeads: config.num_attention_heads ?? config.n_head ?? null,
    embeddingMultiplier: config.embedding_multiplier ?? 1,
  };
}

/** The smallest sufficiently exact .onnx file first; all are computed in float32. */
const PREFERENCE = [
  'model_q4.onnx',
  'model.onnx',
  'model_fp16.onnx',
  'model_q4f16.onnx',
  'decoder_model_merged.onnx',
  'model_quantized.onnx',
  'model_int8.onnx',
  'model_uint8.onnx',
  'model_bnb4.onnx',
];
/** As transformers.js names the file of a `dtype`; older exports merged two graphs. */
export const graphNames = (dtype: string | undefined): readonly string[] => {
  if (dtype === undefined) return PREFERENCE;
  const suffix = dtype === 'fp32' ? '' : `_${dtype === 'q8' ? 'quantized' : dtype}`;
  return [`model${suffix}.onnx`, `decoder_model_merged${suffix}.onnx`];
};
/** Not on the hub: a prompt's keys and values, trained on other tasks. @see tools/starts */
export const TRANSFER_FILE = 'transfer.safetensors';

/** Beside a graph on the hub. */
export const SETTINGS = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
];
/** Next to a graph, but not its own: texts, tokenizers, and the same weights for other programs. */
const OTHERS =
  /\.(?:onnx|json|jsonl|txt|md|jinja|py|ya?ml|model|safetensors|gguf|pth?|h5|msgpack|png|jpg)$|^pytorch_model|^\.|^LICENSE|^NOTICE/;

export interface Choice {
  /** In the hub's layout. */
  readonly onnx: string;
  /** Original path -> path in the hub's layout, where graph and weights are under `onnx/`. */
  readonly files: ReadonlyMap<string, string>;
}

const split = (path: string) => {
  const at = path.lastIndexOf('/') + 1;
  return { folder: path.slice(0, at), name: path.slice(at) };
};

export interface Variant {
  /** `fp32`, `fp16`, `q8`, `int8`, `uint8`, `q4`, `q4f16` or `bnb4`. Left out: the smallest that is exact enough. */
  readonly dtype?: string | undefined;
  /** Of the graph. Settings are there or above. */
  readonly subfolder?: string | undefined;
}

/** Of a folder in hub layout or flat. */
export function chooseFiles(
  paths: readonly string[],
  { dtype, subfolder }: Variant = {},
): Choice | { readonly missing: readonly string[] } {
  const isInside = (path: string) => subfolder === undefined || path.startsWith(`${subfolder}/`);
  // Of files with the same name, the one in the subfolder counts, else the one nearer to the top.
  const sorted = [...paths].sort(
    (a, b) => Number(isInside(b)) - Number(isInside(a)) || a.split('/').length - b.split('/').length,
  );
  const named = (name: string) => sorted.find((path) => split(path).name === name);
  const graphs = sorted.filter((path) => path.endsWith('.onnx') && isInside(path));
  const onnx =
    graphNames(dtype)
      .map((name) => graphs.find((path) => split(path).name === name))
      .find((path) => path !== undefined) ?? (dtype === undefined ? graphs[0] : undefined);
  const graphWords = `${dtype === undefined ? 'an .onnx file' : graphNames(dtype)[0]}${subfolder === undefined ? '' : ` in ${subfolder}/`}`;
  const missing = [...(onnx ? [] : [graphWords]), ...(named('tokenizer.json') ? [] : ['tokenizer.json'])];
  if (!onnx || missing.length > 0) return { missing };

  const { folder, name: graph } = split(onnx);
  const beside = sorted.filter((path) => split(path).folder === folder);
  const isAlone = beside.filter((path) => path.endsWith('.onnx')).length === 1;
  const files = new Map<string, string>();
  for (const path of sorted) {
    const { folder: where, name } = split(path);
    // Exporters name weight files after the graph; next to the only graph, any name will do.
    const isWeights = path !== onnx && where === folder && !OTHERS.test(name) && (isAlone || name.startsWith(graph));
    if (path === onnx || isWeights) files.set(path, `onnx/${name}`);
    else if ([...SETTINGS, TRANSFER_FILE].includes(name) && named(name) === path) files.set(path, name);
  }
  return { onnx: `onnx/${graph}`, files };
}

export interface NamedFile {
  /** May start with the folder's name. */
  readonly path: string;
  readonly bytes: () => Promise<Uint8Array<ArrayBuffer>>;
  /** In bytes, if known before reading. */
  readonly size?: number;
}

/** In hub layout or flat. @throws StudioError `model-missing-file` naming what is missing */
export async function readFolder(
  files: readonly NamedFile[],
  name: string,
  variant?: Variant,
): Promise<{ card: ModelCard; files: ModelFiles }> {
  const choice = chooseFiles(
    files.map(({ path }) => path),
    variant,
  );
  if ('missing' in choice)
    throw missingFile(
      `The folder “${name}” lacks ${choice.missing.join(' and ')}. Choose the folder that holds config.json, tokenizer.json and onnx/, as on the hub.`,
      { data: { missing: choice.missing } },
    );
  const out: Record<string, Uint8Array<ArrayBuffer>> = {};
  for (const file of files) {
    const path = choice.files.get(file.path);
    if (path === undefined) continue;
    try {
      out[path] = await file.bytes();
    } catch (cause) {
      throw missingFile(
        `${file.path} could not be read from disk: it was moved, changed or is too large. Open the folder again.`,
        { data: { file: file.path }, cause },
      );
    }
  }
  return { card: await makeCard(name, choice.onnx, out), files: out };
}
