/**
 * Trains on SST-2 with the built-in model and holds the result against what PyTorch reached on the same weights and rows
 * (84.6% suffix, mean of three seeds). Takes about ten minutes a run on two cores.
 *
 *     npx tsx tools/acceptance-training.ts DATA_FOLDER [--backend node-wasm|node-native]
 *
 * DATA_FOLDER holds sst2-train.csv and sst2-test.csv (columns text, label).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LabelResults } from '../src/report/results-schema';

const [data = '', ...options] = process.argv.slice(2);
if (data === '') {
  console.error('Name the folder with sst2-train.csv and sst2-test.csv.');
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'acceptance-'));

/** Accuracy of the tuned prompt on all 400 test rows. */
function accuracyOf(placement: string, seed: number): number {
  const out = join(folder, `${placement}-${seed}`);
  const args = [
    ...['src/cli/main.ts', 'tune', join(data, 'sst2-train.csv'), '--text', 'text', '--label', 'label'],
    ...['--prompt', 'Decide whether the review is negative or positive.\\nReview: {text}\\nSentiment:'],
    ...['--train-rows', '256', '--test', join(data, 'sst2-test.csv'), '--placement', placement, '--seed', String(seed)],
    ...['--out', out, ...options],
  ];
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error(`tune ended with ${status}`);
  const { arms }: { arms: readonly { id: string; metrics: LabelResults['arms'][number]['metrics'] }[] } = JSON.parse(
    readFileSync(join(out, 'results.json'), 'utf8'),
  );
  const tuned = arms.find(({ id }) => id === 'tuned');
  if (!tuned) throw new Error('results.json has no tuned arm');
  console.log(`${placement}, seed ${seed}: ${(100 * tuned.metrics.accuracy.value).toFixed(1)}%`);
  return tuned.metrics.accuracy.value;
}

const suffix = [0, 1, 2].map((seed) => accuracyOf('suffix', seed));
const mean = suffix.reduce((sum, value) => sum + value, 0) / suffix.length;
const prefix = accuracyOf('prefix', 0);
const bars = [
  { what: 'suffix, mean of seeds 0-2', value: mean, bar: 0.83 },
  { what: 'prefix, seed 0', value: prefix, bar: 0.81 },
];
for (const { what, value, bar } of bars)
  console.log(`${value >= bar ? 'passed' : 'FAILED'}  ${what}: ${(100 * value).toFixed(1)}%, at least ${100 * bar}%`);
process.exit(bars.every(({ value, bar }) => value >= bar) ? 0 : 1);
