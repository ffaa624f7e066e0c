import { LINEAR } from './core-ops';
import type { Dim, Graph, Node } from './ir';
import { producers, readCounts } from './order';
import { rewrite } from './rewrite';

/**
 * `Add(Linear(x, W), c)` as `Linear(x, W, '', c)`, where c is declared to have the product's shape and nothing else reads
 * the product: a Gemm adds a matrix for nothing. Residual streams and the gradients of values that several products read are
 * sums of this kind.
 */
export function sumIntoLinear(graph: Graph): Graph {
  const source = producers(graph);
  const uses = readCounts(graph);
  const declared = new Map([...graph.values, ...graph.inputs.map((v) => [v.name, v] as const)]);
  const shapeOf = (name: string): readonly Dim[] | null => declared.get(name)?.shape ?? null;
  const isSame = (a: string, b: string) => {
    const [p, q] = [shapeOf(a), shapeOf(b)];
    return p !== null && q !== null && p.length === q.length && p.every((dim, i) => dim !== null && dim === q[i]);
  };
  /** Linear by the output of the Add. */
  const sums = new Map<string, Node>();
  for (const node of graph.nodes) {
    const [a = '', b = ''] = node.op === 'Add' ? node.inputs : [];
    // Of two products the later one adds the other, which is there by then.
    const product = [b, a].find((name) => isPlain(source.get(name)) && uses.get(name) === 1);
    const linear = product === undefined ? undefined : source.get(product);
    if (linear && a !== b && isSame(a, b)) sums.set(node.outputs[0] ?? '', linear);
  }
  const moved = new Set(sums.values());
  return rewrite(graph, '', (node, { builder }) => {
    if (moved.has(node)) return true;
    const linear = sums.get(node.outputs[0] ?? '');
    if (!linear) return false;
    const [x = '', weight = ''] = linear.inputs;
    const addend = node.inputs.find((name) => name !== linear.outputs[0]) ?? '';
    builder.push({ ...linear, inputs: [x, weight, '', addend], outputs: node.outputs });
    return true;
  });
}

const isPlain = (node: Node | undefined) => node?.op === LINEAR && node.inputs.length === 2;
