import { GraphBuilder } from './builder';
import type { Graph, Node } from './ir';
import { renameReads } from './subst';

export interface Rewriting {
  readonly builder: GraphBuilder;
  /** Later readers of `value` read `replacement`. Not for graph outputs: those must keep their name. */
  replace(value: string, replacement: string): void;
  isOutput(value: string): boolean;
}

/**
 * Emits every node of a graph again, in order, or what `rule` emits in its place. A rule that handles a node must define
 * every output of it that is still read, under its old name or through `replace`, and return true. `renamed` are replacements that hold from the start.
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
