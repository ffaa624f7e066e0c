/** `npm run acceptance -- two-processes`: two_processes.py on the tiny model, and on the shipped prompt with its sample. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findPython } from './python.mjs';

const root = join(import.meta.dirname, '../..');
const python = findPython();
if (!python) {
  console.error('Skipped: there is no python3.');
  process.exit(0);
}
const shipped = [join(root, 'public/sample/support-tone.prompt'), join(root, 'public/sample/support-messages.csv')];
const { status } = spawnSync(python, [join(import.meta.dirname, 'two_processes.py'), ...shipped], { stdio: 'inherit' });
process.exit(status ?? 1);
