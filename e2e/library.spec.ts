import { strToU8, unzipSync, zipSync } from 'fflate';
import { expect, test } from './fixtures';
import { AWKWARD, type TestFile } from './pages/studio';
import { promptSets } from './storage';

test('rename, delete, undo, and handles that never clash', async ({ studio }) => {
  const { page, library } = studio;
  await studio.open();
  await studio.drop(AWKWARD);
  await expect(studio.heading).toContainText('labelled rows are ready');
  await studio.drop(AWKWARD);
  await expect(studio.heading).toContainText('labelled rows are ready');
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
    await expect(library.set(/Möbel: Ton & Güte/)).toContainText('MOBEL_TON_GUTE');
    await page.getByRole('button', { name: /^Project: / }).click();
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

  await test.step('deleted stays deleted after a reload', async () => {
    await library
      .set(/AWKWARD_2/)
      .getByRole('button', { name: 'Delete' })
      .click();
    await expect(studio.heading).toHaveText('1 prompt set, none tuned yet');
    await page.reload();
    await expect(studio.heading).toHaveText('1 prompt set, none tuned yet');
  });
});

test('zips that mean harm, or nothing, are refused by name, and what is there stays', async ({ studio }) => {
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
  const sidecar = JSON.parse(Buffer.from(parts['softprompt.json'] ?? []).toString()) as Record<string, unknown>;
  const withSidecar = (name: string, change: Record<string, unknown>) =>
    changed(name, (files) => {
      files['softprompt.json'] = strToU8(JSON.stringify({ ...sidecar, ...change }));
    });

  const hostile: readonly (readonly [TestFile, RegExp])[] = [
    [{ name: 'empty.zip', bytes: Buffer.alloc(0) }, /not a zip/],
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
        files['prompt_embeddings.npy'] = new Uint8Array(300_000_000);
      }),
      /more than 160 MB/,
    ],
    [
      changed('nothing.zip', (files) => {
        delete files['softprompt.json'];
      }),
      /has no softprompt\.json/,
    ],
    [
      changed('json.zip', (files) => {
        files['softprompt.json'] = strToU8('{"tokenDim": 1e99, "__proto__": {"x": 1}');
      }),
      /not valid JSON/,
    ],
    [withSidecar('wide.zip', { tokenDim: 1e9 }), /tokenDim/],
    [
      changed('vectors.zip', (files) => {
        files['prompt_embeddings.npy'] = (parts['prompt_embeddings.npy'] ?? new Uint8Array()).subarray(0, 200);
      }),
      /72 bytes of data for 10 x 96 numbers/,
    ],
  ];
  for (const [file, message] of hostile)
    await test.step(file.name, async () => {
      await library.import(file);
      const alert = studio.alert(`${file.name} was not imported`);
      await expect(alert).toContainText(message);
      await expect(alert).toContainText('Nothing was imported');
      await alert.getByRole('button', { name: 'Close' }).click();
      await expect(studio.heading).toHaveText('1 prompt set, all tuned');
    });

  await test.step('names in a file are text, never a page', async () => {
    const name = '<img src=x onerror="document.title=1"><b>Bold</b>';
    const project = JSON.parse(Buffer.from(parts['project.json'] ?? []).toString()) as object;
    const named = JSON.stringify(project).replaceAll('"Awkward"', JSON.stringify(name));
    await library.import(
      changed('named.zip', (files) => {
        files['project.json'] = strToU8(named);
      }),
    );
    await expect(page.getByText(/was imported/)).toBeVisible();
    await expect(page.getByRole('img', { name: 'x' })).toHaveCount(0);
    await expect(studio.heading).toHaveText('2 prompt sets, all tuned');
  });
});
