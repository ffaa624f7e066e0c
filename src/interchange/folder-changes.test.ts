import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readSetFiles, setFiles } from './set-files';
import { folderChanges, withTaken } from './set-package';
import { anySet } from './test-support';

describe('changes of a team folder', () => {
  test.each([
    ['nothing', '1', '1', '1', null],
    ['changed here only', '1', '2', '1', null],
    ['changed there only', '1', '1', '2', 'changed'],
    ['the same change on both sides', '1', '2', '2', null],
    ['changed on both sides', '1', '2', '3', 'conflict'],
    ['added there', undefined, undefined, '1', 'new'],
    ['added here', undefined, '1', undefined, null],
    ['added on both sides', undefined, '1', '2', 'conflict'],
    ['deleted there', '1', '1', undefined, 'gone'],
    ['deleted there, changed here', '1', '2', undefined, 'conflict'],
    ['deleted here', '1', undefined, '1', null],
    ['deleted here, changed there', '1', undefined, '2', 'conflict'],
  ])('%s', (_, base, here, there, kind) => {
    const sums = (sum: string | undefined) => (sum === undefined ? {} : { 'tuned/001.json': sum });
    const found = folderChanges(sums(base), sums(here), sums(there));
    expect(found.map((change) => change.kind)).toEqual(kind === null ? [] : [kind]);
  });

  test('count settings and vectors of one version as one change', () => {
    expect(folderChanges({}, {}, { 'tuned/001.json': 'a', 'tuned/001.npy': 'b', 'runs/001.json': 'c' })).toEqual([
      { name: 'runs/001', kind: 'new', paths: ['runs/001.json'] },
      { name: 'tuned/001', kind: 'new', paths: ['tuned/001.json', 'tuned/001.npy'] },
    ]);
  });

  test('give the other prompt set when all are taken, and this one when none is', () => {
    fc.assert(
      fc.property(anySet, anySet, (mine, theirs) => {
        const [here, there] = [setFiles(mine), setFiles(theirs)];
        const sums = (files: ReadonlyMap<string, Uint8Array>) =>
          Object.fromEntries([...files].map(([path, bytes]) => [path, Buffer.from(bytes).toString('base64')]));
        const changes = folderChanges(sums(here), sums(here), sums(there));
        expect(readSetFiles(withTaken(here, there, changes))).toEqual({ ok: true, value: theirs });
        expect(withTaken(here, there, [])).toEqual(here);
        expect(folderChanges(sums(there), sums(there), sums(there))).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});
