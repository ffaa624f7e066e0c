import { assert } from '../lib/assert';
import { GraphBuilder } from './builder';
import { type Graph, subgraph, untyped } from './ir';
import { producers, renameReads } from './rewrite';
import { neededFor, prune } from './simplify';

export interface ConditionalOptions {
  /** A bool scalar: a graph input, or a value that does not depend on the moved nodes. */
  readonly condition: string;
  readonly outputs: readonly string[];
  /** Their values in the other case, from values outside the branch; usually `zerosLike`. */
  readonly otherwise: (branch: GraphBuilder) => readonly string[];
}

/**
 * Moves the nodes that only `outputs` need into the then-branch of an `If`; weights, and nodes that other outputs need, are
 * captured by name. Runs after `lower`, because it moves the If of a head as a whole.
 */
export function conditional(graph: Graph, { condition, outputs, otherwise }: ConditionalOptions): Graph {
  const source = producers(graph);
  for (const name of outputs) assert(source.has(name), `conditional value ${name} is not computed by the graph`);
  const always = graph.outputs.map((v) => v.name).filter((name) => !outputs.includes(name));
  const outside = neededFor(graph, [...always, condition]).needed;
  for (const name of outputs) {
    const node = source.get(name);
    assert(node && !outside.has(node), `conditional value ${name} is also needed when the condition is false`);
  }
  const inside = neededFor(graph, outputs).needed;
  const to = GraphBuilder.rewrite(graph, 'if/');
  for (const node of graph.nodes) if (outside.has(node)) to.push(node);

  // The If defines these names, so the branch needs others.
  const inner = new Map(outputs.map((name) => [name, to.fresh(`${name}/then`)]));
  const renamed = (name: string) => inner.get(name) ?? name;
  const moved = graph.nodes
    .filter((node) => inside.has(node) && !outside.has(node))
    .map((node) => renameReads({ ...node, outputs: node.outputs.map(renamed) }, inner));
  const branch = new GraphBuilder(undefined, `${to.fresh('otherwise')}/`);
  const fallback = otherwise(branch);
  assert(fallback.length === outputs.length, `${fallback.length} fallbacks for ${outputs.length} conditional values`);
  const empty = new GraphBuilder().build();
  to.push({
    op: 'If',
    name: `if/${outputs.join('+')}`,
    inputs: [condition],
    outputs: [...outputs],
    attrs: {
      then_branch: subgraph({ ...empty, name: 'then', nodes: moved, outputs: outputs.map(renamed).map(untyped) }),
      else_branch: subgraph({ ...branch.build(), name: 'else', outputs: fallback.map(untyped) }),
    },
  });
  return prune(to.build());
}

/** ConstantOfShape has no kernel on a GPU. */
export const zerosLike = (branch: GraphBuilder, value: string): string =>
  branch.add('Expand', [branch.constant('float32', [], [0]), branch.add('Shape', [value])]);
