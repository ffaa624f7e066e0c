import {
  asBytes,
  dequantiseBlocks,
  dequantiseBnb4,
  dequantiseLinear,
  integers,
  packBlocks,
  toFloat32,
  unpackZeroPoints,
} from './dequantise';
import { isFloat, sizeOf, viewKey } from './dtype';
import { type Graph, type Initializer, int, intAttr, LINEAR, type Node, unsupported, withLayout } from './ir';
import { type Rewriting, readCounts, rewrite } from './rewrite';

/**
 * Quantised weights as float32 initializers; shared ones are expanded once, and matrices in blocks of 4 or 8 bits stay as they
 * are in the file (`Initializer.packing`). Empties the initializers of `graph`, so that quantised tensors can be freed.
 * @throws StudioError `model-unsupported`
 */
export function expandQuantised(graph: Graph): Graph {
  const tensors = new Map(graph.initializers);
  const pass = new Expansion(tensors, readCounts(graph));
  const plain: Graph = { ...graph, initializers: new Map() };
  if (graph.initializers instanceof Map) graph.initializers.clear();
  const next = rewrite(plain, '', (node, to) => {
    switch (node.op) {
      case 'com.microsoft:MatMulNBits':
        return pass.matMulNBits(node, to);
      case 'com.microsoft:MatMulBnb4':
        return pass.matMulBnb4(node, to);
      case 'com.microsoft:GatherBlockQuantized':
        return pass.gatherBlockQuantized(node, to);
      case 'DequantizeLinear':
      case 'com.microsoft:DequantizeLinear':
        return pass.dequantizeLinear(node, to);
      default:
        return false;
    }
  });
  return { ...next, initializers: new Map([...tensors, ...next.initializers]) };
}

/** Matrices, but no rotary tables of a few positions. */
export const staysHalf = ({ dtype, dims }: Initializer): boolean =>
  dtype === 'float16' && dims.length === 2 && sizeOf(dims) >= 4096;

/** As float32, and as `writePacked` keeps the matrix. */
export interface PackableBytes {
  readonly fastBytes: number;
  readonly smallBytes: number;
  /** In the normalised graph, where it may turn out to equal another; null = always needed. */
  readonly half: string | null;
}

/** Those that `writePacked` keeps small. */
export function packableMatrices({ nodes, initializers }: Graph): readonly PackableBytes[] {
  const matrices = new Map<string, PackableBytes>();
  const add = (name: string, count: number, bytesEach: number, half: string | null = null) =>
    matrices.set(name, { fastBytes: 4 * count, smallBytes: bytesEach * count, half });
  const blocks = (node: Node, name: string, zeroPoints: string | undefined, count: number) => {
    const isFloat32 = initializers.get(zeroPoints ?? '')?.dtype === 'float32';
    const offsets = isFloat32 || (zeroPoints && intAttr(node, 'bits', 4) === 8) ? 2 : 1;
    add(name, count, 1 + (4 * offsets) / intAttr(node, 'block_size', 32));
  };
  for (const node of nodes) {
    const [data = '', packed = '', , zeroPoints] = node.inputs;
    const table = initializers.get(data);
    if (node.op === 'com.microsoft:MatMulNBits')
      blocks(node, packed, zeroPoints, intAttr(node, 'N', 0) * intAttr(node, 'K', 0));
    if (node.op === 'com.microsoft:GatherBlockQuantized' && table)
      blocks(
        node,
        data,
        zeroPoints,
        (sizeOf(table.dims) * 8) / (table.dtype === 'uint8' ? intAttr(node, 'bits', 4) : 8),
      );
  }
  for (const tensor of initializers.values())
    if (staysHalf(tensor)) add(tensor.name, sizeOf(tensor.dims), 2, tensor.name);
  return [...matrices.values()];
}

interface Made {
  readonly name: string;
  readonly dims: readonly number[];
  readonly make: () => Pick<Initializer, 'bytes' | 'packing'>;
  readonly key: string;
}

class Expansion {
  readonly #tensors: Map<string, Initializer>;
  readonly #uses: Map<string, number>;
  /** Float32 tensors by their source. */
  readonly #made = new Map<string, string>();
  readonly #buffers = new Map<ArrayBufferLike, number>();

  constructor(tensors: Map<string, Initializer>, uses: Map<string, number>) {
    this.#tensors = tensors;
    this.#uses = uses;
  }

  matMulNBits(node: Node, { builder }: Rewriting): boolean {
    const [x = '', b = '', s = '', zp = '', order = '', bias = ''] = node.inputs;
    if (order !== '') throw unsupported(node, 'reorders its columns (g_idx), which is not supported');
    const [rows, columns] = [intAttr(node, 'N', 0), intAttr(node, 'K', 0)];
    const weight = this.#blocks(node, { packed: b, scales: s, zeroPoints: zp, rows, columns });
    const inputs = [x, this.#define(weight, builder), ...(bias ? [bias] : [])];
    builder.push({ ...node, op: LINEAR, inputs, attrs: withLayout('rows') });
    this.#release([b, s, zp]);
    return true;
  }

  matMulBnb4(node: Node, { builder }: Rewriting): boolean {
    const [x = '', b = '', s = ''] = node.inputs;
    const [rows, columns, blockSize] = [
      intAttr(node, 'N', 0),
      intAttr(node, 'K', 0),
      intAttr(node, 'block_size', 0) || Number.POSITIVE_INFINITY,
    ];
    if (intAttr(node, 'transB', 1) !== 1)
      throw unsupported(node, 'holds its weights transposed, which is not supported');
    const packed = this.#constant(node, b);
    const absmax = toFloat32(this.#constant(node, s));
    const size = rows * columns;
    if (packed.bytes.byteLength !== Math.ceil(size / 2) || absmax.length !== Math.ceil(size / blockSize))
      throw unsupported(
        node,
        `has ${packed.bytes.byteLength} bytes of weights and ${absmax.length} scales, which does not match ${rows} x ${columns} in blocks of ${blockSize}`,
      );
    const kind = intAttr(node, 'quant_type', 1) === 0 ? 'fp4' : 'nf4';
    const key = `${viewKey(packed.bytes, this.#buffers)} ${s} ${kind} ${rows}x${columns}`;
    const make = () => ({ bytes: asBytes(dequantiseBnb4(packed.bytes, size, absmax, blockSize, kind)) });
    const weight = this.#define({ name: `${b}/float`, dims: [rows, columns], make, key }, builder);
    builder.push({ ...node, op: LINEAR, inputs: [x, weight], attrs: withLayout('rows') });
    this.#release([b, s]);
    return true;
  }

  gatherBlockQuantized(node: Node, { builder }: Rewriting): boolean {
    const [data = '', ids = '', s = '', zp = ''] = node.inputs;
    const table = this.#constant(node, data);
    const perByte = table.dtype === 'uint8' ? 8 / this.#bits(node) : 1;
    const [rows = 0, width = 0] = table.dims;
    const axis = intAttr(node, 'quantize_axis', 1);
    if (table.dims.length !== 2 || (axis !== 1 && axis !== -1))
      throw unsupported(node, `quantises axis ${axis} of [${table.dims}]; only the last of two axes is supported`);
    const weight = this.#blocks(node, { packed: data, scales: s, zeroPoints: zp, rows, columns: width * perByte });
    const inputs = [this.#define(weight, builder), ids];
    builder.push({ ...node, op: 'Gather', inputs, attrs: { axis: int(intAttr(node, 'gather_axis', 0)) } });
    this.#release([data, s, zp]);
    return true;
  }

  dequantizeLinear(node: Node, to: Rewriting): boolean {
    const [x = '', s = '', zp = ''] = node.inputs;
    if (!this.#tensors.has(x)) return false;
    const tensor = this.#constant(node, x);
    const scales = toFloat32(this.#constant(node, s));
    const zeroPoints = zp === '' ? null : integers(this.#constant(node, zp));
    const axis = (intAttr(node, 'axis', 1) + tensor.dims.length) % Math.max(1, tensor.dims.length);
    const blockSize = intAttr(node, 'block_size', 0);
    const length = tensor.dims[axis] ?? 1;
    const fits =
      blockSize > 0
        ? scales.length === (sizeOf(tensor.dims) / length) * Math.ceil(length / blockSize)
        : scales.length === 1 || scales.length === length;
    if (!fits || (zeroPoints && zeroPoints.length !== scales.length))
      throw unsupported(
        node,
        `has ${scales.length} scales and ${zeroPoints?.length ?? 'no'} zero points, which does not match [${tensor.dims}]`,
      );
    const key = `${viewKey(tensor.bytes, this.#buffers)}[${tensor.dims}] ${s} ${zp} ${axis} ${blockSize}`;
    const make = () => ({
      bytes: asBytes(dequantiseLinear(integers(tensor), tensor.dims, scales, zeroPoints, axis, blockSize)),
    });
    const made = { name: `${x}/float`, dims: tensor.dims, make, key };
    to.replace(node.outputs[0] ?? '', this.#define(made, to.builder));
    this.#release([x, s, zp]);
    return true;
  }

  #blocks(node: Node, names: { packed: string; scales: string; zeroPoints: string; rows: number; columns: number }) {
    const { rows, columns } = names;
    const bits = this.#bits(node);
    const blockSize = intAttr(node, 'block_size', 32);
    const blocks = Math.ceil(columns / blockSize);
    const packed = this.#constant(node, names.packed);
    const scales = toFloat32(this.#constant(node, names.scales));
    const stride = packed.bytes.byteLength / rows;
    if (!Number.isInteger(stride) || stride < (columns * bits) / 8 || scales.length !== rows * blocks)
      throw unsupported(
        node,
        `has weights [${packed.dims}] and ${scales.length} scales, which does not match ${rows} x ${columns} in blocks of ${blockSize}`,
      );
    const zeroPoints = this.#zeroPoints(node, names.zeroPoints, packed, bits, rows, blocks);
    const zeroKey = typeof zeroPoints === 'number' ? zeroPoints : names.zeroPoints;
    const key = `${viewKey(packed.bytes, this.#buffers)} ${names.scales} ${zeroKey} ${bits} ${blockSize} ${rows}x${columns}`;
    const make = () => {
      const source = { packed: unsignedBytes(packed), rows, columns, bits, blockSize, scales, zeroPoints };
      return packBlocks(source) ?? { bytes: asBytes(dequantiseBlocks(source)) };
    };
    return { name: `${names.packed}/float`, dims: [rows, columns], make, key };
  }

  /** The middle of the range for uint8, 0 for uint4 and for signed types (the middle once they are unsigned). */
  #zeroPoints(node: Node, name: string, packed: Initializer, bits: 4 | 8, rows: number, blocks: number) {
    if (name === '') return packed.dtype === 'uint4' ? 0 : 2 ** (bits - 1);
    const tensor = this.#constant(node, name);
    const values = isFloat(tensor.dtype)
      ? toFloat32(tensor)
      : unpackZeroPoints(unsignedBytes(tensor), rows, blocks, bits);
    if (values.length !== rows * blocks)
      throw unsupported(node, `has ${values.length} zero points for ${rows} x ${blocks} blocks`);
    const first = values[0] ?? 0;
    return values.every((v) => v === first) ? first : values;
  }

  #bits(node: Node): 4 | 8 {
    const bits = intAttr(node, 'bits', 4);
    if (bits !== 4 && bits !== 8) throw unsupported(node, `has ${bits}-bit weights; 4 and 8 bits are supported`);
    return bits;
  }

  #define(made: Made, builder: Rewriting['builder']): string {
    const known = this.#made.get(made.key);
    if (known !== undefined) return known;
    const name = builder.has(made.name) ? builder.fresh(made.name) : made.name;
    builder.initializer({ name, dtype: 'float32', dims: made.dims, ...made.make() });
    this.#made.set(made.key, name);
    return name;
  }

  #constant(node: Node, name: string): Initializer {
    const tensor = this.#tensors.get(name);
    if (!tensor) throw unsupported(node, `computes its weights at run time (${name}), which is not supported`);
    return tensor;
  }

  #release(names: readonly string[]): void {
    for (const name of names) {
      const left = (this.#uses.get(name) ?? 0) - 1;
      this.#uses.set(name, left);
      if (left <= 0) this.#tensors.delete(name);
    }
  }
}

/** The top bit flipped; zero points shift with it. */
function unsignedBytes({ dtype, bytes }: Initializer): Uint8Array {
  const top = dtype === 'int4' ? 0x88 : dtype === 'int8' ? 0x80 : 0;
  return top === 0 ? bytes : bytes.map((byte) => byte ^ top);
}
