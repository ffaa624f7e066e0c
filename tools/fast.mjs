/**
 * `npm run test:fast -- ROOM...`: the Node tests of a room (`metrics`, `screens/data`), run again on every change.
 * Without a room: the tests affected by changes since the last commit.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const rooms = process.argv.slice(2);
const folders = rooms.map((room) =>
  ['src', 'src/app', '.'].map((base) => join(base, room)).find((path) => existsSync(join(root, path))),
);
const missing = rooms.filter((_, i) => !folders[i]);
if (missing.length > 0) {
  console.error(`There is no room ${missing.join(', ')}. Rooms are the folders of src/, listed in ARCHITECTURE.md.`);
  process.exit(2);
}
const pure = JSON.parse(readFileSync(join(root, 'tsconfig.pure.json'), 'utf8')).include;
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    ...['--project', 'node', '--maxWorkers=100%'],
    // pure rooms have no state that one file's tests could leave to the next one's: all share a process
    ...(rooms.length > 0 && folders.every((path) => pure.includes(path)) ? ['--no-isolate'] : []),
    ...(rooms.length > 0 ? folders.map((path) => `${path}/`) : ['--changed']),
  ],
  { cwd: root, stdio: 'inherit' },
);
process.exit(status ?? 1);
