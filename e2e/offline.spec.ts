import type { Page } from '@playwright/test';
import { test as base, expect } from './fixtures';
import { ModelsPage } from './pages/models';
import { AWKWARD, csv } from './pages/studio';
import { type StaticHost, staticHost } from './static-host';

/** In these tests the page comes from a host that sends no headers. */
const test = base.extend<{ host: StaticHost }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from the pattern
  host: async ({}, use) => {
    const host = await staticHost();
    await use(host);
    await host.close();
  },
  baseURL: ({ host }, use) => use(host.url),
});

test.use({ serviceWorkers: 'allow' });

const HEADLINES = csv(
  'headlines.csv',
  ['headline', 'sentiment'],
  Array.from({ length: 60 }, (_, i) => [
    `The maker of part ${i} reports on its quarter`,
    i % 2 ? 'positive' : 'negative',
  ]),
);

const isIsolated = (page: Page) => page.evaluate(() => crossOriginIsolated);

test('isolates the page after one more load on a host without headers, and then works without the host', async ({
  studio,
  host,
  context,
  watch,
}) => {
  const { page, prompts, train, compare, playground, library } = studio;
  const models = new ModelsPage(page);
  await studio.open();
  await studio.modelReady(); // on two threads
  expect(await isIsolated(page)).toBe(true);
  expect(host.pages()).toBe(3); // the first load, the worker's own copy, and the second load
  await models.open();
  await expect(models.fact('Without a network')).toContainText('yes: the page, its runtime and this model are stored');
  await expect(models.fact('Space')).toHaveText(/^\d+ MB used of [\d.]+ (?:MB|GB)$/);
  await models.close();

  watch.expected.push(/ERR_INTERNET_DISCONNECTED/);
  await context.setOffline(true);
  await page.goto('about:blank');
  await studio.open();
  await studio.modelReady();
  await page.getByRole('button', { name: 'Open Bank messages' }).click();
  await expect(studio.heading).toContainText('313 rows ready');
  await studio.open();
  await page.locator('summary', { hasText: 'Market sentiment' }).click();
  await studio.take(HEADLINES);
  await studio.go('Prompts');
  await expect(prompts.editor).toHaveValue(/^Judge what the headline means/);
  await studio.open();
  await studio.take(AWKWARD);
  await studio.go('Train');
  await train.set({ Steps: 20 });
  await train.start();
  await train.ended();
  await compare.run.click();
  await compare.verdict();
  await studio.go('Playground');
  await playground.ask('Do you deliver to the mountains?', 'tuned prompt');
  await page.getByRole('button', { name: 'Present' }).click();
  const stage = page.getByRole('dialog', { name: 'Presentation' });
  await expect(stage).toContainText(/1 of \d/);
  await page.keyboard.press('ArrowRight');
  await expect(stage).toContainText(/2 of \d/);
  await page.keyboard.press('1');
  await page.keyboard.press('Space');
  await expect(stage.getByRole('status')).toContainText(
    /Right answer: .*Audience [01] of 1 · Untuned prompt [01] of 1/,
  );
  await expect(stage.getByRole('listitem').filter({ hasText: /\d\.\d\d/ })).toHaveCount(9);
  await page.keyboard.press('Escape');
  await studio.go('Library');
  await page.getByRole('button', { name: 'Export', exact: true }).first().click();
  expect((await library.download()).bytes.length).toBeGreaterThan(1000);
});

test('runs on one thread, without a reload loop, in a browser that cannot be isolated', async ({ studio, page }) => {
  // as in a window that allows no worker
  await page.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'serviceWorker'));
  let loads = 0;
  page.on('domcontentloaded', () => loads++);
  await studio.open();
  await expect(page.getByRole('button', { name: /^Model: tiny support · 1 thread\b/ })).toBeVisible();
  expect(loads).toBe(1);
});

test('keeps a new version waiting while a run continues, and installs it on a click', async ({ studio, host }) => {
  const { page, train } = studio;
  const models = new ModelsPage(page);
  await studio.open();
  await studio.modelReady();
  await models.open();
  await expect(models.fact('Without a network')).toContainText('yes');
  await models.close();
  await studio.take(AWKWARD);
  await studio.go('Train');
  await train.set({ Steps: 5000, Patience: '' });
  await train.start();
  await expect(studio.lead).toContainText(/Step [1-9]\d* of 5000/);

  // the files of this version, under another version number
  host.change('service-worker.js', (text) => text.replace(/version:`[0-9a-f]{16}`/, 'version:`another`'));
  const worker = await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    await registration.update();
    return registration.waiting !== null || registration.installing !== null;
  });
  expect(worker).toBe(true);
  const offer = page.getByText('A new version of the studio is available');
  await expect.poll(() => page.evaluate(async () => (await navigator.serviceWorker.ready).waiting !== null)).toBe(true);
  await expect(offer).toBeHidden();
  await train.stop();
  await expect(offer).toBeVisible();
  await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Reload' }).click()]);
  await studio.modelReady();
  expect(await page.evaluate(() => caches.keys())).toContain('softprompt-shell-another');
  await expect(train.heading).toContainText('Trained');

  // another project takes over the port
  host.change('index.html', () => '<!doctype html><link rel="icon" href="data:,"><title>Another project</title>');
  await page.reload();
  await expect(page).toHaveTitle('Another project');
  const workers = () => page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length);
  await expect.poll(workers).toBe(0);
});
