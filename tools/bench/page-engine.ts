/** The page's workers in Chromium on WASM, and a training run on SST-2 for them, for `sst2.ts` and `improve-page.ts`. */
import { join } from 'node:path';
import { chromium } from 'playwright';
import { build, preview } from 'vite';
import { readModelDir } from '../../src/api/node-platform';
import { createLog, DEFAULT_MODEL } from '../../src/cli/node-host';
import { createCoreTokenizer } from '../../src/tokens/core-tokenizer';
import { labelTokens, openTokenizerOf } from '../../src/tokens/tokenizer';
import { STANDARD, type TrainingSettings } from '../../src/training/settings';
import { initialText } from '../../src/workflow/runs';
import { renderExamples } from '../../src/workflow/token-rows';
import { openSet } from '../../src/workflow/tune';
import { launchOptions, NO_GPU_ARGS } from '../chromium.mjs';
import { fasterRuntime } from '../faster-runtime';
import { HEADERS } from '../headers.mjs';
import type { EngineBench, PlainRequest, TimedRun, TimedSearch } from './engine-page/main';
import { readSet } from './sets';

const root = join(import.meta.dirname, '../..');

/** Rows that accuracy is measured on, by the way. */
const TEST_ROWS = 100;

/** 256 rows, their labels and the start of a run with the standard preset, and test rows, from DATA/sst2-*.csv. */
export async function sst2(data: string) {
  const { files } = await readModelDir(DEFAULT_MODEL);
  const tokens = openTokenizerOf(await createCoreTokenizer(files), null);
  const prompt = 'Decide whether the review is negative or positive.\nReview: {text}\nSentiment:';
  const dataset = await readSet(data, 'sst2', { seed: 0, trainRows: 256, testRows: TEST_ROWS }, createLog());
  const stamp = { newId: () => 'bench', now: () => new Date().toISOString() };
  const set = openSet({ tokens, ...stamp }, { dataset, prompt, words: null });
  const bare = { template: set.baseTemplate, shots: 0, shotSeed: 0 };
  const plain = (part: 'train' | 'test') =>
    renderExamples(tokens, { dataset, prompt: bare, words: set.words, split: part }, null).map(
      ({ rowId, text, label }) => ({ rowId, label, ids: Array.from(tokens.encode(text)) }),
    );
  const instruction = tokens.encode(initialText(set));
  const initIds = Array.from({ length: STANDARD.virtualTokens }, (_, i) => instruction[i % instruction.length] ?? 0);
  return { rows: plain('train'), test: plain('test'), labels: labelTokens(tokens, set.words), initIds };
}

export type Sst2 = Awaited<ReturnType<typeof sst2>>;

/** A run of that task. Rows that share `cacheKey` with an earlier run are not read again. */
export const runOf = (
  { rows, labels, initIds }: Sst2,
  cacheKey: string,
  settings: Partial<TrainingSettings>,
  validation: PlainRequest['validation'] = [],
): PlainRequest => ({
  runId: cacheKey,
  rows,
  validation,
  labels,
  settings: { ...STANDARD, patience: null, ...settings },
  initIds,
  cacheKey,
});

/**
 * The first of the measured points that reaches each target, and when by the clock of a run that is not measured.
 * @param stepAt seconds from the beginning to the end of each step, the first one first
 * @returns null where a target is never reached; step 0 is reached at once
 */
export function timesTo<P extends { readonly step: number }>(
  targets: Readonly<Record<string, (point: P) => boolean>>,
  stepAt: readonly number[],
  points: readonly P[],
): Record<string, { step: number; seconds: number } | null> {
  const reached = (isThere: (point: P) => boolean) => {
    const first = points.find(isThere);
    return first ? { step: first.step, seconds: stepAt[first.step - 1] ?? 0 } : null;
  };
  return Object.fromEntries(Object.entries(targets).map(([name, isThere]) => [name, reached(isThere)]));
}

/** The engine's own page, built and opened, with the embedded model on it. */
export async function openPageEngine(threads: number) {
  const page = join(import.meta.dirname, 'engine-page');
  const outDir = join(root, '.cache/engine-page');
  const shared = {
    configFile: false as const,
    plugins: [fasterRuntime()],
    root: page,
    publicDir: join(root, 'public'),
    resolve: { conditions: ['onnxruntime-web-use-extern-wasm', 'module', 'browser', 'development|production'] },
    worker: { format: 'es' as const },
    build: { outDir, emptyOutDir: true, target: 'es2023', assetsInlineLimit: 0 },
    logLevel: 'error' as const,
  };
  await build(shared);
  const server = await preview({ ...shared, preview: { port: 4192, headers: HEADERS } });
  const browser = await chromium.launch(await launchOptions(NO_GPU_ARGS));
  const tab = await (await browser.newContext()).newPage();
  await tab.goto(server.resolvedUrls?.local[0] ?? '');
  const found = await tab.evaluate(
    ([base, count]) => (globalThis as unknown as { bench: EngineBench }).bench.load(base as string, count as number),
    ['/models/HuggingFaceTB/SmolLM2-135M-Instruct', threads] as const,
  );
  if (found !== threads) throw new Error(`the page runs ${found} threads, not ${threads}`);
  return {
    train: (request: PlainRequest): Promise<TimedRun> =>
      tab.evaluate((plain) => (globalThis as unknown as { bench: EngineBench }).bench.train(plain), request),
    search: (...asked: Parameters<EngineBench['search']>): Promise<TimedSearch> =>
      tab.evaluate((all) => (globalThis as unknown as { bench: EngineBench }).bench.search(...all), asked),
    close: async () => {
      await browser.close();
      await server.close();
    },
  };
}

export const median = (numbers: readonly number[]) =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
