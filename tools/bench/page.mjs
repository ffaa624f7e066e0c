/**
 * Measures the built page in a real Chromium: cold and warm start (the model ready to train, and the first finished step of
 * the sample), the time from the click to the finished comparison, and the peak memory of the renderer. `npm run build` first. Prints JSON; progress goes to stderr.
 *
 *     node tools/bench/page.mjs [--runs 3] [--full] [--busy] [--minutes 60] [--memory DATA.csv]
 *
 * `withoutReading` leaves out the pass over the texts of the first step, which is remembered for later runs ("ready to train").
 * --full: the sample from the click to the verdict, with links pressed while it trains. --busy: while another program takes a core. --minutes: the same again and
 * again in one page until the time is over, with the peak up to the end of each turn. --memory: the peak while training on texts of 18 to 45 words from
 * DATA.csv (columns text, label), about 256 rows that train and 77 that validate, vectors after and before the text, of texts at
 * most 256 MB kept, as 16-bit floats. 40 steps
 * reach it: every text has been read, every kind of run made.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { preview } from 'vite';
import { launchOptions, NO_GPU_ARGS } from '../chromium.mjs';
import { feltBy, observeFelt, pressUntil, quarters } from './felt.mjs';
import { readOptions } from './read-options.mjs';

const { values: options } = readOptions({ runs: 3, full: false, busy: false, minutes: 0, memory: null });
const root = join(import.meta.dirname, '../..');
const server = await preview({ root, preview: { port: 4190, host: 'localhost' }, logLevel: 'silent' });
const url = server.resolvedUrls?.local[0] ?? 'http://localhost:4190/';
// the renderer that Chromium holds ready for the next page is not this one's memory
const launched = await launchOptions([...NO_GPU_ARGS, '--disable-features=SpareRendererForSitePerProcess']);

/** Resident bytes of all renderer processes of a browser (Linux), without the one of the browser's own windows. */
function rendererBytes(profile) {
  let total = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (!command.includes('--type=renderer') || !command.includes(profile)) continue;
      if (command.includes('--top-chrome-webui')) continue;
      total += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
    } catch {
      // The process ended between the listing and the look.
    }
  }
  return total;
}

/** A browser of its own, its renderer's memory sampled every 100 ms from the start; its peak up to each mark, in GB. */
async function visit(profile, work) {
  const context = await chromium.launchPersistentContext(profile, {
    ...launched,
    viewport: { width: 1440, height: 900 },
  });
  const started = Date.now();
  const samples = [];
  const sampler = setInterval(() => {
    samples.push({ at: (Date.now() - started) / 1000, bytes: rendererBytes(profile) });
  }, 100);
  const peakGB = (until) => Math.max(0, ...samples.filter(({ at }) => at <= until).map(({ bytes }) => bytes)) / 1e9;
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    await page.addInitScript(observeFelt);
    await page.goto(`${url}#/`);
    const found = await work(page, started);
    const peaks = Object.entries(found.marks).map(([mark, { sinceStart }]) => [mark, peakGB(sinceStart)]);
    return { ...found, peakGB: { ...Object.fromEntries(peaks), whole: peakGB(Number.POSITIVE_INFINITY) } };
  } finally {
    clearInterval(sampler);
    await context.close();
  }
}

/** Waits for a mark of the page; all marks so far, in seconds since the browser's start and since `from`. */
async function marked(page, name, started, from = started) {
  const marks = {};
  while (!(name in marks)) {
    if (Date.now() - started > 1_500_000) throw new Error(`no mark ${name} after 25 minutes`);
    await page.waitForTimeout(100);
    const found = await page.evaluate(() =>
      performance.getEntriesByType('mark').map((mark) => [mark.name, performance.timeOrigin + mark.startTime]),
    );
    for (const [mark, at] of found)
      if (mark.startsWith('studio:'))
        marks[mark] ??= { sinceStart: (at - started) / 1000, sinceClick: (at - from) / 1000 };
  }
  return marks;
}

const trainSample = (until) => async (page, started) => {
  await page.getByRole('button', { name: /^Train the sample/ }).click();
  const from = Date.now();
  if (until !== 'studio:compared') return { marks: await marked(page, until, started, from) };
  await marked(page, 'studio:training', started, from);
  const isOver = (mark) => page.evaluate((name) => performance.getEntriesByName(name).length > 0, mark);
  const { shown, presses } = await pressUntil(page, 'studio:trained', isOver);
  const felt = feltBy(await page.evaluate(() => window.felt), presses);
  const marks = await marked(page, until, started, from);
  const at = (mark) => from + 1000 * marks[mark].sinceClick;
  const timeLeft = quarters(shown, at('studio:training'), at('studio:trained'));
  return { marks, felt, timeLeft, ...(await resultOf(page)) };
};

/** The whole journey of the sample, again and again in one page. */
const useFor = (minutes) => async (page, started) => {
  const marks = {};
  for (let turn = 1; Date.now() - started < 60_000 * minutes; turn++) {
    await page.evaluate(() => {
      performance.clearMarks();
      location.hash = '#/';
    });
    await trainSample('studio:compared')(page, Date.now());
    const sinceStart = (Date.now() - started) / 1000;
    marks[`turn ${turn}`] = { sinceStart };
    console.error(`turn ${turn}: over after ${Math.round(sinceStart / 60)} min`);
  }
  return { marks };
};

/** The verdict with what it is based on, and what each prompt makes of the sentence of the start screen. */
async function resultOf(page) {
  const verdict = await page.getByRole('heading', { level: 1 }).textContent();
  const based = page.getByRole('list', { name: 'What it is based on' });
  const detail = await based.getByRole('listitem').allInnerTexts();
  const { example } = JSON.parse(readFileSync(join(root, 'public/sample/sample.json'), 'utf8'));
  await page.getByRole('link', { name: 'Playground' }).click();
  await page.getByRole('textbox', { name: 'Message' }).fill(example);
  await page
    .getByText(/^\d+ tokens?( · \d+ ms)?$/)
    .first()
    .waitFor();
  while ((await page.locator('[aria-busy=true]').count()) > 0) await page.waitForTimeout(200);
  const answers = {};
  for (const name of ['Untuned', 'your prompt', 'tuned prompt'])
    answers[name] = await page.getByRole('region', { name }).getByRole('listitem').allInnerTexts();
  return { verdict, detail, example, answers };
}

const MEMORY_STEPS = '40';
const trainFile = (csv, placement) => async (page, started) => {
  await marked(page, 'studio:model-ready', started);
  await keepTexts(page, '256 MB', '16-bit floats');
  await page
    .locator('input[type=file]')
    .first()
    .setInputFiles({ name: 'memory.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
  await page.getByRole('button', { name: 'Write a prompt first' }).click();
  await page.getByRole('button', { name: 'Next: train' }).click();
  await page.getByText('All settings').click();
  await page.getByRole('textbox', { name: 'Steps', exact: true }).fill(MEMORY_STEPS);
  if (placement === 'prefix') await page.getByText('In PEFT', { exact: true }).click();
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  return { marks: await marked(page, 'studio:trained', started) };
};

/** How much is kept of texts, and how, as the Models panel sets it. */
async function keepTexts(page, size, storage) {
  await page.getByRole('button', { name: /^Model: / }).click();
  const choices = { 'At most': size, 'Stored as': storage };
  for (const [name, choice] of Object.entries(choices)) {
    await page.getByRole('button', { name: new RegExp(`${name}$`) }).click();
    await page.getByRole('option', { name: choice }).click();
  }
  await page.keyboard.press('Escape');
}

/** About 256 rows to train at the default split, of about 35 tokens with the template. */
async function memoryRows(path) {
  const { default: Papa } = await import('papaparse');
  const { data } = Papa.parse(readFileSync(path, 'utf8'), { header: true, skipEmptyLines: true });
  const words = ({ text }) => text.split(/\s+/).length;
  return Papa.unparse(data.filter((row) => words(row) >= 18 && words(row) <= 45).slice(0, 512));
}

async function inProfile(work) {
  const profile = mkdtempSync(join(tmpdir(), 'studio-bench-'));
  try {
    return await work(profile);
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const cold = [];
const warm = [];
for (let run = 0; run < options.runs; run++)
  await inProfile(async (profile) => {
    const firstStep = async () => {
      const { marks } = await visit(profile, trainSample('studio:first-step'));
      const at = (mark) => marks[`studio:${mark}`]?.sinceStart ?? 0;
      const reading = at('texts-read') - at('training');
      return { modelReady: at('model-ready'), firstStep: at('first-step'), withoutReading: at('first-step') - reading };
    };
    const say = (what, times) => {
      const parts = Object.entries(times).map(([name, seconds]) => `${name} ${seconds.toFixed(1)} s`);
      console.error(`${what}: ${parts.join(', ')}`);
    };
    cold.push(await firstStep());
    say('cold', cold.at(-1));
    warm.push(await firstStep());
    say('warm', warm.at(-1));
  });
const result = {};
const medians = (runs) =>
  Object.fromEntries(Object.keys(runs[0]).map((name) => [name, median(runs.map((run) => run[name]))]));
if (cold.length > 0) result.readyToTrain = { cold: medians(cold), warm: medians(warm), runs: { cold, warm } };
if (options.full) {
  const other = options.busy ? spawn(process.execPath, ['-e', 'for (;;) {}'], { stdio: 'ignore' }) : null;
  result.sample = await inProfile((profile) => visit(profile, trainSample('studio:compared')));
  other?.kill();
  console.error(JSON.stringify(result.sample));
}
if (options.minutes > 0) result.used = await inProfile((profile) => visit(profile, useFor(options.minutes)));
if (options.memory && !existsSync(options.memory)) console.error(`Skipped: ${options.memory} is not there.`);
else if (options.memory)
  for (const placement of ['suffix', 'prefix']) {
    const csv = await memoryRows(options.memory);
    result[placement] = await inProfile((profile) => visit(profile, trainFile(csv, placement)));
    console.error(`${placement}: peak ${result[placement].peakGB['studio:trained'].toFixed(2)} GB`);
  }
console.log(JSON.stringify(result, null, 1));
await server.close();
process.exit(0);
