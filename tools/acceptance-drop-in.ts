/**
 * The drop-in for a web page with the real model: prompts of every placement, hand-written and with examples, answered in
 * Node by the studio's engine and in Chromium by softprompt.js, which a plain server gives to a page without the studio. Then
 * the shipped prompt, calibrated, by the router in Node, the built page's Batch, the drop-in and predict.py: each pair is held
 * against each other. `npx tsx tools/acceptance-drop-in.ts [ROWS [PROMPT [FROM]]]`, after `npm run build`; PROMPT: `suffix`,
 * `examples`, …, `everywhere`
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, expect, type Page } from '@playwright/test';
import Papa from 'papaparse';
import { plainHost } from '../e2e/static-host';
import type { CheckReport } from '../src/api/types';
import { readPrompt } from '../src/cli/data';
import { createLog, DEFAULT_MODEL, openHost } from '../src/cli/node-host';
import { textOf } from '../src/dataset/labels';
import type { Dataset } from '../src/dataset/types';
import { setOfPackage } from '../src/interchange/from-package';
import { type Package, packageJson } from '../src/interchange/package';
import { present } from '../src/lib/assert';
import { argmax } from '../src/metrics/classification';
import { firstText, labelsOf, type Voice } from '../src/prompt/prompt';
import { PLACEMENTS } from '../src/prompt/soft-prompt';
import { alone } from '../src/prompt-set/planned';
import { stamp } from '../src/prompt-set/prompt-set';
import type { PromptSet, Version } from '../src/prompt-set/types';
import { versionsOf } from '../src/prompt-set/versions';
import { createRouter } from '../src/route/router';
import { SILENT } from '../src/workflow/host';
import { type About, makePackage } from '../src/workflow/make-package';
import { prepareRows, readTable } from '../src/workflow/open-data';
import { trainingWords } from '../src/workflow/word-counts';
import { batchLines, inBuiltPage } from './built-page';
import { launchOptions } from './chromium.mjs';
import { findPython } from './export/python.mjs';

const ROOT = join(import.meta.dirname, '..');
const ROWS = Number(process.argv[2] ?? 200);
const ONLY = process.argv[3] ?? '';
/** The first row that is asked. */
const FROM = Number(process.argv[4] ?? 0);
const TOLERANCE = 1e-3;
const SHIPPED = join(ROOT, 'public/sample/support-tone.prompt');
/** Made to change answers: nobody has measured it. */
const CALIBRATION = { meanLogProbs: [-0.6, -2.2, -1.2], rows: 48 };

async function sample(): Promise<Dataset> {
  const bytes = new Uint8Array(readFileSync(join(ROOT, 'public/sample/support-messages.csv')));
  const table = await readTable({ fileName: 'support-messages.csv', bytes }, SILENT);
  return (await prepareRows(table, { text: 'text', label: 'label', id: null, task: 'classify' }, { seed: 0 })).dataset;
}

/** The shipped prompt with its vectors at every place, with others together, and hand-written prompts. */
function prompts(set: PromptSet): readonly (readonly [name: string, ready: Version])[] {
  const [version] = versionsOf(set, 'trained');
  const own = present(version, 'version');
  const text = firstText(own.prompt);
  const soft = present(text.soft, 'vectors');
  const of = (voices: readonly Voice[]): Version => ({ ...own, prompt: { ...own.prompt, voices } });
  const tuned = PLACEMENTS.filter((each) => each !== 'kv').map((placement) => {
    const moved = { ...text, soft: { ...soft, placement }, splitsCue: placement === 'infix' };
    return [`vectors, ${placement}`, of([moved])] as const;
  });
  const half = [{ ...text, weight: 0.5 }];
  const mixed = (others: readonly Voice[]) => of([...half, ...others]);
  const reversed = { ...soft, vectors: soft.vectors.toReversed() };
  const counts = { kind: 'counts', weight: 0.5, counts: trainingWords(dataset) } as const;
  const several = [
    ['mean of two', mixed(half.map((voice) => ({ ...voice, soft: reversed })))],
    ['with word counts', mixed([counts])],
  ] as const;
  const hand = (prompt: object) =>
    of([{ ...text, soft: null, template: `Decide the tone.\n${text.template}`, shots: 0, shotSeed: 1, ...prompt }]);
  return [...tuned, ...several, ['hand-written', hand({})], ['4 examples', hand({ shots: 4 })]];
}

/** What the page says of the check rows of each prompt. */
async function inThePage(page: Page, prompt: Package) {
  const file = JSON.parse(packageJson(prompt));
  return page.evaluate(async (given) => {
    const address = new URL('softprompt.js', location.href).href;
    const { loadPrompt, openModel } = (await import(address)) as typeof import('../src/api/drop-in');
    const begin = performance.now();
    const model = await openModel('../model/', { device: 'wasm' });
    const opened = await loadPrompt(model, given);
    const loaded = performance.now();
    const report: CheckReport = await opened.check();
    const ms = performance.now() - loaded;
    await model.dispose();
    return { report, ms, loadMs: loaded - begin };
  }, file);
}

const dataset = await sample();
const shipped = await readPrompt(SHIPPED);
const set = setIn(shipped);
await using host = await openHost({ model: DEFAULT_MODEL, backend: 'node-wasm', threads: 2 }, createLog());
const sentences = dataset.table.rows.slice(FROM, FROM + ROWS).map((row) => textOf(row, dataset.mapping));
const files = Object.fromEntries(
  await Promise.all(
    ['index.html', 'softprompt.js', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'].map(
      async (name) => [name, await host.dropIn(name)] as const,
    ),
  ),
);
const server = await plainHost(files, DEFAULT_MODEL);
const browser = await chromium.launch(await launchOptions());
let failed = 0;
try {
  for (const [name, ready] of prompts(set)) {
    if (!name.includes(ONLY)) continue;
    const asked = { ...ready, dataset };
    const prompt = await made(asked);
    const { report, ms, loadMs } = await byDropIn(prompt);
    const same = report.rows.filter((row) => row.here === row.expected).length;
    const right = prompt.checkRows.filter((row, i) => {
      const label = labelsOf(asked.prompt)[argmax(row.logProbs)];
      return label === dataset.table.rows.at(FROM + i)?.cells[dataset.mapping.label];
    }).length;
    const ok = report.largest <= TOLERANCE && same === report.rows.length;
    if (!ok) failed++;
    console.log(
      `${ok ? 'ok    ' : 'FAILED'} ${name}: ${same} of ${report.rows.length} labels the same, largest difference ${report.largest.toExponential(2)} (${right} right; loaded in ${(loadMs / 1000).toFixed(1)} s, ${(ms / report.rows.length).toFixed(0)} ms a row on one thread)`,
    );
  }
  if ('everywhere'.includes(ONLY)) await everywhere();
} finally {
  await browser.close();
  await server.close();
}
process.exitCode = failed > 0 ? 1 : 0;

function setIn(of: Package): PromptSet {
  return setOfPackage(of, { ...stamp(), taken: [] });
}

function made(asked: Version): Promise<Package> {
  const { version: _version, fallback: _fallback, checkRows: _checkRows, model, ...about } = shipped;
  const { weights, embeddingMultiplier, layers, heads } = present(model, 'a model');
  const of: About = { ...about, card: { weights, embeddingMultiplier, layers, heads } };
  return makePackage(host, alone(asked), of, sentences, SILENT);
}

async function byDropIn(prompt: Package) {
  // a page without a model of its own, so that one is in memory
  const page = await browser.newPage();
  await page.goto(`${server.url}?model=nowhere/`);
  const found = await inThePage(page, prompt);
  await page.close();
  return found;
}

/** Probabilities by label, a row each; predict.py says that of its answer alone. */
type Said = readonly Readonly<Record<string, number>>[];

/** The shipped prompt, with a calibration, in every place where it answers. */
async function everywhere(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'everywhere-'));
  const files = new Map(readdirSync(SHIPPED).map((name) => [name, readFileSync(join(SHIPPED, name))]));
  const { version, ...file } = JSON.parse(String(files.get('prompt.json')));
  const turned = { ...version, prompt: { ...version.prompt, calibration: CALIBRATION } };
  files.set('prompt.json', Buffer.from(JSON.stringify({ ...file, version: turned })));
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
  const input = Buffer.from(Papa.unparse(sentences.map((text) => ({ text }))));
  writeFileSync(join(folder, 'in.csv'), input);
  const calibrated = setIn(await readPrompt(folder));
  const places = new Map<string, Said>();
  /** Each pair is said as soon as it is known: this takes minutes. */
  const add = (place: string, said: Said) => {
    for (const [other, there] of places) sayPair(other, there, place, said);
    places.set(place, said);
  };
  add('Node', await byRouter(calibrated));
  add('drop-in', await byModule(calibrated));
  const python = findPython();
  if (python) add('predict.py', byPython(python, folder));
  else console.log('There is no python3: predict.py is not asked.');
  add('page', await byPage(files, input));
  rmSync(folder, { recursive: true });
}

async function byRouter(calibrated: PromptSet): Promise<Said> {
  const router = createRouter({ host });
  const said: Record<string, number>[] = [];
  for (const text of sentences) {
    const plan = alone(present(versionsOf(calibrated, 'trained')[0], 'version'));
    const { labels, probabilities } = await router.classify(plan, text);
    said.push(Object.fromEntries(labels.map((label, c) => [label, probabilities[c] ?? Number.NaN])));
  }
  return said;
}

async function byModule(calibrated: PromptSet): Promise<Said> {
  const asked = present(versionsOf(calibrated, 'trained')[0], 'version');
  const { report } = await byDropIn(await made(asked));
  return report.rows.map(({ probabilities }) =>
    Object.fromEntries(labelsOf(asked.prompt).map((label, c) => [label, probabilities[c] ?? Number.NaN])),
  );
}

function byPage(files: ReadonlyMap<string, Buffer>, input: Buffer): Promise<Said> {
  return inBuiltPage(async (studio) => {
    const { page, library } = studio;
    await studio.open('#/', null);
    await studio.go('Library');
    await library.bring(...Array.from(files, ([name, bytes]) => ({ name, bytes })));
    const keep = page.getByRole('dialog').getByRole('button', { name: 'Import', exact: true });
    await expect(keep).toBeEnabled({ timeout: 300_000 });
    await keep.click();
    await page.getByRole('button', { name: 'Versions and stages' }).click();
    const lines = await batchLines(studio, 'tuned 1', { name: 'rows.csv', bytes: input }, ROWS);
    return lines.map((line) =>
      Object.fromEntries(dataset.labels.map((label) => [label, Math.exp(Number(line[`log_p_${label}`]))])),
    );
  });
}

function byPython(python: string, folder: string): Said {
  const output = join(folder, 'out.csv');
  const args = [join(ROOT, 'tools/export/predict.py'), '--package', folder, join(folder, 'in.csv'), output];
  const { status, stderr } = spawnSync(python, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`predict.py ended with ${status}: ${stderr.slice(-2000)}`);
  const { data } = Papa.parse<Record<string, string>>(readFileSync(output, 'utf8'), { header: true });
  return data.flatMap(({ prediction, confidence }) => (prediction ? [{ [prediction]: Number(confidence) }] : []));
}

function answerIn(row: Said[number]): string {
  return Object.keys(row).reduce((best, label) => ((row[label] ?? 0) > (row[best] ?? 0) ? label : best));
}

function sayPair(a: string, here: Said, b: string, there: Said): void {
  let off = here.length === ROWS && there.length === ROWS ? 0 : Number.NaN;
  let same = 0;
  for (const [i, row] of here.entries()) {
    const other = there[i] ?? {};
    for (const label of Object.keys(other).filter((each) => each in row))
      off = Math.max(off, Math.abs((row[label] ?? Number.NaN) - (other[label] ?? Number.NaN)));
    if (answerIn(row) === answerIn(other)) same++;
  }
  const ok = off <= TOLERANCE && same === ROWS;
  if (!ok) failed++;
  console.log(
    `${ok ? 'ok    ' : 'FAILED'} ${a} and ${b}: ${same} of ${ROWS} labels the same, largest difference ${off.toExponential(2)}`,
  );
}
