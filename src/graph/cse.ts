import type { Attr, Graph, Initializer, Node } from './ir';
import { rewrite } from './rewrite';

/** Operators that give something else each time. */
const impure = /^(Random|Multinomial|Bernoulli|Dropout)/;

/** Constants at most this large are compared by content, larger ones by the view that holds them. */
const contentLimit = 4096;

/**
 * Common-subexpression elimination: of nodes that compute the same from the same, the first stays. Initializers with the
 * same bytes (the same view, or equal small content) become one. Nodes with subgraphs and graph outputs stay.
 */
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

function tensorKey({ dtype, dims, bytes }: Initializer, buffers: Map<ArrayBufferLike, number>): string {
  const type = `${dtype}[${dims}]`;
  if (bytes.byteLength <= contentLimit) return `${type}${String.fromCharCode(...bytes)}`;
  const id = buffers.get(bytes.buffer) ?? buffers.size;
  buffers.set(bytes.buffer, id);
  return `${type}@${id}+${bytes.byteOffset}`;
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
