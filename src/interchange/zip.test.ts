import fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { LIMITS, readZip } from './zip';

const bytes = (text: string) => new TextEncoder().encode(text);
const kind = (zip: Uint8Array, limits = LIMITS) => {
  const read = readZip(zip, limits);
  return read.ok ? 'ok' : read.error.kind;
};
/** The zip with the bytes at every place of `from` replaced by `to` (same length). */
const patched = (zip: Uint8Array, from: Uint8Array, to: Uint8Array): Uint8Array => {
  const out = zip.slice();
  for (let i = 0; i + from.length <= out.length; i++) if (from.every((b, k) => out[i + k] === b)) out.set(to, i);
  return out;
};
const renamed = (zip: Uint8Array, from: string, to: string) => patched(zip, bytes(from), bytes(to));
const u32 = (n: number) => new Uint8Array(new Uint32Array([n]).buffer);

describe('readZip', () => {
  test('returns the packed files', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z]{1,8}(\/[a-z]{1,8})?\.[a-z]{3}$/), fc.uint8Array({ maxLength: 2000 }), {
          maxKeys: 6,
        }),
        fc.constantFrom(0, 6) as fc.Arbitrary<0 | 6>,
        (files, level) => {
          const read = readZip(zipSync(files, { level }));
          expect(read.ok && Object.fromEntries(read.value)).toEqual({ ...files });
        },
      ),
    );
  });

  test('refuses a file whose name differs between the list and the place of its content', () => {
    const zip = zipSync({ 'manifest.json': bytes('{}'), 'b.txt': bytes('b') });
    const listed = zip.slice();
    const second = new TextDecoder('latin1').decode(zip).lastIndexOf('manifest.json');
    listed.set(bytes('manifesd.json'), second);
    expect(kind(zip)).toBe('ok');
    expect(kind(listed)).toBe('corrupt');
  });

  test('never throws on any bytes', () => {
    const zip = zipSync({ 'a.txt': bytes('hello hello hello hello'), 'b/c.txt': new Uint8Array(300) });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (junk) => kind(junk) === 'not-a-zip' || kind(junk) === 'ok'),
    );
    fc.assert(
      fc.property(fc.nat(zip.length - 1), fc.integer({ min: 0, max: 255 }), (i, byte) => {
        const broken = zip.slice();
        broken[i] = byte;
        expect(typeof kind(broken)).toBe('string');
      }),
      { numRuns: 2000 },
    );
  });

  test.each(['../x.txt', '/ab.txt', 'C:x.txt', 'a\\x.txt', 'a/../x', 'a\u0000.txt'])('refuses the path %j', (name) => {
    const plain = 'q'.repeat(name.length);
    expect(kind(renamed(zipSync({ [plain]: bytes('x') }), plain, name))).toBe('bad-path');
  });

  test('refuses bombs by ratio and by sum, before it unpacks', () => {
    expect(kind(zipSync({ a: new Uint8Array(4 * 2 ** 20) }))).toBe('bomb');
    const small = { ...LIMITS, totalBytes: 1000 };
    expect(kind(zipSync({ a: new Uint8Array(600), b: new Uint8Array(600) }), small)).toBe('bomb');
  });

  test('refuses a file with a wrong size, without using more memory than stated', () => {
    const zip = zipSync({ a: bytes('hello '.repeat(100)) });
    expect(kind(patched(zip, u32(600), u32(60)))).toBe('corrupt');
  });

  test('refuses too many files, passwords, doubled names, wrong checksums and cut files', () => {
    expect(kind(zipSync(Object.fromEntries(Array.from({ length: 4001 }, (_, i) => [`f${i}`, bytes('x')]))))).toBe(
      'too-many-files',
    );
    const two = zipSync({ aa: bytes('x'), bb: bytes('y') }, { level: 0 });
    expect(kind(renamed(two, 'bb', 'aa'))).toBe('corrupt');
    expect(kind(two.slice(0, -30))).toBe('not-a-zip');
    const flipped = patched(zipSync({ a: bytes('payload') }, { level: 0 }), bytes('payload'), bytes('pAyload'));
    expect(kind(flipped)).toBe('corrupt');
    expect(kind(new Uint8Array(10), { ...LIMITS, zipBytes: 5 })).toBe('too-large');
  });
});
