import { assert, present } from '../lib/assert';
import { isReducing, isRowwise, isVector, sumIntoLinear, writeCrossEntropy } from './before-lowering';
import { GraphBuilder } from './builder';
import { toNumbers } from './dtype';
import {
  flip,
  type Graph,
  HEAD,
  HEAD_GRAD,
  int,
  intAttr,
  ints,
  type Layout,
  LINEAR,
  layoutOf,
  type Node,
  subgraph,
  untyped,
  type ValueInfo,
} from './ir';
import { writeSilu } from './recognise';
import { reads } from './rewrite';
import { prune, shareCommon } from './simplify';

/**
 * Pseudo-operators as ONNX operators; the last step before `serialise` or `conditional`. A Linear becomes a Gemm between two
 * Reshapes, because only Gemm can read one weight both ways without a transposed copy. Elementwise operators and norms between
 * Linears work on the folded `[rows, width]` values, which are folded together only if their leading axes are equal by
 * construction.
 */
export function lower(graph: Graph): Graph {
  return prune(shareCommon(new Lowering(sumIntoLinear(shareCommon(writeSilu(writeCrossEntropy(graph))))).run()));
}

/** The leading axes of a value, then constants. */
interface ShapeVector {
  readonly lead: string;
  readonly tail: readonly number[];
}

class Lowering {
  readonly #graph: Graph;
  readonly #to: GraphBuilder;
  /** As `[rows, width]`. */
  readonly #folded = new Map<string, string>();
  /** For values not yet emitted: an emitted one with the same elements in the same order. */
  readonly #source = new Map<string, string>();
  readonly #width = new Map<string, number>();
  /** Stands for all values with the same leading axes; a value that is not listed stands for itself. */
  readonly #lead = new Map<string, string>();
  readonly #leadByDims = new Map<string, string>();
  readonly #shapes = new Map<string, ShapeVector>();
  readonly #declared: ReadonlyMap<string, ValueInfo>;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#to = GraphBuilder.rewrite(graph, 'lower/');
    this.#declared = new Map([...graph.values, ...graph.inputs.map((v) => [v.name, v] as const)]);
  }

  run(): Graph {
    for (const node of this.#graph.nodes) {
      if (node.op === LINEAR) this.#linear(node);
      else if (node.op === HEAD || node.op === HEAD_GRAD) this.#head(node);
      else if (!this.#shape(node) && !this.#reshape(node) && !this.#foldable(node)) this.#plain(node);
    }
    for (const { name } of this.#graph.outputs) this.#unfold(name);
    return this.#to.build();
  }

  #linear(node: Node): void {
    const [x = '', weight = '', bias = '', addend = ''] = node.inputs;
    const y = node.outputs[0] ?? '';
    const layout = layoutOf(node);
    const dims = present(this.#graph.initializers.get(weight), `weight ${weight} of ${node.name}`).dims;
    const [input = 0, output = 0] = layout === 'rows' ? [dims[1], dims[0]] : dims;
    const isMatrix = intAttr(node, 'rank', 0) === 2;
    const rowsOf = (name: string, width: number) => (isMatrix ? this.#unfold(name) : this.#fold(name, width));
    const added = addend === '' ? bias : rowsOf(addend, output);
    const inputs = [rowsOf(x, input), weight, ...(added === '' ? [] : [added])];
    const attrs = gemmAttrs(layout);
    if (isMatrix) {
      this.#width.set(y, output);
      this.#to.push({ op: 'Gemm', name: node.name, inputs, outputs: [y], attrs });
    } else this.#defer(y, this.#to.add('Gemm', inputs, { attrs }), this.#leadOf(x), output);
  }

  #defer(y: string, folded: string, lead: string, width: number): void {
    this.#folded.set(y, folded);
    this.#source.set(y, folded);
    this.#lead.set(y, lead);
    this.#width.set(y, width);
  }

  /** On folded values if at least one operand is already folded. False: not handled. */
  #foldable(node: Node): boolean {
    const y = node.outputs[0] ?? '';
    const operands = node.inputs.filter((name) => name !== '' && !this.#isVector(name));
    const first = operands[0];
    if (first === undefined || !isRowwise(node, this.#graph.initializers)) return false;
    const lead = this.#leadOf(first);
    if (operands.some((name) => this.#leadOf(name) !== lead)) return false;
    const widths = operands.map((name) => this.#widthOf(name));
    const vectors = node.inputs.filter((name) => this.#isVector(name)).map((name) => this.#vectorWidth(name));
    const known = widths.every((w): w is number => w !== undefined);
    const width = isReducing(node) ? 1 : Math.max(...widths.map((w) => w ?? 1), ...vectors);
    if (known && operands.some((name) => this.#folded.has(name))) {
      const inputs = node.inputs.map((name) =>
        operands.includes(name) ? this.#fold(name, present(this.#widthOf(name), `width of ${name}`)) : name,
      );
      this.#defer(y, this.#to.add(node.op, inputs, { attrs: node.attrs }), lead, width);
      return true;
    }
    this.#plain(node);
    this.#lead.set(y, lead);
    if (known) this.#width.set(y, width);
    return true;
  }

  /** Remembered, and emitted when needed from the value that stands for the axes. */
  #shape(node: Node): boolean {
    const [x = ''] = node.inputs;
    const y = node.outputs[0] ?? '';
    if (node.op === 'Shape') {
      const isLeading = intAttr(node, 'start', 0) === 0 && intAttr(node, 'end', 0) === -1;
      const width = this.#widthOf(x);
      if (!isLeading && (node.attrs.start || node.attrs.end || width === undefined || !this.#lead.has(x))) return false;
      this.#shapes.set(y, { lead: this.#leadOf(x), tail: isLeading ? [] : [width ?? 0] });
    } else if (node.op === 'Concat') {
      const head = this.#shapes.get(x);
      const rest = node.inputs.slice(1).map((name) => this.#graph.initializers.get(name));
      if (!head || rest.some((tensor) => tensor?.dtype !== 'int64')) return false;
      const tail = rest.flatMap((tensor) => (tensor ? toNumbers(tensor) : []));
      if (tail.some((d) => d <= 0)) return false;
      this.#shapes.set(y, { lead: head.lead, tail: [...head.tail, ...tail] });
    } else return false;
    return true;
  }

  /** A Reshape reads its input in any form; one to known leading axes and a width is emitted only when needed. */
  #reshape(node: Node): boolean {
    const [x = '', target = ''] = node.inputs;
    const y = node.outputs[0] ?? '';
    if (node.op !== 'Reshape') return false;
    const constant = this.#graph.initializers.get(target);
    const dims = constant ? toNumbers(constant) : null;
    const shape = this.#shapes.get(target) ?? (dims && this.#copiedLead(x, y, dims));
    if (!shape && (!dims || dims.includes(0))) return false;
    const from = this.#anyForm(x);
    const [width] = shape?.tail ?? [];
    if (shape && shape.tail.length === 1 && width !== undefined) {
      this.#source.set(y, from);
      this.#lead.set(y, shape.lead);
      this.#width.set(y, width);
    } else if (!shape) this.#to.push({ ...node, inputs: [from, target] });
    else this.#to.push({ ...node, inputs: [from, constant ? this.#emitShape(shape) : this.#shapeVector(target)] });
    return true;
  }

  /** What a target like [0, 0, 64] means, if it is known which leading axes the zeros copy. */
  #copiedLead(x: string, y: string, dims: readonly number[]): ShapeVector | null {
    const zeros = dims.findIndex((d) => d !== 0);
    const tail = dims.slice(zeros);
    if (zeros < 1 || tail.some((d) => d <= 0)) return null;
    const rank = (name: string) => this.#declared.get(name)?.shape?.length;
    if (rank(this.#leadOf(x)) === zeros + 1) return { lead: this.#leadOf(x), tail };
    return tail.length === 1 && this.#leadOf(y) !== y && rank(y) === zeros + 1 ? { lead: this.#leadOf(y), tail } : null;
  }

  #plain(node: Node): void {
    for (const name of reads(node)) this.#unfold(name);
    this.#to.push(node);
    const [x = '', w = ''] = node.inputs;
    const y = node.outputs[0] ?? '';
    const table = node.op === 'Gather' && intAttr(node, 'axis', 0) === 0 ? this.#graph.initializers.get(x) : undefined;
    const width = node.op === 'MatMul' ? this.#widthOf(w) : node.op === 'Identity' ? this.#widthOf(x) : undefined;
    if (table?.dims.length === 2) this.#width.set(y, table.dims[1] ?? 0);
    else if (width !== undefined) this.#width.set(y, width);
    if (node.op === 'Identity') this.#lead.set(y, this.#leadOf(x));
  }

  #head(node: Node): void {
    const [x = '', weight = '', ids = '', full = '', bias = '', shift = ''] = node.inputs;
    const layout = layoutOf(node);
    const attrs = gemmAttrs(node.op === HEAD ? layout : flip(layout));
    const [rows, fullVocabulary, selection] = [this.#unfold(x), this.#unfold(full), this.#unfold(ids)];
    const gathered = (b: GraphBuilder) => {
      const w = b.add('Gather', [weight, selection], { attrs: { axis: int(layout === 'rows' ? 0 : 1) } });
      if (shift === '') return w;
      const by = layout === 'rows' ? shift : b.add('Transpose', [shift], { attrs: { perm: ints([1, 0]) } });
      return b.add('Add', [w, by]);
    };
    const branch = (name: string, selected: boolean) => {
      const b = new GraphBuilder(undefined, `${name}/`);
      const w = selected ? gathered(b) : weight;
      const c = selected && bias !== '' ? b.add('Gather', [bias, selection], { attrs: { axis: int(0) } }) : bias;
      const y = b.add('Gemm', [rows, w, ...(c === '' ? [] : [c])], { attrs });
      return subgraph({ ...b.build(), name, outputs: [untyped(y)] });
    };
    const stem = this.#to.fresh('head');
    this.#to.push({
      ...node,
      op: 'If',
      inputs: [fullVocabulary],
      attrs: { then_branch: branch(`${stem}/full`, false), else_branch: branch(`${stem}/selected`, true) },
    });
  }

  /** As `[rows, width]`. */
  #fold(name: string, width: number): string {
    const known = this.#folded.get(name);
    if (known !== undefined) return known;
    const from = this.#anyForm(name);
    const folded = this.#to.add('Reshape', [from, this.#to.constant('int64', [2], [-1, width])]);
    this.#folded.set(name, folded);
    this.#width.set(name, width);
    return folded;
  }

  /** An emitted value with the same elements in the same order. */
  #anyForm(name: string): string {
    if (this.#shapes.has(name)) return this.#shapeVector(name);
    return this.#to.has(name) ? name : (this.#source.get(name) ?? name);
  }

  /** Under its own name and in its own shape. */
  #unfold(name: string): string {
    const from = this.#source.get(name);
    if (this.#shapes.has(name)) return this.#shapeVector(name);
    if (this.#to.has(name) || from === undefined) return name;
    const shape = { lead: this.#leadOf(name), tail: [present(this.#widthOf(name), `width of ${name}`)] };
    return this.#to.add('Reshape', [from, this.#emitShape(shape)], { name });
  }

  #shapeVector(name: string): string {
    const shape = present(this.#shapes.get(name), `shape ${name}`);
    return this.#to.has(name) ? name : this.#emitShape(shape, name);
  }

  /** `shareCommon` merges equal ones. */
  #emitShape({ lead, tail }: ShapeVector, name?: string): string {
    assert(this.#to.has(lead), `leading axes come from ${lead}, which exists only in folded form`);
    const leading = { attrs: { start: int(0), end: int(-1) } };
    if (tail.length === 0) return this.#to.add('Shape', [lead], { ...leading, name });
    const axes = this.#to.add('Shape', [lead], leading);
    const rest = this.#to.constant('int64', [tail.length], tail);
    return this.#to.add('Concat', [axes, rest], { attrs: { axis: int(0) }, name });
  }

  /** Values whose declared dimensions agree in all but the last axis have the same leading axes. */
  #leadOf(name: string): string {
    const known = this.#lead.get(name);
    const dims = this.#declared.get(name)?.shape?.slice(0, -1);
    if (known !== undefined || !dims || dims.length === 0 || dims.includes(null)) return known ?? name;
    const key = dims.join();
    const first = this.#leadByDims.get(key) ?? name;
    this.#leadByDims.set(key, first);
    return first;
  }

  #widthOf(name: string): number | undefined {
    const declared = this.#declared.get(name)?.shape?.at(-1) ?? this.#graph.initializers.get(name)?.dims.at(-1);
    return this.#width.get(name) ?? (typeof declared === 'number' ? declared : undefined);
  }

  #isVector(name: string): boolean {
    return isVector(this.#graph.initializers.get(name));
  }

  #vectorWidth(name: string): number {
    return this.#graph.initializers.get(name)?.dims[0] ?? 1;
  }
}

const gemmAttrs = (layout: Layout) => ({ transB: int(layout === 'rows' ? 1 : 0) });
