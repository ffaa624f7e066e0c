import { GraphBuilder } from '../graph/builder';
import type { Shape } from '../graph/infer/dims';
import { type Graph, int, type Node } from '../graph/ir';
import { reads } from '../graph/rewrite';
import { assert, present } from '../lib/assert';
import { groupBy } from '../lib/collect';
import { unsupportedModel } from '../lib/errors';
import { Emitter } from './emitter';
import type { GradientContext, Operators } from './operators/operator';
import { OPERATORS, operatorIn, shapesOf } from './operators/table';

export interface DifferentiateOptions {
  /** A scalar, or a tensor whose elements are summed. */
  readonly loss: string;
  /** The name that d loss / d value gets, by value. */
  readonly gradients: Readonly<Record<string, string>>;
}

/**
 * Reverse mode. The nodes of `graph` come first, unchanged and in order; only paths from these values to `loss` are differentiated.
 * Equal sub-expressions may be emitted twice, so run common-subexpression elimination afterwards.
 * @throws StudioError `model-unsupported` naming node, operator and path if an operator on the way has no gradient
 */
export function differentiate(
  graph: Graph,
  { loss, gradients: named }: DifferentiateOptions,
  operators: Operators = OPERATORS,
): Graph {
  const builder = new GraphBuilder(graph, 'grad/');
  const shapes = shapesOf(graph);
  const g = new Emitter(builder, shapes, graph);
  const consumers = consumersOf(graph);
  const wrt = Object.keys(named);
  const active = activeValues(graph, loss, wrt, g);
  const idle = wrt.find((name) => !active.has(name));
  if (idle !== undefined) throw unsupportedModel(`The loss ${loss} does not depend on ${idle}.`);

  const state = { g, active, consumers, loss, wrt };
  // Checked first, because another refusal could hide the cause: the outputs of an unknown operator have unknown shapes.
  for (const node of graph.nodes)
    if (!operatorIn(operators, node.op)?.gradient && isActive(node, active))
      contextOf({ ...state, node, dys: [] }).refuse('it has no gradient rule');

  const gradients = new Map<string, string>([[loss, onesLike(g, loss)]]);
  for (const node of [...graph.nodes].reverse()) {
    if (!isActive(node, active)) continue;
    const dys = node.outputs.map((output) => (active.has(output) ? (gradients.get(output) ?? null) : null));
    if (dys.every((dy) => dy === null)) continue;
    const context = contextOf({ ...state, node, dys });
    const operator = operatorIn(operators, node.op);
    if (!operator?.gradient) return context.refuse('it has no gradient rule');
    const { gradient: rule, broadcasts } = operator;
    const results = rule(context);
    node.inputs.forEach((input, i) => {
      if (!context.wants(i)) return;
      const partial = results[i] ?? context.refuse(`it has no gradient for input ${i}`);
      for (const name of [partial, input]) context.shape(name);
      const gradient = broadcasts ? unbroadcast(g, partial, input) : partial;
      // Known by construction; inference may know less.
      g.declareLike(gradient, input);
      const before = gradients.get(input);
      gradients.set(input, before === undefined ? gradient : g.add(before, gradient));
    });
  }
  for (const [name, gradName] of Object.entries(named)) {
    builder.add('Identity', [present(gradients.get(name), `gradient of ${name}`)], { name: gradName });
    const type = g.info(name);
    if (type) builder.describe(gradName, type.dtype, type.shape);
  }
  return withTypes(builder.build(), g);
}

/** The passes that lower the graph read only declarations. */
function withTypes(graph: Graph, g: Emitter): Graph {
  const values = new Map(graph.values);
  for (const name of graph.nodes.flatMap((node) => node.outputs)) {
    const type = name === '' || values.has(name) ? null : g.info(name);
    if (type) values.set(name, { name, dtype: type.dtype, shape: type.shape });
  }
  return { ...graph, values };
}

/** Gradients pass through: the node reads and writes active values. */
const isActive = (node: Node, active: ReadonlySet<string>) =>
  node.outputs.some((name) => active.has(name)) && reads(node).some((name) => active.has(name));

function onesLike(g: Emitter, loss: string): string {
  const shape = g.info(loss)?.shape;
  return shape?.length === 0 ? g.scalar(1) : g.expand(g.scalar(1), g.shape(loss));
}

/** On some path from one of these values to `loss`, with those of them that have one. */
function activeValues(graph: Graph, loss: string, wrt: readonly string[], g: Emitter): ReadonlySet<string> {
  const influenced = new Set(wrt);
  for (const node of graph.nodes) {
    if (!reads(node).some((name) => influenced.has(name))) continue;
    for (const output of node.outputs) if (output !== '' && g.isFloat(output)) influenced.add(output);
  }
  const active = new Set<string>();
  const needed = new Set([loss]);
  for (const node of [...graph.nodes].reverse()) {
    const outputs = node.outputs.filter((output) => needed.has(output) && influenced.has(output));
    if (outputs.length === 0) continue;
    for (const output of outputs) active.add(output);
    for (const name of reads(node)) if (influenced.has(name)) needed.add(name);
  }
  for (const name of wrt) if (needed.has(name)) active.add(name);
  return active;
}

interface NodeState {
  readonly node: Node;
  readonly dys: readonly (string | null)[];
  readonly g: Emitter;
  readonly active: ReadonlySet<string>;
  readonly consumers: Consumers;
  readonly loss: string;
  readonly wrt: readonly string[];
}

function contextOf({ node, dys, g, active, consumers, loss, wrt }: NodeState): GradientContext {
  const refuse = (why: string): never => {
    const path = pathThrough({ node, consumers, active, wrt, loss });
    const kind = node.op === 'If' || node.op === 'Loop' || node.op === 'Scan' ? 'control flow ' : '';
    throw unsupportedModel(
      `This model cannot be tuned: the ${kind}operator ${node.op} (node ${node.name || node.outputs[0]}) is between ${wrt.join(', ')} and ${loss}, and ${why}. Path: ${path.join(' → ')}.`,
      { data: { node: node.name, op: node.op, path } },
    );
  };
  return {
    g,
    node,
    dys,
    get dy() {
      return dys[0] ?? refuse('only an output other than its first leads to the loss');
    },
    x: node.inputs[0] ?? '',
    y: node.outputs[0] ?? '',
    input: (i) => node.inputs[i] ?? '',
    wants: (i) => active.has(node.inputs[i] ?? ''),
    shape: (name) => g.info(name)?.shape ?? refuse(`the rank of ${name} is unknown`),
    withoutNaN: (name) => guardOf(name, consumers, g) ?? name,
    refuse,
  };
}

/** `Where(IsNaN(v), 0, v)`, or `Where(v >= 0, v, 0)` as `onGpu` writes it. */
function guardOf(value: string, consumers: Consumers, g: Emitter): string | undefined {
  const isZero = (name = '') => g.constantScalar(name) === 0;
  for (const test of consumers.get(value) ?? []) {
    const [tellsNaN, tellsNumber] = [test.op === 'IsNaN', test.op === 'GreaterOrEqual' && isZero(test.inputs[1])];
    for (const { op, inputs, outputs } of tellsNaN || tellsNumber ? (consumers.get(test.outputs[0] ?? '') ?? []) : []) {
      const [zero, kept] = tellsNaN ? inputs.slice(1) : inputs.slice(1).reverse();
      if (op === 'Where' && inputs[0] === test.outputs[0] && kept === value && isZero(zero)) return outputs[0];
    }
  }
  return undefined;
}

/**
 * Sums over the axes that broadcasting added or stretched. Axes that are surely stretched become constants; if sizes are
 * symbols that may be 1, the axes are computed at run time from the two shapes (int64, on the CPU).
 */
function unbroadcast(g: Emitter, gradient: string, like: string): string {
  const from = present(g.info(gradient)?.shape, `rank of ${gradient}`);
  const to = present(g.info(like)?.shape, `rank of ${like}`);
  const extra = from.length - to.length;
  assert(extra >= 0, `the gradient ${gradient} has a lower rank than ${like}`);
  const leading = Array.from({ length: extra }, (_, i) => i);
  const dropped = extra > 0 ? g.sum(gradient, leading, false) : gradient;
  const rest = from.slice(extra);
  const stretched = axesWhere(rest, to, (a, b) => b === 1 && a !== 1);
  const summed = stretched.length > 0 ? g.sum(dropped, stretched) : dropped;
  const open = axesWhere(rest, to, (a, b) => b !== 1 && a !== b && typeof b === 'string');
  return open.length > 0 ? sumWhereDifferent(g, summed, like) : summed;
}

const axesWhere = (from: Shape, to: Shape, test: (a: number | string, b: number | string) => boolean) =>
  to.flatMap((b, axis) => (test(from[axis] ?? 1, b) ? [axis] : []));

/** Possibly none; the ranks are equal. */
function sumWhereDifferent(g: Emitter, gradient: string, like: string): string {
  const differs = g.op('Not', [g.equal(g.shape(gradient), g.shape(like))]);
  const axes = g.reshape(g.op('NonZero', [differs]), g.int64s([-1]));
  const summed = g.op('ReduceSum', [gradient, axes], { keepdims: int(1), noop_with_empty_axes: int(1) });
  g.declareLike(summed, like);
  return summed;
}

/** Nodes by what they read, directly or in a subgraph. */
type Consumers = ReadonlyMap<string, readonly Node[]>;

function consumersOf(graph: Graph): Consumers {
  const pairs = graph.nodes.flatMap((node) => [...new Set(reads(node))].map((input) => ({ input, node })));
  const byInput = groupBy(pairs, ({ input }) => input);
  return new Map([...byInput].map(([input, readers]) => [input, readers.map(({ node }) => node)]));
}

/** At each end of a long path. */
const SHOWN = 6;

/** A shortest one, for an error message: `soft_prompt → Add emb → … → loss`. */
function pathThrough({ node, consumers, active, wrt, loss }: Omit<NodeState, 'dys' | 'g'>) {
  const before = shortest(wrt, (at) => at === node, consumers, active);
  const after = shortest(node.outputs, (at) => at.outputs.includes(loss), consumers, active);
  const label = ({ op, name, outputs }: Node) => `${op} ${name || outputs[0]}`;
  const end = node.outputs.includes(loss) ? [] : after.map(label);
  return [wrt.join(', '), ...shorten(before.map(label)), ...shorten(end), loss];
}

const shorten = (steps: readonly string[]) =>
  steps.length <= 2 * SHOWN ? steps : [...steps.slice(0, SHOWN), '…', ...steps.slice(-SHOWN)];

/** Breadth-first over active values; includes the goal. */
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
