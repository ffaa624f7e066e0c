import { afterEach, expect, it, vi } from 'vitest';
import { GraphBuilder } from '../graph/builder';
import { serialise } from '../graph/serialise';
import { handing } from './memory';
import { createNodeRunner } from './ort-node';

const file = (path: string, values: readonly number[], uses = 1) => ({
  path,
  data: Uint8Array.from(values),
  uses,
  byteLength: values.length,
});

/** A freed buffer is empty. */
const isFreed = ({ data }: { readonly data: Uint8Array }): boolean => data.buffer.byteLength === 0;

it('releases a file once all its uses are read and another file is read', () => {
  const files = [file('a', [1, 2, 3], 2), file('b', [4, 5])];
  const [a, b] = handing({ model: new Uint8Array(0), external: files }).external.map(({ data }) => data);
  expect([a?.byteLength, Array.from(a?.subarray(0, 3) ?? []), Array.from(a?.subarray(1, 3) ?? [])]).toEqual([
    3,
    [1, 2, 3],
    [2, 3],
  ]);
  expect(files.map(isFreed)).toEqual([false, false]);
  expect(Array.from(b?.subarray(0, 2) ?? [])).toEqual([4, 5]);
  expect(files.map(isFreed)).toEqual([true, false]);
  expect(() => a?.subarray(0, 3)).toThrow('already been read');
});

it('keeps a buffer that several files share', () => {
  const both = Uint8Array.from([1, 2, 3, 4]);
  const external = [0, 2].map((at) => ({ path: String(at), data: both.subarray(at, at + 2), uses: 1, byteLength: 2 }));
  expect(handing({ model: new Uint8Array(0), external }).external).toEqual(external);
});

it('makes packed weights as they are read, and frees a shared file that was given away after the last of them', () => {
  const both = Uint8Array.from([1, 2, 3, 4]);
  const unpack = (bytes: Uint8Array) => Uint8Array.from([...bytes].flatMap((byte) => [byte & 15, byte]));
  const external = [0, 2].map((at) => ({
    path: String(at),
    data: both.subarray(at, at + 2),
    uses: 1,
    byteLength: 4,
    unpack,
  }));
  for (const consume of [false, true]) {
    const [a, b] = handing({ model: new Uint8Array(0), external, consume }).external.map(({ data }) => data);
    expect(a?.byteLength).toBe(4);
    expect([...(a?.subarray(0, 4) ?? [])]).toEqual([1, 1, 2, 2]);
    expect(isFreed({ data: both })).toBe(false);
    expect([...(b?.subarray(1, 3) ?? [])]).toEqual([3, 4]);
    expect(isFreed({ data: both })).toBe(consume);
  }
});

/** What a worker of a browser has, for blobs whose bytes are known. */
function disk(bytes: Uint8Array, read: (from: number, end: number) => ArrayBuffer) {
  vi.stubGlobal(
    'FileReaderSync',
    class {
      readAsArrayBuffer = (range: readonly [number, number]) => read(...range);
    },
  );
  const blob = { slice: (...range: readonly [number, number]) => range } as unknown as Blob;
  return new Map([[bytes.buffer as ArrayBufferLike, blob]]);
}
afterEach(() => vi.unstubAllGlobals());

it('frees a file that is on disk before its first weight is read, and reads each weight there', () => {
  const both = Uint8Array.from([1, 2, 3, 4]);
  const copy = both.slice();
  const onDisk = disk(both, (from, end) => copy.slice(from, end).buffer);
  const external = [0, 2].map((at) => ({ path: `${at}`, data: both.subarray(at, at + 2), uses: 2, byteLength: 2 }));
  const [a, b] = handing({ model: new Uint8Array(0), external, consume: true, onDisk }).external.map(
    ({ data }) => data,
  );
  expect(isFreed({ data: both })).toBe(true);
  for (const _ of [1, 2]) expect([...(a?.subarray(0, 2) ?? []), ...(b?.subarray(0, 2) ?? [])]).toEqual([1, 2, 3, 4]);
});

it('unpacks what it reads on disk, but keeps a file in memory in which there is more to read', () => {
  const handed = (consume: boolean, more: (data: Uint8Array) => readonly Float32Array[] = () => []) => {
    const data = Uint8Array.from([1, 2]);
    const onDisk = disk(data, () => Uint8Array.of(5, 6).buffer);
    const unpack = (bytes: Uint8Array) => bytes.map((byte) => 2 * byte);
    const file = { path: 'a', data, uses: 1, byteLength: 2, unpack, beside: more(data) };
    const { external } = handing({ model: new Uint8Array(0), external: [file], onDisk, consume });
    return [...(external[0]?.data.subarray(0, 2) ?? [])];
  };
  expect(handed(true)).toEqual([10, 12]);
  expect(handed(true, ({ buffer }) => [new Float32Array(buffer, 0, 0)])).toEqual([2, 4]);
  expect(handed(false)).toEqual([2, 4]);
});

it('says which file to load again where one is gone from disk', () => {
  const data = Uint8Array.from([1, 2]);
  const onDisk = disk(data, () => {
    throw new DOMException('gone', 'NotReadableError');
  });
  const external = [{ path: 'a', data, uses: 1, byteLength: 2 }];
  const [a] = handing({ model: new Uint8Array(0), external, onDisk, consume: true }).external;
  expect(() => a?.data.subarray(0, 2)).toThrow('Load the model again');
});

it('ONNX Runtime reads each file once per weight', async () => {
  const b = new GraphBuilder();
  const x = b.input('x', 'float32', [600]);
  const shared = new Uint8Array(new Float32Array(600).fill(2).buffer);
  const weight = (name: string, bytes: Uint8Array) => b.initializer({ name, dtype: 'float32', dims: [600], bytes });
  const [one, two] = [weight('one', shared), weight('two', shared)];
  const other = weight('other', new Uint8Array(new Float32Array(600).fill(1).buffer));
  b.output(b.add('Add', [b.add('Mul', [b.add('Mul', [x, one]), two]), other], { name: 'y' }), 'float32', [600]);
  const model = serialise(b.build());
  expect(model.external.map(({ uses }) => uses)).toEqual([2, 1]);
  const runner = await createNodeRunner(model, { backend: 'node-wasm', threads: 1 });
  const { y } = await runner.run({ x: { dtype: 'float32', dims: [600], data: new Float32Array(600).fill(3) } }, ['y']);
  await runner.dispose();
  expect(y?.data[599]).toBe(13);
});
