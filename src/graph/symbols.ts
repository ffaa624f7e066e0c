import type { Decoder } from './decoder';
import type { Dim, ValueInfo } from './ir';

/** Names that every decoder graph uses for its symbolic dimensions. */
export const DIMS = { batch: 'batch', tokens: 'tokens', past: 'past', total: 'past + tokens' } as const;

/**
 * The decoder with its dimensions named alike: inputs and cache by their role, other values where the exporter used the
 * same symbols. What is added later can then be recognised to have the same size.
 */
export function nameDims(decoder: Decoder): Decoder {
  const { graph, inputs, kvHeads, headDim, presentKeys, presentValues } = decoder;
  const total = inputs.pastKeys.length > 0 ? DIMS.total : DIMS.tokens;
  const roles = new Map<string, readonly Dim[]>([[inputs.ids, [DIMS.batch, DIMS.tokens]]]);
  if (inputs.mask) roles.set(inputs.mask, [DIMS.batch, total]);
  if (inputs.positions) roles.set(inputs.positions, [DIMS.batch, DIMS.tokens]);
  if (inputs.bias) roles.set(inputs.bias, [DIMS.batch, 1, DIMS.tokens, total]);
  for (const name of [...inputs.pastKeys, ...inputs.pastValues])
    roles.set(name, [DIMS.batch, kvHeads, DIMS.past, headDim]);
  for (const name of [...presentKeys, ...presentValues]) roles.set(name, [DIMS.batch, kvHeads, DIMS.total, headDim]);

  const symbols = new Map<string, Dim>();
  for (const value of graph.inputs)
    for (const [i, dim] of (value.shape ?? []).entries()) {
      const named = roles.get(value.name)?.[i];
      if (typeof dim === 'string' && named !== undefined) symbols.set(dim, named);
    }
  // A symbol of nobody's input says nothing that could be relied on: some exporters write wrong sums.
  const rename = (dim: Dim): Dim => (typeof dim === 'string' ? (symbols.get(dim) ?? null) : dim);
  const named = (value: ValueInfo): ValueInfo => ({
    ...value,
    shape: roles.get(value.name) ?? value.shape?.map(rename) ?? null,
  });
  return {
    ...decoder,
    graph: {
      ...graph,
      inputs: graph.inputs.map(named),
      outputs: graph.outputs.map(named),
      values: new Map([...graph.values].map(([name, value]) => [name, named(value)])),
    },
  };
}
