import { describe, expect, test } from 'vitest';
import { StudioError } from '../lib/errors';
import { createRng } from '../lib/rng';
import { GraphBuilder } from './builder';
import { encode } from './dtype';
import type { Graph, Node } from './ir';
import { normalise } from './normalise';
import { read, write } from './onnx-pb';
import { parse } from './parse';
import { ordered } from './rewrite';
import { readFixture } from './test-support';

const fixture = () => {
  const { model, external } = readFixture('llama-genai-fp32');
  return parse(model, external);
};

function errorOf(f: () => unknown): StudioError {
  try {
    f();
  } catch (error) {
    if (error instanceof StudioError) return error;
    throw error;
  }
  throw new Error('no error');
}

/** A length in protobuf. */
function varint(value: number): number[] {
  const low = value % 128;
  return value < 128 ? [low] : [low + 128, ...varint(Math.floor(value / 128))];
}
/** Key and length of a field that holds `body`. */
const field = (number: number, body: Uint8Array) => Uint8Array.of(...varint(number * 8 + 2), ...varint(body.length));

describe('a file with too many nodes', () => {
  /** `count` nodes `Neg`, 5 bytes each, in the graph of a model. */
  const nodes = (count: number) => {
    const node = Uint8Array.of(0x0a, 5, 0x22, 3, 78, 101, 103);
    const body = new Uint8Array(count * node.length);
    for (let i = 0; i < count; i++) body.set(node, i * node.length);
    const head = field(7, body);
    const bytes = new Uint8Array(head.length + body.length);
    bytes.set(head);
    bytes.set(body, head.length);
    return bytes;
  };

  test('is refused within seconds of work', () => {
    const bytes = nodes(10_000_000);
    const begin = process.cpuUsage();
    const error = errorOf(() => parse(bytes));
    expect(error.code).toBe('model-corrupt');
    expect(error.message).toContain('more than 2,000,000 parts');
    expect(process.cpuUsage(begin).user / 1e6).toBeLessThan(5);
  });

  test('is refused if they are in branches', () => {
    const graph = nodes(1_100_000).subarray(field(7, new Uint8Array(7_700_000)).length);
    // model { graph { node { attribute { g } } } }
    let bytes: Uint8Array = graph;
    for (const number of [6, 5, 1, 7]) {
      const head = field(number, bytes);
      const outer = new Uint8Array(head.length + bytes.length);
      outer.set(head);
      outer.set(bytes, head.length);
      bytes = outer;
    }
    expect(errorOf(() => parse(bytes)).message).toContain('more than 2,000,000 parts');
  });

  test('is not refused at the size of a language model', () => {
    expect(() => read('Model', nodes(100_000))).not.toThrow();
  });
});

describe('hostile models', () => {
  const spoilt = (value: number): Graph => {
    const graph = fixture();
    const initializers = new Map(graph.initializers);
    const [name = '', weight] = [...initializers].find(([, t]) => t.dtype === 'float32' && t.dims.length === 2) ?? [];
    const bytes = (weight as NonNullable<typeof weight>).bytes.slice();
    bytes.set(encode('float32', [value]), 40);
    initializers.set(name, { ...(weight as NonNullable<typeof weight>), bytes });
    return { ...graph, initializers };
  };

  test('with NaN weights are refused, naming the weight', () => {
    const error = errorOf(() => normalise(spoilt(Number.NaN)));
    expect(error.code).toBe('model-corrupt');
    expect(error.message).toMatch(/The weight \S+ \[.*\] is NaN at element 10/);
  });

  test('with a loop are refused, also inside a branch', () => {
    const g = new GraphBuilder(fixture());
    const loop = {
      ...new GraphBuilder().build(),
      nodes: [{ op: 'Loop', name: 'spin', inputs: [], outputs: ['z'], attrs: {} }],
    };
    const attrs = { then_branch: { type: 'graph', value: loop }, else_branch: { type: 'graph', value: loop } } as const;
    g.add('If', ['input_ids'], { attrs });
    expect(errorOf(() => normalise(g.build())).message).toBe('Loop node spin is a loop, which is not supported.');
  });
});

/** One random change: a value read elsewhere, an operator in another's place, attributes gone, a weight of another shape. */
function spoil(graph: Graph, seed: number): Graph {
  const rng = createRng(seed);
  const nodes = [...graph.nodes];
  const at = rng.int(nodes.length);
  const other = nodes[rng.int(nodes.length)] as Node;
  const node = nodes[at] as Node;
  const initializers = new Map(graph.initializers);
  const weight = [...initializers.values()][rng.int(initializers.size)];
  const changes = [
    () => ({ ...node, inputs: [...node.inputs].reverse() }),
    () => ({ ...node, inputs: node.inputs.slice(1) }),
    () => ({ ...node, inputs: [other.outputs[0] ?? '', ...node.inputs.slice(1)] }),
    () => ({ ...node, op: other.op }),
    () => ({ ...node, attrs: {} }),
    () => {
      if (weight) initializers.set(weight.name, { ...weight, dims: [1, ...weight.dims].reverse() });
      return node;
    },
  ];
  nodes[at] = (changes[rng.int(changes.length)] as () => Node)();
  return { ...graph, nodes, initializers };
}

test.each(['llama-genai-int4', 'gpt2-optimum-opset13-fp32'])(
  '%s with one thing wrong loads or is refused, never else',
  (name) => {
    const { model, external } = readFixture(name);
    for (let seed = 0; seed < 60; seed++) {
      const graph = spoil(parse(model, external), seed);
      try {
        normalise({ ...graph, nodes: ordered(graph) });
      } catch (error) {
        expect(error, `seed ${seed}`).toBeInstanceOf(StudioError);
      }
    }
  },
);

test('refuses a cycle and a missing file by name', () => {
  const model = (node: { opType: string; input: string[]; output: string[] }[]) =>
    write('Model', {
      opsetImport: [{ domain: '', version: 18n }],
      graph: { name: 'g', node, output: [{ name: 'a' }] },
    });
  const cycle = [
    { opType: 'Neg', input: ['b'], output: ['a'] },
    { opType: 'Neg', input: ['a'], output: ['b'] },
  ];
  expect(errorOf(() => parse(model(cycle))).message).toContain('depends on itself');
  const { model: whole } = readFixture('llama-genai-fp32');
  expect(errorOf(() => parse(whole)).code).toBe('model-missing-file');
});
