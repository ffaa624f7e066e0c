import type { Graph, Node } from './ir';
import { reads } from './order';

export interface PruneOptions {
  /** Also drop graph inputs that nothing reads. */
  readonly inputs?: boolean;
}

/** Dead-code elimination: drops nodes and initializers that no graph output depends on. */
export function prune(graph: Graph, options: PruneOptions = {}): Graph {
  const live = new Set(graph.outputs.map((v) => v.name));
  const nodes: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((name) => live.has(name))) continue;
    nodes.push(node);
    for (const name of reads(node)) live.add(name);
  }
  nodes.reverse();
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
