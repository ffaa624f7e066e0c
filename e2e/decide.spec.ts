import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { expectAccessible, expectForcedColours, expectReadable } from './axe';
import { expect, test } from './fixtures';
import { AWKWARD, NEW_ROWS } from './pages/studio';

/** Takes WebAssembly away, so that the page only shows results from its next load on. */
const showsOnly = (page: Page) => page.addInitScript(() => Reflect.deleteProperty(globalThis, 'WebAssembly'));
const whyNot = (page: Page) => page.getByRole('main').getByText('This browser has no WebAssembly with SIMD');

test('decides from the comparison, from answers and from assumptions, and keeps both', async ({ studio }) => {
  test.slow();
  const { page, compare } = studio;
  await studio.trained(AWKWARD);
  const choose = async (label: string, option: string | RegExp) => {
    await page.getByRole('button', { name: label }).click();
    await page.getByRole('option', { name: option }).click();
    await expect(page.getByRole('listbox')).toHaveCount(0);
  };

  await test.step('before a comparison it says what to measure', async () => {
    await studio.go('Decide');
    await expect(page.getByRole('button', { name: 'Compare prompts' })).toBeVisible();
    await expect(page.getByText('Compare your prompts to measure them').first()).toBeVisible();
    await choose('What will answer?', 'a text-only API');
    await choose('Where may the texts go?', 'to a provider');
    await expect(studio.heading).toHaveText('Add examples to your prompt');
  });

  await test.step('a measured result comes before the answers', async () => {
    await page.getByRole('button', { name: 'Compare prompts' }).click();
    await compare.run.click();
    await compare.verdict();
    const card = await page
      .getByRole('region')
      .filter({ has: page.locator('.verdict-chips') })
      .getByRole('heading')
      .textContent();
    await studio.go('Decide');
    await expect(studio.heading).toContainText(card ?? '');
    await studio.unfold('What would change it');
    await choose('What will answer?', 'a model whose weights you have');
    await expect(studio.heading).toContainText(card ?? '');
    await expect(page.getByText(/Another comparison would change it/)).toBeVisible();
    await expect(page.getByText(/instead of|is recommended for its answers|nothing is saved/)).toBeVisible();
    await expect(page.getByRole('button', { name: 'See the comparison' })).toBeVisible();
    await expectAccessible(studio, 'Decide');
    await expectForcedColours(studio, 'Decide');
    await expectReadable(studio, 'Decide');
  });

  await test.step('an assumption changes the costs, and a reload keeps it', async () => {
    const rows = page.getByRole('textbox', { name: 'Rows a month' });
    const costs = page.getByRole('table', { name: 'Cost of each prompt' });
    await studio.unfold('Every prompt');
    const before = await costs.textContent();
    await rows.fill('250000');
    await expect(costs).not.toHaveText(before ?? '');
    await page.reload();
    await expect(rows).toHaveValue('250000');
    for (const fold of ['What would change it', 'Every prompt', 'All assumptions']) await studio.unfold(fold);
    await expect(page.getByRole('button', { name: 'What will answer?' })).toContainText('weights');
    await rows.fill('-1');
    await expect(page.getByText('Give a number from 0')).toBeVisible();
    const build = page.getByRole('textbox', { name: 'Tuned: to build' });
    await build.fill('7');
    await expect(costs).toContainText('7.00');
    await page.getByRole('button', { name: 'Use the article’s figures' }).click();
    await expect(build).toHaveValue('1250');
  });

  await test.step('what training took was measured, and so were the tokens that are sent and computed', async () => {
    await page.getByRole('tab', { name: 'Side by side' }).click();
    const approaches = page.getByRole('table', { name: /fine-tuning compared$/ });
    const tuning = (question: string) => approaches.getByRole('row', { name: question }).getByRole('cell').nth(2);
    for (const question of ['Compute for training', 'Memory for training', 'Tokens sent', 'Tokens computed'])
      await expect(tuning(question)).toContainText('measured');
    await expect(tuning('Compute for training')).toContainText('for 30 steps');
  });

  await test.step('the table goes to a slide: copied, as a picture and as Markdown', async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: 'Copy the table' }).click();
    await expect(page.getByText('Copied. Paste it into')).toBeVisible();
    const copied = await page.evaluate(async () => {
      const [item] = await navigator.clipboard.read();
      return Promise.all(['text/html', 'text/plain'].map(async (type) => (await item?.getType(type))?.text()));
    });
    expect(copied[0]).toContain('<th>Compute for training</th>');
    expect(copied[1]).toMatch(/^Question\tPrompt engineering\tPrompt tuning\tFine-tuning\n/);
    const saved = async (name: string) => {
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name: `Download the table as ${name}` }).click();
      return readFileSync(await (await download).path());
    };
    expect((await saved('Markdown')).toString()).toMatch(/^\| Question \| Prompt engineering \|.*\n\|(?:---\|){4}\n/);
    const png = await saved('PNG');
    expect([png.subarray(1, 4).toString(), png.readUInt32BE(16)]).toEqual(['PNG', 2560]);
    expect(png.length).toBeGreaterThan(50_000);
    await expectAccessible(studio, 'Decide, side by side');
  });

  await test.step('a roll-out keeps its gates, takes one decision a check, and comes back after a reload', async () => {
    await page.getByRole('tab', { name: 'Rehearsal' }).click();
    const stage = page.getByRole('tabpanel', { name: 'Rehearsal' }).getByRole('heading', { level: 2 }).first();
    await expect(page.getByText('These rows chose the prompt')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Start the rehearsal' })).toBeDisabled();
    await studio.upload(NEW_ROWS, 'Use a CSV with labels');
    await expect(page.getByRole('button', { name: 'Rows, in the order of arrival' })).toContainText('april.csv');
    const viewer = await page.context().newPage();
    await showsOnly(viewer);
    await viewer.goto(page.url());
    await expect(viewer.getByRole('button', { name: 'Use a CSV with labels' })).toBeDisabled();
    await expect(whyNot(viewer)).toBeVisible();
    await viewer.close();
    await page.getByRole('textbox', { name: 'Largest loss of accuracy' }).fill('100');
    await page.getByRole('textbox', { name: 'Labels for each check' }).fill('10');
    await expectAccessible(studio, 'Roll-out, gates');
    await page.getByRole('button', { name: 'Start the rehearsal' }).click();
    await expect(stage).toContainText('Check 1, 10 labels');
    await page.getByRole('button', { name: 'Hold at 5%' }).click();
    await expect(stage).toContainText('Check 2, 20 labels');
    await page.reload();
    await expect(stage).toContainText('Check 2, 20 labels');
    await expect(page.getByText('A loss of at most 100.0 points of accuracy')).toBeVisible();
    await expectAccessible(studio, 'Roll-out, running');
    await expectForcedColours(studio, 'Roll-out, running');
    await expectReadable(studio, 'Roll-out, running');
    await page.getByRole('button', { name: 'Roll back' }).click();
    await expect(stage).toContainText('Rolled back after 20 labels: by hand');
    const log = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save the log' }).click();
    expect((await log).suggestedFilename()).toBe('roll-out.csv');
    await studio.go('Library');
    await page.getByRole('button', { name: 'Versions and stages' }).first().click();
    await expectAccessible(studio, 'Library, versions of a set');
  });

  await test.step('on a device that only shows results it offers no work of the model, and says why', async () => {
    await showsOnly(page);
    await page.reload();
    await studio.go('Decide');
    await expect(page.getByRole('progressbar')).toHaveCount(0);
    await expect(whyNot(page)).toBeVisible();
    await studio.go('Library');
    await expect(page.getByRole('button', { name: 'Import' })).toBeEnabled();
  });
});
