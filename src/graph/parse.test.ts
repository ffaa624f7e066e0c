import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StudioError } from '../lib/errors';
import { GraphBuilder } from './builder';
import { type Attr, float, int, ints, string, subgraph } from './ir';
import { EXTERNAL, type Parts, read, write } from './onnx-pb';
import { parse } from './parse';
import { serialise } from './serialise';
import { readTensor } from './tensor-proto';
import { fixtures, lastLogits, plainFeeds, readFixture, runGraph } from './test-support';

const files = (model: ReturnType<typeof serialise>) => new Map(model.external.map(({ path, data }) => [path, data]));

/** Code of the StudioError that `f` throws; any other error is a failure. */
function codeOf(f: () => unknown): string {
  try {
    f();
  } catch (error) {
    if (error instanceof StudioError) return error.code;
    throw error;
  }
  return 'no error';
}

describe('parsing real exports', () => {
  test.each(fixtures)('%s computes the same after parse and serialise', async (name) => {
    const { model, external, oracle } = readFixture(name);
    const graph = parse(model, external);
    const tolerance = name.includes('16') ? 5e-3 : 1e-4;
    for (const [i, ids] of oracle.rows.entries()) {
      const { logits } = await runGraph(graph, plainFeeds(graph, ids), ['logits']);
      const got = lastLogits(logits, oracle.labelTokenIds);
      for (const [j, want] of (oracle.noPrompt.labelLogits[i] ?? []).entries())
        expect(Math.abs((got[j] ?? Number.NaN) - want)).toBeLessThan(tolerance);
    }
  });

  test('returns weights as views of the file, not copies', () => {
    const { model, external } = readFixture('llama-genai-fp32');
    const buffers = new Set([model.buffer, ...[...external.values()].map((file) => file.buffer)]);
    for (const tensor of parse(model, external).initializers.values())
      if (tensor.bytes.byteLength > 1024) expect(buffers).toContain(tensor.bytes.buffer);
  });
});

describe('serialise and parse restore', () => {
  const reread = (attrs: Record<string, Attr>) => {
    const b = new GraphBuilder();
    const x = b.input('x', 'float32', ['n', null, 3]);
    b.output(b.add('com.example:Op', [x, ''], { attrs, name: 'y' }), 'float32', []);
    const model = serialise(b.build());
    return parse(model.model, files(model));
  };

  test('attributes of every kind', () => {
    const attrs = fc.dictionary(
      fc.stringMatching(/^[a-z_]{1,8}$/),
      fc.oneof(
        fc.maxSafeInteger().map(int),
        fc.float({ noNaN: true }).map(float),
        fc.string({ unit: 'grapheme' }).map(string),
        fc.array(fc.maxSafeInteger()).map(ints),
        fc.array(fc.float({ noNaN: true })).map((value): Attr => ({ type: 'floats', value })),
        fc.array(fc.string()).map((value): Attr => ({ type: 'strings', value })),
        fc.uint8Array({ maxLength: 9 }).map(
          (bytes): Attr => ({
            type: 'tensor',
            value: { name: 't', dtype: 'uint8', dims: [bytes.length], bytes },
          }),
        ),
      ),
    );
    fc.assert(
      fc.property(attrs, (given) => {
        expect(reread(given).nodes[0]?.attrs).toEqual(given);
      }),
    );
  });

  test('symbolic, unknown and absent dimensions, and omitted inputs', () => {
    const graph = reread({});
    expect(graph.inputs[0]?.shape).toEqual(['n', null, 3]);
    expect(graph.outputs[0]?.shape).toEqual([]);
    expect(graph.nodes[0]?.inputs).toEqual(['x', '']);
  });

  test('a branch that reads outer values and has large external weights', () => {
    const branch = new GraphBuilder();
    const w = branch.initializer({ name: 'w', dtype: 'float32', dims: [1024], bytes: new Uint8Array(4096) });
    branch.push({ op: 'Add', name: 'a', inputs: ['x', w], outputs: ['y'], attrs: {} });
    const inner = { ...branch.build(), outputs: [{ name: 'y', dtype: 'float32', shape: null }] as const };
    const b = new GraphBuilder();
    b.input('x', 'float32', [1024]);
    const c = b.input('c', 'bool', []);
    b.output(
      b.add('If', [c], { attrs: { then_branch: subgraph(inner), else_branch: subgraph(inner) }, name: 'z' }),
      'float32',
      null,
    );
    const model = serialise(b.build());
    expect(model.external).toHaveLength(1);
    const attr = parse(model.model, files(model)).nodes[0]?.attrs.then_branch;
    expect(attr?.type === 'graph' && attr.value.initializers.get('w')?.dims).toEqual([1024]);
  });

  test('empty and scalar tensors', () => {
    const b = new GraphBuilder();
    const scalar = b.constant('int64', [], [7]);
    const empty = b.constant('float32', [0, 4], []);
    b.output(b.add('Op', [scalar, empty], { name: 'y' }), 'float32', null);
    const { initializers } = parse(serialise(b.build()).model);
    expect(initializers.get(scalar)).toMatchObject({ dims: [], dtype: 'int64' });
    expect(initializers.get(empty)).toMatchObject({ dims: [0, 4], bytes: new Uint8Array(0) });
  });
});

describe('tensors in typed fields', () => {
  const tensor = (fields: Parts<'Tensor'>) =>
    readTensor(read('Tensor', write('Tensor', { dims: [2n], ...fields })), 't', new Map());

  test.each([
    ['float32', { dataType: 1, floatData: [1, -2] }, [0, 0, 128, 63, 0, 0, 0, 192]],
    ['float16', { dataType: 10, int32Data: [0x3c00, 0xc000] }, [0, 0x3c, 0, 0xc0]],
    ['int8', { dataType: 3, int32Data: [-1, 2] }, [255, 2]],
    ['bool', { dataType: 9, int32Data: [1, 0] }, [1, 0]],
    ['int32', { dataType: 6, int32Data: [-1, 2] }, [255, 255, 255, 255, 2, 0, 0, 0]],
    ['uint4', { dataType: 21, int32Data: [0x21] }, [0x21]],
    ['uint32', { dataType: 12, uint64Data: [1n, 2n] }, [1, 0, 0, 0, 2, 0, 0, 0]],
  ] as const)('%s', (dtype, fields, bytes) => {
    const read = tensor(fields);
    expect(read.dtype).toBe(dtype);
    expect([...read.bytes]).toEqual(bytes);
  });

  test('are refused with a wrong number of values', () => {
    expect(codeOf(() => tensor({ dataType: 1, floatData: [1] }))).toBe('model-corrupt');
    expect(codeOf(() => tensor({ dataType: 1, floatData: [], dims: [-1n] }))).toBe('model-corrupt');
  });

  test('are refused by name for unsupported element types', () => {
    expect(() => tensor({ dataType: 17 })).toThrow('Tensor t has element type number 17');
    expect(codeOf(() => tensor({ dataType: 8 }))).toBe('model-unsupported');
  });
});

describe('malformed files', () => {
  test('garbage and truncated files are model-corrupt, never another error', () => {
    const { model } = readFixture('llama-genai-int4');
    const cuts = fc.integer({ min: 0, max: model.length - 1 }).map((n) => model.subarray(0, n));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), cuts), (bytes) => {
        expect(['model-corrupt', 'model-missing-file', 'model-unsupported']).toContain(codeOf(() => parse(bytes)));
      }),
      { numRuns: 60 },
    );
  });

  test('flipped bytes never cause an untyped error', () => {
    const { model, external } = readFixture('llama-genai-int4');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: model.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const bytes = model.slice();
        bytes[at] = (bytes[at] ?? 0) ^ mask;
        codeOf(() => parse(bytes, external));
      }),
      { numRuns: 60 },
    );
  });

  const external = (entries: Record<string, string>, size = 16) =>
    codeOf(() =>
      readTensor(
        read(
          'Tensor',
          write('Tensor', {
            dims: [2n],
            dataType: 1,
            dataLocation: EXTERNAL,
            externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
          }),
        ),
        't',
        new Map([['data', new Uint8Array(size)]]),
      ),
    );

  test('external data outside its file is refused', () => {
    expect(external({ location: 'data', offset: '8', length: '8' })).toBe('no error');
    expect(external({ location: './data' })).toBe('no error');
    expect(external({ location: 'data', offset: '9', length: '8' })).toBe('model-corrupt');
    expect(external({ location: 'data', offset: '0', length: '4' })).toBe('model-corrupt');
    expect(external({ location: 'data', offset: '-8' })).toBe('model-corrupt');
    expect(external({ location: 'data', offset: '99999999999999999999' })).toBe('model-corrupt');
    expect(external({ location: 'other' })).toBe('model-missing-file');
  });

  test.each(['../data', '/data', 'a/../../data', 'C:\\data', 'file:///data', ''])(
    'location %j is refused',
    (location) => {
      expect(external({ location })).toBe('model-corrupt');
    },
  );

  test('undefined, doubly defined or circular values are refused', () => {
    const node = (input: string, output: string, opType = 'Neg') => ({ opType, input: [input], output: [output] });
    const model = (nodes: ReturnType<typeof node>[]) =>
      write('Model', {
        opsetImport: [{ domain: '', version: 18n }],
        graph: { name: 'g', node: nodes, output: [{ name: 'y' }] },
      });
    expect(() => parse(model([node('x', 'y')]))).toThrow('reads x, which nothing defines');
    expect(() => parse(model([node('b', 'a'), node('a', 'b')]))).toThrow('depends on itself');
    expect(() => parse(model([]))).toThrow('Graph output y is not defined');
    expect(() => parse(model([node('y', 'y')]))).toThrow('depends on itself');
  });

  test('model functions and unknown attribute kinds are refused by name', () => {
    const bytes = (fields: Parts<'Model'>) =>
      write('Model', { opsetImport: [{ version: 18n }], graph: { name: 'g' }, ...fields });
    expect(() => parse(bytes({ functions: [{ name: 'Swish' }] }))).toThrow('custom functions (Swish)');
    const node = { opType: 'Op', name: 'n', attribute: [{ name: 'a', type: 10 }] };
    expect(() => parse(bytes({ graph: { name: 'g', node: [node] } }))).toThrow('Attribute a of Op node n');
  });

  test('nodes in the wrong order are sorted', () => {
    const bytes = write('Model', {
      opsetImport: [{ version: 18n }],
      graph: {
        name: 'g',
        input: [{ name: 'x' }],
        node: [
          { opType: 'Neg', input: ['a'], output: ['y'] },
          { opType: 'Abs', input: ['x'], output: ['a'] },
        ],
        output: [{ name: 'y' }],
      },
    });
    expect(parse(bytes).nodes.map((n) => n.op)).toEqual(['Abs', 'Neg']);
  });
});
