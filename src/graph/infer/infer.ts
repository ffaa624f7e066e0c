import { maybeDType } from '../dtype';
import { type DType, type Graph, type Initializer, intAttr, type Node, tensorAttr, type ValueInfo } from '../ir';
import { fromInfo, fromTensor, type Inferred, type ShapeRule } from './rules';

/** Undefined: outputs have the types and shapes that the graph declares for them. */
export type FindShapeRule = (op: string) => ShapeRule | undefined;

/** Of a graph that grows node by node. Integer arithmetic on shapes is followed, for a Reshape to a computed shape. */
export class Shapes {
  readonly #known = new Map<string, Inferred>();
  readonly #declared: ReadonlyMap<string, ValueInfo>;
  readonly #ruleOf: FindShapeRule;

  constructor(graph: Graph, ruleOf: FindShapeRule) {
    this.#ruleOf = ruleOf;
    this.#declared = new Map([...graph.values, ...graph.outputs.map((info) => [info.name, info] as const)]);
    for (const input of graph.inputs) this.#known.set(input.name, fromInfo(input));
    for (const tensor of graph.initializers.values()) this.addInitializer(tensor);
    for (const node of graph.nodes) this.addNode(node);
  }

  /** Undefined if nothing is known of the value. */
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
    const rule = this.#ruleOf(node.op);
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

const bool = new Set('Equal Less LessOrEqual Greater GreaterOrEqual And Or Xor Not IsNaN IsInf'.split(' '));
const int64 = new Set('Shape Size NonZero ArgMax ArgMin'.split(' '));

/** Element types alone; an operator outside the core is taken to return the type of its first input. */
export function inferDTypes(graph: Graph): Map<string, DType> {
  const types = new Map<string, DType>();
  for (const { name, dtype } of graph.values.values()) types.set(name, dtype);
  for (const { name, dtype } of graph.inputs) types.set(name, dtype);
  for (const { name, dtype } of graph.initializers.values()) types.set(name, dtype);
  for (const node of graph.nodes)
    for (const [i, name] of node.outputs.entries()) {
      const dtype = outputDType(node, i, types);
      if (name !== '' && dtype) types.set(name, dtype);
    }
  return types;
}

/** The input whose type the output has; others have that of the first. */
const TYPED_BY = new Map([
  ['Where', 1],
  ['DequantizeLinear', 1],
  ['com.microsoft:GatherBlockQuantized', 2],
]);

function outputDType(node: Node, output: number, types: ReadonlyMap<string, DType>): DType | undefined {
  if (bool.has(node.op)) return 'bool';
  if (int64.has(node.op) || (node.op === 'TopK' && output === 1)) return 'int64';
  if (node.op === 'Cast') return maybeDType(intAttr(node, 'to', 0));
  if (node.op === 'ConstantOfShape') return tensorAttr(node, 'value')?.dtype ?? 'float32';
  return node.op === 'If' ? undefined : types.get(node.inputs[TYPED_BY.get(node.op) ?? 0] ?? '');
}
