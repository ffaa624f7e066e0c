import { unsupportedModel } from '../lib/errors';
import { BIAS_INPUT } from './attention';
import { type Decoder, uniformCache } from './decoder';
import { toNumbers } from './dtype';
import { type Graph, type Initializer, intAttr, LINEAR, layoutOf, type Node, type ValueInfo } from './ir';
import { producers, reads } from './rewrite';

/**
 * Finds the token embedding, the vocabulary head and the cache of a normalised graph, by operators and shapes. Names only
 * tell the graph's inputs and outputs apart.
 * @throws StudioError `model-unsupported` when it is not a decoder-only language model of a known form
 */
export function detect(given: Graph): Decoder {
  const ids = given.inputs.find((v) => v.name === 'input_ids') ?? given.inputs.find((v) => isIds(v));
  if (!ids)
    throw unsupportedModel(
      'The model has no input of token ids. Only language models that take input_ids are supported.',
    );
  const embedding = findEmbedding(given, ids.name);
  const graph = uniformCache(given, embedding.table.dims[1] ?? 0);
  const source = producers(graph);
  const { input: finalHidden, ...head } = findHead(graph, source);
  const cache = findCache(graph);
  refuseUnknownInputs(graph, [ids.name, BIAS_INPUT, ...cache.pastKeys, ...cache.pastValues]);
  const named = (name: string) => (graph.inputs.some((v) => v.name === name) ? name : null);
  const [vocabulary = 0, hidden = 0] = embedding.table.dims;
  const weight = graph.initializers.get(head.weight)?.dims ?? [];
  const [headVocabulary, headHidden] = head.layout === 'rows' ? weight : [...weight].reverse();
  if (headHidden !== hidden)
    throw unsupportedModel(
      `The vocabulary head takes ${headHidden} features and the embedding gives ${hidden}; such models are not supported.`,
    );
  if (headVocabulary !== undefined && headVocabulary < vocabulary / 2)
    throw unsupportedModel(
      `The model answers with ${headVocabulary} numbers in place of its ${vocabulary} tokens: it is a classifier of another task. Take the language model that it was made from, if that is decoder-only.`,
    );
  return {
    graph,
    layers: cache.layers || graph.nodes.filter((node) => node.op === 'Softmax').length,
    kvHeads: cache.kvHeads,
    headDim: cache.headDim,
    hidden,
    vocabulary: Math.min(vocabulary, headVocabulary ?? vocabulary),
    contextLength: contextLength(graph, embedding.table.name),
    inputs: {
      ids: ids.name,
      mask: named('attention_mask'),
      bias: named(BIAS_INPUT),
      positions: named('position_ids'),
      countsMask: graph.nodes.some(({ op, inputs }) => op === 'CumSum' && isMask(inputs[0] ?? '', source)),
      pastKeys: cache.pastKeys,
      pastValues: cache.pastValues,
    },
    embeddings: embedding.value,
    finalHidden,
    head,
    embeddingTable: { weight: embedding.table.name, scale: embedding.scale },
    presentKeys: cache.presentKeys,
    presentValues: cache.presentValues,
  };
}

/** They would have no value. */
function refuseUnknownInputs(graph: Graph, known: readonly string[]): void {
  const all = new Set([...known, 'attention_mask', 'position_ids']);
  const used = new Set(graph.nodes.flatMap(reads));
  const unknown = graph.inputs.find((v) => !all.has(v.name) && used.has(v.name));
  if (unknown)
    throw unsupportedModel(
      `The model has an input ${unknown.name} (${unknown.dtype}[${unknown.shape?.map((d) => d ?? '?') ?? '?'}]) that is not supported. Known inputs are token ids, an attention mask, positions, and past keys and values: export the decoder alone.`,
    );
}

const isIds = ({ dtype, shape }: ValueInfo) => (dtype === 'int64' || dtype === 'int32') && shape?.length === 2;

function isMask(name: string, source: ReadonlyMap<string, Node>): boolean {
  const node = source.get(name);
  return name === 'attention_mask' || (node?.op === 'Cast' && isMask(node.inputs[0] ?? '', source));
}

function scalar(graph: Graph, name: string): number | null {
  const tensor = graph.initializers.get(name);
  if (tensor?.dtype !== 'float32' || tensor.dims.some((d) => d !== 1)) return null;
  return toNumbers(tensor)[0] ?? null;
}

/** Of `Mul(x, c)` or `Div(x, c)`. */
function scaling(graph: Graph, node: Node | undefined): { input: string; factor: number } | null {
  const [a = '', b = ''] = node?.inputs ?? [];
  if (node?.op === 'Mul') {
    const [left, right] = [scalar(graph, a), scalar(graph, b)];
    if (right !== null) return { input: a, factor: right };
    return left === null ? null : { input: b, factor: left };
  }
  const divisor = node?.op === 'Div' ? scalar(graph, b) : null;
  return divisor === null ? null : { input: a, factor: 1 / divisor };
}

/** A Gather of a float matrix's rows by ids (possibly reshaped or cast), and a constant factor after it. */
function findEmbedding(graph: Graph, ids: string): { value: string; table: Initializer; scale: number } {
  const fromIds = new Set([ids]);
  for (const node of graph.nodes) {
    const [data = '', index = ''] = node.inputs;
    const table = graph.initializers.get(data);
    if (
      node.op === 'Gather' &&
      fromIds.has(index) &&
      table?.dtype === 'float32' &&
      table.dims.length === 2 &&
      intAttr(node, 'axis', 0) === 0
    ) {
      const value = node.outputs[0] ?? '';
      // The factor belongs to the embedding only if everything except shapes reads the scaled value.
      const readers = graph.nodes.filter((n) => n.op !== 'Shape' && reads(n).includes(value));
      const scaled = readers.length === 1 ? scaling(graph, readers[0]) : null;
      if (scaled) return { value: readers[0]?.outputs[0] ?? '', table, scale: scaled.factor };
      return { value, table, scale: 1 };
    }
    if (['Cast', 'Reshape', 'Unsqueeze', 'Squeeze', 'Identity'].includes(node.op) && fromIds.has(data))
      for (const name of node.outputs) fromIds.add(name);
  }
  throw unsupportedModel(`The model does not look up rows of an embedding matrix by ${ids}, which is not supported.`);
}

/** logits = softcap * tanh(scale * Linear(hidden) / softcap), with positions selected before or after. */
function findHead(graph: Graph, source: ReadonlyMap<string, Node>): Decoder['head'] & { readonly input: string } {
  const logits = graph.outputs.find((v) => v.name === 'logits') ?? graph.outputs[0];
  if (!logits) throw unsupportedModel('The model has no output. Only language models with logits are supported.');
  const selects = new Set(['Slice', 'Gather', 'Identity', 'Squeeze', 'Unsqueeze', 'Cast']);
  let value = logits.name;
  let scale: number | null = null;
  let softcap: number | null = null;
  for (;;) {
    const node = source.get(value);
    const product = scaling(graph, node);
    if (node?.op === LINEAR) {
      const [x = '', weight = '', bias = ''] = node.inputs;
      const input = hiddenOf(x, source, selects, graph);
      return { input, weight, layout: layoutOf(node), bias: bias || null, scale, softcap };
    }
    if (product) {
      const tanh = source.get(product.input);
      const inner = tanh?.op === 'Tanh' ? scaling(graph, source.get(tanh.inputs[0] ?? '')) : null;
      if (inner && Math.abs(inner.factor * product.factor - 1) < 1e-3) {
        softcap = product.factor;
        value = inner.input;
      } else {
        scale = (scale ?? 1) * product.factor;
        value = product.input;
      }
    } else if (node && selects.has(node.op)) value = node.inputs[0] ?? '';
    else
      throw unsupportedModel(
        `The logits come from ${node ? `${node.op} node ${node.name}` : value}, not from a product with a constant matrix, which is not supported.`,
      );
  }
}

/** Before the last position is selected, and before axes are folded. */
function hiddenOf(name: string, source: ReadonlyMap<string, Node>, selects: ReadonlySet<string>, graph: Graph): string {
  const node = source.get(name);
  const input = node?.inputs[0] ?? '';
  const folds = node?.op === 'Reshape' && graph.initializers.get(node.inputs[1] ?? '')?.dims[0] === 2;
  return node && (folds || (selects.has(node.op) && source.has(input)))
    ? hiddenOf(input, source, selects, graph)
    : name;
}

function findCache(graph: Graph) {
  const layerOf = (name: string) => Number(/(\d+)/.exec(name)?.[1] ?? 0);
  const pick = (values: readonly ValueInfo[], prefix: RegExp, kind: RegExp) =>
    values.filter((v) => prefix.test(v.name) && kind.test(v.name)).sort((a, b) => layerOf(a.name) - layerOf(b.name));
  // Exporters write `past_key_values.0.key` or `past_key_0`.
  const keys = pick(graph.inputs, /^past/, /[._]key(_\d+)?$/);
  const values = pick(graph.inputs, /^past/, /[._]value(_\d+)?$/);
  const layers = keys.length;
  // Present keys and values without past ones are useless.
  const outputs = layers === 0 && values.length === 0 ? [] : graph.outputs;
  const presentKeys = pick(outputs, /^present/, /[._]key(_\d+)?$/);
  const presentValues = pick(outputs, /^present/, /[._]value(_\d+)?$/);
  if ([values, presentKeys, presentValues].some((list) => list.length !== layers))
    throw unsupportedModel(
      `The model has ${layers} past keys, ${values.length} past values, ${presentKeys.length} present keys and ${presentValues.length} present values; the numbers must be equal.`,
    );
  // Some exporters leave the head size of the past symbolic, and give that of the present.
  const [, kvHeads, , pastDim] = keys[0]?.shape ?? [];
  const headDim = typeof pastDim === 'number' ? pastDim : presentKeys[0]?.shape?.[3];
  if (layers > 0 && (typeof kvHeads !== 'number' || typeof headDim !== 'number'))
    throw unsupportedModel(`The model does not say how many key heads ${keys[0]?.name} has, or of what size.`);
  refuseOtherSizes([...keys, ...values], [kvHeads, headDim]);
  const names = (list: readonly ValueInfo[]) => list.map((v) => v.name);
  return {
    layers,
    kvHeads: typeof kvHeads === 'number' ? kvHeads : 0,
    headDim: typeof headDim === 'number' ? headDim : 0,
    pastKeys: names(keys),
    pastValues: names(values),
    presentKeys: names(presentKeys),
    presentValues: names(presentValues),
  };
}

function refuseOtherSizes(cache: readonly ValueInfo[], [heads, size]: readonly unknown[]): void {
  const other = cache.find(({ shape }) => [shape?.[1] ?? heads, shape?.[3] ?? size].join() !== [heads, size].join());
  if (other && typeof other.shape?.[1] === 'number' && typeof other.shape[3] === 'number')
    throw unsupportedModel(
      `The model keeps ${heads} heads of ${size} numbers in some layers or values and ${other.shape[1]} of ${other.shape[3]} in ${other.name}, as multi-head latent attention does (DeepSeek). Only keys and values of one size are supported: take another model.`,
    );
}

/** Rows of the rotary table, or of the table of learned positions. */
function contextLength(graph: Graph, embeddingTable: string): number | null {
  const rows: number[] = [];
  for (const node of graph.nodes) {
    const [x = '', , cos = ''] = node.inputs;
    const name =
      node.op === 'com.microsoft:RotaryEmbedding' ? cos : node.op === 'Gather' && x !== embeddingTable ? x : '';
    const table = graph.initializers.get(name);
    if (table?.dtype === 'float32' && table.dims.length === 2) rows.push(table.dims[0] ?? 0);
  }
  return rows.length > 0 ? Math.min(...rows) : null;
}
