/**
 * `npm run bench`: the engine in Node (options as `src/cli/bench.ts` names them), then the built page: cold and warm start.
 * `npm run bench -- --engine-only` leaves the page out; `-- --against-peft [DATA]` times PyTorch + PEFT beside the page's
 * engine instead, and nothing else (see against-peft.ts).
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const args = process.argv.slice(2);
const peft = args.indexOf('--against-peft');
const engineOnly = args.includes('--engine-only');
const run = (command, list) => spawnSync(command, list, { cwd: root, stdio: 'inherit' }).status ?? 1;

const own = [
  ['npx', ['tsx', 'src/cli/main.ts', 'bench', ...args.filter((arg) => arg !== '--engine-only')]],
  ...(engineOnly
    ? []
    : [
        ['npx', ['vite', 'build', '--logLevel', 'error']],
        ['node', ['tools/bench/page.mjs']],
      ]),
];
const against = [
  'npx',
  ['tsx', 'tools/bench/against-peft.ts', args[peft + 1] ?? '../shared/data', ...args.slice(peft + 2)],
];
for (const [command, list] of peft < 0 ? own : [against]) {
  const status = run(command, list);
  if (status !== 0) process.exit(status);
}
