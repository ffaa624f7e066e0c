import { expandAttention } from './attention';
import { unsupported } from './attrs';
import { shareCommon } from './cse';
import { prune } from './dce';
import type { Decoder } from './decoder';
import { detect } from './detect';
import { expandQuantised } from './expand-quantised';
import { floatActivations, hoistDequantise } from './float-activations';
import { foldConstants } from './fold';
import { inlineIf } from './inline-if';
import type { Graph } from './ir';
import { recogniseLinear, tieEmbeddings } from './linear';
import { splitSkipNorms } from './norms';
import { recogniseNorms } from './recognise-norms';
import { refuseNaN } from './refuse-nan';
import { recogniseSilu } from './silu';
import { nameDims } from './symbols';
import { upgradeOpset } from './upgrade-opset';
import { widen } from './widen';

export interface NormaliseOptions {
  /**
   * Empty the initializers of the given graph as they are read, so that quantised weights can be freed while their
   * float32 copies are made. The caller must drop its references to the files as well.
   */
  readonly consume?: boolean;
}

const INTEGERS =
  'computes with 8-bit activations from end to end, which is not supported. Choose the fp32, fp16, q4 or dynamically quantised file of the model';

/** Operators of which we know that nothing downstream can run or differentiate them, and what to do instead. */
const refused: Readonly<Record<string, string>> = {
  'com.microsoft:MultiHeadAttention': 'is fused attention of a kind that is not supported',
  'com.microsoft:Attention': 'is fused attention of a kind that is not supported',
  'com.microsoft:QMoE': 'is a mixture of experts, which is not supported',
  'com.microsoft:MoE': 'is a mixture of experts, which is not supported',
  Loop: 'is a loop, which is not supported',
  Scan: 'is a loop, which is not supported',
};

/**
 * A decoder-only language model of any exporter in one form: float32 weights, `studio:Linear` for products with them,
 * attention and norms in plain operators, one name for everything that the rest of the program needs.
 * @throws StudioError `model-unsupported` with operator and node, where it cannot
 */
export function normalise(given: Graph, options: NormaliseOptions = {}): Decoder {
  const graph = inlineIf(given);
  refuseOperators(graph);
  // Aliases of weights (Reshape of an initializer) must be gone before quantised tensors are told apart.
  const folded = hoistDequantise(floatActivations(prune(foldConstants(upgradeOpset(graph)))));
  if (options.consume)
    for (const { initializers } of [given, graph]) if (initializers instanceof Map) initializers.clear();
  const float = widen(expandQuantised(folded));
  const plain = recogniseNorms(foldConstants(splitSkipNorms(float)));
  const linear = prune(tieEmbeddings(prune(recogniseLinear(plain))));
  const attention = prune(expandAttention(linear), { inputs: true });
  const shared = prune(recogniseSilu(shareCommon(attention)));
  refuseNaN(shared);
  return nameDims(detect(shared));
}

function refuseOperators({ nodes }: Graph): void {
  for (const node of nodes) {
    const integer = /(^|:)(QLinear|QGemm|QAttention|QEmbed)/.test(node.op) ? INTEGERS : undefined;
    const why = Object.hasOwn(refused, node.op) ? refused[node.op] : integer;
    if (why) throw unsupported(node, why);
    for (const attr of Object.values(node.attrs)) if (attr.type === 'graph') refuseOperators(attr.value);
  }
}
