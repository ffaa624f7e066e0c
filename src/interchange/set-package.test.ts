import fc from 'fast-check';
import { unzipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { exactJson, readExactJson } from '../lib/exact-json';
import { writtenIn } from '../prompt-set/test-support';
import { madeOfRows, readSetFiles, setFiles, withoutRows } from './set-files';
import { readSetPackage, renewed, setPackageFiles } from './set-package';
import { anySet } from './test-support';
import { writeZip } from './zip';

const RUNS = { numRuns: 60 };
const texts = (files: ReadonlyMap<string, Uint8Array>) =>
  [...files.values()].map((bytes) => new TextDecoder().decode(bytes)).join('\n');

describe('exact JSON', () => {
  test('reads back the same value, with odd numbers and odd keys', () => {
    const value = fc.anything({
      withNullPrototype: false,
      key: fc.oneof(fc.string(), fc.constantFrom('$number', '$float64', '__proto__', '$$x')),
      values: [
        fc.double(),
        fc.string(),
        fc.boolean(),
        fc.constant(null),
        fc.float32Array({ noNaN: true }),
        fc.float64Array(),
      ],
    });
    fc.assert(
      fc.property(value, (x) => {
        expect(readExactJson(new TextEncoder().encode(exactJson(x)))).toEqual(x);
      }),
    );
  });

  test('gives the same bytes for any order of keys', () => {
    expect(exactJson({ b: [1, -0], a: { d: Number.NaN, c: '' } })).toBe(
      exactJson({ a: { c: '', d: Number.NaN }, b: [1, -0] }),
    );
    expect(exactJson({ b: 1, a: [1, 2] })).toBe('{\n  "a": [1, 2],\n  "b": 1\n}\n');
  });

  test.each([
    '{',
    '[',
    `${'['.repeat(200_000)}`,
    '{"$float32": "###"}',
    '{"$float32": "AAA="}',
    '{"$float64": "AAAAAA=="}',
    '\u0000',
  ])('reads invalid text as undefined: %#', (text) => {
    expect(readExactJson(new TextEncoder().encode(text))).toBeUndefined();
  });
});

describe('a complete prompt set', () => {
  test('is read back unchanged from a folder, with and without rows', () => {
    fc.assert(
      fc.property(anySet, fc.boolean(), (project, keepRows) => {
        fc.pre(keepRows || madeOfRows(project.set) === null);
        const given = keepRows ? project : withoutRows(project);
        const files = setFiles(given);
        expect(readSetFiles(files)).toEqual({ ok: true, value: given });
        expect(setFiles(given)).toEqual(files);
      }),
      RUNS,
    );
  });

  test('is read back unchanged from a zip, which has the same bytes each time', async () => {
    await fc.assert(
      fc.asyncProperty(anySet, async (project) => {
        const zip = writeZip(await setPackageFiles(project));
        expect(await readSetPackage(new Map(Object.entries(unzipSync(zip))))).toEqual({ ok: true, value: project });
        expect(writeZip(await setPackageFiles(project))).toEqual(zip);
      }),
      { numRuns: 15 },
    );
  });

  test('is refused if any file of its zip was changed, added or removed', async () => {
    const [project] = fc.sample(anySet, { numRuns: 1, seed: 7 });
    if (!project) throw new Error('no project');
    const files = new Map(Object.entries(await setPackageFiles(project)));
    for (const [path, bytes] of files) {
      if (path === 'manifest.json') continue;
      const other = bytes.slice();
      other[other.length >> 1] = (other[other.length >> 1] ?? 0) ^ 1;
      const read = await readSetPackage(new Map([...files, [path, other]]));
      expect(read, path).toMatchObject({ ok: false, error: { kind: 'changed' } });
      const fewer = new Map(files);
      fewer.delete(path);
      expect(await readSetPackage(fewer), path).toMatchObject({ ok: false, error: { kind: 'changed' } });
    }
    const more = new Map([...files, ['tuned/x.json', new Uint8Array(1)]]);
    expect(await readSetPackage(more)).toMatchObject({ ok: false, error: { kind: 'changed' } });
  });

  test('has a file for each version, named by its number in three digits and its id', () => {
    const [complete] = fc.sample(anySet, { numRuns: 1, seed: 1 });
    if (!complete) throw new Error('no set');
    const version = {
      ...writtenIn(complete.set)[0],
      id: '1f0c9a2e-0000',
      number: 3,
      name: 'x',
      createdAt: '2026-01-01',
    };
    const set = { ...complete.set, versions: [version, { ...version, id: '1f0c9a2e-0001' }] as never };
    const names = [...setFiles({ ...complete, set }).keys()].filter((name) => name.includes('003-'));
    expect(names.map((name) => name.split('/').at(-1))).toEqual(
      expect.arrayContaining(['003-1f0c9a2e.json', '003-1f0c9a2e-2.json']),
    );
  });

  test('contains nothing of a row when it is written without rows', () => {
    fc.assert(
      fc.property(anySet, (project) => {
        fc.pre(madeOfRows(project.set) === null);
        expect(texts(setFiles(withoutRows(project)))).not.toMatch(/SECRET/);
      }),
      RUNS,
    );
  });

  test.each([
    { policy: { kind: 'anything' } },
    { policy: { kind: 'fallback', rowTimeoutMs: -1 } },
    { policy: 'shadow' },
    { verdict: { headline: 'x'.repeat(3000), rows: 1, at: '' } },
    { verdict: { headline: 'Ship it', rows: -1, at: '' } },
    { verdict: 'Ship it' },
  ])('is refused with a policy or verdict that means nothing: %#', (change) => {
    const [project] = fc.sample(anySet, { numRuns: 1, seed: 3 });
    if (!project) throw new Error('no project');
    const files = setFiles({ ...project, set: { ...project.set, ...(change as object) } });
    expect(readSetFiles(files)).toMatchObject({ ok: false, error: { kind: 'bad-set' } });
  });

  test('keeps its policy and its verdict', () => {
    const [project] = fc.sample(anySet, { numRuns: 1, seed: 3 });
    if (!project) throw new Error('no project');
    const more = {
      policy: { kind: 'fallback', rowTimeoutMs: 500 },
      verdict: { headline: 'Ship it', rows: 9, at: '2026' },
    };
    const set = { ...project.set, ...more } as typeof project.set;
    expect(readSetFiles(setFiles({ ...project, set }))).toMatchObject({ ok: true, value: { set: more } });
  });

  test('shares no id with its copy', () => {
    fc.assert(
      fc.property(anySet, (project) => {
        let n = 0;
        const copy = renewed(project, { id: 'copy', handle: 'COPY', newId: () => `new-${n++}` });
        const all = ({ versions, runs }: typeof copy.set) => [...versions, ...runs].map(({ id }) => id);
        const ids = new Set(all(project.set));
        for (const id of all(copy.set)) expect(ids.has(id)).toBe(false);
        const own = new Set(all(copy.set));
        for (const { runId, setId } of copy.checkpoints) expect([own.has(runId), setId]).toEqual([true, 'copy']);
        for (const { trainedVersion } of copy.evaluations)
          if (trainedVersion !== null) expect(own.has(trainedVersion)).toBe(true);
      }),
      RUNS,
    );
  });
});
