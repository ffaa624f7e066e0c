/**
 * ONNX's protobuf messages, as far as this room reads and writes them; other fields are skipped. Field numbers are those of
 * onnx.proto in ONNX (IR version 14), the encoding is that of https://protobuf.dev/programming-guides/encoding.
 */
import { StudioError } from '../lib/errors';

/** `*` repeated; `?` undefined where a file has none. Other scalars are then zero or empty, and messages undefined. */
const MESSAGES = {
  Model: {
    irVersion: [1, 'int64'],
    producerName: [2, 'string'],
    graph: [7, 'Graph?'],
    opsetImport: [8, 'Opset*'],
    functions: [25, 'Function*'],
  },
  Opset: { domain: [1, 'string'], version: [2, 'int64'] },
  Function: { name: [1, 'string'] },
  Graph: {
    node: [1, 'Node*'],
    name: [2, 'string'],
    initializer: [5, 'Tensor*'],
    input: [11, 'Value*'],
    output: [12, 'Value*'],
    valueInfo: [13, 'Value*'],
    sparseInitializer: [15, 'bytes*'],
  },
  Node: {
    input: [1, 'string*'],
    output: [2, 'string*'],
    name: [3, 'string'],
    opType: [4, 'string'],
    attribute: [5, 'Attribute*'],
    domain: [7, 'string'],
  },
  Attribute: {
    name: [1, 'string'],
    f: [2, 'float'],
    i: [3, 'int64'],
    s: [4, 'bytes'],
    t: [5, 'Tensor?'],
    g: [6, 'Graph?'],
    floats: [7, 'float*'],
    ints: [8, 'int64*'],
    strings: [9, 'bytes*'],
    type: [20, 'int32'],
  },
  Tensor: {
    dims: [1, 'int64*'],
    dataType: [2, 'int32'],
    floatData: [4, 'float*'],
    int32Data: [5, 'int32*'],
    int64Data: [7, 'int64*'],
    name: [8, 'string'],
    rawData: [9, 'bytes'],
    doubleData: [10, 'double*'],
    uint64Data: [11, 'uint64*'],
    externalData: [13, 'Entry*'],
    dataLocation: [14, 'int32'],
  },
  Entry: { key: [1, 'string'], value: [2, 'string'] },
  Value: { name: [1, 'string'], type: [2, 'Type?'] },
  Type: {
    tensor: [1, 'TensorType?'],
    sequence: [4, 'bytes?'],
    map: [5, 'bytes?'],
    opaque: [7, 'bytes?'],
    sparseTensor: [8, 'bytes?'],
    optional: [9, 'bytes?'],
  },
  TensorType: { elemType: [1, 'int32'], shape: [2, 'Shape?'] },
  Shape: { dim: [1, 'Dim*'] },
  Dim: { value: [1, 'int64?'], param: [2, 'string?'] },
} as const;

type Messages = typeof MESSAGES;
type Name = keyof Messages;
interface Scalars {
  string: string;
  bytes: Uint8Array;
  int64: bigint;
  uint64: bigint;
  int32: number;
  float: number;
  double: number;
}
type One<K> = K extends keyof Scalars ? Scalars[K] : K extends Name ? Message<K> : never;
type Field<K> = K extends `${infer O}*` ? readonly One<O>[] : K extends `${infer O}?` ? One<O> | undefined : One<K>;
export type Message<M extends Name> = { readonly [F in keyof Messages[M]]: Field<Kind<Messages[M][F]>> };
type Kind<T> = T extends readonly [number, infer K] ? K : never;

type OneToWrite<K> = K extends keyof Scalars ? Scalars[K] : K extends Name ? Parts<K> : never;
type Part<K> = K extends `${infer O}*` ? readonly OneToWrite<O>[] : OneToWrite<K extends `${infer O}?` ? O : K>;
/** A message to write: any of its fields. */
export type Parts<M extends Name> = { readonly [F in keyof Messages[M]]?: Part<Kind<Messages[M][F]>> };

/** Values of `Attribute.type`. */
export const ATTRIBUTE = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7, strings: 8 } as const;
/** The value of `Tensor.dataLocation` for data in another file. */
export const EXTERNAL = 1;

interface Spec {
  readonly field: string;
  readonly number: number;
  readonly one: Name | keyof Scalars;
  readonly mark: string;
}

const specsOf = (fields: Readonly<Record<string, readonly [number, string]>>): ReadonlyMap<number, Spec> =>
  new Map(
    Object.entries(fields).map(([field, [number, kind]]) => {
      const one = kind.replace(/[*?]$/, '') as Spec['one'];
      return [number, { field, number, one, mark: kind.slice(one.length) }];
    }),
  );
const SPECS = new Map(Object.entries(MESSAGES).map(([name, fields]) => [name as Name, specsOf(fields)]));
const specs = (name: Name) => SPECS.get(name) ?? new Map<number, Spec>();

const EMPTY = { string: '', bytes: new Uint8Array(0), int64: 0n, uint64: 0n, int32: 0, float: 0, double: 0 };
const VARINT = 0;
const SIXTY_FOUR_BITS = 1;
const LENGTH = 2;
const THIRTY_TWO_BITS = 5;

function wireOf(one: Spec['one']): number {
  if (one === 'float') return THIRTY_TWO_BITS;
  if (one === 'double') return SIXTY_FOUR_BITS;
  return one === 'int64' || one === 'uint64' || one === 'int32' ? VARINT : LENGTH;
}

/** Most fields of graphs and nodes that a model may have; the largest language models have a tenth of that. */
const MAX_PARTS = 2_000_000;
const COUNTED: ReadonlySet<Name> = new Set(['Model', 'Graph', 'Node', 'Attribute']);
const MAX_DEPTH = 100;

/** Reads messages, one after another. Bytes are views of the file. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #decoder = new TextDecoder();
  #at = 0;
  #parts = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The message that ends at `end`. */
  message(name: Name, end: number, depth: number): Record<string, unknown> {
    if (depth > MAX_DEPTH) throw new RangeError('nested too deeply');
    const message: Record<string, unknown> = {};
    for (const { field, one, mark } of specs(name).values())
      message[field] = mark === '*' ? [] : mark === '?' ? undefined : EMPTY[one as keyof Scalars];
    while (this.#at < end) {
      if (COUNTED.has(name) && ++this.#parts > MAX_PARTS) throw tooMany();
      const tag = this.#count();
      const wire = tag % 8;
      const stop = wire === LENGTH ? this.#count() + this.#at : end;
      if (stop > end) throw new RangeError('longer than its message');
      const spec = specs(name).get(Math.floor(tag / 8));
      if (spec && wire === wireOf(spec.one)) {
        const value = this.#one(spec.one, stop, depth);
        if (spec.mark === '*') (message[spec.field] as unknown[]).push(value);
        else message[spec.field] = value;
      } else if (spec?.mark === '*' && wire === LENGTH) {
        const values = message[spec.field] as unknown[];
        while (this.#at < stop) values.push(this.#one(spec.one, stop, depth));
      } else this.#skip(wire, stop);
    }
    if (this.#at !== end) throw new RangeError('cut off');
    return message;
  }

  #one(one: Spec['one'], stop: number, depth: number): unknown {
    switch (one) {
      case 'int64':
        return BigInt.asIntN(64, this.#varint());
      case 'uint64':
        return this.#varint();
      case 'int32':
        return Number(BigInt.asIntN(32, this.#varint()));
      case 'float':
        return this.#view.getFloat32(this.#skip(THIRTY_TWO_BITS, stop), true);
      case 'double':
        return this.#view.getFloat64(this.#skip(SIXTY_FOUR_BITS, stop), true);
      case 'bytes':
        return this.#bytes.subarray(this.#skip(LENGTH, stop), stop);
      case 'string':
        return this.#decoder.decode(this.#bytes.subarray(this.#skip(LENGTH, stop), stop));
      default:
        return this.message(one, stop, depth + 1);
    }
  }

  /** @returns where the skipped field began */
  #skip(wire: number, stop: number): number {
    const begin = this.#at;
    if (wire === VARINT) this.#varint();
    else if (wire === LENGTH) this.#at = stop;
    else if (wire === SIXTY_FOUR_BITS) this.#at += 8;
    else if (wire === THIRTY_TWO_BITS) this.#at += 4;
    else throw new RangeError('no field');
    return begin;
  }

  /** A varint that is small: a tag or a length. */
  #count(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 49; factor *= 128) {
      const byte = this.#view.getUint8(this.#at++);
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new RangeError('too long');
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#view.getUint8(this.#at++);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw new RangeError('a number of more than 64 bits');
  }
}

const tooMany = () =>
  new StudioError(
    'model-corrupt',
    `The model has more than ${MAX_PARTS.toLocaleString('en')} parts (nodes, their inputs, outputs and attributes, weights). No language model has that many, so it is not loaded.`,
  );

/** @throws StudioError `model-corrupt` for what is no such message, or has too many parts to be a language model */
export function read<M extends Name>(name: M, bytes: Uint8Array): Message<M> {
  try {
    return new Reader(bytes).message(name, bytes.length, 0) as Message<M>;
  } catch (cause) {
    if (cause instanceof StudioError) throw cause;
    throw new StudioError(
      'model-corrupt',
      'The file is not a readable ONNX model. It may be cut off: download or export it again.',
      { cause },
    );
  }
}

export function write<M extends Name>(name: M, message: Parts<M>): Uint8Array<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  for (const { field, number, one, mark } of specs(name).values()) {
    const value = (message as Readonly<Record<string, unknown>>)[field];
    if (value === undefined) continue;
    for (const item of mark === '*' ? (value as readonly unknown[]) : [value]) {
      const body = written(one, item);
      chunks.push(varint(number * 8 + wireOf(one)));
      if (wireOf(one) === LENGTH) chunks.push(varint(body.length));
      chunks.push(body);
    }
  }
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

const encoder = new TextEncoder();

function written(one: Spec['one'], value: unknown): Uint8Array {
  switch (one) {
    case 'int64':
    case 'uint64':
    case 'int32':
      return varint(value as bigint | number);
    case 'float':
      return new Uint8Array(Float32Array.of(value as number).buffer);
    case 'double':
      return new Uint8Array(Float64Array.of(value as number).buffer);
    case 'bytes':
      return value as Uint8Array;
    case 'string':
      return encoder.encode(value as string);
    default:
      return write(one, value as Parts<typeof one>);
  }
}

function varint(value: bigint | number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Uint8Array.of(...bytes, Number(rest));
}
