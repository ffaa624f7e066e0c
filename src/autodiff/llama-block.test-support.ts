import { GraphBuilder } from '../graph/builder';
import { float, type Graph, int, ints, LINEAR, withLayout } from '../graph/ir';
import { createRng } from '../lib/rng';

/** For tests only: the sizes of `llamaBlock`. */
export const WIDTH = 8;

/**
 * For tests only: one Llama layer of width 8 with two query heads that share a key head, then the mean of its squares.
 * Inputs `x [batch, tokens, 8]`, `bias [batch, 1, 2*tokens, tokens]`, `positions [batch, tokens]`; output `loss`.
 */
export function llamaBlock(): Graph {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['batch', 'tokens', WIDTH]);
  const bias = g.input('bias', 'float32', ['batch', 1, '2*tokens', 'tokens']);
  const positions = g.input('positions', 'int64', ['batch', 'tokens']);
  const rng = createRng(1);
  const weight = (name: string, dims: readonly number[], value: () => number) => {
    const data = Float32Array.from({ length: dims.reduce((n, d) => n * d, 1) }, value);
    return g.initializer({ name, dtype: 'float32', dims, bytes: new Uint8Array(data.buffer) });
  };
  const linear = (value: string, name: string, rows: number, columns: number) =>
    g.add(LINEAR, [value, weight(name, [rows, columns], () => 0.3 * rng.normal())], { attrs: withLayout('rows') });
  const norm = (value: string, name: string) =>
    g.add('SimplifiedLayerNormalization', [value, weight(name, [WIDTH], () => 1 + 0.1 * rng.normal())], {
      attrs: { epsilon: float(1e-5), axis: int(-1) },
    });
  const shape = (...dims: number[]) => g.constant('int64', [dims.length], dims);
  const transposed = (value: string, ...perm: number[]) => g.add('Transpose', [value], { attrs: { perm: ints(perm) } });
  const heads = (value: string, n: number) => transposed(g.add('Reshape', [value, shape(0, 0, n, 4)]), 0, 2, 1, 3);
  const angles = Array.from({ length: 32 }, (_, i) => Math.floor(i / 2) * (i % 2 ? 0.01 : 1));
  const table = (name: string, f: (angle: number) => number) => {
    const values = angles.map(f);
    return weight(name, [16, 2], () => values.shift() ?? 0);
  };
  const cos = table('cosines', Math.cos);
  const sin = table('sines', Math.sin);
  const rotate = (value: string) => g.add('com.microsoft:RotaryEmbedding', [value, positions, cos, sin]);

  const h = norm(x, 'norm.1');
  const q = g.add('Reshape', [rotate(heads(linear(h, 'query', 8, 8), 2)), shape(0, 1, -1, 4)]);
  const k = transposed(rotate(heads(linear(h, 'key', 4, 8), 1)), 0, 1, 3, 2);
  const v = heads(linear(h, 'value', 4, 8), 1);
  const scores = g.add('Add', [g.add('MatMul', [q, k]), bias]);
  const p = g.add('Softmax', [scores], { attrs: { axis: int(-1) } });
  const byHead = g.add('Reshape', [g.add('MatMul', [p, v]), shape(0, 2, -1, 4)]);
  const mixed = g.add('Reshape', [transposed(byHead, 0, 2, 1, 3), shape(0, 0, 8)]);
  const residual = g.add('Add', [x, linear(mixed, 'output', 8, 8)]);
  const h2 = norm(residual, 'norm.2');
  const gate = linear(h2, 'gate', 12, 8);
  const silu = g.add('Mul', [gate, g.add('Sigmoid', [gate])]);
  const mlp = linear(g.add('Mul', [silu, linear(h2, 'up', 12, 8)]), 'down', 8, 12);
  const y = g.add('Add', [residual, mlp]);
  g.add('ReduceMean', [g.add('Mul', [y, y])], { name: 'loss', attrs: { keepdims: int(0) } });
  g.output('loss', 'float32', []);
  return g.build();
}
