import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures';
import { AWKWARD, csv, type Studio, type TestFile } from './pages/studio';
import { promptSets } from './storage';

const PRAISE = ['lovely', 'sturdy', 'beautiful', 'clever', 'quiet', 'cheap'];
const BLAME = ['broken', 'late', 'scratched', 'loud', 'wobbly', 'dear'];
const THINGS = ['chair', 'lamp', 'table', 'shelf', 'rug', 'bed', 'mirror', 'sofa', 'clock', 'vase'];

/** Distinct rows with labels that can be learned. */
const rows = (n: number, labelOf: (i: number) => string = (i) => (i % 2 === 0 ? 'good' : 'bad')) =>
  Array.from({ length: n }, (_, i) => {
    const words = i % 2 === 0 ? PRAISE : BLAME;
    return [`The ${THINGS[i % 10]} number ${i} was ${words[i % 6]} in week ${Math.floor(i / 7)}.`, labelOf(i)] as const;
  });
const file = (name: string, found: readonly (readonly string[])[], header = ['message', 'tone']): TestFile =>
  csv(name, header, found);

/** @param share of its bytes, from the first on */
const parquet = (name: string, share = 1): TestFile => {
  const bytes = readFileSync(join(import.meta.dirname, `../test/fixtures/parquet/${name}.parquet`));
  return { name: `${name}.parquet`, bytes: bytes.subarray(0, share * bytes.length) };
};

/** The Data screen refuses the file and says why. */
async function isBlocked(studio: Studio, title: string | RegExp, advice: string | RegExp): Promise<void> {
  await expect(studio.heading).toHaveText(title);
  await expect(studio.lead).toContainText(advice);
  await expect(studio.data.next).toBeDisabled();
}

/** The data that was open before is still open. */
async function nothingLost(studio: Studio): Promise<void> {
  await studio.page.goto(`${new URL(studio.page.url()).search}#/project/new/library`);
  await expect(studio.library.set(/Awkward/)).toContainText('158 rows of awkward.csv');
}

const refused: readonly (readonly [string, TestFile, RegExp])[] = [
  ['an empty file', { name: 'empty.csv', bytes: Buffer.alloc(0) }, /empty\.csv is empty/],
  ['a header alone', { name: 'header.csv', bytes: Buffer.from('message,tone\n') }, /has a header but no rows/],
  [
    'a binary file',
    { name: 'photo.csv', bytes: Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251)) },
    /binary|not text/,
  ],
  [
    'a zip with a CSV name',
    { name: 'table.csv', bytes: Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(3000, 7)]) },
    /is a ZIP archive, not text: unpack it/,
  ],
  ['a Parquet file of ten million rows', parquet('ten-million'), /has more than 400,000 rows\. Save a sample/],
  ['half a Parquet file', parquet('plain', 0.5), /is damaged, or is not a Parquet file/],
];

test('a file without rows or beyond the limits is refused by name, and the open rows stay', async ({ studio }) => {
  await studio.open();
  await studio.drop(AWKWARD);
  await expect(studio.heading).toContainText('156 rows ready');

  for (const [what, bad, message] of refused)
    await test.step(what, async () => {
      await studio.drop(bad);
      await expect(studio.alert(`${bad.name} was not opened`)).toContainText(message);
    });

  await test.step('one of more than 50 MB, with its size', async () => {
    await studio.dropRepeated('huge.csv', 'The letter came late once more and nobody said why it did,bad\n', 830_000);
    await expect(studio.alert('huge.csv was not opened')).toContainText(/It has 5\d MB; the limit is 50 MB/);
  });

  await test.step('one with too many rows says how many, and nearly 50 MB are read without blocking the page', async () => {
    await studio.dropRepeated('rows.csv', 'The letter came late once more,bad\n', 500_000);
    await expect(studio.alert('rows.csv was not opened')).toContainText(/has 499,999 rows; files up to 400,000 rows/);
    const line = `The letter came late once more and nobody said why it did${' so late'.repeat(9)},bad\n`;
    await studio.dropRepeated('large.csv', line, 364_000);
    await expect(studio.heading).toHaveText('Reading large.csv');
    await expect(studio.heading).not.toHaveText('Reading large.csv', { timeout: 120_000 });
    await expect(studio.page.getByRole('main')).toContainText(/large\.csv|same label|label column/);
  });

  await nothingLost(studio);
});

test('a Parquet file opens like a CSV, and its reader is loaded by then', async ({ studio }) => {
  const readers: string[] = [];
  studio.page.on('request', (request) => {
    if (/\/parquet-[^/]+\.js$/.test(request.url())) readers.push(request.url());
  });
  await studio.open();
  await studio.drop(csv('one.csv', ['text', 'label'], rows(40)));
  await expect(studio.heading).toContainText('40 rows ready');
  expect(readers).toEqual([]);
  await studio.drop(parquet('zstd'));
  await expect(studio.page.getByText("it's row 5, with “quotes”").first()).toBeVisible();
  expect(readers).toHaveLength(1);
});

test('a file with unusual labels or columns is labelled, refused, explained or mended', async ({ studio }) => {
  await studio.open();

  await test.step('is labelled here by keyboard when it has one column', async () => {
    const { page } = studio;
    const texts = rows(40).map(([text]) => [text]);
    await studio.drop(file('one.csv', texts, ['message']));
    await isBlocked(studio, 'No row has both a text and a label', 'Label some of them here');
    await studio.data.issues.getByRole('button', { name: /^Label rows here/ }).click();
    await expect(page.getByRole('textbox', { name: 'Your labels' })).toBeFocused();
    await page.getByRole('textbox', { name: 'Your labels' }).fill('good, bad');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('button', { name: 'good', exact: true })).toBeFocused();
    for (const key of ['1', 'b', 'Backspace', '2', 'ArrowRight', 'g', '2', '1', '2', '1', '2', '1', '2', '1'])
      await page.keyboard.press(key);
    await expect(studio.heading).toContainText('10 rows ready');
    for (const key of ['2', '1', 'Escape']) await page.keyboard.press(key);
    await expect(studio.heading).toContainText('13 rows ready');
    await expect(studio.data.next).toBeEnabled();
    await page.reload();
    await expect(studio.data.versions).toContainText('3 rows labelled by hand');
  });

  await test.step('is refused when it has one label or two rows, until rows are added from another file', async () => {
    await studio.drop(
      file(
        'same.csv',
        rows(60, () => 'good'),
      ),
    );
    await isBlocked(studio, 'Every row has the same label, “good”', 'There is nothing to tell apart');

    await studio.drop(file('two.csv', rows(2)));
    await isBlocked(studio, 'Only 2 labelled rows', 'At least 10 rows are needed');
    const chooser = studio.page.waitForEvent('filechooser');
    await studio.data.issues.getByRole('button', { name: 'Add rows' }).click();
    const { name, bytes } = file('more.csv', rows(60));
    await (await chooser).setFiles({ name, mimeType: 'text/csv', buffer: bytes });
    await expect(studio.heading).toContainText('60 rows ready');
    await expect(studio.data.versions).toContainText('58 rows from more.csv added (left out: 2 with the text of a row');
    await expect(studio.data.next).toBeEnabled();
  });

  await test.step('warns when an ID column is chosen as the label', async () => {
    const found = rows(300).map(([text, tone], i) => [text, tone, `T-${1000 + i}`]);
    await studio.drop(file('ids.csv', found, ['message', 'tone', 'ticket']));
    await expect(studio.heading).toContainText('300 rows ready');
    await studio.data.map('Label', 'ticket');
    await isBlocked(studio, '300 different labels in 300 rows', '“ticket” looks like an ID');
    await studio.data.map('Label', 'tone');
    await expect(studio.heading).toContainText('300 rows ready');
  });

  await test.step('recovers when text and label are swapped and swapped back', async () => {
    await studio.drop(file('swapped.csv', rows(80)));
    await expect(studio.heading).toContainText('80 rows ready');
    await studio.data.map('Text', 'tone');
    await expect(studio.data.role('Label')).toContainText('message');
    await isBlocked(studio, 'Text and label look swapped', 'Swap the two columns');
    await studio.data.issues.getByRole('button', { name: /^Swap them/ }).click();
    await expect(studio.data.role('Label')).toContainText('tone');
    await expect(studio.heading).toContainText('80 rows ready');
  });

  await test.step('warns when 280 of 300 rows have one label', async () => {
    await studio.drop(
      file(
        'skewed.csv',
        rows(300, (i) => (i % 15 === 0 ? 'good' : 'bad')),
      ),
    );
    await expect(studio.data.issues).toContainText('280 of 300 rows are “bad”');
    await expect(studio.data.issues).toContainText('Use macro-F1');
    await expect(studio.data.next).toBeEnabled();
  });

  await test.step('lists the empty texts that it leaves out', async () => {
    await studio.drop(file('gaps.csv', [...rows(60), ['', 'good'], ['  ', 'bad']]));
    await expect(studio.data.issues).toContainText('2 rows have no text');
    await studio.data.issues.getByRole('button', { name: /Show the rows: 2 rows have no text/ }).click();
    await expect(
      studio.page.getByRole('grid', { name: 'Rows' }).getByRole('gridcell', { name: 'not used' }),
    ).toHaveCount(2);
  });
});

test('a file with scores, colliding answer words or long texts is trained on all the same', async ({ studio }) => {
  await studio.open();

  await test.step('trains with a warning when the labels are scores', async () => {
    await studio.drop(
      file(
        'scores.csv',
        rows(150, (i) => String(1 + (i % 5))),
        ['message', 'stars'],
      ),
    );
    await expect(studio.data.issues).toContainText('The labels are numbers from 1 to 5');
    await studio.page.getByText('Merge labels').click();
    for (const [field, label] of [
      ['Merge', '2'],
      ['into', '1'],
    ] as const) {
      await studio.page.getByRole('button', { name: `Choose ${field}` }).click();
      await studio.page.getByRole('option', { name: label, exact: true }).click();
    }
    await studio.page.getByRole('button', { name: 'Merge', exact: true }).click();
    await expect(studio.data.versions).toContainText('“2” merged into “1” in 30 rows');
    await studio.data.next.click();
    await studio.prompts.next.click();
    await studio.train.set({ Steps: 5 });
    await studio.train.start();
    await studio.train.ended();
  });

  await test.step('gets distinct answer words with one click when they collide', async () => {
    await studio.drop(file('two.csv', rows(60)));
    await expect(studio.heading).toContainText('60 rows ready');
    await studio.data.next.click();
    const { prompts, page } = studio;
    await expect(prompts.word('bad')).not.toHaveValue('');
    await prompts.word('good').fill('fine');
    await prompts.word('good').press('Enter');
    await prompts.word('bad').fill('fine');
    await prompts.word('bad').press('Enter');
    await expect(page.getByText(/“(good|bad)” and “(good|bad)” start with the same token/)).toBeVisible();
    await expect(prompts.next).toBeDisabled();
    await page.getByRole('button', { name: /^Use “/ }).click();
    await expect(page.getByText('start with the same token')).toBeHidden();
    await expect(prompts.next).toBeEnabled();
  });

  await test.step('trains without a text that is longer than the context, and names it', async () => {
    const long = 'and then they called again about the lamp '.repeat(400);
    await studio.drop(file('long.csv', [...rows(80), [long, 'bad'], [`More: ${long}`, 'good']]));
    await expect(studio.data.issues).toContainText(/2 texts are (longer than 4,000 characters|too long)/);
    await studio.go('Train');
    await studio.train.set({ Steps: 5 });
    await studio.train.start();
    await studio.train.ended();
    await studio.go('Playground');
    await studio.playground.text.fill(long);
    await expect(studio.alert('This text got no answer')).toContainText(
      /with its prompt it has 3,\d+ tokens, and the model reads at most 992/,
    );
  });
});

test.describe('when the machine fails, the page', () => {
  test('detects a damaged model file, and loads it once it is repaired', async ({ studio, watch }) => {
    const { page } = studio;
    await page.route('**/model_q4.onnx_data', async (route) => {
      const response = await route.fetch();
      const body = Buffer.from(await response.body());
      body.writeUInt8(body.readUInt8(300_000) ^ 0x55, 300_000);
      await route.fulfill({ response, body });
    });
    watch.expected.push(/model/i);
    await studio.open();
    await expect(studio.alert('The model did not load')).toContainText(/model_q4\.onnx_data/);
    // rows can be viewed all the same
    await studio.drop(AWKWARD);
    await expect(studio.heading).toContainText('156 rows ready');
    await page.unroute('**/model_q4.onnx_data');
    await page.getByRole('button', { name: 'Model: Model did not load' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Try again' }).first().click();
    await page.keyboard.press('Escape');
    await studio.modelReady();
  });

  test('reports a model that cannot be fetched, and offers to try again', async ({ studio, watch }) => {
    const { page } = studio;
    watch.expected.push(/ERR_FAILED|Failed to load resource/);
    await page.route('**/model_q4.onnx_data', (route) => route.abort());
    await studio.open();
    await expect(studio.alert('The model did not load')).toBeVisible();
    await studio.drop(AWKWARD);
    await expect(studio.heading).toContainText('156 rows ready');
    for (const step of ['Train', 'Compare', 'Playground'] as const) {
      await studio.go(step);
      await expect(studio.alert('The model did not load')).toContainText('Your rows and prompts are kept');
    }
    await page.unroute('**/model_q4.onnx_data');
    const again = studio.alert('The model did not load').getByRole('button', { name: 'Try again' });
    // the screen needs the model, and may ask for it first
    await Promise.race([again.press('Enter'), studio.modelReady()]);
    await studio.modelReady();
  });

  test('works until the tab is closed when the browser stores nothing, and says so', async ({ studio }) => {
    const { page, train, compare } = studio;
    await page.addInitScript(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('The user denied permission to access the database.', 'SecurityError');
      };
    });
    await studio.open();
    await expect(page.getByText('Work is not being saved')).toBeVisible();
    await expect(page.getByText('export what you want to keep')).toBeVisible();
    await studio.drop(AWKWARD);
    await studio.go('Train');
    await train.set({ Steps: 10 });
    await train.start();
    await train.ended();
    await compare.run.click();
    await compare.verdict();
  });

  test('loses nothing on the screen when the disk is full, and saves once there is room', async ({ studio }) => {
    const { page, prompts } = studio;
    await page.addInitScript(() => {
      const put = IDBObjectStore.prototype.put;
      IDBObjectStore.prototype.put = function (this: IDBObjectStore, value: unknown, key?: IDBValidKey) {
        if (document.documentElement.dataset.disk === 'full') throw new DOMException('full', 'QuotaExceededError');
        return put.call(this, value, key);
      };
    });
    const disk = (state: 'full' | '') =>
      page.evaluate((s) => {
        document.documentElement.dataset.disk = s;
      }, state);
    await studio.open();
    await studio.modelReady();
    await studio.drop(AWKWARD);
    await studio.data.next.click();
    await expect(prompts.word('praise')).not.toHaveValue('');
    await disk('full');
    await prompts.word('praise').fill('happy');
    await prompts.word('praise').press('Enter');
    const alert = studio.alert('The last change is not saved yet');
    await expect(alert).toContainText('no room left');
    await expect(prompts.word('praise')).toHaveValue('happy');
    await disk('');
    await alert.getByRole('button', { name: 'Save again' }).click();
    await expect(alert).toBeHidden();
    await expect.poll(async () => JSON.stringify((await promptSets(page))[0]?.words)).toContain('happy');
  });

  /** How a worker dies: by an uncaught exception, or silently, as when the system takes its memory. */
  const deaths: readonly (readonly [string, (page: Page) => Promise<unknown>])[] = [
    [
      'with an exception',
      (page) =>
        engineOf(page).evaluate(() => {
          setTimeout(() => {
            throw new RangeError('Out of memory');
          });
        }),
    ],
    ['without a word', (page) => engineOf(page).evaluate(() => self.close())],
  ];
  test('continues a run without a reload when the engine dies while training, however it dies', async ({
    studio,
    watch,
  }) => {
    const { page, train } = studio;
    watch.expected.push(/Out of memory/);
    await studio.openTrain();
    await train.set({ Steps: 5000, Patience: '' });
    for (const [how, kill] of deaths)
      await test.step(how, async () => {
        await train.start();
        await expect(studio.lead).toContainText(/Step (?:[3-9]\d|\d{3,}) of 5000/);
        await kill(page);
        await expect(studio.heading).toHaveText(/^The run stopped at step \d+$/);
        const alert = studio.alert(/Everything up to step \d+ is saved/);
        await expect(page.getByText('The engine stopped unexpectedly')).toHaveCount(1);
        await expect(alert).toBeVisible();
        await page.getByRole('button', { name: /^Resume from step \d+/ }).click();
        await expect(studio.lead).toContainText(/Step (?:[3-9]\d|\d{3,}) of 5000/);
        await train.stop();
        await studio.modelReady();
      });
  });
});

const engineOf = (page: Page) => {
  const engine = page.workers().find((worker) => worker.url().includes('engine.worker'));
  if (!engine) throw new Error('no engine worker');
  return engine;
};

test('a column of long answers for a few rows becomes labels with one press, and then the other rows get one', async ({
  studio,
}) => {
  await studio.open();
  const answered = rows(60, (i) => (i < 9 ? `the customer writes about number ${i} once` : ''));
  await studio.drop(file('nine.csv', answered, ['message', 'note']));
  await isBlocked(studio, 'Only 9 rows', 'Add rows from another file');
  await studio.data.issues.getByRole('button', { name: /^Choose a label instead/ }).click();
  await isBlocked(studio, 'Only 9 labelled rows', 'Label some of them here');
  await studio.data.issues.getByRole('button', { name: /^Label rows here/ }).click();
  await expect(studio.page.getByRole('textbox', { name: 'Your labels' })).toBeFocused();

  await test.step('where few long answers repeat they are labels at once', async () => {
    const repeated = rows(60, (i) => (i < 9 ? `the customer writes about number ${i % 6} once` : ''));
    await studio.drop(file('repeated.csv', repeated, ['message', 'note']));
    await isBlocked(studio, 'Only 9 labelled rows', 'Label some of them here');
  });
});

test('a library that cannot be read is not shown as empty, and is tried again', async ({ studio }) => {
  const { page } = studio;
  await page.addInitScript(() => {
    // values first, and then keys, as one value that cannot be read does not hide the others
    for (const read of ['getAll', 'getAllKeys'] as const) {
      const asked = IDBObjectStore.prototype[read] as (this: IDBObjectStore) => IDBRequest;
      IDBObjectStore.prototype[read] = function (this: IDBObjectStore) {
        if (this.name === 'listings' && !('mended' in window))
          throw new DOMException('The disk is gone', 'UnknownError');
        return asked.call(this);
      };
    }
  });
  await page.goto('/#/project/new/library');
  await expect(studio.heading).toHaveText('Library');
  const alert = studio.alert(/The disk is gone/);
  await expect(alert).toContainText('The library could not be read');
  await expect(page.getByText('Your prompt sets will appear here')).toHaveCount(0);
  await page.evaluate(() => Object.assign(window, { mended: true }));
  await alert.getByRole('button', { name: 'Try again' }).click();
  await expect(studio.heading).toHaveText('No prompt set yet');
  await expect(page.getByText('Your prompt sets will appear here')).toBeVisible();
});
