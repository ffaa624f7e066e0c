import { expectAccessible } from './axe';
import { expect, test } from './fixtures';
import { csv, type Studio } from './pages/studio';

const TOPICS = ['letter', 'invoice', 'table'];
const MESSAGES = csv(
  'messages.csv',
  ['message', 'tone', 'city'],
  Array.from({ length: 160 }, (_, i) => [
    `My ${TOPICS[i % 3]} number ${i} is ${i % 2 ? 'lovely' : 'broken'}`,
    i % 2 ? 'praise' : 'complaint',
    i % 4 ? 'Bonn' : 'Ulm',
  ]),
);

const opened = async (studio: Studio) => {
  await studio.open();
  await studio.modelReady();
  await studio.take(MESSAGES);
  await studio.go('Prompts');
  await expect(studio.prompts.word('praise')).not.toHaveValue('');
};

test('fixes a clumsy prompt hint by hint, by keyboard, with other columns in it', async ({ studio }) => {
  const { prompts } = studio;
  await opened(studio);
  await prompts.editor.fill('From {City}: {text}\nSay what the customer means.\nTone: ');
  await prompts.hint('Write {city}').press('Enter');
  await expect(prompts.editor).toHaveValue(/^From \{city\}: /);
  await prompts.hint('Move it above the text').press('Enter');
  await expect(prompts.editor).toHaveValue(/^Say what the customer means\.\nFrom \{city\}: \{text\}\nTone:/);
  await prompts.hint('Name the answers').press('Enter');
  await expect(prompts.editor).toHaveValue(/Answer with one of: /);
  await expect(prompts.hints).toHaveCount(0);
  await expect(prompts.reading).toContainText('From');
  await expect(prompts.reading.locator('.tok-own').first()).toHaveText(/^ [UB]/);

  await prompts.editor.fill('Is it praise or complaint?');
  await prompts.hint('Add {text}').press('Enter');
  await expect(prompts.editor).toHaveValue('Is it praise or complaint?\nMessage: {text}\nTone:');

  await prompts.editor.fill('{text}\nPlease say what this customer feels.');
  await prompts.choose('Examples in the prompt', '4 examples');
  await expect(prompts.hints).not.toHaveCount(0);
  await expectAccessible(studio, 'Prompts, with hints and examples');
});

test('tries nearest examples in several orders, and keeps them as a version across a reload', async ({ studio }) => {
  const { page, prompts } = studio;
  await opened(studio);
  await prompts.choose('Examples in the prompt', '4 examples');
  await expect(prompts.cost).toContainText(/tokens per row on average, \d+ at most/);
  await prompts.choose('Which', 'Nearest to each row');
  await expect(prompts.reading).toContainText('number');
  await prompts.choose('Orders', 'Mean of 2 orders');
  await expect(prompts.cost).toContainText('in each of 2 orders');
  await prompts.tryIt.click();
  await expect(studio.heading).toContainText(/Your prompt gets (\d+|\d+%) of \d+ validation rows right/);
  await expect(prompts.tries).toContainText('With 4 examples, the nearest, in 2 orders');
  await expect(prompts.cost).toContainText('ms per row');
  await page.reload();
  await expect(prompts.tries).toContainText('With 4 examples, the nearest, in 2 orders');
  await expect(prompts.select('Which')).toContainText('Nearest');

  await prompts.find.click();
  await expect(prompts.search).toContainText(/prompts have answered; the first gets \d+ of 16 training rows right/);
  await expect(prompts.leaderboard.getByRole('row').nth(1)).toContainText('16 training rows');
  await page.reload();
  await expect(page.getByText('The search for your best prompt was cut off')).toBeVisible();
  await page.getByRole('button', { name: 'Continue the search' }).click();
  await expect(prompts.leaderboard.getByRole('row').nth(1)).toContainText('16 training rows');
  await prompts.stopSearch.press('Enter');
  await expect(prompts.search).toContainText(/Found by search among \d+ prompts; chosen on 16 training rows/);
  // where the search stops decides whether a found prompt won or the one that was there
  await expect(prompts.tries.getByText('yours', { exact: true })).toHaveCount(1);
  await expect(prompts.tries).toContainText('With 4 examples, the nearest, in 2 orders');
  await expectAccessible(studio, 'prompts, found');

  await test.step('makes a prompt with examples smaller, and compares the two', async () => {
    // one token each: what the search has found may have more
    for (const [label, word] of Object.entries({ praise: 'A', complaint: 'B' })) {
      await prompts.word(label).fill(word);
      await prompts.word(label).press('Enter');
    }
    await prompts.choose('Examples in the prompt', '4 examples');
    await page.getByRole('button', { name: 'Make this prompt smaller' }).click();
    await expect(page.getByText('with Auto, each layer learns keys and values before the cue')).toBeVisible();
    await expect(page.locator('.learned .tok').last()).toHaveClass(/learned-text/);
    await studio.train.unfold('All settings');
    await page.locator('label').filter({ hasText: 'Quick' }).click();
    await page.getByRole('button', { name: 'Make it smaller' }).press('Enter');
    await expect(page.getByText(/tokens a row become \d+: \d+% saved\. Same answer on \d+ of \d+/)).toBeVisible({
      timeout: 120_000,
    });
    await expectAccessible(studio, 'train, made smaller');
    await page.getByRole('button', { name: 'Compare the two' }).click();
    await expect(page).toHaveURL(/compare/);
  });
});

test('shows figures in grey once the text or an answer word has changed, and tries again', async ({ studio }) => {
  const { page, prompts } = studio;
  await opened(studio);
  await prompts.tryIt.click();
  await expect(studio.heading).toContainText(/Your prompt gets (\d+|\d+%) of \d+ validation rows right/);
  await expect(page.locator('.earlier-try')).toHaveCount(0);
  await prompts.editor.fill('Say the tone.\nMessage: {text}\nTone:');
  await expect(studio.heading).toHaveText('Your prompt as it is now has not been tried');
  await expect(page.locator('.earlier-try')).toContainText('Version 1');
  await page.getByRole('button', { name: 'Try your prompt' }).click();
  await expect(studio.heading).toContainText(/Your prompt gets (\d+|\d+%) of \d+ validation rows right/);
  await prompts.word('praise').fill('happy');
  await prompts.word('praise').press('Enter');
  await expect(studio.heading).toHaveText('Your prompt as it is now has not been tried');
  await expect(prompts.tries).toContainText('Answers: ');
  await expectAccessible(studio, 'Prompts, with the figures of an earlier prompt');
  await prompts.tryIt.click();
  await expect(studio.heading).toContainText(/Your prompt gets (\d+|\d+%) of \d+ validation rows right/);
  await expect(prompts.tries).toContainText('3 · Other answer words');
});

test('keeps a prompt and a half-typed answer word when the page is reloaded at once', async ({ studio }) => {
  const { page, prompts } = studio;
  await opened(studio);
  await prompts.editor.fill('Say the tone.\nMessage: {text}\nTone:');
  await page.reload();
  await expect(prompts.editor).toHaveValue('Say the tone.\nMessage: {text}\nTone:');
  await expect(prompts.word('praise')).not.toHaveValue('');
  await prompts.word('praise').fill('hap');
  await page.reload();
  await expect(prompts.word('praise')).toHaveValue('hap');
  await prompts.word('praise').fill('happy');
  await prompts.word('praise').press('Enter');
  await page.reload();
  await expect(prompts.word('praise')).toHaveValue('happy');
});

test('plays and presents a prompt that shows two columns, filled from a row', async ({ studio }) => {
  const { page, prompts, playground } = studio;
  await opened(studio);
  await prompts.editor.fill('Is it praise or complaint?\nFrom {city}: {text}\nTone:');
  await prompts.next.click(); // kept as the entry in the comparison, as nothing was tried
  await studio.go('Playground');
  const city = page.getByRole('textbox', { name: 'city' });
  await expect(city).toHaveValue(/^(Bonn|Ulm)$/);
  await expect(playground.text).toHaveValue(/^My .+ number \d+ is/);
  const text = 'My table is lovely';
  await city.fill('Ulm');
  const inUlm = await playground.ask(text, 'your prompt');
  await city.fill('A very long name of a town that nobody knows');
  expect(await playground.ask(text, 'your prompt')).not.toEqual(inUlm);
  await page.getByRole('button', { name: 'Add to the examples' }).click();
  await expectAccessible(studio, 'Playground, with a second column');
  await page.getByRole('button', { name: 'Present', exact: true }).click();
  await expect(page.getByRole('dialog', { name: 'Presentation' })).toContainText('city: A very long name of a town');
});
