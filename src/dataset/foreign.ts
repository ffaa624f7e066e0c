/** Files of other tools, recognised by content. Nothing in a file is run. */

import { isRecord } from '../lib/assert';
import { readJson } from '../lib/bytes';
import { type Failure, fail, ok, type Result } from '../lib/result';
import { EXPECTED } from './records';
import { isOldExcel, isWorkbook, readWorkbook } from './workbook';

export interface Records {
  readonly kind: 'xlsx' | 'json' | 'yaml' | 'parquet';
  readonly records: readonly unknown[];
  /** 1 where it is not known. */
  readonly firstLine: number;
  readonly notes: readonly string[];
}

export type ForeignFailure = Failure<'workbook' | 'parquet' | 'bad-json' | 'bad-yaml' | 'no-records'>;

type Fields = Readonly<Record<string, unknown>>;

const YAML_START =
  /^(?:\s*(?:#[^\n]*|---)?\n)*(?:tests|prompts|providers|description|defaultTest|-\s+(?:vars|description|assert))\s*:/;
const SNIFFED = 4000;
/** "PAR1", before and after everything else. */
const PARQUET = [0x50, 0x41, 0x52, 0x31];

/** Null: text with a row in every line. */
export async function readForeign(
  fileName: string,
  bytes: Uint8Array,
): Promise<Result<Records, ForeignFailure> | null> {
  if (isOldExcel(bytes))
    return fail(
      'workbook',
      `${fileName} is an old or a password-protected Excel file. Save it in Excel as .xlsx without a password, or as CSV.`,
    );
  if (isWorkbook(bytes, fileName)) {
    const read = readWorkbook(fileName, bytes);
    return read.ok ? ok({ kind: 'xlsx', firstLine: 2, ...read.value }) : read;
  }
  if (PARQUET.every((byte, i) => bytes[i] === byte)) {
    const { readParquet } = await import('./parquet');
    const read = await readParquet(fileName, bytes);
    return read.ok ? ok({ kind: 'parquet', firstLine: 1, ...read.value }) : read;
  }
  const start = new TextDecoder().decode(bytes.subarray(0, SNIFFED));
  if (/^\ufeff?\s*\[/.test(start)) return jsonRecords(fileName, bytes);
  if (/^\ufeff?\s*\{/.test(start)) return isOneObject(bytes) ? jsonRecords(fileName, bytes) : null;
  if (/\.ya?ml$/i.test(fileName) || YAML_START.test(start)) return readYaml(fileName, bytes);
  return null;
}

const decoded = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** JSON Lines have a whole object in their first line, and more lines; one object over several lines has not. */
function isOneObject(bytes: Uint8Array): boolean {
  const end = bytes.indexOf(10);
  const first = decoded(end < 0 ? bytes : bytes.subarray(0, end)).trim();
  if (!first.endsWith('}')) return true;
  const rest = end < 0 ? '' : decoded(bytes.subarray(end, end + SNIFFED)).trim();
  const value = rest === '' ? parsed(first) : undefined;
  return listIn(value) !== null || (isRecord(value) && 'tests' in value);
}

const parsed = (text: string): unknown => readJson(text.replace(/^\ufeff/, ''));

const LISTS = ['tests', 'data', 'items', 'rows', 'examples'] as const;

function listIn(value: unknown): readonly unknown[] | null {
  if (Array.isArray(value)) return value;
  if (!isRecord(value)) return null;
  const found = LISTS.map((key) => value[key]).find(Array.isArray);
  return found ?? null;
}

function jsonRecords(fileName: string, bytes: Uint8Array): Result<Records, ForeignFailure> {
  const value = parsed(decoded(bytes));
  if (value === undefined)
    return fail('bad-json', `${fileName} is not valid JSON. Export it again, or save it as JSON Lines or CSV.`);
  return recordsOf(fileName, 'json', value);
}

async function readYaml(fileName: string, bytes: Uint8Array): Promise<Result<Records, ForeignFailure>> {
  const { parseDocument } = await import('yaml');
  try {
    // aliases are counted, so that a few lines cannot become gigabytes
    const document = parseDocument(decoded(bytes), { logLevel: 'silent', stringKeys: true });
    const [problem] = document.errors;
    if (problem) return fail('bad-yaml', `${fileName} is not valid YAML: ${sentence(problem.message)}`);
    return recordsOf(fileName, 'yaml', document.toJS({ maxAliasCount: 100 }));
  } catch (cause) {
    return fail(
      'bad-yaml',
      `${fileName} cannot be read as YAML: ${sentence(cause instanceof Error ? cause.message : String(cause))}`,
    );
  }
}

const sentence = (message: string): string => `${(message.split('\n')[0] ?? '').replace(/[:.\s]+$/, '')}.`;

function recordsOf(fileName: string, kind: 'json' | 'yaml', value: unknown): Result<Records, ForeignFailure> {
  const records = listIn(value);
  if (!records || records.length === 0)
    return fail(
      'no-records',
      `${fileName} has no list of rows: neither a list itself, nor one under ${LISTS.join(', ')}.${isRecord(value) && typeof value.tests === 'string' ? ' Its tests are in another file: open that one.' : ''}`,
    );
  return ok({ kind, records, firstLine: 1, notes: [] });
}

/** A record as the cells of a row, or why it is none. */
export function adapted(value: unknown): Fields | string {
  if (!isRecord(value)) return 'the line is not a JSON object';
  if (isRecord(value.vars)) return ofPromptfoo(value.vars, value.assert);
  if ('vars' in value && 'assert' in value)
    return isElsewhere(value.vars) ? 'its variables are in another file' : 'its variables have no names';
  if ('ideal' in value && 'input' in value) return ofEvals(value);
  if ('input' in value && ('expectedOutput' in value || 'expected_output' in value)) return ofLangfuse(value);
  return value;
}

const NAMES_AN_ANSWER: readonly string[] = ['equals', 'contains', 'icontains', 'starts-with', 'rouge-n'];

/** promptfoo.dev, "Test cases": variables, and assertions of which one names the answer. */
function ofPromptfoo(vars: Fields, assert: unknown): Fields | string {
  const assertions = (Array.isArray(assert) ? assert : []).filter(isRecord);
  const named = assertions.find(({ type, value }) => NAMES_AN_ANSWER.includes(String(type)) && isPlain(value));
  const elsewhere = [...Object.entries(vars), ['answer', named?.value]].find(([, value]) => isElsewhere(value));
  if (elsewhere) return `its “${String(elsewhere[0]).slice(0, 40)}” is in another file`;
  if (named) return { ...Object.fromEntries(Object.entries(vars).map(unbraced)), [EXPECTED]: named.value };
  const [first] = assertions;
  return first ? `its assertion (“${String(first.type).slice(0, 40)}”) is a check, not a label` : 'it has no assertion';
}

/** promptfoo reads `file://…` in place of a text; here no file is opened but the one that was given. */
const isElsewhere = (value: unknown): boolean => typeof value === 'string' && value.startsWith('file://');

/** Undoes the escaping of braces for nunjucks in our own promptfoo export. */
const unbraced = ([name, value]: readonly [string, unknown]) =>
  [name, typeof value === 'string' ? value.replaceAll('{{ "{" }}', '{') : value] as const;

const isPlain = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);

/** github.com/openai/evals: `input` is a chat or a text, `ideal` the answer or several that are right. */
function ofEvals({ input, ideal, ...others }: Fields): Fields | string {
  const text = spoken(input);
  if (text === null) return 'its input is neither text nor a list of messages';
  const answer = Array.isArray(ideal) ? ideal[0] : ideal;
  return isPlain(answer) ? { input: text, ideal: answer, ...flat(others) } : 'its ideal is not text';
}

/** langfuse.com, "Datasets": items with `input`, `expectedOutput` and facts about where they come from. */
function ofLangfuse({ input, expectedOutput, expected_output: expected, metadata, ...facts }: Fields): Fields | string {
  const text = spoken(input);
  if (text === null) return 'its input is neither text nor a list of messages';
  const answer = onlyValue(expectedOutput ?? expected);
  if (answer === null) return 'its expected output is not a single text';
  const id = facts.id === undefined ? {} : { id: facts.id };
  return { ...id, input: text, expected_output: answer, ...(isRecord(metadata) ? flat(metadata) : {}) };
}

const flat = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => isPlain(value)));

/** A value by itself, or the only one of an object such as `{ "label": "refund" }`. */
function onlyValue(value: unknown): unknown {
  if (isPlain(value)) return value;
  const values = isRecord(value) ? Object.values(value) : [];
  return values.length === 1 && isPlain(values[0]) ? values[0] : null;
}

/** The text of an input: by itself, the only value of an object, or what the user says last in a chat. */
function spoken(input: unknown): string | null {
  const chat = Array.isArray(input) ? input : isRecord(input) && Array.isArray(input.messages) ? input.messages : null;
  if (!chat) {
    const only = onlyValue(input);
    return only === null ? null : String(only);
  }
  const said = chat.filter(isRecord).filter(({ content }) => isPlain(content));
  const last = said.findLast(({ role }) => role === 'user') ?? said.at(-1);
  return last ? String(last.content) : null;
}
