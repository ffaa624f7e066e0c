/**
 * `npm run test:fast -- ROOM...`: the Node tests of a room (`metrics`, `screens/data`), run again on every change.
 * Without a room: the tests affected by changes since the last commit.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
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
const { status } = spawnSync(
  'npx',
  ['vitest', '--project', 'node', ...(rooms.length > 0 ? folders.map((path) => `${path}/`) : ['--changed'])],
  { cwd: root, stdio: 'inherit' },
);
process.exit(status ?? 1);
