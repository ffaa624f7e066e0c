/**
 * `npm run bench`: the engine in Node (options as `src/cli/bench.ts` names them), then the built page: cold and warm start.
 * `npm run bench -- --engine-only` leaves the page out.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const args = process.argv.slice(2);
const engineOnly = args.includes('--engine-only');
const run = (command, list) => spawnSync(command, list, { cwd: root, stdio: 'inherit' }).status ?? 1;

const steps = [
  ['npx', ['tsx', 'src/cli/main.ts', 'bench', ...args.filter((arg) => arg !== '--engine-only')]],
  ...(engineOnly
    ? []
    : [
        ['npx', ['vite', 'build', '--logLevel', 'error']],
        ['node', ['tools/bench/page.mjs']],
      ]),
];
for (const [command, list] of steps) {
  const status = run(command, list);
  if (status !== 0) process.exit(status);
}
