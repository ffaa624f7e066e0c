import { readFileSync } from 'node:fs';
import { expectAccessible, expectAccessibleNow, expectForcedColours, expectReadable } from './axe';
import { expect, test } from './fixtures';
import { AWKWARD, type TestFile } from './pages/studio';

/** Of which a probe of the small model tells more labels apart than its prompts do. */
const SAMPLE: TestFile = {
  name: 'support-messages.csv',
  bytes: readFileSync('public/sample/support-messages.csv'),
};

test('shows rows, filters, slices and confidence behind the verdict, each at its own address', async ({ studio }) => {
  test.slow();
  const { page, compare } = studio;
  await studio.trained(AWKWARD);
  await studio.go('Compare');
  await compare.run.click();
  await compare.verdict();
  await compare.tab('Where does it still fail?').click();

  await test.step('every row is in one of four cells, with both answers', async () => {
    const counts = await Promise.all(
      ['Fixed', 'Broken', 'Both wrong', 'Both right'].map((cell) => compare.cellCount(cell)),
    );
    expect(counts.reduce((sum, n) => sum + n, 0)).toBe(60);
    await compare.cell('Both right').click();
    await compare.choose('Label', 'complaint');
    await expect(page).toHaveURL(/[?&]label=\d/);
    for (const row of (await compare.rows.getByRole('row').all()).slice(1))
      await expect(row.getByRole('cell').nth(1)).toHaveText('complaint');
  });

  await test.step('one row with all answers; the address has its id, not its text', async () => {
    await compare.rows
      .getByRole('button', { name: /^All answers to row/ })
      .first()
      .focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByRole('region', { name: 'Tuned prompt', exact: true })).toContainText(/[01]\.\d\d/);
    const text = (await dialog.locator('blockquote').textContent()) ?? '';
    await expectAccessibleNow(page, 'Compare, one row');
    expect(page.url()).toMatch(/[?&]row=/);
    expect(decodeURIComponent(page.url())).not.toContain(text.slice(0, 12));
    await page.reload();
    await expect(page.getByRole('dialog').locator('blockquote')).toHaveText(text);
    await page.keyboard.press('Escape');
    await expect(page).not.toHaveURL(/[?&]row=/);
    await expect(compare.cell('Both right')).toHaveAttribute('aria-selected', 'true');
    await compare.choose('Label', 'all');
  });

  await test.step('a pair other than the headline’s', async () => {
    const before = await compare.cellCount('Fixed');
    await compare.choose('Pair', 'Tuned prompt against your prompt + 8 examples');
    await expect(page.getByRole('heading', { name: /^Tuning fixed \d+ rows? and broke/ })).not.toHaveText(
      new RegExp(`fixed ${before} row`),
    );
    await expect(page).toHaveURL(/[?&]pair=/);
    await compare.choose('Pair', 'Tuned prompt against your prompt');
  });

  await test.step('slices, corrected for testing many', async () => {
    await expect(page.getByText(/Holm’s correction for testing \d+ parts/)).toBeVisible();
    await compare.choose('By', 'text length');
    const first = compare.slices.getByRole('row').nth(1);
    const rows = Number(await first.getByRole('cell').nth(1).textContent());
    await first.getByRole('button', { name: /^Show the rows of/ }).click();
    await expect(page.getByText(`${rows} of 60 rows`)).toBeVisible();
    await page.getByRole('button', { name: /^text length: .+ ✕$/ }).click();
    await expect(page.getByText(`${rows} of 60 rows`)).toBeHidden();
  });

  await test.step('rows below a probability go to a person', async () => {
    await compare.tab('How sure is that?').click();
    const slider = page.getByRole('slider', { name: 'Answer from this probability on' });
    const tuned = page.getByRole('listitem').filter({ hasText: /^B?\s*Tuned prompt / });
    await tuned.getByRole('button', { name: 'Use this threshold' }).click();
    await expect(tuned).toContainText('Below 0.80 a person is asked.');
    await expectAccessibleNow(page, 'Compare, a threshold');
    await page.reload();
    await expect(tuned).toContainText('Below 0.80 a person is asked.');
    await tuned.getByRole('button', { name: 'Take all answers' }).click();
    await expect(tuned.getByRole('button', { name: 'Use this threshold' })).toBeVisible();
    await page.getByText('Test: check').click();
    await expect(page.getByRole('button', { name: 'Use this threshold' })).toHaveCount(0);
    await slider.focus();
    await page.keyboard.press('Home');
    await expect(page.getByText(/^B?\s*Tuned prompt No answer is below 0.00: all 60 rows are answered/)).toBeVisible();
    await page.keyboard.press('End');
    await expect(page.getByText(/No answer reaches 1.00|Send answers below 1.00/).first()).toBeVisible();
  });

  await test.step('answers under harmless edits, and every row answered by prompts that never saw it', async () => {
    await page.getByRole('button', { name: 'Check every row' }).click();
    await expect(page.getByRole('progressbar', { name: /^Fold 1 of 5/ })).toBeVisible();
    await page.getByRole('main').getByRole('button', { name: 'Stop' }).click();
    await expect(page.getByRole('button', { name: 'Check every row' })).toBeEnabled();
    await page.getByRole('button', { name: 'Check consistency' }).click();
    await expect(page.getByText(/your prompt keeps its answer on .+ of 40 rows/i)).toBeVisible({ timeout: 180_000 });
    await expect(page.getByRole('table', { name: 'Answers that survive each edit' })).toContainText(/\d+ of 40 kept/);
    await page.getByRole('button', { name: 'Check every row' }).click();
    await expect(page.getByText(/^By cross-validation: /)).toBeVisible({
      timeout: 180_000,
    });
    await page.getByRole('button', { name: 'Measure fine-tuning' }).press('Enter');
    const adapters = page.getByText(/^Low-rank adapters of the model’s last layer/);
    await expect(adapters).toBeVisible({ timeout: 180_000 });
    await page.reload();
    await expect(page.getByText(/^By cross-validation: /)).toBeVisible();
    await expect(adapters).toBeVisible();
    await studio.go('Decide');
    await page.getByRole('tab', { name: 'Side by side' }).click();
    await expect(page.getByRole('row', { name: /Numbers trained/ })).toContainText('of adapters');
  });
});

test('checks labels again without seeing a prediction', async ({ studio }) => {
  test.slow();
  const { page, compare } = studio;
  await studio.trained(AWKWARD);
  await studio.go('Compare');
  await compare.run.click();
  const asLabelled = await compare.verdict();
  await compare.tab('Where does it still fail?').click();
  const [fixed, broken] = [await compare.cellCount('Fixed'), await compare.cellCount('Broken')];

  await test.step('relabelling draws equal numbers of fixed and broken rows and shows no prediction', async () => {
    await compare.tab('Is it the labels?').click();
    await page.getByRole('button', { name: 'Check labels' }).click();
    const each = Math.min(fixed, broken, 10);
    expect(each).toBeGreaterThan(0);
    await expect(page.getByText(`1 of ${2 * each} rows`)).toBeVisible();
    await expect(compare.rows).toBeHidden();
    await page.getByRole('button', { name: 'praise', exact: true }).click();
    await page.getByRole('button', { name: 'Undo the last' }).click();
    await expect(page.getByText(`1 of ${2 * each} rows`)).toBeVisible();
    for (let i = 0; i < 2 * each; i++) {
      await page.getByRole('button', { name: i < 2 ? 'praise' : 'Skip', exact: true }).focus();
      await page.keyboard.press('Enter');
    }
    await expect(page.getByRole('heading', { name: '2 rows labelled again' })).toBeVisible();
    await page.getByRole('button', { name: 'Keep these labels' }).click();
  });

  await test.step('both verdicts are shown, the use is counted, and the labels can be restored', async () => {
    await expect(page.getByRole('region', { name: 'As labelled', exact: true })).toContainText(asLabelled);
    await expect(page.getByRole('region', { name: 'After corrections' })).toContainText('used twice');
    await expect(page.getByText('This comparison used other versions')).toBeHidden();
    await page.reload();
    await expect(page.getByRole('region', { name: 'After corrections' })).toContainText('used twice');
    await studio.go('Data');
    await expect(page.getByText(/labels? of test rows corrected without seeing any prediction/).first()).toBeVisible();
    await studio.go('Compare');
    await compare.verdict();
  });

  await test.step('the report states how many rows it contains, and contains no more', async () => {
    const bare = await compare.report();
    expect(bare).toContain('none: no text of any row');
    for (const words of ['After the corrections', 'What these figures do not say', 'by slice'])
      expect(bare).toContain(words);
    expect(bare).not.toMatch(/<script|<link|https?:/);
    expect(await compare.report(['Markdown'])).toContain('## What these figures do not say');
    const full = await compare.report([`Include ${fixed + broken}`], `contain ${fixed + broken} of your rows`);
    expect(full).toContain(`${fixed + broken} test rows, as their owner chose`);
    expect(full.length).toBeGreaterThan(bare.length + 20 * (fixed + broken));
  });

  await test.step('every view passes axe', async () => {
    for (const tab of [
      'Where does it still fail?',
      'Is it the labels?',
      'Take it away',
      'How sure is that?',
    ] as const) {
      await compare.tab(tab).click();
      await expect(page.getByRole('progressbar', { name: /^Computing slices/ })).toBeHidden();
      await expectAccessible(studio, `Compare, ${tab}`);
      await expectForcedColours(studio, `Compare, ${tab}`);
      await expectReadable(studio, `Compare, ${tab}`);
    }
  });

  await test.step('tuned, word counts and probe leave as one prompt, once words of rows may go along', async () => {
    await compare.export(/^Tuned \+ /);
    await expect(page.getByRole('dialog')).toContainText('words and word pairs of your training rows');
    await page.getByText(/^Include \d+.*their words$/).click();
    expect((await studio.library.download()).name).toMatch(/\.zip$/);
  });
});

test('saves the linear probe as a version where it beats every prompt', async ({ studio }) => {
  test.slow();
  const { page, compare, library } = studio;
  await studio.open();
  await studio.take(SAMPLE);
  await studio.go('Compare');
  await compare.run.click();
  expect(await compare.verdict()).toContain('A linear probe of the same model beats');

  await test.step('with one press, and only once', async () => {
    await page.getByRole('button', { name: 'Save the probe as a version' }).click();
    await expect(page.getByRole('button', { name: 'Export probe 1' })).toBeVisible({ timeout: 180_000 });
    await expect(page.getByRole('button', { name: 'Save the probe as a version' })).toBeHidden();
    await expectAccessible(studio, 'Compare, with the probe saved');
  });

  await test.step('production points to it, and the library lists it', async () => {
    await compare.tab('Take it away').click();
    await page.getByRole('button', { name: 'Use Linear probe in production' }).click();
    await expect(compare.taken.getByRole('row', { name: /probe 1 .*in use/ })).toBeVisible();
    await studio.go('Library');
    await page.getByRole('button', { name: 'Versions and stages' }).click();
    await expect(library.set(/^Versions$/)).toContainText('probe 1');
    await expect(library.set(/^Versions$/)).toContainText('logistic regression on the model’s hidden states');
  });

  await test.step('it leaves as a zip for an engineer', async () => {
    await page.getByRole('button', { name: 'Export probe 1' }).click();
    await expect(page.getByRole('dialog')).toContainText('probe 1');
    expect((await library.download()).name).toMatch(/\.zip$/);
  });
});
