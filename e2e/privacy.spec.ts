import { expect, test } from './fixtures';
import { AWKWARD, TINY } from './pages/studio';

test('no row, prompt or result leaves the page, and the policy says so', async ({ studio, watch }) => {
  const { page, playground, library } = studio;
  const sent: string[] = [];
  page.on('request', (request) => {
    if (/^https?:/.test(request.url())) sent.push(`${request.method()} ${request.url()} ${request.postData() ?? ''}`);
  });
  await studio.trained();
  await studio.go('Prompts');
  await studio.prompts.editor.fill('The secret word is marmalade. {Nachricht}');
  await studio.prompts.tryIt.click();
  await expect(studio.heading).toContainText('Your prompt gets');
  await studio.go('Compare');
  await studio.compare.run.click();
  await studio.compare.verdict();
  await studio.go('Playground');
  await playground.ask('A sentence about marmalade.', 'tuned prompt');
  await studio.go('Library');
  await page.getByRole('button', { name: 'Export', exact: true }).first().click();
  await library.download();

  expect(sent.length).toBeGreaterThan(5);
  for (const request of sent) {
    expect(request).toMatch(/^GET http:\/\/localhost:\d+\//);
    expect(decodeURIComponent(request)).not.toMatch(/marmalade|wardrobe|complaint|Nachricht|awkward/i);
  }
  expect(watch.foreign).toEqual([]);
  await page.getByRole('button', { name: '0 requests sent to other sites. Open the log' }).click();
  await expect(page.getByRole('dialog')).toContainText('nothing was asked of any other site');
  // nor does the address carry a text
  expect(decodeURIComponent(page.url())).not.toMatch(/marmalade|complaint/);
});

test('a request that something tries to make all the same is stopped by the page, and seen', async ({
  studio,
  watch,
}) => {
  const { page } = studio;
  watch.expected.push(/example\.com/);
  await studio.open();
  const refused = await page.evaluate(() =>
    fetch('https://example.com/collect', { method: 'POST', body: 'row' }).then(
      () => 'sent',
      () => 'refused',
    ),
  );
  expect(refused).toBe('refused');
  await expect.poll(() => watch.violations.length).toBeGreaterThan(0);
  await page.getByRole('button', { name: /requests? sent to other sites/ }).click();
  await expect(page.getByRole('dialog')).toContainText('stopped by the page');
});

test('once it is loaded, everything works without a network: train, compare, play, present', async ({
  studio,
  context,
  watch,
}) => {
  const { page, train, compare, playground } = studio;
  watch.expected.push(/ERR_INTERNET_DISCONNECTED/);
  await studio.open(`#/`, TINY);
  await studio.modelReady();
  await page.waitForLoadState('networkidle'); // the other screens' code has come too
  await context.setOffline(true);
  await studio.drop(AWKWARD);
  await expect(studio.heading).toContainText('labelled rows are ready');
  await studio.go('Prompts');
  await expect(studio.heading).toContainText('A first prompt is proposed');
  await studio.go('Train');
  await train.set({ Steps: 20 });
  await train.start();
  await train.ended();
  await compare.run.click();
  await compare.run.click();
  await compare.verdict();
  await studio.go('Playground');
  await playground.ask('Do you deliver to the mountains?', 'tuned prompt');
  await page.getByRole('button', { name: 'Present' }).click();
  const stage = page.getByRole('dialog', { name: 'Presentation' });
  await expect(stage).toContainText(/1 of \d/);
  await page.keyboard.press('ArrowRight');
  await expect(stage).toContainText(/2 of \d/);
  await page.keyboard.press('Space');
  await expect(stage.getByRole('listitem').filter({ hasText: /\d\.\d\d/ })).toHaveCount(9);
  await page.keyboard.press('Escape');
  await studio.go('Library');
  await expect(studio.library.set(/AWKWARD/)).toBeVisible();
});
