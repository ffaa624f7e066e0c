import { sizeOf, toNumbers } from '../../graph/dtype';
import { type Graph, type Initializer, type Node, unsupported } from '../../graph/ir';
import { branchResults } from '../../graph/rewrite';
import { neededFor } from '../../graph/simplify';
import { present } from '../../lib/assert';
import { StudioError, unsupportedModel } from '../../lib/errors';
import { KEPT_ROWS, keptPast, type Planner, PRODUCTS, RULES, seenKeys, VIEWS } from './rules';
import {
  broadcast,
  type KernelPlan,
  mapKernel,
  numbers,
  type Product,
  productKernel,
  type Store,
  stored,
  storesOf,
  type Value,
} from './text';

/**
 * A graph as few WebGPU kernels, for given sizes of its inputs. Operators that move or combine elements are expressions,
 * written into the kernel that needs their elements. Kernels are products of matrices, and maps, which write the rows of a
 * value and may first sum along each row. Layers share their code, and so do runs of other sizes.
 */
export interface Plan {
  readonly kernels: readonly KernelPlan[];
  readonly feeds: ReadonlyMap<string, Store>;
  readonly fetches: ReadonlyMap<string, Store>;
}

/** WebGPU grants every device eight storage buffers a kernel. */
const MOST_STORES = 8;

class KernelPlanner implements Planner {
  readonly kernels: KernelPlan[] = [];
  readonly #mostStores: number;
  readonly #literals: ReadonlySet<number>;
  /** Of the last kernel: others of the same sizes join it. One of both is empty. */
  #maps: readonly Value[] = [];
  #products: readonly Product[] = [];

  constructor(mostStores: number, literals: ReadonlySet<number>) {
    this.#mostStores = mostStores;
    this.#literals = literals;
  }

  /** Into memory, if it is not there yet. */
  keep(value: Value): Store {
    if (value.store) return value.store;
    const store: Store = { dims: value.dims, type: value.type, weight: null };
    const alone = this.#bounded(value.inputs, () => mapKernel([[value, store]], this.#literals));
    const before = this.#maps.map((each) => [each, present(each.store, 'store')] as const);
    const isSame = before[0]?.[0].dims.join() === value.dims.join();
    const isFree = isSame && !before.some(([, each]) => alone.stores.includes(each));
    const joined = isFree ? mapKernel([...before, [value, store]], this.#literals) : null;
    value.store = store;
    if (sizeOf(value.dims) === 0) return store;
    const fits = this.#push(alone, joined);
    this.#maps = fits ? [...this.#maps, value] : [value];
    this.#products = [];
    return store;
  }

  /** Binds few enough buffers: inputs that read most of them are written to memory first. */
  #bounded(inputs: readonly Value[], write: () => KernelPlan): KernelPlan {
    for (;;) {
      const kernel = write();
      if (kernel.stores.length <= this.#mostStores) return kernel;
      const [next] = inputs
        .map((value) => ({ value, reads: value.store ? 1 : storesOf([value]).size }))
        .toSorted((a, b) => b.reads - a.reads);
      if (!next || next.reads < 2) throw unsupportedModel(`A kernel would bind ${kernel.stores.length} buffers.`);
      this.keep(next.value);
    }
  }

  /** True: the kernel also does what the last one did. */
  #push(alone: KernelPlan, joined: KernelPlan | null): boolean {
    const fits = joined !== null && joined.stores.length <= this.#mostStores;
    if (fits) this.kernels.pop();
    this.kernels.push(fits ? joined : alone);
    return fits;
  }

  /** Over the last two axes, plus c. */
  product(a: Value, b: Value, c: Value | null, isRowMajor: boolean): Value {
    const dims = [...broadcast([a.dims.slice(0, -2), b.dims.slice(0, -2)]), a.dims.at(-2) ?? 0, b.dims.at(-1) ?? 0];
    const product: Product = { a, b, c, isRowMajor, store: { dims, type: 'f32', weight: null } };
    if (sizeOf(dims) > 0) this.#multiply(product);
    return stored(product.store);
  }

  #multiply(product: Product): void {
    const { a, b, c } = product;
    const alone = this.#bounded([a, b, ...(c ? [c] : [])], () => productKernel([product], this.#literals));
    const before = this.#products;
    const isSame = before[0]?.store.dims.join() === product.store.dims.join();
    const isFree = isSame && !before.some(({ store }) => alone.stores.includes(store));
    const fits = this.#push(alone, isFree ? productKernel([...before, product], this.#literals) : null);
    this.#products = fits ? [...before, product] : [product];
    this.#maps = [];
  }
}

/** `known`: the number of a condition. */
export interface FeedShape {
  readonly dims: readonly number[];
  readonly dtype: string;
  readonly known?: readonly number[];
  /** Which tensor of rows that stay on the device. */
  readonly kept?: number | undefined;
  /** What keys get that are not seen. */
  readonly seen?: number | undefined;
}

/** With the branch of each If that a fed condition chooses. */
function chosenNodes(graph: Graph, feeds: ReadonlyMap<string, FeedShape>, fetches: readonly string[]) {
  const initializers = new Map<string, Initializer>(graph.initializers);
  const flatten = (nodes: readonly Node[]): readonly Node[] =>
    nodes.flatMap((node) => {
      if (node.op !== 'If') return [node];
      const condition = feeds.get(node.inputs[0] ?? '')?.known;
      const branch = condition && node.attrs[condition[0] ? 'then_branch' : 'else_branch'];
      if (branch?.type !== 'graph') throw unsupported(node, 'has a computed condition');
      for (const [name, tensor] of branch.value.initializers) initializers.set(name, tensor);
      return [...flatten(branch.value.nodes), ...branchResults(node, branch.value)];
    });
  const nodes = flatten(graph.nodes);
  const { needed } = neededFor({ ...graph, nodes }, fetches);
  return { nodes: nodes.filter((node) => needed.has(node)), initializers };
}

/** Written to memory: what is fetched, what products read (but for factors), and a Concat that several nodes read. */
function kept(nodes: readonly Node[], fetches: readonly string[]): ReadonlySet<string> {
  const source = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const base = (name: string): string => {
    const node = source.get(name);
    return node && VIEWS.has(node.op) ? base(node.inputs[0] ?? '') : name;
  };
  const keep = new Set(fetches);
  const readers = new Map<string, number>();
  for (const { op, inputs } of nodes) {
    if (PRODUCTS.has(op))
      for (const name of inputs.slice(0, 2).map(base)) if (source.get(name)?.op !== 'Mul') keep.add(name);
    for (const name of inputs) {
      readers.set(name, (readers.get(name) ?? 0) + 1);
      if (source.get(name)?.op === 'Concat' && readers.get(name) === 2) keep.add(name);
    }
  }
  return keep;
}

/** @throws StudioError `model-unsupported` for an operator without a rule, or a kernel that needs too many buffers */
export function planKernels(
  graph: Graph,
  feeds: ReadonlyMap<string, FeedShape>,
  fetches: readonly string[],
  mostStores = MOST_STORES,
): Plan {
  const { nodes, initializers } = chosenNodes(graph, feeds, fetches);
  const keep = kept(nodes, fetches);
  const planner = new KernelPlanner(mostStores, literalsOf(initializers));
  const fed = new Map<string, Store>();
  const [madeOfRows] = [...feeds.values()].filter(({ kept }) => kept !== undefined);
  const keptRows = keptPast(madeOfRows?.dims[0] ?? 0);
  const values = new Map<string, Value>();
  const find = (name: string): Value | undefined => {
    if (name === '') return undefined;
    const known = values.get(name);
    if (known) return known;
    const feed = feeds.get(name);
    const made =
      feed?.kept !== undefined
        ? keptRows(feed.dims, feed.kept)
        : feed?.seen !== undefined && seenKeys(feed.dims, feed.seen);
    const value = made ? made.value : valueFor(name, initializers.get(name), feed);
    const store = made ? made.table : value.store;
    if (store && !store.weight) fed.set(feed?.kept === undefined ? name : KEPT_ROWS, store);
    values.set(name, value);
    return value;
  };
  for (const node of nodes) {
    const rule = Object.hasOwn(RULES, node.op) ? RULES[node.op] : undefined;
    if (!rule) throw unsupported(node, 'has no kernel');
    const inputs = node.inputs.map(find);
    const outputs = rule(node, inputs as readonly Value[], planner);
    for (const [i, name] of node.outputs.entries()) {
      const value = present(outputs[i], `output ${i} of ${node.op}`);
      values.set(name, value);
      if (keep.has(name) && !value.known) planner.keep(value);
    }
  }
  const results = fetches.map((name) => [name, planner.keep(present(find(name), name))] as const);
  return { kernels: planner.kernels, feeds: fed, fetches: new Map(results) };
}

function valueFor(name: string, tensor: Initializer | undefined, feed: FeedShape | undefined): Value {
  if (tensor) {
    const isFloat = tensor.dtype === 'float32';
    if (sizeOf(tensor.dims) === 1 || !isFloat) return numbers(tensor.dims, toNumbers(tensor), isFloat ? 'f32' : 'i32');
    return stored({ dims: tensor.dims, type: 'f32', weight: name });
  }
  const { dims, dtype, known } = present(feed, `input ${name}`);
  const type = dtype === 'float32' ? 'f32' : 'i32';
  return known ? numbers(dims, known, type) : stored({ dims, type, weight: null });
}

/** They are in the code of kernels. */
const literalsOf = (initializers: ReadonlyMap<string, Initializer>): ReadonlySet<number> =>
  new Set(
    [...initializers.values()].flatMap((tensor) => [
      ...tensor.dims,
      ...(tensor.dtype === 'int64' ? toNumbers(tensor) : []),
    ]),
  );

/** Of bindings, by WebGPU's default limits. */
export const ALIGNMENT = 256;

const bytesOf = ({ dims }: Store): number => Math.ceil(Math.max(1, sizeOf(dims)) / 64) * ALIGNMENT;

/** Byte offsets in one buffer: the first gap that is free while the store is needed. */
export function placed({ kernels, feeds, fetches }: Plan): { offsets: Map<Store, number>; bytes: number } {
  const last = new Map<Store, number>();
  for (const [i, { stores }] of kernels.entries()) for (const store of stores) last.set(store, i);
  for (const store of fetches.values()) last.set(store, kernels.length);
  const offsets = new Map<Store, number>();
  let used: { begin: number; end: number; last: number }[] = [];
  let bytes = 0;
  const place = (store: Store, now: number) => {
    if (store.weight !== null || offsets.has(store)) return;
    used = used.filter((block) => block.last >= now);
    const size = bytesOf(store);
    let begin = 0;
    let at = 0;
    for (; at < used.length && (used[at]?.begin ?? 0) < begin + size; at++) begin = used[at]?.end ?? 0;
    used.splice(at, 0, { begin, end: begin + size, last: last.get(store) ?? now });
    offsets.set(store, begin);
    bytes = Math.max(bytes, begin + size);
  };
  for (const store of feeds.values()) place(store, 0);
  for (const [i, { writes }] of kernels.entries()) for (const store of writes) place(store, i);
  for (const store of fetches.values()) place(store, kernels.length);
  return { offsets, bytes };
}

/** Any sizes will do that fit each other. */
const TRIAL: Readonly<Record<string, number>> = { past: 3, tokens: 2, 'past + tokens': 5, batch: 1 };

/** Null = kernels of our own can run the graph, on either side of its conditions. */
export function whyUncovered(graph: Graph): string | null {
  const outputs = graph.outputs.map(({ name }) => name);
  const shapes = (condition: number) =>
    new Map(
      graph.inputs.map(({ name, dtype, shape }): [string, FeedShape] => [
        name,
        {
          dims: (shape ?? []).map((dim) => (typeof dim === 'number' ? dim : (TRIAL[dim ?? ''] ?? 2))),
          dtype,
          ...(dtype === 'bool' && { known: [condition] }),
        },
      ]),
    );
  try {
    for (const condition of [0, 1]) planKernels(graph, shapes(condition), outputs);
    return null;
  } catch (cause) {
    if (cause instanceof StudioError && cause.code === 'model-unsupported') return cause.message.replace(/\.$/, '');
    throw cause;
  }
}
