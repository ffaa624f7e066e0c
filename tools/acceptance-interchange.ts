/**
 * Prompts that travel, on the built-in model: trained here and scored by PEFT and predict.py; trained by train_peft.py and scored
 * here. 100 rows of SST-2 each; log-probabilities must agree to 0.001. `npx tsx tools/acceptance-interchange.ts DATA` (the folder
 * with sst2-train.csv and sst2-test.csv). `here` is the command line; acceptance-page-interchange.ts does it with the page.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COLUMNS, dataAndPeft, must } from './export/peft';

const { train, test, peft } = dataAndPeft();
const out = mkdtempSync(join(tmpdir(), 'interchange-'));

const cli = (what: string, ...args: string[]) =>
  must(what, process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args, '--backend', 'node-native']);

for (const placement of ['prefix', 'suffix']) {
  const folder = join(out, placement);
  cli(
    `trained here, ${placement}`,
    ...[
      'tune',
      train,
      ...COLUMNS,
      '--prompt',
      'Decide whether the review is negative or positive.\\nReview: {text}\\nSentiment:',
    ],
    ...['--train-rows', '64', '--test', test, '--test-rows', '100', '--placement', placement],
    ...['--tokens', '8', '--steps', '30', '--out', folder],
  );
  peft.scoreThere('scored there', join(folder, 'prompt'), join(folder, 'results.json'), test);
}

const trained = join(out, 'trained-there');
const results = join(out, 'trained-there.json');
peft.trainThere('trained by train_peft.py', join(out, 'prefix/prompt'), train, trained);
cli('scored here', 'evaluate', trained, test, ...COLUMNS, '--test-rows', '100', '--out', results);
peft.scoreThere('against PEFT', trained, results, test);
