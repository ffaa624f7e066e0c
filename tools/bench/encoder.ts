/**
 * A sentence encoder beside word counts and the most frequent label, on the training and test rows that a tuned prompt has:
 * accuracy in per cent, a JSON line a file. A file named SET-train.csv is tested on SET-test.csv, another on its own split.
 *
 *     npx tsx tools/bench/encoder.ts PYTHON FILE... [--train-rows 256] [--test-rows 400]
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readDataset } from '../../src/cli/data';
import { createLog } from '../../src/cli/node-host';
import { goldOf, labelOf, rowsOf, textOf } from '../../src/dataset/labels';
import type { SplitName } from '../../src/dataset/types';
import { accuracy, argmax } from '../../src/metrics/classification';
import { saidByWords } from '../../src/workflow/word-counts';
import { readOptions } from './read-options.mjs';
import { sizesOf } from './sets';

const { values, positionals } = readOptions({ 'train-rows': 256, 'test-rows': null });
const [python = 'python3', ...files] = positionals;
const percent = (share: number) => Number((100 * share).toFixed(1));

const read = await Promise.all(
  files.map(async (data) => {
    const beside = data.replace(/-train\.csv$/, '-test.csv');
    const test = beside !== data && existsSync(beside) ? beside : null;
    const columns = { text: 'text', label: 'label' };
    const sizes = test === null ? { trainRows: null, testRows: null } : sizesOf(values);
    return readDataset({ data, test, columns, seed: 0, ...sizes }, createLog());
  }),
);
const requests = read.map((dataset) => {
  const rows = (part: SplitName) =>
    rowsOf(dataset, part).map((row) => [textOf(row, dataset.mapping), labelOf(row, dataset.mapping)]);
  return `${JSON.stringify({ train: rows('train'), test: rows('test') })}\n`;
});
const { status, stdout, error } = spawnSync(python, [join(import.meta.dirname, 'encoder.py')], {
  input: requests.join(''),
  stdio: ['pipe', 'pipe', 'inherit'],
  encoding: 'utf8',
});
if (status !== 0) {
  // otherwise it has said itself what is missing
  if (error) console.error(`Skipped: ${error.message}`);
  process.exit(0);
}
const encoder = stdout.trim().split('\n').map(Number);
for (const [i, dataset] of read.entries()) {
  const [learned, gold] = [goldOf(dataset, dataset.split.train), goldOf(dataset, dataset.split.test)];
  const counts = dataset.labels.map((_, label) => learned.filter((of) => of === label).length);
  const words = saidByWords(dataset, rowsOf(dataset, 'test'));
  console.log(
    JSON.stringify({
      file: basename(files[i] ?? ''),
      train: learned.length,
      test: gold.length,
      mostFrequent: percent(gold.filter((label) => label === argmax(counts)).length / gold.length),
      wordCounts: percent(accuracy(gold, words.map(argmax))),
      encoder: encoder[i],
    }),
  );
}
