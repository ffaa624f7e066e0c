import { Shapes } from '../autodiff/shapes';
import { GraphBuilder } from '../graph/builder';
import { LINEAR, layoutOf } from '../graph/core-ops';
import { prune } from '../graph/dce';
import { type Graph, int, type Node } from '../graph/ir';
import { reads } from '../graph/order';
import { isRowwise, isVector } from '../graph/rowwise';
import { IO } from '../inference/program';
import { present } from '../lib/assert';

/**
 * Takes the rows that the head reads as early as can be. What stands between the last attention and the head (projection,
 * norms, MLP) sees one row at a time, so it is computed for those rows alone, and so is its gradient.
 *
 *     Gather(f(x), rows) = f(Gather(x, rows))
 *
 * A graph whose head does not read rows as `splice` writes it stays as it is.
 */
export function readEarly(graph: Graph): Graph {
  const gather = graph.nodes.find((node) => node.op === 'Gather' && node.inputs[1] === IO.readIndex);
  const flat = graph.nodes.find((node) => node.op === 'Reshape' && node.outputs[0] === gather?.inputs[0]);
  if (!gather || !flat) return graph;
  const shapes = new Shapes(graph);
  const only = readByHeadAlone(graph, flat, shapes);
  if (only.size === 0) return graph;

  const to = GraphBuilder.rewrite(graph, 'read/');
  const picked = new Map<string, string>();
  const pick = (name: string, reader: Node): string => {
    const known = picked.get(name);
    if (known !== undefined) return known;
    const width = present(widthOf(name, reader, graph, shapes), `width of ${name}`);
    const rows = to.add('Reshape', [name, to.constant('int64', [2], [-1, width])]);
    const found = to.add('Gather', [rows, IO.readIndex], { attrs: { axis: int(0) } });
    picked.set(name, found);
    return found;
  };
  for (const node of graph.nodes) {
    if (node === gather) to.push({ ...node, op: 'Identity', inputs: [pick(flat.inputs[0] ?? '', flat)], attrs: {} });
    else if (!only.has(node)) to.push(node);
    else {
      const operands = operandsOf(node, graph);
      const inputs = node.inputs.map((name) => (operands.includes(name) ? pick(name, node) : name));
      const attrs = node.op === LINEAR ? { ...node.attrs, rank: int(2) } : node.attrs;
      picked.set(node.outputs[0] ?? '', to.add(node.op, inputs, { attrs }));
    }
  }
  return prune(to.build());
}

/** Row by row operators that nothing but the head depends on. */
function readByHeadAlone(graph: Graph, flat: Node, shapes: Shapes): ReadonlySet<Node> {
  const only = new Set<Node>();
  const wanted = new Set(flat.inputs.slice(0, 1));
  const readElsewhere = new Set(graph.outputs.map(({ name }) => name));
  for (const node of graph.nodes.toReversed()) {
    if (node === flat) continue;
    const [y = ''] = node.outputs;
    const isOnly = wanted.has(y) && !readElsewhere.has(y) && isPickable(node, graph, shapes);
    if (isOnly) only.add(node);
    for (const name of isOnly ? operandsOf(node, graph) : reads(node)) (isOnly ? wanted : readElsewhere).add(name);
  }
  return only;
}

/** Whether the operands have the output's rows, by construction. */
function isPickable(node: Node, graph: Graph, shapes: Shapes): boolean {
  if (node.op !== LINEAR && !isRowwise(node, graph.initializers)) return false;
  const rowsOf = (name: string) => {
    const shape = shapes.of(name)?.shape;
    return shape?.length === 3 ? shape.slice(0, 2).join() : null;
  };
  const rows = rowsOf(node.outputs[0] ?? '');
  return (
    rows !== null &&
    operandsOf(node, graph).every((name) => rowsOf(name) === rows && widthOf(name, node, graph, shapes) !== null)
  );
}

/** Size of an operand's last axis; a frozen matrix knows what it takes. */
function widthOf(name: string, reader: Node, { initializers }: Graph, shapes: Shapes): number | null {
  const weight = reader.op === LINEAR ? initializers.get(reader.inputs[1] ?? '')?.dims : null;
  const width = weight ? weight[layoutOf(reader) === 'rows' ? 1 : 0] : shapes.of(name)?.shape?.at(-1);
  return typeof width === 'number' ? width : null;
}

/** What an operator computes on, without weights and constants of a row's width. */
const operandsOf = (node: Node, graph: Graph): readonly string[] =>
  node.op === LINEAR
    ? node.inputs.slice(0, 1)
    : node.inputs.filter((name) => name !== '' && !isVector(graph.initializers.get(name)));
