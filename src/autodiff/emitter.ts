import type { GraphBuilder } from '../graph/builder';
import { dtypeCode, isFloat, sizeOf, toNumbers } from '../graph/dtype';
import type { Shapes } from '../graph/infer/infer';
import type { Inferred } from '../graph/infer/rules';
import {
  type Attr,
  type DType,
  flip,
  type Graph,
  int,
  ints,
  type Layout,
  LINEAR,
  type Node,
  tensorAttr,
  withLayout,
} from '../graph/ir';
import { assert, present } from '../lib/assert';

type Attrs = Readonly<Record<string, Attr>>;
/** Reaches the end of the axis. */
const END = 2n ** 63n - 1n;

/** On floats only operators that run on ORT's WebGPU provider; integer arithmetic only on shapes. */
export class Emitter {
  readonly #builder: GraphBuilder;
  readonly #shapes: Shapes;
  readonly #producers: Map<string, Node>;
  /** What a symbol is read from, shared by all layers. */
  readonly #symbols: ReadonlyMap<string, { readonly input: string; readonly axis: number }>;

  constructor(builder: GraphBuilder, shapes: Shapes, { nodes, inputs }: Graph) {
    this.#builder = builder;
    this.#shapes = shapes;
    this.#producers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
    const named = inputs.flatMap(({ name, shape }) =>
      (shape ?? []).flatMap((dim, axis) => (typeof dim === 'string' ? [[dim, { input: name, axis }] as const] : [])),
    );
    this.#symbols = new Map(named.reverse());
  }

  op(op: string, inputs: readonly string[], attrs: Attrs = {}): string {
    return present(this.ops(op, inputs, attrs, 1)[0], `output of ${op}`);
  }

  ops(op: string, inputs: readonly string[], attrs: Attrs, outputs: number): readonly string[] {
    const names = this.#builder.add(op, inputs, { attrs, outputs });
    const node = { op, name: present(names[0], op), inputs, outputs: names, attrs };
    for (const name of names) this.#producers.set(name, node);
    this.#shapes.addNode(node);
    return names;
  }

  scalar(value: number): string {
    return this.#known(this.#builder.constant('float32', [], [value]));
  }

  int64s(values: readonly (number | bigint)[]): string {
    return this.#known(this.#builder.constant('int64', [values.length], values));
  }

  info(name: string): Inferred | undefined {
    return this.#shapes.of(name);
  }

  /** For cases that inference cannot see. */
  declareLike(name: string, like: string): void {
    this.#shapes.declare(name, present(this.#shapes.of(like), `shape of ${like}`));
  }

  isFloat(name: string): boolean {
    const dtype = this.#shapes.of(name)?.dtype;
    return dtype === undefined || isFloat(dtype);
  }

  tensor(name: string) {
    return this.#builder.tensor(name);
  }

  /** Of a small integer tensor, if they are known. */
  constantInts(name: string): readonly number[] | null {
    const elements = this.#shapes.of(name)?.elements;
    return elements?.every((e): e is number => typeof e === 'number') ? elements : null;
  }

  constantScalar(name: string): number | null {
    const producer = this.#producers.get(name);
    const tensor = this.#builder.tensor(name) ?? (producer?.op === 'Constant' ? tensorAttr(producer, 'value') : null);
    return tensor && sizeOf(tensor.dims) === 1 ? (toNumbers(tensor)[0] ?? null) : null;
  }

  /** A scaled copy of an initializer, made once; computed for other values. */
  scaled(name: string, factor: number): string {
    const tensor = this.#builder.tensor(name);
    if (factor === 1 || tensor?.dtype !== 'float32') return this.times(name, factor);
    return this.#known(this.#builder.scaled(name, factor));
  }

  add = (a: string, b: string) => this.op('Add', [a, b]);
  sub = (a: string, b: string) => this.op('Sub', [a, b]);
  mul = (a: string, b: string) => this.op('Mul', [a, b]);
  div = (a: string, b: string) => this.op('Div', [a, b]);
  pow = (a: string, b: string) => this.op('Pow', [a, b]);
  neg = (a: string) => this.op('Neg', [a]);
  exp = (a: string) => this.op('Exp', [a]);
  sqrt = (a: string) => this.op('Sqrt', [a]);
  sin = (a: string) => this.op('Sin', [a]);
  cos = (a: string) => this.op('Cos', [a]);
  tanh = (a: string) => this.op('Tanh', [a]);
  erf = (a: string) => this.op('Erf', [a]);
  sigmoid = (a: string) => this.op('Sigmoid', [a]);
  reciprocal = (a: string) => this.op('Reciprocal', [a]);
  where = (condition: string, a: string, b: string) => this.op('Where', [condition, a, b]);
  equal = (a: string, b: string) => this.op('Equal', [a, b]);
  greater = (a: string, b: string) => this.op('Greater', [a, b]);
  less = (a: string, b: string) => this.op('Less', [a, b]);
  softmax = (a: string, axis: number) => this.op('Softmax', [a], { axis: int(axis) });

  times = (a: string, k: number) => (k === 1 ? a : this.mul(a, this.scalar(k)));
  square = (a: string) => this.mul(a, a);
  oneMinus = (a: string) => this.sub(this.scalar(1), a);

  sum(x: string, axes: readonly number[], keepdims = true): string {
    return this.op('ReduceSum', [x, this.int64s(axes)], { keepdims: int(keepdims ? 1 : 0) });
  }

  /** Keeps the axes with size 1, as does `mean`. */
  sumSquare(x: string, axes: readonly number[]): string {
    return this.op('ReduceSumSquare', [x, this.int64s(axes)], { keepdims: int(1) });
  }

  mean(x: string, axes: readonly number[]): string {
    return this.op('ReduceMean', [x, this.int64s(axes)], { keepdims: int(1) });
  }

  matMul = (a: string, b: string) => this.op('MatMul', [a, b]);

  gemm(a: string, b: string, { transA = 0, transB = 0 }: { transA?: number; transB?: number }): string {
    return this.op('Gemm', [a, b], { transA: int(transA), transB: int(transB) });
  }

  /** By the transposed weight, read from the same blob. */
  linearBack = (x: string, weight: string, layout: Layout) => this.op(LINEAR, [x, weight], withLayout(flip(layout)));

  transpose(x: string, perm?: readonly number[]): string {
    return this.#transposedProduct(x, perm) ?? this.op('Transpose', [x], perm ? { perm: ints(perm) } : {});
  }

  /** Undoes such a Transpose instead of adding another. */
  swapLast(x: string): string {
    const rank = present(this.info(x)?.shape, `shape of ${x}`).length;
    return this.#beforeSwap(x) ?? this.transpose(x, lastSwapped(rank));
  }

  #beforeSwap(x: string): string | undefined {
    const producer = this.#producers.get(x);
    const perm = producer?.op === 'Transpose' ? producer.attrs.perm : undefined;
    return perm?.type === 'ints' && isLastSwap(perm.value) ? producer?.inputs[0] : undefined;
  }

  /** (A^T B)^T = B^T A: one Transpose instead of two. */
  #transposedProduct(x: string, perm: readonly number[] | undefined): string | null {
    const producer = this.#producers.get(x);
    const [at = '', b = ''] = producer?.op === 'MatMul' ? producer.inputs : [];
    const a = perm && isLastSwap(perm) ? this.#beforeSwap(at) : undefined;
    const sameRank = this.info(b)?.shape?.length === perm?.length;
    return a !== undefined && sameRank ? this.matMul(this.swapLast(b), a) : null;
  }

  shape = (x: string) => this.op('Shape', [x]);
  /** Of one axis, an int64 vector of length 1. */
  size = (x: string, axis: number) => {
    const dim = this.info(x)?.shape?.[axis];
    if (typeof dim === 'number') return this.int64s([dim]);
    const from = this.#symbols.get(dim ?? '') ?? { input: x, axis };
    return this.op('Shape', [from.input], { start: int(from.axis), end: int(from.axis + 1) });
  };

  reshape = (x: string, shape: string) => this.op('Reshape', [x, shape]);

  /** Which has equally many elements. The shape is a constant if possible. @param mayBeEmpty a size may be 0 */
  reshapeLike(x: string, like: string, mayBeEmpty = false): string {
    const from = this.info(x)?.shape;
    const to = this.info(like)?.shape;
    if (from && to && from.length === to.length && from.every((dim, i) => dim === to[i])) return x;
    if (mayBeEmpty) return this.op('Reshape', [x, this.shape(like)], { allowzero: int(1) });
    const dims = to?.map((dim, i) => (typeof dim === 'number' ? dim : dim === from?.[i] ? 0 : -1));
    const constant = dims && dims.filter((dim) => dim === -1).length < 2 && !to?.includes(0);
    return this.reshape(x, constant ? this.int64s(dims) : this.shape(like));
  }

  expand = (x: string, shape: string) => this.op('Expand', [x, shape]);
  zerosLike = (x: string) => this.expand(this.scalar(0), this.shape(x));

  /** On one axis; the bounds are int64 vectors of length 1. */
  slice(x: string, start: string, end: string, axis: number): string {
    return this.op('Slice', [x, start, end, this.int64s([axis])]);
  }

  /** Of a value that is not needed as a whole: if x is a product, slices its operand and so multiplies less. */
  part(x: string, start: string, end: string, axis: number): string {
    const producer = this.#producers.get(x);
    const rank = this.info(x)?.shape?.length ?? 0;
    const [a = '', b = ''] = producer?.inputs ?? [];
    const side = producer?.op === 'MatMul' && axis >= rank - 2 ? (axis === rank - 2 ? a : b) : null;
    const cut = side !== null && this.info(side)?.shape?.length === rank ? this.part(side, start, end, axis) : null;
    if (cut !== null) return side === a ? this.matMul(cut, b) : this.matMul(a, cut);
    const swapped = axis >= rank - 2 ? this.#beforeSwap(x) : undefined;
    if (swapped === undefined) return this.slice(x, start, end, axis);
    return this.swapLast(this.part(swapped, start, end, 2 * rank - 3 - axis));
  }

  get end(): string {
    return this.int64s([END]);
  }

  split(x: string, sizes: readonly number[], axis: number): readonly string[] {
    return this.ops('Split', [x, this.int64s(sizes)], { axis: int(axis) }, sizes.length);
  }

  /** Of int64 vectors of length 1. */
  plus(a: string, b: string): string {
    if (this.#isZero(a)) return b;
    return this.#isZero(b) ? a : (this.#folded(a, b, (x, y) => x + y) ?? this.add(a, b));
  }

  minus(a: string, b: string): string {
    return this.#isZero(b) ? a : (this.#folded(a, b, (x, y) => x - y) ?? this.sub(a, b));
  }

  #isZero = (a: string) => this.constantInts(a)?.join() === '0';

  cast(x: string, dtype: DType): string {
    return this.op('Cast', [x], { to: int(dtypeCode(dtype)) });
  }

  /** Drops the axes; the result has the shape of `like`. */
  sumTo(x: string, axes: readonly number[], like: string): string {
    const summed = this.sum(x, axes, false);
    this.declareLike(summed, like);
    return summed;
  }

  /** Of int64 vectors; a constant if all of them are known. */
  joined(parts: readonly string[]): string {
    const known = parts.map((part) => this.constantInts(part));
    const constant = known.every((part) => part !== null);
    return constant ? this.int64s(known.flat()) : this.concat(parts, 0);
  }

  concat(parts: readonly string[], axis: number): string {
    assert(parts.length > 0, 'Concat of nothing');
    return this.op('Concat', parts, { axis: int(axis) });
  }

  #folded(a: string, b: string, f: (x: number, y: number) => number): string | null {
    const [x] = this.constantInts(a) ?? [];
    const [y] = this.constantInts(b) ?? [];
    return x === undefined || y === undefined ? null : this.int64s([f(x, y)]);
  }

  #known(name: string): string {
    if (!this.#shapes.of(name)) this.#shapes.addInitializer(present(this.#builder.tensor(name), name));
    return name;
  }
}

const lastSwapped = (rank: number): readonly number[] =>
  Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));

const isLastSwap = (perm: readonly number[]) =>
  perm.length > 1 && perm.every((axis, i) => axis === lastSwapped(perm.length)[i]);
