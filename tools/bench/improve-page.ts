/**
 * How long a search for the best prompt takes in the page: the embedded model in Chromium, on WASM, from the request to the
 * winner. The file is used as it is dropped, with the prompt and the answer words that are proposed for it. One JSON line.
 *
 *     npx tsx tools/bench/improve-page.ts DATA.csv [--budget 200] [--threads 2]
 *
 * DATA.csv has the columns text and label.
 */
import { readFileSync } from 'node:fs';
import { openPageEngine } from './page-engine';
import { readOptions } from './read-options.mjs';

const { values, positionals } = readOptions({ budget: 200, threads: 2 });
const page = await openPageEngine(values.threads);
try {
  const csv = readFileSync(positionals[0] ?? '', 'utf8');
  console.log(JSON.stringify(await page.search(csv, values.budget)));
} finally {
  await page.close();
}
