import { GraphBuilder } from './builder';
import { type Dim, type Graph, int, ints, type ValueInfo } from './ir';

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
  /** Rows of the cos/sin or position table; null = unbounded. */
  readonly contextLength: number | null;
  /** Null = the graph has no such input. */
  readonly inputs: {
    /** `[batch, tokens]`, int32 or int64 as the graph declares it. */
    readonly ids: string;
    /** `[batch, past + tokens]` int64, ones for real tokens; for exporters that do their own mask arithmetic. */
    readonly mask: string | null;
    /** `[batch, 1, tokens, past + tokens]` float32, added to the attention scores: 0 or -1e9; added by `expandAttention`. */
    readonly bias: string | null;
    /** `[batch, tokens]` int64. */
    readonly positions: string | null;
    /** Positions, or distances, are counted in the mask: padding before a row's past does not move them. */
    readonly countsMask: boolean;
    /** `[batch, kvHeads, past, headDim]` float32, one name per layer. */
    readonly pastKeys: readonly string[];
    readonly pastValues: readonly string[];
  };
  /** `[batch, tokens, hidden]`: the soft prompt is spliced into its rows (after any embedding scale). */
  readonly embeddings: string;
  /** Value `[batch, tokens, hidden]` that enters the vocabulary head. */
  readonly finalHidden: string;
  /** Initializer `[vocabulary, hidden]` (`rows`) or `[hidden, vocabulary]` (`columns`), and what is applied to its logits. */
  readonly head: {
    readonly weight: string;
    readonly layout: 'rows' | 'columns';
    readonly bias: string | null;
    readonly scale: number | null;
    readonly softcap: number | null;
  };
  /** Initializer `[vocabulary, hidden]`, and the factor applied to its rows. */
  readonly embeddingTable: { readonly weight: string; readonly scale: number };
  /** Outputs `[batch, kvHeads, past + tokens, headDim]`, one name per layer. */
  readonly presentKeys: readonly string[];
  readonly presentValues: readonly string[];
}

/** The symbolic dimensions of every decoder. */
export const DIMS = { batch: 'batch', tokens: 'tokens', past: 'past', total: 'past + tokens' } as const;

/** Of inputs and cache by their role, and of other values that share the exporter's symbols: shapes added later compare. */
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

/**
 * Brings caches of older exports into the usual form, `[batch, heads, past, headDim]`, one input for keys and one for values
 * per layer:
 *
 *     keys [batch heads, headDim, past], values [batch heads, past, headDim]      BLOOM
 *     keys and values in one [batch, past, 2 headDim]                             GPT-BigCode
 *
 * `hidden` gives the number of heads if the first axis hides it: such models have one key head per query head.
 */
export function uniformCache(graph: Graph, hidden: number): Graph {
  const odd = (v: ValueInfo, side: RegExp) => side.test(v.name) && v.shape?.length === 3;
  if (!graph.inputs.some((v) => odd(v, /^past/))) return graph;
  const b = GraphBuilder.rewrite({
    ...graph,
    inputs: graph.inputs.filter((v) => !odd(v, /^past/)),
    outputs: graph.outputs.filter((v) => !odd(v, /^present/)),
  });
  for (const input of graph.inputs) if (odd(input, /^past/)) readPast(b, input, hidden);
  for (const node of graph.nodes) b.push(node);
  for (const output of graph.outputs) if (odd(output, /^present/)) giveOut(b, output, graph, hidden);
  return b.build();
}

interface Layout {
  readonly kind: 'key' | 'value' | 'key_value';
  readonly heads: number;
  readonly headDim: number;
}

/** The known one of the three axes tells the head size. */
function layoutOf({ name, shape }: ValueInfo, hidden: number): Layout | null {
  const kind = /[._](key_value|key|value)(_\d+)?$/.exec(name)?.[1] as Layout['kind'] | undefined;
  const known = shape?.slice(1).find((d): d is number => typeof d === 'number');
  if (kind === undefined || known === undefined) return null;
  return kind === 'key_value'
    ? { kind, heads: 1, headDim: known / 2 }
    : { kind, heads: hidden / known, headDim: known };
}

const number = (name: string) => /\d+/.exec(name)?.[0] ?? '0';
const uniform = (side: 'past' | 'present', kind: string, name: string) => `${side}_uniform.${number(name)}.${kind}`;
const shapeOf = ({ heads, headDim }: Layout, slots: Dim): Dim[] => [DIMS.batch, heads, slots, headDim];

function readPast(b: GraphBuilder, input: ValueInfo, hidden: number): void {
  const layout = layoutOf(input, hidden);
  if (!layout) {
    b.input(input.name, input.dtype, input.shape);
    return;
  }
  const kinds = layout.kind === 'key_value' ? ['key', 'value'] : [layout.kind];
  const pasts = kinds.map((kind) => b.input(uniform('past', kind, input.name), 'float32', shapeOf(layout, DIMS.past)));
  if (layout.kind === 'key_value') {
    const both = b.add('Concat', pasts, { attrs: { axis: int(-1) } });
    b.add('Squeeze', [both, b.constant('int64', [1], [1])], { name: input.name });
    return;
  }
  const [past = ''] = pasts;
  const dims = b.add('Shape', [past]);
  const dim = (axis: number) => b.add('Gather', [dims, b.constant('int64', [1], [axis])], { attrs: { axis: int(0) } });
  const rows = b.add('Mul', [dim(0), b.constant('int64', [1], [layout.heads])]);
  const sizes = layout.kind === 'key' ? [dim(3), dim(2)] : [dim(2), dim(3)];
  const shape = b.add('Concat', [rows, ...sizes], { attrs: { axis: int(0) } });
  const turned = layout.kind === 'key' ? b.add('Transpose', [past], { attrs: { perm: ints([0, 1, 3, 2]) } }) : past;
  // Without a past the size is 0, which must not mean “copy”.
  b.add('Reshape', [turned, shape], { name: input.name, attrs: { allowzero: int(1) } });
}

function giveOut(b: GraphBuilder, output: ValueInfo, graph: Graph, hidden: number): void {
  const twin = graph.inputs.find((v) => /^past/.test(v.name) && number(v.name) === number(output.name));
  const layout = layoutOf({ ...output, shape: twin?.shape ?? output.shape }, hidden);
  if (!layout) {
    b.output(output.name, output.dtype, output.shape);
    return;
  }
  const named = (kind: string) => uniform('present', kind, output.name);
  const declare = (name: string) => b.output(name, 'float32', shapeOf(layout, DIMS.total));
  if (layout.kind === 'key_value') {
    const whole = b.add('Unsqueeze', [output.name, b.constant('int64', [1], [1])]);
    const sizes = b.constant('int64', [2], [layout.headDim, layout.headDim]);
    for (const [i, part] of b.add('Split', [whole, sizes], { outputs: 2, attrs: { axis: int(-1) } }).entries())
      declare(b.add('Identity', [part], { name: named(i === 0 ? 'key' : 'value') }));
    return;
  }
  const isKey = layout.kind === 'key';
  const turned = isKey ? b.add('Transpose', [output.name], { attrs: { perm: ints([0, 2, 1]) } }) : output.name;
  const rest = b.add('Shape', [turned], { attrs: { start: int(1) } });
  const shape = b.add('Concat', [b.constant('int64', [2], [-1, layout.heads]), rest], { attrs: { axis: int(0) } });
  declare(b.add('Reshape', [turned, shape], { name: named(layout.kind) }));
}
