import { toFloat32 } from './dequantise';
import {
  flip,
  floatAttr,
  type Graph,
  type Initializer,
  int,
  intAttr,
  intsAttr,
  type Layout,
  LINEAR,
  layoutOf,
  type Node,
  withLayout,
} from './ir';
import { producers, readCounts, rewrite } from './rewrite';

/**
 * Writes every product with a frozen matrix as `studio:Linear`: MatMul and Gemm with a float32 initializer `[in, out]` on
 * the right, directly or through a Transpose. An Add of a constant `[out]` becomes the bias if it alone reads the product.
 */
export const recogniseLinear = (graph: Graph): Graph => fuseBias(toLinear(graph));

function toLinear(graph: Graph): Graph {
  const source = producers(graph);
  const weight = (name: string, layout: Layout): { name: string; layout: Layout } | null => {
    const tensor = graph.initializers.get(name);
    if (tensor) return tensor.dims.length === 2 && tensor.dtype === 'float32' ? { name, layout } : null;
    const node = source.get(name);
    const swaps = node?.op === 'Transpose' && (intsAttr(node, 'perm') ?? [1, 0]).join() === '1,0';
    return swaps ? weight(node.inputs[0] ?? '', flip(layout)) : null;
  };
  return rewrite(graph, '', (node, to) => {
    const [x = '', w = '', c = ''] = node.inputs;
    const found =
      node.op === 'MatMul'
        ? weight(w, 'columns')
        : node.op === 'Gemm' && isPlainGemm(node)
          ? weight(w, intAttr(node, 'transB', 0) === 1 ? 'rows' : 'columns')
          : null;
    if (!found || graph.initializers.has(x)) return false;
    const bias = c === '' ? null : biasVector(graph.initializers.get(c));
    if (c !== '' && !bias) return false;
    to.builder.push({
      ...node,
      op: LINEAR,
      inputs: [x, found.name, ...(bias ? [to.builder.initializer({ ...bias, name: '' })] : [])],
      // Only a Gemm fixes the rank of its input.
      attrs: { ...withLayout(found.layout), ...(node.op === 'Gemm' ? { rank: int(2) } : {}) },
    });
    return true;
  });
}

const isPlainGemm = (node: Node) =>
  floatAttr(node, 'alpha', 1) === 1 && floatAttr(node, 'beta', 1) === 1 && intAttr(node, 'transA', 0) === 0;

/** `[out]`, also if it is stored as `[1, out]`. */
function biasVector(tensor: Initializer | undefined): Initializer | null {
  if (tensor?.dtype !== 'float32') return null;
  const last = tensor.dims.at(-1) ?? 0;
  return last > 1 && tensor.dims.slice(0, -1).every((d) => d === 1) ? { ...tensor, dims: [last] } : null;
}

const fuseBias = (graph: Graph): Graph =>
  sumsInLinear(graph, (linear, constant) => {
    const [x = '', name = ''] = linear.inputs;
    const [weight, bias] = [graph.initializers.get(name), graph.initializers.get(constant)];
    const out = weight?.dims[layoutOf(linear) === 'rows' ? 0 : 1];
    return bias?.dtype === 'float32' && bias.dims.length === 1 && bias.dims[0] === out ? [x, name, constant] : null;
  });

/**
 * Sums of a product that nothing else reads as one node.
 * @param inputsWith of the product with the other term; null = it stays apart
 */
export function sumsInLinear(
  graph: Graph,
  inputsWith: (linear: Node, other: string) => readonly string[] | null,
): Graph {
  const source = producers(graph);
  const uses = readCounts(graph);
  const moved = new Set<Node>();
  const sumOf = ({ op, inputs, outputs }: Node): Node | null => {
    // Of two products the later one adds the other, which is computed by then.
    for (const [product = '', other = ''] of op === 'Add' ? [inputs.toReversed(), inputs] : []) {
      const linear = source.get(product);
      if (linear?.op !== LINEAR || linear.inputs.length !== 2 || uses.get(product) !== 1) continue;
      const all = inputsWith(linear, other);
      if (all) {
        moved.add(linear);
        return { ...linear, inputs: all, outputs };
      }
    }
    return null;
  };
  const sums = new Map(graph.nodes.map((node) => [node, sumOf(node)]));
  return rewrite(graph, '', (node, { builder }) => {
    const sum = sums.get(node);
    if (sum) builder.push(sum);
    return Boolean(sum) || moved.has(node);
  });
}

/**
 * Lets embedding and head share one table if the model ties them:
 * - `Gather(Transpose(head [hidden, vocabulary]), ids)` becomes a Gather from a transposed copy, which the head reads as rows;
 * - a head `[hidden, vocabulary]` that equals the transposed table `[vocabulary, hidden]` reads the table.
 */
export const tieEmbeddings = (graph: Graph): Graph => dropEqualHead(transposeTable(graph));

function transposeTable(graph: Graph): Graph {
  const source = producers(graph);
  const tables = new Map<string, Initializer>();
  for (const node of graph.nodes) {
    const table = source.get(node.inputs[0] ?? '');
    const tensor = graph.initializers.get(table?.inputs[0] ?? '');
    if (
      node.op === 'Gather' &&
      intAttr(node, 'axis', 0) === 0 &&
      table?.op === 'Transpose' &&
      tensor?.dims.length === 2
    )
      tables.set(tensor.name, transposed(tensor));
  }
  if (tables.size === 0) return graph;
  return rewrite(graph, '', (node, to) => {
    const name = node.inputs[node.op === LINEAR ? 1 : 0] ?? '';
    const table = tables.get(name);
    if (!table || (node.op !== LINEAR && node.op !== 'Transpose')) return false;
    if (!to.builder.has(table.name)) to.builder.initializer(table);
    if (node.op === 'Transpose') to.replace(node.outputs[0] ?? '', table.name);
    else
      to.builder.push({
        ...node,
        inputs: [node.inputs[0] ?? '', table.name, ...node.inputs.slice(2)],
        attrs: withLayout(flip(layoutOf(node))),
      });
    return true;
  });
}

function transposed(tensor: Initializer): Initializer {
  const [rows = 0, columns = 0] = tensor.dims;
  const from = toFloat32(tensor);
  const out = new Float32Array(from.length);
  const tile = 32;
  for (let r0 = 0; r0 < rows; r0 += tile)
    for (let c = 0; c < columns; c++)
      for (let r = r0; r < Math.min(rows, r0 + tile); r++) out[c * rows + r] = from[r * columns + c] as number;
  return {
    name: `${tensor.name}/transposed`,
    dtype: 'float32',
    dims: [columns, rows],
    bytes: new Uint8Array(out.buffer),
  };
}

function dropEqualHead(graph: Graph): Graph {
  const tables = graph.nodes
    .filter((node) => node.op === 'Gather' && intAttr(node, 'axis', 0) === 0)
    .map((node) => graph.initializers.get(node.inputs[0] ?? ''))
    .filter((tensor) => tensor?.dtype === 'float32' && tensor.dims.length === 2);
  const twin = (name: string): Initializer | undefined => {
    const weight = graph.initializers.get(name);
    return weight && tables.find((table) => table && table.name !== name && isTransposeOf(weight, table));
  };
  return rewrite(graph, '', (node, to) => {
    if (node.op !== LINEAR || layoutOf(node) !== 'columns') return false;
    const table = twin(node.inputs[1] ?? '');
    if (!table) return false;
    const inputs = [node.inputs[0] ?? '', table.name, ...node.inputs.slice(2)];
    to.builder.push({ ...node, inputs, attrs: withLayout('rows') });
    return true;
  });
}

/** Different matrices usually differ in their first elements. */
function isTransposeOf(a: Initializer, b: Initializer): boolean {
  const [rows = 0, columns = 0] = a.dims;
  if (b.dims[0] !== columns || b.dims[1] !== rows) return false;
  const [x, y] = [toFloat32(a), toFloat32(b)];
  for (let j = 0; j < columns; j++)
    for (let i = 0; i < rows; i++) if (x[i * columns + j] !== y[j * rows + i]) return false;
  return true;
}
