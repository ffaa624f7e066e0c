import type { Decoder } from '../graph/decoder';

/**
 * One graph serves scoring, both caches, training and generation.
 *
 * Selection splices the soft prompt in, so that placement is only data:
 *   E[b,t,:] = keep[b,t] * tokenEmbedding[b,t,:] + sum_j select[b,t,j] * soft[j,:]
 * (each row of `select` is all zeros or one-hot, so the sum is exact).
 *
 * The head reads only the hidden rows `readIndex` (flattened over batch x tokens), against the candidate rows
 * `candidateIds` of the head matrix plus `answerShift`, or against all of it if `fullVocabulary` is true.
 *
 *   loss = sum_r weight[r] * (logsumexp_c(logits[r,:]) - sum_c target[r,c] * logits[r,c])
 *
 * A program that trains adapters in place of vectors (LoRA, Hu et al. 2021) adds `(x A) B` to each product behind the last
 * attention, A `[in, RANK]` and B `[RANK, out]`. Those run for the read rows alone, so keys and values do not depend on them.
 *
 * The last slots of the past can be trained too, alike for all rows of a batch: `trainedSlots` names them.
 *
 * The backward part runs only if `withGrad` is true (an `If`); otherwise the gradients are zeros.
 */
export const IO = {
  /** float32 `[virtual, hidden]` */
  soft: 'soft_prompt',
  /** float32 `[batch, tokens, virtual]` */
  select: 'soft_select',
  /** float32 `[batch, tokens, 1]` */
  keep: 'token_keep',
  /** int32 `[reads]` */
  readIndex: 'read_index',
  /** int32 `[candidates]`; `[0]` with fullVocabulary */
  candidateIds: 'candidate_ids',
  /** bool `[]` */
  fullVocabulary: 'full_vocabulary',
  /** float32 `[candidates, hidden]`, or one row for all of them; not used with fullVocabulary */
  answerShift: 'answer_shift',
  /** float32 `[numbers]`, only in a program that trains adapters: A and B of each adapted product in turn */
  adapter: 'adapter',
  /** int32 `[trained]`, slots of the padded past; only in a program with `trainsPast`, like the next */
  trainedSlots: 'trained_slots',
  /** bool `[]`, beside `withGrad` */
  withPastGrad: 'with_past_grad',
  /** float32 `[reads, candidates]`, one-hot rows */
  target: 'target',
  /** float32 `[reads]` */
  weight: 'loss_weight',
  /** int32 `[embedded]` */
  embeddingIds: 'embedding_ids',
  /** bool `[]` */
  withGrad: 'with_grad',
  /** output float32 `[reads, candidates]` */
  logits: 'read_logits',
  /** output float32 `[reads, hidden]`: the last hidden states, as the head reads them */
  states: 'read_states',
  /** output float32 `[]` */
  loss: 'loss',
  /** output float32 `[virtual, hidden]`, d loss / d soft; of a program that trains adapters `[numbers]`, d loss / d adapter */
  softGrad: 'soft_grad',
  /** output float32 `[2 layers, kvHeads, trained, headDim]`, d loss / d (keys, values) of each layer in turn, summed over the batch */
  pastGrad: 'past_grad',
  /** output float32 `[embedded, hidden]`: the token embedding of `embeddingIds`, as where the soft prompt is spliced in */
  tokenEmbeddings: 'token_embeddings',
  /** output float32 `[candidates, hidden]`: rows of the head for `candidateIds`, without the shift; only where `headRows` is `gathered` */
  outputVectors: 'output_vectors',
} as const;

export type ProgramSpec = Pick<
  Decoder,
  | 'layers'
  | 'kvHeads'
  | 'headDim'
  | 'hidden'
  | 'vocabulary'
  | 'contextLength'
  | 'head'
  | 'inputs'
  | 'presentKeys'
  | 'presentValues'
> & {
  readonly idsDtype: 'int32' | 'int64';
  /** The program gives `IO.pastGrad`. */
  readonly trainsPast: boolean;
  /** As the loaded model shows; undefined: not tried. */
  readonly keysStand?: KeysStand;
  /** Products that have an adapter. */
  readonly adapted?: readonly Product[];
  /** Where rows of the head are read: in `IO.tokenEmbeddings` (the same table), in `IO.outputVectors`, or nowhere. */
  readonly headRows: 'embedded' | 'gathered' | 'hidden';
};

/**
 * Where trained keys can stand: behind a text of any length, behind texts that all end at one position, because keys are
 * rotated by their position and positions are an input, or nowhere.
 */
export type KeysStand = 'anywhere' | 'fixed' | 'nowhere';

/** Tokens of the longest text before trained keys: beyond, tables of angles in float32 get coarse. */
const LONGEST_TEXT = 2048;

/** Where a text with its cue ends if trained keys are to come between the two; null = its first token is at 0. */
export const textEnd = ({ keysStand, contextLength }: ProgramSpec): number | null =>
  keysStand === 'fixed' ? Math.min(LONGEST_TEXT, Math.floor((contextLength ?? 2 * LONGEST_TEXT) / 2)) : null;

/** The soft prompt, or low-rank adapters of the last layer. */
export type Trains = 'vectors' | 'adapters';

export type Product = readonly [inputs: number, outputs: number];

export const RANK = 8;

export const adapterNumbers = (adapted: readonly Product[]): number =>
  adapted.reduce((sum, [inputs, outputs]) => sum + RANK * (inputs + outputs), 0);

/** Otherwise no keys and values can be reused, neither a text's nor those of generated tokens. */
export const takesPast = (spec: ProgramSpec): boolean => spec.inputs.pastKeys.length > 0;
