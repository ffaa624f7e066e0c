/**
 * The drop-in for a web page with the real model: prompts of every placement, hand-written and with examples, answered in
 * Node by the studio's engine and in Chromium by softprompt.js, which a plain server gives to a page without the studio.
 * `npx tsx tools/acceptance-drop-in.ts [ROWS [PROMPT]]`, after `npm run build`; PROMPT: `suffix`, `examples`, …
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Page } from '@playwright/test';
import { plainHost } from '../e2e/static-host';
import { readPrompt } from '../src/cli/data';
import { createLog, DEFAULT_MODEL, openHost } from '../src/cli/node-host';
import { textOf } from '../src/dataset/labels';
import type { Dataset } from '../src/dataset/types';
import { present } from '../src/lib/assert';
import { uninterrupted } from '../src/lib/control';
import { argmax } from '../src/metrics/classification';
import { PLACEMENTS } from '../src/prompt/soft-prompt';
import { type ReadyPrompt, readyPrompt } from '../src/prompt-set/ready-prompt';
import type { PromptSet } from '../src/prompt-set/types';
import { leaving, makeWebPrompt, type WebPrompt } from '../src/route/web-prompt';
import { SILENT } from '../src/workflow/host';
import { prepareRows, readTable } from '../src/workflow/open-data';
import { CHROMIUM_ARGS, findChromium } from './chromium.mjs';
import type { CheckReport, Softprompt } from './export/softprompt';

const ROOT = join(import.meta.dirname, '..');
const ROWS = Number(process.argv[2] ?? 200);
const ONLY = process.argv[3] ?? '';
const TOLERANCE = 1e-3;

async function sample(): Promise<Dataset> {
  const bytes = new Uint8Array(readFileSync(join(ROOT, 'public/sample/support-messages.csv')));
  const table = await readTable({ fileName: 'support-messages.csv', bytes }, SILENT);
  return (await prepareRows(table, { text: 'text', label: 'label', id: null }, { seed: 0 })).dataset;
}

/** The shipped prompt with its vectors at every place, and hand-written prompts. */
function prompts(set: PromptSet): readonly (readonly [name: string, ready: ReadyPrompt])[] {
  const run = present(set.soft[0], 'run');
  const soft = present(run.soft, 'vectors');
  const tuned = PLACEMENTS.map((placement) => {
    const moved = { ...run, soft: { ...soft, placement }, settings: { ...run.settings, placement } };
    return [`vectors, ${placement}`, readyPrompt(set, { kind: 'soft', version: moved })] as const;
  });
  const hand = (prompt: object) =>
    readyPrompt(set, {
      kind: 'hard',
      version: {
        ...{ id: 'h', number: 1, name: 'h', createdAt: '', tried: null },
        prompt: { template: `Decide the tone.\n${run.template}`, shots: 0, shotSeed: 1, ...prompt },
      },
    });
  return [...tuned, ['hand-written', hand({})], ['4 examples', hand({ shots: 4 })]];
}

/** What the page says of the check rows of each prompt. */
async function inThePage(page: Page, prompt: WebPrompt) {
  const file = { format: 'softprompt-web', formatVersion: 1, ...prompt };
  return page.evaluate(async (given) => {
    const address = new URL('softprompt.js', location.href).href;
    const { createSoftprompt } = (await import(address)) as typeof import('./export/softprompt');
    const begin = performance.now();
    const opened: Softprompt = await createSoftprompt({ model: '../model/', prompt: given });
    const loaded = performance.now();
    const report: CheckReport = await opened.check();
    const ms = performance.now() - loaded;
    await opened.dispose();
    return { report, ms, loadMs: loaded - begin };
  }, file);
}

const dataset = await sample();
const { set } = await readPrompt(join(ROOT, 'public/sample/support-tone.prompt'));
const host = await openHost({ model: DEFAULT_MODEL, backend: 'node-wasm', threads: 2 }, createLog());
const sentences = dataset.table.rows.slice(0, ROWS).map((row) => textOf(row, dataset.mapping));
const files = Object.fromEntries(
  await Promise.all(
    ['index.html', 'softprompt.js', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'].map(
      async (name) => [name, await host.dropIn(name)] as const,
    ),
  ),
);
const server = await plainHost(files, DEFAULT_MODEL);
const executablePath = await findChromium();
const browser = await chromium.launch({ args: CHROMIUM_ARGS, ...(executablePath ? { executablePath } : {}) });
let failed = 0;
try {
  for (const [name, ready] of prompts(set)) {
    if (!name.includes(ONLY)) continue;
    const about = { producer: 'acceptance', name, handle: set.handle, createdAt: new Date().toISOString() };
    const asked = leaving(host, ready, dataset);
    const prompt = await makeWebPrompt(host, { asked, fallback: null }, about, sentences, uninterrupted);
    // a page without a model of its own, so that one is in memory
    const page = await browser.newPage();
    await page.goto(`${server.url}?model=nowhere/`);
    const { report, ms, loadMs } = await inThePage(page, prompt);
    await page.close();
    const same = report.rows.filter((row) => row.here === row.expected).length;
    const right = prompt.checkRows.filter((row, i) => {
      const label = asked.web.labels[argmax(row.probabilities)]?.label;
      return label === dataset.table.rows.at(i)?.cells[dataset.mapping.label];
    }).length;
    const ok = report.largest <= TOLERANCE && same === report.rows.length;
    if (!ok) failed++;
    console.log(
      `${ok ? 'ok    ' : 'FAILED'} ${name}: ${same} of ${report.rows.length} labels the same, largest difference ${report.largest.toExponential(2)} (${right} right; loaded in ${(loadMs / 1000).toFixed(1)} s, ${(ms / report.rows.length).toFixed(0)} ms a row on one thread)`,
    );
  }
} finally {
  await browser.close();
  await server.close();
  await host.dispose();
}
process.exitCode = failed > 0 ? 1 : 0;
