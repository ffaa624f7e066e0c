/**
 * What every journey gets: the built page in its own profile, on two threads on any machine, and a watch that fails the
 * test when a request leaves the site, the content policy is violated, or the page throws.
 */
import { type BrowserContext, test as base, expect } from '@playwright/test';
import { Studio } from './pages/studio';

export { expect };

interface Watch {
  /** Requests to other origins. */
  readonly foreign: string[];
  readonly violations: string[];
  /** Uncaught exceptions, and errors on the console. */
  readonly errors: string[];
  /** Errors that this test causes on purpose. */
  readonly expected: RegExp[];
}

interface Fixtures {
  readonly watch: Watch;
  readonly studio: Studio;
  /** A second, clean profile under the same watch. */
  readonly otherProfile: () => Promise<Studio>;
}

async function watchOver(context: BrowserContext, watch: Watch, origin: string): Promise<void> {
  await context.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, 'hardwareConcurrency', { get: () => 2 });
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`CSP violation: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
    });
  });
  context.on('request', (request) => {
    const url = request.url();
    if (/^(?:https?|wss?):/.test(url) && new URL(url).origin !== origin) watch.foreign.push(url);
  });
  context.on('console', (message) => {
    const text = message.text();
    if (/CSP violation|Content Security Policy/i.test(text)) watch.violations.push(text);
    else if (message.type() === 'error') watch.errors.push(text);
  });
  context.on('weberror', (error) => watch.errors.push(String(error.error())));
}

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from the pattern
  watch: async ({}, use) => {
    const watch: Watch = { foreign: [], violations: [], errors: [], expected: [] };
    await use(watch);
    const surprises = (found: readonly string[]) =>
      found.filter((text) => !watch.expected.some((known) => known.test(text)));
    expect.soft(surprises(watch.foreign), 'requests to other sites').toEqual([]);
    expect.soft(surprises(watch.violations), 'violations of the content policy').toEqual([]);
    expect.soft(surprises(watch.errors), 'errors on the console').toEqual([]);
  },
  studio: async ({ context, page, watch, baseURL }, use) => {
    await watchOver(context, watch, new URL(baseURL ?? '').origin);
    await use(new Studio(page));
  },
  otherProfile: async ({ browser, watch, baseURL, viewport }, use) => {
    const opened: BrowserContext[] = [];
    await use(async () => {
      const context = await browser.newContext({ baseURL: baseURL ?? '', viewport });
      opened.push(context);
      await watchOver(context, watch, new URL(baseURL ?? '').origin);
      return new Studio(await context.newPage());
    });
    for (const context of opened) await context.close();
  },
});
