/**
 * The programs of an export, run for real: the check rows of an exported prompt in PyTorch on the embedded weights, and the kit
 * on the tiny model with PEFT. `node tools/export/check.mjs [FOLDER]` (default: the shipped prompt). Where there is no Python it
 * says so and is skipped.
 */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { findPython } from './python.mjs';

const here = import.meta.dirname;
const bundle = resolve(process.argv[2] ?? join(here, '../../public/sample/support-tone.prompt'));
const python = findPython();
if (!python) {
  console.error('Skipped: there is no python3, so nothing was run in PyTorch here.');
  process.exit(0);
}
const run = (...args) => spawnSync(python, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1;
const checked = run(join(here, 'predict.py'), '--bundle', bundle, '--check');
process.exit(checked || run(join(here, 'test_kit.py')));
