/**
 * Usage: node predict.mjs [IN.csv --text COLUMN] --studio CHECKOUT
 *
 * Label and probabilities of the prompt in this folder, in Node, by the engine of Softprompt Studio: a JSON line for every row of
 * a CSV, or for every line of standard input: a text, or a JSON object with a cell for every column that the prompt shows. CHECKOUT: a clone of Softprompt Studio after `npm install` (or the environment
 * variable SOFTPROMPT_STUDIO). The embedded model is in it; for another one add --model FOLDER.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const args = process.argv.slice(2);
const at = args.indexOf('--studio');
const studio = at < 0 ? process.env.SOFTPROMPT_STUDIO : args.splice(at, 2)[1];
const main = studio ? resolve(studio, 'src/cli/main.ts') : '';
if (!studio || !existsSync(main) || !existsSync(resolve(studio, 'node_modules/tsx'))) {
  console.error(
    studio
      ? `${studio} is no checkout of Softprompt Studio that npm install was run in.`
      : 'Name a checkout of Softprompt Studio: node predict.mjs IN.csv --text text --studio CHECKOUT',
  );
  process.exit(2);
}
const here = dirname(fileURLToPath(import.meta.url));
const rest = args.map((arg, i) => (existsSync(arg) && !args[i - 1]?.startsWith('--text') ? resolve(arg) : arg));
const { status } = spawnSync(process.execPath, ['--import', 'tsx', main, 'predict', here, ...rest], {
  cwd: join(resolve(studio)),
  stdio: 'inherit',
});
process.exit(status ?? 1);
