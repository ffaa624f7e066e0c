import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CompleteSet, madeOfRows } from '../../../interchange/set-files';
import { anySet } from '../../../interchange/test-support';
import { decide, lookAt, newcomers, readFiles, saveSet } from './team-folder';

let root: FileSystemDirectoryHandle;
beforeEach(async () => {
  const top = await navigator.storage.getDirectory();
  root = await top.getDirectoryHandle('team', { create: true });
});
afterEach(async () => {
  await (await navigator.storage.getDirectory()).removeEntry('team', { recursive: true });
});

/** @param isMade of rows, as a prompt is that counts their words */
const anyOf = (seed: number, isMade = false): CompleteSet => {
  const found = fc
    .sample(anySet, { numRuns: 50, seed })
    .find(
      ({ set }) => set.hard.length > 1 && set.soft.some(({ soft }) => soft) && isMade === (madeOfRows(set) !== null),
    );
  if (!found) throw new Error('no prompt set with versions');
  return found;
};
const renamed = (whole: CompleteSet, name: string): CompleteSet => ({ ...whole, set: { ...whole.set, name } });
const withNote = (whole: CompleteSet, note: string): CompleteSet => ({
  ...whole,
  set: { ...whole.set, hard: whole.set.hard.map((version, i) => (i === 0 ? { ...version, note } : version)) },
});

test('finds, applies and agrees on the change of a colleague', async () => {
  const mine = anyOf(1);
  const saved = await saveSet(root, mine, null, true);
  expect(saved.waiting).toBe(0);
  const attributes = await (await root.getFileHandle('.gitattributes')).getFile();
  expect(await attributes.text()).toContain('*.json text eol=lf');
  expect(await readFiles(root, saved.link.folder)).toHaveProperty('size', saved.written);
  expect((await saveSet(root, mine, saved.link, true)).written, 'nothing changed, nothing is written').toBe(0);

  const [there] = await newcomers(root, new Set());
  if (!there?.read.ok) throw new Error('not found');
  expect(there.read.value).toEqual(mine);
  expect(await newcomers(root, new Set([mine.set.id]))).toEqual([]);

  const theirs = withNote(mine, 'theirs');
  await saveSet(root, theirs, saved.link, true);
  const changes = await lookAt(root, mine, saved.link, true);
  expect(changes.map(({ kind }) => kind)).toEqual(['changed']);
  const decided = await decide(root, mine, saved.link, changes, { [changes[0]?.name ?? '']: 'take' });
  if (!decided.ok) throw new Error(decided.error.message);
  expect(decided.value.complete).toEqual(theirs);
  expect(await lookAt(root, theirs, decided.value.link, true)).toEqual([]);
});

test('does not overwrite a version that changed on both sides before the user decides', async () => {
  const mine = anyOf(2);
  const { link } = await saveSet(root, mine, null, true);
  await saveSet(root, renamed(mine, 'Theirs'), link, true);
  const ours = renamed(mine, 'Ours');
  const again = await saveSet(root, ours, link, true);
  expect(again.waiting).toBe(1);
  const changes = await lookAt(root, ours, again.link, true);
  expect(changes).toMatchObject([{ kind: 'conflict', name: 'prompt-set' }]);
  const kept = await decide(root, ours, again.link, changes, { 'prompt-set': 'mine' });
  if (!kept.ok) throw new Error(kept.error.message);
  expect(await saveSet(root, kept.value.complete, kept.value.link, true)).toMatchObject({ written: 1, waiting: 0 });
  const [found] = await newcomers(root, new Set());
  expect(found?.read.ok && found.read.value.set.name).toBe('Ours');
});

test('writes nothing of a row without consent, and keeps the rows here when changes are applied', async () => {
  const mine = anyOf(3);
  const { link } = await saveSet(root, mine, null, false);
  const text = [...(await readFiles(root, link.folder)).values()]
    .map((bytes) => new TextDecoder().decode(bytes))
    .join();
  expect(text).not.toContain('SECRET');
  await expect(saveSet(root, anyOf(3, true), null, false)).rejects.toMatchObject({ code: 'bad-input' });
  await saveSet(root, renamed(mine, 'Theirs'), link, false);
  const changes = await lookAt(root, mine, link, false);
  const decided = await decide(root, mine, link, changes, { 'prompt-set': 'take' });
  expect(decided.ok && decided.value.complete).toEqual(renamed(mine, 'Theirs'));
});

test('gives two sets with the same handle different folders', async () => {
  const [first, second] = [anyOf(4), anyOf(5)];
  const [a, b] = [await saveSet(root, first, null, true), await saveSet(root, second, null, true)];
  expect([a.link.folder, b.link.folder]).toEqual(['handle', 'handle-2']);
});
