import type { Page } from '@playwright/test';
import { expectAccessible, expectForcedColours, expectReadable } from './axe';
import { expect, test } from './fixtures';
import { AWKWARD, NEW_ROWS, type StepName } from './pages/studio';

const STEPS: readonly StepName[] = ['Data', 'Prompts', 'Train', 'Compare', 'Decide', 'Playground', 'Library'];

/** Pixels of the window below what an empty screen says. */
const belowEmpty = (page: Page) =>
  page.evaluate(() => innerHeight - (document.querySelector('.empty')?.getBoundingClientRect().bottom ?? 0));

test('every empty screen fills the window and passes axe, narrow and light, and wide and dark', async ({ studio }) => {
  await studio.open();
  await studio.modelReady();
  await expectAccessible(studio, 'start');
  await expectForcedColours(studio, 'start');
  await expectReadable(studio, 'start');
  await studio.page.getByRole('button', { name: 'Help' }).click();
  await expect(studio.page.getByRole('dialog')).toBeVisible();
  for (const keys of ['Ctrl or ⌘ + K', 'Ctrl or ⌘ + Z', '1 to 9, Backspace'])
    await expect(studio.page.getByRole('dialog').getByText(keys)).toBeVisible();
  for (const name of ['virtual tokens', 'validation rows', 'calibration', 'interval', 'p', 'macro-F1']) {
    const term = studio.page.getByRole('button', { name, exact: true });
    for (let tabs = 0; tabs < 2 && !(await term.evaluate((own) => own === document.activeElement)); tabs++)
      await studio.page.keyboard.press('Tab');
    await expect(studio.page.getByRole('tooltip').locator('svg[aria-hidden] rect').nth(3)).toBeVisible();
  }
  await expectAccessible(studio, 'help');
  await studio.page.keyboard.press('Escape');
  await studio.page.keyboard.press('Escape');
  await studio.page.keyboard.press('Control+k');
  for (const name of [...STEPS, 'New prompt set', 'Help and keys'])
    await expect(studio.page.getByRole('menuitem', { name })).toBeVisible();
  await expectAccessible(studio, 'find');
  await studio.page.keyboard.type('compa');
  await studio.page.keyboard.press('Enter');
  await expect(studio.page).toHaveURL(/compare$/);
  for (const step of STEPS) {
    await studio.go(step);
    await expect(studio.heading).toBeVisible();
    await expectAccessible(studio, `${step}, empty`);
    if (step !== 'Playground') await expect.poll(() => belowEmpty(studio.page), { message: step }).toBeLessThan(80);
  }
  const { page } = studio;
  for (const [what, hash] of Object.entries({
    'no set': 'gone/data',
    'no set in the library': 'new/library?set=gone',
  })) {
    await page.evaluate((to) => location.assign(`#/project/${to}`), hash);
    await expect(studio.heading).toHaveText('This prompt set is not in this browser');
    await expectAccessible(studio, what);
  }
  for (const hash of ['#/nowhere', '#/project/new/nowhere']) {
    await page.evaluate((to) => location.assign(to), hash);
    await expect(page.getByRole('alertdialog')).toContainText('There is no screen at that address');
    await expect(page).toHaveURL(/#\/$/);
  }
  await page.evaluate(() => location.assign('#/project/new/library?tab=gone'));
  await expect(page.getByRole('tab', { name: 'Prompt sets' })).toHaveAttribute('aria-selected', 'true');
  await page.getByRole('tab', { name: 'Batch' }).click();
  await page.getByRole('button', { name: 'Show prompt sets' }).click();
  for (const name of ['Import', 'Team folder']) {
    await studio.page.getByRole('button', { name, exact: true }).click();
    await expect(studio.page.getByRole('dialog', { name })).toBeVisible();
    await expectAccessible(studio, name);
    await studio.page.keyboard.press('Escape');
    await expect(studio.page.getByRole('dialog', { name })).toBeHidden();
  }
  await studio.go('Data');
  await studio.page.getByRole('button', { name: 'Paste rows' }).click();
  await expectAccessible(studio, 'paste');
});

test('every screen with a prompt set open passes axe, narrow and light, and wide and dark', async ({ studio }) => {
  test.slow();
  const { page, prompts, train, compare, data } = studio;
  await studio.open();
  await studio.modelReady();
  await studio.take(AWKWARD);
  await expectAccessible(studio, 'Data');
  await expectForcedColours(studio, 'Data');
  await expectReadable(studio, 'Data');
  await data.issues.getByRole('button', { name: 'Show', exact: true }).click();
  await expectAccessible(studio, 'rows left out');
  await page.keyboard.press('Escape');

  await studio.go('Prompts');
  await expect(prompts.word('praise')).not.toHaveValue('');
  await prompts.tryIt.click();
  await expect(studio.heading).toContainText('Your prompt gets');
  await expectAccessible(studio, 'Prompts');
  await expectForcedColours(studio, 'Prompts');
  await expectReadable(studio, 'Prompts');

  await studio.go('Train');
  await train.set({ Steps: 5000, Patience: '' });
  await expectAccessible(studio, 'Train, settings');
  await train.start();
  await expect(studio.lead).toContainText(/Step \d+ of 5000/);
  await train.pause();
  await expectAccessible(studio, 'Train, paused');
  await expectForcedColours(studio, 'Train, paused');
  await expectReadable(studio, 'Train, paused');
  await page.getByRole('button', { name: /^Train another/ }).click();
  await expect(studio.lead).toContainText(/Step [1-9]\d+ of 5000/);
  await train.stop();
  await expectAccessible(studio, 'Train, done');
  await expectForcedColours(studio, 'Train, done');
  await expectReadable(studio, 'Train, done');

  await studio.go('Compare');
  await expect(compare.run).toBeVisible();
  await expectAccessible(studio, 'Compare, before');
  await compare.run.click();
  await compare.verdict();
  await expectAccessible(studio, 'Compare');
  await expectForcedColours(studio, 'Compare');
  await expectReadable(studio, 'Compare');
  await page.getByRole('button', { name: 'Table' }).first().click();
  await expectAccessible(studio, 'Compare, table below a chart');
  await expectReadable(studio, 'Compare, table below a chart');
  await compare.tab('Take it away').click();
  await studio.compare.save.click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await expectAccessible(studio, 'download');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: /^Export( this prompt)?$/ }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await expectAccessible(studio, 'export');
  await page.keyboard.press('Escape');

  await studio.go('Playground');
  await studio.playground.ask('Where is my wardrobe?', 'tuned prompt');
  await page.getByText('Generation settings').click();
  await page.getByRole('button', { name: 'Which words decided?' }).click();
  await page
    .getByText(/^Log-odds of/)
    .first()
    .click();
  await expectAccessible(studio, 'Playground');
  await expectForcedColours(studio, 'Playground');
  await expectReadable(studio, 'Playground');
  await page.getByRole('button', { name: 'Present' }).click();
  await page.getByRole('button', { name: 'What does the tuned prompt say?' }).click();
  await expectAccessible(studio, 'stage');
  await expectForcedColours(studio, 'stage');
  await expectReadable(studio, 'stage');
  await page.keyboard.press('Escape');

  await studio.go('Library');
  await expectAccessible(studio, 'Library');
  await expectForcedColours(studio, 'Library');
  await expectReadable(studio, 'Library');
  await page.getByRole('button', { name: /requests sent/ }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await expectAccessible(studio, 'request log');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: /^Model: / }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  for (const fold of await page.getByRole('dialog').locator('summary').all()) await fold.click();
  // for screen readers the button that closes a popover is next to its dialog, in no region
  await expectAccessible(studio, 'model', { except: ['region'] });
});

/** Presses Tab until the named control has the focus, like someone without a mouse. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const named = { name, exact: typeof name === 'string' };
  const roles = (['link', 'textbox', 'tab'] as const).map((role) => page.getByRole(role, named));
  const wanted = roles.reduce((all, role) => all.or(role), page.getByRole('button', named)).and(page.locator(':focus'));
  for (let i = 0; i < 200; i++) {
    if (await wanted.isVisible()) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`${name} cannot be reached with Tab`);
}

test('the whole journey works with the keyboard alone', async ({ studio }) => {
  const { page, compare, train } = studio;
  const press = async (name: string | RegExp) => {
    await tabTo(page, name);
    const outline = await page.evaluate(() => {
      const { outlineStyle, outlineColor } = getComputedStyle(document.activeElement ?? document.body);
      return outlineColor === getComputedStyle(document.body).backgroundColor ? 'as what is behind it' : outlineStyle;
    });
    expect(['auto', 'solid'], `the focus on ${name} can be seen`).toContain(outline);
    await page.keyboard.press('Enter');
  };
  const type = async (name: string, text: string) => {
    await tabTo(page, name);
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type(text);
  };
  await page.emulateMedia({ forcedColors: 'active' });
  await studio.open();
  await studio.modelReady();
  const chooser = page.waitForEvent('filechooser');
  await press('Use my CSV');
  await (await chooser).setFiles({ name: AWKWARD.name, mimeType: 'text/csv', buffer: AWKWARD.bytes });
  await expect(studio.heading).toContainText('rows ready');
  await press('Write a prompt first');
  await expect(studio.heading).toContainText('Start with this prompt, or write your own');
  await press('Next: train');
  await expect(studio.heading).toHaveText(/^Train a prompt on/);
  // longer than it takes to reach Stop
  await page.locator('summary', { hasText: 'All settings' }).press('Enter');
  await type('Steps', '3000');
  await press('Train');
  await expect(studio.lead).toContainText(/Step [1-9]\d+ of/, { timeout: 120_000 });
  await press(/^Stop/);
  await train.ended();
  await press(/^Compare on \d+ test rows/);
  await compare.verdict();
  await expect(page.getByRole('main')).toMatchAriaSnapshot(`
    - main:
      - heading /.+/ [level=1]
      - tablist "Questions"
      - tabpanel:
        - region:
          - heading /.+/ [level=2]
          - paragraph
          - button
        - region:
          - heading /.+/ [level=2]
          - img /Chart/
  `);
  await press('Decide');
  await tabTo(page, 'Advice');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  const stage = page.getByRole('tabpanel', { name: 'Rehearsal' }).getByRole('heading', { level: 2 }).first();
  const rows = page.waitForEvent('filechooser');
  await press('Use a CSV with labels');
  await (await rows).setFiles({ name: NEW_ROWS.name, mimeType: 'text/csv', buffer: NEW_ROWS.bytes });
  await expect(page.getByRole('button', { name: 'Start the rehearsal' })).toBeEnabled();
  // with these every gate is met, so that each decision can be taken
  await type('Largest loss of accuracy', '100');
  await type('Labels for each check', '5');
  await press('Start the rehearsal');
  await expect(stage).toContainText('Check 1, 5 labels');
  await press('Hold at 5%');
  await expect(stage).toContainText('Check 2, 10 labels');
  await press('Advance to 25%');
  await expect(stage).toContainText('Check 3, 15 labels: every gate is met, so the share of 25% may grow');
  await press('Roll back');
  await expect(stage).toContainText('Rolled back after 15 labels: by hand');
  const log = page.waitForEvent('download');
  await press('Save the log');
  expect((await log).suggestedFilename()).toBe('roll-out.csv');
  await press(/^Compare/);
  await tabTo(page, 'Which prompt should I use?');
  await page.keyboard.press('End');
  await press('Export Tuned prompt');
  await expect(page.getByRole('dialog')).toBeVisible();
  const download = page.waitForEvent('download');
  await press(/^Export AWKWARD\.zip/);
  expect((await download).suggestedFilename()).toBe('AWKWARD.zip');
});
