import { describe, expect, it } from 'vitest';
import type { HostTensor } from '../runtime/types';
import { buildFeeds, type Sequence } from './feeds';
import type { KvRow } from './kv';
import { IO, type ProgramSpec } from './program';

const spec: ProgramSpec = {
  layers: 1,
  kvHeads: 2,
  headDim: 2,
  hidden: 3,
  vocabulary: 10,
  contextLength: 6,
  inputs: {
    ids: 'ids',
    mask: 'mask',
    bias: 'bias',
    positions: 'positions',
    countsMask: false,
    pastKeys: ['k'],
    pastValues: ['v'],
  },
  trainsPast: true,
  headRows: 'embedded',
  head: { weight: 'w', layout: 'rows', bias: null, scale: null, softcap: null },
  presentKeys: ['pk'],
  presentValues: ['pv'],
  idsDtype: 'int64',
};

/** Keys 10 h + 2 t + i for head h, token t, number i. */
const kv = (length: number): KvRow => {
  const keys = Float32Array.from(
    { length: 2 * length * 2 },
    (_, n) => 10 * Math.floor(n / (2 * length)) + (n % (2 * length)),
  );
  return { length, stride: length, keys: [keys], values: [keys] };
};

const plain = { soft: null, candidates: [4, 5], objective: null };
const rows: readonly Sequence[] = [
  { tokens: Int32Array.of(7, 8), past: kv(1), reads: [1] },
  { tokens: Int32Array.of(9), past: kv(2), reads: [0] },
];
const values = (tensor: HostTensor | undefined) => Array.from(tensor?.data ?? [], Number);
const read = (feeds: Record<string, HostTensor>, name: string) => ({
  dims: feeds[name]?.dims,
  values: values(feeds[name]),
});

describe('buildFeeds', () => {
  it('pads rows on the right and pasts on the left, and hides the padding', () => {
    const feeds = buildFeeds(spec, rows, plain);
    expect(read(feeds, 'ids')).toEqual({ dims: [2, 2], values: [7, 8, 9, 0] });
    expect(read(feeds, 'positions')).toEqual({ dims: [2, 2], values: [1, 2, 2, 3] });
    expect(read(feeds, 'mask')).toEqual({ dims: [2, 4], values: [0, 1, 1, 1, 1, 1, 1, 0] });
    const o = 0;
    const x = -1e9;
    expect(read(feeds, 'bias')).toEqual({
      dims: [2, 1, 2, 4],
      values: [x, o, o, x, x, o, o, o, o, o, o, x, o, o, o, x],
    });
    expect(read(feeds, 'k')).toEqual({
      dims: [2, 2, 2, 2],
      values: [0, 0, 0, 1, 0, 0, 10, 11, 0, 1, 2, 3, 10, 11, 12, 13],
    });
    expect(read(feeds, IO.readIndex)).toEqual({ dims: [2], values: [1, 2] });
  });

  it('feeds only inputs that the graph has', () => {
    const inputs = {
      ids: 'ids',
      mask: null,
      bias: null,
      positions: null,
      countsMask: false,
      pastKeys: [],
      pastValues: [],
    };
    const feeds = buildFeeds({ ...spec, inputs }, [{ tokens: Int32Array.of(1), past: null, reads: [0] }], plain);
    expect(Object.keys(feeds).filter((name) => !Object.values<string>(IO).includes(name))).toEqual(['ids']);
  });

  it('feeds an empty past as no slots', () => {
    const feeds = buildFeeds(spec, [{ tokens: Int32Array.of(1), past: null, reads: [0] }], plain);
    expect(read(feeds, 'k')).toEqual({ dims: [1, 2, 0, 2], values: [] });
  });

  it('replaces virtual tokens’ ids by selection', () => {
    const soft = { vectors: Float32Array.from({ length: 6 }, (_, i) => i), virtualTokens: 2 };
    const sequence = { tokens: Int32Array.of(~1, 5, ~0), past: null, reads: [2] };
    const feeds = buildFeeds(spec, [sequence], { ...plain, soft });
    expect(read(feeds, 'ids').values).toEqual([0, 5, 0]);
    expect(read(feeds, IO.keep)).toEqual({ dims: [1, 3, 1], values: [0, 1, 0] });
    expect(read(feeds, IO.select)).toEqual({ dims: [1, 3, 2], values: [0, 1, 0, 0, 1, 0] });
    expect(() => buildFeeds(spec, [sequence], plain)).toThrow('internal: virtual token');
  });

  it('requests the gradient only with an objective', () => {
    expect(read(buildFeeds(spec, rows, plain), IO.withGrad).values).toEqual([0]);
    const objective = { targets: [1, 0], weights: [0.5, 0.25] };
    const feeds = buildFeeds(spec, rows, { ...plain, objective });
    expect(read(feeds, IO.withGrad).values).toEqual([1]);
    expect(read(feeds, IO.target)).toEqual({ dims: [2, 2], values: [0, 1, 1, 0] });
    expect(read(feeds, IO.weight)).toEqual({ dims: [2], values: [0.5, 0.25] });
    const whole = buildFeeds(spec, rows, {
      soft: null,
      candidates: null,
      objective: { targets: [9, 0], weights: [1, 1] },
    });
    expect(read(whole, IO.fullVocabulary).values).toEqual([1]);
    expect(whole[IO.target]?.dims).toEqual([2, 10]);
  });

  it('keeps padding within the position table', () => {
    const long = { tokens: Int32Array.of(1, 1, 1, 1), past: null, reads: [3] };
    const late = { tokens: Int32Array.of(1), past: kv(5), reads: [0] };
    expect(read(buildFeeds(spec, [long, late], plain), 'positions').values).toEqual([0, 1, 2, 3, 5, 5, 5, 5]);
  });
});
