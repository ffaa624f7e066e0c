import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../graph/builder';
import { encode } from '../../graph/dtype';
import { type Graph, int, ints } from '../../graph/ir';
import { type Plan, placed, planKernels, whyUncovered } from './plan';

const feed = (dims: readonly number[], dtype = 'float32') => ({ dims, dtype });
const last = { attrs: { axis: int(-1) } };

/** `x [n, 4]`, and what a test makes of it. */
function planned(make: (b: GraphBuilder, x: string) => readonly string[], n = 3, mostStores?: number): Plan {
  const b = new GraphBuilder();
  const outputs = make(b, b.input('x', 'float32', ['n', 4]));
  for (const name of outputs) b.output(name, 'float32', null);
  return planKernels(b.build(), new Map([['x', feed([n, 4])]]), outputs, mostStores);
}

const weight = (b: GraphBuilder, name: string, dims: readonly number[]) => {
  const size = dims.reduce((product, d) => product * d, 1);
  return b.initializer({ name, dtype: 'float32', dims, bytes: encode('float32', new Array(size).fill(1)) });
};

describe('a plan', () => {
  it('launches one kernel for a chain of elementwise operators and views', () => {
    const { kernels } = planned((b, x) => {
      const turned = b.add('Transpose', [b.add('Sigmoid', [x])], { attrs: { perm: ints([1, 0]) } });
      return [b.add('Add', [b.add('Mul', [turned, turned]), b.constant('float32', [], [2])])];
    });
    expect(kernels).toHaveLength(1);
    expect(kernels[0]?.writes[0]?.dims).toEqual([4, 3]);
  });

  it('launches one kernel for a softmax and its gradient’s sum along each row', () => {
    const { kernels } = planned((b, x) => {
      const p = b.add('Softmax', [x], last);
      const sum = b.add('ReduceSum', [b.add('Mul', [p, x]), b.constant('int64', [1], [-1])]);
      return [b.add('Mul', [p, b.add('Sub', [x, sum])])];
    });
    expect(kernels).toHaveLength(1);
    expect(kernels[0]?.grid).toEqual([3, 1, 1]);
    expect(kernels[0]?.code.match(/_of\(t\d/g)).toHaveLength(3);
  });

  it('writes what a product reads, and adds its third matrix in the same kernel', () => {
    const { kernels } = planned((b, x) => {
      const w = weight(b, 'w', [4, 4]);
      return [b.add('Gemm', [b.add('Sqrt', [x]), w, x])];
    });
    expect(kernels.map(({ grid }) => grid)).toEqual([
      [1, 1, 1],
      [1, 1, 1],
    ]);
    expect(kernels[1]?.stores.map((store) => store.weight)).toEqual([null, 'w', null, null]);
  });

  it('joins maps of equal rows in one kernel, unless one reads the other', () => {
    const independent = planned((b, x) => [b.add('Sqrt', [x]), b.add('Log', [x])]);
    expect(independent.kernels.map(({ writes }) => writes.length)).toEqual([2]);
    const dependent = planned((b, x) => {
      const y = b.add('Sqrt', [x]);
      return [y, b.add('Log', [y])];
    });
    expect(dependent.kernels.map(({ writes }) => writes.length)).toEqual([1, 1]);
  });

  it('has the same code for other sizes of a run', () => {
    const norm = (n: number) =>
      planned((b, x) => [b.add('SimplifiedLayerNormalization', [x, weight(b, 'w', [4])], last)], n).kernels[0];
    expect(norm(7)?.code).toBe(norm(300)?.code);
    expect(norm(7)?.sizes).not.toEqual(norm(300)?.sizes);
  });

  it('reads rows that stay on the device by the same code for each layer', () => {
    const b = new GraphBuilder();
    const layers = ['a', 'b'].map((name) => b.add('Sqrt', [b.input(name, 'float32', ['n', 2, 'past', 4])]));
    for (const name of layers) b.output(name, 'float32', null);
    const kept = (tensor: number) => ({ ...feed([3, 2, 5, 4]), kept: tensor });
    const plan = planKernels(
      b.build(),
      new Map([
        ['a', kept(5)],
        ['b', kept(31)],
      ]),
      layers,
      3,
    );
    const [one, other] = plan.kernels;
    expect(one?.stores.map(({ weight }) => weight)).toEqual([null, 'kept rows', null]);
    expect([other?.code, other?.stores[0]]).toEqual([one?.code, one?.stores[0]]);
    expect(other?.sizes).not.toEqual(one?.sizes);
    expect([...plan.feeds].map(([name, { dims }]) => [name, dims])).toEqual([['kept rows', [3, 3]]]);
  });

  it('binds no more buffers than a device grants', () => {
    const { kernels } = planned(
      (b, x) => {
        const weights = Array.from({ length: 12 }, (_, i) => weight(b, `w${i}`, [4]));
        return [weights.reduce((sum, w) => b.add('Add', [sum, w]), x)];
      },
      3,
      4,
    );
    expect(kernels.length).toBeGreaterThan(1);
    for (const { stores } of kernels) expect(stores.length).toBeLessThanOrEqual(4);
  });

  it('launches nothing for values without elements', () => {
    const { kernels, fetches } = planned((b, x) => [b.add('Sqrt', [x])], 0);
    expect(kernels).toEqual([]);
    expect([...fetches.values()].map(({ dims }) => dims)).toEqual([[0, 4]]);
  });
});

describe('memory', () => {
  /** x, and eight products one after another, of which the last also reads the first. */
  const plan = planned((b, x) => {
    const w = weight(b, 'w', [4, 4]);
    const first = b.add('MatMul', [x, w]);
    let y = first;
    for (let i = 0; i < 7; i++) y = b.add('MatMul', [b.add('Sigmoid', [y]), w]);
    return [b.add('Gemm', [y, w, first])];
  }, 100);
  const { offsets, bytes } = placed(plan);

  it('is never shared by what is needed at the same time', () => {
    const uses = [...offsets].map(([store, begin]) => {
      const at = plan.kernels.flatMap(({ stores }, i) => (stores.includes(store) ? [i] : []));
      const isFed = [...plan.feeds.values()].includes(store);
      const isFetched = [...plan.fetches.values()].includes(store);
      const [from, to] = [isFed ? -1 : Math.min(...at), isFetched ? plan.kernels.length : Math.max(...at)];
      return { begin, end: begin + 4 * 400, from, to };
    });
    for (const a of uses)
      for (const b of uses)
        if (a !== b && a.from <= b.to && b.from <= a.to) expect(a.end <= b.begin || b.end <= a.begin).toBe(true);
  });

  it('is used again, in steps that a device can bind', () => {
    expect(offsets.size).toBeGreaterThan(10);
    expect(bytes).toBeLessThanOrEqual(4 * 7 * 256);
    for (const offset of offsets.values()) expect(offset % 256).toBe(0);
  });
});

describe('a graph', () => {
  const graphOf = (op: string): Graph => {
    const b = new GraphBuilder();
    b.output(b.add(op, [b.input('x', 'float32', ['batch', 4])]), 'float32', null);
    return b.build();
  };
  it('is covered if every operator has a kernel; else the one without is named', () => {
    expect(whyUncovered(graphOf('Sqrt'))).toBeNull();
    expect(whyUncovered(graphOf('Det'))).toMatch(/^Det node .* has no kernel$/);
    expect(whyUncovered(graphOf('constructor'))).toContain('constructor');
  });
});
