import { sizeOf, toNumbers } from './dtype';
import type { Attr, DType, Graph, Initializer, Node, ValueInfo } from './ir';

/** `f32`, `bf16`, `u8`. */
const short = (dtype: DType): string => dtype.replace('float', 'f').replace('uint', 'u').replace('int', 'i');

/** `f32[batch,?,64]`; just `f32` if the shape is unknown. */
const printType = ({ dtype, shape }: Pick<ValueInfo, 'dtype' | 'shape'>): string =>
  short(dtype) + (shape ? `[${shape.map((d) => d ?? '?').join(',')}]` : '');

/**
 * One line per node: `%out = Op(%a, %b) {attr=1} : f32[2,3]`. Small constants are written where they are used, as
 * `i64[2]{0,-1}`; large ones are listed with the inputs.
 */
export function print(graph: Graph): string {
  return [...lines(graph, '', new Map())].join('\n');
}

type Constants = ReadonlyMap<string, Initializer>;

function* lines(graph: Graph, indent: string, outer: Constants): Generator<string> {
  const constants = new Map([...outer, ...graph.initializers]);
  for (const input of graph.inputs) yield `${indent}input %${input.name} : ${printType(input)}`;
  for (const tensor of graph.initializers.values())
    if (!isSmall(tensor)) yield `${indent}weight %${tensor.name} : ${short(tensor.dtype)}[${tensor.dims}]`;
  for (const node of graph.nodes) yield* nodeLines(node, graph, indent, constants);
  for (const { name } of graph.outputs) yield `${indent}output %${name}`;
}

function* nodeLines(node: Node, graph: Graph, indent: string, constants: Constants): Generator<string> {
  const operand = (name: string) => {
    const tensor = constants.get(name);
    if (name === '') return '_';
    return tensor && isSmall(tensor) ? literal(tensor) : `%${name}`;
  };
  const attrs = Object.entries(node.attrs).filter(([, attr]) => attr.type !== 'graph');
  const list = attrs.map(([name, attr]) => `${name}=${attribute(attr)}`).join(' ');
  const info = graph.values.get(node.outputs[0] ?? '');
  yield `${indent}${node.outputs.map((o) => (o === '' ? '_' : `%${o}`)).join(', ')} = ${node.op}(${node.inputs.map(operand).join(', ')})${list && ` {${list}}`}${info ? ` : ${printType(info)}` : ''}`;
  for (const [name, attr] of Object.entries(node.attrs))
    if (attr.type === 'graph') {
      yield `${indent}  ${name}:`;
      yield* lines(attr.value, `${indent}    `, constants);
    }
}

const isSmall = (tensor: Initializer) =>
  sizeOf(tensor.dims) <= 8 && !['uint4', 'int4', 'string'].includes(tensor.dtype);

const literal = (tensor: Initializer) =>
  `${short(tensor.dtype)}[${tensor.dims}]{${toNumbers(tensor).map(number).join(',')}}`;

/** The same on every machine. */
const number = (value: number) => (Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6))));

function attribute(attr: Attr): string {
  switch (attr.type) {
    case 'int':
    case 'float':
      return number(attr.value);
    case 'string':
      return attr.value;
    case 'ints':
    case 'floats':
      return `[${attr.value.map(number)}]`;
    case 'strings':
      return `[${attr.value}]`;
    case 'tensor':
      return isSmall(attr.value) ? literal(attr.value) : `${short(attr.value.dtype)}[${attr.value.dims}]`;
    case 'graph':
      return '…';
  }
}
