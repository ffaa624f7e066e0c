/** Verbs: one typed row answered, continued token by token, or its words weighed for the label that prompts chose. */

import { present } from '../lib/assert';
import { childControl } from '../lib/control';
import { badInput, StudioError } from '../lib/errors';
import { argmax } from '../metrics/classification';
import { softOf, type TextVoice, textsOf } from '../prompt/prompt';
import { alone, firstOf, type Planned } from '../prompt-set/planned';
import type { Version } from '../prompt-set/types';
import { versionWords } from '../prompt-set/versions';
import { fieldsSource } from '../route/answering';
import { FALLBACK_REASONS } from '../route/policy';
import { type Answer, createRouter } from '../route/router';
import { aroundText, cueOf, type Fields } from '../task/template';
import { READINGS } from '../task/types';
import { encodeRow, labelTokens, type Tokenizer, type TokenRow } from '../tokens/tokenizer';
import type { RowsDone } from './check-rows';
import type { Host, Run, Verb } from './host';

interface PlayRequest {
  /** Its examples are in its texts. */
  readonly version: Version;
  readonly fields: Fields;
}

interface AnswerCost {
  readonly tokens: number;
  /** Null where the answer was in the engine's cache. */
  readonly ms: number | null;
}

/** `routed`: who answered for the stage and why, in a sentence; left out where the prompt that is asked did. */
export type PlayedAnswer = AnswerCost & { readonly routed?: string } & (
    | { readonly kind: 'classify'; readonly probabilities: readonly number[] }
    | { readonly kind: 'tag'; readonly probabilities: readonly number[] }
    | { readonly kind: 'generate'; readonly text: string }
  );

/** @throws StudioError `bad-input` where the row cannot be asked */
async function encoded(host: Host, { version, fields }: PlayRequest): Promise<TokenRow> {
  const { rows, leftOut } = await fieldsSource(host, version, [fields]).rowsAt(0, 1);
  const [row] = rows;
  if (!row) throw badInput(`This text cannot be read: ${leftOut[0]?.[1] ?? 'it has no tokens'}.`);
  return row;
}

/** Null where the version that is asked answered, by itself. */
function routedWords({ version: name, fallbackReason, shadow }: Answer, asked: string): string | null {
  if (fallbackReason) return `${name} answered in its place: ${FALLBACK_REASONS[fallbackReason]}.`;
  if (!shadow) return name === asked ? null : `${name} answers alone, by the policy of this set.`;
  if ('failed' in shadow) return `${name} answers. The version on trial failed: ${shadow.failed}`;
  const said = 'text' in shadow ? shadow.text : shadow.label;
  return `${name} answers. The version on trial says: ${said || '(empty answer)'}`;
}

/** What a version answers, or by a stage's policy another one. @throws StudioError `bad-input` for a text beyond the model's context */
export const answerText: Verb<{ readonly plan: Planned; readonly fields: Fields }, never, PlayedAnswer> = async (
  host,
  { plan, fields },
  { control },
) => {
  const asked = firstOf(plan);
  const answer = await createRouter({ host })[asked.prompt.task.kind](plan, fields, control);
  const words = routedWords(answer, versionWords(asked));
  const cost = { tokens: answer.tokens, ms: answer.modelMs, ...(words === null ? {} : { routed: words }) };
  if ('text' in answer) return { kind: 'generate', text: answer.text, ...cost };
  return { kind: 'tags' in answer ? 'tag' : 'classify', probabilities: answer.probabilities, ...cost };
};

export interface Continuation {
  /** 0 = always the most likely token. */
  readonly temperature: number;
  readonly topP: number;
  readonly maxTokens: number;
  readonly seed: number;
  /** Ends before this text; empty = nowhere. `\n` means a line break. */
  readonly stopAt: string;
}

export function upTo(text: string, stopAt: string): { readonly text: string; readonly stopped: boolean } {
  const at = stopAt === '' ? -1 : text.indexOf(stopAt.replaceAll('\\n', '\n'));
  return at < 0 ? { text, stopped: false } : { text: text.slice(0, at), stopped: true };
}

/** The model continues the prompt with the text in it; each event is all of the continuation so far. */
export const continueText: Verb<PlayRequest & { readonly settings: Continuation }, string, string> = async (
  host,
  { settings, ...request },
  { control, emit }: Run<string>,
) => {
  const { maxTokens: maxNewTokens, stopAt, ...sampling } = settings;
  const stop = childControl(control);
  const written: number[] = [];
  let shown = '';
  let stopped = false;
  const onToken = (id: number) => {
    if (stopped) return;
    written.push(id);
    ({ text: shown, stopped } = upTo(host.tokens.tokenizer.decode(written), stopAt));
    emit(shown);
    if (stopped) stop.ask('cancel');
  };
  const row = await encoded(host, request);
  const { endTokenIds } = host.tokens.tokenizer;
  const soft = softOf(request.version.prompt);
  try {
    await host.engine.generate({ ...row, soft, maxNewTokens, endTokenIds, ...sampling }, stop, onToken);
  } catch (cause) {
    if (!(stopped && cause instanceof StudioError && cause.code === 'cancelled')) throw cause;
  }
  return shown;
};

export interface WeighRequest {
  /** Of one task that chooses labels, in one order. */
  readonly versions: readonly Version[];
  readonly fields: Fields;
}

/** A word, or a sign, with the white space before it. */
export interface WeighedWord {
  readonly text: string;
  /** By how much it raises the log-odds of the label against the other one, in nats; negative = it lowers them. */
  readonly nats: number;
}

export interface Weighed {
  readonly words: readonly WeighedWord[];
  /** Log-odds of the label against the other one: of the text, and of mean tokens of the vocabulary in its place. */
  readonly value: number;
  readonly baseline: number;
  /** |sum of the words - (value - baseline)| as a share of that difference, or of 0.1 nats where it is smaller. */
  readonly missed: number;
  readonly readings: number;
}

export interface Weighing {
  /** Which words speak for the first label against the second: indices into the labels. */
  readonly label: number;
  readonly against: number;
  readonly prompts: readonly Weighed[];
}

/**
 * Which words of a text decided: all prompts are asked the same question, the label that the last prompt chooses against what
 * the first one says, or against the runner-up where they agree.
 * @throws StudioError `bad-input` where texts are generated, or the prompt does not show the text; as HostEngine.attribute
 */
export const weighWords: Verb<WeighRequest, RowsDone, Weighing> = async (host, { versions, fields }, run) => {
  const answers: (readonly number[])[] = [];
  for (const version of versions) {
    const { task, voices } = version.prompt;
    if (task.kind !== 'classify')
      throw badInput('Words explain the choice of one label, and this prompt answers otherwise.');
    if (voices.length > 1 || voices[0]?.kind !== 'text')
      throw badInput('Words explain the answer of one prompt, and this one combines several.');
    const answer = await answerText(host, { plan: alone(version), fields }, { ...run, emit: () => {} });
    answers.push('probabilities' in answer ? answer.probabilities : []);
  }
  const { label, against } = questionOf(answers);
  const total = versions.length * READINGS.most;
  const weighed: Weighed[] = [];
  for (const [i, version] of versions.entries()) {
    const onStep = (done: number) => run.emit({ done: i * READINGS.most + done, total });
    weighed.push(await weigh(host, { version, fields }, [label, against], run.control, onStep));
  }
  return { label, against, prompts: weighed };
};

export function questionOf(answers: readonly (readonly number[])[]): Pick<Weighing, 'label' | 'against'> {
  const last = present(answers.at(-1), 'answer');
  const label = argmax(last);
  const first = argmax(present(answers[0], 'answer'));
  return { label, against: first === label ? argmax(last.map((p, i) => (i === label ? -1 : p))) : first };
}

async function weigh(
  host: Host,
  request: PlayRequest,
  between: readonly [number, number],
  control: Run['control'],
  onStep: (done: number) => void,
): Promise<Weighed> {
  const { tokens: open, engine } = host;
  const [voice] = textsOf(request.version.prompt) as [TextVoice];
  const row = await encoded(host, request);
  const text = textTokens(host, voice, request.fields, row.ids);
  const labels = labelTokens(open, voice.words);
  const { soft } = voice;
  const asked = { row, text, soft, labels, between, steps: READINGS };
  const { tokens, value, baseline, steps } = await engine.attribute(asked, control, onStep);
  const sum = tokens.reduce((all, nats) => all + nats, 0);
  const difference = value - baseline;
  const missed = Math.abs(sum - difference) / Math.max(0.1, Math.abs(difference));
  return {
    words: wordsOf(open.tokenizer, row.ids.subarray(...text), tokens),
    value,
    baseline,
    missed,
    readings: steps + 1,
  };
}

/** Which tokens of a row are its text's; one that the text shares with the template is the text's. */
function textTokens(
  host: Pick<Host, 'tokens'>,
  { template, chat, splitsCue }: TextVoice,
  fields: Fields,
  ids: Int32Array,
): [number, number] {
  const around = present(aroundText(template, fields, null), 'the text, without which the prompt was not asked');
  const { tokenizer, encode } = host.tokens;
  const [opening = '', closing = ''] = (chat ? tokenizer.chat(CHAT_MARK)?.split(CHAT_MARK) : null) ?? [];
  const cue = splitsCue ? cueOf(template) : undefined;
  const before = encode(opening + around.before);
  const after = encodeRow(encode, { text: around.after + closing, cue }).ids;
  const same = (a: Int32Array, b: Int32Array) => {
    const end = a.findIndex((id, i) => id !== b[i]);
    return end < 0 ? a.length : end;
  };
  return [same(before, ids), ids.length - same(after.toReversed(), ids.toReversed())];
}

const CHAT_MARK = '\u2063';

/** Tokens joined to words; what tokens share, as the bytes of one character, is never cut. Nothing of a sum is lost. */
export function wordsOf(
  tokenizer: Pick<Tokenizer, 'decode'>,
  ids: Int32Array,
  nats: ArrayLike<number>,
): readonly WeighedWord[] {
  const text = tokenizer.decode(ids);
  const segments = new Intl.Segmenter('en', { granularity: 'word' }).segment(text);
  const begins = new Set(Array.from(segments, ({ index }) => index));
  const words: WeighedWord[] = [];
  let from = 0;
  let sum = 0;
  for (let i = 0; i < ids.length; i++) {
    sum += nats[i] as number;
    const isLast = i === ids.length - 1;
    const end = isLast ? text.length : endOf(tokenizer.decode(ids.subarray(0, i + 1)));
    const isWord = begins.has(end) && text.slice(from, end).trim() !== '';
    if (!isWord && !isLast) continue;
    words.push({ text: text.slice(from, end), nats: sum });
    from = end;
    sum = 0;
  }
  return words;
}

/** Where a text ends, if it ends with a whole character; else 0. */
const endOf = (decoded: string) => (decoded.endsWith('\uFFFD') ? 0 : decoded.length);
