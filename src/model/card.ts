import { sha256 } from '../lib/bytes';
import { fail, ok, type Result } from '../lib/result';
import { z } from '../lib/zod';

/** Path inside the model folder -> verified bytes. */
export type ModelFiles = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

const HASH = z.string().regex(/^[0-9a-f]{64}$/);
/** Relative, inside the folder, without `..`, because it becomes part of an address. */
const PATH = z.string().regex(/^(?!.*(?:^|\/)\.\.?(?:\/|$))[\w.-]+(?:\/[\w.-]+)*$/);

const schema = z.object({
  id: z.string().min(1),
  dtype: z.string().min(1),
  license: z.string().optional(),
  parameters: z.number().int().positive().optional(),
  /** Over the files under onnx/: see `foldHash`. */
  sha256: HASH,
  files: z.array(z.object({ path: PATH, bytes: z.number().int().nonnegative(), sha256: HASH })).min(1),
  weights: z.object({ source: z.string(), file: z.string(), sha256: HASH, howToLoad: z.string() }).optional(),
});

/** The contents of a model folder with checksums: from its `studio.json`, or computed from the files. */
export type ModelCard = z.infer<typeof schema>;
export type FileEntry = ModelCard['files'][number];

export function parseCard(text: string): Result<ModelCard> {
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    if (parsed.success) return ok(parsed.data);
    return fail(
      'bad-card',
      `The model's studio.json does not have the expected form: ${z.prettifyError(parsed.error)}.`,
    );
  } catch {
    return fail('bad-card', 'The model’s studio.json is not JSON. Did the server send another page instead?');
  }
}

/** Everything except the legal texts, which the engine does not need. */
export const isNeeded = (path: string): boolean => !/^(?:LICENSE|NOTICE|README)/i.test(path);

/** `model.sha256` of docs/method/formats.md: SHA-256 of the lines `<sha256>  <path>\n`, sorted by path, over the files under onnx/. */
export function foldHash(files: readonly Pick<FileEntry, 'path' | 'sha256'>[]): Promise<string> {
  const lines = files
    .filter(({ path }) => path.startsWith('onnx/'))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, sha256: hash }) => `${hash}  ${path}\n`);
  return sha256(lines.join(''));
}

/** The hub's file variant that an .onnx name means. */
export function dtypeOf(onnxPath: string): string {
  const suffix = /\/?[\w-]*?_(fp16|q4f16|q4|q8|int8|uint8|bnb4|quantized)\.onnx$/.exec(onnxPath)?.[1];
  return suffix === undefined ? 'fp32' : suffix === 'quantized' ? 'q8' : suffix;
}

/** A card for a folder without one. */
export async function makeCard(id: string, onnxPath: string, files: ModelFiles): Promise<ModelCard> {
  const entries = await Promise.all(
    Object.entries(files).map(async ([path, data]) => ({ path, bytes: data.length, sha256: await sha256(data) })),
  );
  entries.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { id, dtype: dtypeOf(onnxPath), sha256: await foldHash(entries), files: entries };
}

/** Exporters have two names each for the longest sequence and the attention heads. Made on use, to keep it out of the page. */
const configSchema = () =>
  z.object({
    model_type: z.string().min(1).optional(),
    max_position_embeddings: z.number().int().positive().optional(),
    n_positions: z.number().int().positive().optional(),
    num_attention_heads: z.number().int().positive().optional(),
    n_head: z.number().int().positive().optional(),
    embedding_multiplier: z.number().positive().optional(),
  });

interface ModelConfig {
  /** Architecture as transformers names it, e.g. `llama`. */
  readonly family: string | null;
  /** Tokens that the model was made for. */
  readonly contextLength: number | null;
  readonly attentionHeads: number | null;
  /** What transformers multiplies `inputs_embeds` by, as Granite does; vectors trained here come after it. */
  readonly embeddingMultiplier: number;
}

/** Facts from config.json for people; only the graph decides what is computed. Nulls if the file is missing or not valid. */
export function configOf(files: Readonly<Record<string, Uint8Array>>): ModelConfig {
  const none = { family: null, contextLength: null, attentionHeads: null, embeddingMultiplier: 1 };
  const bytes = files['config.json'];
  if (!bytes) return none;
  try {
    const parsed = configSchema().safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    if (!parsed.success) return none;
    const { model_type, max_position_embeddings, n_positions, num_attention_heads, n_head, embedding_multiplier } =
      parsed.data;
    return {
      family: model_type ?? null,
      contextLength: max_position_embeddings ?? n_positions ?? null,
      attentionHeads: num_attention_heads ?? n_head ?? null,
      embeddingMultiplier: embedding_multiplier ?? 1,
    };
  } catch {
    return none;
  }
}
