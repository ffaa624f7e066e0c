/**
 * Prompts that travel, as acceptance-interchange.ts has it, with the page in place of the command line: trained in Chromium by
 * WebAssembly, exported for an engineer, and its Batch on 100 rows held against PEFT and predict.py; then a prompt of
 * train_peft.py imported, and asked the same rows. `npx tsx tools/acceptance-page-interchange.ts DATA`
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@playwright/test';
import { unzipSync } from 'fflate';
import type { Studio, TestFile } from '../e2e/pages/studio';
import { batchLines, inBuiltPage } from './built-page';
import { dataAndPeft } from './export/peft';

const TRAIN_ROWS = 64;
const TEST_ROWS = 100;
const MINUTES = 60_000;
const SETTINGS = { Vectors: 8, Steps: 30, 'Validate every': 30, Patience: '' };

const { train: trainCsv, test, peft } = dataAndPeft();
const out = mkdtempSync(join(tmpdir(), 'page-interchange-'));

/** Header and first rows; no cell of these files holds a line break. */
function firstRows(path: string, rows: number): TestFile {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, rows + 1);
  return { name: 'rows.csv', bytes: Buffer.from(lines.join('\n')) };
}

/** Answers of a version to the test rows, written as the results that compare.py reads. */
async function answered(studio: Studio, version: string, name: string): Promise<string> {
  const { page } = studio;
  const lines = await batchLines(studio, version, firstRows(test, TEST_ROWS), TEST_ROWS);
  const rows = lines.map(({ log_p_negative: negative, log_p_positive: positive }, i) => ({
    id: String(i + 1),
    logProbs: { negative, positive },
  }));
  const file = join(out, `${name}.json`);
  writeFileSync(file, JSON.stringify({ arms: [{ id: 'tuned', rows }] }));
  await page.getByRole('button', { name: 'Discard the answers' }).click();
  await page.getByRole('button', { name: 'Close the file' }).click();
  return file;
}

/** The set's page in the Library. */
async function versions({ page, library }: Studio, set: RegExp): Promise<void> {
  await page.getByRole('tab', { name: 'Prompt sets' }).click();
  await library.set(set).getByRole('button', { name: 'Versions and stages' }).click();
}

/** What an engineer gets, unpacked. */
async function exported({ page, library }: Studio, version: string, name: string): Promise<string> {
  await page.getByRole('button', { name: `Export ${version}` }).click();
  const save = page.getByRole('dialog').getByRole('button', { name: /^Export / });
  await expect(save).toBeEnabled({ timeout: 2 * MINUTES });
  const { bytes } = await library.download();
  const folder = join(out, name);
  mkdirSync(folder);
  for (const [path, content] of Object.entries(unzipSync(bytes)))
    if (!path.includes('/')) writeFileSync(join(folder, path), content);
  return folder;
}

await inBuiltPage(async (studio) => {
  const { page, train, library } = studio;
  await studio.open('#/', null);
  await expect(page.getByRole('button', { name: /^Model: .+ · \d+ threads?/ })).toBeVisible({ timeout: 5 * MINUTES });
  await studio.drop(firstRows(trainCsv, TRAIN_ROWS));
  await expect(studio.heading).toContainText(`${TRAIN_ROWS} rows ready`, { timeout: MINUTES });
  await studio.go('Train');
  await train.set(SETTINGS);
  const runs = [
    { placement: 'prefix', place: 'In PEFT', version: 'tuned 1' },
    { placement: 'suffix', place: 'In this page or with our script', version: 'tuned 2' },
  ];
  for (const { placement, place } of runs) {
    console.log(`\ntrained in the page, ${placement}`);
    const begin = Date.now();
    await page.getByText(place, { exact: true }).click();
    await train.start();
    await train.ended(20 * MINUTES);
    console.log(`${((Date.now() - begin) / 1000).toFixed(0)} s: ${await studio.heading.textContent()}`);
  }
  await studio.go('Library');
  for (const { placement, version } of runs) {
    await versions(studio, /ROWS/);
    const folder = await exported(studio, version, placement);
    const results = await answered(studio, version, placement);
    peft.scoreThere(`scored there, ${placement}`, folder, results, test);
  }

  const trained = join(out, 'trained-there');
  peft.trainThere('trained by train_peft.py', join(out, 'prefix'), trainCsv, trained);
  await page.getByRole('tab', { name: 'Prompt sets' }).click();
  const files = readdirSync(trained).map((name) => ({ name, bytes: readFileSync(join(trained, name)) }));
  await library.bring(...files);
  const keep = page.getByRole('dialog').getByRole('button', { name: 'Import', exact: true });
  await expect(keep).toBeEnabled({ timeout: 2 * MINUTES });
  console.log(
    `\nimported: ${await page
      .getByRole('dialog')
      .getByText(/check rows agree/)
      .textContent()}`,
  );
  await keep.click();
  await versions(studio, /ROWS_2/);
  peft.scoreThere('against PEFT', trained, await answered(studio, 'tuned 1', 'trained-there'), test);
});
