import { expect, test } from './fixtures';
import { AWKWARD } from './pages/studio';

/** The page counts the clicks itself, so a click by a test helper would count too. */
declare global {
  interface Window {
    used: { clicks: number; keys: number };
  }
}

test('reaches the verdict from a dropped CSV in at most five clicks, without typing', async ({ studio }) => {
  const { page, data, prompts, compare } = studio;
  await page.addInitScript(() => {
    window.used = { clicks: 0, keys: 0 };
    addEventListener('click', () => window.used.clicks++, true);
    addEventListener('keydown', () => window.used.keys++, true);
  });
  await studio.open();
  await studio.modelReady();

  const startedAt = Date.now();
  await studio.drop(AWKWARD);
  await data.next.click();
  await prompts.next.click();
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await compare.run.click({ timeout: 180_000 });
  await expect(studio.heading).toContainText('60 test rows decide');
  await compare.run.click();
  const verdict = await compare.verdict();
  const seconds = (Date.now() - startedAt) / 1000;

  const { clicks, keys } = await page.evaluate(() => window.used);
  console.log(`${clicks} clicks, ${keys} keys, ${seconds.toFixed(1)} s to the verdict: “${verdict}”`);
  expect(clicks).toBeLessThanOrEqual(5);
  expect(keys).toBe(0);
});
