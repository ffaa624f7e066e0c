import { expect, test } from './fixtures';
import { Studio } from './pages/studio';
import { promptSets, vectors } from './storage';

test('two tabs on one prompt set share one run, lose no change, and hand the run on when one is closed', async ({
  studio,
  context,
}) => {
  const { page, train } = studio;
  await studio.openTrain();
  await train.set({ Steps: 5000, Patience: '' });
  await train.start();
  await expect(studio.lead).toContainText(/Step [1-9]\d+ of 5000/);

  const other = new Studio(await context.newPage());
  await test.step('the other tab says that the run is in another tab, and starts none', async () => {
    // a set's address without a screen opens the step that the set has reached
    await other.page.goto(page.url().replace(/\/train.*/, ''));
    await expect(other.page).toHaveURL(/\/train$/);
    await expect(other.page.getByRole('main')).toContainText('This run is training in another tab of this browser');
    await expect(other.page.getByRole('button', { name: 'Pause' })).toBeHidden();
  });

  await test.step('a change made meanwhile in the other tab is kept', async () => {
    await other.page.getByRole('button', { name: /^Prompt set: / }).click();
    await other.page.getByRole('menuitem', { name: 'Rename' }).click();
    await other.page.getByRole('textbox', { name: 'Name of the prompt set' }).fill('Renamed elsewhere');
    await other.page.keyboard.press('Enter');
    await expect(page.getByRole('button', { name: 'Prompt set: Renamed elsewhere' })).toBeVisible();
  });

  await test.step('the run ends as if there were one tab', async () => {
    await train.stop();
    const [set, ...more] = await promptSets(page);
    expect(more).toEqual([]);
    expect(set?.name).toBe('Renamed elsewhere');
    expect(set?.runs.map(({ status }) => status)).toEqual(['stopped']);
    expect((await vectors(page))[0]).toHaveLength(Math.ceil((10 * 96 * 4) / 3) * 4);
    // the other tab has it too
    await expect(other.page.getByRole('table', { name: 'Runs' })).toContainText(/\d:\d\d$/);
  });

  await test.step('a closed tab hands its run to the other one', async () => {
    await train.start();
    await expect(studio.lead).toContainText(/Step (?:[3-9]\d|\d{3,}) of 5000/);
    await expect(other.page.getByRole('main')).toContainText('This run is training in another tab of this browser');
    await page.close();
    // the browser releases the locks of a closed tab when its worker has ended
    const held = async () => (await navigator.locks.query()).held?.filter(({ name }) => name?.includes(':run:'));
    await expect.poll(() => other.page.evaluate(held)).toEqual([]);
    await other.page.getByRole('button', { name: /^Resume/ }).click();
    await expect(other.lead).toContainText(/Step [1-9]\d+ of 5000/);
    await other.train.stop();
  });
});
