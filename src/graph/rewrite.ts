import { corruptModel } from '../lib/errors';
import { GraphBuilder } from './builder';
import type { Attr, Graph, Node } from './ir';

function captured(graph: Graph): Set<string> {
  const own = new Set<string>([...graph.inputs.map((v) => v.name), ...graph.initializers.keys()]);
  const out = new Set<string>();
  const need = (name: string) => {
    if (name !== '' && !own.has(name)) out.add(name);
  };
  for (const node of graph.nodes) {
    for (const name of reads(node)) need(name);
    for (const name of node.outputs) own.add(name);
  }
  for (const { name } of graph.outputs) need(name);
  return out;
}

/** Captures of subgraphs included, omitted inputs not. */
export function reads(node: Node): string[] {
  const names = node.inputs.filter((name) => name !== '');
  for (const attr of Object.values(node.attrs)) if (attr.type === 'graph') names.push(...captured(attr.value));
  return names;
}

export function producers(graph: Graph): Map<string, Node> {
  const out = new Map<string, Node>();
  for (const node of graph.nodes) for (const name of node.outputs) if (name !== '') out.set(name, node);
  return out;
}

/** By nodes and graph outputs. */
export function readCounts(graph: Graph): Map<string, number> {
  const out = new Map<string, number>();
  const use = (name: string) => out.set(name, (out.get(name) ?? 0) + 1);
  for (const node of graph.nodes) for (const name of reads(node)) use(name);
  for (const { name } of graph.outputs) use(name);
  return out;
}

/**
 * In topological order; the given order if it already is one. `outer` are names of enclosing scopes.
 * @throws StudioError `model-corrupt` for values that are undefined, defined twice, or depend on themselves
 */
export function ordered(graph: Graph, outer: ReadonlySet<string> = new Set()): Node[] {
  const byOutput = new Map<string, Node>();
  const known = new Set<string>(['', ...outer, ...graph.inputs.map((v) => v.name), ...graph.initializers.keys()]);
  for (const node of graph.nodes)
    for (const name of node.outputs) {
      if (name === '') continue;
      if (byOutput.has(name) || (known.has(name) && !outer.has(name)))
        throw corruptModel(`Value ${name} is defined twice; the second time by ${node.op} node ${node.name}.`);
      byOutput.set(name, node);
    }
  const done: Node[] = [];
  const state = new Map<Node, 'open' | 'done'>();
  // An explicit stack, because a chain of nodes can exceed the call stack.
  for (const root of graph.nodes) {
    const stack: { node: Node; pending: string[] }[] = [];
    const enter = (node: Node) => {
      state.set(node, 'open');
      stack.push({ node, pending: reads(node).filter((name) => !known.has(name)) });
    };
    if (!state.has(root)) enter(root);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const name = top.pending.pop();
      if (name === undefined) {
        state.set(top.node, 'done');
        done.push(top.node);
        for (const output of top.node.outputs) known.add(output);
        stack.pop();
        continue;
      }
      if (known.has(name)) continue;
      const source = byOutput.get(name);
      if (!source) throw corruptModel(`${top.node.op} node ${top.node.name} reads ${name}, which nothing defines.`);
      if (state.get(source) === 'open')
        throw corruptModel(`${top.node.op} node ${top.node.name} depends on itself through ${name}.`);
      enter(source);
    }
  }
  for (const { name } of graph.outputs)
    if (!known.has(name)) throw corruptModel(`Graph output ${name} is not defined.`);
  return done;
}

export interface Rewriting {
  readonly builder: GraphBuilder;
  /** For later readers. Graph outputs must keep their name. */
  replace(value: string, replacement: string): void;
  isOutput(value: string): boolean;
}

/**
 * Emits every node again, in order, or what `rule` emits instead: it then returns true, and must define every output that is
 * still read, under its old name or through `replace`. `renamed` applies from the start.
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

/** Captures of subgraphs included. */
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

/** Not for graph outputs and nodes in `except`; sorts the nodes again. */
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

/** Gives the results of a branch the names of the `If`'s outputs; some exporters give both the same name. */
export const branchResults = (node: Node, branch: Graph): readonly Node[] =>
  branch.outputs.flatMap(({ name }, i) => {
    const output = node.outputs[i] ?? '';
    if (name === output) return [];
    return [{ op: 'Identity', name: `${node.name}/${i}`, inputs: [name], outputs: [output], attrs: {} }];
  });
