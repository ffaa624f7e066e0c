/**
 * Measures the Data screen with many rows in the built page, in a real Chromium: the import, the longest task of the main
 * thread at every step, and how long a search, a filter, a sort, a changed cell and a reload take. `npm run build` first.
 * Prints JSON, the lowest of the runs, as other work on the machine only adds to them; progress goes to stderr.
 *
 *     node tools/bench/large-table.mjs [--rows 200000, in hundred thousands] [--runs 3] [--profile FILE]
 *
 * Times are taken in the page, from the event to the frame that shows the answer. A task is what the browser
 * reports as a long one (50 ms and more; 0 = none); its processor time is from a trace, which adds a little to all. --profile writes a CPU profile of the main thread, for Chromium's tools.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { preview } from 'vite';
import { launchOptions, NO_GPU_ARGS } from '../chromium.mjs';
import { largeCsv } from './large-csv.mjs';
import { readOptions } from './read-options.mjs';
import { longestTaskCpu } from './task-times.mjs';

const { values: options } = readOptions({ rows: 200000, runs: 3, port: 4191, profile: null });
const rows = options.rows;
const root = join(import.meta.dirname, '../..');
const server = await preview({ root, preview: { port: options.port, host: 'localhost' }, logLevel: 'silent' });
const url = `${server.resolvedUrls?.local[0]}?model=softprompt-studio/tiny-support#/`;
const folder = mkdtempSync(join(tmpdir(), 'large-table-'));
const file = join(folder, 'many.csv');
writeFileSync(file, largeCsv(rows));
const all = rows.toLocaleString('en');

/** Runs in the page before it: notes long tasks, and when a person last did something. */
function watch() {
  window.longTasks = [];
  window.actedAt = 0;
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) window.longTasks.push({ startTime, duration });
  }).observe({ type: 'longtask', buffered: true });
  for (const type of ['input', 'change', 'click', 'keydown', 'pointerup'])
    addEventListener(
      type,
      () => {
        window.actedAt = performance.now();
      },
      { capture: true },
    );
}

async function run() {
  const context = await chromium.launchPersistentContext(mkdtempSync(join(folder, 'profile-')), {
    ...(await launchOptions(NO_GPU_ARGS)),
    viewport: { width: 1440, height: 900 },
  });
  await context.addInitScript(watch);
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(180_000);
  const cdp = await context.newCDPSession(page);
  await page.goto(url);
  await page.getByRole('button', { name: /^Model: .+ threads/ }).waitFor();
  if (options.profile) {
    await cdp.send('Profiler.enable');
    await cdp.send('Profiler.start');
  }
  const found = {};

  /** Does something, waits for what should be seen, and notes the milliseconds in between and the longest task since. */
  async function step(name, act, isSeen, argument) {
    const from = name === 'reload' ? 0 : await page.evaluate(() => performance.now());
    let at = { now: 0, acted: 0 };
    const cpu = await longestTaskCpu(cdp, async () => {
      await act();
      const seen = await page.waitForFunction(isSeen, argument, { polling: 'raf' });
      await seen.dispose();
      at = await page.evaluate(() => ({ now: performance.now(), acted: window.actedAt }));
      await page.waitForTimeout(400); // what follows from it is part of it
    });
    const tasks = await page.evaluate(
      (since) => window.longTasks.filter((t) => t.startTime + t.duration >= since),
      from,
    );
    const longest = Math.max(0, ...tasks.map(({ duration }) => duration));
    found[name] = {
      ms: Math.round(at.now - Math.min(at.now, Math.max(from, at.acted))),
      longestTask: Math.round(longest),
      longestTaskCpu: Math.round(cpu),
    };
    console.error(name, JSON.stringify(found[name]), tasks.map(({ duration }) => Math.round(duration)).join(' '));
  }
  const titled = (text) => [...document.querySelectorAll('h2')].some((h) => h.textContent === text);
  const gridSays = (text) => document.querySelector('[role=grid]')?.textContent.includes(text) ?? false;
  const choose = async (which, option) => {
    await page.getByRole('button', { name: new RegExp(`${which}$`) }).click();
    await page.getByRole('option', { name: option }).click();
  };
  const search = page.getByRole('searchbox', { name: 'Search the rows' });
  const grid = page.getByRole('grid', { name: 'Rows' });

  const picked = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Use my CSV' }).click();
  const chooser = await picked;
  await step(
    'import',
    () => chooser.setFiles(file),
    () => /rows ready/.test(document.querySelector('h1')?.textContent ?? ''),
  );
  await page.waitForFunction(() =>
    /training|validation|test/.test(document.querySelector('[role=grid]')?.textContent ?? ''),
  );
  await page.waitForTimeout(1500);

  await step('search', () => search.fill('Message 19999'), titled, `${rows >= 200_000 ? 11 : 1} of ${all} rows`);
  await step('search again', () => search.fill('sofa'), gridSays, 'the sofa');
  await step('clear', () => search.fill(''), titled, `${all} rows`);
  await step(
    'filter',
    () => choose('Show', /^Test rows/),
    titled,
    `${(0.35 * (rows - rows / 5000)).toLocaleString('en')} of ${all} rows`,
  );
  await step('no filter', () => choose('Show', /^All rows/), titled, `${all} rows`);
  await step('sort by text', () => choose('Order', 'By text, A to Z'), gridSays, 'Message 0 about');
  await step(
    'sort by length',
    () => choose('Order', 'Longest text first'),
    (n) => !document.querySelector('[role=grid]')?.textContent.includes(n),
    'Message 0 about',
  );
  await step('sort as in the file', () => choose('Order', 'File order'), gridSays, 'Message 0 about');
  await step(
    'scroll',
    async () => {
      await grid.hover();
      for (let i = 0; i < 20; i++) await page.mouse.wheel(0, 3000);
      await grid.focus();
      await page.keyboard.press('Control+End');
    },
    gridSays,
    `Message ${rows - 1} about`,
  );
  await choose('Show', /^Training rows/);
  await page.waitForTimeout(600);
  await grid.focus();
  for (const key of ['Control+Home', 'ArrowRight', 'F2']) await page.keyboard.press(key);
  await page.getByRole('textbox', { name: /^message of row/ }).fill('zzz changed');
  await step('edit a cell', () => page.keyboard.press('Enter'), titled, 'Version 2 of the data');
  await step('reload', () => page.reload(), titled, 'Version 2 of the data');
  await page.waitForFunction(() =>
    /training|validation|test/.test(document.querySelector('[role=grid]')?.textContent ?? ''),
  );
  await search.fill('zzz changed');
  await page.waitForFunction(titled, `1 of ${all} rows`);
  found.reload.ms = Math.round(await page.evaluate(() => window.actedAt)); // from the navigation to all of it in use
  if (options.profile) writeFileSync(options.profile, JSON.stringify((await cdp.send('Profiler.stop')).profile));
  await context.close();
  return found;
}

try {
  const runs = [];
  for (let i = 0; i < options.runs; i++) runs.push(await run());
  const names = Object.keys(runs[0] ?? {});
  const lowest = (name, what) => Math.min(...runs.map((found) => found[name][what]));
  const figures = names.map((name) => [
    name,
    Object.fromEntries(['ms', 'longestTask', 'longestTaskCpu'].map((what) => [what, lowest(name, what)])),
  ]);
  console.log(JSON.stringify({ rows, runs: runs.length, ...Object.fromEntries(figures) }, null, 2));
} finally {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
