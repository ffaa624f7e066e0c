/**
 * `npm test package`: makes the package, packs it, installs the packed file in an empty folder and does there what people do with
 * it. Counts go to test-results/package.json. With words, only the checks whose names have one: `npx tsx
 * tools/package-check/main.ts webpack`.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright';
import { launchOptions, TEST_ARGS } from '../chromium.mjs';
import * as gates from './gates.ts';
import { at, command, type Lab, ROOT } from './lab.ts';
import * as pages from './pages.ts';
import * as programs from './programs.ts';

async function packed(folder: string): Promise<string> {
  await command('npm', ['run', '--silent', 'package'], ROOT);
  const output = await command('npm', ['pack', '--json', '--pack-destination', folder, at('dist/package')], folder);
  const [{ filename }] = JSON.parse(output);
  return join(folder, filename);
}

/** As `npm install softprompt` in an empty folder. ONNX Runtime, which an example asks for beside it, is the repository's. */
async function installed(folder: string, file: string): Promise<void> {
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  await command('npm', ['install', '--offline', '--no-audit', '--no-fund', file], folder);
  symlinkSync(at('node_modules/onnxruntime-web'), join(folder, 'node_modules/onnxruntime-web'));
  cpSync(at('examples'), folder, { recursive: true });
}

let bits = '';

/** In this order: some leave files for later ones. */
const CHECKS: Readonly<Record<string, (lab: Lab) => unknown>> = {
  'publint finds nothing': gates.publint,
  'are the types wrong? no': gates.types,
  'a strict program in TypeScript compiles': gates.compiles,
  'it depends on nothing': gates.manifest,
  'bundles stay below their sizes': gates.sizes,
  'what is not called stays out of a bundle': gates.treeShaking,
  'the surface is the one that was agreed to': gates.surface,
  'node.mjs trains, compares, saves and loads': programs.example,
  'gradients.mjs agrees with differences': programs.gradients,
  'npx softprompt tune runs': programs.commandLine,
  'using and await using give a model back': programs.disposal,
  'twenty models leave no memory behind': programs.memory,
  'bare.html runs without headers, with one thread, and says so': async (lab) => {
    bits = await pages.bare(lab);
  },
  'page, Node and command line train the same bits': (lab) => programs.sameBits(lab, bits),
  'worker/ leaves the page free, built by Vite': pages.viteWorker,
  'webpack needs no configuration, for the worker neither': pages.withWebpack,
  'esbuild needs wasmPaths, and an entry for the worker': pages.withEsbuild,
  'notebook/widget.js gives a prompt back': pages.notebook,
  'bare.html flips the sample sentence, with threads': pages.flip,
};

const folder = mkdtempSync(join(tmpdir(), 'softprompt-package-'));
const seconds = (since: number) => `${((Date.now() - since) / 1000).toFixed(1)} s`;
const counts = { passed: 0, failed: 0 };
const words = process.argv.slice(2);

async function run(lab: Lab): Promise<void> {
  for (const [name, check] of Object.entries(CHECKS)) {
    if (words.length > 0 && !words.some((word) => name.includes(word))) continue;
    const started = Date.now();
    try {
      const found = await check(lab);
      counts.passed++;
      const figures = typeof found === 'string' && !found.includes('\n') ? `: ${found}` : '';
      console.log(`ok ${name} (${seconds(started)})${figures}`);
    } catch (cause) {
      counts.failed++;
      console.log(`FAILED ${name} (${seconds(started)})\n${cause instanceof Error ? cause.message : cause}`);
    }
  }
}

try {
  const file = await packed(folder);
  await installed(folder, file);
  const browser = await chromium.launch(await launchOptions(TEST_ARGS));
  await run({ folder, packed: file, browser }).finally(() => browser.close());
} finally {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(at('test-results'), { recursive: true });
  writeFileSync(at('test-results/package.json'), JSON.stringify(counts));
}
process.exit(counts.failed > 0 ? 1 : 0);
