import { differentiate } from '../autodiff/differentiate';
import { shapesOf } from '../autodiff/operators/table';
import { isRowwise, isVector, onGpu } from '../graph/before-lowering';
import { GraphBuilder } from '../graph/builder';
import { conditional, zerosLike } from '../graph/conditional';
import type { Decoder } from '../graph/decoder';
import type { Shapes } from '../graph/infer/infer';
import {
  CROSS_ENTROPY,
  type Graph,
  HEAD,
  int,
  ints,
  LINEAR,
  layoutOf,
  type Node,
  type ValueInfo,
  withLayout,
} from '../graph/ir';
import { lower } from '../graph/lower';
import { producers, reads, replaceUses } from '../graph/rewrite';
import { prune, shareCommon, withOutputs } from '../graph/simplify';
import { adapterNumbers, IO, type Product, type ProgramSpec, RANK, type Trains } from '../inference/program';
import { present } from '../lib/assert';
import { StudioError, unsupportedModel } from '../lib/errors';

const TRAINED = { vectors: IO.soft, adapters: IO.adapter } as const;

/**
 * Decoder, splice, head, loss, and the gradient, which is conditional because ORT runs every node, fetched or not.
 * @throws StudioError `model-unsupported` if an operator on the way has no gradient, or no product can have an adapter
 */
export function buildProgram(decoder: Decoder, trains: Trains = 'vectors'): Graph {
  const both = forwardAndBackward(decoder, trains);
  const past = trainsPast(both) ? [IO.pastGrad] : [];
  const nothing = (branch: GraphBuilder) =>
    past.map(() =>
      branch.add('Expand', [branch.constant('float32', [], [0]), branch.constant('int64', [4], [1, 1, 1, 1])]),
    );
  const inner = past.length > 0 ? { condition: IO.withPastGrad, outputs: past, otherwise: nothing } : null;
  return conditional(inner ? conditional(both, inner) : both, {
    condition: IO.withGrad,
    outputs: [IO.softGrad, ...past],
    otherwise: (branch) => [zerosLike(branch, TRAINED[trains]), ...nothing(branch)],
  });
}

const trainsPast = ({ inputs }: Graph): boolean => inputs.some(({ name }) => name === IO.trainedSlots);

/** Side by side, without the condition. */
export function forwardAndBackward(decoder: Decoder, trains: Trains = 'vectors'): Graph {
  const early = readEarly(splice(decoder));
  const forward = onGpu(trains === 'adapters' ? withAdapters(early) : early);
  const wrt = TRAINED[trains];
  const { shape = null } = forward.inputs.find(({ name }) => name === wrt) ?? {};
  const softGrad = { name: IO.softGrad, dtype: 'float32' as const, shape };
  const gradients = { [wrt]: IO.softGrad };
  const withPast = trains === 'vectors' && decoder.layers > 0 ? pastGradients(forward, decoder, gradients) : null;
  const both = withPast ?? differentiate(forward, { loss: IO.loss, gradients });
  const outputs = [...forward.outputs, softGrad, ...both.outputs.filter(({ name }) => name === IO.pastGrad)];
  return lower(prune(shareCommon({ ...both, outputs })));
}

/** Also of the last slots of the past, which all rows share; null where an operator on the way has no gradient. */
function pastGradients(
  forward: Graph,
  { inputs, kvHeads, headDim }: Decoder,
  gradients: Readonly<Record<string, string>>,
) {
  const pasts = inputs.pastKeys.flatMap((keys, l) => [keys, inputs.pastValues[l] ?? '']);
  if (pasts.length === 0) return null;
  const named = Object.fromEntries(pasts.map((name) => [name, `${name}/grad`]));
  try {
    const b = new GraphBuilder(
      differentiate(forward, { loss: IO.loss, gradients: { ...gradients, ...named } }),
      'past/',
    );
    const slots = b.input(IO.trainedSlots, 'int32', ['trained']);
    b.input(IO.withPastGrad, 'bool', []);
    const batch = b.constant('int64', [1], [0]);
    const shared = Object.values(named).map((name) => {
      const last = b.add('Gather', [name, slots], { attrs: { axis: int(2) } });
      return b.add('ReduceSum', [last, batch], { attrs: { keepdims: int(1) } });
    });
    b.add('Concat', shared, { name: IO.pastGrad, attrs: { axis: int(0) } });
    b.output(IO.pastGrad, 'float32', [pasts.length, kvHeads, 'trained', headDim]);
    return b.build();
  } catch (cause) {
    if (cause instanceof StudioError && cause.code === 'model-unsupported') return null;
    throw cause;
  }
}

/** With a soft prompt spliced in and a head that reads only the rows it is asked for. Formulas: `inference/program`. */
export function splice(decoder: Decoder): Graph {
  const presents = [...decoder.presentKeys, ...decoder.presentValues].map((name) => outputOf(decoder.graph, name));
  const spliced = spliceEmbeddings(decoder);
  const graph = readOut({ ...decoder, graph: embedIds({ ...decoder, graph: spliced }) });
  return withOutputs(graph, [
    { name: IO.logits, dtype: 'float32', shape: ['reads', 'candidates'] },
    { name: IO.states, dtype: 'float32', shape: ['reads', decoder.hidden] },
    { name: IO.loss, dtype: 'float32', shape: [] },
    { name: IO.tokenEmbeddings, dtype: 'float32', shape: ['embedded', decoder.hidden] },
    ...(headRowsOf(decoder) === 'gathered'
      ? [{ name: IO.outputVectors, dtype: 'float32' as const, shape: ['candidates', decoder.hidden] }]
      : []),
    ...presents,
  ]);
}

const outputOf = (graph: Graph, name: string): ValueInfo =>
  present(
    graph.outputs.find((output) => output.name === name),
    `output ${name}`,
  );

/** E = keep * tokenEmbedding + select @ soft. */
function spliceEmbeddings({ graph, embeddings, hidden }: Decoder): Graph {
  const b = new GraphBuilder(graph, 'splice/');
  const soft = b.input(IO.soft, 'float32', ['virtual', hidden]);
  const select = b.input(IO.select, 'float32', ['batch', 'tokens', 'virtual']);
  const keep = b.input(IO.keep, 'float32', ['batch', 'tokens', 1]);
  const text = b.add('Mul', [embeddings, keep]);
  const virtual = b.add('MatMul', [select, soft]);
  const spliced = b.add('Add', [text, virtual], { name: 'splice/embeddings' });
  b.describe(spliced, 'float32', ['batch', 'tokens', hidden]);
  return replaceUses(b.build(), embeddings, spliced, (node) => node.outputs.includes(text));
}

/** The operators between the table and the splice, on `IO.embeddingIds`. */
function embedIds({ graph, embeddings, embeddingTable }: Decoder): Graph {
  const source = producers(graph);
  const b = new GraphBuilder(graph, 'embed/');
  const ids = b.input(IO.embeddingIds, 'int32', ['embedded']);
  const embedded = (value: string): string => {
    const node = source.get(value);
    if (!node) return value;
    const isLookup = node.inputs[0] === embeddingTable.weight;
    return b.add(node.op, isLookup ? [embeddingTable.weight, ids] : node.inputs.map(embedded), { attrs: node.attrs });
  };
  b.add('Identity', [embedded(embeddings)], { name: IO.tokenEmbeddings });
  return b.build();
}

/** A packed head of columns would have to be written out in each run to take some of them. */
function headRowsOf({ graph, head, embeddingTable }: Decoder): ProgramSpec['headRows'] {
  if (head.weight === embeddingTable.weight && head.layout === 'rows' && embeddingTable.scale === 1) return 'embedded';
  return head.layout === 'rows' || graph.initializers.get(head.weight)?.packing === undefined ? 'gathered' : 'hidden';
}

function readOut(decoder: Decoder): Graph {
  const { graph, finalHidden, hidden, head } = decoder;
  const b = new GraphBuilder(graph, 'head/');
  const readIndex = b.input(IO.readIndex, 'int32', ['reads']);
  const candidateIds = b.input(IO.candidateIds, 'int32', ['candidate_ids']);
  const fullVocabulary = b.input(IO.fullVocabulary, 'bool', []);
  const target = b.input(IO.target, 'float32', ['reads', 'candidates']);
  const weight = b.input(IO.weight, 'float32', ['reads']);
  const shift = b.input(IO.answerShift, 'float32', ['shifted', hidden]);
  b.input(IO.withGrad, 'bool', []);
  const scalar = (value: number) => b.constant('float32', [], [value]);

  const flat = b.add('Reshape', [finalHidden, b.constant('int64', [2], [-1, hidden])]);
  const rows = b.add('Gather', [flat, readIndex], { attrs: { axis: int(0) }, name: IO.states });
  const inputs = [rows, head.weight, candidateIds, fullVocabulary, head.bias ?? '', shift];
  let logits = b.add(HEAD, inputs, { attrs: withLayout(head.layout) });
  if (head.scale !== null) logits = b.add('Mul', [logits, scalar(head.scale)]);
  if (head.softcap !== null) {
    const bounded = b.add('Tanh', [b.add('Mul', [logits, scalar(1 / head.softcap)])]);
    logits = b.add('Mul', [bounded, scalar(head.softcap)]);
  }
  logits = b.add('Identity', [logits], { name: IO.logits });

  b.add(CROSS_ENTROPY, [logits, target, weight], { name: IO.loss });
  if (headRowsOf(decoder) === 'gathered') {
    const isRows = head.layout === 'rows';
    const own = isRows ? { name: IO.outputVectors } : {};
    const found = b.add('Gather', [head.weight, candidateIds], { attrs: { axis: int(isRows ? 0 : 1) }, ...own });
    if (!isRows) b.add('Transpose', [found], { attrs: { perm: ints([1, 0]) }, name: IO.outputVectors });
  }
  return b.build();
}

export function specOf(decoder: Decoder, program: Graph, trains: Trains = 'vectors'): ProgramSpec {
  const { layers, kvHeads, headDim, hidden, vocabulary, contextLength, head, inputs, presentKeys, presentValues } =
    decoder;
  const ids = decoder.graph.inputs.find((input) => input.name === inputs.ids);
  const idsDtype = ids?.dtype === 'int32' ? 'int32' : 'int64';
  const sizes = { layers, kvHeads, headDim, hidden, vocabulary, contextLength };
  const adapted = trains === 'adapters' && [...readProducts(readEarly(splice(decoder))).values()];
  const headRows = headRowsOf(decoder);
  const cache = { inputs, presentKeys, presentValues, trainsPast: trainsPast(program) };
  return { ...sizes, ...cache, head, headRows, idsDtype, ...(adapted && { adapted }) };
}

/**
 * Picks the rows that the head reads as early as possible: the operators between the last attention and the head work on one
 * row at a time, and so does their gradient. `Gather(f(x), rows) = f(Gather(x, rows))`.
 */
export function readEarly(graph: Graph): Graph {
  const gather = graph.nodes.find((node) => node.op === 'Gather' && node.inputs[1] === IO.readIndex);
  const flat = graph.nodes.find((node) => node.op === 'Reshape' && node.outputs[0] === gather?.inputs[0]);
  if (!gather || !flat) return graph;
  const shapes = shapesOf(graph);
  const only = readByHeadAlone(graph, flat, shapes);
  if (only.size === 0) return graph;

  const to = GraphBuilder.rewrite(graph, 'read/');
  const picked = new Map<string, string>();
  const final = flat.inputs[0] ?? '';
  /** Final hidden states keep the name of the rows that are read. */
  const nameOf = (name: string) => (name === final ? { name: present(gather.outputs[0], 'read rows') } : {});
  const pick = (name: string, reader: Node): string => {
    const known = picked.get(name);
    if (known !== undefined) return known;
    const width = present(widthOf(name, reader, graph, shapes), `width of ${name}`);
    const rows = to.add('Reshape', [name, to.constant('int64', [2], [-1, width])]);
    const found = to.add('Gather', [rows, IO.readIndex], { attrs: { axis: int(0) }, ...nameOf(name) });
    picked.set(name, found);
    return found;
  };
  for (const node of graph.nodes) {
    if (node === gather) pick(final, flat);
    else if (!only.has(node)) to.push(node);
    else {
      const operands = operandsOf(node, graph);
      const inputs = node.inputs.map((name) => (operands.includes(name) ? pick(name, node) : name));
      const attrs = node.op === LINEAR ? { ...node.attrs, rank: int(2) } : node.attrs;
      const [output = ''] = node.outputs;
      picked.set(output, to.add(node.op, inputs, { attrs, ...nameOf(output) }));
    }
  }
  return prune(to.build());
}

/** Only the head depends on them. */
function readByHeadAlone(graph: Graph, flat: Node, shapes: Shapes): ReadonlySet<Node> {
  const only = new Set<Node>();
  const wanted = new Set(flat.inputs.slice(0, 1));
  const readElsewhere = new Set(graph.outputs.map(({ name }) => name));
  for (const node of graph.nodes.toReversed()) {
    if (node === flat) continue;
    const [y = ''] = node.outputs;
    const isOnly = wanted.has(y) && !readElsewhere.has(y) && isPickable(node, graph, shapes);
    if (isOnly) only.add(node);
    for (const name of isOnly ? operandsOf(node, graph) : reads(node)) (isOnly ? wanted : readElsewhere).add(name);
  }
  return only;
}

/** The operands have the same rows as the output, by construction. */
function isPickable(node: Node, graph: Graph, shapes: Shapes): boolean {
  if (node.op !== LINEAR && !isRowwise(node, graph.initializers)) return false;
  const rowsOf = (name: string) => {
    const shape = shapes.of(name)?.shape;
    return shape?.length === 3 ? shape.slice(0, 2).join() : null;
  };
  const rows = rowsOf(node.outputs[0] ?? '');
  return (
    rows !== null &&
    operandsOf(node, graph).every((name) => rowsOf(name) === rows && widthOf(name, node, graph, shapes) !== null)
  );
}

/** Of an operand's last axis; a frozen matrix tells its input size. */
function widthOf(name: string, reader: Node, { initializers }: Graph, shapes: Shapes): number | null {
  const weight = reader.op === LINEAR ? initializers.get(reader.inputs[1] ?? '')?.dims : null;
  const width = weight ? weight[layoutOf(reader) === 'rows' ? 1 : 0] : shapes.of(name)?.shape?.at(-1);
  return typeof width === 'number' ? width : null;
}

/** Without weights and constants that broadcast over rows. */
const operandsOf = (node: Node, graph: Graph): readonly string[] =>
  node.op === LINEAR
    ? node.inputs.slice(0, 1)
    : node.inputs.filter((name) => name !== '' && !isVector(graph.initializers.get(name)));

/** With a frozen matrix, for the read rows alone: those behind the last attention. */
function readProducts({ nodes, initializers }: Graph): ReadonlyMap<Node, Product> {
  const ofRows = new Set<string>([IO.readIndex]);
  const found = new Map<Node, Product>();
  for (const node of nodes) {
    if (!node.inputs.some((name) => ofRows.has(name))) continue;
    for (const name of node.outputs) ofRows.add(name);
    const [a, b] = (node.op === LINEAR && initializers.get(node.inputs[1] ?? '')?.dims) || [];
    if (a && b) found.set(node, layoutOf(node) === 'rows' ? [b, a] : [a, b]);
  }
  return found;
}

/** `(x A) B`; A and B are parts of one input, so that one gradient has them all. */
function withAdapters(graph: Graph): Graph {
  const products = readProducts(graph);
  if (products.size === 0)
    throw unsupportedModel(
      'This model’s last layer takes no adapters, so fine-tuning is not measured with it. Choose another model, or rely on the linear probe of a comparison.',
    );
  const to = GraphBuilder.rewrite(graph, 'adapter/');
  to.input(IO.adapter, 'float32', [adapterNumbers([...products.values()])]);
  let at = 0;
  const matrix = (rows: number, columns: number): string => {
    const ends = [at, at + rows * columns].map((end) => to.constant('int64', [1], [end]));
    at += rows * columns;
    return to.add('Reshape', [to.add('Slice', [IO.adapter, ...ends]), to.constant('int64', [2], [rows, columns])]);
  };
  for (const node of graph.nodes) {
    const product = products.get(node);
    if (!product) {
      to.push(node);
      continue;
    }
    const [inputs, outputs] = product;
    const low = to.add('MatMul', [node.inputs[0] ?? '', matrix(inputs, RANK)]);
    const added = to.add('MatMul', [low, matrix(RANK, outputs)]);
    const [name] = node.outputs;
    to.add('Add', [to.add(LINEAR, node.inputs, { attrs: node.attrs }), added], { name });
  }
  return to.build();
}
