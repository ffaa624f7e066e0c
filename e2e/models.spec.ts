import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures';
import { ModelsPage } from './pages/models';
import { AWKWARD, type Studio, TINY } from './pages/studio';
import { wrongGradient } from './storage';

const FIXTURES = join(import.meta.dirname, '../test/fixtures/models');

async function trainSteps(studio: Studio, steps: number): Promise<void> {
  await studio.take(AWKWARD);
  await studio.go('Train');
  await studio.train.set({ Steps: steps });
  await studio.train.start();
  await studio.train.ended();
}

test('checks the gradients once, before the first training, and turns training off while they are wrong', async ({
  studio,
}) => {
  const { page, train } = studio;
  const models = new ModelsPage(page);
  await studio.open();
  await studio.modelReady();
  await models.open();
  await expect(models.fact('Family')).toHaveText('llama');
  await expect(models.fact('Vocabulary')).toHaveText('2,048 tokens');
  await expect(models.fact('Context')).toHaveText('1,024 tokens');
  await expect(models.fact('Memory needed')).toHaveText(/^\d+ MB$/);
  // why it is not on a graphics device
  await expect(models.fact('Runs on')).toHaveText(
    'WebAssembly, 2 threads: the graphics device is emulated in software',
  );
  await expect(models.fact('One step')).toHaveText('not measured yet');
  await expect(models.fact('Self-check')).toContainText('Runs once, before the first training');
  await models.close();

  await trainSteps(studio, 20);
  await models.open();
  await expect(models.fact('Self-check')).toContainText(/^Right: at most 0\.\d+% off along 3 random directions/);
  await expect(models.fact('One step')).toContainText(/^0\.\d+ s after the text$/);
  await page.reload();
  await studio.modelReady();
  await models.open();
  await expect(models.fact('Self-check')).toContainText('Right: at most');
  await wrongGradient(page);
  await page.reload();
  await studio.modelReady();
  await expect(studio.lead).toContainText(
    'Training is off for this model: the gradient along direction 2 of 3 is 12% off what finite differences say',
  );
  await expect(page.getByRole('button', { name: 'Train another' })).toBeDisabled();
  // everything that needs no gradient still works
  await studio.go('Prompts');
  await studio.prompts.tryIt.click();
  await expect(studio.heading).toContainText('Your prompt gets');
  await models.open();
  await expect(models.fact('Self-check')).toContainText('is 12% off');
  await models.dialog.getByRole('button', { name: 'Check again' }).click();
  await expect(models.fact('Self-check')).toContainText('Right');
  await models.close();
  await studio.go('Train');
  await train.set({ Steps: 10 });
  await train.start();
  await train.ended();
});

test('finds right gradients on a graphics device, with the same loss as on WebAssembly', async ({ studio }) => {
  const models = new ModelsPage(studio.page);
  await studio.page.goto(`?model=${TINY}&backend=webgpu#/`);
  await models.loaded(/^Model: tiny support · WebGPU/);
  await models.open();
  await expect(models.fact('Runs on')).toContainText('a software device');
  await models.dialog.getByRole('button', { name: 'Check now' }).click();
  const right = /^Right: at most .+ off along \d+ random directions; same loss as on WebAssembly/;
  await expect(models.fact('Self-check')).toHaveText(right, { timeout: 180_000 });
  await models.loaded(/^Model: tiny support · WebGPU/);
});

test('trains a model from a folder, and has it after a reload without the folder', async ({ studio }) => {
  const { page } = studio;
  const models = new ModelsPage(page);
  await studio.open();
  await studio.modelReady();
  // a folder without a model leaves the current one in place
  await models.openFolder(join(FIXTURES, '../csv'));
  await expect(page.getByText('“csv” is not a model folder')).toBeVisible();
  await expect(models.fact('Family')).toHaveText('llama');

  await models.openFolder(join(FIXTURES, 'gpt2-optimum-fp32'));
  await models.loaded(/^Model: gpt2 optimum fp32 · 2 threads/);
  await expect(models.fact('Family')).toHaveText('gpt2');
  await models.close();
  await trainSteps(studio, 10);
  await page.goto('./');
  await models.loaded(/^Model: gpt2 optimum fp32 · 2 threads/);
  await models.open();
  await expect(models.fact('Self-check')).toContainText('Right: at most');
  await expect(models.fact('One step')).toContainText('s after the text');

  await models.choose(TINY);
  await models.loaded(/^Model: tiny support · 2 threads/);
  const folder = models.dialog.locator('details', { hasText: 'gpt2-optimum-fp32' });
  await folder.locator('summary').click();
  await folder.getByRole('button', { name: 'Remove it and its files' }).click();
  await expect(folder).toHaveCount(0);
});

test('opens with the chosen model when the page is reloaded within a second', async ({ studio }) => {
  const { page } = studio;
  const models = new ModelsPage(page);
  const reload = async () => {
    await page.waitForTimeout(500);
    await page.reload();
  };
  await studio.open();
  await studio.modelReady();
  // the choice overrules the model in the address
  await models.openFolder(join(FIXTURES, 'gpt2-optimum-fp32'));
  await models.loaded(/^Model: gpt2 optimum fp32 · 2 threads/);
  await reload();
  await models.loaded(/^Model: gpt2 optimum fp32 · 2 threads/);
  await models.choose(TINY);
  await reload();
  await models.loaded(/^Model: tiny support · 2 threads/);
  await models.choose('gpt2-optimum-fp32');
  await reload();
  await models.loaded(/^Model: gpt2 optimum fp32 · 2 threads/);
  // a model that only the address names is no choice
  await studio.open();
  await models.loaded(/^Model: tiny support · 2 threads/);
  await page.goto('./');
  await models.loaded(/^Model: gpt2 optimum fp32 · 2 threads/);
});

/** A fake hub: the list of files, and the files behind a redirect to its storage. */
async function standIn(page: Page, id: string, folder: string, asked: string[]): Promise<void> {
  const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];
  const paths = [...names, ...readdirSync(join(folder, 'onnx')).map((name) => `onnx/${name}`)];
  const headers = { 'Access-Control-Allow-Origin': '*' };
  await page.context().route(/^https:\/\/(?:huggingface\.co|[\w-]+\.hf\.co)\//, async (route) => {
    const url = new URL(route.request().url());
    asked.push(url.href);
    if (url.pathname === `/api/models/${id}/tree/main`) {
      const entries = paths.map((path) => {
        const bytes = readFileSync(join(folder, path));
        const lfs = { oid: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, pointerSize: 130 };
        return { type: 'file', oid: '0', path, size: bytes.length, ...(path.startsWith('onnx/') ? { lfs } : {}) };
      });
      return route.fulfill({ json: entries, headers });
    }
    const path = url.pathname.split('/resolve/main/')[1] ?? '';
    if (!url.pathname.startsWith(`/${id}/`) || !paths.includes(path))
      return route.fulfill({ status: 401, json: { error: 'Repository not found' }, headers });
    return route.fulfill({ body: readFileSync(join(folder, path)), headers });
  });
}

test('downloads a model from the hub on a click, verifies it, and never requests it again', async ({
  studio,
  watch,
}) => {
  const { page } = studio;
  const models = new ModelsPage(page);
  const asked: string[] = [];
  watch.expected.push(/huggingface\.co/, /status of 401/);
  await standIn(page, 'somebody/qwen2-ONNX', join(FIXTURES, 'qwen2-genai-int4'), asked);
  await studio.open();
  await studio.modelReady();
  await models.open();
  await models.dialog.getByText('onnx-community/Qwen2.5-0.5B-Instruct').click();
  await expect(models.dialog).toContainText('2.1 GB as float32, 1.1 GB small');
  await expect(models.dialog).toContainText('once the built-in model has trained here');
  await models.dialog.getByText('Open another model').click();
  await expect(models.dialog).toContainText('another site');
  const name = models.dialog.getByLabel('Or a name on the Hugging Face hub');
  const fetchIt = models.dialog.getByRole('button', { name: 'Fetch from huggingface.co' });
  await name.fill('somebody/else');
  expect(asked).toEqual([]);
  await fetchIt.click();
  await expect(models.dialog).toContainText('The hub has no public model “somebody/else”');

  await name.fill('somebody/qwen2-ONNX');
  await fetchIt.click();
  await models.loaded(/^Model: qwen2 ONNX · 2 threads/);
  await expect(models.fact('Family')).toHaveText('qwen2');
  await expect(models.fact('Parameters')).toContainText('stored as q4');
  await expect(page.getByRole('button', { name: /^[1-9]\d* requests sent to other sites/ })).toBeAttached();
  const before = asked.length;
  await models.close();
  await trainSteps(studio, 10);
  await page.goto('./');
  await models.loaded(/^Model: qwen2 ONNX · 2 threads/);
  expect(asked).toHaveLength(before);
});
