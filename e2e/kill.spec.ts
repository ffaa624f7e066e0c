/**
 * Tab, worker and process are killed at random moments while training and saving; a seed decides the moments. `npm run
 * acceptance -- kill` does twenty of each.
 */
import type { Page } from '@playwright/test';
import { createRng } from '../src/lib/rng';
import { expect, test } from './fixtures';
import { Killable } from './killable';
import { AWKWARD, Studio } from './pages/studio';
import { promptSets, states } from './storage';

const KILLS = Number(process.env.KILLS ?? 1);
const SEED = Number(process.env.KILL_SEED ?? 1);
const SETTINGS = { Steps: 80, Patience: '', Seed: 7 };

/** The engine's worker ends as if the system had taken its memory: no event reports it. */
const killWorker = async (page: Page) => {
  const worker = page.workers().find((one) => one.url().includes('engine.worker'));
  await worker?.evaluate(() => self.close()).catch(() => undefined);
};

/** Must never change: every prompt version except the last run, and the rows. */
async function saved(page: Page): Promise<unknown> {
  const [set] = await promptSets(page);
  return {
    versions: set?.versions.slice(0, -1),
    runs: set?.runs.slice(0, -1),
    words: set?.words,
    template: set?.baseTemplate,
  };
}

test('loses nothing saved and ends in the same numbers, whichever process is killed at whatever moment', async ({
  baseURL,
}) => {
  test.setTimeout(300_000 + KILLS * 300_000);
  const browser = await Killable.create();
  try {
    let studio = new Studio(await browser.page());
    const address = (hash: string) => `${baseURL}?model=softprompt-studio/tiny-support${hash}`;
    await studio.page.goto(address('#/'));
    await studio.modelReady();
    await studio.take(AWKWARD);
    await studio.go('Train');
    await studio.train.set(SETTINGS);
    const startedAt = Date.now();
    await studio.train.start();
    await studio.train.ended();
    const took = Date.now() - startedAt;
    const [whole] = await states(studio.page);
    const [{ id } = { id: '' }] = await promptSets(studio.page);
    const rng = createRng(SEED);
    let runs = 1;
    const ends: string[] = [];

    for (let i = 0; i < KILLS; i++)
      for (const kind of ['tab', 'worker', 'process'] as const) {
        await studio.train.set(SETTINGS);
        const before = await promptSets(studio.page);
        const [oldSet] = before;
        const moment = Math.round(rng.next() * took * 1.1);
        await studio.train.start();
        await new Promise((resolve) => setTimeout(resolve, moment));
        if (kind === 'worker') await killWorker(studio.page);
        if (kind === 'process') await browser.kill();
        if (kind !== 'worker') {
          const { page } = studio;
          studio = new Studio(await browser.page());
          if (kind === 'tab') await page.close();
          await studio.page.goto(address(`#/project/${id}/train`));
          await studio.modelReady();
        }
        const why = `${kind}, ${moment} of ${took} ms`;
        const { page } = studio;
        runs++;
        const resume = page.getByRole('button', { name: /^Resume|^Start again/ });
        const ended = async () => (await promptSets(page))[0]?.runs.map(({ status }) => status);
        const all = Array<string>(runs).fill('finished');
        let byHand = false;
        await expect
          .poll(
            async () => {
              if (!byHand && (await resume.isEnabled({ timeout: 100 }).catch(() => false))) {
                byHand = true;
                await resume
                  .click({ timeout: 1000 }) // gone: the run resumed by itself after all
                  .catch(() => undefined);
              }
              return ended();
            },
            { message: why, timeout: 180_000 },
          )
          .toEqual(all);
        ends.push(`${why}: ${byHand ? 'resumed by hand' : 'by itself'}`);
        expect(await saved(page), why).toEqual({
          versions: oldSet?.versions,
          runs: oldSet?.runs,
          words: oldSet?.words,
          template: oldSet?.baseTemplate,
        });
        const found = await states(page);
        expect(found.at(-1), why).toEqual(whole);
      }
    console.log(ends.join('\n'));
  } finally {
    await browser.dispose();
  }
});
