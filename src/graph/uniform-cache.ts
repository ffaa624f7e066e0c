import { GraphBuilder } from './builder';
import { DIMS } from './decoder';
import { type Dim, type Graph, int, ints, type ValueInfo } from './ir';

/**
 * Brings caches of older exports into the usual form, `[batch, heads, past, headDim]`, one input for keys and one for values
 * per layer:
 *
 *     keys [batch heads, headDim, past], values [batch heads, past, headDim]      BLOOM
 *     keys and values in one [batch, past, 2 headDim]                             GPT-BigCode
 *
 * `hidden` gives the number of heads if the first axis hides it: such models have one key head per query head.
 */
export function uniformCache(graph: Graph, hidden: number): Graph {
  const odd = (v: ValueInfo, side: RegExp) => side.test(v.name) && v.shape?.length === 3;
  if (!graph.inputs.some((v) => odd(v, /^past/))) return graph;
  const b = GraphBuilder.rewrite({
    ...graph,
    inputs: graph.inputs.filter((v) => !odd(v, /^past/)),
    outputs: graph.outputs.filter((v) => !odd(v, /^present/)),
  });
  for (const input of graph.inputs) if (odd(input, /^past/)) readPast(b, input, hidden);
  for (const node of graph.nodes) b.push(node);
  for (const output of graph.outputs) if (odd(output, /^present/)) giveOut(b, output, graph, hidden);
  return b.build();
}

interface Layout {
  readonly kind: 'key' | 'value' | 'key_value';
  readonly heads: number;
  readonly headDim: number;
}

/** The known one of the three axes tells the head size. */
function layoutOf({ name, shape }: ValueInfo, hidden: number): Layout | null {
  const kind = /[._](key_value|key|value)(_\d+)?$/.exec(name)?.[1] as Layout['kind'] | undefined;
  const known = shape?.slice(1).find((d): d is number => typeof d === 'number');
  if (kind === undefined || known === undefined) return null;
  return kind === 'key_value'
    ? { kind, heads: 1, headDim: known / 2 }
    : { kind, heads: hidden / known, headDim: known };
}

const number = (name: string) => /\d+/.exec(name)?.[0] ?? '0';
const uniform = (side: 'past' | 'present', kind: string, name: string) => `${side}_uniform.${number(name)}.${kind}`;
const shapeOf = ({ heads, headDim }: Layout, slots: Dim): Dim[] => [DIMS.batch, heads, slots, headDim];

function readPast(b: GraphBuilder, input: ValueInfo, hidden: number): void {
  const layout = layoutOf(input, hidden);
  if (!layout) {
    b.input(input.name, input.dtype, input.shape);
    return;
  }
  const kinds = layout.kind === 'key_value' ? ['key', 'value'] : [layout.kind];
  const pasts = kinds.map((kind) => b.input(uniform('past', kind, input.name), 'float32', shapeOf(layout, DIMS.past)));
  if (layout.kind === 'key_value') {
    const both = b.add('Concat', pasts, { attrs: { axis: int(-1) } });
    b.add('Squeeze', [both, b.constant('int64', [1], [1])], { name: input.name });
    return;
  }
  const [past = ''] = pasts;
  const dims = b.add('Shape', [past]);
  const dim = (axis: number) => b.add('Gather', [dims, b.constant('int64', [1], [axis])], { attrs: { axis: int(0) } });
  const rows = b.add('Mul', [dim(0), b.constant('int64', [1], [layout.heads])]);
  const sizes = layout.kind === 'key' ? [dim(3), dim(2)] : [dim(2), dim(3)];
  const shape = b.add('Concat', [rows, ...sizes], { attrs: { axis: int(0) } });
  const turned = layout.kind === 'key' ? b.add('Transpose', [past], { attrs: { perm: ints([0, 1, 3, 2]) } }) : past;
  // Without a past the size is 0, which must not mean “copy”.
  b.add('Reshape', [turned, shape], { name: input.name, attrs: { allowzero: int(1) } });
}

function giveOut(b: GraphBuilder, output: ValueInfo, graph: Graph, hidden: number): void {
  const twin = graph.inputs.find((v) => /^past/.test(v.name) && number(v.name) === number(output.name));
  const layout = layoutOf({ ...output, shape: twin?.shape ?? output.shape }, hidden);
  if (!layout) {
    b.output(output.name, output.dtype, output.shape);
    return;
  }
  const named = (kind: string) => uniform('present', kind, output.name);
  const declare = (name: string) => b.output(name, 'float32', shapeOf(layout, DIMS.total));
  if (layout.kind === 'key_value') {
    const whole = b.add('Unsqueeze', [output.name, b.constant('int64', [1], [1])]);
    const sizes = b.constant('int64', [2], [layout.headDim, layout.headDim]);
    for (const [i, part] of b.add('Split', [whole, sizes], { outputs: 2, attrs: { axis: int(-1) } }).entries())
      declare(b.add('Identity', [part], { name: named(i === 0 ? 'key' : 'value') }));
    return;
  }
  const isKey = layout.kind === 'key';
  const turned = isKey ? b.add('Transpose', [output.name], { attrs: { perm: ints([0, 2, 1]) } }) : output.name;
  const rest = b.add('Shape', [turned], { attrs: { start: int(1) } });
  const shape = b.add('Concat', [b.constant('int64', [2], [-1, layout.heads]), rest], { attrs: { axis: int(0) } });
  declare(b.add('Reshape', [turned, shape], { name: named(layout.kind) }));
}
