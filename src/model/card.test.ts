import { expect, it } from 'vitest';
import { configOf } from './card';

const files = (text: string) => ({ 'config.json': new TextEncoder().encode(text) });

it('reads family and context under every exporter’s names', () => {
  expect(configOf(files('{"model_type":"llama","max_position_embeddings":2048}'))).toEqual({
    family: 'llama',
    contextLength: 2048,
    attentionHeads: null,
    embeddingMultiplier: 1,
  });
  expect(configOf(files('{"model_type":"gpt2","n_positions":1024}'))).toEqual({
    family: 'gpt2',
    contextLength: 1024,
    attentionHeads: null,
    embeddingMultiplier: 1,
  });
});

it.each([
  '{',
  '[]',
  '"llama"',
  'null',
  '{"model_type":7}',
  '{"model_type":""}',
  '{"model_type":"llama","n_positions":0}',
  '{"model_type":"llama","n_head":1.5}',
  '{"model_type":"llama","embedding_multiplier":"2"}',
  '{"model_type":"llama","max_position_embeddings":null}',
  '{}',
])('knows nothing from %s', (text) => {
  expect(configOf(files(text))).toEqual({
    family: null,
    contextLength: null,
    attentionHeads: null,
    embeddingMultiplier: 1,
  });
});

it('returns nulls without a config.json', () => {
  expect(configOf({})).toEqual({ family: null, contextLength: null, attentionHeads: null, embeddingMultiplier: 1 });
});
