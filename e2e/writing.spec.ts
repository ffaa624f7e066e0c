/** Texts as answers instead of labels: a column of summaries, from the file to another browser. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectAccessibleNow, expectNarrow } from './axe';
import { expect, test } from './fixtures';
import { csv, type TestFile } from './pages/studio';
import { checkpointStep } from './storage';

const ALL = readFileSync(join(import.meta.dirname, '../tools/text-to-text/summaries.csv'), 'utf8');

/** The first hundred of them. */
const SUMMARIES: TestFile = { name: 'summaries.csv', bytes: Buffer.from(ALL.slice(0, ALL.indexOf('\nS101,'))) };

/** A formula, and a row without a text. */
const NEW_TEXTS = csv(
  'new.csv',
  ['said', 'place'],
  [
    ['=A1, my lamp is late', 'Ulm'],
    ['', 'Bonn'],
    ['The lamp is broken', 'Ulm'],
  ],
);

const MESSAGE = 'The lamp from order 4711 still has not come. Who can tell me where it is?';

test('takes a column of summaries from the file through training, comparison and vote to another browser', async ({
  studio,
  otherProfile,
}) => {
  test.slow();
  const { page, data, prompts, train, compare, playground, library } = studio;

  await test.step('the task is guessed, and can be changed', async () => {
    await studio.open();
    await studio.modelReady();
    await studio.upload(SUMMARIES);
    await expect(studio.heading).toHaveText(/^100 rows ready/);
    await expect(data.role('Task')).toContainText('Generate a text');
    await expect(data.role('Answer')).toContainText('summary');
    await expect(page.getByRole('heading', { name: /^Answers: half have \d+ tokens/ })).toBeVisible();
    await expect(page.getByText('Label', { exact: true })).toBeHidden();
    await data.map('Task', 'Choose a label');
    await expect(studio.heading).toHaveText(/different labels in 100 rows$/);
    await data.map('Task', 'Generate a text');
    await expect(studio.heading).toHaveText(/^100 rows ready/);
    await expectNarrow(studio, 'Data');
  });

  await test.step('a prompt is suggested without answer words, and a try generates texts', async () => {
    await data.next.click();
    await expect(prompts.editor).toHaveValue(
      'Read the message and write the summary in one line.\nMessage: {text}\nSummary:',
    );
    await expect(page.getByText('Answer words')).toBeHidden();
    await expect(page.getByRole('region', { name: 'Tokens', exact: true })).toContainText('expected:');
    await page.getByRole('textbox', { name: 'Longest answer, in tokens' }).fill('12');
    await prompts.tryIt.click();
    await expect(studio.heading).toHaveText(/^Your prompt reaches ROUGE-L \d+% on 15 validation rows$/);
    await expect(page.getByRole('table', { name: 'Texts, expected and written answers' }).getByRole('row')).toHaveCount(
      16,
    );
    await expectNarrow(studio, 'Prompts');
    await prompts.next.click();
  });

  await test.step('training continues after a reload, with loss and perplexity and no accuracy', async () => {
    await train.set({ Steps: 160, Patience: '', 'Rows per step': 4 });
    await expect(page.getByText('Weight labels equally')).toBeHidden();
    await train.start();
    await train.cutOff(40);
    await expect(studio.heading).toBeVisible();
    await train.ended();
    expect(await checkpointStep(page)).toBe(160);
    await expect(studio.heading).toHaveText(/^Trained: perplexity [\d.e+]+ on 15 validation rows/);
    await expect(page.getByRole('heading', { name: /^Validation perplexity/ })).toBeVisible();
    await expect(page.getByRole('radio', { name: 'Accuracy' })).toHaveCount(0);
    await expectNarrow(studio, 'Train');
    await studio.modelReady();
  });

  await test.step('compare, rows, report', async () => {
    await compare.run.click();
    await compare.verdict();
    await compare.tab('How sure is that?').click();
    await expect(page.getByRole('table', { name: 'Prompts, scores and costs' }).getByRole('row')).toHaveCount(5, {
      timeout: 180_000,
    });
    await expect(studio.heading).toHaveText(/points of ROUGE-L on \d+ test rows$|^No clear difference/);
    await expect(page.getByRole('table', { name: 'Differences between prompts' })).toContainText(
      'Tuned prompt against your prompt',
    );
    await compare.tab('Where does it still fail?').click();
    await page.getByRole('tab', { name: /^Equally close/ }).click();
    await compare.lookAtARow();
    await expectNarrow(studio, 'Compare');
    const html = await compare.report();
    expect(html).toContain('none: no text of any row');
    expect(html).not.toContain('order 20817');
  });

  await test.step('a blind vote by keyboard, undone once, survives a reload', async () => {
    await page.getByRole('tab', { name: 'Do I agree?' }).click();
    const box = page.locator('.ballot');
    await expect(box.getByText('Row 1 of')).toBeVisible();
    await box.focus();
    const keys = ['ArrowLeft', 'ArrowRight', 'Backspace', 'ArrowUp'];
    for (const [i, row] of [2, 3, 2, 3].entries()) {
      await page.keyboard.press(keys[i] ?? '');
      await expect(box.getByText(`Row ${row} of`)).toBeVisible();
    }
    await expectAccessibleNow(page, 'Blind vote');
    await page.reload();
    await expect(box.getByText('Row 3 of')).toBeVisible();
    await page.getByRole('button', { name: 'Count so far' }).click();
    await expect(box.getByRole('status')).toContainText(/won [01] of 1 decided votes/);
    await studio.modelReady();
  });

  const here = await test.step('the Playground generates', async () => {
    await studio.go('Playground');
    const written = await playground.write(MESSAGE, 'tuned prompt');
    await page.getByRole('button', { name: 'Continue with every prompt' }).click();
    for (const continued of await page.locator('.player-written').all()) await expect(continued).not.toHaveText(/^▍?$/);
    await expectNarrow(studio, 'Playground');
    await playground.text.fill(`[NOBODY] ${MESSAGE}`);
    await expect(page.getByText('No prompt set has the handle NOBODY')).toBeVisible();
    await playground.text.fill(`[SUMMARIES] ${MESSAGE}`);
    await expect(page.getByText(/^Asks Summaries/)).toBeVisible();
    return written;
  });

  await test.step('Decide repeats the advice, and says why texts have no costs and no rehearsal', async () => {
    await studio.go('Decide');
    const why = page.getByText(/^Costs and rehearsals count answers that are right or wrong/);
    await expect(why).toBeVisible();
    await page.getByRole('tab', { name: 'Rehearsal' }).click();
    await expect(why).toBeVisible();
    await page.getByRole('tab', { name: 'Side by side' }).click();
    await expect(page.getByRole('table', { name: /fine-tuning compared$/ })).toContainText('ROUGE-L');
    await expectNarrow(studio, 'Decide, texts');
  });

  const zip = await test.step('export', async () => {
    await studio.go('Compare');
    await compare.export('Tuned prompt');
    await expect(page.getByRole('dialog')).toContainText('This file will contain none of your rows.');
    return library.download();
  });

  await test.step('the Library: exports for a manager and a spreadsheet, a measurement, a batch', async () => {
    await studio.go('Library');
    const set = library.set(/SUMMARIES/);
    const asked = async (recipient: string, withRows?: string) => {
      await set.getByRole('button', { name: 'Export', exact: true }).click();
      await page.getByText(recipient).click();
      if (withRows !== undefined) await page.getByText(withRows).click();
      return (await library.download()).bytes.toString();
    };
    const report = await asked('A manager');
    expect(report).toContain('none: no text of any row, and no generated text');
    expect(report).not.toContain('order 20817');
    const numbers = await asked('A spreadsheet');
    expect(numbers.split('\r\n')[0]).toMatch(/^row_id,untuned_rouge_l,.+,tuned_log_prob$/);
    const texts = await asked('A spreadsheet', 'Include all 35');
    expect(texts.split('\r\n')[0]).toMatch(/^row_id,text,wanted,untuned_written,/);

    await set.getByRole('button', { name: 'Versions and stages' }).click();
    await page.getByRole('button', { name: 'Measure in the grid' }).click();
    await library.fill('Fill 1 cell');
    await expectNarrow(studio, 'Library, a grid of texts');
    await page.getByRole('tab', { name: 'Prompt sets' }).click();
    await set.getByRole('button', { name: 'Versions and stages' }).click();
    await expect(library.measured).toContainText(
      /Was ROUGE-L \d+% on 35 test rows.+on the same rows: no clear change, 0/,
    );
    await expectNarrow(studio, 'Library, a set that writes');

    await page.getByRole('button', { name: 'Run on a file', exact: true }).first().click();
    await studio.upload(NEW_TEXTS, 'Choose a file');
    await library.choose('Text column', /^said$/);
    await page.getByRole('button', { name: 'Answer 3 rows' }).click();
    await expect(library.set(/^2 rows answered by SUMMARIES, .+, 1 left out$/)).toBeVisible();
    await expectNarrow(studio, 'Batch of texts');
    const [head, ...rows] = (await library.saved('Download 3 rows as CSV')).bytes.toString().split('\r\n');
    expect(head).toBe('said,place,written,not_answered');
    expect(rows[0]).toMatch(/^"'=A1, my lamp is late",Ulm,.+,$/);
    expect(rows[1]).toBe(',Bonn,,it has no text');
  });

  await test.step('import into a clean profile gives the same answer', async () => {
    const other = await otherProfile();
    await other.importAlone(zip);
    await other.page.getByRole('button', { name: 'Open it' }).click();
    expect(await other.playground.write(MESSAGE, 'tuned prompt')).toBe(here);
  });
});
