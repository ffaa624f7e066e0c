import { z } from '../lib/zod';

/** Exporters have two names each for the longest sequence and for the attention heads. */
const schema = z.object({
  model_type: z.string().min(1).optional(),
  max_position_embeddings: z.number().int().positive().optional(),
  n_positions: z.number().int().positive().optional(),
  num_attention_heads: z.number().int().positive().optional(),
  n_head: z.number().int().positive().optional(),
});

interface ModelConfig {
  /** Architecture as transformers names it, e.g. `llama`. */
  readonly family: string | null;
  /** Tokens that the model was made for. */
  readonly contextLength: number | null;
  readonly attentionHeads: number | null;
}

/** What config.json says for people; the graph alone decides what is computed. Nulls where it is missing or no such JSON. */
export function configOf(files: Readonly<Record<string, Uint8Array>>): ModelConfig {
  const none = { family: null, contextLength: null, attentionHeads: null };
  const bytes = files['config.json'];
  if (!bytes) return none;
  try {
    const parsed = schema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    if (!parsed.success) return none;
    const { model_type, max_position_embeddings, n_positions, num_attention_heads, n_head } = parsed.data;
    return {
      family: model_type ?? null,
      contextLength: max_position_embeddings ?? n_positions ?? null,
      attentionHeads: num_attention_heads ?? n_head ?? null,
    };
  } catch {
    return none;
  }
}
