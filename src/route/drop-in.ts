/**
 * softprompt.js: an exported prompt in a web page without the studio. It is built as one module of its own
 * (tools/drop-in.ts), and answers by the same route and engine as the studio. Its types: tools/export/softprompt.d.ts.
 */
import type { CheckReport, LabelAnswer, Options, Row, Softprompt, TextAnswer } from '../../tools/export/softprompt';
import { isUnsure } from '../dataset/csv-out';
import { createWebEngine } from '../engine/web';
import { present } from '../lib/assert';
import { type Control, uninterrupted } from '../lib/control';
import { StudioError } from '../lib/errors';
import { unwrap } from '../lib/result';
import { argmax } from '../metrics/classification';
import { configOf, type ModelFiles } from '../model/card';
import { loadModelFiles } from '../model/load';
import type { AnsweringVersion } from '../prompt-set/ready-prompt';
import { type Fields, TEXT_SLOT } from '../task/template';
import { createCoreTokenizer } from '../tokens/core-tokenizer';
import { openTokenizerOf } from '../tokens/tokenizer';
import type { AnsweringHost } from './answering';
import { AS_ASKED, createCounts, openRoute, type Policy, type RoutedAnswer } from './policy';
import {
  columnsOf,
  policyFor,
  readWebPrompt,
  versionOfWeb,
  WEB_PROMPT_FILE,
  type WebPrompt,
  type WebVersion,
  webCandidate,
} from './web-prompt';

/** Larger differences mean another computation, not rounding. */
const TOLERANCE = 1e-3;

const isAddress = (prompt: Options['prompt']): prompt is string | URL | undefined =>
  prompt === undefined || typeof prompt === 'string' || prompt instanceof URL;

/** @throws StudioError `bad-input` */
async function readPrompt(prompt: Options['prompt']): Promise<WebPrompt> {
  if (!isAddress(prompt)) return unwrap(readWebPrompt(prompt));
  const address = new URL(prompt ?? new URL(WEB_PROMPT_FILE, import.meta.url), here());
  const value = await fetch(address)
    .then((response) => (response.ok ? response.json() : undefined))
    .catch(() => undefined);
  if (value === undefined)
    throw new StudioError(
      'bad-input',
      `${address.href} could not be read as JSON. Is the exported prompt at this address?`,
    );
  return unwrap(readWebPrompt(value));
}

const here = (): string => globalThis.document?.baseURI ?? location.href;

/** What a folder of the hub may have beside its graph. */
const SETTINGS = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
];

const graphOf = (dtype: string): string =>
  `onnx/model${dtype === 'fp32' ? '' : `_${dtype === 'q8' ? 'quantized' : dtype}`}.onnx`;

/** The model's files: as its studio.json lists them, or those that a folder of the hub has for these weights. */
async function readModel(folder: URL, { model }: WebPrompt, onProgress: Options['onProgress']) {
  const listed = await fetch(new URL('studio.json', folder)).catch(() => null);
  if (listed?.ok && !listed.headers.get('content-type')?.startsWith('text/html')) {
    const progress = (so: { readonly receivedBytes: number; readonly totalBytes: number }) =>
      onProgress?.({ received: so.receivedBytes, total: so.totalBytes });
    const { card, files } = await loadModelFiles(
      { kind: 'site', base: folder.href },
      { cache: null, onProgress: progress },
    );
    return { sha256: card.sha256, files };
  }
  const graph = graphOf(model.dtype);
  const files: Record<string, Uint8Array<ArrayBuffer>> = {};
  for (const path of [...SETTINGS, graph, `${graph}_data`]) {
    const response = await fetch(new URL(path, folder)).catch(() => null);
    if (!response?.ok || response.headers.get('content-type')?.startsWith('text/html')) continue;
    files[path] = new Uint8Array(await response.arrayBuffer());
  }
  for (const needed of ['tokenizer.json', graph])
    if (!files[needed])
      throw new StudioError(
        'model-missing-file',
        `${new URL(needed, folder).href} could not be loaded. The folder must have ${model.id} (${model.dtype}) as the hub lays it out, and allow this page to read it.`,
      );
  return { sha256: undefined, files: files as ModelFiles };
}

interface Loaded {
  readonly host: AnsweringHost;
  readonly dispose: () => Promise<void>;
}

async function loadHost(prompt: WebPrompt, { model, threads, onProgress }: Options): Promise<Loaded> {
  const folder = new URL(String(model).replace(/\/?$/, '/'), here());
  const { files, sha256 } = await readModel(folder, prompt, onProgress);
  const tokenizer = await createCoreTokenizer(files);
  if (tokenizer.sha256 !== prompt.tokenizer.sha256)
    throw new StudioError(
      'model-corrupt',
      `The tokenizer in ${folder.href} is another one than ${prompt.model.id} had in the studio, so that the prompt would read as something else. Use the same model folder.`,
    );
  const engine = await createWebEngine({
    id: prompt.model.id,
    files,
    backend: 'wasm',
    consume: true,
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(threads === undefined ? {} : { threads }),
  });
  let last: Promise<unknown> = Promise.resolve();
  // runs must not overlap
  const queued = <T>(call: () => Promise<T>): Promise<T> => {
    const result = last.then(call);
    last = result.catch(() => undefined);
    return result;
  };
  const host: AnsweringHost = {
    tokens: openTokenizerOf(tokenizer, engine.info.contextLength ?? configOf(files).contextLength),
    engine: {
      info: engine.info,
      score: (...asked) => queued(() => engine.score(...asked)),
      write: (...asked) => queued(() => engine.write(...asked)),
    },
  };
  return { host, dispose: () => queued(() => engine.dispose()) };
}

/** The page's prompt at work. */
interface Working {
  readonly host: AnsweringHost;
  readonly prompt: WebPrompt;
  readonly asked: AnsweringVersion;
  readonly fallback: AnsweringVersion | null;
  readonly policy: Policy;
  /** Null = check rows are not replayed before the first answer. */
  readonly checks: (() => Promise<boolean>) | null;
}

/** What the prompt says of its check rows here, in their order. */
async function replay({ host, prompt, asked }: Working): Promise<CheckReport> {
  const { checkRows, asked: web } = prompt;
  const cells = checkRows.map((row) => row.cells);
  const route = openRoute(host, { asked: webCandidate(host, web, asked, cells), fallback: null, policy: AS_ASKED });
  const { answers } = await route.answer(0, cells.length, uninterrupted);
  const byRow = new Map(answers.map((answer) => [answer.index, answer]));
  const labelOf = (probabilities: readonly number[]) => web.labels[argmax(probabilities)]?.label ?? '';
  const rows = checkRows.map((row, i) => {
    const answer = byRow.get(i);
    const probabilities = answer?.kind === 'classify' ? answer.probabilities : [];
    return {
      cells: row.cells,
      expected: row.text ?? labelOf(row.probabilities),
      here: answer?.kind === 'generate' ? answer.text : labelOf(probabilities),
      expectedProbabilities: row.probabilities,
      probabilities,
    };
  });
  const off = rows.flatMap((row) =>
    row.expectedProbabilities.map((p, c) => Math.abs(p - (row.probabilities[c] ?? Number.NaN))),
  );
  const largest = Math.max(0, ...off);
  return { ok: largest <= TOLERANCE && rows.every((row) => row.expected === row.here), largest, rows };
}

const asFields = (row: Row): Fields => (typeof row === 'string' ? { [TEXT_SLOT]: row } : row);

const WHAT = {
  classify: 'chooses a label: ask it with classify',
  generate: 'generates a text: ask it with generate',
} as const;

function routeOf({ host, prompt, asked, fallback, policy, checks }: Working, kind: 'classify' | 'generate', row: Row) {
  if (asked.task.kind !== kind) throw new StudioError('bad-input', `This prompt ${WHAT[asked.task.kind]}.`);
  const rows = [asFields(row)];
  const first = webCandidate(host, prompt.asked, asked, rows);
  const second = fallback && prompt.fallback && webCandidate(host, prompt.fallback, fallback, rows);
  return openRoute(host, { asked: { ...first, ...(checks && { checks }) }, fallback: second, policy });
}

async function answerTo(working: Working, kind: 'classify' | 'generate', row: Row, control: Control) {
  const begin = performance.now();
  const { answers, leftOut } = await routeOf(working, kind, row).answer(0, 1, control);
  const [answer] = answers;
  if (!answer)
    throw new StudioError('bad-input', `This row cannot be answered: ${leftOut[0]?.[1] ?? 'no answer came'}.`);
  const { asked, fallback } = working.prompt;
  const web = answer.by === 'asked' ? asked : present(fallback, 'the fallback that answered');
  return { answer, web, facts: factsOf(answer, web, performance.now() - begin) };
}

const factsOf = ({ tokens, fallbackReason }: RoutedAnswer, { name, route }: WebVersion, latencyMs: number) => ({
  ...{ version: name, route, tokens, latencyMs },
  ...(fallbackReason && { fallbackReason }),
});

const withThreshold = (version: WebVersion, threshold: number | undefined): WebVersion =>
  threshold === undefined ? version : { ...version, threshold };

/** Loads model and prompt. @throws StudioError */
export async function createSoftprompt(options: Options): Promise<Softprompt> {
  const read = await readPrompt(options.prompt);
  const prompt: WebPrompt = {
    ...read,
    asked: withThreshold(read.asked, options.threshold),
    fallback: read.fallback && withThreshold(read.fallback, options.threshold),
  };
  const { host, dispose } = await loadHost(prompt, options);
  const { asked: web, fallback, model } = prompt;
  const counts = createCounts();
  const working: Working = {
    ...{ host, prompt, policy: policyFor(prompt, options) },
    asked: versionOfWeb(web, model),
    fallback: fallback && versionOfWeb(fallback, model),
    checks: options.check === false ? null : () => (checked ??= replay(working).then(({ ok }) => ok)),
  };
  let checked: Promise<boolean> | null = null;
  const labels = web.labels.map(({ label }) => label);
  return {
    name: prompt.name,
    labels,
    columns: columnsOf(prompt),
    threshold: web.threshold,
    classify: async (row): Promise<LabelAnswer> => {
      const { answer, web: by, facts } = await answerTo(working, 'classify', row, uninterrupted);
      counts.add([answer]);
      const given = answer.kind === 'classify' ? answer.probabilities : [];
      const best = argmax(given);
      return {
        label: labels[best] ?? '',
        probabilities: Object.fromEntries(labels.map((label, i) => [label, given[i] ?? 0])),
        needsReview: isUnsure(given[best] ?? 0, by.threshold),
        ...facts,
      };
    },
    generate: async (row): Promise<TextAnswer> => {
      const { answer, facts } = await answerTo(working, 'generate', row, uninterrupted);
      counts.add([answer]);
      return { text: answer.kind === 'generate' ? answer.text : '', probabilities: null, ...facts };
    },
    explain: async (row) => {
      const { rows, leftOut } = await webCandidate(host, web, working.asked, [asFields(row)]).rows.rowsAt(0, 1);
      const ids = rows[0]?.ids;
      if (!ids) throw new StudioError('bad-input', `This row cannot be answered: ${leftOut[0]?.[1] ?? 'it is empty'}.`);
      const tokens = ids.length + (working.asked.soft?.virtualTokens ?? 0);
      return { version: web.name, prompt: host.tokens.tokenizer.decode(ids), tokens };
    },
    check: () => replay(working),
    counts: () => counts.read(),
    dispose,
  };
}
