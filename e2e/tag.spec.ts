/** Several labels a row, from the file to the answers of a batch. */
import { expectNarrow } from './axe';
import { expect, test } from './fixtures';
import { csv } from './pages/studio';

const SAID = {
  billing: ['the invoice is wrong', 'I was charged twice', 'please refund the fee'],
  delivery: ['the box has not arrived', 'the box came late', 'the courier left it outside'],
  urgent: ['answer today please', 'this cannot wait', 'reply at once'],
} as const;
const NAMES = Object.keys(SAID) as (keyof typeof SAID)[];

/** Row i has the labels whose bit of i is set, and says something of each. */
const MESSAGES = csv(
  'messages.csv',
  ['message', 'tags'],
  Array.from({ length: 120 }, (_, i) => {
    const tags = NAMES.filter((_name, k) => (i >> k) & 1);
    const text = tags.map((tag) => SAID[tag][(i >> 3) % 3]).join(' and ') || 'thanks for the nice shop';
    return [`${text}, order ${i * 37}`, tags.join(' | ') || 'none'];
  }),
);

/** Unlike the rows that trained and chose. */
const LATER = csv(
  'later.csv',
  ['message', 'tags'],
  Array.from({ length: 40 }, (_, i) => {
    const tags = NAMES.filter((_name, k) => (i >> k) & 1);
    const words = ['amber', 'birch', 'cedar', 'delta', 'ember', 'fjord', 'grove'];
    const [a, b] = [words[i % 7], words[(i * 3 + (i >> 2)) % 7]];
    return [`${a} ${b} ${i} ${tags.map((tag) => SAID[tag][i % 3]).join(' ')}`, tags.join(' | ') || 'none'];
  }),
);

const NEW_TEXTS = csv(
  'new.csv',
  ['said', 'place'],
  [
    ['the invoice is wrong and the box came late', 'Ulm'],
    ['', 'Bonn'],
  ],
);

test('takes a column of several labels through training and comparison to a batch and another browser', async ({
  studio,
  otherProfile,
}) => {
  test.slow();
  const { page, data, prompts, train, compare, playground, library } = studio;

  await test.step('the task is recognised by the separators', async () => {
    await studio.open();
    await studio.modelReady();
    await studio.upload(MESSAGES);
    await expect(studio.heading).toHaveText(/^120 rows ready/);
    await expect(data.role('Task')).toContainText('Give several labels');
    await data.map('Task', 'Choose a label');
    await page.getByRole('button', { name: 'Give several labels' }).click();
    await expect(data.role('Task')).toContainText('Give several labels');
    await expectNarrow(studio, 'Data');
  });

  await test.step('a prompt is proposed, with an answer word for every label and one for none', async () => {
    await data.next.click();
    await expect(prompts.editor).toHaveValue(/^Tag the text\. Answer with all that fit: billing, delivery, .+none/);
    for (const label of [...NAMES, 'none']) await expect(prompts.word(label)).toBeVisible();
    await expect(prompts.find).toBeHidden();
    await prompts.tryIt.click();
    await expect(studio.heading).toHaveText(/^Your prompt reaches micro-F1 \d+% on \d+ validation rows$/);
    await expect(page.getByRole('heading', { name: /not get exactly the right labels$/ })).toBeVisible();
    await expectNarrow(studio, 'Prompts');
    await prompts.next.click();
  });

  await test.step('training trains the answer words too', async () => {
    await train.set({ Steps: 60, 'Rows per step': 4 });
    await expect(page.getByText('Weight labels equally')).toBeHidden();
    await train.start();
    await train.ended();
    await expect(studio.heading).toHaveText(/^Trained: micro-F1 \d+% on \d+ validation rows/);
    await expect(page.getByRole('heading', { name: /^Validation micro-F1/ })).toBeVisible();
    await expectNarrow(studio, 'Train');
    await studio.modelReady();
  });

  await test.step('the comparison has every label with its intervals, and a report', async () => {
    await compare.run.click();
    await compare.verdict();
    await compare.tab('Where does it still fail?').click();
    const labels = page.getByRole('table', { name: 'Precision, recall and F1 of each label, Tuned prompt' });
    await expect(labels.getByRole('row')).toHaveCount(4);
    await expectNarrow(studio, 'Compare, labels');
    await compare.tab('How sure is that?').click();
    await expect(compare.arms).toContainText('Word counts');
    await expect(compare.arms).toContainText('Linear probe');
    await expectNarrow(studio, 'Compare, statistics');
    await compare.tab('Where does it still fail?').click();
    await compare.lookAtARow();
    await expectNarrow(studio, 'Compare, rows');
    expect(await compare.report()).toContain('Each label, Tuned prompt');
  });

  await test.step('Decide advises with costs, puts approaches side by side, and rehearses on new rows', async () => {
    await studio.go('Decide');
    await studio.unfold('Every prompt');
    await expect(page.getByRole('table', { name: 'Cost of each prompt' })).toBeVisible();
    await expect(page.getByText('A row is right where it gets exactly its labels.')).toBeVisible();
    await expectNarrow(studio, 'Decide, advice');
    await page.getByRole('tab', { name: 'Side by side' }).click();
    const approaches = page.getByRole('table', { name: /fine-tuning compared$/ });
    await expect(approaches.getByRole('row', { name: 'Micro-F1' })).toContainText(/on 60 test rows/);
    await expectNarrow(studio, 'Decide, side by side');
    await page.getByRole('tab', { name: 'Rehearsal' }).click();
    await expect(page.getByText('These rows chose the prompt')).toBeVisible();
    await studio.upload(LATER, 'Use a CSV with labels');
    await expect(page.getByRole('button', { name: 'Rows, in the order of arrival' })).toContainText('later.csv');
    await page.getByRole('button', { name: 'Start the rehearsal' }).click();
    await expect(page.getByRole('heading', { name: /^Check 1, 20 labels/ })).toBeVisible();
    await expectNarrow(studio, 'Decide, rehearsal');
  });

  const here = await test.step('the Playground shows each label by itself', async () => {
    await studio.go('Playground');
    const shown = await playground.ask('the invoice is wrong and the box came late', 'tuned prompt');
    expect(Object.keys(shown).toSorted()).toEqual(NAMES);
    await expectNarrow(studio, 'Playground');
    return shown;
  });

  await test.step('the grid measures both versions by micro-F1, and tests the pair', async () => {
    await studio.go('Library');
    const open = () =>
      library
        .set(/MESSAGES/)
        .getByRole('button', { name: 'Versions and stages' })
        .click();
    await open();
    await page.getByRole('button', { name: 'Measure in the grid' }).click();
    await library.choose('Add a version', /^hand-written 1/);
    await library.fill(/^Fill \d cells$/);
    await expect(page.getByText(/^Micro-F1 with the 95% interval/)).toBeVisible();
    const cells = page.getByRole('table', { name: 'Prompts on models and rows' }).getByRole('button');
    await cells.nth(0).press('Enter');
    await cells.nth(1).press('Enter');
    await expect(page.getByRole('status').filter({ hasText: 'of micro-F1 on the same' })).toContainText(
      '(permutation p = ',
    );
    await expectNarrow(studio, 'Library, a grid of tags');
    expect((await library.saved('Download as CSV')).bytes.toString()).toContain('micro_f1,micro_f1_low');
    await page.getByRole('tab', { name: 'Prompt sets' }).click();
    await open();
    await expect(library.measured.first()).toContainText(/Was micro-F1 \d+%/);
  });

  await test.step('a batch answers with the same labels', async () => {
    await page.getByRole('button', { name: 'Run on a file', exact: true }).first().click();
    await studio.upload(NEW_TEXTS, 'Choose a file');
    await page.getByRole('button', { name: 'Answer 2 rows' }).click();
    await expect(library.set(/^1 row answered by MESSAGES, .+, 1 left out$/)).toBeVisible();
    await expectNarrow(studio, 'Batch');
    const [head = '', row = ''] = (await library.saved('Download 2 rows as CSV')).bytes.toString().split('\r\n');
    expect(head).toMatch(/^said,place,labels/);
    const given = NAMES.filter((name) => Number(here[name]) >= 0.5);
    expect(row.split(',')[2]).toBe(given.join('; ') || 'none');
  });

  await test.step('another browser imports the prompt, and gives the same probabilities', async () => {
    await studio.go('Library');
    await library
      .set(/MESSAGES/)
      .getByRole('button', { name: 'Export', exact: true })
      .click();
    const zip = await library.download();
    const other = await otherProfile();
    await other.importAlone(zip);
    await other.page.getByRole('button', { name: 'Open it' }).click();
    expect(await other.playground.ask('the invoice is wrong and the box came late', 'tuned prompt')).toEqual(here);
  });
});
