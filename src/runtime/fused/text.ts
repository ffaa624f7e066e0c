import { sizeOf } from '../../graph/dtype';
import { assert, present } from '../../lib/assert';
import { unsupportedModel } from '../../lib/errors';

export interface KernelPlan {
  readonly code: string;
  /** In order of the bindings. */
  readonly stores: readonly Store[];
  readonly writes: readonly Store[];
  /** For the uniform buffer. */
  readonly sizes: readonly number[];
  readonly grid: readonly [number, number, number];
}

/** A weight, by its name, or what a run computes or is fed. */
export interface Store {
  readonly dims: readonly number[];
  readonly type: ElementType;
  readonly weight: string | null;
}

export type ElementType = 'f32' | 'i32';
export type Index = readonly string[];

/** `at` writes the element at an index. */
export interface Value {
  readonly dims: readonly number[];
  readonly type: ElementType;
  /** Numbers known in advance. */
  readonly known?: readonly number[];
  /** Once a kernel has written the value. */
  store?: Store;
  readonly inputs: readonly Value[];
  at(kernel: Kernel, index: Index): string;
}

/** Threads of a map's workgroup, and rows and columns of a product's tile. */
const [THREADS, TILE, DEPTH] = [64, 32, 16];
/** Workgroups along one axis of a grid. */
const MOST_GROUPS = 65535;
/** Of 4 bytes each. */
const MOST_SIZES = 64;

export const literal = (value: number, type: ElementType): string => {
  assert(Number.isFinite(value), `constant ${value} in a kernel`);
  return type === 'i32' ? `i32(${value})` : `f32(${value})`;
};

/** The text of a kernel while it is written. */
export class Kernel {
  readonly stores: Store[] = [];
  readonly totals: string[] = [];
  /** Sizes that a run decides, in the order of `sizes` in the code. */
  readonly sizes: number[] = [];
  readonly #literals: ReadonlySet<number>;
  #lead: string | null = null;
  readonly #totals = new Map<Value, string>();
  readonly #ids = new Map<Value, number>();
  #lines: string[] = [];
  #memo = new Map<string, string>();
  #variables = 0;

  /** @param literals sizes that never change, which may be in the code */
  constructor(literals: ReadonlySet<number>) {
    this.#literals = literals;
  }

  /** From the uniform buffer if it changes from run to run, so that runs share their code. */
  size(n: number): string {
    return n < 2 || this.#literals.has(n) ? String(n) : this.#uniform(n);
  }

  /** Differs between kernels that share their code; no size equals its complement. */
  varying = (n: number): string => `~${this.#uniform(~n)}`;

  #uniform(n: number): string {
    const known = this.sizes.indexOf(n);
    const i = known < 0 ? this.sizes.push(n) - 1 : known;
    assert(i < MOST_SIZES, `a kernel has more than ${MOST_SIZES} sizes`);
    return `sizes[${i >> 2}][${i & 3}]`;
  }

  /** Row-major offset of an element. */
  linear(dims: readonly number[], index: Index): string {
    let stride = 1;
    const terms: string[] = [];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      if (index[axis] !== '0') terms.unshift(stride === 1 ? `${index[axis]}` : `${index[axis]} * ${this.size(stride)}`);
      stride *= dims[axis] as number;
    }
    return terms.length === 0 ? '0' : `(${terms.join(' + ')})`;
  }

  /** Of the element at an offset. */
  unravel(dims: readonly number[], offset: string): Index {
    let stride = 1;
    const index: string[] = [];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      const size = dims[axis] as number;
      const quotient = stride === 1 ? offset : `(${offset} / ${this.size(stride)})`;
      const isFirst = dims.slice(0, axis).every((d) => d === 1);
      index.unshift(size === 1 ? '0' : isFirst ? quotient : `(${quotient} % ${this.size(size)})`);
      stride *= size;
    }
    return index;
  }

  /** Of row `r`, whose columns this kernel writes. */
  rows(dims: readonly number[]): Index {
    const lead = this.unravel(dims.slice(0, -1), 'r');
    this.#lead = lead.join();
    return lead;
  }

  binding(store: Store): string {
    const known = this.stores.indexOf(store);
    return `b${known < 0 ? this.stores.push(store) - 1 : known}`;
  }

  /** Returns the variable's name. */
  let(expression: string): string {
    const name = `v${this.#variables++}`;
    this.#lines.push(`let ${name} = ${expression};`);
    return name;
  }

  /** In a variable if it is more than one word. */
  offset = (expression: string): string => (/^[\w.]+$/.test(expression) ? expression : this.let(expression));

  /** Equal ones are computed once. */
  read(value: Value, index: Index): string {
    if (value.known && sizeOf(value.dims) === 1) return literal(value.known[0] as number, value.type);
    const key = `${this.#idOf(value)}:${index}`;
    const found = this.#memo.get(key);
    if (found !== undefined) return found;
    const { store } = value;
    const text = store ? this.let(`${this.binding(store)}[${this.linear(store.dims, index)}]`) : value.at(this, index);
    const name = store || /^[\w.]+$/.test(text) ? text : this.let(text);
    this.#memo.set(key, name);
    return name;
  }

  #idOf(value: Value): number {
    const id = this.#ids.get(value) ?? this.#ids.size;
    this.#ids.set(value, id);
    return id;
  }

  /** In a scope of its own. `isFresh`: without the variables around it. */
  block(write: () => string, isFresh = true): { lines: string; result: string } {
    const [lines, memo] = [this.#lines, this.#memo];
    this.#lines = [];
    this.#memo = new Map(isFresh ? [] : memo);
    const result = write();
    const written = this.#lines.join('\n');
    [this.#lines, this.#memo] = [lines, memo];
    return { lines: written, result };
  }

  /** The first part whose condition holds. */
  choose(parts: readonly { readonly when: string; read(): string }[], type: ElementType): string {
    const name = `v${this.#variables++}`;
    this.#lines.push(`var ${name}: ${type};`);
    parts.forEach(({ when, read }, i) => {
      const { lines, result } = this.block(read, false);
      const condition = i === parts.length - 1 ? '' : `if (${when}) `;
      this.#lines.push(`${i === 0 ? '' : 'else '}${condition}{\n${lines}\n${name} = ${result};\n}`);
    });
    return name;
  }

  /** A sum by one thread. */
  loop(count: number, term: (i: string) => string): string {
    const n = this.#variables++;
    const { lines, result } = this.block(() => term(`i${n}`), false);
    this.#lines.push(
      `var s${n} = 0f;\nfor (var i${n} = 0; i${n} < ${this.size(count)}; i${n}++) {\n${lines}\ns${n} += ${result};\n}`,
    );
    return `s${n}`;
  }

  /** Then a workgroup can sum along a row. */
  isRow = (lead: Index): boolean => this.#lead !== null && this.#lead === lead.join();

  /** By the whole workgroup. */
  total(value: Value, kind: 'sum' | 'max', x: Value, lead: Index): string {
    const known = this.#totals.get(value);
    if (known !== undefined) return known;
    const { lines, result } = this.block(() => this.read(x, [...lead, 'c']));
    const name = `t${this.#totals.size}`;
    this.#totals.set(value, name);
    const [zero, next] = kind === 'sum' ? ['0f', `${name} + ${result}`] : ['-3.4e38f', `max(${name}, ${result})`];
    this.totals.push(
      `var ${name} = ${zero};\nfor (var c = i32(t); c < ${this.size(x.dims.at(-1) ?? 1)}; c += ${THREADS}) {\n${lines}\n${name} = ${next};\n}\n${name} = ${kind}_of(${name}, t);`,
    );
    return name;
  }

  bindings(): string {
    const sizes = `@group(0) @binding(0) var<uniform> sizes: array<vec4i, ${MOST_SIZES / 4}>;`;
    const stores = this.stores.map(
      ({ type }, i) => `@group(0) @binding(${i + 1}) var<storage, read_write> b${i}: array<${type}>;`,
    );
    return [sizes, ...stores].join('\n');
  }
}

const across = (kind: string, combine: string) => `
fn ${kind}_of(value: f32, t: u32) -> f32 {
  part[t] = value;
  workgroupBarrier();
  for (var half = ${THREADS / 2}u; half > 0u; half /= 2u) {
    if (t < half) { part[t] = ${combine}; }
    workgroupBarrier();
  }
  let whole = part[0];
  workgroupBarrier();
  return whole;
}`;
const ACROSS = `var<workgroup> part: array<f32, ${THREADS}>;${across('sum', 'part[t] + part[t + half]')}${across('max', 'max(part[t], part[t + half])')}`;

/** Bound by a kernel that reads these values. */
export function storesOf(values: readonly Value[]): ReadonlySet<Store> {
  const seen = new Set<Value>();
  const visit = (value: Value): readonly Store[] => {
    if (seen.has(value)) return [];
    seen.add(value);
    return value.store ? [value.store] : value.inputs.flatMap(visit);
  };
  return new Set(values.flatMap(visit));
}

/** Right-aligned index of an operand that broadcasts. */
export const aligned = ({ dims }: Value, index: Index): Index =>
  index.slice(index.length - dims.length).map((i, axis) => (dims[axis] === 1 ? '0' : i));

/** Of a result whose operands are stretched to fit each other. */
export const broadcast = (shapes: readonly (readonly number[])[]): readonly number[] => {
  const rank = Math.max(...shapes.map((dims) => dims.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((dims) => dims[axis - rank + dims.length] ?? 1);
    return sizes.find((size) => size !== 1) ?? 1;
  });
};

/** Costs nothing until a kernel reads it. */
export const lazy = (
  dims: readonly number[],
  inputs: readonly Value[],
  at: Value['at'],
  type: ElementType = 'f32',
): Value => ({ dims, type, inputs, at });

/** A kernel can read them only if there is one. */
export const numbers = (dims: readonly number[], known: readonly number[], type: ElementType): Value => ({
  ...lazy(dims, [], () => never(), type),
  known,
});
const never = (): never => {
  throw unsupportedModel('A kernel would read a constant of several integers.');
};

/** In the same order. */
export const reshaped = (x: Value, dims: readonly number[]): Value =>
  dims.join() === x.dims.join()
    ? x
    : x.known
      ? numbers(dims, x.known, x.type)
      : lazy(dims, [x], (k, index) => k.read(x, k.unravel(x.dims, k.offset(k.linear(dims, index)))), x.type);

/** At an index made of the output's. */
export const moved = (x: Value, dims: readonly number[], from: (index: Index, k: Kernel) => Index): Value =>
  lazy(dims, [x], (k, index) => k.read(x, from(index, k)), x.type);

export const stored = (store: Store): Value => ({
  dims: store.dims,
  type: store.type,
  store,
  inputs: [],
  at: (k, index) => `${k.binding(store)}[${k.linear(store.dims, index)}]`,
});

/** Of equal sizes: a thread an element, or a workgroup a row where rows are summed. */
export function mapKernel(outputs: readonly (readonly [Value, Store])[], literals: ReadonlySet<number>): KernelPlan {
  const dims = present(outputs[0], 'output')[0].dims;
  const width = dims.at(-1) ?? 1;
  const rows = width === 0 ? 0 : sizeOf(dims) / width;
  const k = new Kernel(literals);
  const lead = k.rows(dims);
  const bodies = outputs.map(([value, store]) => {
    const { lines, result } = k.block(() => value.at(k, dims.length === 0 ? [] : [...lead, 'c']));
    return `{\n${lines}\n${k.binding(store)}[r * ${k.size(width)} + c] = ${result};\n}`;
  });
  const head =
    '@compute @workgroup_size(64)\nfn main(@builtin(workgroup_id) w: vec3u, @builtin(local_invocation_index) t: u32) {';
  const group = `let g = i32(w.x + w.y * ${MOST_GROUPS}u)`;
  const isRow = k.totals.length > 0;
  const body = isRow
    ? `${group};\nif (g >= ${k.size(rows)}) { return; }\nlet r = g;\n${k.totals.join('\n')}\nfor (var c = i32(t); c < ${k.size(width)}; c += ${THREADS}) {\n${bodies.join('\n')}\n}`
    : `${group} * ${THREADS} + i32(t);\nif (g >= ${k.size(rows * width)}) { return; }\nlet r = g / ${k.size(width)};\nlet c = g % ${k.size(width)};\n${bodies.join('\n')}`;
  const groups = isRow ? rows : Math.ceil((rows * width) / THREADS);
  return {
    code: `${k.bindings()}\n${isRow ? ACROSS : ''}\n${head}\n${body}\n}`,
    stores: k.stores,
    sizes: k.sizes,
    writes: outputs.map(([, store]) => store),
    grid: [Math.min(groups, MOST_GROUPS), Math.ceil(groups / MOST_GROUPS), 1],
  };
}

/** Over the last two axes, plus c. `isRowMajor`: a row of b is what is summed. */
export interface Product {
  readonly a: Value;
  readonly b: Value;
  readonly c: Value | null;
  readonly isRowMajor: boolean;
  readonly store: Store;
}

/** Of equal sizes: tiles of 32 x 32 sums by 64 threads, 4 x 4 each; 16 columns and rows at a time are in workgroup memory. */
export function productKernel(products: readonly Product[], literals: ReadonlySet<number>): KernelPlan {
  const dims = present(products[0], 'product').store.dims;
  const batch = sizeOf(dims.slice(0, -2));
  const [rows = 0, columns = 0] = dims.slice(-2);
  const k = new Kernel(literals);
  const texts = products.map((product) => `{\n${productText(k, product)}\n}`);
  const group = products.length === 1 ? 'let z = i32(w.z);' : `let z = i32(w.z) % ${k.size(batch)};`;
  const body = texts.map((text, i) =>
    i === texts.length - 1 ? text : `if (i32(w.z) < ${k.size((i + 1) * batch)}) ${text} else `,
  );
  const code = `${k.bindings()}
var<workgroup> p: array<f32, ${TILE * DEPTH}>;
var<workgroup> q: array<f32, ${TILE * DEPTH}>;
@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) w: vec3u, @builtin(local_invocation_id) l: vec3u, @builtin(local_invocation_index) t: u32) {
let m0 = i32(w.y) * ${TILE}; let n0 = i32(w.x) * ${TILE}; ${group}
let y = i32(l.y) * 4; let x = i32(l.x) * 4;
var sums: array<vec4f, 4>;
${body.join('')}
}`;
  return {
    code,
    stores: k.stores,
    sizes: k.sizes,
    writes: products.map(({ store }) => store),
    grid: [Math.ceil(columns / TILE), Math.ceil(rows / TILE), products.length * batch],
  };
}

function productText(k: Kernel, { a, b, c, isRowMajor, store }: Product): string {
  const lead = k.unravel(store.dims.slice(0, -2), 'z');
  const [M, N, K] = [...store.dims.slice(-2), a.dims.at(-1) ?? 0].map((n) => k.size(n));
  const tile = (x: Value, name: string, place: string, bound: string, at: Index, cell: string) => {
    const { lines, result } = k.block(() => k.read(x, aligned(x, [...lead, ...at])));
    return `{ ${place}\nvar e = 0f;\nif (${bound}) {\n${lines}\ne = ${result};\n}\n${name}[${cell}] = e; }`;
  };
  const byK = (n: string, origin: string) => `let ${n} = ${origin} + i / ${DEPTH}; let k = k0 + i % ${DEPTH};`;
  const cell = `i % ${DEPTH} * ${TILE} + i / ${DEPTH}`;
  const left = tile(a, 'p', byK('m', 'm0'), `m < ${M} && k < ${K}`, ['m', 'k'], cell);
  const place = isRowMajor ? byK('n', 'n0') : `let n = n0 + i % ${TILE}; let k = k0 + i / ${TILE};`;
  const right = tile(b, 'q', place, `n < ${N} && k < ${K}`, ['k', 'n'], isRowMajor ? cell : 'i');
  const added = c ? k.block(() => k.read(c, aligned(c, [...lead, 'm', 'n']))) : { lines: '', result: '0f' };
  const four = (name: string, base: string) =>
    `vec4f(${[0, 1, 2, 3].map((j) => `${name}[${base} + ${j}]`).join(', ')})`;
  return `for (var k0 = 0; k0 < ${K}; k0 += ${DEPTH}) {
for (var i = i32(t); i < ${TILE * DEPTH}; i += ${THREADS}) {
${left}
${right}
}
workgroupBarrier();
for (var d = 0; d < ${TILE * DEPTH}; d += ${TILE}) {
let u = ${four('p', 'd + y')};
let v = ${four('q', 'd + x')};
for (var j = 0; j < 4; j++) { sums[j] += u[j] * v; }
}
workgroupBarrier();
}
for (var i = 0; i < 4; i++) { for (var j = 0; j < 4; j++) {
let m = m0 + y + i; let n = n0 + x + j;
if (m < ${M} && n < ${N}) {
${added.lines}
${k.binding(store)}[(z * ${M} + m) * ${N} + n] = sums[i][j] + ${added.result};
}
} }`;
}
