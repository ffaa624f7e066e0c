import { sizeOf, toNumbers } from './dtype';
import { float, floatAttr, type Graph, type Initializer, int, intAttr, intsAttr, type Node, unsupported } from './ir';
import { producers, type Rewriting, readCounts, rewrite } from './rewrite';

/**
 * As Add and norm:
 *
 *     SkipSimplifiedLayerNormalization(x, skip, weight) -> y, _, _, sum     sum = x + skip     y = RMSNorm(sum) * weight
 *     SkipLayerNormalization(x, skip, weight, bias)     -> y, _, _, sum     y = LayerNorm(sum) * weight + bias
 *
 * (Simplified)LayerNormalization keeps only its first output: the second is uninitialised memory on WebGPU.
 */
export function splitSkipNorms(graph: Graph): Graph {
  const uses = readCounts(graph);
  return rewrite(graph, 'norm/', (node, to) => {
    const second = node.outputs.slice(1, 3).find((name) => uses.has(name));
    if (/Normalization$/.test(node.op) && second !== undefined)
      throw unsupported(node, `outputs its mean or deviation (${second}), which is not supported`);
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

/**
 * Norms over the last axis that exporters write in single steps, as the one operator that each is:
 *
 *     v / sqrt(mean v^2 + eps) * w                  ->  SimplifiedLayerNormalization(v, w)
 *     (the same, v = x - mean x) (+ b)              ->  LayerNormalization(x, w, b)
 *
 * The quotient may be a product with the reciprocal, the square a Pow or a product. A norm without a weight stays as it is.
 */
export function recogniseNorms(graph: Graph): Graph {
  const find = new Finder(graph);
  return rewrite(graph, 'norm/', (node, { builder }) => {
    const norm = find.norm(node);
    if (!norm) return false;
    const { input, vectors, epsilon, centred } = norm;
    builder.push({
      ...node,
      op: centred ? 'LayerNormalization' : 'SimplifiedLayerNormalization',
      inputs: [input, ...vectors],
      attrs: { axis: int(-1), epsilon: float(epsilon) },
    });
    return true;
  });
}

interface Norm {
  readonly input: string;
  /** Weight, and the bias where there is one. */
  readonly vectors: readonly string[];
  readonly epsilon: number;
  readonly centred: boolean;
}

class Finder {
  readonly #graph: Graph;
  readonly #source: ReadonlyMap<string, Node>;
  readonly #uses: ReadonlyMap<string, number>;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#source = producers(graph);
    this.#uses = readCounts(graph);
  }

  /** The norm that ends in this node: in the sum with a bias, or else in the product with the weight. */
  norm(node: Node): Norm | null {
    if (node.op === 'Add') return this.#biased(node);
    const norm = node.op === 'Mul' ? this.#weighted(node) : null;
    return norm && !this.#isBiased(node) ? norm : null;
  }

  #biased({ inputs }: Node): Norm | null {
    for (const [value = '', bias = ''] of [inputs, inputs.toReversed()]) {
      const product = this.#source.get(value);
      const norm = product?.op === 'Mul' && this.#uses.get(value) === 1 ? this.#weighted(product) : null;
      if (norm?.centred && this.#isVector(bias)) return { ...norm, vectors: [...norm.vectors, bias] };
    }
    return null;
  }

  #isBiased({ outputs }: Node): boolean {
    const reader = this.#graph.nodes.find(({ op, inputs }) => op === 'Add' && inputs.includes(outputs[0] ?? ''));
    return reader !== undefined && this.#biased(reader) !== null;
  }

  #weighted({ inputs }: Node): Norm | null {
    for (const [value = '', weight = ''] of [inputs, inputs.toReversed()]) {
      const found = this.#isVector(weight) ? this.#normalised(this.#source.get(value)) : null;
      if (!found) continue;
      const { v, epsilon } = found;
      const x = this.#beforeCentring(v);
      return { input: x ?? v, vectors: [weight], epsilon, centred: x !== null };
    }
    return null;
  }

  /** v of `v / sqrt(mean v^2 + eps)`. */
  #normalised(node: Node | undefined): { v: string; epsilon: number } | null {
    const [a = '', b = ''] = node?.inputs ?? [];
    const pairs = [[a, b] as const, ...(node?.op === 'Mul' ? [[b, a] as const] : [])];
    for (const [v, other] of pairs) {
      const root = node?.op === 'Div' ? other : node?.op === 'Mul' ? this.#inverted(other) : null;
      const epsilon = root === null ? null : this.#epsilonOfRoot(root, v);
      if (epsilon !== null) return { v, epsilon };
    }
    return null;
  }

  /** r of `1 / r`. */
  #inverted(name: string): string | null {
    const node = this.#source.get(name);
    if (node?.op === 'Reciprocal') return node.inputs[0] ?? null;
    return node?.op === 'Div' && this.#scalar(node.inputs[0]) === 1 ? (node.inputs[1] ?? null) : null;
  }

  /** eps of `sqrt(mean v^2 + eps)`. */
  #epsilonOfRoot(name: string, v: string): number | null {
    const root = this.#source.get(name);
    const sum = root?.op === 'Sqrt' ? this.#source.get(root.inputs[0] ?? '') : undefined;
    if (sum?.op !== 'Add') return null;
    for (const [mean = '', constant = ''] of [sum.inputs, sum.inputs.toReversed()]) {
      const epsilon = this.#scalar(constant);
      const squares = this.#meanOf(mean);
      if (epsilon !== null && squares !== null && this.#isSquareOf(squares, v)) return epsilon;
    }
    return null;
  }

  #isSquareOf(name: string, v: string): boolean {
    const node = this.#source.get(name);
    if (node?.op === 'Mul') return node.inputs.every((input) => input === v);
    return node?.op === 'Pow' && node.inputs[0] === v && this.#scalar(node.inputs[1]) === 2;
  }

  /** x of `x - mean x`. */
  #beforeCentring(name: string): string | null {
    const node = this.#source.get(name);
    const [x = '', mean = ''] = node?.op === 'Sub' ? node.inputs : [];
    return x !== '' && this.#meanOf(mean) === x ? x : null;
  }

  /** x of a mean over the last axis that keeps it, with size 1. */
  #meanOf(name: string): string | null {
    const node = this.#source.get(name);
    if (node?.op !== 'ReduceMean' || intAttr(node, 'keepdims', 1) !== 1) return null;
    const tensor = this.#graph.initializers.get(node.inputs[1] ?? '');
    const axes = tensor ? toNumbers(tensor) : (intsAttr(node, 'axes') ?? []);
    return axes.join() === '-1' ? (node.inputs[0] ?? null) : null;
  }

  #isVector(name: string): boolean {
    const tensor = this.#graph.initializers.get(name);
    return tensor?.dtype === 'float32' && tensor.dims.length === 1 && (tensor.dims[0] ?? 0) > 1;
  }

  #scalar(name = ''): number | null {
    const tensor: Initializer | undefined = this.#graph.initializers.get(name);
    return tensor && sizeOf(tensor.dims) === 1 ? (toNumbers(tensor)[0] ?? null) : null;
  }
}

const QUICK_GELU = 'com.microsoft:QuickGelu';

/** As QuickGelu with alpha 1, so that the gradient of `x * Sigmoid(x)` is one formula. */
export function recogniseSilu(graph: Graph): Graph {
  const source = producers(graph);
  const argument = ({ op, inputs }: Node): string | null => {
    if (op !== 'Mul') return null;
    const [a = '', b = ''] = inputs;
    const isSigmoidOf = (s: string, x: string) => source.get(s)?.op === 'Sigmoid' && source.get(s)?.inputs[0] === x;
    return isSigmoidOf(b, a) ? a : isSigmoidOf(a, b) ? b : null;
  };
  return rewrite(graph, 'silu/', (node, { builder }) => {
    const x = argument(node);
    if (x === null) return false;
    builder.push({ ...node, op: QUICK_GELU, inputs: [x], attrs: { alpha: float(1) } });
    return true;
  });
}

/** For the runtime: the backward part needs the sigmoid too, and shares it. */
export function writeSilu(graph: Graph): Graph {
  return rewrite(graph, 'silu/', (node, { builder }) => {
    if (node.op !== QUICK_GELU || floatAttr(node, 'alpha', 1.702) !== 1) return false;
    const [x = ''] = node.inputs;
    builder.push({ ...node, op: 'Mul', inputs: [x, builder.add('Sigmoid', [x])], attrs: {} });
    return true;
  });
}
