import { expect, test } from './fixtures';
import { Hideable } from './hideable';
import { AWKWARD, Studio, TINY } from './pages/studio';
import { promptSets, states, vectors } from './storage';

/** Three runs with the same seed: one undisturbed, one paused and reloaded, one cut off by a reload. */
test('a run that was paused or cut off by a reload ends in the same bytes as one that was not', async ({ studio }) => {
  const { page, train } = studio;
  await studio.openTrain();
  await train.set({ Steps: 140, Patience: '', Seed: 7 });
  await train.start();
  await train.ended();
  const [whole] = await vectors(page);
  expect(Buffer.from(whole ?? '', 'base64').byteLength).toBe(10 * 96 * 4);

  await test.step('paused, reloaded, resumed', async () => {
    await train.start();
    await expect.poll(async () => (await vectors(page)).length).toBe(2);
    await train.pause(40);
    await page.reload();
    await studio.modelReady();
    await expect(studio.heading).toContainText(/^Paused at step \d+ of 140/);
    await page.getByRole('button', { name: /^Resume from step \d+/ }).click();
    await train.ended();
    const [, paused] = await vectors(page);
    expect(paused).toBe(whole);
    const [one, two] = await states(page);
    expect(two).toEqual(one);
  });

  await test.step('cut off by a reload', async () => {
    await train.set({ Steps: 140, Patience: '', Seed: 7 });
    await train.start();
    await train.cutOff(40);
    await train.ended();
    const [, , cutOff] = await vectors(page);
    expect(cutOff).toBe(whole);
    const [one, , three] = await states(page);
    expect(three).toEqual(one);
  });
});

/** Keeps in the tab which stages of a whole run were shown as the present one, each followed by a space. */
function keepStages(): void {
  let seen = sessionStorage.getItem('stages') ?? '';
  const look = () => {
    const now = document.querySelector('[aria-label="The whole run"] [aria-current="step"]')?.textContent ?? '';
    const name = `${/[A-Z][a-z ]+/.exec(now)?.[0]} `;
    if (now === '' || seen.endsWith(name)) return;
    seen += name;
    sessionStorage.setItem('stages', seen);
  };
  new MutationObserver(look).observe(document, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
  });
}

test('one press on Data ends on the verdict, through another screen, a reload of the run and one of the comparison', async ({
  studio,
}) => {
  const { page, compare } = studio;
  const stages = page.getByRole('region', { name: 'The whole run' }).getByRole('listitem');
  await page.addInitScript(keepStages);
  await studio.open();
  await studio.modelReady();
  await studio.drop(AWKWARD);
  await expect(studio.heading).toContainText('rows ready');
  await page.getByRole('button', { name: /^Train and compare · (about|\d+ to) / }).click();
  await expect(stages).toHaveText([/^1?Answer words/, /^2?Training/, /^3?Comparison, not yet$/, /^4?Verdict/]);
  await expect(studio.lead).toContainText(/step \d+|\d+ s/i);
  await studio.go('Data');
  await page.reload(); // it goes on, whichever screen is open
  await expect(page.getByRole('link', { name: /^Compare\s*, running/ })).toBeVisible({ timeout: 120_000 });
  await studio.go('Compare');
  await page.reload();
  await expect(stages.nth(1)).toHaveText(/^Training, done/);
  await expect(page.getByRole('progressbar', { name: 'Tuned prompt', exact: true })).toBeVisible();
  await compare.verdict();
  await expect(stages).toHaveCount(0);
  const seen = await page.evaluate(() => sessionStorage.getItem('stages') ?? '');
  expect(seen).toMatch(/^(Answer words )?(Training )?Comparison (Verdict )?$/);
  const [set] = await promptSets(page);
  expect(set?.runs).toHaveLength(1);
  expect(set?.testLooks).toBe(1);
});

test('steps and queue keep their pace in a hidden tab, and end in the same bytes', async ({ baseURL }) => {
  const browser = await Hideable.create();
  try {
    const seen = new Studio(browser.page);
    await seen.page.goto(`${baseURL}?model=${TINY}`);
    await seen.modelReady();
    await seen.drop(AWKWARD);
    await expect(seen.heading).toContainText('rows ready');
    await seen.go('Train');
    await seen.train.set({ Steps: 120, Patience: '', Seed: 7 });
    await seen.train.start();
    await seen.train.ended();
    await seen.train.start();
    await expect(seen.lead).toContainText(/Step \d+ of 120/);
    await seen.page.getByRole('button', { name: 'Train another' }).click(); // waits for the one that runs
    await browser.hide({ until: /^Trained/ });
    const { page } = browser;
    await expect.poll(async () => (await vectors(page)).filter(Boolean).length).toBe(3);
    const [whole, ...unseen] = await vectors(page);
    expect(unseen).toEqual([whole, whole]);
    const [one, ...others] = await states(page);
    expect(others).toEqual([one, one]);
    // a hidden tab gets one timer per second: 120 steps that depended on timers would take two minutes longer
    const [own, ...hidden] = (await promptSets(page))[0]?.runs.map(({ seconds }) => seconds ?? 0) ?? [];
    for (const seconds of hidden) expect(seconds, `${own} s when it was seen`).toBeLessThan((own ?? 0) + 60);
  } finally {
    await browser.dispose();
  }
});
