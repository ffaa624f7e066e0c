/**
 * `web-prompt.json` of a drop-in: a version as it answers in a web page without the studio, the hand-written one that answers
 * where it fails, and check rows. Examples are in its templates. Read as data from a stranger.
 */
import type { Dataset } from '../dataset/types';
import { newerFormat } from '../lib/bytes';
import type { Control } from '../lib/control';
import { type Failure, fail, ok, type Result, unwrap } from '../lib/result';
import { byName, firstFault, z } from '../lib/zod';
import { faultInWords, type WordModel } from '../metrics/logistic';
import { allFinite, PLACEMENTS, readFloats, type SoftPrompt, writeFloats } from '../prompt/soft-prompt';
import {
  type AnsweringVersion,
  alone,
  namedVersion,
  type ReadyPrompt,
  type Together,
} from '../prompt-set/ready-prompt';
import { STAGE_POLICIES } from '../prompt-set/types';
import { tunedPrompt } from '../prompt-set/versions';
import { wholeTemplates } from '../task/render';
import { type Fields, otherColumns, parseTemplate, TEXT_SLOT } from '../task/template';
import { type AnsweringHost, fieldsSource } from './answering';
import { longestAnswer } from './generated-texts';
import { AS_ASKED, type Policy } from './policy';
import { createRouter, routeOf } from './router';

export const WEB_PROMPT_FILE = 'web-prompt.json';
const FORMAT = 'softprompt-web';
/**
 * 2 with a policy: a module that reads only 1 would ask the version alone. 3 with several prompts together: it would answer
 * by the first vectors alone.
 */
const VERSION = 3;

const text = (max: number) => z.string().max(max);
const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/, 'must be base64');
const model = z.object({ id: text(500), dtype: text(50), sha256: z.string().regex(/^[0-9a-f]{64}$/) });

const vectorsSchema = z.object({
  placement: z.enum(PLACEMENTS),
  virtualTokens: z.int().min(1).max(1024),
  hidden: z.int().min(1).max(65_536),
  float32: base64,
  /** Of trained answer words. */
  answerShift: base64.nullable(),
});

const numbers = z.array(z.number());

/** What answers beside a version's own vectors. */
const togetherSchema = z.object({
  vectors: z.array(vectorsSchema).max(64),
  words: z
    .object({
      /** Of the prompts; the rest is that of the words. */
      weight: z.number().min(0).max(1),
      model: z.object({
        ngrams: z.int().min(1).max(5),
        sublinear: z.boolean(),
        vocabulary: z.array(text(200_000)),
        idf: numbers,
        /** Places of the labels that have weights. */
        known: numbers,
        weights: numbers,
      }),
    })
    .nullable(),
});

const versionSchema = z.object({
  /** "tuned 3". */
  name: text(200),
  route: z.enum(['hand-written', 'tuned', 'hybrid', 'ensemble', 'combined']),
  /** With the examples in them; of several, with the examples in other orders, the mean answer counts. */
  templates: z.array(text(1_000_000)).min(1).max(64),
  chat: z.boolean(),
  /** As they follow the template; none where texts are generated. */
  labels: z.array(z.object({ label: text(2000), word: text(2000) })).max(1000),
  /** Most tokens of a generated text; null = it chooses a label. */
  longest: z.int().min(1).max(4096).nullable(),
  calibration: z.array(z.number()).max(1000).nullable(),
  threshold: z.number().min(0).max(1).nullable(),
  vectors: vectorsSchema.nullable(),
  together: togetherSchema.exactOptional(),
});

const schema = z.object({
  format: z.literal(FORMAT),
  formatVersion: z.int().min(1).max(VERSION),
  producer: text(200),
  name: text(200),
  handle: text(100),
  createdAt: text(40),
  /** Whose weights gave the answers of the check rows; vectors work with these alone. */
  model,
  tokenizer: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  asked: versionSchema,
  fallback: versionSchema.nullable(),
  /** Of a stage that points to the version; left out = it has none. */
  policy: z
    .object({ kind: z.enum(STAGE_POLICIES), rowTimeoutMs: z.number().positive().max(3_600_000).optional() })
    .optional(),
  checkRows: z
    .array(
      z.object({
        cells: byName('string'),
        /** In the order of the labels; none where texts are generated. */
        probabilities: z.array(z.number().min(0).max(1)).max(1000),
        text: text(100_000).nullable(),
      }),
    )
    .max(1000),
});

export type WebPrompt = Omit<z.infer<typeof schema>, 'format' | 'formatVersion'>;
export type WebVersion = WebPrompt['asked'];
type WebVectors = z.infer<typeof vectorsSchema>;
type WebWords = NonNullable<z.infer<typeof togetherSchema>['words']>;

const NOTHING = 'Export the drop-in again, or take the newest version of softprompt.js.';
const bad = (what: string) =>
  fail('bad-web-prompt', `${WEB_PROMPT_FILE} is not in the expected format (${what}). ${NOTHING}`);

export function webPromptJson(prompt: WebPrompt): string {
  const formatVersion = prompt.asked.together ? VERSION : prompt.policy ? 2 : 1;
  return `${JSON.stringify({ format: FORMAT, formatVersion, ...prompt }, null, 2)}\n`;
}

/** @param value parsed JSON */
export function readWebPrompt(value: unknown): Result<WebPrompt, Failure<'bad-web-prompt' | 'newer-version'>> {
  const found = newerFormat(value, VERSION);
  if (found !== null)
    return fail(
      'newer-version',
      `${WEB_PROMPT_FILE} has the format ${found}; this module reads ${VERSION}. ${NOTHING}`,
    );
  const parsed = schema.safeParse(value);
  if (!parsed.success) return bad(`at ${firstFault(parsed.error)}`);
  const { format: _format, formatVersion: _version, ...prompt } = parsed.data;
  const { asked, fallback, checkRows, policy } = prompt;
  const fault = faultIn(asked) ?? (fallback && faultIn(fallback));
  if (fault) return bad(fault);
  const labels = (of: WebVersion) => JSON.stringify(of.labels.map(({ label }) => label));
  if (fallback && labels(fallback) !== labels(asked)) return bad('the fallback has other labels');
  if (policy && !fallback) return bad('it has a policy, but no fallback that it could ask');
  if (checkRows.some(({ probabilities }) => probabilities.length !== asked.labels.length))
    return bad('a check row has another number of probabilities');
  return ok(prompt);
}

/** What does not fit together, or null. */
function faultIn({ templates, labels, longest, calibration, vectors, together }: WebVersion): string | null {
  if (new Set(labels.map(({ label }) => label)).size !== labels.length) return 'two labels are equal';
  if (longest === null ? labels.length < 2 : labels.length > 0)
    return 'it has neither labels nor a length of its texts';
  if (calibration && calibration.length !== labels.length) return 'calibration must have one value per label';
  for (const each of templates) {
    const read = parseTemplate(each);
    if (!read.ok) return `a template cannot be read: ${read.error.message}`;
    if (!read.value.some((part) => part.kind === 'slot' && part.column === TEXT_SLOT))
      return 'a template has no place for {text}';
  }
  if (together && (longest !== null || !vectors)) return 'only vectors that choose a label answer together';
  const fault = [vectors, ...(together?.vectors ?? [])].map((each) => each && faultInVectors(each, labels.length));
  return (
    fault.find((each) => each !== null) ?? (together?.words ? faultInWords(wordsOf(together.words, labels)) : null)
  );
}

function faultInVectors({ virtualTokens, hidden, float32, answerShift }: WebVectors, labels: number): string | null {
  if (!isTable(float32, virtualTokens * hidden)) return `the vectors are not ${virtualTokens} of ${hidden} numbers`;
  return answerShift === null || isTable(answerShift, labels * hidden)
    ? null
    : `the answer words are not ${labels} of ${hidden} numbers`;
}

const wordsOf = ({ model }: WebWords, { length: classes }: WebVersion['labels']): WordModel => ({
  ...model,
  classes,
  weights: Float64Array.from(model.weights),
});

const floatsIn = (coded: string): Float32Array<ArrayBuffer> =>
  readFloats(Uint8Array.from(atob(coded), (char) => char.charCodeAt(0)));

function isTable(coded: string, length: number): boolean {
  if (coded.length !== 4 * Math.ceil((4 * length) / 3)) return false;
  const values = floatsIn(coded);
  return values.length === length && allFinite(values);
}

const coded = (values: Float32Array): string =>
  btoa(Array.from(writeFloats(values), (byte) => String.fromCharCode(byte)).join(''));

/** @param templates with the examples in them. @param longest of its texts, where it generates some */
function webVersion(
  { task, prompt, words, soft, together }: AnsweringVersion,
  { name, route, templates, longest }: Pick<WebVersion, 'name' | 'route' | 'templates' | 'longest'>,
): WebVersion {
  const isChoice = task.kind === 'classify';
  return {
    ...{ name, route, templates, longest },
    chat: prompt.chat ?? false,
    labels: words.map(({ label, word }) => ({ label, word })),
    calibration: isChoice && task.calibration ? [...task.calibration] : null,
    threshold: isChoice ? (task.threshold ?? null) : null,
    vectors: soft && webVectors(soft),
    ...(together && { together: webTogether(together) }),
  };
}

const webVectors = ({ placement, virtualTokens, hidden, vectors, answerShift }: SoftPrompt): WebVectors => ({
  ...{ placement, virtualTokens, hidden, float32: coded(vectors) },
  answerShift: answerShift ? coded(answerShift) : null,
});

function webTogether({ softs, words }: Together): NonNullable<WebVersion['together']> {
  const vectors = softs.map(webVectors);
  if (!words) return { vectors, words };
  const { ngrams, sublinear, vocabulary, idf, known, weights } = words.model;
  const lists = { vocabulary: [...vocabulary], idf: [...idf], known: [...known], weights: [...weights] };
  return { vectors, words: { weight: words.weight, model: { ngrams, sublinear, ...lists } } };
}

function softOf({ float32, answerShift, ...shape }: WebVectors): SoftPrompt {
  const shift = answerShift === null ? {} : { answerShift: floatsIn(answerShift) };
  return { ...shape, vectors: floatsIn(float32), ...shift };
}

/** What answers together with a version of a file; null = nothing. @param texts besides its first template */
function togetherOf({ labels, together }: WebVersion, texts: readonly string[]): Together | null {
  if (!together && texts.length === 0) return null;
  const { vectors = [], words = null } = together ?? {};
  return {
    texts,
    softs: vectors.map(softOf),
    words: words && { weight: words.weight, model: wordsOf(words, labels) },
  };
}

/** The version of a file as it answers. @param of the model that its vectors were trained on */
export function versionOfWeb(web: WebVersion, of: WebPrompt['model']): AnsweringVersion {
  const { labels, longest, calibration, threshold, chat } = web;
  const soft = web.vectors && softOf(web.vectors);
  const [template = '', ...texts] = web.templates;
  const together = togetherOf(web, texts);
  return {
    task:
      longest === null
        ? { kind: 'classify', calibration, ...(threshold === null ? {} : { threshold }) }
        : { kind: 'generate', longest },
    prompt: { ...(soft ? tunedPrompt(template, soft) : { template, shots: 0, shotSeed: 0 }), chat },
    words: labels,
    soft,
    model: soft && of,
    dataset: null,
    ...(together && { together }),
  };
}

/** The columns that a row needs besides the text. */
export const columnsOf = ({ asked, fallback }: Pick<WebPrompt, 'asked' | 'fallback'>): readonly string[] => [
  ...new Set(
    [asked, ...(fallback ? [fallback] : [])].flatMap(({ templates }) =>
      templates.flatMap((each) => otherColumns(each, TEXT_SLOT)),
    ),
  ),
];

/** What the page asks for, else the policy of the stage, else the fallback where the prompt fails. */
export function policyFor(
  { policy: kept }: Pick<WebPrompt, 'policy'>,
  {
    fallback,
    timeoutMs,
  }: { readonly fallback?: 'errors' | 'unsure' | 'none' | undefined; readonly timeoutMs?: number | undefined },
): Policy {
  const late = timeoutMs === undefined ? {} : { timeoutMs };
  if (fallback === undefined && kept) return kept.kind === 'fallback' ? { ...kept, kind: kept.kind, ...late } : kept;
  if (fallback === 'none') return AS_ASKED;
  // an unsure answer is a person's to check, unless the page says otherwise
  const least = fallback === 'unsure' ? {} : { threshold: 0 };
  return { kind: 'fallback', ...least, ...late };
}

/** A version as it answers here, and what of it leaves. */
interface Leaving {
  readonly version: AnsweringVersion;
  readonly web: WebVersion;
}

/**
 * A version with the examples in its templates.
 * @throws StudioError `bad-input` where its examples are not here, or are others for each row
 */
export function leaving(host: AnsweringHost, ready: ReadyPrompt, dataset: Dataset | null): Leaving {
  const { set, prompt, words } = ready;
  const named = namedVersion(ready, dataset);
  const { name, version } = named;
  const templates = [...unwrap(wholeTemplates(dataset, prompt, words))];
  const longest = set.writing ? longestAnswer(host, set.writing.longest, dataset) : null;
  return { version, web: webVersion(version, { name, route: routeOf(named), templates, longest }) };
}

/**
 * What the version says of rows, as the file has it: answered as the page will.
 * @throws StudioError as the engine, and `bad-input` for vectors of other weights
 */
async function checkRowsOf(host: AnsweringHost, { version, web }: Leaving, cells: readonly Fields[], control: Control) {
  const own = { ...versionOfWeb(web, host.engine.info), model: version.model };
  const route = createRouter({ host }).rows(alone(own), (of) => fieldsSource(host, of, cells));
  const { answers } = await route.answer(0, cells.length, control);
  return answers
    .toSorted((a, b) => a.index - b.index)
    .map((answer) => ({
      cells: cells[answer.index] ?? {},
      probabilities: answer.kind === 'classify' ? [...answer.probabilities] : [],
      text: answer.kind === 'generate' ? answer.text : null,
    }));
}

/** The prompt of a drop-in. @param sentences of the check rows @throws as `checkRowsOf` */
export async function makeWebPrompt(
  host: AnsweringHost,
  { asked, fallback }: { readonly asked: Leaving; readonly fallback: Leaving | null },
  about: Pick<WebPrompt, 'producer' | 'name' | 'handle' | 'createdAt' | 'policy'>,
  sentences: readonly string[],
  control: Control,
): Promise<WebPrompt> {
  const { id, dtype, sha256 } = host.engine.info;
  const versions = { asked: asked.web, fallback: fallback?.web ?? null };
  const columns = [TEXT_SLOT, ...columnsOf(versions)];
  // every column has a sentence of its own, so that a page that leaves one out is found out
  const cells = sentences.map((_, i) =>
    Object.fromEntries(columns.map((column, c) => [column, sentences[(i + c) % sentences.length] ?? ''] as const)),
  );
  const checkRows = await checkRowsOf(host, asked, cells, control);
  const tokenizer = { sha256: host.tokens.tokenizer.sha256 };
  return { ...about, model: { id, dtype, sha256 }, tokenizer, ...versions, checkRows };
}
