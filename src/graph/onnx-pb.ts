/** As far as it is used; field numbers are those of onnx.proto (IR version 14). */

import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { corruptModel, StudioError } from '../lib/errors';
import { count } from '../lib/format';

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
export type Parts<M extends Name> = { readonly [F in keyof Messages[M]]?: Part<Kind<Messages[M][F]>> };

/** `Attribute.type`. */
export const ATTRIBUTE = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7, strings: 8 } as const;
/** `Tensor.dataLocation` of data in another file. */
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

function wireOf(one: Spec['one']): WireType {
  if (one === 'float') return WireType.Bit32;
  if (one === 'double') return WireType.Bit64;
  return one === 'int64' || one === 'uint64' || one === 'int32' ? WireType.Varint : WireType.LengthDelimited;
}

const isScalar = (one: Spec['one']): one is keyof Scalars => one in EMPTY;

/** The largest language models have a tenth of that. */
const MAX_PARTS = 2_000_000;
const COUNTED: ReadonlySet<Name> = new Set(['Model', 'Graph', 'Node', 'Attribute']);
const MAX_DEPTH = 100;

/** Bytes are views of the file. */
class Reader {
  readonly #wire: BinaryReader;
  #parts = 0;

  constructor(bytes: Uint8Array) {
    this.#wire = new BinaryReader(bytes);
  }

  message(name: Name, end: number, depth: number): Record<string, unknown> {
    if (depth > MAX_DEPTH) throw new RangeError('nested too deeply');
    const wire = this.#wire;
    const message: Record<string, unknown> = {};
    for (const { field, one, mark } of specs(name).values())
      message[field] = mark === '*' ? [] : mark === '?' ? undefined : EMPTY[one as keyof Scalars];
    while (wire.pos < end) {
      if (COUNTED.has(name) && ++this.#parts > MAX_PARTS) throw tooMany();
      const [number, type] = wire.tag();
      const spec = specs(name).get(number);
      if (spec && type === wireOf(spec.one)) {
        const value = this.#one(spec.one, end, depth);
        if (spec.mark === '*') (message[spec.field] as unknown[]).push(value);
        else message[spec.field] = value;
      } else if (spec?.mark === '*' && type === WireType.LengthDelimited) {
        const stop = this.#stop(end);
        while (wire.pos < stop) (message[spec.field] as unknown[]).push(this.#one(spec.one, stop, depth));
      } else wire.skip(type, number);
    }
    if (wire.pos !== end) throw new RangeError('cut off');
    return message;
  }

  #one(one: Spec['one'], end: number, depth: number): unknown {
    if (!isScalar(one)) return this.message(one, this.#stop(end), depth + 1);
    const value = this.#wire[one]();
    return one === 'int64' || one === 'uint64' ? BigInt(value as bigint | string) : value;
  }

  /** By the length that comes first. */
  #stop(end: number): number {
    const stop = this.#wire.uint32() + this.#wire.pos;
    if (stop > end) throw new RangeError('longer than its message');
    return stop;
  }
}

const tooMany = () =>
  corruptModel(
    `The model has more than ${count(MAX_PARTS)} parts (nodes, their inputs, outputs and attributes, weights). No language model has that many, so it is not loaded.`,
  );

/** @throws StudioError `model-corrupt` for no such message, or too many parts for a language model */
export function read<M extends Name>(name: M, bytes: Uint8Array): Message<M> {
  try {
    return new Reader(bytes).message(name, bytes.length, 0) as Message<M>;
  } catch (cause) {
    if (cause instanceof StudioError) throw cause;
    throw corruptModel('The file is not a readable ONNX model. It may be cut off: download or export it again.', {
      cause,
    });
  }
}

export const write = <M extends Name>(name: M, message: Parts<M>): Uint8Array<ArrayBuffer> =>
  written(new BinaryWriter(), name, message).finish();

function written(wire: BinaryWriter, name: Name, message: object): BinaryWriter {
  for (const { field, number, one, mark } of specs(name).values()) {
    const value = (message as Readonly<Record<string, unknown>>)[field];
    if (value === undefined) continue;
    for (const item of mark === '*' ? (value as readonly unknown[]) : [value]) {
      wire.tag(number, wireOf(one));
      if (isScalar(one)) (wire[one] as (scalar: unknown) => BinaryWriter).call(wire, item);
      else written(wire.fork(), one, item as object).join();
    }
  }
  return wire;
}
