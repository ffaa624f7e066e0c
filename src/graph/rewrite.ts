import { GraphBuilder } from './builder';
import type { Attr, Graph, Node } from './ir';
import { ordered, producers } from './order';

export interface Rewriting {
  readonly builder: GraphBuilder;
  /** Makes later readers of `value` read `replacement`. Not for graph outputs, which must keep their name. */
  replace(value: string, replacement: string): void;
  isOutput(value: string): boolean;
}

/**
 * Emits every node of a graph again, in order, or what `rule` emits instead. A rule that handles a node returns true, and
 * must define every output that is still read, under its old name or through `replace`. `renamed` are replacements that
 * apply from the start.
 */
export function rewrite(
  graph: Graph,
  prefix: string,
  rule: (node: Node, to: Rewriting) => boolean,
  renamed: ReadonlyMap<string, string> = new Map(),
): Graph {
  const builder = GraphBuilder.rewrite(graph, prefix);
  const names = new Map(renamed);
  const outputs = new Set(graph.outputs.map((v) => v.name));
  const to: Rewriting = {
    builder,
    replace: (value, replacement) => names.set(value, names.get(replacement) ?? replacement),
    isOutput: (value) => outputs.has(value),
  };
  for (const original of graph.nodes) {
    const node = renameReads(original, names);
    if (!rule(node, to)) builder.push(node);
  }
  return builder.build();
}

/** The node with some of the names that it reads replaced, including those that its subgraphs capture. */
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
 * Makes every reader of `value` read `replacement`, except graph outputs and the nodes that `except` selects (usually those
 * that compute the replacement). Sorts the nodes again.
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
