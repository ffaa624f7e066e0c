import { prune } from './dce';
import { toNumbers } from './dtype';
import type { Graph, Node } from './ir';
import { ordered, reads } from './order';

/**
 * The branch that is taken in the place of an `If` whose condition is known: a constant, or the switch of older exports
 * (`use_cache_branch`), which hold the model twice, without and with a past. The branch without is taken: the other one was
 * traced on a single token and need not be causal over several.
 */
export function inlineIf(graph: Graph): Graph {
  const switches = new Set(graph.inputs.filter((v) => v.dtype === 'bool').map((v) => v.name));
  let next = graph;
  for (const node of graph.nodes) {
    const taken = node.op === 'If' ? branchOf(node, graph, switches) : null;
    if (taken) next = inlined(next, node, taken);
  }
  if (next === graph) return graph;
  const used = new Set(next.nodes.flatMap(reads));
  // Inputs of the branch that is gone would be taken for a cache that the graph reads.
  return prune({ ...next, inputs: next.inputs.filter((v) => used.has(v.name)) });
}

function branchOf(node: Node, graph: Graph, switches: ReadonlySet<string>): Graph | null {
  const [condition = ''] = node.inputs;
  const [then, otherwise] = [node.attrs.then_branch, node.attrs.else_branch];
  if (then?.type !== 'graph' || otherwise?.type !== 'graph') return null;
  const constant = graph.initializers.get(condition);
  if (constant?.dtype === 'bool') return toNumbers(constant)[0] ? then.value : otherwise.value;
  if (!switches.has(condition)) return null;
  const inputs = new Set(graph.inputs.map((v) => v.name));
  const readsOf = ({ nodes }: Graph) => new Set(nodes.flatMap(reads).filter((name) => inputs.has(name))).size;
  return readsOf(then.value) < readsOf(otherwise.value) ? then.value : otherwise.value;
}

/** The nodes and weights of a branch in the outer graph; what the If gave out is what the branch gives out. */
function inlined(graph: Graph, node: Node, branch: Graph): Graph {
  const results = branch.outputs.flatMap((v, i): Node[] => {
    const output = node.outputs[i] ?? '';
    // Some exporters call both the same.
    if (v.name === output) return [];
    return [{ op: 'Identity', name: `${node.name}/${i}`, inputs: [v.name], outputs: [output], attrs: {} }];
  });
  const next = {
    ...graph,
    initializers: new Map([...graph.initializers, ...branch.initializers]),
    nodes: [...graph.nodes.filter((other) => other !== node), ...branch.nodes, ...results],
    values: new Map([...graph.values, ...branch.values]),
  };
  return { ...next, nodes: ordered(next) };
}
