/** What leaves: a version with all that decides its answers, its model, and check rows. Read as data from a stranger. */
import { newerFormat } from '../lib/bytes';
import { exactIn, exactJson } from '../lib/exact-json';
import { type Failure, fail, ok, type Result } from '../lib/result';
import { byName, firstFault, type Value, z } from '../lib/zod';
import { labelsOf, promptSchema, textsOf } from '../prompt/prompt';
import { otherColumns, parseTemplate, TEXT_SLOT } from '../task/template';
import { type AskedVersion, ROUTES } from './ready-prompt';
import { STAGE_POLICIES } from './types';

const FORMAT = 'softprompt';
const VERSION = 1;

const text = (max: number) => z.string().max(max);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits');
const modelSchema = z.object({ id: text(500), dtype: text(50), sha256 });

/** Which prompt answers for a stage; see `StagePolicy`. */
export const policySchema = z.object({
  kind: z.enum(STAGE_POLICIES),
  rowTimeoutMs: z.number().positive().max(3_600_000).optional(),
});

const versionSchema = z.object({
  /** "tuned 3". */
  name: text(200),
  route: z.enum(ROUTES),
  /** Examples are in its texts. */
  prompt: promptSchema,
  /** That its vectors were trained on; null = any model reads it. */
  model: modelSchema.nullable(),
});

const packageSchema = z.object({
  format: z.literal(FORMAT),
  formatVersion: z.literal(VERSION),
  producer: text(200),
  /** Of the prompt set. */
  name: text(200),
  handle: text(100),
  createdAt: text(40),
  /** Whose weights gave the answers of the check rows; vectors work with these alone. */
  model: modelSchema,
  tokenizer: z.object({ sha256 }),
  asked: versionSchema,
  /** The hand-written version that answers where it fails. */
  fallback: versionSchema.nullable(),
  /** Of a stage that points to the version; left out = it has none. */
  policy: policySchema.optional(),
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

export type Package = Omit<Value<typeof packageSchema>, 'format' | 'formatVersion'>;
type PackedVersion = Package['asked'];

export const packageJson = (of: Package): string => exactJson({ format: FORMAT, formatVersion: VERSION, ...of });

const AGAIN = 'Export the prompt again.';
const bad = (file: string, what: string) =>
  fail('bad-package', `${file} is not in the expected format (${what}). ${AGAIN}`);

/** @param value parsed JSON. @param file its name, for messages */
export function readPackage(value: unknown, file: string): Result<Package, Failure<'bad-package' | 'newer-version'>> {
  const found = newerFormat(value, VERSION);
  if (found !== null)
    return fail('newer-version', `${file} has the format ${found}, and ${VERSION} is read. Get the newest version.`);
  const parsed = packageSchema.safeParse(exactIn(value));
  if (!parsed.success) return bad(file, `at ${firstFault(parsed.error)}`);
  const { format: _format, formatVersion: _version, ...of } = parsed.data;
  const { asked, fallback, checkRows, policy } = of;
  const fault = faultIn(asked) ?? (fallback && faultIn(fallback));
  if (fault) return bad(file, fault);
  const labels = labelsOf(asked.prompt);
  if (fallback && labelsOf(fallback.prompt).join('\n') !== labels.join('\n'))
    return bad(file, 'the fallback has other labels');
  if (policy && !fallback) return bad(file, 'it has a policy, but no fallback that it could ask');
  if (checkRows.some(({ probabilities }) => probabilities.length !== labels.length))
    return bad(file, 'a check row has another number of probabilities');
  return ok(of);
}

/** What would keep a version from answering without its rows, or null. */
function faultIn({ prompt }: PackedVersion): string | null {
  for (const { template, shots } of textsOf(prompt)) {
    const read = parseTemplate(template);
    if (!read.ok) return `a template cannot be read: ${read.error.message}`;
    if (!read.value.some((part) => part.kind === 'slot' && part.column === TEXT_SLOT))
      return 'a template has no place for {text}';
    if (shots > 0) return 'examples are missing from a template';
  }
  return prompt.task.kind === 'generate' && prompt.task.longest === null ? 'it has no length of its texts' : null;
}

/** A version of a package as it is asked. */
export const unpacked = ({ handle }: Pick<Package, 'handle'>, of: PackedVersion): AskedVersion => ({
  handle,
  ...of,
  dataset: null,
});

/** The columns that a row needs besides the text. */
export const columnsOf = ({ asked, fallback }: Pick<Package, 'asked' | 'fallback'>): readonly string[] => [
  ...new Set(
    [asked, ...(fallback ? [fallback] : [])].flatMap(({ prompt }) =>
      textsOf(prompt).flatMap(({ template }) => otherColumns(template, TEXT_SLOT)),
    ),
  ),
];
