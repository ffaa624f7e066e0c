/**
 * Runs the programs of an export for real: what they read and refuse, by the studio's table of cases; the check rows of an exported prompt in PyTorch on the embedded weights, and all
 * programs on the tiny model with PEFT, including a prompt that generates texts. `node tools/export/check.mjs [FOLDER]` (default: the shipped
 * prompt). Where there is no Python it says so and is skipped.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { findPython } from './python.mjs';

const here = import.meta.dirname;
const exported = resolve(process.argv[2] ?? join(here, '../../public/sample/support-tone.prompt'));
const python = findPython();
if (!python) {
  console.error('Skipped: there is no python3, so nothing was run in PyTorch here.');
  process.exit(0);
}
const root = join(here, '../..');
const run = (command, args, env = {}) =>
  spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, OMP_NUM_THREADS: '1', ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  }).status ?? 1;
const folder = mkdtempSync(join(tmpdir(), 'written-'));
const probed = join(folder, 'probed');

/** A prompt that writes, trained for a moment and exported by the command line: `prompt/` and what it wrote. */
const exportWriting = () =>
  run(process.execPath, [
    ...['--import', 'tsx', 'src/cli/main.ts', 'write', 'tools/text-to-text/summaries.csv', '--out', folder],
    ...['--text', 'message', '--target', 'summary', '--prompt', 'Message: {text}\nSummary:'],
    ...['--model', 'public/models/softprompt-studio/tiny-support', '--steps', '4'],
    ...['--train-rows', '24', '--test-rows', '3'],
  ]);

/** A linear probe, exported by the command line to `probe/`. */
const exportProbe = () =>
  run(process.execPath, [
    ...['--import', 'tsx', 'src/cli/main.ts', 'tune', 'public/sample/support-messages.csv', '--out', probed, '--probe'],
    ...['--text', 'text', '--label', 'label', '--model', 'public/models/softprompt-studio/tiny-support'],
    ...['--preset', 'quick', '--steps', '1', '--test-rows', '12'],
  ]);

const failed =
  run(python, [join(here, 'test_rows.py')]) ||
  run(python, [join(here, 'predict.py'), '--package', exported, '--check']) ||
  exportWriting() ||
  exportProbe() ||
  run(python, [join(here, 'test_programs.py')], { WRITTEN: folder, PROBE: probed }) ||
  run(python, [join(here, 'test_serve.py')]);
rmSync(folder, { recursive: true, force: true });
process.exit(failed);
