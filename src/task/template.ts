import type { ColumnMapping, Row } from '../dataset/types';
import { assert } from '../lib/assert';
import { type Failure, fail, ok, type Result, unwrap } from '../lib/result';
import type { AnswerWord, PromptText } from './types';

export type TemplatePart =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'slot'; readonly column: string };

export type TemplateFailure = Failure<'empty' | 'brace' | 'empty-slot' | 'unknown-column' | 'no-text' | 'label-slot'>;

/** Always the text column, whatever its name. */
export const TEXT_SLOT = 'text';

const literal = (text: string): TemplatePart => ({ kind: 'literal', text });

/** So that the same template always has the same parts. */
function joined(parts: readonly TemplatePart[]): readonly TemplatePart[] {
  const out: TemplatePart[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    if (part.kind === 'literal' && last?.kind === 'literal') out[out.length - 1] = literal(last.text + part.text);
    else out.push(part);
  }
  return out;
}

/** `{{` and `}}` are braces that stay. */
export function parseTemplate(template: string): Result<readonly TemplatePart[], TemplateFailure> {
  const parts: TemplatePart[] = [];
  let at = 0;
  while (at < template.length) {
    const pair = template.slice(at, at + 2);
    const char = template[at];
    if (pair === '{{' || pair === '}}') {
      parts.push(literal(pair.charAt(0)));
      at += 2;
    } else if (char === '{') {
      const end = template.indexOf('}', at);
      if (end < 0)
        return fail('brace', 'A “{” is never closed. Write {text} for the text, or {{ for a brace that stays.', { at });
      const column = template.slice(at + 1, end).trim();
      if (column === '')
        return fail('empty-slot', 'There is no column between “{” and “}”. Write {text} for the text.', { at });
      parts.push({ kind: 'slot', column });
      at = end + 1;
    } else if (char === '}') {
      return fail('brace', 'A “}” has no “{” before it. Write }} for a brace that stays.', { at });
    } else {
      const next = template.slice(at).search(/[{}]/);
      const end = next < 0 ? template.length : at + next;
      parts.push(literal(template.slice(at, end)));
      at = end;
    }
  }
  return ok(joined(parts));
}

/** Its braces stay. */
export const escaped = (text: string): string => text.replaceAll('{', '{{').replaceAll('}', '}}');

/** `parseTemplate` reads it back. */
export const printTemplate = (parts: readonly TemplatePart[]): string =>
  parts.map((part) => (part.kind === 'slot' ? `{${part.column}}` : escaped(part.text))).join('');

const isTextSlot = (column: string, mapping: ColumnMapping) => column === TEXT_SLOT || column === mapping.text;

/** Every slot exists, the text is there, the label is not. */
export function checkTemplate(
  template: string,
  columns: readonly string[],
  mapping: ColumnMapping,
): Result<readonly TemplatePart[], TemplateFailure> {
  if (template.trim() === '')
    return fail('empty', 'The prompt is empty. Write for example “Message: {text}”, a line break, and “Sentiment:”.');
  const parsed = parseTemplate(template);
  if (!parsed.ok) return parsed;
  const slots = parsed.value.flatMap((part) => (part.kind === 'slot' ? [part.column] : []));
  const unknown = slots.find((slot) => slot !== TEXT_SLOT && !columns.includes(slot));
  if (unknown !== undefined)
    return fail(
      'unknown-column',
      `There is no column “${unknown}”. You can use {text} and ${columns.map((c) => `{${c}}`).join(', ')}.`,
      { column: unknown },
    );
  if (slots.some((slot) => slot === mapping.label && !isTextSlot(slot, mapping)))
    return fail('label-slot', `{${mapping.label}} is the answer itself: with it in the prompt nothing is left to ask.`);
  if (!slots.some((slot) => isTextSlot(slot, mapping)))
    return fail('no-text', 'The prompt never shows the text. Put {text} where the row’s text belongs.');
  return parsed;
}

const filled = (parts: readonly TemplatePart[], cellOf: (column: string) => string | undefined): string =>
  parts.map((part) => (part.kind === 'literal' ? part.text : (cellOf(part.column) ?? ''))).join('');

/** A column that is itself called `text` but is not the text column does not shadow {text}. */
export const renderTemplate = (parts: readonly TemplatePart[], { cells }: Row, { text }: ColumnMapping): string =>
  filled(parts, (column) => cells[column === TEXT_SLOT ? text : column]);

/** Then an answer word needs its own leading space. */
const wantsLeadingSpace = (template: string): boolean => template !== '' && !/\s$/.test(template);

/** ` negative` after `Sentiment:`, `negative` after a space or a line break. */
export const asContinuation = (template: string, answer: string): string =>
  wantsLeadingSpace(template) ? ` ${answer.trimStart()}` : answer.trimStart();

/** `Decide the tone.\nMessage: {text}\nTone:` -> `Decide the tone.` (above the first slot) and `Message: {text}\nTone:`. */
export function splitInstruction(parts: readonly TemplatePart[]): {
  readonly instruction: string;
  readonly bare: readonly TemplatePart[];
} {
  const [first, ...rest] = parts;
  if (first?.kind !== 'literal' || rest.length === 0) return { instruction: '', bare: parts };
  const cut = first.text.lastIndexOf('\n') + 1;
  const head = first.text.slice(cut);
  return {
    instruction: first.text.slice(0, cut).trimEnd(),
    bare: head === '' ? rest : [literal(head), ...rest],
  };
}

/** In any case, as a word of its own. */
export const ownWord = (word: string): RegExp =>
  new RegExp(`(?<![\\p{L}\\p{N}])${word.trim().replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\p{L}\\p{N}])`, 'iu');

/** @throws StudioError `bad-input` where the template cannot be read */
export const withoutInstruction = (template: string): string =>
  printTemplate(splitInstruction(unwrap(parseTemplate(template))).bare);

/** The last line after the last slot: `Review: {text}\nSentiment:` -> `\nSentiment:`. Empty where a slot ends the template. */
export function cueOf(template: string): string {
  const parsed = parseTemplate(template);
  const last = parsed.ok ? parsed.value.at(-1) : undefined;
  if (last?.kind !== 'literal') return '';
  return /\s*\n[^\n]*\S\s*$/.exec(last.text)?.[0] ?? last.text;
}

export const withCue = (template: string, cue: string): string =>
  template.slice(0, template.length - cueOf(template).length) + cue;

/** Where the prompt wants its cue encoded by itself. */
export const ownCue = ({ template, splitsCue }: PromptText): { readonly cue?: string } =>
  splitsCue ? { cue: cueOf(template) } : {};

function slotsOf(template: string): readonly string[] {
  const parsed = parseTemplate(template);
  return parsed.ok ? parsed.value.flatMap((part) => (part.kind === 'slot' ? [part.column] : [])) : [];
}

/** Cells of one row by column; `text` is that of the text column. */
export type Fields = Readonly<Record<string, string>>;

/** Besides the text, each once; empty where the template does not parse. @param textColumn null = unknown */
export function otherColumns(template: string, textColumn: string | null): readonly string[] {
  return [...new Set(slotsOf(template))].filter((column) => column !== TEXT_SLOT && column !== textColumn);
}

function storedParts(template: string): readonly TemplatePart[] {
  const parsed = parseTemplate(template);
  assert(parsed.ok, 'a stored prompt has a template that parses');
  return parsed.value;
}

const own =
  (fields: Fields, textColumn: string | null) =>
  (name: string): string | undefined => {
    const column = name === textColumn ? TEXT_SLOT : name;
    return Object.hasOwn(fields, column) ? fields[column] : undefined;
  };

/** Columns without a cell stay empty. @throws a bug (`internal:`) when the template does not parse */
export const fillTemplate = (template: string, fields: Fields, textColumn: string | null): string =>
  filled(storedParts(template), own(fields, textColumn));

/** Before the first text of a filled template and after it. @throws as `fillTemplate` */
export function aroundText(
  template: string,
  fields: Fields,
  textColumn: string | null,
): { readonly before: string; readonly after: string } | null {
  const parts = storedParts(template);
  const at = parts.findIndex(
    (part) => part.kind === 'slot' && (part.column === TEXT_SLOT || part.column === textColumn),
  );
  if (at < 0) return null;
  const [before = '', after = ''] = [parts.slice(0, at), parts.slice(at + 1)].map((some) =>
    filled(some, own(fields, textColumn)),
  );
  return { before, after };
}

/** In the order of the label set, of which gold labels and scores are indices. Words of other labels come last. */
export function alignWords(words: readonly AnswerWord[], labels: readonly string[]): readonly AnswerWord[] {
  const place = (word: AnswerWord) => {
    const index = labels.indexOf(word.label);
    return index < 0 ? labels.length : index;
  };
  return words.toSorted((a, b) => place(a) - place(b));
}

/** A word for each of these labels, and for no others. */
export const sameLabels = (words: readonly AnswerWord[], labels: readonly string[]): boolean =>
  words.length === labels.length && labels.every((label) => words.some((word) => word.label === label));

/** With a leading space only where the template ends without one. In a chat they begin the model's own message: no space. */
export function wordsFor(
  prompt: string | Pick<PromptText, 'template' | 'chat'>,
  words: readonly AnswerWord[],
): readonly AnswerWord[] {
  const { template, chat = false } = typeof prompt === 'string' ? { template: prompt } : prompt;
  return words.map(({ label, word }) => ({ label, word: asContinuation(chat ? '' : template, word) }));
}
