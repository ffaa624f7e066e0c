import type { Sidecar } from './sidecar';

/**
 * adapter_config.json of a PEFT prompt-tuning folder; formats.md section 1. `task_type` must not be null, and
 * `prompt_tuning_init` must be RANDOM: TEXT would want a tokenizer at load. Where the vectors come from stands in the sidecar.
 */
export const adapterConfig = (
  sidecar: Sidecar,
  model: { readonly layers: number | null; readonly heads: number | null },
) => ({
  peft_type: 'PROMPT_TUNING',
  task_type: 'CAUSAL_LM',
  num_virtual_tokens: sidecar.numVirtualTokens,
  token_dim: sidecar.tokenDim,
  num_layers: model.layers,
  num_attention_heads: model.heads,
  num_transformer_submodules: 1,
  prompt_tuning_init: 'RANDOM',
  prompt_tuning_init_text: null,
  tokenizer_name_or_path: null,
  base_model_name_or_path: sidecar.model.id,
  revision: null,
  inference_mode: true,
  peft_version: '0.21.2',
});
