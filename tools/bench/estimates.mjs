/**
 * Sets the time that the page says beforehand against the time that it takes: a try, a run (Standard), a comparison and a
 * batch, for each data set, in the built page in a real Chromium. `npm run build` first, on a quiet machine. Prints a line a
 * task; the aim is a factor of at most 1.5 either way.
 *
 *     node tools/bench/estimates.mjs ../shared/data tweet-sentiment banking-intents [--rows 300] [--model ID]
 *
 * A set is NAME-train.csv, opened as data, and NAME-test.csv, answered as a batch, each with its first rows. The page says
 * "about 5 s" for anything shorter, so that more rows say more.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Papa from 'papaparse';
import { chromium } from 'playwright';
import { preview } from 'vite';
import { launchOptions } from '../chromium.mjs';
import { readOptions } from './read-options.mjs';

const { values, positionals } = readOptions({ rows: 300, model: null });
const [dir, ...sets] = positionals;
if (!dir || sets.length === 0) throw new Error('Name a folder of CSV files, and the sets in it.');
const PATIENCE = { timeout: 3_600_000 };
const root = join(import.meta.dirname, '../..');
const server = await preview({ root, preview: { port: 4192, host: 'localhost' }, logLevel: 'silent' });
const url = server.resolvedUrls?.local[0] ?? 'http://localhost:4192/';

const firstRows = (name) => {
  const { data } = Papa.parse(readFileSync(join(dir, name), 'utf8'), { header: true, skipEmptyLines: true });
  const buffer = Buffer.from(Papa.unparse(data.slice(0, values.rows)));
  return { name, mimeType: 'text/csv', buffer };
};

/** "about 2 min on this machine" -> 120; null where no time is said. */
function secondsIn(words) {
  const [, n, unit] = /(\d+) (s|min|h)/.exec(words) ?? [];
  return n === undefined ? null : Number(n) * { s: 1, min: 60, h: 3600 }[unit];
}

/** The words of an element once they say a time. */
async function said(locator) {
  await locator
    .filter({ hasText: /\d (s|min|h)/ })
    .first()
    .waitFor(PATIENCE);
  return (await locator.first().textContent()).replace(/\s+/g, ' ');
}

async function measured(set, task, words, act) {
  const began = performance.now();
  const ms = (await act()) ?? performance.now() - began;
  const took = ms / 1000;
  const expected = secondsIn(words);
  const isBound = words.includes('under') && expected !== null && took <= expected;
  const factor = isBound ? 1 : expected === null ? null : Math.max(expected / took, took / expected);
  console.log(JSON.stringify({ set, task, said: words, took: +took.toFixed(1), factor: factor && +factor.toFixed(2) }));
}

async function measure(page, set) {
  const button = (name) => page.getByRole('button', { name });
  const heading = (text) => page.getByRole('heading', { level: 1 }).filter({ hasText: text }).waitFor(PATIENCE);
  const file = page.locator('input[type=file]').first();
  await button(/^Model: .+threads/).waitFor(PATIENCE);
  await file.setInputFiles(firstRows(`${set}-train.csv`));
  await heading('rows ready');
  await button('Write a prompt first').click();
  const tryIt = button(/^Try on/);
  await measured(set, 'try', await said(tryIt), async () => {
    await tryIt.click();
    await heading(/gets \d/);
  });
  await button('Next: train').click();
  await page.getByText('All settings').click();
  const standard = page.getByRole('radio', { name: /^Standard/ });
  await measured(set, 'train', await said(page.locator('label').filter({ has: standard })), async () => {
    await button(/^Train$/).click();
    await heading(/^Trained/);
    // answer words may be looked for first, which is no part of the run
    const at = (mark) => page.evaluate((name) => performance.getEntriesByName(name).at(-1)?.startTime ?? 0, mark);
    return (await at('studio:trained')) - (await at('studio:training'));
  });
  const tools = page.getByRole('navigation', { name: 'Steps and tools' });
  await tools.getByRole('link', { name: /Compare/ }).click();
  const planned = page.getByRole('region', { name: 'What will be compared' });
  await measured(set, 'compare', await said(planned.locator('.panel-aside')), async () => {
    await button(/^Compare$/).click();
    await page.getByRole('list', { name: 'What it is based on' }).waitFor(PATIENCE);
  });
  await tools.getByRole('link', { name: /Library/ }).click();
  await page.getByRole('tab', { name: 'Batch' }).click();
  await button('Choose a file').waitFor();
  await button(/Stage or version$/).click();
  await page.getByRole('option').last().click();
  await file.setInputFiles(firstRows(`${set}-test.csv`));
  const answer = button(/^Answer [\d,]+ rows/);
  await measured(set, 'batch', await said(page.locator('.row').filter({ has: answer })), async () => {
    await answer.click();
    await page.getByRole('region', { name: /^[\d,]+ rows answered by/ }).waitFor(PATIENCE);
  });
}

const browser = await chromium.launch(await launchOptions());
try {
  for (const set of sets) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    await page.goto(`${url}${values.model ? `?model=${values.model}` : ''}#/`);
    await measure(page, set);
    await context.close();
  }
} finally {
  await browser.close();
  await server.close();
}
process.exit(0);
