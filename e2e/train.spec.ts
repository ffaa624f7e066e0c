import { expectAccessible } from './axe';
import { expect, test } from './fixtures';
import type { Studio } from './pages/studio';
import { promptSets, vectors } from './storage';

const runsOf = async ({ page }: Studio) => (await promptSets(page))[0]?.runs ?? [];
/** Waits until this many runs are done and their prompts are saved. */
const finished = (studio: Studio, count: number) =>
  expect
    .poll(async () => (await runsOf(studio)).filter(({ status }) => status === 'finished').length, { timeout: 180_000 })
    .toBe(count);

async function ready(studio: Studio): Promise<void> {
  await studio.openTrain();
}

test('runs four seeds from a queue ordered by keyboard, and shows curves and settings side by side', async ({
  studio,
}) => {
  test.slow();
  const { page, train } = studio;
  await ready(studio);
  await train.set({ Steps: 40, Patience: '', 'Runs with other seeds': 4 });
  await train.start();
  await train.hold();
  await expect(train.waiting.getByRole('row')).toHaveCount(4);

  await test.step('by keyboard: move a run up, remove one, undo', async () => {
    const last = train.waiting.getByRole('row').last();
    await expect(last).toContainText('10 vectors, 40 steps, seed 3');
    await last.getByRole('button', { name: /^Earlier: / }).focus();
    await page.keyboard.press('Enter');
    await expect(train.waiting.getByRole('row').nth(2)).toContainText('seed 3');
    await train.waiting
      .getByRole('button', { name: /^Remove: / })
      .last()
      .focus();
    await page.keyboard.press('Enter');
    await expect(train.waiting.getByRole('row')).toHaveCount(3);
    const removed = page.getByRole('alertdialog', { name: /^Removed from the queue/ });
    await removed.getByRole('button', { name: 'Undo' }).press('Enter');
    await expect(train.waiting.getByRole('row')).toHaveCount(4);
    await expectAccessible(studio, 'Train, with a queue');
  });

  await test.step('stays paused until resumed, across a reload', async () => {
    await finished(studio, 1);
    await page.reload();
    await expect(page.getByRole('heading', { name: '3 runs waiting until you continue' })).toBeVisible();
    expect(await runsOf(studio)).toHaveLength(1);
  });

  await test.step('continues when resumed', async () => {
    await studio.modelReady();
    await page.getByRole('button', { name: 'Continue the queue' }).click();
    await finished(studio, 4);
  });

  await test.step('all four side by side: curves, and differences', async () => {
    for (const run of [1, 2, 3, 4]) await train.mark(run).check();
    await expect(page.getByRole('listitem').filter({ hasText: /^Run \d/ })).toHaveCount(4);
    const beside = page.getByRole('region', { name: 'Settings of the runs, side by side' });
    await expect(beside.getByRole('row', { name: /^Seed/ })).toContainText(/0.*1/);
    await expect(beside.getByRole('row').nth(1)).toContainText('(differs)');
    await expect(beside.getByRole('row', { name: /^Steps/ })).toContainText('40');
    await expectAccessible(studio, 'Train, side by side');
  });

  await test.step('Auto learns keys and values', async () => {
    await train.unfold('All settings');
    await page.locator('label').filter({ hasText: /^Auto/ }).click();
    await train.start();
    await train.ended();
    await train.runs.getByRole('button', { name: 'run 5', exact: true }).hover();
    await expect(page.getByRole('tooltip')).toContainText('keys and values before the cue');
    await expect(page.getByRole('tooltip')).toContainText('the first 15 steps on 64 rows');
  });
});

test('compares several seeds and a hybrid, branches from a run, and draws a learning curve from fewer rows', async ({
  studio,
}) => {
  test.slow();
  const { page, train, compare } = studio;
  await ready(studio);
  await train.set({ Steps: 12, 'Runs with other seeds': 2 });
  await train.start();
  await finished(studio, 2);
  await train.ended();
  const [first, second] = await vectors(page);
  expect(second, 'vectors of another seed').not.toBe(first);
  await page.getByRole('button', { name: /What is shown/ }).click();
  await page.getByRole('option', { name: 'Vector lengths' }).click();
  await expect(page.getByRole('heading', { name: /^Length of the vectors/ })).toBeVisible();
  await train.unfold('All settings');
  await page.getByText('Your prompt (hybrid)', { exact: true }).click();
  await train.set({ 'Runs with other seeds': 1 });
  await train.start();
  await finished(studio, 3);

  await test.step('Compare has the mean and the hybrid', async () => {
    await studio.go('Compare');
    await compare.run.click();
    await compare.verdict();
    await compare.tab('How sure is that?').click();
    await expect(compare.arms.getByRole('row', { name: /Tuned prompt, mean of 2 seeds/ })).toBeVisible();
    await expect(compare.arms.getByRole('row', { name: /Your prompt \+ vectors/ })).toBeVisible();
  });

  await test.step('a branch starts from a run', async () => {
    await studio.go('Train');
    await page.getByRole('button', { name: 'Branch from run 1' }).click();
    await expect(page.getByRole('button', { name: /The vectors start from/ })).toContainText('Run 1');
    await train.start();
    await finished(studio, 4);
    const runs = await runsOf(studio);
    expect(runs[3]?.settings.initialisation).toEqual({ kind: 'prompt', runId: runs[0]?.id, at: 'best' });
    await train.runs.getByRole('button', { name: 'run 4', exact: true }).hover();
    await expect(page.getByRole('tooltip')).toContainText('run 1');
  });

  await test.step('a learning curve', async () => {
    await train.unfold('All settings');
    await page.getByRole('button', { name: 'Draw the learning curve' }).click();
    await finished(studio, 7);
    await expect(page.getByRole('heading', { level: 2, name: /more labels|More labels|More rows/ })).toBeVisible();
    await expect(page.getByText(/cannot tell differences below about/)).toBeVisible();
    await expectAccessible(studio, 'Train, learning curve');
  });

  await test.step('several voices become a version, which production points to and which plays', async () => {
    await studio.go('Compare');
    await compare.tab('Take it away').click();
    await compare.taken.getByRole('button', { name: /^Use Tuned \+ .+ in production$/ }).click();
    await expect(compare.taken.getByRole('row', { name: /^B Tuned \+ .+ in use/ })).toBeVisible();
    await studio.go('Playground');
    await page.getByRole('button', { name: /Add another version/ }).click();
    await page.getByRole('option', { name: /^production/ }).click();
    await studio.playground.text.fill('Where is my order?');
    const mean = page.getByRole('region', { name: /production: combined/ });
    await expect(mean.getByRole('listitem').first()).toContainText(/0\.\d/);
  });
});

test('keeps the settings of the next run when the page is reloaded at once', async ({ studio }) => {
  const { page, train } = studio;
  await ready(studio);
  await train.set({ Steps: 77, 'Clip gradients at': 0.5, 'Runs with other seeds': 2 });
  await page.getByText('In PEFT', { exact: true }).click();
  await page.reload();
  await train.unfold('All settings');
  await expect(page.getByRole('textbox', { name: 'Steps', exact: true })).toHaveValue('77');
  await expect(page.getByRole('textbox', { name: 'Clip gradients at', exact: true })).toHaveValue('0.5');
  await expect(page.getByRole('textbox', { name: 'Runs with other seeds' })).toHaveValue('2');
  await expect(page.getByRole('radio', { name: 'In PEFT' })).toBeChecked();
});

test('trains vectors before the cue, and answer words too, compares them, and another profile answers with them', async ({
  studio,
  otherProfile,
}) => {
  const { page, train, compare, library } = studio;
  await ready(studio);
  await train.unfold('All settings');
  await page.locator('label').filter({ hasText: 'Standard' }).click(); // Auto chooses the place
  await page.getByText('Before the cue', { exact: true }).click();
  await expect(page.getByText('The vectors come between the text and its cue')).toBeVisible();
  // neither keys and values that cannot be learned start anything
  await page.getByText('Keys and values before the cue', { exact: true }).click();
  await train.set({ 'Examples in the text': 2 });
  await train.start();
  await expect(page.getByText('the examples would be read for each row')).toBeFocused();
  await train.set({ 'Examples in the text': 0 });
  await page.getByText('Before the cue', { exact: true }).click();
  // nor a number that is refused, and both are shown
  await train.set({ Steps: 0 });
  await train.start();
  await expect(page.getByRole('textbox', { name: 'Steps', exact: true })).toBeFocused();
  expect(await runsOf(studio)).toEqual([]);
  await train.set({ Steps: 6, Vectors: 2 });
  await page.getByRole('radiogroup', { name: 'Train answer words too' }).getByText('Yes', { exact: true }).click();
  await expect(page.getByText('2 vectors · 3 answer words · 480 numbers')).toBeVisible();
  await train.start();
  await finished(studio, 1);
  const [run] = await runsOf(studio);
  expect(run?.settings).toMatchObject({ placement: 'infix', answerVectors: 'trained' });
  expect(run?.initText).toBe('\n');
  const [voice] = (await promptSets(page))[0]?.versions.find(({ id }) => id === run?.id)?.prompt.voices ?? [];
  expect(voice?.kind === 'text' && voice.soft?.answerShift).toBeTruthy();
  await studio.go('Compare');
  await compare.run.click();
  await compare.verdict();
  await compare.export('Tuned prompt');
  const zip = await library.download();
  await (await otherProfile()).importAlone(zip);

  await test.step('PEFT cannot load it: a version for PEFT learns its answers, and is exported', async () => {
    await page.getByRole('button', { name: /^Export( this prompt)?$/ }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('PEFT cannot load tuned 1.');
    await dialog.getByRole('button', { name: /^Make a version for PEFT \(about \d+ (s|min)\)$/ }).click();
    await expect(dialog.getByRole('button', { name: 'Stop' })).toBeVisible();
    await expect(dialog.getByRole('status')).toHaveText(/^\d+ of 22 validation rows right, and \d+ by tuned 1\.$/, {
      timeout: 240_000,
    });
    await expect(dialog.getByRole('radio', { name: 'PEFT' })).toBeChecked();
    const adapter = await library.download();
    expect(adapter.name).toMatch(/-peft\.zip$/);
    const made = (await runsOf(studio))[1];
    expect(made).toMatchObject({ distilled: { from: run?.id }, settings: { placement: 'prefix' } });
    // the next time it is there
    await page.getByRole('button', { name: /^Export( this prompt)?$/ }).click();
    await dialog.getByRole('button', { name: 'Export tuned 2 for PEFT' }).click();
    await expect(dialog.getByRole('radio', { name: 'PEFT' })).toBeChecked();
  });
});
