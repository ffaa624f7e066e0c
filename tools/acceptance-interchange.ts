/**
 * Prompts that travel, on the embedded model: trained here and scored by PEFT and predict.py; trained by train_peft.py and scored
 * here. 100 rows of SST-2 each; log-probabilities must agree to 0.001. `npx tsx tools/acceptance-interchange.ts DATA` (the folder
 * with sst2-train.csv and sst2-test.csv).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPython } from './export/python.mjs';

const data = process.argv[2] ?? '';
if (data === '') {
  console.error('Name the folder with sst2-train.csv and sst2-test.csv.');
  process.exit(2);
}
const python = findPython();
if (!python) {
  console.error('Skipped: there is no python3.');
  process.exit(0);
}
const [train, test] = [join(data, 'sst2-train.csv'), join(data, 'sst2-test.csv')];
const out = mkdtempSync(join(tmpdir(), 'interchange-'));
const tool = (name: string) => join(import.meta.dirname, 'export', name);

function must(what: string, command: string, args: readonly string[]): void {
  console.log(`\n${what}`);
  const { status } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${what}: ended with ${status}`);
}

const cli = (what: string, ...args: string[]) =>
  must(what, process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args, '--backend', 'node-native']);
const columns = ['--text', 'text', '--label', 'label'];

for (const placement of ['prefix', 'suffix']) {
  const folder = join(out, placement);
  cli(
    `trained here, ${placement}`,
    ...[
      'tune',
      train,
      ...columns,
      '--prompt',
      'Decide whether the review is negative or positive.\\nReview: {text}\\nSentiment:',
    ],
    ...['--train-rows', '64', '--test', test, '--test-rows', '100', '--placement', placement],
    ...['--tokens', '8', '--steps', '30', '--out', folder],
  );
  must('scored there', python, [tool('compare.py'), join(folder, 'prompt'), join(folder, 'results.json'), test]);
}

const trained = join(out, 'trained-there');
const results = join(out, 'trained-there.json');
must('trained by train_peft.py', python, [
  tool('train_peft.py'),
  ...[
    train,
    ...columns,
    '--bundle',
    join(out, 'prefix/prompt'),
    '--train-rows',
    '64',
    '--steps',
    '12',
    '--out',
    trained,
  ],
]);
cli('scored here', 'evaluate', trained, test, ...columns, '--test-rows', '100', '--out', results);
must('against PEFT', python, [tool('compare.py'), trained, results, test]);
