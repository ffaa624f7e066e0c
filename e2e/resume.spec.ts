import { expect, test } from './fixtures';
import { AWKWARD } from './pages/studio';
import { states, vectors } from './storage';

/** Three runs with the same seed: one left alone, one paused and reloaded, one cut off by a reload. */
test('a prompt that was paused, or cut off by a reload, ends in the same bytes as one that was not', async ({
  studio,
}) => {
  const { page, train } = studio;
  await studio.open();
  await studio.modelReady();
  await studio.drop(AWKWARD);
  await expect(studio.heading).toContainText('labelled rows are ready');
  await studio.go('Train');
  await train.set({ Steps: 300, Patience: '', Seed: 7 });
  await train.start();
  await train.ended();
  const [whole] = await vectors(page);
  expect(Buffer.from(whole ?? '', 'base64').byteLength).toBe(10 * 96 * 4);

  await test.step('paused, reloaded, resumed', async () => {
    await train.start();
    await expect.poll(async () => (await vectors(page)).length).toBe(2);
    await expect(studio.lead).toContainText(/Step (?:[4-9]\d|1\d\d) of 300/);
    await train.pause();
    await page.reload();
    await studio.modelReady();
    await expect(studio.heading).toContainText(/^Paused at step \d+ of 300/);
    await page.getByRole('button', { name: /^Resume from step \d+/ }).click();
    await train.ended();
    const [, paused] = await vectors(page);
    expect(paused).toBe(whole);
    const [one, two] = await states(page);
    expect(two).toEqual(one);
  });

  await test.step('cut off by a reload', async () => {
    await train.set({ Steps: 300, Patience: '', Seed: 7 });
    await train.start();
    await expect(studio.lead).toContainText(/Step (?:[4-9]\d|1\d\d) of 300/);
    await page.reload();
    await train.ended();
    const [, , cutOff] = await vectors(page);
    expect(cutOff).toBe(whole);
    const [one, , three] = await states(page);
    expect(three).toEqual(one);
  });
});

test('another seed gives other bytes', async ({ studio }) => {
  const { page, train } = studio;
  await studio.trained();
  await train.set({ Steps: 30, Seed: 1 });
  await train.start();
  await expect.poll(async () => (await vectors(page)).filter(Boolean).length).toBe(2);
  const [first, second] = await vectors(page);
  expect(second).not.toBe(first);
});
