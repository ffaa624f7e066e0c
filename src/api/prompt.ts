/** A prompt that answers: a package over a loaded model, asked by the product's router. */

import {
  columnsOf,
  isPackage,
  type Package,
  PROMPT_FILE,
  packageIn,
  readPackage,
  unpacked,
} from '../interchange/package';
import { type Control, childControl, controlOf, uninterrupted } from '../lib/control';
import { badInput, corruptModel } from '../lib/errors';
import { unwrap } from '../lib/result';
import { streamed } from '../lib/stream';
import { labelsOf, softOf, textsOf } from '../prompt/prompt';
import { shapeOf } from '../prompt/soft-prompt';
import { withoutVectors as bare, withThreshold } from '../prompt-set/planned';
import type { Version } from '../prompt-set/types';
import { versionWords } from '../prompt-set/versions';
import { answerFrom, fieldsSource, roomFor } from '../route/answering';
import { checkAnswer, replay } from '../route/check-rows';
import { policyFor, type Share } from '../route/policy';
import { createRouter, type Router } from '../route/router';
import { decoded } from '../tokens/tokenizer';
import type { Host } from '../workflow/host';
import { checkAsked } from './check';
import { type ApiHost, type Behind, hostOf } from './host';
import type {
  Asked,
  CheckReport,
  Files,
  LabelAnswer,
  LoadOptions,
  LoadPrompt,
  Prompt,
  PromptSource,
  Rows,
  TagAnswer,
  TextAnswer,
} from './types';

const behind = new WeakMap<object, Behind>();

/** Null = it is no prompt of this package. */
export const behindPrompt = (prompt: object): Behind | null => behind.get(prompt) ?? null;

/** Above, another computation, not rounding. */
const TOLERANCE = 1e-3;

/** What the prompt says of its check rows here, in their order. */
async function checked(host: Host, of: Package): Promise<CheckReport> {
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
function shareIn({ share, shareBy }: LoadOptions, { fallback }: Package): Share | undefined {
  if (share === undefined) return undefined;
  if (!(share >= 0 && share <= 100)) throw badInput(`share takes per cent from 0 to 100, not ${share}.`);
  if (!fallback) throw badInput(`${PROMPT_FILE} has no hand-written prompt for the texts outside the share.`);
  return { of: share / 100, id: shareBy ?? null };
}

const byLabel = (labels: readonly string[], probabilities: readonly number[]) =>
  Object.fromEntries(labels.map((label, i) => [label, probabilities[i] ?? 0]));

const asFields = (row: Asked) => (typeof row === 'string' ? { text: row } : row);

/** The most likely answer, a piece of text at a time. It ends where an answer of `generate` ends. */
async function write(host: Host, version: Version, row: Asked, control: Control, give: (piece: string) => void) {
  const { tokens, engine } = host;
  const { rows, leftOut } = await fieldsSource(host, version, [asFields(row)]).rowsAt(0, 1);
  const [asked] = rows;
  if (!asked) throw badInput(`This text cannot be answered: ${leftOut[0]?.[1] ?? 'it has no tokens'}.`);
  const breaks = new Set(tokens.breaks());
  const stop = childControl(control);
  const written: number[] = [];
  let shown = '';
  let ended = false;
  const onToken = (id: number) => {
    const isBreak = breaks.has(id);
    ended ||= isBreak && written.length > 0;
    if (ended) stop.ask('cancel');
    if (ended || isBreak) return;
    written.push(id);
    const text = decoded(tokens, Int32Array.from(written));
    // a letter of several tokens is not yet whole
    if (text.endsWith('\ufffd') || !text.startsWith(shown)) return;
    if (text !== shown) give(text.slice(shown.length));
    shown = text;
  };
  const soft = softOf(version.prompt);
  const ends = { endTokenIds: tokens.tokenizer.endTokenIds, maxNewTokens: roomFor(host, version, null) ?? 0 };
  try {
    await engine.generate({ ...asked, soft, temperature: 0, topP: 1, seed: 0, ...ends }, stop, onToken);
  } catch (cause) {
    if (!ended) throw cause;
  }
}

interface Opened {
  readonly host: ApiHost;
  readonly asked: Version;
  readonly plan: Parameters<Router['classify']>[0];
  readonly router: Router;
}

/** @throws StudioError `bad-input` */
const sound = (rows: readonly Asked[]): readonly Asked[] => {
  checkAsked(rows);
  return rows;
};

/** The calls that answer. */
const answersOf = ({ host, asked, plan, router }: Opened): Pick<Prompt, (typeof CALLS)[number]> => ({
  classify: async (rows, { signal } = {}) =>
    (await router.classifyAll(plan, sound(rows), controlOf(signal))).map(
      ({ labels, probabilities, needsReview, ...answer }): LabelAnswer => ({
        ...answer,
        probability: Math.max(...probabilities),
        probabilities: byLabel(labels, probabilities),
        sure: !needsReview,
      }),
    ),
  tag: async (rows, { signal } = {}) =>
    (await router.tagAll(plan, sound(rows), controlOf(signal))).map(
      ({ labels, probabilities, ...answer }): TagAnswer => ({
        ...answer,
        probabilities: byLabel(labels, probabilities),
      }),
    ),
  write: async (rows, { signal } = {}) =>
    (await router.generateAll(plan, sound(rows), controlOf(signal))).map(
      ({ probabilities: _, ...answer }): TextAnswer => answer,
    ),
  generate: (row, { signal } = {}) => ({
    [Symbol.asyncIterator]: () =>
      streamed<string, void>((give) => write(host, asked, row, controlOf(signal), give))[Symbol.asyncIterator](),
  }),
  explain: async (row) => {
    const { prompt: text, tokens } = await router.explain(plan, row);
    if (text === null) throw badInput('This text cannot be answered: it has no text, or is too long.');
    return { version: versionWords(asked), prompt: text, tokens };
  },
  counts: () => router.counts(),
});

const CALLS = ['classify', 'tag', 'write', 'generate', 'explain', 'counts'] as const;

/** A package of the text alone, calibrated as it was compared. */
function withoutVectors(of: Package): Package {
  const { prompt, origin, learned } = bare(unpacked(of, of.version));
  const version = { name: 'untuned', origin, learned, prompt: { ...prompt, calibration: of.untuned } };
  return { ...of, version, fallback: null, policy: null, checkRows: [], run: null, untuned: null, results: null };
}

/** @param more what is known besides the file */
export function openPrompt(
  host: ApiHost,
  of: Package,
  options: LoadOptions,
  more: { readonly stored?: Behind['stored']; readonly heldOut?: Rows } = {},
): Prompt {
  const open = (version: Package['version']) => withThreshold(unpacked(of, version), options.threshold);
  const asked = open(of.version);
  const fallback = of.fallback && open(of.fallback);
  const plan = { handle: of.handle, dataset: null, asked, fallback, policy: policyFor(of.policy, options) };
  const check = () => checked(host, of);
  const checks = options.check === false ? undefined : async () => (await check()).ok;
  const router = createRouter({ host, checks, share: shareIn(options, of) });
  const soft = softOf(asked.prompt);
  const known: Behind = { host, package: of, stored: more.stored ?? null };
  const prompt: Prompt = {
    name: of.name,
    task: asked.prompt.task.kind,
    labels: labelsOf(asked.prompt),
    columns: columnsOf(of),
    threshold: asked.prompt.threshold?.value ?? null,
    template: textsOf(asked.prompt)[0]?.template ?? '',
    vectors: soft && { shape: shapeOf(soft), data: soft.vectors },
    heldOut: more.heldOut ?? [],
    untuned: soft && openPrompt(host, withoutVectors(of), {}),
    ...answersOf({ host, asked, plan, router }),
    check,
    toFiles: async (...how) => (await host.files()).filesOf(known, ...how),
  };
  behind.set(prompt, known);
  return prompt;
}

const isAddress = (files: PromptSource): files is string | URL => typeof files === 'string' || files instanceof URL;

const WANTED = `There is no ${PROMPT_FILE}: give the files of an exported prompt, or where they are.`;

const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b;

/** @throws StudioError `bad-input` */
async function readFiles(host: ApiHost, files: PromptSource): Promise<Package> {
  if (isPackage(files)) return unwrap(packageIn(files));
  if (typeof files !== 'object' && typeof files !== 'string') throw badInput(WANTED);
  const bytes = isAddress(files)
    ? await host.bytesAt(files)
    : files instanceof Blob
      ? new Uint8Array(await files.arrayBuffer())
      : (files as Files | null)?.[PROMPT_FILE];
  const found = bytes && isZip(bytes) ? (await host.files()).unzipped(bytes)[PROMPT_FILE] : bytes;
  if (!found) throw badInput(WANTED);
  return unwrap(readPackage(found));
}

/** Why its answers would be another prompt's. */
function checkFit({ tokens, engine: { info } }: Host, { tokenizer, model, version }: Package): void {
  if (!model || !tokenizer) throw badInput('This prompt counts words and needs no model; this package asks one.');
  const soft = softOf(version.prompt);
  if (soft && soft.hidden !== info.hidden)
    throw badInput(
      `Its vectors have ${soft.hidden} numbers each, but those of ${info.id} have ${info.hidden}: it was trained on ${model.id} (${model.dtype}). Open that model.`,
    );
  if (tokens.tokenizer.sha256 !== tokenizer.sha256)
    throw corruptModel(
      `The tokenizer of ${info.id} differs from the one that ${model.id} had when the prompt was made, so that it would read as something else. Use the same model folder.`,
    );
}

export const loadPrompt: LoadPrompt = async (model, files, options = {}) => {
  const host = hostOf(model);
  const of = await readFiles(host, files);
  checkFit(host, of);
  return openPrompt(host, of, options);
};
