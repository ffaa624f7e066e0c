import { assert } from '../lib/assert';
import { prune } from './dce';
import type { Attr, Graph, Node, ValueInfo } from './ir';
import { ordered, producers } from './order';

/** The node with some of the names that it reads replaced, those that its subgraphs capture included. */
export function renameReads(node: Node, names: ReadonlyMap<string, string>): Node {
  const has = (graph: Graph): boolean =>
    graph.outputs.some((v) => names.has(v.name)) || graph.nodes.some((inner) => touches(inner));
  const touches = (inner: Node): boolean =>
    inner.inputs.some((name) => names.has(name)) ||
    Object.values(inner.attrs).some((attr) => attr.type === 'graph' && has(attr.value));
  if (names.size === 0 || !touches(node)) return node;
  const attrs: Record<string, Attr> = {};
  for (const [key, attr] of Object.entries(node.attrs))
    attrs[key] = attr.type === 'graph' ? { type: 'graph', value: renameCaptures(attr.value, names) } : attr;
  return { ...node, inputs: node.inputs.map((name) => names.get(name) ?? name), attrs };
}

function renameCaptures(graph: Graph, names: ReadonlyMap<string, string>): Graph {
  const own = [...graph.inputs.map((v) => v.name), ...graph.initializers.keys(), ...producers(graph).keys()];
  const free = new Map([...names].filter(([name]) => !own.includes(name)));
  return {
    ...graph,
    nodes: graph.nodes.map((node) => renameReads(node, free)),
    outputs: graph.outputs.map((v) => ({ ...v, name: free.get(v.name) ?? v.name })),
  };
}

/**
 * Lets every reader of `value` read `replacement` instead, except the nodes named in `except` (usually those that compute
 * the replacement) and graph outputs. Nodes are put in order again.
 */
export function replaceUses(
  graph: Graph,
  value: string,
  replacement: string,
  except: (node: Node) => boolean = () => false,
): Graph {
  const names = new Map([[value, replacement]]);
  const next = { ...graph, nodes: graph.nodes.map((node) => (except(node) ? node : renameReads(node, names))) };
  return { ...next, nodes: ordered(next) };
}

/** The graph that computes just these values: other outputs go, and with them all that only they needed. */
export function withOutputs(graph: Graph, outputs: readonly ValueInfo[]): Graph {
  const defined = new Set([
    ...graph.inputs.map((v) => v.name),
    ...graph.initializers.keys(),
    ...producers(graph).keys(),
  ]);
  for (const { name } of outputs) assert(defined.has(name), `output ${name} has no definition`);
  return prune({ ...graph, outputs });
}

/** The graph with one more input. */
export const withInput = (graph: Graph, input: ValueInfo): Graph => ({ ...graph, inputs: [...graph.inputs, input] });
