import { asBytes, packedIntegers, splitZeroPoints } from './dequantise';
import { dtypeCode, sizeOf } from './dtype';
import { type Graph, type Initializer, int, intAttr, type Node, type Packing, subgraph } from './ir';

/**
 * Packed matrices as their integers, and what reads them as plain operators, just before serialising:
 *
 *     W = Reshape(Cast(q [rows, blocks, block]) * scales [rows, blocks, 1] + offsets, [rows, columns])
 *
 * A product adds the offsets by itself, since that is a product with a matrix of one column a block:
 *
 *     x W^T = x (q scales)^T + sums(x) offsets^T        sums over the columns of a block, [tokens, blocks]
 *     y W   = y (q scales) + repeat(y offsets)          each number repeated for the columns of its block
 *
 * Each reader gets its own W, so that a matrix exists in float32 only while it is used; a Gather takes its rows alone, and a
 * product with more than `mostBytes` takes some rows after the others. The session must not fold constants. Measured:
 * docs/benchmarks.md, “A weight in each form”.
 */
export function writePacked(graph: Graph, mostBytes = MOST_BYTES): Graph {
  const packed = new Map([...graph.initializers].filter(([, tensor]) => tensor.packing));
  if (packed.size === 0) return graph;
  const initializers = new Map([...graph.initializers].filter(([name]) => !packed.has(name)));
  const writer = new Writer(packed, initializers, mostBytes);
  return { ...graph, nodes: writer.written(graph.nodes), initializers };
}

/** Above any matrix of a layer of a model of a billion parameters, below its head over the vocabulary. */
const MOST_BYTES = 128 * 1024 * 1024;

const TO_FLOAT = { to: int(dtypeCode('float32')) };

type PackedMatrix = Omit<Initializer, 'packing'> & { readonly packing: Packing };

class Writer {
  readonly #packed: ReadonlyMap<string, Initializer>;
  readonly #initializers: Map<string, Initializer>;
  readonly #mostBytes: number;
  readonly #zeroPoints = new Map<string, ReturnType<typeof splitZeroPoints>>();
  #count = 0;

  constructor(packed: ReadonlyMap<string, Initializer>, initializers: Map<string, Initializer>, mostBytes: number) {
    this.#packed = packed;
    this.#initializers = initializers;
    this.#mostBytes = mostBytes;
  }

  /** Matrices first: the runtime visits inputs from the latest on, and would compute all matrices before the first product. */
  written(nodes: readonly Node[]): Node[] {
    const matrices: Node[] = [];
    const rest: Node[] = [];
    for (const node of nodes) {
      const [table = ''] = node.inputs;
      if (node.op === 'Gather' && this.#packed.has(table) && intAttr(node, 'axis', 0) === 0) this.#rows(node, rest);
      else if (node.op === 'Gemm' && this.#piecesOf(node.inputs[1] ?? '') > 1) this.#inPieces(node, matrices, rest);
      else if (node.op === 'Gemm' && this.#hasOffsets(node.inputs[1] ?? '')) this.#product(node, matrices, rest);
      else
        rest.push({
          ...node,
          inputs: node.inputs.map((name) => (this.#packed.has(name) ? this.#whole(name, matrices) : name)),
          attrs: Object.fromEntries(
            Object.entries(node.attrs).map(([key, attr]) => [
              key,
              attr.type === 'graph' ? subgraph({ ...attr.value, nodes: this.written(attr.value.nodes) }) : attr,
            ]),
          ),
        });
    }
    return [...matrices, ...rest];
  }

  #hasOffsets(name: string): boolean {
    const packing = this.#packed.get(name)?.packing;
    return packing !== undefined && packing !== 'float16' && this.#split(name, packing).offsets !== null;
  }

  #split(name: string, packing: Packing): ReturnType<typeof splitZeroPoints> {
    const known = this.#zeroPoints.get(name) ?? splitZeroPoints(packing);
    this.#zeroPoints.set(name, known);
    return known;
  }

  /** Null = the matrix is in blocks. */
  #halves(name: string): string | null {
    const { packing, dims, bytes } = this.#packed.get(name) as Initializer;
    return packing === 'float16' ? this.#initializer({ name: `${name}/half`, dtype: packing, dims, bytes }) : null;
  }

  /** @param range rows, without the last one */
  #whole(name: string, to: Node[], range?: readonly [number, number]): string {
    const cut = (of: string) => (range ? this.#slice(of, range, 0, to) : of);
    const halves = this.#halves(name);
    if (halves) return this.#float(cut(halves), to);
    const { q, scales, offsets, dims } = this.#parts(name);
    const values = this.#scaled({ q: cut(q), scales: cut(scales), offsets: offsets && cut(offsets) }, to);
    const rows = range ? range[1] - range[0] : (dims[0] ?? 0);
    return this.#add('Reshape', [values, this.#sizes([rows, ...dims.slice(1)])], to);
  }

  #slice(of: string, [from, end]: readonly [number, number], axis: number, to: Node[]): string {
    return this.#add('Slice', [of, this.#sizes([from]), this.#sizes([end]), this.#sizes([axis])], to);
  }

  #piecesOf(name: string): number {
    const dims = this.#packed.get(name)?.dims;
    return dims ? Math.ceil((4 * sizeOf(dims)) / this.#mostBytes) : 1;
  }

  /** Gemm(x, W, c) over some rows of W after the others: columns of the result side by side, or its terms. */
  #inPieces({ op, inputs, outputs, attrs }: Node, matrices: Node[], to: Node[]): void {
    const [x = '', name = '', c = ''] = inputs;
    const rows = this.#packed.get(name)?.dims[0] ?? 0;
    const height = Math.ceil(rows / this.#piecesOf(name));
    const isTransposed = attrs.transB?.type === 'int' && attrs.transB.value === 1;
    const columns: string[] = [];
    let sum = c;
    for (let from = 0; from < rows; from += height) {
      const range = [from, Math.min(rows, from + height)] as const;
      const left = isTransposed ? x : this.#slice(x, range, 1, to);
      const added = isTransposed && c !== '' ? this.#slice(c, range, -1, to) : sum;
      const piece = this.#whole(name, matrices, range);
      sum = this.#add(op, [left, piece, ...(added === '' ? [] : [added])], to, attrs);
      columns.push(sum);
      if (isTransposed) sum = '';
    }
    const last = isTransposed
      ? { op: 'Concat', inputs: columns, attrs: { axis: int(1) } }
      : { op: 'Identity', inputs: [sum], attrs: {} };
    to.push({ ...last, name: outputs[0] ?? '', outputs });
  }

  /** Gemm(x, W, c) without writing out the offsets of W. */
  #product({ op, inputs, outputs, attrs }: Node, matrices: Node[], to: Node[]): void {
    const [x = '', name = '', ...c] = inputs;
    const { offsets, dims, blocks, blockSize, ...parts } = this.#parts(name);
    const matrix = this.#add(
      'Reshape',
      [this.#scaled({ ...parts, offsets: null }, matrices), this.#sizes(dims)],
      matrices,
    );
    const flat = this.#add('Reshape', [offsets ?? '', this.#sizes([dims[0] ?? 0, blocks])], matrices);
    const inBlocks = (value: string) => this.#add('Reshape', [value, this.#sizes([-1, blocks, blockSize])], to);
    if (attrs.transB?.type === 'int' && attrs.transB.value === 1) {
      const sums = this.#add('ReduceSum', [inBlocks(x), this.#sizes([-1])], to, { keepdims: int(0) });
      const rest = this.#add('Gemm', [sums, flat, ...c], to, attrs);
      to.push({ op, name: outputs[0] ?? '', inputs: [x, matrix, rest], outputs, attrs });
      return;
    }
    const rest = this.#add('Unsqueeze', [this.#add('Gemm', [x, flat], to, attrs), this.#sizes([-1])], to);
    const product = inBlocks(this.#add(op, [x, matrix, ...c], to, attrs));
    const sum = this.#add('Add', [product, rest], to);
    to.push({
      op: 'Reshape',
      name: outputs[0] ?? '',
      inputs: [sum, this.#sizes([-1, blocks * blockSize])],
      outputs,
      attrs: {},
    });
  }

  /** Gathers the integers first. */
  #rows({ inputs, outputs, attrs }: Node, to: Node[]): void {
    const [name = '', ids = ''] = inputs;
    const halves = this.#halves(name);
    if (halves) {
      const rows = this.#add('Gather', [halves, ids], to, attrs);
      to.push({ op: 'Cast', name: outputs[0] ?? '', inputs: [rows], outputs, attrs: TO_FLOAT });
      return;
    }
    const { q, scales, offsets, dims } = this.#parts(name);
    const rows = (of: string) => this.#add('Gather', [of, ids], to, { axis: int(0) });
    const values = this.#scaled({ q: rows(q), scales: rows(scales), offsets: offsets && rows(offsets) }, to);
    const lead = this.#add('Shape', [values], to, { start: int(0), end: int(-2) });
    const shape = this.#add('Concat', [lead, this.#sizes(dims.slice(1))], to, { axis: int(0) });
    to.push({ op: 'Reshape', name: outputs[0] ?? '', inputs: [values, shape], outputs, attrs: {} });
  }

  #scaled({ q, scales, offsets }: { q: string; scales: string; offsets: string | null }, to: Node[]): string {
    const product = this.#add('Mul', [this.#float(q, to), scales], to);
    return offsets === null ? product : this.#add('Add', [product, offsets], to);
  }

  #float(name: string, to: Node[]): string {
    return this.#add('Cast', [name], to, TO_FLOAT);
  }

  #parts(name: string) {
    const { dims, bytes, packing } = this.#packed.get(name) as PackedMatrix;
    const [rows = 0, columns = 0] = dims;
    const { blockSize, scales } = packing;
    const { zeroPoints, offsets } = this.#split(name, packing);
    const blocks = columns / blockSize;
    const unpack = (from: Uint8Array) => packedIntegers(from, { ...packing, zeroPoints });
    const one = (kind: string, values: Float32Array) =>
      this.#initializer({
        name: `${name}/${kind}`,
        dtype: 'float32',
        dims: [rows, blocks, 1],
        bytes: asBytes(values),
      });
    return {
      dims,
      blocks,
      blockSize,
      q: this.#initializer({
        name: `${name}/q`,
        dtype: 'int8',
        dims: [rows, blocks, blockSize],
        bytes,
        unpack,
        beside: [zeroPoints],
      }),
      scales: one('scales', scales),
      offsets: offsets && one('offsets', offsets),
    };
  }

  #sizes(dims: readonly number[]): string {
    const bytes = new Uint8Array(BigInt64Array.from(dims, BigInt).buffer);
    return this.#initializer({ name: `packed/[${dims}]`, dtype: 'int64', dims: [dims.length], bytes });
  }

  #initializer(tensor: Initializer): string {
    if (!this.#initializers.has(tensor.name)) this.#initializers.set(tensor.name, tensor);
    return tensor.name;
  }

  #add(op: string, inputs: readonly string[], to: Node[], attrs: Node['attrs'] = {}): string {
    const name = `packed/${op}_${this.#count++}`;
    to.push({ op, name, inputs, outputs: [name], attrs });
    return name;
  }
}
