/** Pages over the packed file, in Chromium: the examples, and what bundlers make of it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import type { Page } from 'playwright';
import webpack from 'webpack';
import { bin, command, expect, ISOLATED, type Lab, serve, text, visit } from './lab.ts';
import { SAME } from './programs.ts';

const TINY = '/models/softprompt-studio/tiny-support/';
const done = (page: Page) => page.waitForFunction(() => document.getElementById('status')?.textContent === 'Done.');

/** @returns SHA-256 of the vectors that a page with one thread trains */
export async function bare(lab: Lab): Promise<string> {
  await using served = await serve(lab.folder);
  return await visit(lab, `${served.origin}/bare.html?model=${TINY}&steps=5`, async (page) => {
    await done(page);
    const device = await text(page, '#device');
    expect(/^wasm, threads: 1\. .*One thread: this page is not cross-origin isolated/.test(device), device);
    return page.evaluate(
      async ({ model: source, options }) => {
        const { openModel, train } = await import('softprompt' as string);
        const model = await openModel(source, { device: 'wasm' });
        const rows = await (await fetch('./support.csv')).blob();
        const { vectors } = await train(model, rows, options).prompt;
        await model.dispose();
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', vectors.data));
        return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      },
      { model: TINY, options: SAME },
    );
  });
}

/** The flip of the sample sentence, with the model that people use. */
export async function flip(lab: Lab): Promise<string> {
  await using served = await serve(lab.folder, ISOLATED);
  const url = `${served.origin}/bare.html?model=/models/HuggingFaceTB/SmolLM2-135M-Instruct/&steps=25`;
  return await visit(lab, url, async (page) => {
    await done(page);
    const [device, before, after] = await Promise.all(['#device', '#before', '#after'].map((each) => text(page, each)));
    expect(/threads: [2-4]\./.test(device ?? '') && !device?.includes('One thread'), device ?? '');
    expect(/^Before: positive/.test(before ?? '') && /^After: negative/.test(after ?? ''), `${before}\n${after}`);
    return `${device} ${before}. ${after}`;
  });
}

export async function viteWorker(lab: Lab): Promise<string> {
  const folder = join(lab.folder, 'worker');
  await command(bin('vite'), ['build'], folder);
  await using served = await serve(join(folder, 'dist'), ISOLATED);
  return await visit(lab, `${served.origin}/?model=${TINY}&steps=30`, async (page) => {
    await page.waitForFunction(() => document.getElementById('status')?.textContent?.startsWith('Step'));
    expect(page.workers().length > 0, 'there is no worker');
    // a page whose thread is busy draws no frame for as long as a step takes
    const longest = await page.evaluate(async () => {
      let [last, most] = [performance.now(), 0];
      while (document.getElementById('status')?.textContent !== 'Done.') {
        await new Promise((resolve) => setTimeout(resolve, 5));
        most = Math.max(most, performance.now() - last);
        last = performance.now();
      }
      return most;
    });
    const answer = await text(page, '#answer');
    expect(longest < 1000, `the page stood still for ${longest} ms`);
    expect(/: (?:late|broken) \(\d+%\), threads: [2-4]$/.test(answer), answer);
    return `${answer}; longest pause ${longest.toFixed(0)} ms`;
  });
}

const ENTRIES = { main: 'softprompt', worker: 'softprompt/worker' } as const;

/** A program for each entry of the package: it opens the tiny model, and asks the prompt that the example of Node has left. */
async function entries({ folder }: Lab, options: string): Promise<Record<keyof typeof ENTRIES, string>> {
  const made = Object.entries(ENTRIES).map(async ([name, from]) => {
    const path = `./bundled-${name}.mjs`;
    const program = `import { loadPrompt, openModel } from '${from}';
const model = await openModel('${TINY}', { device: 'wasm'${options} });
const prompt = await loadPrompt(model, '/prompt/prompt.json');
const [{ label, probability }] = await prompt.classify(['Where is my refund?']);
document.body.append(\`\${label} \${probability.toFixed(6)}, threads: \${model.threads}\`);
await model.dispose();
document.title = 'Done.';
`;
    await writeFile(join(folder, path), program);
    return [name, path];
  });
  return Object.fromEntries(await Promise.all(made));
}

/** What pages over both files answer. */
async function answers(lab: Lab, path: string): Promise<string> {
  await using served = await serve(lab.folder, ISOLATED);
  const found: string[] = [];
  for (const name of Object.keys(ENTRIES)) {
    const page = `<!doctype html><title>Opening</title><link rel="icon" href="data:,"><script type="module" src="${name}.js"></script>`;
    await writeFile(join(lab.folder, path, `${name}.html`), page);
    const answer = await visit(lab, `${served.origin}/${path}/${name}.html`, async (page) => {
      await page.waitForFunction(() => document.title === 'Done.');
      return (await text(page, 'body')).trim();
    });
    expect(/^(?:negative|positive) 0\.\d+, threads: [2-4]$/.test(answer), `${name}: ${answer}`);
    found.push(answer);
  }
  expect(new Set(found).size === 1, found.join('; '));
  return found[0] ?? '';
}

/** Without configuration. */
export async function withWebpack(lab: Lab): Promise<string> {
  const options: webpack.Configuration = {
    mode: 'production',
    context: lab.folder,
    entry: await entries(lab, ''),
    output: { path: join(lab.folder, 'webpack') },
    optimization: { minimize: false },
    performance: false,
  };
  const stats = await promisify<webpack.Configuration, webpack.Stats | undefined>(webpack)(options);
  const said = stats?.toString({ all: false, errors: true, warnings: true }) ?? '';
  expect(said === '', said);
  return answers(lab, 'webpack');
}

/** It leaves the addresses of other files alone: the worker is an entry of its own, and `wasmPaths` names ONNX Runtime's folder. */
export async function withEsbuild(lab: Lab): Promise<string> {
  const modules = 'node_modules/softprompt/dist';
  const programs = await entries(lab, `, wasmPaths: '/${modules}/ort/'`);
  await build({
    absWorkingDir: lab.folder,
    entryPoints: { ...programs, 'engine.worker': `${modules}/engine.worker.js` },
    bundle: true,
    splitting: true,
    format: 'esm',
    outdir: 'esbuild',
    logLevel: 'error',
  });
  return answers(lab, 'esbuild');
}

/** What a notebook's page does with the widget: values under names, which change and are saved. */
const NOTEBOOK = `<!doctype html><title>Notebook</title><link rel="icon" href="data:,"><div id="el"></div>
<script type="module">
import widget from './notebook/widget.js';
const rows = (await (await fetch('./support.csv')).text()).trim().split('\\n').slice(1, 21);
const values = {
  package: new URL('./node_modules/softprompt/dist/index.js', location.href).href,
  source: '${TINY}',
  rows: rows.map((line) => ({ text: line.replace(/,\\w+$/, ''), label: /\\w+$/.exec(line)[0] })),
  options: { preset: 'quick', steps: 5 },
  ask: ['Where is my refund?'],
  status: '', answers: [], files: {},
};
const saved = {};
const model = {
  get: (name) => values[name],
  set: (name, value) => { values[name] = value; },
  on: () => {},
  save_changes: () => Object.assign(saved, values),
};
widget.render({ model, el: document.getElementById('el') });
window.saved = saved;
</script>`;

export async function notebook(lab: Lab): Promise<string> {
  await writeFile(join(lab.folder, 'notebook.html'), NOTEBOOK);
  await using served = await serve(lab.folder);
  return await visit(lab, `${served.origin}/notebook.html`, async (page) => {
    await page.click('button');
    await page.waitForFunction(() => /^Done\./.test((window as never as { saved: { status: string } }).saved.status));
    const { files, labels } = await page.evaluate(() => {
      const { saved } = window as never as {
        saved: { files: Record<string, Uint8Array>; answers: readonly { label: string }[] };
      };
      const bytes = Object.entries(saved.files).map(([name, content]) => `${name} ${content.length}`);
      return { files: bytes, labels: saved.answers.map(({ label }) => label) };
    });
    expect(
      files.some((file) => /^prompt\.json \d{4,}$/.test(file)),
      files.join(', '),
    );
    expect(labels.length === 1 && /^(?:negative|positive)$/.test(labels[0] ?? ''), labels.join(', '));
    return `${files.length} files, ${labels[0]}`;
  });
}
