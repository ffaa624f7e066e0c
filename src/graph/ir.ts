import { type StudioError, unsupportedModel } from '../lib/errors';

/** Element types of ONNX. */
export type DType =
  | 'float32'
  | 'float16'
  | 'bfloat16'
  | 'float64'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'uint64'
  | 'uint32'
  | 'uint16'
  | 'uint8'
  | 'uint4'
  | 'int4'
  | 'bool'
  | 'string';

/** A number = known, a string = symbolic, null = unknown. */
export type Dim = number | string | null;

/** An input, an output or a value between nodes. A shape that is null has an unknown rank. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Dim[] | null;
}

/** `bytes` is little-endian and may be a view of a larger buffer; it is not copied without need. */
export interface Initializer {
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
  /** Until `writePacked` or `serialise`, the `bytes` of a float32 matrix are those of the file: integers in blocks, or halves. */
  readonly packing?: Packing | 'float16';
  /** Makes the tensor's bytes only when the runtime reads them. */
  readonly unpack?: (bytes: Uint8Array) => Uint8Array;
  /** What `unpack` reads besides them, perhaps from the same file. */
  readonly beside?: readonly (Float32Array | number)[];
}

/** Along the columns of a matrix: value = (q - zero point) * scale, low nibble first. Scales `[rows x blocks per row]`. */
export interface Packing {
  readonly bits: 4 | 8;
  readonly blockSize: number;
  readonly scales: Float32Array;
  readonly zeroPoints: number | Float32Array;
}

/** By type, what an attribute holds. */
export interface AttrValues {
  readonly int: number;
  readonly float: number;
  readonly string: string;
  readonly ints: readonly number[];
  readonly floats: readonly number[];
  readonly strings: readonly string[];
  readonly tensor: Initializer;
  readonly graph: Graph;
}

/** An attribute of a node: its type, and its value. */
export type Attr = {
  [Type in keyof AttrValues]: { readonly type: Type; readonly value: AttrValues[Type] };
}[keyof AttrValues];

/** One operator. It reads and writes values by their names. */
export interface Node {
  /** `Type` in the default domain, `domain:Type` elsewhere, e.g. `com.microsoft:RotaryEmbedding`. */
  readonly op: string;
  readonly name: string;
  /** An omitted optional input is ''. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attrs: Readonly<Record<string, Attr>>;
}

/** An ONNX graph as plain data. Nodes are in topological order and names are unique (SSA). */
export interface Graph {
  readonly name: string;
  /** Opset version by domain; '' is the default domain. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly initializers: ReadonlyMap<string, Initializer>;
  readonly nodes: readonly Node[];
  /** Types and shapes of intermediate values, from the exporter or inferred. */
  readonly values: ReadonlyMap<string, ValueInfo>;
}

export const int = (value: number): Attr => ({ type: 'int', value });
export const float = (value: number): Attr => ({ type: 'float', value });
export const ints = (value: readonly number[]): Attr => ({ type: 'ints', value });
export const string = (value: string): Attr => ({ type: 'string', value });
export const subgraph = (value: Graph): Attr => ({ type: 'graph', value });

/** The runtime infers its type. */
export const untyped = (name: string): ValueInfo => ({ name, dtype: 'float32', shape: null });

/** An attribute of another type counts as absent. */
function attrOf<Type extends keyof AttrValues>(node: Node, name: string, type: Type): AttrValues[Type] | null {
  const attr = node.attrs[name];
  return attr?.type === type ? (attr.value as AttrValues[Type]) : null;
}

export const intAttr = (node: Node, name: string, otherwise: number): number => attrOf(node, name, 'int') ?? otherwise;
export const floatAttr = (node: Node, name: string, otherwise: number): number =>
  attrOf(node, name, 'float') ?? otherwise;
export const stringAttr = (node: Node, name: string, otherwise: string): string =>
  attrOf(node, name, 'string') ?? otherwise;
export const intsAttr = (node: Node, name: string): readonly number[] | null => attrOf(node, name, 'ints');
export const tensorAttr = (node: Node, name: string): Initializer | null => attrOf(node, name, 'tensor');

/** `why` continues the sentence after the node's name. */
export const unsupported = (node: Node, why: string): StudioError =>
  unsupportedModel(`${node.op} node ${node.name} ${why}.`, {
    data: { op: node.op, node: node.name },
  });

/**
 * Pseudo-operators of the domain `studio`. `normalise` writes every exporter's product with a frozen weight as one of
 * them, so that one gradient rule covers all; `lower` turns them into ONNX operators just before `serialise`.
 *
 * A weight's layout names its two axes: `rows` is `[out, in]` (as PyTorch and MatMulNBits store it), `columns` is
 * `[in, out]` (as MatMul expects it). One blob serves forward and backward: flipping the layout transposes it.
 */
export type Layout = 'rows' | 'columns';

/**
 * `Linear(x [..., in], weight, bias? [out], addend? [..., out]) -> [..., out]`, attribute `layout`. It has a bias, or an addend (which
 * `sumIntoLinear` writes just before lowering), but not both.
 *
 *     y = x W^T + b  (rows)        y = x W + b  (columns)        b: bias or addend
 *
 * Gradient: dX = Linear(dY, weight, flipped layout), without bias. The weight must be a float32 initializer of rank 2.
 * The optional attribute `rank` = 2 says that x is `[rows, in]`.
 */
export const LINEAR = 'studio:Linear';

/**
 * `Head(hidden [reads, hidden], weight, candidateIds int32 [candidates], fullVocabulary bool [], bias? [vocabulary],
 * shift? [candidates or 1, hidden]) -> [reads, candidates]`, attribute `layout`; [reads, vocabulary] when `fullVocabulary`
 * is true, which ignores ids and shift.
 *
 *     If(fullVocabulary) Linear(hidden, W, b) else Linear(hidden, gather(W, ids) + shift, gather(b, ids))
 */
export const HEAD = 'studio:Head';

/**
 * `HeadGrad(dLogits [reads, candidates], weight, candidateIds, fullVocabulary, bias (not used), shift?)
 * -> dHidden [reads, hidden]`, attribute `layout` *of the weight* (not flipped).
 *
 *     If(fullVocabulary) Linear(dLogits, W flipped) else Linear(dLogits, (gather(W, ids) + shift) flipped)
 */
export const HEAD_GRAD = 'studio:HeadGrad';

/**
 * `CrossEntropy(logits [reads, candidates], target [reads, candidates], weight [reads]) -> loss []`. Rows of the target must be
 * one-hot.
 *
 *     loss = sum_r weight[r] (log sum_c exp logits[r,c] - sum_c target[r,c] logits[r,c])
 *
 * Gradient: dLogits = weight (softmax(logits) - target).
 */
export const CROSS_ENTROPY = 'studio:CrossEntropy';

export const flip = (layout: Layout): Layout => (layout === 'rows' ? 'columns' : 'rows');

export const withLayout = (layout: Layout): Readonly<Record<string, Attr>> => ({ layout: string(layout) });

export const layoutOf = (node: Node): Layout => (stringAttr(node, 'layout', '') === 'rows' ? 'rows' : 'columns');
