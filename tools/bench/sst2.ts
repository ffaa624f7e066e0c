/**
 * The standard preset on SST-2 (256 rows) by the page's engine in Chromium on WASM: seconds of a first run and of a
 * second one on the same rows, and when 80% and 84% of test rows are right (measured by another run, off the clock). JSON on
 * stdout. Needs DATA/sst2-train.csv and DATA/sst2-test.csv.
 *
 *     npx tsx tools/bench/sst2.ts DATA [--threads 2]
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openPageEngine, runOf, sst2, timesTo } from './page-engine';
import { readOptions } from './read-options.mjs';

const { values, positionals } = readOptions({ threads: 2 });
const data = positionals[0] ?? '../shared/data';
if (!existsSync(join(data, 'sst2-train.csv'))) {
  console.error(`Skipped: ${join(data, 'sst2-train.csv')} is not there.`);
  process.exit(0);
}
const task = await sst2(data);
const engine = await openPageEngine(values.threads);
const first = await engine.train(runOf(task, 'sst2', {}));
const second = await engine.train(runOf(task, 'sst2', { seed: 1 }));
const curve = await engine.train(runOf(task, 'sst2', { validateEvery: 10 }, task.test));
const report = {
  rows: task.rows.length,
  steps: first.losses.length,
  firstRun: { seconds: first.seconds, readingSeconds: first.cacheSeconds },
  secondRun: { seconds: second.seconds },
  testRows: task.test.length,
  timeTo: timesTo(
    { '80%': (point) => point.accuracy >= 0.8, '84%': (point) => point.accuracy >= 0.84 },
    first.stepAt,
    curve.accuracies,
  ),
  accuracies: curve.accuracies,
};
console.log(JSON.stringify(report, null, 1));
await engine.close();
process.exit(0);
