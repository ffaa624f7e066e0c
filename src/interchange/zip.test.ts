import fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { atRoot, LIMITS, readZip } from './zip';

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

describe('the limits of a zip', () => {
  const message = (zip: Uint8Array, limits: Partial<typeof LIMITS> = {}) => {
    const read = readZip(zip, { ...LIMITS, ...limits });
    return read.ok ? null : read.error.message;
  };
  const two = zipSync({ a: new Uint8Array(600), b: new Uint8Array(600) });

  test('are what is still read', () => {
    for (const limits of [{ zipBytes: two.length }, { files: 2 }, { totalBytes: 1200 }])
      expect(message(two, limits)).toBeNull();
    expect(message(two, { zipBytes: two.length - 1 })).toBe(
      'This file is 1 MB; a package is at most 1 MB. Nothing was imported.',
    );
    expect(message(two, { files: 1 })).toBe('This zip has 2 files; a package has at most 1. Nothing was imported.');
    expect(message(two, { totalBytes: 1199 })).toMatch(/^Unpacked, this zip would have more than 1 MB\. It was not/);
  });

  test('let a file grow as text does, and a small one by any number of times', () => {
    const megabyte = zipSync({ a: new Uint8Array(2 ** 20) });
    expect(message(megabyte)).toBeNull();
    const more = zipSync({ a: new Uint8Array(2 ** 20 + 1) });
    const packed = new DataView(more.buffer).getUint32(18, true);
    const times = (2 ** 20 + 1) / packed;
    expect(message(more, { ratio: Math.ceil(times) })).toBeNull();
    expect(message(more, { ratio: Math.floor(times) })).toBe(
      `“a” would grow ${Math.round(times)} times when unpacked, like a zip bomb. Nothing was imported.`,
    );
  });

  test('hold for the name that is shown: 80 characters, none that controls', () => {
    const named = (n: number) => message(zipSync({ [`/${'x'.repeat(n - 1)}`]: bytes('x') })) ?? '';
    expect(named(80)).toContain(`“/${'x'.repeat(79)}”`);
    expect(named(81)).toContain(`“/${'x'.repeat(76)}…”`);
    const plain = zipSync({ 'a\u0001': bytes('x') });
    expect(message(plain)).toBe(
      'This zip has a file named “a?”, which has control characters in its name. Nothing was imported.',
    );
  });

  test('name what is wrong with a path', () => {
    const why = (name: string) => {
      const plain = 'q'.repeat(name.length);
      return message(renamed(zipSync({ [plain]: bytes('x') }), plain, name))?.match(/which (.+?)\. Nothing/)?.[1];
    };
    expect(['/ab', 'C:x', 'c:/x', 'a\\x', '../x', 'a/../x'].map(why)).toEqual([
      ...Array(3).fill('is an absolute path'),
      ...['has a backslash in its path', 'points outside the zip (“..”)', 'points outside the zip (“..”)'],
    ]);
    expect(message(renamed(zipSync({ 'a..b': bytes('x') }), 'a..b', 'a..c'))).toBeNull();
  });
});

describe('a zip of another program', () => {
  const plain = zipSync({ 'a.txt': bytes('hello') }, { level: 0 });
  const central = new TextDecoder('latin1').decode(plain).indexOf('PK\u0001\u0002');
  const end = plain.length - 22;
  const changed = (...changes: readonly (readonly [at: number, byte: number])[]) => {
    const out = plain.slice();
    for (const [at, byte] of changes) out[at] = byte;
    return out;
  };

  test('may have a comment at its end, and nothing after it', () => {
    const commented = (length: number, stated: number) => {
      const out = new Uint8Array(plain.length + length);
      out.set(plain);
      new DataView(out.buffer).setUint16(end + 20, stated, true);
      return kind(out);
    };
    expect([commented(5, 5), commented(0xffff, 0xffff)]).toEqual(['ok', 'ok']);
    expect([commented(5, 4), commented(5, 6), commented(5, 0)]).toEqual(Array(3).fill('not-a-zip'));
  });

  test('may begin anywhere in a buffer, and list directories', () => {
    const shifted = new Uint8Array(plain.length + 7);
    shifted.set(plain, 7);
    expect(kind(shifted.subarray(7))).toBe('ok');
    const read = readZip(zipSync({ 'dir/': new Uint8Array(0), 'dir/a': bytes('x') }));
    expect(read.ok && [...read.value.keys()]).toEqual(['dir/a']);
  });

  test('is refused where it has a password, another compression, another size or no list', () => {
    expect(kind(changed([central + 8, 1]))).toBe('encrypted');
    expect(kind(changed([central + 8, 2]))).toBe('ok');
    expect(kind(changed([central + 10, 9]))).toBe('corrupt');
    expect(kind(changed([central + 24, 4]))).toBe('corrupt');
    expect(kind(changed([central, 0]))).toBe('corrupt');
    expect(kind(changed([0, 0]))).toBe('corrupt');
    expect(kind(changed([central + 42, 1]))).toBe('corrupt');
    expect(kind(changed([end + 10, 2]))).toBe('corrupt');
    // more bytes than there are after the place of its content
    expect(kind(changed([central + 20, 255], [central + 24, 255]))).toBe('corrupt');
  });

  test('is read from the folder that has what is looked for, nearest first, without what file managers add', () => {
    const files = new Map(
      ['top/in/mark.json', 'top/mark.json', 'top/b/c.txt', 'other/d', '__MACOSX/mark.json', 'top/.DS_Store'].map(
        (path, i) => [path, Uint8Array.of(i)] as const,
      ),
    );
    expect([...atRoot(files, ['mark.json'])].map(([path, [byte]]) => [path, byte])).toEqual([
      ['in/mark.json', 0],
      ['mark.json', 1],
      ['b/c.txt', 2],
    ]);
    expect([...atRoot(files, ['none']).keys()]).toEqual([...files.keys()].slice(0, 4));
    const junk = ['a/Thumbs.db', 'desktop.ini', '.git/config', 'a/.git/x', 'x.git/y'];
    expect([...atRoot(new Map(junk.map((path) => [path, bytes('')])), []).keys()]).toEqual(['x.git/y']);
  });
});
