/** Files exported by earlier versions of Softprompt Studio (test/fixtures/interchange). */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Incoming, readIncoming } from './incoming';

const ROOT = 'test/fixtures/interchange';
const here = { id: 'new', now: '2026-02-02T00:00:00Z', taken: [] as string[] };

async function opened(name: string): Promise<Incoming> {
  const path = join(ROOT, name);
  const paths = statSync(path).isFile()
    ? [[name, path] as const]
    : readdirSync(path, { recursive: true, encoding: 'utf8' })
        .map((each) => [each.replaceAll('\\', '/'), join(path, each)] as const)
        .filter(([, each]) => statSync(each).isFile());
  const read = await readIncoming(new Map(paths.map(([as, each]) => [as, new Uint8Array(readFileSync(each))])), here);
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

it.each([
  ['labels.zip', 0],
  ['labels-with-rows.zip', 6],
  ['texts.zip', 0],
  ['texts-with-rows.zip', 3],
])('opens an exported prompt of an earlier version: %s', async (name, rows) => {
  const found = await opened(name);
  if (found.kind !== 'prompt') throw new Error(found.kind);
  expect(found.dataset?.table.rows.length ?? 0).toBe(rows);
  expect(found.set.hard).toHaveLength(1);
  expect(found.set.soft[0]?.soft?.vectors.length).toBe(4);
  expect(found.set.handle).toBe(name.startsWith('labels') ? 'SUPPORT_TONE' : 'SUMMARIES');
  expect(found.set.writing?.longest ?? null).toBe(name.startsWith('labels') ? null : 40);
});

it('opens notes, tags and stages of an earlier version', async () => {
  const found = await opened('labels-with-rows.zip');
  if (found.kind !== 'prompt') throw new Error(found.kind);
  expect(found.set).toMatchObject({ notes: 'Notes of the set.', tags: ['tone', 'support'] });
  expect(found.set.moves).toMatchObject([{ stage: 'production', to: 'r' }]);
});

it('opens a demo of an earlier version, with its texts', async () => {
  expect(await opened('labels-demo.zip')).toMatchObject({ kind: 'prompt', examples: ['Where is it?', 'Thanks!'] });
});

it('opens a folder of an earlier command line, without project.json', async () => {
  const found = await opened('command-line-folder');
  expect(found).toMatchObject({ kind: 'prompt', set: { handle: 'SUPPORT_TONE', hard: [] } });
});

it('opens a zip and a team folder of an earlier version as the same prompt set', async () => {
  const [zip, folder] = [await opened('prompt-set.zip'), await opened('team-folder/handle')];
  if (zip.kind !== 'set') throw new Error(zip.kind);
  expect(folder).toEqual(zip);
  expect(new Set(zip.evaluations.map(({ kind }) => kind))).toEqual(new Set(['classify', 'generate']));
  expect(zip.dataset).not.toBeNull();
  expect([zip.checkpoints, zip.measurements].every((list) => list.length > 0)).toBe(true);
});
