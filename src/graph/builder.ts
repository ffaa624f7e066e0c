import { assert, present } from '../lib/assert';
import { scaledTensor } from './dequantise';
import { encode, type PlainDType } from './dtype';
import type { Attr, Dim, DType, Graph, Initializer, Node } from './ir';

export interface AddOptions {
  readonly attrs?: Readonly<Record<string, Attr>>;
  /** Of the first output; must not be in use. */
  readonly name?: string | undefined;
  /** With it `add` returns an array. */
  readonly outputs?: number;
}

/** `com.microsoft` of `com.microsoft:RotaryEmbedding`, '' of `Add`. */
export const domainOf = (op: string): string => (op.includes(':') ? op.slice(0, op.lastIndexOf(':')) : '');

/** Bytes of a constant that is shared by content. */
const dedupLimit = 256;

/**
 * Appends nodes to a graph, with fresh names and shared constants. Nodes must be added in topological order.
 * `new GraphBuilder(graph)` extends a whole graph; `GraphBuilder.rewrite(graph)` keeps everything but the nodes, for
 * passes that emit each old node or its replacement.
 */
export class GraphBuilder {
  readonly #prefix: string;
  readonly #to;
  /** Names that fresh ones must avoid: all of the source graph, including its subgraphs. */
  readonly #reserved = new Set<string>();
  readonly #defined = new Set<string>();
  readonly #constants = new Map<string, string>();
  readonly #counters = new Map<string, number>();

  constructor(from: Partial<Graph> = {}, prefix = '') {
    const { name = 'graph', opsets = { '': 18 }, inputs = [], outputs = [], nodes = [] } = from;
    this.#prefix = prefix;
    this.#to = {
      name,
      opsets: { ...opsets },
      inputs: [...inputs],
      outputs: [...outputs],
      nodes: [] as Node[],
      initializers: new Map(from.initializers),
      values: new Map(from.values),
    };
    this.#reserve({ ...this.#to, nodes });
    for (const input of inputs) this.#defined.add(input.name);
    for (const tensor of this.#to.initializers.values()) {
      this.#defined.add(tensor.name);
      if (tensor.bytes.byteLength <= dedupLimit) this.#constants.set(contentKey(tensor), tensor.name);
    }
    for (const node of nodes) this.push(node);
  }

  static rewrite(graph: Graph, prefix = ''): GraphBuilder {
    const builder = new GraphBuilder({ ...graph, nodes: [] }, prefix);
    builder.#reserve(graph);
    return builder;
  }

  add(op: string, inputs: readonly string[], options: AddOptions & { readonly outputs: number }): string[];
  add(op: string, inputs: readonly string[], options?: AddOptions & { readonly outputs?: never }): string;
  add(op: string, inputs: readonly string[], options: AddOptions = {}): string | string[] {
    const first = options.name ?? this.fresh(op.slice(op.lastIndexOf(':') + 1));
    const outputs = [first];
    for (let i = 1; i < (options.outputs ?? 1); i++) {
      const next = `${first}.${i}`;
      outputs.push(this.#reserved.has(next) ? this.fresh(next) : next);
    }
    this.push({ op, name: first, inputs: [...inputs], outputs, attrs: options.attrs ?? {} });
    return options.outputs === undefined ? first : outputs;
  }

  /** The outputs of the node must be new. */
  push(node: Node): void {
    for (const output of node.outputs) if (output !== '') this.#define(output);
    const domain = domainOf(node.op);
    if (domain !== 'studio') this.#to.opsets[domain] ??= 1;
    this.#to.nodes.push(node);
  }

  /** Equal small constants are shared. Scalars have `dims` []. */
  constant(dtype: PlainDType, dims: readonly number[], values: readonly (number | bigint)[]): string {
    return this.initializer({ name: '', dtype, dims: [...dims], bytes: encode(dtype, values) });
  }

  /** Without a name: a fresh one, or that of an equal small constant. */
  initializer(tensor: Initializer): string {
    const small = tensor.bytes.byteLength <= dedupLimit;
    const key = small ? contentKey(tensor) : '';
    const same = this.#constants.get(key);
    if (tensor.name === '' && same !== undefined) return same;
    const name = tensor.name === '' ? this.fresh('const') : tensor.name;
    this.#define(name);
    this.#to.initializers.set(name, { ...tensor, name });
    if (small) this.#constants.set(key, name);
    return name;
  }

  /** A copy, made once. */
  scaled(name: string, factor: number): string {
    const twin = `${name}_times_${factor}`;
    if (factor === 1 || this.has(twin)) return factor === 1 ? name : twin;
    return this.initializer(scaledTensor(present(this.tensor(name), name), factor, twin));
  }

  input(name: string, dtype: DType, shape: readonly Dim[] | null): string {
    this.#define(name);
    this.#to.inputs.push({ name, dtype, shape });
    return name;
  }

  output(name: string, dtype: DType, shape: readonly Dim[] | null): void {
    assert(this.#defined.has(name), `output ${name} is not defined`);
    this.#to.outputs.push({ name, dtype, shape });
  }

  describe(name: string, dtype: DType, shape: readonly Dim[] | null): void {
    this.#to.values.set(name, { name, dtype, shape });
  }

  has(name: string): boolean {
    return this.#defined.has(name);
  }

  tensor(name: string): Initializer | undefined {
    return this.#to.initializers.get(name);
  }

  /** An unused name, `prefix + stem + _n`. */
  fresh(stem: string): string {
    for (;;) {
      const n = this.#counters.get(stem) ?? 0;
      this.#counters.set(stem, n + 1);
      const name = `${this.#prefix}${stem}_${n}`;
      if (!this.#reserved.has(name)) {
        this.#reserved.add(name);
        return name;
      }
    }
  }

  build(): Graph {
    return this.#to;
  }

  #define(name: string): void {
    assert(!this.#defined.has(name), `value ${name} is defined twice`);
    this.#defined.add(name);
    this.#reserved.add(name);
  }

  #reserve(graph: Graph): void {
    for (const { name } of graph.inputs) this.#reserved.add(name);
    for (const name of graph.initializers.keys()) this.#reserved.add(name);
    for (const node of graph.nodes) {
      for (const output of node.outputs) this.#reserved.add(output);
      for (const attr of Object.values(node.attrs)) if (attr.type === 'graph') this.#reserve(attr.value);
    }
  }
}

function contentKey({ dtype, dims, bytes }: Initializer): string {
  let text = `${dtype}[${dims}]`;
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
