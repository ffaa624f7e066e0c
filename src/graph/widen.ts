import { intAttr } from './attrs';
import { toFloat32 } from './dequantise';
import { dtypeCode, isFloat } from './dtype';
import { inferDTypes } from './infer/infer';
import { type Attr, type DType, type Graph, type Initializer, int, type Node, type ValueInfo } from './ir';
import { rewrite } from './rewrite';

const half = (dtype: DType) => dtype === 'float16' || dtype === 'bfloat16';

const widenValue = (value: ValueInfo): ValueInfo => (half(value.dtype) ? { ...value, dtype: 'float32' } : value);

function widenTensor(tensor: Initializer): Initializer {
  if (!half(tensor.dtype)) return tensor;
  const values = toFloat32(tensor);
  return { ...tensor, dtype: 'float32', bytes: new Uint8Array(values.buffer) };
}

/**
 * Computes half-precision graphs in float32: casts weights up, drops casts between float types, and makes inputs and outputs
 * float32. Drops casts that change nothing in every graph.
 */
export function widen(graph: Graph): Graph {
  const types = inferDTypes(graph);
  const initializers = new Map([...graph.initializers].map(([name, tensor]) => [name, widenTensor(tensor)]));
  const values = new Map([...graph.values].map(([name, value]) => [name, widenValue(value)]));
  const source: Graph = {
    ...graph,
    initializers,
    values,
    inputs: graph.inputs.map(widenValue),
    outputs: graph.outputs.map(widenValue),
  };
  return rewrite(source, '', (original, to) => {
    const node = widenAttrs(original);
    const [input = '', output = ''] = [node.inputs[0], node.outputs[0]];
    const from = types.get(input);
    const target = types.get(output);
    const idle = node.op === 'Cast' && from && target && (from === target || bothFloat(from, target));
    if (!idle) to.builder.push(node);
    else if (to.isOutput(output)) to.builder.add('Identity', [input], { name: output });
    else to.replace(output, input);
    return true;
  });
}

const bothFloat = (a: DType, b: DType) => isFloat(a) && isFloat(b) && a !== 'float64' && b !== 'float64';

function widenAttrs(node: Node): Node {
  const attrs: Record<string, Attr> = { ...node.attrs };
  const to = intAttr(node, 'to', 0);
  if (node.op === 'Cast' && (to === dtypeCode('float16') || to === dtypeCode('bfloat16')))
    attrs.to = int(dtypeCode('float32'));
  for (const [name, attr] of Object.entries(attrs))
    if (attr.type === 'tensor') attrs[name] = { type: 'tensor', value: widenTensor(attr.value) };
  return { ...node, attrs };
}
