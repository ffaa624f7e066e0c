/** What the acceptance checks ask of Python: a prompt scored, or trained, by the programs that travel with it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findPython } from './python.mjs';

const tool = (name: string) => join(import.meta.dirname, name);

/** Runs a program to its end, its output beside ours. @throws Error when it fails */
export function must(what: string, command: string, args: readonly string[]): void {
  console.log(`\n${what}`);
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${what}: ended with ${status}`);
}

/** The columns of SST-2, as every program names them. */
export const COLUMNS = ['--text', 'text', '--label', 'label'];

export interface Peft {
  /** Log-probabilities in `results` (of a tuned prompt on rows of `data`) against PEFT's, or predict.py's. */
  readonly scoreThere: (what: string, folder: string, results: string, data: string) => void;
  /** Trains the prompt in `folder` again, on the first rows of `data`, into `out`. */
  readonly trainThere: (what: string, folder: string, data: string, out: string) => void;
}

/** The folder with SST-2 that the command line names, and Python; the process ends where either is missing. */
export function dataAndPeft(): { readonly train: string; readonly test: string; readonly peft: Peft } {
  const [, , data] = process.argv;
  if (!data) {
    console.error('Name the folder with sst2-train.csv and sst2-test.csv.');
    process.exit(2);
  }
  const peft = findPeft();
  if (!peft) {
    console.error('Skipped: there is no python3.');
    process.exit(0);
  }
  return { train: join(data, 'sst2-train.csv'), test: join(data, 'sst2-test.csv'), peft };
}

function findPeft(): Peft | null {
  const python = findPython();
  if (!python) return null;
  return {
    scoreThere: (what, folder, results, data) => must(what, python, [tool('compare.py'), folder, results, data]),
    trainThere: (what, folder, data, out) =>
      must(what, python, [
        tool('train_peft.py'),
        ...[data, ...COLUMNS, '--package', folder, '--out', out],
        ...['--train-rows', '64', '--validation-rows', '20', '--steps', '12'],
      ]),
  };
}
