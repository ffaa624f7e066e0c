import type { Graph, Node } from '../graph/ir';
import { reads } from '../graph/order';

/** By value: the nodes that read it, directly or in a subgraph. */
export type Consumers = ReadonlyMap<string, readonly Node[]>;

export function consumersOf(graph: Graph): Consumers {
  const consumers = new Map<string, Node[]>();
  for (const node of graph.nodes)
    for (const input of new Set(reads(node))) {
      const list = consumers.get(input);
      if (list) list.push(node);
      else consumers.set(input, [node]);
    }
  return consumers;
}

/** Steps shown at each end of a long path. */
const SHOWN = 6;

/** A shortest path wrt -> node -> loss for an error message: `soft_prompt → Add emb → … → loss`. */
export function pathThrough(
  node: Node,
  consumers: Consumers,
  active: ReadonlySet<string>,
  wrt: string,
  loss: string,
): readonly string[] {
  const before = shortest([wrt], (at) => at === node, consumers, active);
  const after = shortest(node.outputs, (at) => at.outputs.includes(loss), consumers, active);
  const label = ({ op, name, outputs }: Node) => `${op} ${name || outputs[0]}`;
  const end = node.outputs.includes(loss) ? [] : after.map(label);
  return [wrt, ...shorten(before.map(label)), ...shorten(end), loss];
}

const shorten = (steps: readonly string[]) =>
  steps.length <= 2 * SHOWN ? steps : [...steps.slice(0, SHOWN), '…', ...steps.slice(-SHOWN)];

/** Breadth-first search over active values; the nodes on the way, including the goal. */
function shortest(
  from: readonly string[],
  isGoal: (node: Node) => boolean,
  consumers: Consumers,
  active: ReadonlySet<string>,
): readonly Node[] {
  const cameFrom = new Map<Node, Node | null>();
  let front: { value: string; by: Node | null }[] = from.map((value) => ({ value, by: null }));
  while (front.length > 0) {
    const next: typeof front = [];
    for (const { value, by } of front)
      for (const node of consumers.get(value) ?? []) {
        if (cameFrom.has(node)) continue;
        cameFrom.set(node, by);
        if (isGoal(node)) return trace(node, cameFrom);
        for (const output of node.outputs) if (active.has(output)) next.push({ value: output, by: node });
      }
    front = next;
  }
  return [];
}

function trace(goal: Node, cameFrom: ReadonlyMap<Node, Node | null>): readonly Node[] {
  const way: Node[] = [];
  for (let node: Node | null = goal; node; node = cameFrom.get(node) ?? null) way.unshift(node);
  return way;
}
