/** The built page in a Chromium of its own without a GPU, as the acceptance checks drive it. `npm run build` comes first. */
import { chromium, expect } from '@playwright/test';
import { preview } from 'vite';
import { Studio, type TestFile } from '../e2e/pages/studio';
import { launchOptions, NO_GPU_ARGS } from './chromium.mjs';

const MINUTES = 60_000;
const PORT = Number(process.env.PAGE_PORT ?? 4191);

/** Serves and opens the page, lets `work` drive it, and closes both again. */
export async function inBuiltPage<T>(work: (studio: Studio) => Promise<T>): Promise<T> {
  const server = await preview({ preview: { port: PORT, host: 'localhost' }, logLevel: 'silent' });
  const browser = await chromium.launch(await launchOptions(NO_GPU_ARGS));
  try {
    const context = await browser.newContext({
      baseURL: server.resolvedUrls?.local[0] ?? `http://localhost:${PORT}/`,
      viewport: { width: 1440, height: 900 },
    });
    const page = await context.newPage();
    page.on('pageerror', (error) => console.error(`in the page: ${error}`));
    return await work(new Studio(page));
  } finally {
    await browser.close();
    await server.close();
  }
}

/** What Batch says of the rows of a file: a line of its JSONL each, with `log_p_` and the label. The Library shows the set. */
export async function batchLines(
  studio: Studio,
  version: string,
  file: TestFile,
  rows: number,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { page, library } = studio;
  await page.getByRole('button', { name: `Run ${version} on a file` }).click();
  await studio.upload(file, 'Choose a file');
  await library.choose('Text column', /^text$/);
  await page.getByRole('button', { name: `Answer ${rows} rows` }).click();
  await expect(library.set(new RegExp(`^${rows} rows answered by .*${version}`))).toBeVisible({
    timeout: 10 * MINUTES,
  });
  await page.getByText('JSONL', { exact: true }).click();
  await page.getByText('Log-probability', { exact: true }).click();
  const { bytes } = await library.saved(`Download ${rows} rows as JSONL`);
  const lines = bytes.toString().trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line));
}
