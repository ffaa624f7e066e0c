import { floatAttr, intAttr, unsupported } from './attrs';
import { float, type Graph, int, type Node } from './ir';
import { readCounts } from './order';
import { type Rewriting, rewrite } from './rewrite';

/**
 * Fused residual norms as Add and norm:
 *
 *     SkipSimplifiedLayerNormalization(x, skip, weight) -> y, _, _, sum     sum = x + skip     y = RMSNorm(sum) * weight
 *     SkipLayerNormalization(x, skip, weight, bias)     -> y, _, _, sum     y = LayerNorm(sum) * weight + bias
 *
 * Of (Simplified)LayerNormalization only the first output stays: the second is uninitialised memory on WebGPU.
 */
export function splitSkipNorms(graph: Graph): Graph {
  const uses = readCounts(graph);
  return rewrite(graph, 'norm/', (node, to) => {
    const second = node.outputs.slice(1, 3).find((name) => uses.has(name));
    if (/Normalization$/.test(node.op) && second !== undefined)
      throw unsupported(node, `is asked for its mean or deviation (${second}), which is not supported`);
    switch (node.op) {
      case 'com.microsoft:SkipSimplifiedLayerNormalization': {
        const [x = '', skip = '', weight = '', bias = ''] = node.inputs;
        return emit(node, to, [x, skip, bias], 'SimplifiedLayerNormalization', [weight]);
      }
      case 'com.microsoft:SkipLayerNormalization': {
        const [x = '', skip = '', weight = '', beta = '', bias = ''] = node.inputs;
        return emit(node, to, [x, skip, bias], 'LayerNormalization', beta === '' ? [weight] : [weight, beta]);
      }
      case 'RMSNormalization':
        to.builder.push({ ...node, op: 'SimplifiedLayerNormalization', attrs: normAttrs(node, -1) });
        return true;
      case 'SimplifiedLayerNormalization':
      case 'LayerNormalization':
        to.builder.push({ ...node, outputs: node.outputs.slice(0, 1) });
        return true;
      default:
        return false;
    }
  });
}

const normAttrs = (node: Node, axis: number) => ({
  axis: int(intAttr(node, 'axis', axis)),
  epsilon: float(floatAttr(node, 'epsilon', 1e-5)),
});

function emit(node: Node, to: Rewriting, terms: readonly string[], op: string, weights: readonly string[]): boolean {
  const [y = '', , , sum = ''] = node.outputs;
  const [x = '', skip = '', bias = ''] = terms;
  const first = to.builder.add('Add', [x, skip], { name: bias === '' && sum !== '' ? sum : undefined });
  const total = bias === '' ? first : to.builder.add('Add', [first, bias], { name: sum === '' ? undefined : sum });
  to.builder.push({ op, name: node.name, inputs: [total, ...weights], outputs: [y], attrs: normAttrs(node, -1) });
  return true;
}
