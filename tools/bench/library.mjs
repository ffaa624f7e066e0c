/**
 * Measures the Library of the built page in a real Chromium, with many prompt sets in it: from the reload to the list, and from
 * a key in the search box to the results. `npm run build` first. Prints JSON; progress goes to stderr.
 *
 *     node tools/bench/library.mjs [--sets 1000] [--runs 200] [--datasets 50] [--rows 2000] [--repeats 3]
 */
import { join } from 'node:path';
import { chromium } from 'playwright';
import { preview } from 'vite';
import { launchOptions } from '../chromium.mjs';
import { fillLibrary } from './library-data.mjs';
import { readOptions } from './read-options.mjs';

const { values } = readOptions({ sets: 1000, runs: 200, datasets: 50, rows: 2000, repeats: 3 });
const size = { sets: values.sets, runs: values.runs, datasets: values.datasets, rows: values.rows };
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const say = (text) => console.error(text);

const root = join(import.meta.dirname, '../..');
const server = await preview({ root, preview: { port: 4191, host: 'localhost' }, logLevel: 'silent' });
const url = server.resolvedUrls?.local[0] ?? 'http://localhost:4191/';
const browser = await chromium.launch(await launchOptions());
const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();

/** Milliseconds from the start of the navigation to the first card of the list, as the page's own clock has it. */
const untilListed = () =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        const look = () =>
          document.querySelector('.set-list h2') ? resolve(performance.now()) : requestAnimationFrame(look);
        look();
      }),
  );

/** Milliseconds from the key to the frame that shows the number of sets found. */
const untilFound = (text) =>
  page.evaluate(
    (wanted) =>
      new Promise((resolve) => {
        const field = [...document.querySelectorAll('label')].find((label) => label.textContent?.startsWith('Search'));
        const input = document.getElementById(field?.htmlFor ?? '');
        const before = document.querySelector('.set-list')?.textContent;
        const began = performance.now();
        Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(input, wanted);
        input?.dispatchEvent(new Event('input', { bubbles: true }));
        const look = () =>
          document.querySelector('.set-list')?.textContent !== before
            ? requestAnimationFrame(() => resolve(performance.now() - began))
            : requestAnimationFrame(look);
        look();
      }),
    text,
  );

try {
  say('Filling the database');
  await page.goto(`${url}sample/policy.md`); // the same origin, without the studio
  await page.evaluate(fillLibrary, size);
  const address = `${url}?model=softprompt-studio/tiny-support#/project/new/library`;
  const began = performance.now();
  await page.goto(address);
  await untilListed();
  const upgradeMs = performance.now() - began;
  const opens = [];
  const searches = [];
  for (let i = 0; i < values.repeats; i++) {
    await page.reload();
    opens.push(await untilListed());
    for (const text of ['desk 7', 'refunds', '']) searches.push(await untilFound(text));
    say(`open ${Math.round(opens.at(-1))} ms, searches ${searches.slice(-3).map(Math.round).join(', ')} ms`);
  }
  const cards = await page.locator('.set-list > li').count();
  console.log(
    JSON.stringify({
      size,
      openMs: median(opens),
      searchMs: median(searches),
      slowestSearchMs: Math.max(...searches),
      firstOpenWithUpgradeMs: upgradeMs,
      cardsInThePage: cards,
    }),
  );
} finally {
  await browser.close();
  await server.close();
}
