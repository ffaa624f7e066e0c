import type { Dim, Graph, ValueInfo } from './ir';

/**
 * A decoder-only language model after `normalise`: float32 weights, core operators only, and the same interface for every
 * exporter. Recognised by the structure of the graph, never by the model's name.
 */
export interface Decoder {
  readonly graph: Graph;
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly hidden: number;
  readonly vocabulary: number;
  /** Positions that the graph can represent (rows of the cos/sin or position table); null = unbounded. */
  readonly contextLength: number | null;
  /** Names of graph inputs; null = the graph has no such input. */
  readonly inputs: {
    /** `[batch, tokens]`, int32 or int64 as the graph declares it. */
    readonly ids: string;
    /** `[batch, past + tokens]` int64, ones for real tokens; for exporters that do their own mask arithmetic. */
    readonly mask: string | null;
    /** `[batch, 1, tokens, past + tokens]` float32, added to the attention scores: 0 or -1e9; added by `expandAttention`. */
    readonly bias: string | null;
    /** `[batch, tokens]` int64. */
    readonly positions: string | null;
    /** `[batch, kvHeads, past, headDim]` float32, one name per layer. */
    readonly pastKeys: readonly string[];
    readonly pastValues: readonly string[];
  };
  /** Value `[batch, tokens, hidden]` into whose rows the soft prompt is spliced (after any embedding scale). */
  readonly embeddings: string;
  /** Value `[batch, tokens, hidden]` that enters the vocabulary head. */
  readonly finalHidden: string;
  /** The vocabulary head: initializer `[vocabulary, hidden]` (`rows`) or `[hidden, vocabulary]` (`columns`), and what is applied to its logits. */
  readonly head: {
    readonly weight: string;
    readonly layout: 'rows' | 'columns';
    readonly bias: string | null;
    readonly scale: number | null;
    readonly softcap: number | null;
  };
  /** Initializer `[vocabulary, hidden]` of the token embedding, and the factor applied to its rows. */
  readonly embeddingTable: { readonly weight: string; readonly scale: number };
  /** Outputs `[batch, kvHeads, past + tokens, headDim]`, one name per layer. */
  readonly presentKeys: readonly string[];
  readonly presentValues: readonly string[];
}

/** Names for the symbolic dimensions of every decoder. */
export const DIMS = { batch: 'batch', tokens: 'tokens', past: 'past', total: 'past + tokens' } as const;

/**
 * Renames the dimensions of inputs and cache by their role, and those of other values that share the exporter's symbols.
 * Shapes that are added later can then be compared with them.
 */
export function nameDims(decoder: Decoder): Decoder {
  const { graph, inputs, kvHeads, headDim, presentKeys, presentValues } = decoder;
  const total = inputs.pastKeys.length > 0 ? DIMS.total : DIMS.tokens;
  const roles = new Map<string, readonly Dim[]>([[inputs.ids, [DIMS.batch, DIMS.tokens]]]);
  if (inputs.mask) roles.set(inputs.mask, [DIMS.batch, total]);
  if (inputs.positions) roles.set(inputs.positions, [DIMS.batch, DIMS.tokens]);
  if (inputs.bias) roles.set(inputs.bias, [DIMS.batch, 1, DIMS.tokens, total]);
  for (const name of [...inputs.pastKeys, ...inputs.pastValues])
    roles.set(name, [DIMS.batch, kvHeads, DIMS.past, headDim]);
  for (const name of [...presentKeys, ...presentValues]) roles.set(name, [DIMS.batch, kvHeads, DIMS.total, headDim]);

  const symbols = new Map<string, Dim>();
  for (const value of graph.inputs)
    for (const [i, dim] of (value.shape ?? []).entries()) {
      const named = roles.get(value.name)?.[i];
      if (typeof dim === 'string' && named !== undefined) symbols.set(dim, named);
    }
  // Symbols that no input has cannot be trusted: some exporters write wrong sums.
  const rename = (dim: Dim): Dim => (typeof dim === 'string' ? (symbols.get(dim) ?? null) : dim);
  const named = (value: ValueInfo): ValueInfo => ({
    ...value,
    shape: roles.get(value.name) ?? value.shape?.map(rename) ?? null,
  });
  return {
    ...decoder,
    graph: {
      ...graph,
      inputs: graph.inputs.map(named),
      outputs: graph.outputs.map(named),
      values: new Map([...graph.values].map(([name, value]) => [name, named(value)])),
    },
  };
}
