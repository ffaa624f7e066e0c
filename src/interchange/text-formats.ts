/**
 * A prompt that is a text, in the forms that other tools take: plain, as messages for a chat server, and as a promptfoo
 * configuration. The last two are read back, with their answers; what they say is data from a stranger.
 */

import { isRecord } from '../lib/assert';
import { readJson } from '../lib/bytes';
import { type Failure, fail, ok, type Result } from '../lib/result';
import { count, firstFault, line, short, text, type Value, z } from '../lib/zod';
import { answerWords, calibrationSchema, faultIn, firstText, thresholdSchema, voicesOf } from '../prompt/prompt';
import type { Version } from '../prompt-set/types';
import { otherColumns, parseTemplate, printTemplate, TEXT_SLOT, type TemplatePart } from '../task/template';

/** A prompt of one text, with its examples in it; `{text}` is the place of the text. */
export type Named = Pick<Version, 'name' | 'prompt'>;

export interface PromptTest {
  readonly vars: Readonly<Record<string, string>>;
  /** Null = no answer is expected. */
  readonly answer: string | null;
}

type TextFailure = Failure<'bad-json' | 'newer-version' | 'bad-text' | 'no-form'>;

const CHAT_FORMAT = 'softprompt-chat';
const VERSION = 1;
const NOTHING = 'Nothing was imported.';

const partsOf = (template: string): readonly TemplatePart[] => {
  const parsed = parseTemplate(template);
  return parsed.ok ? parsed.value : [{ kind: 'literal', text: template }];
};

const answersSchema = z.object({
  name: short,
  chat: z.boolean(),
  answers: answerWords,
  longest: count.nullable(),
  calibration: calibrationSchema.nullable(),
  threshold: thresholdSchema.nullable(),
});

type InFile = Value<typeof answersSchema>;

/** What a file says of a prompt beside its text. */
function inFile({ name, prompt }: Named): InFile {
  const { chat = false, words } = firstText(prompt);
  const { task, calibration, threshold } = prompt;
  const longest = 'longest' in task ? task.longest : null;
  return { name, chat, answers: words, longest, calibration, threshold };
}

function fromFile(template: string, { name, chat, answers, longest, calibration, threshold }: InFile): Named {
  const labels = answers.map(({ label }) => label);
  const text = { template, shots: 0, shotSeed: 0, ...(chat && { chat }) };
  const task = labels.length > 0 ? ({ kind: 'classify', labels } as const) : ({ kind: 'generate', longest } as const);
  return { name, prompt: { task, voices: voicesOf(text, answers), calibration, threshold } };
}

function checkedTemplate(template: string): string | null {
  const parsed = parseTemplate(template);
  if (!parsed.ok) return parsed.error.message;
  return parsed.value.some((part) => part.kind === 'slot' && part.column === TEXT_SLOT)
    ? null
    : 'it has no place for the text';
}

// Messages for a chat server.

const chatSchema = z.object({
  format: z.literal(CHAT_FORMAT),
  formatVersion: z.literal(VERSION),
  about: line,
  messages: z
    .array(z.object({ role: z.literal('user'), content: text(1_000_000) }))
    .min(1)
    .max(1),
  columns: z.array(line).min(1).max(1000),
  ...answersSchema.shape,
});

const PLACE = /\{\{\s*([^{}]+?)\s*\}\}/g;

/** `messages` as OpenAI's API and most servers take them, and what this prompt's answers mean. */
export function chatJson(of: Named): Result<string, TextFailure> {
  const { template } = firstText(of.prompt);
  const rest = inFile(of);
  const columns = [TEXT_SLOT, ...otherColumns(template, null)];
  const parts = partsOf(template);
  const literal = parts.flatMap((part) => (part.kind === 'literal' ? [part.text] : [])).join('\u0000');
  const clash = [...literal.matchAll(PLACE)].find(([, name]) => columns.includes(name ?? ''));
  const content = parts.map((part) => (part.kind === 'slot' ? `{{${part.column}}}` : part.text)).join('');
  if (clash || templateOfChat(content, columns) !== printTemplate(parts))
    return fail(
      'no-form',
      'Its text has double braces of its own, which a chat file would take for a place. Write it without them.',
    );
  const about = `Send "messages" to a chat server, with ${columns.map((name) => `{{${name}}}`).join(', ')} replaced by the cells of a row. ${
    rest.chat
      ? 'It was measured as a chat message.'
      : 'It was measured as plain text that the model continues; as a chat message a model may answer differently.'
  } "answers", "calibration" and "threshold" are for Softprompt Studio and its command line (predict), which read the probabilities of the answers.`;
  const file = { format: CHAT_FORMAT, formatVersion: VERSION, about, messages: [{ role: 'user', content }], columns };
  return ok(`${JSON.stringify({ ...file, ...rest }, null, 2)}\n`);
}

/** Places of the named columns; every other brace stays. */
function templateOfChat(content: string, columns: readonly string[]): string {
  const parts: TemplatePart[] = [];
  let at = 0;
  for (const hit of content.matchAll(PLACE)) {
    const column = hit[1] ?? '';
    if (!columns.includes(column)) continue;
    parts.push({ kind: 'literal', text: content.slice(at, hit.index) }, { kind: 'slot', column });
    at = hit.index + hit[0].length;
  }
  return printTemplate([...parts, { kind: 'literal', text: content.slice(at) }]);
}

/** Whether a JSON value is of a chat: ours, or messages of another tool. */
export const isChatJson = (value: unknown): boolean =>
  isRecord(value) && (value.format === CHAT_FORMAT || Array.isArray(value.messages));

export function readChat(bytes: Uint8Array): Result<Named, TextFailure> {
  const bad = (what: string) => fail('bad-text', `This chat file is not in the expected format (${what}). ${NOTHING}`);
  const value = readJson(bytes);
  if (value === undefined) return fail('bad-json', `This chat file is not valid JSON. ${NOTHING}`);
  if (!isRecord(value) || value.format !== CHAT_FORMAT)
    return fail(
      'bad-text',
      `These are messages for a chat server, but the file does not say which answers they ask for. Paste the text into the Prompts screen instead. ${NOTHING}`,
    );
  if (typeof value.formatVersion === 'number' && value.formatVersion > VERSION)
    return fail(
      'newer-version',
      `This chat file was made by a newer version of Softprompt Studio (format ${value.formatVersion}). Get the newest version. ${NOTHING}`,
    );
  const parsed = chatSchema.safeParse(value);
  if (!parsed.success) return bad(`at ${firstFault(parsed.error)}`);
  const { messages, columns, format: _f, formatVersion: _v, about: _a, ...rest } = parsed.data;
  const template = templateOfChat(messages[0]?.content ?? '', columns);
  const of = fromFile(template, rest);
  const fault = checkedTemplate(template) ?? faultIn(of.prompt);
  return fault ? bad(fault) : ok(of);
}

// promptfoo: https://www.promptfoo.dev/docs/configuration/reference

/** What nunjucks can name as a variable. */
const IDENTIFIER = /^[A-Za-z_]\w*$/;
/** A brace that nunjucks leaves alone. */
const BRACE = '{{ "{" }}';
const inNunjucks = (literal: string) => literal.replaceAll('{', BRACE);
/** A cell: promptfoo renders variables too. */
const cellInNunjucks = (cell: string) => (/\{[{%#]/.test(cell) ? inNunjucks(cell) : cell);

const META = 'softprompt';

/** A configuration that `promptfoo eval` runs once `echo` is replaced by a provider, and that is read back unchanged. */
export function promptfooYaml(of: Named, tests: readonly PromptTest[]): Result<string, TextFailure> {
  const { template } = firstText(of.prompt);
  const rest = inFile(of);
  const columns = [TEXT_SLOT, ...otherColumns(template, null)];
  const odd = columns.find((name) => !IDENTIFIER.test(name));
  if (odd !== undefined)
    return fail(
      'no-form',
      `promptfoo cannot name the column “${odd}”: rename it to letters, digits and _ on the Data screen, and in the prompt.`,
    );
  const raw = partsOf(template).map((part) => (part.kind === 'slot' ? `{{${part.column}}}` : inNunjucks(part.text)));
  const words = rest.answers.map(({ word }) => word.trim());
  const flow = (value: unknown) => JSON.stringify(value);
  const test = ({ vars, answer }: PromptTest) => [
    '  - vars:',
    ...Object.entries(vars).map(([name, cell]) => `      ${flow(name)}: ${scalar(cellInNunjucks(cell), 8)}`),
    ...(answer === null ? [] : [`    assert: ${flow([{ type: 'equals', value: answer }])}`]),
  ];
  const lines = [
    '# Made by Softprompt Studio. promptfoo eval -c this file; replace "echo", which only repeats the prompt, by your provider.',
    `description: ${flow(of.name)}`,
    'prompts:',
    '  - id: prompt',
    `    label: ${flow(of.name)}`,
    `    raw: ${scalar(raw.join(''), 6)}`,
    'providers: [echo]',
    'defaultTest:',
    '  options: { transform: output.trim() }',
    ...(words.length > 0 ? [`  assert: ${flow([{ type: 'contains-any', value: words }])}`] : []),
    tests.length > 0 ? 'tests:' : 'tests: []',
    ...tests.flatMap(test),
    'metadata:',
    `  ${META}: ${flow({ formatVersion: VERSION, ...rest })}`,
  ];
  return ok(`${lines.join('\n')}\n`);
}

/** A text as YAML: a block of its own lines where nothing in it needs an escape, else as JSON has it, which YAML reads too. */
function scalar(value: string, indent: number): string {
  const isPlain = /^[^\s\p{C}\u2028\u2029](?:[^\p{C}\u2028\u2029]|\n)*$/u.test(value) && !/(?:\n|[^\S\n])$/.test(value);
  if (!isPlain || !value.includes('\n')) return JSON.stringify(value);
  const lines = value.split('\n').map((line) => (line === '' ? '' : `${' '.repeat(indent)}${line}`));
  return `|-\n${lines.join('\n')}`;
}

const YAML_CONFIG = /^(?:description|prompts|providers|tests|defaultTest|targets|metadata)\s*:/m;

/** Whether a text is a promptfoo configuration with a prompt, not a list of tests. */
export const isPromptfoo = (start: string): boolean => YAML_CONFIG.test(start) && /^prompts\s*:/m.test(start);

const metaSchema = z.object({ formatVersion: z.literal(VERSION), ...answersSchema.shape });

/** The prompt of a configuration. Without our metadata, the answers are those that its tests expect. */
export async function readPromptfoo(
  bytes: Uint8Array,
): Promise<Result<Named & { readonly tests: number }, TextFailure>> {
  const bad = (what: string) =>
    fail('bad-text', `This promptfoo configuration cannot be imported: ${what}. ${NOTHING}`);
  const config = await yamlIn(bytes);
  if (!isRecord(config)) return bad('it is not valid YAML');
  const prompts = Array.isArray(config.prompts) ? config.prompts : [config.prompts];
  if (prompts.length !== 1) return bad(`it has ${prompts.length} prompts, and one is imported at a time`);
  const [one] = prompts;
  const raw = typeof one === 'string' ? one : isRecord(one) ? one.raw : undefined;
  if (typeof raw !== 'string' || raw === '') return bad('its prompt is not text');
  if (/^(?:file|https?):\/\/|^[\w./*-]+\.(?:txt|json|md|j2|yaml|yml|csv|js|ts|py)$/.test(raw.trim()))
    return bad('its prompt is in another file. Paste that text into the Prompts screen');
  if (raw.length > 1_000_000) return bad('its prompt has more than a million characters');
  const template = templateOfNunjucks(raw);
  const fault = template === null ? 'its prompt has tags or filters of nunjucks' : checkedTemplate(template);
  if (template === null || fault) return bad(fault ?? '');
  const meta = isRecord(config.metadata) ? config.metadata[META] : undefined;
  const tests = Array.isArray(config.tests) ? config.tests : [];
  const found = meta === undefined ? ok(fromTests(config, tests)) : readMeta(meta);
  if (!found.ok) return bad(found.error.message);
  const of = fromFile(template, found.value);
  const wrong = faultIn(of.prompt);
  return wrong ? bad(wrong) : ok({ ...of, tests: tests.length });
}

function readMeta(meta: unknown) {
  if (isRecord(meta) && typeof meta.formatVersion === 'number' && meta.formatVersion > VERSION)
    return fail('newer-version', `it was made by a newer version of Softprompt Studio (format ${meta.formatVersion})`);
  const parsed = metaSchema.safeParse(meta);
  if (!parsed.success)
    return fail('bad-text', `its metadata are not in the expected format (at ${firstFault(parsed.error)})`);
  const { formatVersion: _, ...answers } = parsed.data;
  return ok(answers);
}

/** What the tests of another tool expect, as labels that are their own words. */
function fromTests({ description }: Readonly<Record<string, unknown>>, tests: readonly unknown[]): InFile {
  const expected = tests.flatMap((test) => {
    const asserts = isRecord(test) && Array.isArray(test.assert) ? test.assert.filter(isRecord) : [];
    const named = asserts.find(({ type, value }) => type === 'equals' && typeof value === 'string');
    return named ? [String(named.value)] : [];
  });
  const labels = [...new Set(expected)].filter((label) => label.trim() !== '' && label.length <= 2000).slice(0, 1000);
  const name = typeof description === 'string' && description.trim() !== '' ? description.slice(0, 200) : 'promptfoo';
  const answers = labels.length > 1 ? labels.map((label) => ({ label, word: label })) : [];
  return { name, chat: false, answers, longest: null, calibration: null, threshold: null };
}

/** Null where it has more than variables. */
function templateOfNunjucks(raw: string): string | null {
  const parts: TemplatePart[] = [];
  let at = 0;
  for (const hit of raw.matchAll(/\{\{\s*(?:(["'])\{\1|([A-Za-z_]\w*))\s*\}\}/g)) {
    parts.push({ kind: 'literal', text: raw.slice(at, hit.index) });
    parts.push(hit[2] === undefined ? { kind: 'literal', text: '{' } : { kind: 'slot', column: hit[2] });
    at = hit.index + hit[0].length;
  }
  parts.push({ kind: 'literal', text: raw.slice(at) });
  const left = parts.some((part) => part.kind === 'literal' && /\{[{%#]/.test(part.text));
  return left ? null : printTemplate(parts);
}

/** Undefined where it cannot be read. Aliases are counted, so that a few lines cannot become gigabytes. */
async function yamlIn(bytes: Uint8Array): Promise<unknown> {
  const { parseDocument } = await import('yaml');
  try {
    const content = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const document = parseDocument(content, { logLevel: 'silent', stringKeys: true });
    return document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: 100 });
  } catch {
    return undefined;
  }
}
