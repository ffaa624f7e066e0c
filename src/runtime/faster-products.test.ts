import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { present } from '../lib/assert';
import { sha256 } from '../lib/bytes';
import { createRng } from '../lib/rng';
import { codeOf, KERNELS, withFasterProducts } from './faster-products';

const file = createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm');
const original = new Uint8Array(readFileSync(file));
const faster = await withFasterProducts(original);
const [before, after] = [codeOf(original).bodies, codeOf(faster).bodies];

const MULTIPLY_ADD = Uint8Array.of(0xfd, 0xe6, 1, 0xfd, 0xe4, 1);
const pairs = (body: Uint8Array) =>
  Buffer.from(body).toString('hex').split(Buffer.from(MULTIPLY_ADD).toString('hex')).length - 1;

type Kernel = (...parameters: number[]) => number;

/** A module of one function and 1 MB of memory. */
function instance(body: Uint8Array): { kernel: Kernel; memory: Float32Array } {
  const size = [(body.length + 3) | 128, (body.length + 3) >> 7];
  const length = [body.length | 128, body.length >> 7];
  const sections = [
    [1, 14, 1, 0x60, 9, ...Array(8).fill(0x7f), 0x7d, 1, 0x7f],
    [3, 2, 1, 0],
    [5, 3, 1, 0, 16],
    [7, 9, 2, 1, 0x6b, 0, 0, 1, 0x6d, 2, 0],
    [10, ...size, 1, ...length, ...body],
  ];
  const module = new WebAssembly.Module(Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()]));
  const { k, m } = new WebAssembly.Instance(module).exports as unknown as { k: Kernel; m: WebAssembly.Memory };
  return { kernel: k, memory: new Float32Array(m.buffer) };
}

const [ROWS, INNER, COLUMNS] = [
  [1, 2, 3, 80],
  [1, 2, 3, 4, 5, 8, 127, 128],
  [1, 8, 15, 16, 17, 32, 128],
] as const;

/** Sizes for which the function leaves other bits in memory than MLAS's own, or returns another number of rows. */
function differences(place: number, body: Uint8Array): string[] {
  const [mine, theirs] = [instance(body), instance(present(before[place], 'a kernel'))];
  const rng = createRng(3);
  const numbers = Float32Array.from(theirs.memory, () => rng.normal());
  const different: string[] = [];
  for (const m of ROWS)
    for (const k of INNER)
      for (const n of COLUMNS) {
        const rows = [mine, theirs].map(({ kernel, memory }) => {
          memory.set(numbers);
          return kernel(0, 2 ** 18, 2 ** 19, k, m, n, k + 3, n + 5, 0.7);
        });
        const isSame = Buffer.compare(Buffer.from(mine.memory.buffer), Buffer.from(theirs.memory.buffer)) === 0;
        if (!isSame || rows[0] !== rows[1]) different.push(`${m} x ${k} x ${n}`);
      }
  return different;
}

describe('ONNX Runtime with faster products', () => {
  it('is a valid module with one checksum', async () => {
    expect(WebAssembly.validate(faster)).toBe(true);
    expect(await sha256(faster)).toBe('cd0d0bced43f021862f34e3d9552dcd12460b86cc930f77ffe0b056fd750ed86');
  });

  it('refuses a file of another version', async () => {
    await expect(withFasterProducts(original.slice(1))).rejects.toThrow(
      'internal: KERNELS names functions of another version',
    );
  });

  it('changes the two functions that multiply matrices, and no other', () => {
    const changed = before.flatMap((body, i) => (Buffer.compare(body, after[i] as Uint8Array) === 0 ? [] : [i]));
    expect(changed).toEqual(KERNELS.map(({ place }) => place));
    expect(before.flatMap((body, i) => (pairs(body) > 20 ? [i] : []))).toEqual(changed);
    for (const i of changed) expect(pairs(after[i] as Uint8Array) - pairs(before[i] as Uint8Array)).toBe(32);
  });
});

describe.each(KERNELS)('the function at $place (adds: $adds)', ({ place }) => {
  const body = present(after[place], 'a kernel');

  it('gives the bits of the original for every size', () => {
    expect(differences(place, body)).toEqual([]);
  });

  it('gives other bits when one of its pairs is broken', () => {
    const at = Buffer.from(body).indexOf(MULTIPLY_ADD);
    const broken = body.map((byte, i) => (i === at + 4 ? 0xe5 : byte)); // subtracts
    expect(differences(place, broken)).toContain('2 x 1 x 16');
  });
});
