import { assert, present } from '../lib/assert';
import { intAttr } from './attrs';
import { GraphBuilder } from './builder';
import { HEAD, HEAD_GRAD, type Layout, LINEAR, layoutOf } from './core-ops';
import { shareCommon } from './cse';
import { prune } from './dce';
import { toNumbers } from './dtype';
import { type Graph, int, type Node, subgraph, type ValueInfo } from './ir';
import { reads } from './order';

/** Elementwise operators: what they do does not depend on how the leading axes are split. */
const elementwise = new Set(
  `Add Sub Mul Div Pow Sigmoid Tanh Neg Sqrt Reciprocal Exp Log Erf Relu Abs Sin Cos Gelu Softplus
   com.microsoft:Gelu com.microsoft:FastGelu com.microsoft:QuickGelu`.split(/\s+/),
);

/** Operators that see one row of the last axis at a time, given `axis` -1 (or `axes` [-1] and `keepdims`). */
const rowwise = new Set(['SimplifiedLayerNormalization', 'LayerNormalization', 'Softmax']);
const reducing = new Set(['ReduceMean', 'ReduceSum', 'ReduceMax']);

/**
 * Turns the pseudo-operators of `core-ops` into ONNX operators, as the last step before `serialise` (or before
 * `conditional`, which must come after it).
 *
 * A Linear is a Gemm between two Reshapes, since only Gemm can read one weight both ways without a transposed copy.
 * Between Linears, elementwise operators and norms are computed on the folded `[rows, width]` values, so that most of those
 * Reshapes never come to be. Two values are folded together only if their leading axes are the same by construction.
 */
export function lower(graph: Graph): Graph {
  return prune(shareCommon(new Lowering(graph).run()));
}

class Lowering {
  readonly #graph: Graph;
  readonly #to: GraphBuilder;
  /** Folded `[rows, width]` form of a value. */
  readonly #folded = new Map<string, string>();
  /** Size of the last axis, where known. */
  readonly #width = new Map<string, number>();
  /** A value with the same leading axes, which stands for all such values; a value not listed stands for itself. */
  readonly #lead = new Map<string, string>();

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#to = GraphBuilder.rewrite(graph, 'lower/');
  }

  run(): Graph {
    for (const node of this.#graph.nodes) {
      if (node.op === LINEAR) this.#linear(node);
      else if (node.op === HEAD || node.op === HEAD_GRAD) this.#head(node);
      else if (!this.#foldable(node)) this.#plain(node);
    }
    for (const { name } of this.#graph.outputs) this.#unfold(name);
    return this.#to.build();
  }

  #linear(node: Node): void {
    const [x = '', weight = '', bias = ''] = node.inputs;
    const y = node.outputs[0] ?? '';
    const layout = layoutOf(node);
    const dims = present(this.#graph.initializers.get(weight), `weight ${weight} of ${node.name}`).dims;
    const [input = 0, output = 0] = layout === 'rows' ? [dims[1], dims[0]] : dims;
    const inputs = [...(intAttr(node, 'rank', 0) === 2 ? [this.#unfold(x)] : [this.#fold(x, input)]), weight];
    if (bias !== '') inputs.push(bias);
    this.#width.set(y, output);
    const attrs = gemmAttrs(layout);
    if (intAttr(node, 'rank', 0) === 2) {
      this.#to.push({ op: 'Gemm', name: node.name, inputs, outputs: [y], attrs });
      return;
    }
    this.#folded.set(y, this.#to.add('Gemm', inputs, { attrs }));
    this.#lead.set(y, this.#leadOf(x));
  }

  /** Emits an operator on folded values if at least one of its operands already is folded; tells whether it did. */
  #foldable(node: Node): boolean {
    const y = node.outputs[0] ?? '';
    const operands = node.inputs.filter((name) => name !== '' && !this.#isVector(name));
    const first = operands[0];
    if (first === undefined || !this.#ignoresLead(node)) return false;
    const lead = this.#leadOf(first);
    if (operands.some((name) => this.#leadOf(name) !== lead)) return false;
    const widths = node.inputs.map((name) => this.#widthOf(name));
    const reduces = reducing.has(node.op);
    const width = reduces ? 1 : Math.max(...widths.map((w) => w ?? 0));
    const known = !operands.some((name) => this.#widthOf(name) === undefined);
    if (known) this.#width.set(y, width);
    if (!known || !operands.some((name) => this.#folded.has(name))) {
      this.#plain(node);
      // A value of lower rank than its class would be wrong to fold with it.
      this.#lead.set(y, lead);
      return true;
    }
    const inputs = node.inputs.map((name) =>
      operands.includes(name) ? this.#fold(name, this.#widthOf(name) ?? 0) : name,
    );
    this.#folded.set(y, this.#to.add(node.op, inputs, { attrs: node.attrs }));
    this.#lead.set(y, lead);
    return true;
  }

  #ignoresLead(node: Node): boolean {
    if (node.outputs.length !== 1) return false;
    if (elementwise.has(node.op)) return true;
    if (rowwise.has(node.op)) return intAttr(node, 'axis', -1) === -1;
    const axes = this.#graph.initializers.get(node.inputs[1] ?? '');
    return reducing.has(node.op) && intAttr(node, 'keepdims', 1) === 1 && !!axes && toNumbers(axes).join() === '-1';
  }

  #plain(node: Node): void {
    for (const name of reads(node)) this.#unfold(name);
    this.#to.push(node);
    const table = node.op === 'Gather' ? this.#graph.initializers.get(node.inputs[0] ?? '') : undefined;
    if (table?.dims.length === 2 && intAttr(node, 'axis', 0) === 0)
      this.#width.set(node.outputs[0] ?? '', table.dims[1] ?? 0);
  }

  #head(node: Node): void {
    const [x = '', weight = '', ids = '', full = '', bias = ''] = node.inputs;
    const layout = layoutOf(node);
    const attrs = gemmAttrs(node.op === HEAD ? layout : layout === 'rows' ? 'columns' : 'rows');
    const rows = this.#unfold(x);
    const branch = (name: string, selected: boolean) => {
      const b = new GraphBuilder(undefined, `${name}/`);
      const axis = layout === 'rows' ? 0 : 1;
      const w = selected ? b.add('Gather', [weight, ids], { attrs: { axis: int(axis) } }) : weight;
      const c = selected && bias !== '' ? b.add('Gather', [bias, ids], { attrs: { axis: int(0) } }) : bias;
      const y = b.add('Gemm', [rows, w, ...(c === '' ? [] : [c])], { attrs });
      return subgraph({ ...b.build(), name, outputs: [untyped(y)] });
    };
    const stem = this.#to.fresh('head');
    this.#to.push({
      op: 'If',
      name: node.name,
      inputs: [full],
      outputs: node.outputs,
      attrs: { then_branch: branch(`${stem}/full`, false), else_branch: branch(`${stem}/selected`, true) },
    });
  }

  /** The value as `[rows, width]`. */
  #fold(name: string, width: number): string {
    const known = this.#folded.get(name);
    if (known !== undefined) return known;
    const folded = this.#to.add('Reshape', [name, this.#to.constant('int64', [2], [-1, width])]);
    this.#folded.set(name, folded);
    return folded;
  }

  /** The value under its own name and in its own shape. */
  #unfold(name: string): string {
    const folded = this.#folded.get(name);
    if (this.#to.has(name) || folded === undefined) return name;
    const lead = this.#leadOf(name);
    assert(this.#to.has(lead), `leading axes of ${name} come from ${lead}, which is only folded`);
    const axes = this.#to.add('Shape', [lead], { attrs: { start: int(0), end: int(-1) } });
    const width = present(this.#width.get(name), `width of ${name}`);
    const shape = this.#to.add('Concat', [axes, this.#to.constant('int64', [1], [width])], { attrs: { axis: int(0) } });
    return this.#to.add('Reshape', [folded, shape], { name });
  }

  #leadOf(name: string): string {
    return this.#lead.get(name) ?? name;
  }

  #widthOf(name: string): number | undefined {
    const tensor = this.#graph.initializers.get(name);
    return tensor ? (tensor.dims.at(-1) ?? 1) : this.#width.get(name);
  }

  /** A constant that broadcasts against any row. */
  #isVector(name: string): boolean {
    const tensor = this.#graph.initializers.get(name);
    return tensor !== undefined && tensor.dims.length <= 1;
  }
}

const gemmAttrs = (layout: Layout) => ({ transB: int(layout === 'rows' ? 1 : 0) });

/** A branch output whose type the runtime infers. */
const untyped = (name: string): ValueInfo => ({ name, dtype: 'float32', shape: null });
