/**
 * `npm run bench`: the engine in Node (`engine.ts`), the page's engine on SST-2 (`sst2.ts`), then
 * the built page: cold and warm start and its memory (`page.mjs`); what needs ../shared/data is skipped where that is absent.
 * `npm run bench -- --engine-only` is the first alone; `-- --against-peft [DATA]` times PyTorch + PEFT beside the engine in Node
 * instead, and nothing else (see against-peft.ts).
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const DATA = '../shared/data';
const root = join(import.meta.dirname, '../..');
const args = process.argv.slice(2);
const peft = args.indexOf('--against-peft');
const engineOnly = args.includes('--engine-only') || args.includes('--help');
const run = (command, list) => spawnSync(command, list, { cwd: root, stdio: 'inherit' }).status ?? 1;

const own = [
  ['npx', ['tsx', 'tools/bench/engine.ts', ...args.filter((arg) => arg !== '--engine-only')]],
  ...(engineOnly
    ? []
    : [
        ['npx', ['tsx', 'tools/bench/sst2.ts', DATA]],
        ['npx', ['vite', 'build', '--logLevel', 'error']],
        ['node', ['tools/bench/page.mjs', '--memory', join(DATA, 'sst2-train.csv')]],
      ]),
];
const against = ['npx', ['tsx', 'tools/bench/against-peft.ts', args[peft + 1] ?? DATA, ...args.slice(peft + 2)]];
for (const [command, list] of peft < 0 ? own : [against]) {
  const status = run(command, list);
  if (status !== 0) process.exit(status);
}
