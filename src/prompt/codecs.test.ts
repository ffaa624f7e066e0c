import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readNpy, readSafetensors, writeNpy, writeSafetensors } from './codecs';
import type { VectorTable } from './soft-prompt';

const table = (virtualTokens: number, hidden: number, value = (i: number) => Math.sin(i)): VectorTable => ({
  vectors: Float32Array.from({ length: virtualTokens * hidden }, (_, i) => value(i)),
  virtualTokens,
  hidden,
});

const tables = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 40 }), fc.integer())
  .map(([k, d, seed]) => table(k, d, (i) => Math.sin(i + seed)));

const value = <T>(result: { ok: true; value: T } | { ok: false; error: { message: string } }) => {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};

describe('safetensors', () => {
  it('reads back its own files', () => {
    fc.assert(
      fc.property(tables, (t) => {
        expect(value(readSafetensors(writeSafetensors(t)))).toEqual(t);
      }),
    );
  });

  it('reads a prompt that PEFT saved, and writes the same bytes', async () => {
    const bytes = new Uint8Array(await readFile('test/fixtures/smollm2/peft-saved-prompt/adapter_model.safetensors'));
    const read = value(readSafetensors(bytes));
    expect(read).toMatchObject({ hidden: 576 });
    expect(Buffer.from(writeSafetensors(read)).equals(Buffer.from(bytes))).toBe(true);
  });

  it('reads from the middle of a larger buffer', () => {
    const bytes = writeSafetensors(table(2, 3));
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(value(readSafetensors(shifted.subarray(3)))).toEqual(table(2, 3));
  });

  const file = (header: unknown, dataBytes: number, headerLength?: bigint) => {
    const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
    const bytes = new Uint8Array(8 + text.length + dataBytes);
    new DataView(bytes.buffer).setBigUint64(0, headerLength ?? BigInt(text.length), true);
    bytes.set(text, 8);
    return bytes;
  };
  const tensor = (shape: unknown, data_offsets: unknown, dtype: unknown = 'F32') => ({ dtype, shape, data_offsets });
  const good = tensor([1, 2], [0, 8]);

  it.each([
    ['is shorter than its header', new Uint8Array(5)],
    ['claims a header of 18446744073709551615 bytes', file({}, 0, 2n ** 64n - 1n)],
    ['ends inside its header', file({}, 0, 500n)],
    ['not a JSON object', file('[1]', 0)],
    ['not a JSON object', file('{', 0)],
    ['in an unknown way', file({ prompt_embeddings: { dtype: 'F32' } }, 0)],
    ['in an unknown way', file({ prompt_embeddings: tensor([1, 2], [0, -8]) }, 8)],
    ['in an unknown way', file({ prompt_embeddings: tensor([1, 1e300], [0, 8]) }, 8)],
    ['in an unknown way', file({ prompt_embeddings: tensor([1, 2], [0, 8, 9]) }, 8)],
    ['before its beginning', file({ prompt_embeddings: tensor([1, 2], [8, 0]) }, 8)],
    ['beyond the end', file({ prompt_embeddings: tensor([1, 2 ** 40], [0, 2 ** 42]) }, 8)],
    ['overlap another', file({ prompt_embeddings: good, other: tensor([1, 2], [4, 12]) }, 12)],
    ['a gap before', file({ prompt_embeddings: tensor([1, 2], [4, 12]) }, 12)],
    ['bytes after its last tensor', file({ prompt_embeddings: good }, 9)],
    ['16 bytes for 2 numbers', file({ prompt_embeddings: tensor([1, 2], [0, 16]) }, 16)],
    ['has no tensor prompt_embeddings (but x)', file({ x: good }, 8)],
    ['as F16; only F32', file({ prompt_embeddings: tensor([1, 2], [0, 4], 'F16') }, 4)],
    ['metadata that are not texts', file({ __metadata__: { format: 1 }, prompt_embeddings: good }, 8)],
    ['is not a valid type', file({ prompt_embeddings: good, other: tensor([1, 2], [8, 16], 'F31') }, 16)],
    ['has 1 axes instead of 2', file({ prompt_embeddings: tensor([2], [0, 8]) }, 8)],
    ['2048 virtual tokens', file({ prompt_embeddings: tensor([2048, 1], [0, 8192]) }, 8192)],
    ['not finite', writeSafetensors(table(1, 2, () => Number.NaN))],
  ])('refuses: %s', (message, bytes) => {
    const result = readSafetensors(bytes);
    expect(result.ok ? '' : result.error.message).toContain(message);
  });

  it('never throws on random bytes', () => {
    const bytes = writeSafetensors(table(2, 3));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
        const damaged = bytes.slice();
        damaged[at] = byte;
        readSafetensors(damaged);
      }),
    );
  });
});

describe('npy', () => {
  it('reads back its own files', () => {
    fc.assert(
      fc.property(tables, (t) => {
        expect(value(readNpy(writeNpy(t)))).toEqual(t);
      }),
    );
  });

  it('has the five axes of keys and values, which are no table to read', () => {
    const heads = { layers: 3, kvHeads: 2, headDim: 5, position: 9 };
    const bytes = writeNpy({ vectors: new Float32Array(240), virtualTokens: 4, hidden: 7, heads });
    expect(new TextDecoder('latin1').decode(bytes.subarray(0, 128))).toContain("'shape': (3, 2, 2, 4, 5)");
    expect(bytes).toHaveLength(128 + 4 * 240);
    expect(readNpy(bytes)).toMatchObject({ ok: false, error: { message: expect.stringContaining('5 axes') } });
  });

  it('reads a file written by numpy', async () => {
    const read = value(readNpy(new Uint8Array(await readFile('test/fixtures/smollm2/grad-suffix-label.npy'))));
    expect(read).toMatchObject({ virtualTokens: 12, hidden: 576 });
    expect(Math.hypot(...read.vectors)).toBeCloseTo(1.4737937, 5);
  });

  const npy = (header: string, dataBytes: number, claimed = header.length) => {
    const bytes = new Uint8Array(10 + header.length + dataBytes);
    bytes.set(Uint8Array.from('\x93NUMPY\x01\x00', (c) => c.charCodeAt(0)));
    new DataView(bytes.buffer).setUint16(8, claimed, true);
    bytes.set(new TextEncoder().encode(header), 10);
    return bytes;
  };

  it.each([
    ['does not start', new TextEncoder().encode('PK\x03\x04 whatever')],
    ['ends inside', Uint8Array.from('\x93NUMPY\x02\x00', (c) => c.charCodeAt(0))],
    ['claims a header of 60000', npy('', 0, 60000)],
    ['ends inside', npy('{}', 0, 100)],
    ['an unreadable header', npy('{}', 0)],
    ['an unreadable header', npy("{'descr': '<f4', 'fortran_order': Falsf, 'shape': (1, 2), }", 8)],
    ['an unreadable header', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1 2), }", 8)],
    ['an unreadable header', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), 'shape': (1, 2), }", 8)],
    ['an unreadable header', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), } x", 8)],
    ['an unreadable header', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }\x0b", 8)],
    ['an unreadable header', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), 'more': '', }", 8)],
    ['as |O;', npy("{'descr': '|O', 'fortran_order': False, 'shape': (1, 2), }", 8)],
    ['as <f8;', npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }", 16)],
    ['Fortran', npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }", 8)],
    ['3 axes', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 1), }", 8)],
    ['9999999999 virtual tokens', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 2), }", 8)],
    ['4 bytes of data', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }", 4)],
    ['not finite', writeNpy(table(1, 2, () => Number.POSITIVE_INFINITY))],
  ])('refuses: %s', (message, bytes) => {
    const result = readNpy(bytes);
    expect(result.ok ? '' : result.error.message).toContain(message);
  });
});
