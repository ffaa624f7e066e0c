import { expectAccessible, expectAccessibleNow } from './axe';
import { expect, test } from './fixtures';
import { csv, type Studio, type TestFile } from './pages/studio';

const LABELS = ['Beschwerde', 'Frage', 'Lob'];
const THINGS = ['die Lieferung', 'die Rechnung', 'der Tisch', 'die Hotline', 'das Sofa', 'der Schrank', 'die Lampe'];

/** As a German spreadsheet saves it: semicolons, Windows-1252, an empty column, 12 contradictory rows. */
const TICKETS: TestFile = (() => {
  const rows = Array.from({ length: 168 }, (_, i) => {
    const label = i % 40 === 7 ? 'Beschwerde.' : i % 25 === 3 ? ` ${LABELS[i % 3]?.toLowerCase()} ` : LABELS[i % 3];
    return [`Über ${THINGS[i % 7]} Nummer ${i} möchte ich etwas schreiben`, '', label];
  });
  for (let i = 0; i < 12; i++) rows.push([`Größe ${i >> 1} fehlt noch`, '', i % 2 === 0 ? 'Frage' : 'Lob']);
  rows[20] = ['Bitte an zoe.hart@example.de oder +49 30 901820 antworten', '', LABELS[20 % 3]];
  rows[21] = ['Erstattung auf DE89 3704 0044 0532 0130 00', '', LABELS[21 % 3]];
  const text = ['Nachricht;Bemerkung;Ton', ...rows.map((cells) => cells.join(';'))].join('\r\n');
  return { name: 'tickets.csv', bytes: Buffer.from(text, 'latin1') };
})();

const opened = async (studio: Studio) => {
  await studio.open();
  await studio.take(TICKETS);
};

test('opens rows that are pasted from a spreadsheet, and no other text', async ({ studio }) => {
  const { page, data } = studio;
  await studio.open();
  const paste = (text: string) =>
    page.evaluate((copied) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', copied);
      document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
    }, text);
  const rows = THINGS.flatMap((thing, i) => LABELS.map((label) => `"Über ${thing}:\n""${i} mal"" ${label}"\t${label}`));
  await paste('One line\twith a tab');
  await paste('Two lines,\nwithout any tab');
  await expect(page).toHaveURL(/#?\/?$/);
  await paste(`Nachricht\tTon\r\n${rows.join('\r\n')}\r\n`);
  await expect(studio.lead).toContainText('Pasted text · tabs, UTF-8, 2 columns');
  await expect(data.role('Text')).toContainText('Nachricht');
  await expect(studio.heading).toContainText('21 rows ready');
});

test('fixes a faulty German export click by click, each step a version that can be undone', async ({ studio }) => {
  const { page, data } = studio;
  await opened(studio);
  await expect(studio.lead).toContainText('semicolons, Windows-1252, 3 columns');
  await expect(data.role('Text')).toContainText('Nachricht');
  await expect(data.issues).toContainText('12 rows have the same text but different labels');
  await expect(data.issues).toContainText('1 e-mail address, 1 phone number and 1 IBAN in 2 rows');
  await expect(data.issues).toContainText('The model reads this text poorly');
  const scrolling = data.issues
    .locator('*')
    .evaluateAll((all) => all.filter((e) => e.scrollHeight > e.clientHeight + 1));
  expect.soft(await scrolling, 'a part of the issues that scrolls by itself').toEqual([]);

  await data.issues.getByRole('button', { name: /^Merge into “Beschwerde”/ }).click();
  await expect(data.versions).toContainText('“Beschwerde.” merged into “Beschwerde”');
  await data.issues.getByRole('button', { name: /^Mask them/ }).click();
  await expect(data.issues).not.toContainText('e-mail');
  await page.getByRole('searchbox', { name: 'Search the rows' }).fill('Bitte an');
  await expect(data.row('21')).toContainText('Bitte an [email] oder [phone] antworten');
  await page.getByRole('searchbox', { name: 'Search the rows' }).fill('');

  await data.issues.getByRole('button', { name: /^Leave out \d+ rows/ }).click();
  await expect(data.issues).not.toContainText('have the same text but different labels');
  await page.getByRole('alertdialog').getByRole('button', { name: 'Undo' }).first().click();
  await expect(data.issues).toContainText('12 rows have the same text but different labels');
  await page.keyboard.press('Control+z');
  await expect(data.issues).toContainText('1 e-mail address');
  await page.keyboard.press('Control+Shift+z');
  await expect(data.issues).not.toContainText('e-mail');

  await data.versions.getByRole('button', { name: 'Go back to version 1' }).click();
  await expect(data.issues).toContainText('1 e-mail address');
  await expect(data.versions).toContainText('Back to version 1');
  await page.reload();
  await expect(data.versions.getByRole('row')).toHaveCount(9);
  await expect(data.issues).toContainText('1 e-mail address');
});

test('edits labels and texts by keyboard, refuses to edit test rows, and says why', async ({ studio }) => {
  const { page, data } = studio;
  await opened(studio);
  await data.show('Show', 'Training rows');
  await data.grid.focus();
  await page.keyboard.press('Control+Home');
  for (const key of ['ArrowRight', 'ArrowRight', 'Enter']) await page.keyboard.press(key);
  await expect(page.getByRole('listbox')).toBeVisible();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(data.versions).toContainText(/Row \d+: “Ton” changed, from “\w+” to “Beschwerde\.”/);
  await expect(data.grid).toBeFocused();

  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('F2');
  await page.keyboard.type('Anders gesagt');
  await page.keyboard.press('Escape');
  await expect(data.grid).not.toContainText('Anders gesagt');
  await page.keyboard.press('F2');
  await page.keyboard.type('Anders gesagt');
  await page.keyboard.press('Enter');
  await expect(data.grid).toContainText('Anders gesagt');
  await expect(data.versions.getByRole('row')).toHaveCount(4);

  await data.show('Show', 'Test rows');
  await data.show('Order', 'By label');
  const label = data.grid.getByRole('row').nth(1).getByRole('gridcell').nth(2);
  await expect(label).toHaveAttribute('aria-readonly', 'true');
  // a click selects the cell, the next one opens it; rows that are still being ordered take the selection away
  await expect(async () => {
    await label.click();
    await expect(page.getByRole('alertdialog').filter({ hasText: 'is a test row: its label' })).toBeVisible({
      timeout: 500,
    });
  }).toPass();
  await expect(page.getByRole('listbox')).toHaveCount(0);
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alertdialog').filter({ hasText: 'is a test row: its text' })).toBeVisible();
  await expect(page.getByRole('textbox', { name: /of row/ })).toHaveCount(0);
});

test('finds single quotes, keeps what is chosen for a file, and says what mixed groups gain', async ({ studio }) => {
  const { page, data } = studio;
  await studio.open();
  const words = (i: number, at: number) => `w${(i * 37 + at * at * 11 + at * i) % 397}x`;
  const cells = (i: number) => {
    const who = i % 40;
    const text = `it's, ${Array.from({ length: 12 }, (_, at) => words(i, at)).join(' ')}\nsigned${'abcdefghij'[who % 10]}${'klmn'[who % 4]}`;
    return [text, (who * 7) % 40 < 20 ? 'good' : 'bad', `customer ${who}`].map(
      (cell) => `'${cell.replaceAll("'", "''")}'`,
    );
  };
  const lines = Array.from({ length: 600 }, (_, i) => cells(i).join(','));
  await studio.take({ name: 'mail.csv', bytes: Buffer.from(["'text','tone','who'", ...lines].join('\n')) });
  await expect(studio.heading).toContainText('600 rows ready');
  await expect(studio.lead).toContainText('mail.csv · commas, single quotes, UTF-8, 3 columns');
  await expect(data.issues).toContainText(
    /By word counts \d+% when “who” is mixed over the parts, \d+% when it is kept/,
  );
  await data.issues.getByRole('button', { name: /^Keep “who” together/ }).click();
  await expect(data.issues).not.toContainText('By word counts');
  const choose = async (select: string, option: string) => {
    await page.getByRole('button', { name: new RegExp(`${select}$`) }).press('Enter');
    await page.getByRole('option', { name: option }).press('Enter');
  };
  await studio.unfold('File format');
  await choose('Encoding', 'Windows-1252');
  await expect(studio.lead).toContainText('single quotes, Windows-1252');
  await choose('Quotes', 'double, "');
  await expect(studio.lead).toContainText('mail.csv · commas, Windows-1252');
});

test('splits rows by a column, by group, or again by another seed', async ({ studio }) => {
  const { page, data } = studio;
  await studio.open();
  const rows = Array.from({ length: 120 }, (_, i) => [
    `message number ${i} about the letter`,
    i % 2 ? 'good' : 'bad',
    `customer ${i >> 2}`,
    ['Train', 'train', 'test'][i % 3] ?? '',
  ]);
  await studio.drop(csv('shared.csv', ['message', 'tone', 'customer', 'part'], rows));
  await expect(studio.heading).toContainText('120 rows ready');
  const how = page.getByRole('button', { name: /^(At random|By the column|Keep).*How rows are split$/ });
  const parts = page.getByRole('status').filter({ hasText: /validation and \d+ test rows/ });
  await expect(parts).toContainText('46 training, 14 validation and 60 test rows');
  await studio.unfold('Split');
  await how.press('Enter');
  await page.getByRole('option', { name: 'By the column “part”' }).press('Enter');
  await expect(parts).toContainText('62 training, 18 validation and 40 test rows');
  await expect(page.getByRole('slider')).toHaveCount(0);
  await how.press('Enter');
  await page.getByRole('option', { name: 'Keep “customer” together' }).press('Enter');
  await expect(page.getByRole('slider')).toHaveCount(1);
  await expect(studio.lead).toContainText('Rows with the same “customer” resemble each other');
  const before = await data.grid.textContent();
  await page.getByRole('textbox', { name: 'Seed' }).fill('7');
  await page.getByRole('textbox', { name: 'Seed' }).press('Enter');
  await expect(data.grid).not.toHaveText(before ?? '');
  await expect(data.versions).toContainText('Version 1 of the data');

  // rows of another file are for training; what is tested stays as it is
  const held = (await parts.textContent())?.match(/and (\d+) test rows/)?.[1];
  const more = [
    ['A lovely lamp, and it came a day early', 'good', 'customer 900', ''],
    ['The wrong shoes, and nobody picks up', 'bad', 'customer 901', ''],
    ['The wrong shoes, and nobody picks up', 'bad', 'customer 901', ''],
  ];
  await studio.upload(csv('more.csv', ['message', 'tone', 'customer', 'part'], more), 'Add rows');
  await expect(data.versions).toContainText(
    '2 rows from more.csv added to training (left out: 1 with the text of a row',
  );
  await expect(parts).toContainText(`and ${held} test rows`);
  await page.getByRole('alertdialog').getByRole('button', { name: 'Undo' }).first().click();
  await expect(data.versions).toContainText('Back to version 1');
});

test('searches, filters, sorts and edits twenty thousand packed rows, and has them after a reload', async ({
  studio,
}) => {
  const { page, data } = studio;
  // the screen's code arrives once the rows exist, and before they are on the disk
  let arrive = () => {};
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  await page.route(/\/DataScreen-[^/]*\.js$/, (route) => arrived.then(() => route.continue()));
  await page.addInitScript(() => {
    const { put } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.put = function (...of) {
      const wait = () => {
        if (!document.querySelector('h1')?.textContent?.includes('rows ready')) this.get('').onsuccess = wait;
      };
      if (this.name === 'datasets') {
        document.documentElement.dataset.rows = 'saving';
        wait();
      }
      return put.apply(this, of);
    };
  });
  await studio.open();
  // the screen is drawn once, not again when the prompt set gets its id
  await page.evaluate(() => {
    const seen = new MutationObserver((changes) => {
      const isDrawnAgain = changes.some(({ addedNodes }) =>
        [...addedNodes].some((node) => node.textContent?.includes('Opening the prompt set')),
      );
      if (isDrawnAgain) console.error('the Data screen was taken away while the prompt set was made');
    });
    seen.observe(document.body, { childList: true, subtree: true });
  });
  const rows = Array.from({ length: 20_000 }, (_, i) => [
    `message number ${i} about the letter`,
    i % 2 ? 'good' : 'bad',
  ]);
  await studio.drop(csv('many.csv', ['message', 'tone'], rows));
  // asked of the page: a question to the disk may have to wait for the rows
  await expect(page.locator('html[data-rows=saving]')).toBeAttached();
  arrive();
  await expect(studio.heading).toContainText('20,000 rows ready');
  const search = page.getByRole('searchbox', { name: 'Search the rows' });
  await search.fill('number 119');
  await expect(page.getByRole('heading', { name: '111 of 20,000 rows' })).toBeVisible();
  await search.fill('');
  await data.show('Show', /^Test rows/);
  await expect(page.getByRole('heading', { name: '7,000 of 20,000 rows' })).toBeVisible();
  await data.show('Show', /^Training rows/);
  await data.show('Order', 'Longest text first');
  await data.grid.focus();
  await page.keyboard.press('Control+End');
  await expect(data.grid).toContainText(/message number \d about/);
  await page.keyboard.press('Home');
  const id = await data.grid.locator('[data-active]').textContent();
  for (const key of ['ArrowRight', 'F2']) await page.keyboard.press(key);
  await page.getByRole('textbox', { name: `message of row ${id}` }).fill('zzz changed');
  await page.keyboard.press('Enter');
  await expect(data.versions).toContainText(`Row ${id}: “message” changed`);
  await page.reload();
  await search.fill('zzz');
  await expect(page.getByRole('heading', { name: '1 of 20,000 rows' })).toBeVisible();
  await expect(data.versions).toContainText(`Row ${id}: “message” changed`);
  const stored = await page.evaluate(async () => {
    const open = indexedDB.open('softprompt');
    await new Promise((done) => {
      open.onsuccess = done;
    });
    const get = open.result.transaction('datasets').objectStore('datasets').getAll();
    await new Promise((done) => {
      get.onsuccess = done;
    });
    open.result.close();
    const { rows: kept } = get.result[0].dataset.table;
    return { length: kept.length, isBlob: kept.blob instanceof Blob };
  });
  expect(stored).toEqual({ length: 20_000, isBlob: true });
});

test('the Data screen with issues, versions and an open cell passes axe, wide and narrow', async ({ studio }) => {
  const { page, data } = studio;
  await opened(studio);
  await data.issues.getByRole('button', { name: /^Merge into/ }).click();
  await expect(data.versions.getByRole('row')).toHaveCount(3);
  await expect(data.issues).toContainText('reads this text poorly');
  await expectAccessible(studio, 'Data');
  await page.setViewportSize({ width: 390, height: 844 });
  const text = data.grid.getByRole('row').nth(1).getByRole('gridcell').nth(1);
  await text.click();
  if (!(await page.getByRole('textbox', { name: /of row/ }).isVisible())) await text.click();
  await page.getByRole('textbox', { name: /of row/ }).fill('Am Telefon geändert');
  await expectAccessibleNow(page, 'a cell that is being changed');
  expect.soft(await studio.scrollsSideways(), 'a cell that is being changed scrolls sideways').toBe(false);
  await page.getByRole('textbox', { name: /of row/ }).press('Enter');
  await expect(data.grid).toContainText('Am Telefon geändert');
});
