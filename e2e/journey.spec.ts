import type { Browser } from '@playwright/test';
import { unzipSync } from 'fflate';
import type { CheckReport, Prompt } from '../src/api/types';
import { expect, test } from './fixtures';
import { AWKWARD, type TestFile, TINY } from './pages/studio';
import { plainHost } from './static-host';
import { checkpointStep } from './storage';

const TEXTS = [
  'The wardrobe arrived without a single screw, again!',
  'Do you also sell this lamp in green?',
  'What a lovely chair. Thank you.',
];

/**
 * The unpacked zip and the model on a plain server of their own: the check rows and these answers come out as in the studio,
 * and nothing is asked of another site. @param here two decimals by label, as the playground shows them
 */
async function sameInAPage(browser: Browser, { bytes }: TestFile, here: readonly Record<string, string>[]) {
  const files = unzipSync(bytes);
  expect(Object.keys(files).sort()).toEqual([
    'README.md',
    'THIRD_PARTY_NOTICES.md',
    'index.html',
    'ort-wasm-simd-threaded.mjs',
    'ort-wasm-simd-threaded.wasm',
    'prompt.json',
    'softprompt.d.ts',
    'softprompt.js',
  ]);
  expect(new TextDecoder().decode(files['README.md'])).toMatch(/softprompt\.js has \d+ kB \(\d+ kB compressed\)/);
  const host = await plainHost(files, `public/models/${TINY}`);
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const foreign: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(host.url.replace('page/', ''))) foreign.push(request.url());
    });
    await page.goto(`${host.url}?model=../model/`);
    await expect(page.getByText('Ready')).toBeVisible();
    await expect(page.getByText(/^All \d+ check rows come out as in the studio/)).toBeVisible();

    await page.getByRole('textbox', { name: 'text' }).fill(TEXTS[0] ?? '');
    await page.getByRole('button', { name: 'Answer' }).click();
    await expect(page.getByText(/^tuned 1, \d+ ms$/)).toBeVisible();

    const { report, answers } = await page.evaluate(async (texts) => {
      const { prompt } = window as unknown as { readonly prompt: Prompt };
      return { report: await prompt.check(), answers: await prompt.classify(texts) };
    }, TEXTS);
    expect(off(report)).toBeLessThan(1e-3);
    expect(report.rows.map((row) => row.here)).toEqual(report.rows.map((row) => row.expected));
    answers.forEach(({ probabilities, fallbackReason }, i) => {
      expect(fallbackReason).toBeUndefined();
      for (const [label, shown] of Object.entries(here[i] ?? {}))
        expect(Math.abs(Number(shown) - (probabilities[label] ?? Number.NaN))).toBeLessThan(0.006);
    });
    expect(foreign).toEqual([]);
  } finally {
    await context.close();
    await host.close();
  }
}

/** The largest difference of a probability on the check rows. */
const off = ({ rows }: CheckReport): number =>
  Math.max(
    ...rows.flatMap((row) =>
      row.expectedProbabilities.map((p, i) => Math.abs(p - (row.probabilities[i] ?? Number.NaN))),
    ),
  );

test('takes an unknown file from upload to the same predictions in another browser', async ({
  studio,
  otherProfile,
  browser,
}) => {
  const { page, data, prompts, train, compare, playground, library } = studio;

  await test.step('upload and map', async () => {
    await studio.open();
    await studio.modelReady();
    await studio.upload(AWKWARD);
    await expect(studio.heading).toHaveText('156 rows ready, 3 issues to check');
    await expect(studio.lead).toContainText('semicolons, Windows-1252, 6 columns');
    await expect(data.role('Text')).toContainText('Nachricht');
    await expect(data.role('Label')).toContainText('Ton');
    await expect(studio.lead).toContainText('Two columns are called “Kunde”');
    await expect(page.getByRole('grid', { name: 'Rows' })).toContainText(
      'Paid €89 for a lamp that hums like a fridge.',
    );

    // by hand: choose another label column, and go back
    await data.map('Label', 'Kunde (2)');
    await expect(page.getByRole('region', { name: /label/i })).toContainText('Behörde');
    await data.map('Label', 'Ton');
    await expect(page.getByRole('region', { name: /label/i })).toContainText('complaint');

    await data.issues.getByRole('button', { name: 'Show', exact: true }).click();
    await expect(page.getByRole('dialog')).toContainText('2 rows left out');
    await expect(page.getByRole('dialog')).toContainText('it has 3 of 6 cells');
    await page.keyboard.press('Escape');
  });

  await test.step('try the hand-written prompt', async () => {
    await data.next.click();
    await expect(prompts.editor).toHaveValue(/\{Nachricht\}|\{text\}/);
    await prompts.tryIt.click();
    await expect(studio.heading).toHaveText(/^Your prompt gets (\d+|\d+%) of \d+ validation rows right$/);
    await prompts.next.click();
  });

  await test.step('train, with a reload half-way', async () => {
    await train.set({ Steps: 160, Patience: '' });
    await train.start();
    await train.cutOff(40);
    await expect(studio.heading).toBeVisible();
    await train.ended();
    expect(await checkpointStep(page)).toBe(160);
    await expect(page.getByRole('table', { name: 'Runs' }).getByRole('row')).toHaveCount(2); // header and one run
    await studio.modelReady();
  });

  await test.step('compare on the test rows', async () => {
    await compare.run.click();
    expect(await compare.verdict()).toMatch(/60 test rows|no clear difference|better/i);
    await compare.tab('How sure is that?').click();
    for (const arm of [
      'Untuned prompt',
      'Your prompt',
      'Your prompt + 8 examples',
      'Tuned prompt',
      'Word counts',
      'Linear probe',
    ])
      await expect(compare.arms).toContainText(arm);
    // header, seven prompts and reference lines, and several as one
    await expect(compare.arms.getByRole('row')).toHaveCount(9);
    await expect(compare.arms).toContainText(/Tuned \+ /);
  });

  await test.step('Start resumes with the verdict', async () => {
    await page.goto(page.url().replace(/#.*/, '#/'));
    const last = page.getByRole('region', { name: 'Your prompt sets' });
    await expect(last.getByRole('heading', { name: 'Awkward' })).toBeVisible();
    await last.getByRole('button', { name: 'See the comparison' }).click();
    await compare.verdict();
  });

  const here: Record<string, string>[] = [];
  await test.step('answers in this browser', async () => {
    await studio.go('Playground');
    for (const text of TEXTS) here.push(await playground.ask(text, 'tuned prompt'));
    for (const answer of here)
      expect(answer).toEqual({
        complaint: expect.stringMatching(/^[01]\.\d\d$/),
        praise: expect.stringMatching(/^[01]\.\d\d$/),
        question: expect.stringMatching(/^[01]\.\d\d$/),
      });
    expect(new Set(here.map((answer) => JSON.stringify(answer))).size).toBe(TEXTS.length);
  });

  let arms: string | null = null;
  const zip = await test.step('export', async () => {
    await studio.go('Compare');
    await compare.verdict();
    await compare.tab('How sure is that?').click();
    arms = await compare.arms.textContent();
    await compare.export('Tuned prompt');
    await expect(page.getByRole('dialog')).toContainText('This file will contain none of your rows.');
    const file = await library.download();
    expect(file.name).toBe('AWKWARD.zip');
    return file;
  });
  const chat =
    await test.step('export a prompt with examples from the table, which asks for its rows first', async () => {
      await studio.go('Compare');
      await compare.export('Your prompt + 8 examples');
      await page.getByText('A chat server').click();
      await expect(page.getByRole('dialog')).toContainText('Its 8 examples came from rows of yours');
      await page.getByText(/^Include 8/).click();
      await expect(page.getByRole('dialog')).toContainText('This file will contain 8 of your rows.');
      return library.download();
    });
  const whole = await test.step('export the whole prompt set, with its rows', async () => {
    await page.getByRole('button', { name: 'Export', exact: true }).first().click();
    await page.getByText('Another browser').click();
    await page.getByText('Include all 158 rows').click();
    await expect(page.getByRole('dialog')).toContainText('This file will contain 158 of your rows.');
    return library.download();
  });

  await test.step('a page for an audience opens without the studio, and keeps score', async () => {
    await page.getByRole('button', { name: 'Export', exact: true }).first().click();
    await page.getByText('An audience').click();
    await expect(page.getByText('Agree to include them')).toBeVisible();
    await page.getByText(/^\d+ of my test rows, with their labels$/).click();
    await page.getByRole('textbox', { name: 'Title' }).fill('Who is right?');
    await page.getByRole('checkbox').first().uncheck();
    const file = await library.download();
    expect(file.name).toMatch(/-audience\.html$/);
    const talk = await browser.newPage();
    const shown = talk.locator('section:visible');
    const asked: string[] = [];
    await talk.route('**', (route) => {
      asked.push(route.request().url());
      return route.fulfill({ contentType: 'text/html', body: file.bytes });
    });
    await talk.goto('http://talk.test/');
    await expect(talk.getByRole('heading', { level: 1 })).toHaveText('Who is right?');
    await expect(talk.getByText('chosen by the presenter')).toBeVisible();
    await expect(shown.getByText('Right answer')).toBeHidden();
    await talk.keyboard.press('Space');
    await talk.keyboard.press('Space');
    await expect(shown.getByText('Right answer')).toBeVisible();
    await expect(talk.getByRole('status')).toHaveText(/^Untuned prompt [01], .+ [01] of 1$/);
    expect(asked.filter((url) => !url.endsWith('/favicon.ico'))).toHaveLength(1);
    await talk.close();
  });
  const dropIn = await test.step('export for a web page', async () => {
    await page.getByRole('button', { name: 'Export', exact: true }).first().click();
    await page.getByText('A web page').click();
    await expect(page.getByRole('dialog')).toContainText('This file will contain none of your rows.');
    return library.download();
  });
  await test.step('a page without the studio gives the same predictions', () => sameInAPage(browser, dropIn, here));

  await test.step('import into a clean profile gives the same predictions', async () => {
    const other = await otherProfile();
    await other.importAlone(zip);
    await expect(other.page.getByText('“Awkward” was imported')).toBeVisible();
    await expect(other.library.set(/Awkward/)).toContainText('rows not in this browser');
    await other.page.getByRole('button', { name: 'Open it' }).click();
    const there: Record<string, string>[] = [];
    for (const text of TEXTS) there.push(await other.playground.ask(text, 'tuned prompt'));
    expect(there).toEqual(here);

    await other.go('Library');
    await other.library.import(chat);
    await expect(other.page.getByText(/was imported/)).toBeVisible();
    await other.library.import(whole);
    const library = other.page.url();
    await other.page.getByRole('button', { name: 'Open it' }).click();
    // another choice before the set is open keeps the chosen screen
    await expect(other.page).not.toHaveURL(library);
    await other.go('Compare');
    await other.compare.verdict();
    await other.compare.tab('How sure is that?').click();
    expect(await other.compare.arms.textContent()).toBe(arms);
  });
});

test('shows the sample from rows to export while it trains, to whoever takes the tour', async ({ studio }) => {
  const { page } = studio;
  const stop = page.getByRole('region', { name: 'Tour' });
  await studio.open();
  await studio.modelReady();
  await page.getByRole('button', { name: 'Two-minute tour' }).click();
  for (const [place, screen] of ['data', 'prompts', 'train', 'compare', 'decide', 'playground', 'library'].entries()) {
    await expect(stop).toContainText(`${place + 1} of 7`);
    await expect(page).toHaveURL(new RegExp(`/${screen}$`));
    await expect(page.getByRole('link', { name: /^Train\s*, (running|done)/ })).toBeVisible();
    if (place < 6) await stop.getByRole('button', { name: 'Next' }).click();
  }
  await page.reload();
  await stop.getByRole('button', { name: 'Leave the tour' }).click();
  await expect(stop).toHaveCount(0);
});
