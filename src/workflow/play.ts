/** Verbs: one typed row answered, continued token by token, or its words weighed for the label that prompts chose. */

import { present } from '../lib/assert';
import { childControl } from '../lib/control';
import { badInput, StudioError } from '../lib/errors';
import { argmax } from '../metrics/classification';
import type { SoftPrompt } from '../prompt/soft-prompt';
import type { AnsweringVersion, NamedVersion } from '../prompt-set/ready-prompt';
import type { StagePolicy } from '../prompt-set/types';
import { tunedPrompt } from '../prompt-set/versions';
import { AS_ASKED, FALLBACK_REASONS } from '../route/policy';
import { type Answer, createRouter } from '../route/router';
import { aroundText, cueOf, type Fields, fillTemplate } from '../task/template';
import { type AnswerWord, READINGS } from '../task/types';
import { encodeRow, labelTokens, type Tokenizer } from '../tokens/tokenizer';
import type { Host, Run, Verb } from './host';

/** A prompt as the playground asks it: no examples, and no row around the text. */
export interface PlayedPrompt {
  readonly template: string;
  /** The template is the user's message in a chat. */
  readonly chat: boolean;
  readonly soft: SoftPrompt | null;
  /** What answers together with it, where a label is chosen; left out = nothing. */
  readonly together?: AnsweringVersion['together'];
  /** The column that the text is used as, where the template names it; null = unknown. */
  readonly textColumn: string | null;
  readonly task:
    | {
        readonly kind: 'classify';
        readonly words: readonly AnswerWord[];
        /** Mean log-probabilities to subtract; null = none. */
        readonly calibration: readonly number[] | null;
      }
    /** `longest`: tokens that an answer may have. */
    | { readonly kind: 'generate'; readonly longest: number };
}

interface PlayRequest {
  readonly prompt: PlayedPrompt;
  /** The text, and the cells of other columns that the template shows. */
  readonly fields: Fields;
}

/** Of a stage with a policy: the hand-written prompt that may answer in place of the one that is asked. */
export interface PlayedRoute {
  readonly policy: StagePolicy;
  readonly fallback: PlayedPrompt;
  /** "hand-written 2". */
  readonly fallbackName: string;
  /** Of the prompt that is asked; null = all its answers are taken. */
  readonly threshold: number | null;
  /** That the vectors of the prompt that is asked were trained on. */
  readonly model: AnsweringVersion['model'];
}

interface AnswerCost {
  /** That the model read. */
  readonly tokens: number;
  /** Null where the answer was in the engine's cache. */
  readonly ms: number | null;
}

/** `routed`: who answered for the stage and why, in a sentence; left out where the prompt that is asked did. */
export type PlayedAnswer = AnswerCost & { readonly routed?: string } & (
    | { readonly kind: 'classify'; readonly probabilities: readonly number[] }
    | { readonly kind: 'generate'; readonly text: string }
  );

function encoded({ tokens: { tokenizer, encode } }: Pick<Host, 'tokens'>, { prompt, fields }: PlayRequest) {
  const filled = fillTemplate(prompt.template, fields, prompt.textColumn);
  const cue = prompt.soft?.placement === 'infix' ? cueOf(prompt.template) : undefined;
  return encodeRow(encode, { text: prompt.chat ? (tokenizer.chat(filled) ?? filled) : filled, cue });
}

/** A prompt as the router asks it. @param of without it the page asks a prompt only where its weights are loaded */
function named(name: string, prompt: PlayedPrompt, of?: Pick<PlayedRoute, 'threshold' | 'model'>): NamedVersion {
  const { template, chat, soft, task, together } = prompt;
  const words = task.kind === 'classify' ? task.words : [];
  const limit = of && of.threshold !== null && task.kind === 'classify' ? { threshold: of.threshold } : {};
  const shown = { ...(soft ? tunedPrompt(template, soft) : { template, shots: 0, shotSeed: 0 }), chat };
  const asked = { task: { ...task, ...limit }, prompt: shown, words, soft, model: of?.model ?? null, dataset: null };
  return { handle: 'This prompt', name, version: { ...asked, ...(together && { together }) } };
}

/** Null where the prompt that is asked answered, by itself. */
function routedWords({ version: name, fallbackReason, shadow }: Answer): string | null {
  if (fallbackReason) return `${name} answered in its place: ${FALLBACK_REASONS[fallbackReason]}.`;
  if (!shadow) return name === ASKED ? null : `${name} answers alone, by the policy of this set.`;
  if ('failed' in shadow) return `${name} answers. The version on trial failed: ${shadow.failed}`;
  const said = 'text' in shadow ? shadow.text : shadow.label;
  return `${name} answers. The version on trial says: ${said || '(empty answer)'}`;
}

const ASKED = 'asked';

/** What the prompt answers, or by a stage's policy another one. @throws StudioError `bad-input` for a text beyond the model's context */
export const answerText: Verb<PlayRequest & { readonly route?: PlayedRoute }, never, PlayedAnswer> = async (
  host,
  { prompt, fields, route },
  { control },
) => {
  const plan = {
    asked: named(ASKED, prompt, route),
    fallback: route ? named(route.fallbackName, route.fallback) : null,
    policy: route?.policy ?? AS_ASKED,
  };
  const router = createRouter({ host, textColumn: prompt.textColumn ?? undefined });
  const answer = await router[prompt.task.kind](plan, fields, control);
  const words = routedWords(answer);
  const cost = { tokens: answer.tokens, ms: answer.modelMs, ...(words === null ? {} : { routed: words }) };
  return 'text' in answer
    ? { kind: 'generate', text: answer.text, ...cost }
    : { kind: 'classify', probabilities: answer.probabilities, ...cost };
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

/** The text up to the stop string, and whether it came. */
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
  const row = encoded(host, request);
  const { endTokenIds } = host.tokens.tokenizer;
  const { soft } = request.prompt;
  try {
    await host.engine.generate({ ...row, soft, maxNewTokens, endTokenIds, ...sampling }, stop, onToken);
  } catch (cause) {
    if (!(stopped && cause instanceof StudioError && cause.code === 'cancelled')) throw cause;
  }
  return shown;
};

export interface WeighRequest {
  /** Of one task that chooses labels, in one order. */
  readonly prompts: readonly PlayedPrompt[];
  readonly fields: Fields;
}

/** A word, or a sign, with the white space before it. */
export interface WeighedWord {
  readonly text: string;
  /** By how much it raises the log-odds of the label against the other one, in nats; negative = it lowers them. */
  readonly nats: number;
}

/** The words of a text under one prompt. */
export interface Weighed {
  readonly words: readonly WeighedWord[];
  /** Log-odds of the label against the other one: of the text, and of mean tokens of the vocabulary in its place. */
  readonly value: number;
  readonly baseline: number;
  /** |sum of the words - (value - baseline)| as a share of that difference, or of 0.1 nats where it is smaller. */
  readonly missed: number;
  /** How often the text was read, forwards and backwards. */
  readonly readings: number;
}

export interface Weighing {
  /** Which words speak for the first label against the second: indices into the labels. */
  readonly label: number;
  readonly against: number;
  /** In the order of the prompts. */
  readonly prompts: readonly Weighed[];
}

/** Gradients that are known, of all that are taken. */
export interface WeighProgress {
  readonly done: number;
  readonly total: number;
}

/**
 * Which words of a text decided: all prompts are asked the same question, the label that the last prompt chooses against what
 * the first one says, or against the runner-up where they agree.
 * @throws StudioError `bad-input` where texts are generated, or the prompt does not show the text; as HostEngine.attribute
 */
export const weighWords: Verb<WeighRequest, WeighProgress, Weighing> = async (host, { prompts, fields }, run) => {
  const answers: (readonly number[])[] = [];
  for (const prompt of prompts) {
    if (prompt.task.kind === 'generate')
      throw badInput('Only a label can be explained by words, and this prompt generates texts.');
    if (prompt.together) throw badInput('Words explain the answer of one prompt, and this one combines several.');
    const answer = await answerText(host, { prompt, fields }, { ...run, emit: () => {} });
    answers.push(answer.kind === 'classify' ? answer.probabilities : []);
  }
  const { label, against } = questionOf(answers);
  const total = prompts.length * READINGS.most;
  const weighed: Weighed[] = [];
  for (const [i, prompt] of prompts.entries()) {
    const onStep = (done: number) => run.emit({ done: i * READINGS.most + done, total });
    weighed.push(await weigh(host, { prompt, fields }, [label, against], run.control, onStep));
  }
  return { label, against, prompts: weighed };
};

/** @param answers each prompt's probabilities, in the order of the labels */
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
  const { soft, task } = request.prompt;
  const row = { rowId: '0', ...encoded(host, request), label: null };
  const text = textTokens(host, request, row.ids);
  const labels = labelTokens(open, task.kind === 'classify' ? task.words : []);
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
function textTokens(host: Pick<Host, 'tokens'>, { prompt, fields }: PlayRequest, ids: Int32Array): [number, number] {
  const { template, chat, soft, textColumn } = prompt;
  const around = present(aroundText(template, fields, textColumn), 'the text, without which the prompt was not asked');
  const { tokenizer, encode } = host.tokens;
  const [opening = '', closing = ''] = (chat ? tokenizer.chat(CHAT_MARK)?.split(CHAT_MARK) : null) ?? [];
  const cue = soft?.placement === 'infix' ? cueOf(template) : undefined;
  const before = encode(opening + around.before);
  const after = encodeRow(encode, { text: around.after + closing, cue }).ids;
  const same = (a: Int32Array, b: Int32Array) => {
    const end = a.findIndex((id, i) => id !== b[i]);
    return end < 0 ? a.length : end;
  };
  return [same(before, ids), ids.length - same(after.toReversed(), ids.toReversed())];
}

/** Marks the place of the message in a chat. */
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
