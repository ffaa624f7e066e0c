import { StudioError } from '../lib/errors';
import { intAttr, intsAttr, unsupported } from './attrs';
import type { GraphBuilder } from './builder';
import { type Graph, int, type Node } from './ir';
import { rewrite } from './rewrite';

/** The lowest default-domain opset after `upgradeOpset`. */
const minimumOpset = 18;

/** Operators whose `axes` (or `split`) moved from an attribute to the second input, with the opset of the change. */
const moved: Readonly<Record<string, readonly [attr: string, since: number]>> = {
  Squeeze: ['axes', 13],
  Unsqueeze: ['axes', 13],
  ReduceSum: ['axes', 13],
  Split: ['split', 13],
  ReduceMean: ['axes', 18],
  ReduceMax: ['axes', 18],
  ReduceMin: ['axes', 18],
  ReduceProd: ['axes', 18],
  ReduceL1: ['axes', 18],
  ReduceL2: ['axes', 18],
  ReduceLogSum: ['axes', 18],
  ReduceLogSumExp: ['axes', 18],
  ReduceSumSquare: ['axes', 18],
};

/**
 * Rewrites a graph for opset 18 of the default domain, so that the operators we add mean the same in every model.
 * @throws StudioError `model-unsupported` below opset 11
 */
export function upgradeOpset(graph: Graph): Graph {
  const opset = graph.opsets[''] ?? 1;
  if (opset >= minimumOpset) return graph;
  if (opset < 11)
    throw new StudioError(
      'model-unsupported',
      `The model was exported for ONNX opset ${opset}; 11 or newer is needed. Export it again.`,
    );
  const next = rewrite(graph, 'opset/', (node, { builder }) => upgradeNode(node, opset, builder));
  return { ...next, opsets: { ...next.opsets, '': minimumOpset } };
}

function upgradeNode(node: Node, opset: number, builder: GraphBuilder): boolean {
  if (node.op === 'Softmax' && opset < 13) {
    // Softmax used to flatten all axes from `axis` on; for the last axis that makes no difference.
    const axis = intAttr(node, 'axis', 1);
    if (axis !== -1 && axis !== 3) throw unsupported(node, `flattens axes from ${axis} on, which changed in opset 13`);
    builder.push({ ...node, attrs: { ...node.attrs, axis: int(-1) } });
    return true;
  }
  const entry = moved[node.op];
  if (!entry || opset >= entry[1]) {
    if (node.op !== 'Split' || node.inputs[1]) return false;
    // Since opset 18, a Split into equal parts must state their number.
    builder.push({ ...node, attrs: { ...node.attrs, num_outputs: int(node.outputs.length) } });
    return true;
  }
  const { [entry[0]]: _, ...attrs } = node.attrs;
  const values = intsAttr(node, entry[0]);
  const inputs = [...node.inputs.slice(0, 1), ...(values ? [builder.constant('int64', [values.length], values)] : [])];
  const parts = node.op === 'Split' && !values ? { num_outputs: int(node.outputs.length) } : {};
  builder.push({ ...node, inputs, attrs: { ...attrs, ...parts } });
  return true;
}
