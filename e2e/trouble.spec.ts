/** Failures outside the page: each ends in a sentence and a way forward. */
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures';
import { AWKWARD, type Studio } from './pages/studio';
import { comparisons, damage, promptSets } from './storage';

interface Disk {
  /** Bytes that the browser grants the site from now on; null = the default. */
  readonly grant: (quotaSize: number | null) => Promise<void>;
  /** Fills the disk next to the studio. */
  readonly fill: () => Promise<void>;
}

/**
 * A disk whose size can be chosen. The browser remembers the free space for half a minute, so it must be small before the
 * studio writes; and the choice lasts as long as the tab that made it, so it has its own tab.
 */
async function diskOf(page: Page): Promise<Disk> {
  const keeper = await page.context().newPage();
  await keeper.goto('manifest.webmanifest');
  const session = await page.context().newCDPSession(keeper);
  const { origin } = new URL(keeper.url());
  return {
    grant: async (quotaSize) => {
      await session.send('Storage.overrideQuotaForOrigin', { origin, ...(quotaSize === null ? {} : { quotaSize }) });
    },
    fill: () =>
      keeper.evaluate(
        () =>
          new Promise<void>((resolve, reject) => {
            const opening = indexedDB.open('filler');
            opening.onupgradeneeded = () => opening.result.createObjectStore('bytes', { autoIncrement: true });
            opening.onerror = () => reject(opening.error);
            opening.onsuccess = () => {
              const put = (size: number) => {
                const work = opening.result.transaction('bytes', 'readwrite', { durability: 'strict' });
                const bytes = new Uint8Array(size);
                for (let at = 0; at < size; at += 50_000)
                  crypto.getRandomValues(bytes.subarray(at, Math.min(size, at + 50_000)));
                work.objectStore('bytes').put(bytes);
                work.oncomplete = () => put(size);
                work.onabort = () => (size > 100 ? put(Math.floor(size / 10)) : resolve());
              };
              put(4_000_000);
            };
          }),
      ),
  };
}

async function rename({ page }: Studio, name: string): Promise<void> {
  await page.getByRole('button', { name: /^Prompt set: / }).click();
  await page.getByRole('menuitem', { name: 'Rename' }).click();
  await page.getByRole('textbox', { name: 'Name of the prompt set' }).fill(name);
  await page.keyboard.press('Enter');
}

const notSaved = (page: Page) => page.getByRole('alert').filter({ hasText: 'The last change is not saved yet' });

test('reports a full disk, deleted site data and a clock moved back, and loses nothing on the screen', async ({
  studio,
  watch,
}) => {
  const { page, train, compare } = studio;
  watch.expected.push(/404/); // the icon of a page that is none
  const disk = await diskOf(page);
  await disk.grant(45e6);
  await studio.trained();
  await studio.go('Compare');
  await compare.run.click();
  await compare.verdict();

  await test.step('the disk is full', async () => {
    await disk.fill();
    await rename(studio, 'No room');
    await expect(notSaved(page)).toContainText('The browser has no room left for saving the prompt set');
    expect((await promptSets(page))[0]?.name).not.toBe('No room');
    await studio.go('Train');
    await train.set({ Steps: 60, Patience: '' });
    await train.start();
    await train.ended(); // the run continues in the page
    await expect(notSaved(page)).toContainText('no room left');
    await disk.grant(null);
    await page.getByRole('button', { name: 'Save again' }).click();
    await expect(notSaved(page)).toBeHidden();
    const [set] = await promptSets(page);
    expect(set?.name).toBe('No room');
    expect(set?.runs.map(({ status }) => status)).toEqual(['finished', 'finished']);
  });

  await test.step('the clock moves back three days between two saves', async () => {
    await page.evaluate(() => {
      const Real = Date;
      const now = () => Real.now() - 3 * 24 * 3600_000;
      globalThis.Date = class extends Real {
        constructor(...given: [] | [number]) {
          super(...((given.length === 0 ? [now()] : given) as [number]));
        }
        static override now = now;
      } as DateConstructor;
    });
    const [first] = await comparisons(page);
    await studio.go('Compare');
    await page.getByRole('button', { name: /^Compare( again)?$/ }).click();
    const verdict = await compare.verdict();
    await rename(studio, 'Earlier and later');
    await expect.poll(async () => (await promptSets(page))[0]?.name).toBe('Earlier and later');
    await page.reload();
    await expect(studio.heading).toHaveText(verdict);
    await expect(page.getByRole('button', { name: 'Prompt set: Earlier and later' })).toBeVisible();
    const [second, ...more] = (await comparisons(page)).filter(({ id }) => id !== first?.id);
    expect(more).toEqual([]);
    expect(second && first && second.createdAt > first.createdAt).toBe(true);
  });

  await test.step('the site data is deleted under the page', async () => {
    await page.evaluate(() => indexedDB.deleteDatabase('softprompt'));
    await expect(notSaved(page)).toContainText('The browser has deleted what this page had saved');
    await page.getByRole('button', { name: 'Save again' }).click();
    await expect(notSaved(page)).toBeHidden();
    await page.reload();
    await expect(page.getByRole('button', { name: 'Prompt set: Earlier and later' })).toBeVisible();
    await studio.go('Train');
    await expect(train.runs.getByRole('row')).toHaveCount(3); // with the names of the columns
    await studio.go('Data');
    await expect(studio.heading).toContainText('156 rows ready');
  });

  await test.step('a damaged saved value is set aside, and the rest works', async () => {
    await damage(page);
    await page.reload();
    const note = page.getByRole('status').filter({ hasText: '1 saved item is damaged and was set aside' });
    await expect(note).toContainText(
      'Prompt set “Earlier and later”: “Run 1” (prompt.voices.0.soft: has other numbers)',
    );
    await studio.go('Train');
    await expect(train.heading).toContainText(/1 tuned prompt so far|Trained/); // before and after its curves are read
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download damaged items' }).click();
    expect((await download).suggestedFilename()).toBe('softprompt-damaged.json');
    await page.getByRole('button', { name: 'Hide' }).click();
    await expect(note).toBeHidden();
    await page.reload();
    await expect(train.heading).toContainText(/1 tuned prompt so far|Trained/); // before and after its curves are read
    await expect(note).toBeHidden();
  });
});

test('warns before the disk is full', async ({ studio }) => {
  const { page } = studio;
  // Chromium reports the same quota on any disk
  await page.addInitScript(() => {
    StorageManager.prototype.estimate = async () => ({ usage: 270e6, quota: 300e6 });
  });
  await studio.open();
  const note = page.getByRole('status').filter({ hasText: 'The browser has 30 MB left for this page' });
  await expect(note).toContainText('remove a model');
  await note.getByRole('button', { name: 'Hide' }).click();
  await expect(note).toBeHidden();
});

test('says why nothing can be computed in a browser without WebAssembly, and offers no button that would need it', async ({
  studio,
}) => {
  const { page, train } = studio;
  await page.addInitScript(() => Reflect.deleteProperty(globalThis, 'WebAssembly'));
  await studio.open();
  await studio.take(AWKWARD);
  const why = 'This browser has no WebAssembly with SIMD';
  for (const [step, name] of [
    ['Prompts', /^Try on/],
    ['Train', /^Train$/],
    ['Compare', /^Compare$/],
  ] as const)
    await test.step(step, async () => {
      await studio.go(step);
      await expect(page.getByRole('main').getByRole('button', { name })).toBeDisabled();
      await expect(studio.lead).toContainText(why);
    });
  await studio.go('Train');
  await train.unfold('All settings');
  await expect(page.getByRole('button', { name: 'Draw the learning curve' })).toBeDisabled();
});

test('offers no batch and no grid where nothing can be computed, and says why', async ({ studio }) => {
  const { page } = studio;
  await page.addInitScript(() => Reflect.deleteProperty(globalThis, 'WebAssembly'));
  await studio.open();
  await page.getByRole('button', { name: 'Look at the sample' }).click();
  await expect(studio.heading).toContainText('rows ready');
  const why = 'This browser has no WebAssembly with SIMD';
  await studio.go('Decide');
  await expect(studio.heading).not.toHaveText('What to do next');
  await expect(studio.lead).toContainText(why);
  await page.getByRole('button', { name: 'Open Library' }).click();
  await expect(page.getByRole('button', { name: 'Import' })).toBeEnabled();
  await page.getByRole('tab', { name: 'Grid' }).click();
  await expect(studio.lead).toContainText(why);
  await page.getByRole('tab', { name: 'Batch' }).click();
  await studio.upload(AWKWARD, 'Choose a file');
  await expect(page.getByRole('button', { name: /^Answer \d+ rows$/ })).toBeDisabled();
  await expect(studio.lead).toContainText(why);
  await studio.go('Playground');
  await expect(studio.lead).toContainText(why);
  await expect(page.getByRole('button', { name: 'Model: No model yet' })).toBeVisible();
});
