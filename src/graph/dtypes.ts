import { intAttr } from './attrs';
import { maybeDType } from './dtype';
import type { DType, Graph, Node } from './ir';

const bool = new Set('Equal Less LessOrEqual Greater GreaterOrEqual And Or Xor Not IsNaN IsInf'.split(' '));
const int64 = new Set('Shape Size NonZero ArgMax ArgMin'.split(' '));

/** Element type of every value of the top graph, as far as it follows from operators and inputs. */
export function inferDTypes(graph: Graph): Map<string, DType> {
  const types = new Map<string, DType>();
  for (const { name, dtype } of graph.values.values()) types.set(name, dtype);
  for (const { name, dtype } of graph.inputs) types.set(name, dtype);
  for (const { name, dtype } of graph.initializers.values()) types.set(name, dtype);
  for (const node of graph.nodes)
    for (const [i, name] of node.outputs.entries()) {
      const dtype = outputDType(node, i, types);
      if (name !== '' && dtype) types.set(name, dtype);
    }
  return types;
}

function outputDType(node: Node, output: number, types: ReadonlyMap<string, DType>): DType | undefined {
  const input = (i: number) => types.get(node.inputs[i] ?? '');
  if (bool.has(node.op)) return 'bool';
  if (int64.has(node.op)) return 'int64';
  switch (node.op) {
    case 'Cast':
      return maybeDType(intAttr(node, 'to', 0));
    case 'Where':
      return input(1);
    case 'TopK':
      return output === 1 ? 'int64' : input(0);
    case 'ConstantOfShape': {
      const value = node.attrs.value;
      return value?.type === 'tensor' ? value.value.dtype : 'float32';
    }
    case 'DequantizeLinear':
      return input(1);
    case 'com.microsoft:GatherBlockQuantized':
      return input(2);
    case 'If':
      return undefined;
    default:
      return input(0);
  }
}
