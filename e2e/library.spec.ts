import { join } from 'node:path';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { writeSafetensors } from '../src/prompt/codecs';
import { expectAccessible, expectForcedColours, expectReadable } from './axe';
import { expect, test } from './fixtures';
import { ModelsPage } from './pages/models';
import { AWKWARD, csv, type TestFile, TINY } from './pages/studio';
import { kept, promptSets } from './storage';

/** Rows that no prompt was trained on, among them a formula and a row without a text. */
const NEW_ROWS = csv(
  'new.csv',
  ['said', 'mood'],
  [
    ['=1+1, broken', 'complaint'],
    ['My wardrobe is lovely', 'praise'],
    ['The letter is late again', 'complaint'],
    ['Thank you, all fine', 'praise'],
    ['Where is my order?', 'question'],
    ['', 'praise'],
  ],
);

test('renames, deletes and restores prompt sets, with handles that never clash', async ({ studio }) => {
  const { page, library } = studio;
  await studio.open();
  await studio.take(AWKWARD);
  await studio.take(AWKWARD);
  await studio.go('Library');
  await expect(studio.heading).toHaveText('2 prompt sets, none tuned yet');
  await expect
    .poll(async () => (await promptSets(page)).map(({ handle }) => handle).sort())
    .toEqual(['AWKWARD', 'AWKWARD_2']);

  await test.step('rename', async () => {
    const second = library.set(/AWKWARD_2/);
    await second.getByRole('button', { name: 'Rename' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Möbel: Ton & Güte');
    await page.keyboard.press('Enter');
    await expect(library.set(/Möbel: Ton & Güte/)).toContainText('AWKWARD_2');
    await page.getByRole('button', { name: /^Prompt set: / }).click();
    await expect(page.getByRole('menu')).toContainText('Möbel: Ton & Güte');
    await page.keyboard.press('Escape');
  });

  await test.step('rename to a name that is taken', async () => {
    await library.set(/Möbel/).getByRole('button', { name: 'Rename' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Awkward');
    await page.keyboard.press('Enter');
    await expect
      .poll(async () => (await promptSets(page)).map(({ handle }) => handle).sort())
      .toEqual(['AWKWARD', 'AWKWARD_2']);
  });

  await test.step('delete, and undo', async () => {
    await library
      .set(/AWKWARD_2/)
      .getByRole('button', { name: 'Delete' })
      .click();
    await expect(studio.heading).toHaveText('1 prompt set, none tuned yet');
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(studio.heading).toHaveText('2 prompt sets, none tuned yet');
    await expect(library.set(/AWKWARD_2/)).toContainText('158 rows of awkward.csv');
    await page.reload();
    await expect(studio.heading).toHaveText('2 prompt sets, none tuned yet');
  });

  await test.step('a deleted set stays deleted after a reload, can be restored, and is gone once the list is emptied', async () => {
    await library
      .set(/AWKWARD_2/)
      .getByRole('button', { name: 'Delete' })
      .click();
    await expect(studio.heading).toHaveText('1 prompt set, none tuned yet');
    // shown at once, and written a moment later
    await expect.poll(async () => (await promptSets(page)).filter(({ deletedAt }) => deletedAt).length).toBe(1);
    await page.reload();
    await expect(studio.heading).toHaveText('1 prompt set, none tuned yet');
    await page.getByRole('tab', { name: 'Deleted (1)' }).click();
    await page.getByRole('button', { name: 'Restore Awkward' }).click();
    await expect(studio.heading).toHaveText('2 prompt sets, none tuned yet');
    await page.getByRole('tab', { name: 'Prompt sets' }).click();
    await library
      .set(/AWKWARD_2/)
      .getByRole('button', { name: 'Delete' })
      .click();
    await page.getByRole('tab', { name: 'Deleted (1)' }).click();
    await page.getByRole('button', { name: 'Empty' }).click();
    await expect(page.getByRole('heading', { name: 'No deleted prompt sets' })).toBeVisible();
    await page
      .getByRole('alertdialog')
      .filter({ hasText: 'deleted for good' })
      .getByRole('button', { name: 'Undo' })
      .click();
    await expect(page.getByRole('button', { name: 'Restore Awkward' })).toBeVisible();
    await page.clock.install();
    await page.getByRole('button', { name: 'Delete Awkward for good' }).click();
    await page.clock.runFor(15_000);
    await expect.poll(async () => (await promptSets(page)).map(({ handle }) => handle)).toEqual(['AWKWARD']);
  });
});

test('moves a stage to another version and back, and keeps differences, notes and tags', async ({ studio }) => {
  test.slow();
  const { page, library } = studio;
  await studio.trained();
  await studio.go('Library');
  await library
    .set(/AWKWARD/)
    .getByRole('button', { name: 'Versions and stages' })
    .click();
  await expect(studio.heading).toHaveText('Awkward: no stage yet');

  await test.step('a stage is set, moves, and goes back', async () => {
    await library.choose('Points to', /^hand-written 1/);
    await page.getByRole('button', { name: 'Set stage' }).click();
    await expect(studio.heading).toHaveText('Awkward: production points to hand-written 1');
    await page.getByLabel('Reason, saved with the next change').fill('tuned on March');
    await library.choose('Version for production', /^tuned 1/);
    await expect(studio.heading).toHaveText('Awkward: production points to tuned 1');
    await page.getByRole('alertdialog').filter({ hasText: 'tuned 1' }).getByRole('button', { name: 'Undo' }).click();
    await expect(studio.heading).toHaveText('Awkward: production points to hand-written 1');
    await page.getByText('All changes (3)').click();
    await expect(page.getByRole('table', { name: 'Changes of the stages, newest first' })).toContainText(
      'production from hand-written 1 to tuned 1“tuned on March”',
    );
    await page.getByRole('button', { name: 'Point production back to tuned 1' }).press('Enter');
    await expect(studio.heading).toHaveText('Awkward: production points to tuned 1');
    await page.getByLabel('New stage').fill('no/slash');
    await page.getByRole('button', { name: 'Set stage' }).click();
    await expect(page.getByText('A stage is one word')).toBeVisible();
  });

  await test.step('differences, and where versions come from', async () => {
    // the check of the proposed prompt may have made another version
    const difference = library.set(/^From .+ to /);
    await difference.getByRole('button', { name: / From$/ }).click();
    await page.getByRole('option', { name: /^hand-written 1/ }).click();
    await difference.getByRole('button', { name: / To$/ }).click();
    await page.getByRole('option', { name: /^tuned 1/ }).click();
    await expect(library.set('From hand-written 1 to tuned 1')).toContainText('vectors');
    const lineage = library.set(/^\d versions from/);
    await lineage.getByRole('button', { name: 'Table' }).click();
    await expect(lineage).toContainText('vectors start from the text');
  });

  await test.step('notes and tags survive a reload, and search finds them', async () => {
    await page.getByRole('textbox', { name: 'Notes', exact: true }).fill('Ask Ms Ångström before moving it');
    await page.getByLabel('Tags, separated by commas').fill('Support, March');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Note for tuned 1' }).click();
    await page.getByLabel('Note for tuned 1').fill('thirty steps');
    await page.keyboard.press('Enter');
    await expect(library.set(/^Versions$/)).toContainText('thirty steps');
    await page.reload();
    await expect(studio.heading).toHaveText('Awkward: production points to tuned 1');
    await expect(page.getByRole('textbox', { name: 'Notes', exact: true })).toHaveValue(/Ångström/);
    await expect(library.set(/^Versions$/)).toContainText('thirty steps');
    await expectAccessible(studio, 'Library, one set');
  });

  await test.step('a version is measured again on the test rows and on a file, and compared with its earlier results', async () => {
    await page.getByRole('button', { name: 'Measure in the grid' }).click();
    await page.getByRole('button', { name: 'Fill 1 cell' }).click();
    const all = page.getByRole('button', { name: 'Every cell is filled' });
    await expect(all).toBeVisible();
    await studio.upload(NEW_ROWS, 'Add a file');
    await page.getByRole('button', { name: 'Add 6 rows of new.csv' }).click();
    await page.getByRole('button', { name: 'Fill 1 cell' }).click();
    await expect(all).toBeVisible();
    await expect(page.getByRole('table', { name: 'Prompts on models and rows' })).toContainText('new.csv');
    await expectAccessible(studio, 'Library, grid with a file');
    await page.reload();
    await expect(page.getByText('Add new.csv again to fill its column')).toBeVisible();
    await page.getByRole('tab', { name: 'Prompt sets' }).click();
    await library
      .set(/AWKWARD/)
      .getByRole('button', { name: 'Versions and stages' })
      .click();
    const measured = library.set('Is it still as good?');
    const newest = measured.getByRole('listitem').first();
    await expect(newest).toContainText(/Was \d+% on \d+ test rows of awkward\.csv; now \d+% \(\d+ to \d+\) on 5 rows/);
    await expect(newest).toContainText('1 left out: 1 without a text');
    await newest.getByRole('button', { name: /^Remove/ }).click();
    await expect(measured.getByRole('listitem')).toHaveCount(1);
    await page
      .getByRole('alertdialog')
      .filter({ hasText: 'measurement was removed' })
      .getByRole('button', { name: 'Undo' })
      .click();
    await expect(measured.getByRole('listitem')).toHaveCount(2);
    await expectAccessible(studio, 'Library, one set measured');
  });

  await test.step('the production version answers a file, which is stored nowhere', async () => {
    await page.getByRole('button', { name: 'Run on a file', exact: true }).first().press('Enter');
    await expect(page.getByRole('button', { name: /production/ })).toBeVisible();
    await studio.upload(NEW_ROWS, 'Choose a file');
    await library.choose('Text column', /^said$/);
    await page.getByRole('button', { name: 'Answer 6 rows' }).click();
    await expect(library.set(/^5 rows answered by AWKWARD, production \(tuned 1\), 1 left out/)).toBeVisible();
    await expectAccessible(studio, 'Batch');
    await expectForcedColours(studio, 'Batch');
    await expectReadable(studio, 'Batch');
    const { name, bytes } = await library.saved('Download 6 rows as CSV');
    expect(name).toBe('new-answered.csv');
    const [header, first, ...others] = bytes.toString().split('\r\n');
    expect(header).toBe('said,mood,prediction,confidence,not_answered');
    expect(first).toMatch(/^"'=1\+1, broken",\w+,\w+,0\.\d+,$/);
    expect(others).toContain(',praise,,,it has no text');
    await page.getByText('JSONL', { exact: true }).click();
    const lines = (await library.saved('Download 6 rows as JSONL')).bytes.toString().trimEnd().split('\n');
    expect(lines.map((line) => Object.keys(JSON.parse(line)).length)).toEqual([4, 4, 4, 4, 4, 5]);
    await page.getByText('Log-probability', { exact: true }).click();
    const [one = ''] = (await library.saved('Download 6 rows as JSONL')).bytes.toString().split('\n');
    const answer = JSON.parse(one);
    const logs = Object.entries(answer).flatMap(([name, value]) => (name.startsWith('log_p_') ? [Number(value)] : []));
    expect(Math.exp(Math.max(...logs))).toBeCloseTo(answer.confidence, 5);

    // the rows that it was least sure of come back as training rows, labelled by keyboard
    await page.getByRole('button', { name: 'Label the 5 least sure' }).click();
    const labels = page.getByRole('region', { name: 'Rows to label' });
    await expect(labels).toContainText('1 of 5 rows');
    await expectAccessible(studio, 'Batch, rows to label');
    for (const [i, key] of ['Enter', '1', '2', 'Enter', '1'].entries()) {
      await page.keyboard.press(key);
      await expect(labels).toContainText(`${Math.min(i + 2, 5)} of 5 rows`);
    }
    await expect(page.getByRole('button', { name: 'Add 5 rows for training' })).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(page.getByText(/^\d rows? from new\.csv \(answered by AWKWARD, production/).first()).toBeVisible();
    await page.getByRole('button', { name: 'Train with them' }).click();
    await studio.go('Data');
    await expect(studio.data.versions).toContainText('from new.csv (answered by AWKWARD, production (tuned 1)) added');
    await studio.go('Library');
    await page.reload();
    await page.getByRole('tab', { name: 'Batch' }).click();
    await expect(page.getByRole('button', { name: 'Choose a file' })).toBeVisible();
    expect(JSON.stringify(await promptSets(page))).not.toContain('wardrobe');
  });

  await test.step('the Playground uses a stage, and reports a missing one', async () => {
    await studio.go('Playground');
    await library.choose('Add another version', /^production/);
    await expect(library.set('production: tuned 1')).toContainText('v1 v2');
    await page.evaluate(() => {
      location.hash = `${location.hash.split('?')[0]}?stage=nowhere`;
    });
    await expect(studio.alert('This version cannot be added')).toContainText(
      'AWKWARD has no stage “nowhere”; it has production.',
    );
    await studio.go('Library');
    await expect(library.set(/AWKWARD/)).toContainText('production');
    await expect(library.set(/AWKWARD/)).toContainText('#march');
  });

  await test.step('the versions in use are rows of the grid', async () => {
    await page.getByRole('tab', { name: 'Grid' }).click();
    await page.getByRole('button', { name: 'Remove AWKWARD, tuned 1 from the grid' }).click();
    await page.getByRole('button', { name: 'Add what is in use' }).click();
    await expect(page.getByRole('row', { name: /AWKWARD, tuned 1/ })).toContainText('%');
    await page.getByRole('tab', { name: 'Prompt sets' }).click();
    await page.getByRole('button', { name: 'Versions and stages' }).first().click();
    await expect(studio.heading).toHaveText('Awkward: production points to tuned 1');
  });

  await test.step('the Playground follows the policy of the set', async () => {
    await library.choose('Which prompt answers for a stage', /^Your prompt alone/);
    await studio.go('Playground');
    await library.choose('Add another version', /^production/);
    // the check of the proposed prompt may have chosen another version
    await expect(library.set('production: tuned 1')).toContainText(
      /hand-written \d answers alone, by the policy of this set\./,
    );
  });
});

test('fills a grid of versions, models and test rows, over a reload, and compares two cells', async ({ studio }) => {
  test.slow();
  const { page, library } = studio;
  const models = new ModelsPage(page);
  await studio.trained();
  await studio.take(AWKWARD);
  await models.openFolder(join(import.meta.dirname, '../test/fixtures/models/llama-optimum-fp32'));
  await models.loaded(/^Model: llama optimum fp32 · 2 threads/);
  await models.choose(TINY);
  await models.loaded(/^Model: tiny support · 2 threads/);
  await models.close();
  await studio.go('Library');
  await page.getByRole('tab', { name: 'Grid' }).click();
  const table = page.getByRole('table', { name: 'Prompts on models and rows' });
  let [cells, open] = [0, 0];

  await test.step('prompts of two sets, two models, two data sets', async () => {
    await expect(table.getByRole('row')).toHaveCount(2);
    await library.choose('From prompt set', /^AWKWARD$/);
    // the check of the proposed prompt may have made a third version
    const all = page.getByRole('button', { name: /^Add all [23]$/ });
    cells = 4 * (1 + Number((await all.textContent())?.match(/\d/)?.[0]));
    // the tuned prompt does not fit the other model
    open = cells - 2;
    await all.click();
    await library.choose('Add a model', /llama-optimum-fp32/);
    await library.choose('Add test rows', /^AWKWARD\b/);
    await expect(page.getByRole('heading', { name: `0 of ${open} cells filled` })).toBeVisible();
  });

  await test.step('is filled from where a reload stopped it, and loads the model from before again', async () => {
    await page.getByRole('button', { name: `Fill ${open} cells` }).click();
    const some = page.getByRole('heading', { name: new RegExp(`^[1-9]\\d? of ${open} cells filled`) });
    await expect(some).toBeVisible();
    await page.reload();
    await expect(some).toBeVisible();
    await page.getByRole('button', { name: /^Fill \d+ cells?$/ }).click();
    await expect(page.getByRole('button', { name: 'Every cell is filled' })).toBeVisible({ timeout: 60_000 });
    await expect(table.getByText('Trained for softprompt-studio/tiny-support')).toHaveCount(2);
    await models.loaded(/^Model: tiny support · 2 threads/);
  });

  await test.step('a cell opens its rows, two are compared on the same rows', async () => {
    await table
      .getByRole('button', { name: /, tiny-support/ })
      .first()
      .press('Enter');
    const rows = page.getByRole('table', { name: 'Rows of the cell with its answers' });
    await expect(rows.getByRole('row').nth(1)).toContainText('wrong');
    await table.getByRole('button', { name: /tuned 1 on AWKWARD_2, tiny-support/ }).press('Enter');
    await expect(page.getByRole('status').filter({ hasText: 'on the same 60 rows' })).toContainText(
      /all \d+ pairs on show counted, p [=<]/,
    );
    await page.getByText(/^A right, B wrong/).click();
    await page.getByText(/^All · 60/).click();
    await expect(page.getByRole('table', { name: 'Rows with both answers' }).getByRole('row')).toHaveCount(26);
    await expectAccessible(studio, 'Library, grid');
    await expectForcedColours(studio, 'Library, grid');
    await expectReadable(studio, 'Library, grid');
  });

  await test.step('leaves as CSV and JSON without any text', async () => {
    const lines = (await library.saved('Download as CSV')).bytes.toString().trimEnd().split('\r\n');
    expect(lines).toHaveLength(cells + 1);
    const { bytes } = await library.saved('Download as JSON');
    expect(JSON.parse(bytes.toString()).cells).toHaveLength(cells);
  });
});

test('loses nothing when the page is reloaded as soon as a change is kept, without another press', async ({
  studio,
}) => {
  test.slow();
  const { page, library } = studio;
  await studio.trained(AWKWARD, 10);
  await studio.go('Library');
  await library
    .set(/AWKWARD/)
    .getByRole('button', { name: 'Versions and stages' })
    .click();
  const stored = async () => (await promptSets(page))[0];
  const card = () => library.set(/AWKWARD/);
  let before = await kept(page);
  /** Once the change is on the disk, to the last typed letter, and nothing more is being written. */
  const reload = async (typed = '') => {
    let last = before;
    const isKept = async () => {
      const now = await kept(page);
      const isWritten = now !== before && now.includes(typed) && now === last;
      last = now;
      return isWritten;
    };
    await expect.poll(isKept, { timeout: 30_000 }).toBe(true);
    await page.reload();
    await expect(studio.heading).toBeVisible();
    before = last;
  };
  const changes: Readonly<Record<string, () => Promise<void>>> = {
    'notes that are still being typed': async () => {
      const notes = page.getByRole('textbox', { name: 'Notes', exact: true });
      await notes.pressSequentially('Ask Ana');
      await reload('Ask Ana');
      await expect(notes).toHaveValue('Ask Ana');
    },
    'tags that are still being typed': async () => {
      const tags = page.getByLabel('Tags, separated by commas');
      await tags.pressSequentially('Support, March');
      await reload('march');
      await expect(tags).toHaveValue('support, march');
    },
    'the author': async () => {
      await page.getByRole('textbox', { name: 'Your name' }).fill('Ana');
      await page.keyboard.press('Enter');
      await reload();
      await expect(library.set(/^Versions$/)).toContainText('Ana');
    },
    'a stage': async () => {
      await library.choose('Points to', /^hand-written 1/);
      await page.getByRole('button', { name: 'Set stage' }).click();
      await reload();
      await expect(studio.heading).toHaveText('Awkward: production points to hand-written 1');
    },
    'a stage that is removed': async () => {
      await page.getByRole('button', { name: 'Remove production' }).click();
      await reload();
      await expect(studio.heading).toHaveText('Awkward: no stage yet');
    },
    'a note for a version': async () => {
      await page.getByRole('button', { name: 'Note for tuned 1' }).click();
      await page.getByLabel('Note for tuned 1').fill('ten steps');
      await page.keyboard.press('Enter');
      await reload('ten steps');
      await expect(library.set(/^Versions$/)).toContainText('ten steps');
    },
    'a measurement, and its removal': async () => {
      await page.getByRole('button', { name: 'Measure in the grid' }).click();
      await page.getByRole('button', { name: 'Fill 1 cell' }).click();
      await expect(page.getByRole('heading', { name: '1 of 1 cell filled' })).toBeVisible();
      await reload();
      await expect(page.getByRole('heading', { name: '1 of 1 cell filled' })).toBeVisible();
      expect((await stored())?.testLooks).toBe(1);
      await page.getByRole('tab', { name: 'Prompt sets' }).click();
      await card().getByRole('button', { name: 'Versions and stages' }).click();
      const measured = library.set('Is it still as good?').getByRole('listitem');
      await expect(measured).toHaveCount(1);
      await measured.getByRole('button', { name: /^Remove/ }).click();
      await reload();
      await expect(page.getByText('Not measured again yet')).toBeVisible();
    },
    'the theme': async () => {
      await page.getByRole('button', { name: 'Theme' }).click();
      await page.getByRole('menuitemradio', { name: 'Dark' }).click();
      await reload();
      await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    },
    'a text to present': async () => {
      const examples = library.set('Examples to present');
      await studio.go('Playground');
      await studio.playground.text.fill('Is the sofa still there?');
      await page.getByRole('button', { name: 'Add to the examples' }).click();
      await reload('Is the sofa still there?');
      await expect(examples).toContainText('Is the sofa still there?');
      await examples
        .getByRole('button', { name: /^Remove example/ })
        .last()
        .click();
      await reload();
      await expect(examples).not.toContainText('Is the sofa still there?');
      await studio.go('Library');
    },
    'a name from the menu at the top': async () => {
      const menu = page.getByRole('button', { name: /^Prompt set: / });
      await menu.click();
      await page.getByRole('menuitem', { name: 'Rename' }).click();
      await page.getByRole('textbox', { name: 'Name of the prompt set' }).fill('Chairs');
      await page.keyboard.press('Enter');
      await reload('Chairs');
      await expect(menu).toHaveAccessibleName('Prompt set: Chairs');
    },
    'a name': async () => {
      await card().getByRole('button', { name: 'Rename' }).click();
      await page.getByRole('textbox', { name: 'Name' }).fill('Furniture');
      await page.keyboard.press('Enter');
      await reload('Furniture');
      await expect(card()).toContainText('Furniture');
    },
    'a deleted set': async () => {
      await card().getByRole('button', { name: 'Delete' }).click();
      await reload();
      await expect(studio.heading).toHaveText('No prompt set yet');
    },
    'a restored set': async () => {
      await page.getByRole('tab', { name: 'Deleted (1)' }).click();
      await page.getByRole('button', { name: 'Restore Furniture' }).click();
      await reload();
      await expect(studio.heading).toHaveText('1 prompt set, all tuned');
    },
    'a set that is deleted for good': async () => {
      await page.getByRole('tab', { name: 'Prompt sets' }).click();
      await card().getByRole('button', { name: 'Delete' }).click();
      await page.getByRole('tab', { name: 'Deleted (1)' }).click();
      await page.getByRole('button', { name: 'Delete Furniture for good' }).click();
      await reload();
      await expect(page.getByRole('heading', { name: 'No deleted prompt sets' })).toBeVisible();
    },
  };
  for (const [what, change] of Object.entries(changes)) await test.step(what, change);
});

test('refuses hostile and meaningless zips by name, and keeps everything else', async ({ studio }) => {
  const { page, library } = studio;
  await studio.trained();
  await studio.go('Library');
  await library
    .set(/AWKWARD/)
    .getByRole('button', { name: 'Export', exact: true })
    .first()
    .click();
  const whole = await library.download();
  const parts = unzipSync(whole.bytes);
  const changed = (name: string, change: (files: typeof parts) => void): TestFile => {
    const files = { ...parts };
    change(files);
    return { name, bytes: Buffer.from(zipSync(files)) };
  };
  const text = Buffer.from(parts['prompt.json'] ?? []).toString();
  const withText = (name: string, change: (text: string) => string) =>
    changed(name, (files) => {
      files['prompt.json'] = strToU8(change(text));
    });

  const hostile: readonly (readonly [TestFile, RegExp])[] = [
    [{ name: 'empty.zip', bytes: Buffer.alloc(0) }, /is empty/],
    [{ name: 'photo.zip', bytes: Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * 7919) % 251)) }, /not a zip/],
    [{ name: 'cut.zip', bytes: whole.bytes.subarray(0, whole.bytes.length / 2) }, /not a zip|cut|incomplete/],
    [
      changed('outside.zip', (files) => {
        files['../../outside.txt'] = strToU8('x');
      }),
      /“\.\.\/\.\.\/outside\.txt”, which points outside the zip/,
    ],
    [
      changed('bomb.zip', (files) => {
        files['zeros.bin'] = new Uint8Array(300_000_000);
      }),
      /more than 160 MB/,
    ],
    [
      changed('nothing.zip', (files) => {
        delete files['prompt.json'];
      }),
      /neither prompt\.json/,
    ],
    [withText('json.zip', () => '{"format": "softprompt", "__proto__": {"x": 1}'), /not valid JSON/],
    [withText('format.zip', (of) => of.replace('"formatVersion": 1', '"formatVersion": 2')), /has the format 2/],
    [withText('wide.zip', (of) => of.replace('"hidden": 96', '"hidden": 1000000000')), /hidden/],
    [withText('vectors.zip', (of) => of.replaceAll('"virtualTokens": 10', '"virtualTokens": 9')), /has other numbers/],
    [{ name: 'prompt.pt', bytes: Buffer.from([0x80, 2, 0x63]) }, /could run code/],
    [
      {
        name: 'infinite.npy',
        bytes: Buffer.from(Uint8Array.from(parts['prompt_embeddings.npy'] ?? []).fill(0xff, -4)),
      },
      /not finite/,
    ],
  ];
  for (const [file, message] of hostile)
    await test.step(file.name, async () => {
      await library.bring(file);
      const alert = studio.alert(`${file.name} was not imported`);
      await expect(alert).toContainText(message);
      await expect(alert).toContainText('Nothing was imported');
      expect(await promptSets(page)).toHaveLength(1);
    });

  await test.step('a LoRA is recognised and refused', async () => {
    await library.bring(peftConfig({ peft_type: 'LORA' }), peftVectors(10, 96));
    await expect(studio.alert('2 files were not imported')).toContainText(/LORA: it changes the model’s weights/);
  });

  await test.step('vectors of another width do not fit, and cannot be imported', async () => {
    await library.bring(peftConfig({ token_dim: 8, num_virtual_tokens: 2 }), peftVectors(2, 8));
    await expect(studio.alert('It does not fit the loaded model')).toContainText(/8 numbers each.*have 96/);
    await expect(page.getByRole('dialog').getByRole('button', { name: 'Import', exact: true })).toBeHidden();
    await page.keyboard.press('Escape');
    expect(await promptSets(page)).toHaveLength(1);
  });

  await test.step('names in a file are text, never markup', async () => {
    const name = '<img src=x onerror="document.title=1"><b>Bold</b>';
    await library.import(withText('named.zip', (of) => of.replaceAll('"Awkward"', JSON.stringify(name))));
    await expect(page.getByText(/was imported/)).toBeVisible();
    await expect(page.getByRole('img', { name: 'x' })).toHaveCount(0);
    await expect(studio.heading).toHaveText('2 prompt sets, all tuned');
  });

  await test.step('a PEFT folder becomes a prompt set with the task of an existing one', async () => {
    await library.bring(peftConfig(), peftVectors(10, 96));
    await expect(page.getByText('The weights it was trained on are unknown')).toBeVisible();
    await expect(page.getByRole('textbox', { name: /^Prompt/ })).toHaveValue('Nachricht: {text}\nTon:');
    await page.getByRole('textbox', { name: /^Answers/ }).fill('praise');
    await page.getByRole('dialog').getByRole('button', { name: 'Import', exact: true }).click();
    await expect(page.getByText('Write at least two answers')).toBeVisible();
    await page.getByRole('textbox', { name: /^Answers/ }).fill('complaint = complaint\npraise = praise');
    await page.getByRole('dialog').getByRole('button', { name: 'Import', exact: true }).click();
    await expect(page.getByText('“PEFT prompt” was imported')).toBeVisible();
    const [peft] = (await promptSets(page)).filter(({ handle }) => handle === 'PEFT_PROMPT');
    expect(peft?.versions).toMatchObject([
      {
        origin: { kind: 'imported', from: 'PEFT (PROMPT_TUNING)' },
        prompt: { voices: [{ soft: { placement: 'prefix' } }] },
      },
    ]);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect(studio.heading).toHaveText('2 prompt sets, all tuned');
  });

  await test.step('a team folder is written and changed by someone else, and the change comes here', async () => {
    await page.evaluate(() => {
      const team = async () => (await navigator.storage.getDirectory()).getDirectoryHandle('team', { create: true });
      Object.assign(window, { showDirectoryPicker: team });
    });
    await studio.go('Library');
    await page.getByRole('button', { name: 'Team folder' }).click();
    await page.getByRole('button', { name: 'Choose the folder' }).click();
    await expect(page.getByText(/^\d+ files written\.$/)).toBeVisible();
    await page.getByRole('button', { name: 'Exchange changes' }).click();
    await expect(page.getByText('The folder and this browser agree.')).toBeVisible();
    await page.evaluate(async () => {
      const team = await (await navigator.storage.getDirectory()).getDirectoryHandle('team');
      const file = await (await team.getDirectoryHandle('awkward')).getFileHandle('prompt-set.json');
      const text = await (await file.getFile()).text();
      const stream = await file.createWritable();
      await stream.write(text.replace('"name": "Awkward"', '"name": "Named by Ana"'));
      await stream.close();
    });
    await page.getByRole('button', { name: 'Exchange changes' }).click();
    await expect(page.getByText('Name changed to “Named by Ana”')).toBeVisible();
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
    await expect(library.set(/Named by Ana/)).toBeVisible();
  });
});

const peftConfig = (change: object = {}): TestFile => ({
  name: 'adapter_config.json',
  bytes: Buffer.from(
    JSON.stringify({
      peft_type: 'PROMPT_TUNING',
      task_type: 'CAUSAL_LM',
      num_virtual_tokens: 10,
      token_dim: 96,
      base_model_name_or_path: './out/model',
      ...change,
    }),
  ),
});

const peftVectors = (virtualTokens: number, hidden: number): TestFile => ({
  name: 'adapter_model.safetensors',
  bytes: Buffer.from(
    writeSafetensors({
      vectors: Float32Array.from({ length: virtualTokens * hidden }, (_, i) => Math.sin(i) / 10),
      virtualTokens,
      hidden,
    }),
  ),
});
