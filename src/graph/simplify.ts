import { assert } from '../lib/assert';
import { encode, isFloat, maybeDType, type PlainDType, sizeOf, toNumbers, viewKey } from './dtype';
import { reshape, shapeOf, squeeze, unsqueeze } from './infer/layout';
import { fromTensor, numbers, type ShapeRule } from './infer/rules';
import {
  type Attr,
  type DType,
  type Graph,
  type Initializer,
  intAttr,
  intsAttr,
  type Node,
  tensorAttr,
  type ValueInfo,
} from './ir';
import { producers, reads, rewrite } from './rewrite';

export interface PruneOptions {
  readonly inputs?: boolean;
}

/** The nodes that these values depend on, and the names of all values that those read. */
export function neededFor(graph: Graph, names: readonly string[]) {
  const live = new Set(names);
  const needed = new Set<Node>();
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((name) => live.has(name))) continue;
    needed.add(node);
    for (const name of reads(node)) live.add(name);
  }
  return { live, needed };
}

/** Drops what no graph output depends on. */
export function prune(graph: Graph, options: PruneOptions = {}): Graph {
  const { live, needed } = neededFor(
    graph,
    graph.outputs.map((v) => v.name),
  );
  const nodes = graph.nodes.filter((node) => needed.has(node));
  const produced = new Set(nodes.flatMap((node) => node.outputs));
  const kept = (name: string) => live.has(name);
  return {
    ...graph,
    nodes,
    inputs: options.inputs ? graph.inputs.filter((v) => kept(v.name)) : graph.inputs,
    initializers: new Map([...graph.initializers].filter(([name]) => kept(name))),
    values: new Map([...graph.values].filter(([name]) => produced.has(name))),
  };
}

export function withOutputs(graph: Graph, outputs: readonly ValueInfo[]): Graph {
  const defined = new Set([
    ...graph.inputs.map((v) => v.name),
    ...graph.initializers.keys(),
    ...producers(graph).keys(),
  ]);
  for (const { name } of outputs) assert(defined.has(name), `output ${name} is not defined`);
  return prune({ ...graph, outputs });
}

/** Results change from run to run. */
const impure = /^(Random|Multinomial|Bernoulli|Dropout)/;

/** Bytes up to which constants are compared by content; larger ones by the view that holds them. */
const contentLimit = 4096;

/** Keeps the first of equal nodes with equal inputs, and of equal initializers. Nodes with subgraphs and graph outputs stay. */
export function shareCommon(graph: Graph): Graph {
  const outputs = new Set(graph.outputs.map((v) => v.name));
  const { initializers, renamed } = shareInitializers(graph, outputs);
  const seen = new Map<string, Node>();
  return rewrite(
    { ...graph, initializers },
    '',
    (node, to) => {
      const hasGraph = Object.values(node.attrs).some((attr) => attr.type === 'graph');
      if (hasGraph || impure.test(node.op) || node.outputs.some(to.isOutput)) return false;
      const key = nodeKey(node);
      const first = seen.get(key);
      if (!first) {
        seen.set(key, node);
        return false;
      }
      for (const [i, name] of node.outputs.entries()) if (name !== '') to.replace(name, first.outputs[i] ?? '');
      return true;
    },
    renamed,
  );
}

function shareInitializers(graph: Graph, outputs: ReadonlySet<string>) {
  const initializers = new Map<string, Initializer>();
  const renamed = new Map<string, string>();
  const first = new Map<string, string>();
  const buffers = new Map<ArrayBufferLike, number>();
  for (const tensor of graph.initializers.values()) {
    const key = tensorKey(tensor, buffers);
    const same = first.get(key);
    if (same !== undefined && !outputs.has(tensor.name)) renamed.set(tensor.name, same);
    else {
      initializers.set(tensor.name, tensor);
      first.set(key, tensor.name);
    }
  }
  return { initializers, renamed };
}

function tensorKey({ name, dtype, dims, bytes, packing }: Initializer, buffers: Map<ArrayBufferLike, number>): string {
  // Packed integers mean the same only with the same scales, which `expandQuantised` has compared.
  const type = packing && packing !== 'float16' ? name : `${packing ?? dtype}[${dims}]`;
  if (bytes.byteLength <= contentLimit) return `${type}${String.fromCharCode(...bytes)}`;
  return `${type}@${viewKey(bytes, buffers)}`;
}

function nodeKey(node: Node): string {
  const attrs = Object.keys(node.attrs)
    .sort()
    .map((name) => `${name}=${attrKey(node.attrs[name])}`);
  const pattern = node.outputs.map((name) => (name === '' ? '_' : 'o')).join('');
  return JSON.stringify([node.op, node.inputs, attrs, pattern]);
}

function attrKey(attr: Attr | undefined): string {
  if (attr?.type === 'tensor') return tensorKey(attr.value, new Map());
  return JSON.stringify([attr?.type, attr && 'value' in attr ? attr.value : null]);
}

/** Larger constants may get other dimensions, but are never computed with. */
const smallElements = 4096;

type Inputs = readonly (Initializer | undefined)[];
type Folded = Pick<Initializer, 'dtype' | 'dims' | 'bytes'>;
type Rule = (inputs: Inputs, node: Node) => Folded | null;

const plain: readonly DType[] = ['float32', 'float64', 'int64', 'int32', 'uint8', 'int8', 'bool'];
const isPlain = (dtype: DType | undefined): dtype is PlainDType => dtype !== undefined && plain.includes(dtype);
const isSmall = (tensor: Initializer | undefined): tensor is Initializer & { dtype: PlainDType } =>
  tensor !== undefined && !tensor.packing && isPlain(tensor.dtype) && sizeOf(tensor.dims) <= smallElements;

const of = (dtype: PlainDType, dims: readonly number[], values: readonly number[]): Folded => ({
  dtype,
  dims,
  bytes: encode(dtype, values),
});

/** Null where shape inference cannot tell all sizes of the output. */
function inferredBy(rule: ShapeRule, inputs: Inputs, node: Node) {
  const [out] = rule({ node, inputs: inputs.map((tensor) => tensor && fromTensor(tensor)) }) ?? [];
  return out && { shape: numbers(out.shape ?? undefined), elements: numbers(out.elements) };
}

/** The same elements with other dimensions. */
const viewedBy =
  (rule: ShapeRule): Rule =>
  (inputs, node) => {
    const [x] = inputs;
    const dims = inferredBy(rule, inputs, node)?.shape;
    return x && !x.packing && dims ? { dtype: x.dtype, dims, bytes: x.bytes } : null;
  };

/** On equal shapes, or with a scalar. */
const arithmetic =
  (f: (a: number, b: number) => number): Rule =>
  ([a, b]) => {
    if (!isSmall(a) || !isSmall(b) || a.dtype !== 'int64' || b.dtype !== 'int64') return null;
    const [x, y] = [toNumbers(a), toNumbers(b)];
    const dims = sizeOf(a.dims) >= sizeOf(b.dims) ? a.dims : b.dims;
    if (x.length !== 1 && y.length !== 1 && String(a.dims) !== String(b.dims)) return null;
    const values = Array.from({ length: sizeOf(dims) }, (_, i) => f(x[i % x.length] ?? 0, y[i % y.length] ?? 0));
    return values.every(Number.isSafeInteger) ? of('int64', dims, values) : null;
  };

const rules: Readonly<Record<string, Rule>> = {
  Shape: (inputs, node) => {
    const { shape, elements } = inferredBy(shapeOf, inputs, node) ?? {};
    return shape && elements ? of('int64', shape, elements) : null;
  },
  Reshape: viewedBy(reshape),
  Unsqueeze: viewedBy(unsqueeze),
  Squeeze: viewedBy(squeeze),
  Cast: ([x], node) => {
    const to = maybeDType(intAttr(node, 'to', 0));
    if (!isSmall(x) || !isPlain(to)) return null;
    const cast = to === 'bool' ? (v: number) => (v === 0 ? 0 : 1) : isFloat(to) ? (v: number) => v : Math.trunc;
    return of(to, x.dims, toNumbers(x).map(cast));
  },
  Transpose: ([x], node) => {
    const perm = intsAttr(node, 'perm');
    if (!isSmall(x) || x.dims.length !== 2 || (perm && String(perm) !== '1,0')) return null;
    const [rows = 0, columns = 0] = x.dims;
    const values = toNumbers(x);
    const out = values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)] ?? 0);
    return of(x.dtype, [columns, rows], out);
  },
  Gather: ([x, at], node) => {
    if (!isSmall(x) || !isSmall(at) || x.dims.length !== 1 || intAttr(node, 'axis', 0) !== 0) return null;
    const values = toNumbers(x);
    const picked = toNumbers(at).map((i) => values.at(i) ?? 0);
    return of(x.dtype, at.dims, picked);
  },
  Concat: (inputs) => {
    const parts = inputs.filter(isSmall);
    const first = parts[0];
    if (!first || parts.length !== inputs.length || parts.some((p) => p.dims.length !== 1)) return null;
    const values = parts.flatMap(toNumbers);
    return of(first.dtype, [values.length], values);
  },
  ConstantOfShape: ([shape], node) => {
    if (!isSmall(shape)) return null;
    const fill = tensorAttr(node, 'value');
    const dims = toNumbers(shape);
    const dtype = fill?.dtype ?? 'float32';
    if (!isPlain(dtype) || sizeOf(dims) > smallElements) return null;
    return of(dtype, dims, new Array(sizeOf(dims)).fill(fill ? (toNumbers(fill)[0] ?? 0) : 0));
  },
  Mul: arithmetic((a, b) => a * b),
  Add: arithmetic((a, b) => a + b),
  Sub: arithmetic((a, b) => a - b),
  Div: arithmetic((a, b) => Math.trunc(a / b)),
};

/** Small constants (shape arithmetic) and identities. Weights at most get other dimensions. */
export function foldConstants(graph: Graph): Graph {
  return rewrite(graph, 'fold/', (node, to) => {
    const output = node.outputs[0] ?? '';
    if (to.isOutput(output) || node.outputs.length !== 1) return false;
    if (node.op === 'Identity') {
      to.replace(output, node.inputs[0] ?? '');
      return true;
    }
    const rule = Object.hasOwn(rules, node.op) ? rules[node.op] : undefined;
    const inputs = node.inputs.map((name) => to.builder.tensor(name));
    if (!rule || inputs.some((tensor, i) => !tensor && node.inputs[i] !== '')) return false;
    const folded = rule(inputs, node);
    if (!folded) return false;
    to.builder.initializer({ name: output, ...folded });
    return true;
  });
}
