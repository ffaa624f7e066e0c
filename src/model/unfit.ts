/** Models that are not decoder-only language models, or have parts that cannot be trained through: what each kind is. */

/** What an exporter wrote, as far as it tells kinds of models apart. */
export interface ModelFace {
  /** `model_type` of config.json; null = it has none. */
  readonly family: string | null;
  /** Names of the graph's inputs and outputs, and its operators. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly ops: readonly string[];
}

interface Kind {
  readonly is: string;
  /** As config.json calls them. */
  readonly families: string;
  readonly shows: (face: ModelFace) => boolean;
}

const some = (names: readonly string[], pattern: RegExp) => names.some((name) => pattern.test(name));

/** What a graph shows comes before what config.json says; in this order. */
const KINDS: readonly Kind[] = [
  {
    is: 'an encoder and a decoder: it answers one text by another, through two networks',
    families:
      't5 mt5 umt5 longt5 bart mbart pegasus marian m2m_100 blenderbot led prophetnet whisper moonshine florence2 vision-encoder-decoder',
    shows: ({ inputs }) => some(inputs, /^encoder_|^decoder_input_ids$/),
  },
  {
    is: 'a model with a recurrent state (state space or linear attention), not attention alone',
    families:
      'mamba mamba2 falcon_mamba rwkv rwkv5 rwkv6 recurrent_gemma jamba zamba zamba2 bamba granitemoehybrid nemotron_h falcon_h1 qwen3_next qwen3_5 qwen3_5_text qwen3_5_moe kimi_linear',
    shows: ({ inputs }) => some(inputs, /ssm|recurrent|rnn_state/),
  },
  {
    is: 'a model with a convolutional state, not attention alone',
    families: 'lfm2 lfm2_vl lfm2_moe',
    shows: ({ inputs }) => some(inputs, /conv/),
  },
  {
    is: 'a mixture of experts, of which each token uses a few',
    families:
      'mixtral qwen2_moe qwen3_moe olmoe granitemoe granitemoeshared phimoe deepseek_v2 deepseek_v3 gpt_oss dbrx jetmoe llama4 ernie4_5_moe minimax',
    shows: ({ ops }) => some(ops, /(?:^|:)Q?MoE$/),
  },
  {
    is: 'a model whose token embedding is in another file: it takes inputs_embeds in place of token ids',
    families: 'gemma3n qwen2_vl qwen2_5_vl smolvlm idefics3 llava paligemma',
    shows: ({ inputs }) => inputs.includes('inputs_embeds') && !inputs.includes('input_ids'),
  },
  {
    is: 'an embedding model: it turns a text into a vector, and has no vocabulary to answer with',
    families: '',
    shows: ({ outputs }) =>
      !outputs.includes('logits') &&
      some(outputs, /^(?:last_hidden_state|sentence_embedding|token_embeddings|embeddings)$/),
  },
  {
    is: 'an encoder: it reads a text from both sides, and does not continue it',
    families:
      'bert distilbert roberta xlm-roberta albert electra deberta deberta-v2 modernbert mpnet camembert xlm ernie nomic_bert mobilebert squeezebert funnel big_bird longformer convbert roformer eurobert neobert',
    shows: ({ inputs }) => inputs.includes('token_type_ids'),
  },
];

const INSTEAD =
  'Prompts cannot be trained for it here. Take a decoder-only language model, such as SmolLM2-135M-Instruct, which is built in, or Qwen2.5-0.5B-Instruct from the hub.';

/** What a model is that cannot be trained, and what to take instead; null = it may be a decoder-only language model. */
export function unfitWords(face: ModelFace): string | null {
  const byName = ({ families }: Kind) => face.family !== null && families.split(' ').includes(face.family);
  const kind = KINDS.find(({ shows }) => shows(face)) ?? KINDS.find(byName);
  return kind ? `${face.family === null ? 'This' : `This model (${face.family})`} is ${kind.is}. ${INSTEAD}` : null;
}

/** Of a model that lets later tokens change what it says of earlier ones. */
export const NOT_CAUSAL = `This is no causal language model: a later token changes its answer for an earlier one, as in an encoder. ${INSTEAD}`;
