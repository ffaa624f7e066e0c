import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from './fixtures';
import { losses } from './storage';

/** The header and first rows of the sample; the test machine reads them in seconds. */
const SLICE = {
  name: 'support-slice.csv',
  bytes: Buffer.from(
    readFileSync(join(import.meta.dirname, '../public/sample/support-messages.csv'), 'utf8')
      .split('\n')
      .slice(0, 25)
      .join('\n'),
  ),
};

/** The only journey on the built-in model; all others use the tiny one. */
test('trains SmolLM2 on the sample for 16 steps from a cold cache, and the prompt answers', async ({ studio }) => {
  test.setTimeout(600_000);
  const { page, train, playground } = studio;
  const startedAt = Date.now();
  const seconds = () => `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;

  await studio.open('#/', null);
  // rows can be viewed while the model is loading
  await studio.go('Data');
  await page.getByRole('button', { name: 'Open the sample' }).click();
  await expect(studio.heading).toContainText('rows ready');
  await studio.modelReady(240_000);
  const chip = page.getByRole('button', { name: /^Model: SmolLM2 135M · 2 threads · \d+ MB$/ });
  const megabytes = Number(/(\d+) MB$/.exec((await chip.getAttribute('aria-label')) ?? '')?.[1]);
  console.log(`model ready after ${seconds()}, heap ${megabytes} MB`);
  expect(megabytes).toBeLessThanOrEqual(650);

  await studio.drop(SLICE);
  await expect(studio.heading).toContainText('24 rows ready');
  await studio.go('Train');
  await train.set({ Steps: 16, 'Rows per step': 2, 'Validate every': 16 });
  await train.start();
  await train.ended(400_000);
  console.log(`16 steps after ${seconds()}`);

  const found = await losses(page);
  const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const [before, after] = [mean(found.slice(0, 4)), mean(found.slice(-4))];
  console.log(`training loss ${before.toFixed(3)} -> ${after.toFixed(3)}`);
  expect(found).toHaveLength(16);
  expect(found.every(Number.isFinite)).toBe(true);
  expect(after).toBeLessThan(0.8 * before);

  await studio.go('Playground');
  const answer = await playground.ask('I had to call support three times, but they finally helped.', 'tuned prompt');
  const sum = Object.values(answer).reduce((total, p) => total + Number(p), 0);
  expect(sum).toBeGreaterThan(0.97);
  expect(sum).toBeLessThan(1.03);
  await studio.modelReady();
  console.log(`all after ${seconds()}: ${JSON.stringify(answer)}`);
});
