import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from './fixtures';
import { plainHost } from './static-host';

const LABELS = ['Refund_not_showing_up_in_the_statement', 'lost_or_stolen_card_or_any_other_card'];

/** In place of softprompt.js: what the page shows of a prompt is all that is tested. */
const ANSWERED = `
const rows = ${JSON.stringify(LABELS)}.map((label) => ({
  cells: { text: 'I have waited three weeks for my money. '.repeat(3) },
  expected: label, here: label, expectedProbabilities: [0.5], probabilities: [0.5],
}));
export const openModel = async () => ({});
export const loadPrompt = async () =>
  ({ name: 'x', task: 'classify', columns: [], check: async () => ({ ok: true, largest: 0, rows }) });`;

test('shows the check rows of an exported page on a phone without sideways scrolling', async ({ page }) => {
  const html = await readFile(join(import.meta.dirname, '../tools/export/drop-in.html'));
  const [code, prompt] = [ANSWERED, '{}'].map((text) => new TextEncoder().encode(text)) as [Uint8Array, Uint8Array];
  const host = await plainHost({ 'index.html': html, 'softprompt.js': code, 'prompt.json': prompt }, '');
  try {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(host.url);
    await expect(page.getByText('Ready')).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    const text = page.getByRole('cell', { name: /^I have waited/ }).first();
    expect((await text.boundingBox())?.width).toBeGreaterThan(300);
  } finally {
    await host.close();
  }
});
