/** softprompt.js, built as one module (tools/drop-in.ts). Its types: tools/export/softprompt.d.ts. */
import type {
  CheckReport,
  LabelAnswer,
  Options,
  Softprompt,
  TagAnswer,
  TextAnswer,
} from '../../tools/export/softprompt';
import { createWebEngine } from '../engine/web';
import { columnsOf, type Package, PROMPT_FILE, packageIn, unpacked } from '../interchange/package';
import { inTurn, uninterrupted } from '../lib/control';
import { badInput, corruptModel } from '../lib/errors';
import { unwrap } from '../lib/result';
import { configOf } from '../model/card';
import { loadModelFiles } from '../model/load';
import { labelsOf } from '../prompt/prompt';
import { withThreshold } from '../prompt-set/planned';
import { versionWords } from '../prompt-set/versions';
import { createCoreTokenizer } from '../tokens/core-tokenizer';
import { openTokenizerOf } from '../tokens/tokenizer';
import { type AnsweringHost, answerFrom } from './answering';
import { checkAnswer, replay } from './check-rows';
import { policyFor, type Share } from './policy';
import { createRouter } from './router';

/** Above, another computation, not rounding. */
const TOLERANCE = 1e-3;

const isAddress = (prompt: Options['prompt']): prompt is string | URL | undefined =>
  prompt === undefined || typeof prompt === 'string' || prompt instanceof URL;

/** @throws StudioError `bad-input` */
async function readPrompt(prompt: Options['prompt']): Promise<Package> {
  if (!isAddress(prompt)) return unwrap(packageIn(prompt));
  const address = new URL(prompt ?? new URL(PROMPT_FILE, import.meta.url), here());
  const value = await fetch(address)
    .then((response) => (response.ok ? response.json() : undefined))
    .catch(() => undefined);
  if (value === undefined)
    throw badInput(`${address.href} could not be read as JSON. Is the exported prompt at this address?`);
  return unwrap(packageIn(value));
}

const here = (): string => globalThis.document?.baseURI ?? location.href;

interface Loaded {
  readonly host: AnsweringHost;
  readonly dispose: () => Promise<void>;
}

async function loadHost({ model: of, tokenizer: read }: Package, options: Options): Promise<Loaded> {
  const { model, threads, onProgress } = options;
  if (!of || !read) throw badInput('This prompt counts words and needs no model, and a page asks one.');
  const folder = new URL(String(model).replace(/\/?$/, '/'), here());
  const { card, files } = await loadModelFiles(
    { kind: 'site', base: folder.href, dtype: of.dtype },
    {
      cache: null,
      onProgress: ({ receivedBytes, totalBytes }) => onProgress?.({ received: receivedBytes, total: totalBytes }),
    },
  );
  const tokenizer = await createCoreTokenizer(files);
  if (tokenizer.sha256 !== read.sha256)
    throw corruptModel(
      `The tokenizer in ${folder.href} differs from the one that ${of.id} had in the studio, so that the prompt would read as something else. Use the same model folder.`,
    );
  const engine = await createWebEngine({
    id: of.id,
    files,
    backend: 'wasm',
    consume: true,
    sha256: card.sha256,
    ...(threads === undefined ? {} : { threads }),
  });
  const queued = inTurn(); // runs must not overlap
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

/** What the prompt says of its check rows here, in their order. */
async function checked(host: AnsweringHost, of: Package): Promise<CheckReport> {
  const { rows: found, changed } = await replay(host, of, { control: uninterrupted, emit: () => {} });
  const { prompt } = of.version;
  const rows = of.checkRows.map(({ cells, target }, i) => {
    const { expected = [], here = [] } = found[i] ?? {};
    const said = (logProbs: readonly number[]) => target?.text.trim() ?? checkAnswer(of, logProbs);
    const sharesOf = (logProbs: readonly number[]) =>
      answerFrom(prompt, logProbs)?.probabilities ?? logProbs.map(Math.exp);
    const shares = { expectedProbabilities: sharesOf(expected), probabilities: sharesOf(here) };
    return { cells, expected: said(expected), here: said(here), ...shares };
  });
  const off = rows.flatMap((row) =>
    row.expectedProbabilities.map((p, c) => Math.abs(p - (row.probabilities[c] ?? Number.NaN))),
  );
  const largest = Math.max(0, ...off);
  return { ok: largest <= TOLERANCE && changed === 0, largest, rows };
}

/** @throws StudioError `bad-input` */
function shareIn({ share, shareBy }: Options, { fallback }: Package): Share | undefined {
  if (share === undefined) return undefined;
  if (!(share >= 0 && share <= 100)) throw badInput(`share takes per cent from 0 to 100, not ${share}.`);
  if (!fallback) throw badInput(`${PROMPT_FILE} has no hand-written prompt for the texts outside the share.`);
  return { of: share / 100, id: shareBy ?? null };
}

const byLabel = (labels: readonly string[], probabilities: readonly number[]) =>
  Object.fromEntries(labels.map((label, i) => [label, probabilities[i] ?? 0]));

/** @throws StudioError */
export async function createSoftprompt(options: Options): Promise<Softprompt> {
  const prompt = await readPrompt(options.prompt);
  const share = shareIn(options, prompt);
  const { host, dispose } = await loadHost(prompt, options);
  const open = (of: Package['version']) => withThreshold(unpacked(prompt, of), options.threshold);
  const asked = open(prompt.version);
  const plan = {
    handle: prompt.handle,
    dataset: null,
    asked,
    fallback: prompt.fallback && open(prompt.fallback),
    policy: policyFor(prompt.policy, options),
  };
  const check = () => checked(host, prompt);
  const checks = options.check === false ? undefined : async () => (await check()).ok;
  const router = createRouter({ host, checks, share });
  return {
    name: prompt.name,
    task: asked.prompt.task.kind,
    labels: labelsOf(asked.prompt),
    columns: columnsOf(prompt),
    threshold: asked.prompt.threshold?.value ?? null,
    classify: async (row): Promise<LabelAnswer> => {
      const { labels, probabilities, ...answer } = await router.classify(plan, row);
      return { ...answer, probabilities: byLabel(labels, probabilities) };
    },
    tag: async (row): Promise<TagAnswer> => {
      const { labels, probabilities, ...answer } = await router.tag(plan, row);
      return { ...answer, probabilities: byLabel(labels, probabilities) };
    },
    generate: (row): Promise<TextAnswer> => router.generate(plan, row),
    explain: async (row) => {
      const { prompt: text, tokens } = await router.explain(plan, row);
      if (text === null) throw badInput('This text cannot be answered: it has no text, or is too long.');
      return { version: versionWords(asked), prompt: text, tokens };
    },
    check,
    counts: () => router.counts(),
    dispose,
  };
}
