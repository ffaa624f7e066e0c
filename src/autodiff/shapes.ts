import type { Graph, Initializer, Node, ValueInfo } from '../graph/ir';
import { fromInfo, fromTensor, type Inferred } from './inferred';
import { shapeRules } from './shape-rules';

/**
 * Symbolic types and shapes of all values of a graph that grows node by node. Integer arithmetic on shapes is followed
 * too, so that a Reshape to a computed shape is understood.
 */
export class Shapes {
  readonly #known = new Map<string, Inferred>();
  readonly #declared: ReadonlyMap<string, ValueInfo>;

  constructor(graph: Graph) {
    this.#declared = new Map([...graph.values, ...graph.outputs.map((info) => [info.name, info] as const)]);
    for (const input of graph.inputs) this.#known.set(input.name, fromInfo(input));
    for (const tensor of graph.initializers.values()) this.addInitializer(tensor);
    for (const node of graph.nodes) this.addNode(node);
  }

  /** Undefined for a value that nothing is known of. */
  of(name: string): Inferred | undefined {
    return this.#known.get(name);
  }

  declare(name: string, inferred: Inferred): void {
    this.#known.set(name, inferred);
  }

  addInitializer(tensor: Initializer): void {
    this.#known.set(tensor.name, fromTensor(tensor));
  }

  addNode(node: Node): void {
    const rule = shapeRules[node.op];
    const inputs = node.inputs.map((name) => this.#known.get(name));
    const inferred = rule?.({ node, inputs }) ?? [];
    node.outputs.forEach((name, i) => {
      if (name === '') return;
      const declared = this.#declared.get(name);
      const value = inferred[i];
      if (value && (value.shape || !declared)) this.#known.set(name, value);
      else if (declared) this.#known.set(name, fromInfo(declared));
    });
  }
}
