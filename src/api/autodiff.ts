/**
 * `softprompt/autodiff`: ONNX bytes in, a graph with gradients of chosen inputs out. ONNX Runtime runs it like any other model.
 *
 *     const graph = normalise(parse(bytes));
 *     const { model } = serialise(differentiate(graph, { loss: 'loss', wrt: ['x'] })); // one more output, `grad(x)`
 *
 * Graphs are plain, read-only data, and every function returns a new one. What is wrong with a model or an argument is a
 * `StudioError` with a code: `bad-input`, `model-corrupt`, `model-missing-file`, or `model-unsupported`, which names the node.
 * @module softprompt/autodiff
 */
import { differentiate as differentiateGraph } from '../autodiff/differentiate';
import { shapesOf } from '../autodiff/operators/table';
import { GraphBuilder } from '../graph/builder';
import { dtypeCode } from '../graph/dtype';
import { inferDTypes } from '../graph/infer/infer';
import { CROSS_ENTROPY, type Dim, type Graph, int, type ValueInfo } from '../graph/ir';
import { lower } from '../graph/lower';
import { minimumOpset, normaliseGraph } from '../graph/normalise';
import { parse as parseGraph } from '../graph/parse';
import { bytesOf, serialise as serialiseGraph } from '../graph/serialise';
import { prune, shareCommon } from '../graph/simplify';
import { badInput } from '../lib/errors';

export type { Attr, AttrValues, Dim, DType, Graph, Initializer, Node, Packing, ValueInfo } from '../graph/ir';
export { print } from '../graph/print';

/** Of `parse`. */
export interface ParseOptions {
  /** Files beside the .onnx file that hold its weights, by their path from its folder, such as `model.onnx_data`. */
  readonly external?: Readonly<Record<string, Uint8Array>>;
}

/** Weights stay views of the bytes, which must not change afterwards. */
export const parse = (bytes: Uint8Array, { external = {} }: ParseOptions = {}): Graph =>
  parseGraph(bytes, new Map(Object.entries(external)));

/** Where the graph is cut: what goes in, and what comes out. */
export interface NormaliseOptions {
  /**
   * Weights, and values inside the graph, that become inputs, such as token embeddings: what computed them goes. Default: none
   * besides the graph's inputs.
   */
  readonly inputs?: readonly string[];
  /** Any values inside the graph. Default: its outputs. What none of them needs goes, except inputs. */
  readonly outputs?: readonly string[];
}

/**
 * Any exporter's model in plain operators, so that a gradient can pass: opset 18 or later, integers of packed weights as
 * floats, fused attention and norms as what they compute. Floats of every width become float32, inputs and outputs too.
 *
 * Fused attention with a cache hides its mask and positions. Its graph then reads the inputs `attention_bias`, float32 [batch,
 * 1, tokens, past + tokens], 0 where a token may look and -1e9 elsewhere, and `position_ids`, int64 [batch, tokens]. Inputs that
 * nothing reads any more go, as does `num_logits_to_keep` (all are kept). An `If` on a constant becomes its branch.
 */
export function normalise(graph: Graph, { inputs = [], outputs }: NormaliseOptions = {}): Graph {
  const [shapes, dtypes] = [shapesOf(graph), inferDTypes(graph)];
  const info = (name: string): ValueInfo => {
    const [declared, dtype] = [graph.outputs.find((value) => value.name === name), dtypes.get(name)];
    if (!declared && dtype === undefined) throw noValue(name);
    return declared ?? { name, dtype: dtype ?? 'float32', shape: shapes.of(name)?.shape ?? null };
  };
  const cut = new Map(inputs.map((name) => [name, info(name)]));
  for (const { name } of graph.inputs) cut.delete(name);
  return trusted(
    normaliseGraph({
      ...graph,
      inputs: [...graph.inputs, ...cut.values()],
      outputs: outputs?.map(info) ?? graph.outputs,
      initializers: new Map([...graph.initializers].filter(([name]) => !cut.has(name))),
      nodes: graph.nodes.map((node) => ({
        ...node,
        outputs: node.outputs.map((name) => (cut.has(name) ? `${name} computed` : name)),
      })),
    }),
  );
}

/** Some exporters write wrong sums for sizes, so a symbol counts only where an input has it. */
function trusted(graph: Graph): Graph {
  const known = new Set<Dim>(graph.inputs.flatMap(({ shape }) => shape ?? []));
  const checked = (value: ValueInfo): ValueInfo => ({
    ...value,
    shape: value.shape?.map((dim) => (typeof dim === 'number' || known.has(dim) ? dim : null)) ?? null,
  });
  const values = new Map([...graph.values].map(([name, value]) => [name, checked(value)]));
  return { ...graph, values, outputs: graph.outputs.map(checked) };
}

/** Names of the values that the loss reads and adds. */
export interface CrossEntropyOptions {
  /** A float value [..., classes]. */
  readonly logits: string;
  /** Of the new input, int64 [...]: the right class of each row, or -100 for a row that does not count. Default `targets`. */
  readonly targets?: string;
  /** Of the new output, a scalar. Default `loss`. */
  readonly loss?: string;
}

/** The mean over rows of -log softmax(logits)[target], as PyTorch's `cross_entropy`: a loss for a model that has none. */
export function withCrossEntropy(
  graph: Graph,
  { logits, targets = 'targets', loss = 'loss' }: CrossEntropyOptions,
): Graph {
  const shape = floatShape(graph, logits);
  refuseTaken(graph, [targets, loss]);
  const b = new GraphBuilder(graph, 'cross entropy/');
  const ints = (...values: number[]) => b.constant('int64', [values.length], values);
  const toFloat = { attrs: { to: int(dtypeCode('float32')) } };
  b.input(targets, 'int64', shape?.slice(0, -1) ?? null);
  const classes = b.add('Shape', [logits], { attrs: { start: int(-1) } });
  const rows = b.add('Reshape', [logits, b.add('Concat', [ints(-1), classes], { attrs: { axis: int(0) } })]);
  const ids = b.add('Reshape', [targets, ints(-1, 1)]);
  const [zero, one] = [0, 1].map((value) => b.constant('int64', [], [value]));
  const all = b.add('Range', [zero ?? '', b.add('Squeeze', [classes]), one ?? '']);
  const target = b.add('Cast', [b.add('Equal', [ids, all])], toFloat);
  const counts = b.add('Reshape', [b.add('Cast', [b.add('GreaterOrEqual', [ids, zero ?? ''])], toFloat), ints(-1)]);
  const weight = b.add('Div', [counts, b.add('ReduceSum', [counts], { attrs: { keepdims: int(0) } })]);
  b.add(CROSS_ENTROPY, [rows, target, weight], { name: loss });
  b.output(loss, 'float32', []);
  return b.build();
}

/** Of what, and by what. */
export interface DifferentiateOptions {
  /** An output of a single number. */
  readonly loss: string;
  /** Inputs, or other values inside the graph, all float32. For a weight name it in `inputs` of `normalise` first. */
  readonly wrt: readonly string[];
}

/**
 * The graph with an output `grad(x)` more for each x in `wrt`, of the shape of x: d loss / d x. OPS.md lists the operators that
 * have a gradient; of a `Where`, `Gather` or `Slice` the condition, indices and sizes have none.
 * @param graph from `normalise`
 * @throws StudioError `model-unsupported` where the loss does not depend on x, or an operator on the way has no gradient: loops,
 * an `If` whose condition is computed. The sentence names operator, node and the path, as do `data.op`, `.node` and `.path`.
 */
export function differentiate(graph: Graph, { loss, wrt }: DifferentiateOptions): Graph {
  if ((graph.opsets[''] ?? 1) < minimumOpset)
    throw badInput('The graph is not normalised. Call normalise(graph) first.');
  if (wrt.length === 0) throw badInput('Name at least one value in wrt.');
  const outputs = graph.outputs.map(({ name }) => name);
  if (!outputs.includes(loss))
    throw badInput(`The loss ${loss} is no output. Outputs are ${outputs.join(', ')}; others are chosen in normalise.`);
  const shape = floatShape(graph, loss);
  if (shape?.some((dim) => dim !== 1) ?? true)
    throw badInput(
      `The loss ${loss} is ${shape ? `[${shape.map((dim) => dim ?? '?')}]` : 'of unknown shape'}, not a single number. Sum or average it in the model, or add a loss with withCrossEntropy.`,
    );
  const gradients = wrt.map((name) => {
    if (graph.initializers.has(name))
      throw badInput(
        `${name} is a weight of the model. Make it an input first: normalise(graph, { inputs: ['${name}'] }).`,
      );
    return { name: `grad(${name})`, dtype: 'float32' as const, shape: floatShape(graph, name), of: name };
  });
  refuseTaken(
    graph,
    gradients.map(({ name }) => name),
  );
  const both = differentiateGraph(graph, {
    loss,
    gradients: Object.fromEntries(gradients.map(({ of, name }) => [of, name])),
  });
  return prune(shareCommon({ ...both, outputs: [...graph.outputs, ...gradients.map(({ of: _, ...value }) => value)] }));
}

/** Of `serialise`. */
export interface SerialiseOptions {
  /** Bytes from which a weight is a file of its own. Default 1,024; Infinity: none is, which ONNX allows up to 2 GB in all. */
  readonly externalFrom?: number;
}

/** For `ort.InferenceSession.create(model, { externalData: external })`. */
export interface SerialisedModel {
  /** The .onnx file. */
  readonly model: Uint8Array;
  /** Larger weights, as ONNX Runtime takes them in its option `externalData`. */
  readonly external: readonly { readonly path: string; readonly data: Uint8Array }[];
}

/** Weights that stay as they were are views of the bytes that were parsed. */
export function serialise(graph: Graph, { externalFrom }: SerialiseOptions = {}): SerialisedModel {
  const isLowered = graph.nodes.every(({ op }) => !op.startsWith('studio:'));
  const { model, external } = serialiseGraph(isLowered ? graph : lower(graph), externalFrom);
  return { model, external: external.map((file) => ({ path: file.path, data: bytesOf(file) })) };
}

const noValue = (name: string) => badInput(`The graph has no value ${name}. print(graph) lists all.`);

/** Null = unknown. */
function floatShape(graph: Graph, name: string): readonly Dim[] | null {
  const known = shapesOf(graph).of(name);
  const dtype = known?.dtype ?? inferDTypes(graph).get(name);
  if (dtype === undefined) throw noValue(name);
  if (dtype !== 'float32')
    throw badInput(`${name} is ${dtype}, and only floats have a gradient. Choose a value computed from it.`);
  return known?.shape ?? null;
}

function refuseTaken(graph: Graph, names: readonly string[]): void {
  const taken = new Set([...graph.inputs, ...graph.outputs].map(({ name }) => name));
  for (const name of [...graph.initializers.keys(), ...graph.nodes.flatMap((node) => node.outputs)]) taken.add(name);
  const clash = names.find((name) => taken.has(name));
  if (clash !== undefined) throw badInput(`The graph already has a value ${clash}. Choose another name.`);
}
