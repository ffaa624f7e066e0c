/** Verbs: one typed row, answered by one prompt, or continued by the model token by token. */

import { present } from '../lib/assert';
import { childControl } from '../lib/control';
import { StudioError } from '../lib/errors';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { AS_ASKED, openRoute, type Route } from '../route/policy';
import { cueOf, type Fields, fillTemplate } from '../task/template';
import type { LabelWord } from '../task/types';
import { encodeRow } from '../tokens/tokenizer';
import type { Host, Run, Verb } from './host';

/** A prompt as the playground asks it: no examples, and no row around the text. */
export interface PlayedPrompt {
  readonly template: string;
  /** The template is the user's message in a chat. */
  readonly chat: boolean;
  readonly soft: SoftPrompt | null;
  /** The column that the text is used as, where the template names it; null = unknown. */
  readonly textColumn: string | null;
  readonly task:
    | {
        readonly kind: 'classify';
        readonly words: readonly LabelWord[];
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

interface AnswerCost {
  /** That the model read. */
  readonly tokens: number;
  /** Null where the answer was in the engine's cache. */
  readonly ms: number | null;
}

export type PlayedAnswer = AnswerCost &
  (
    | { readonly kind: 'classify'; readonly probabilities: readonly number[] }
    | { readonly kind: 'generate'; readonly text: string }
  );

function encoded({ tokens: { tokenizer, encode } }: Pick<Host, 'tokens'>, { prompt, fields }: PlayRequest) {
  const filled = fillTemplate(prompt.template, fields, prompt.textColumn);
  const cue = prompt.soft?.placement === 'infix' ? cueOf(prompt.template) : undefined;
  return encodeRow(encode, { text: prompt.chat ? (tokenizer.chat(filled) ?? filled) : filled, cue });
}

/** The typed row as the only row of a route. */
function playedRoute(host: Host, request: PlayRequest): Route {
  const { template, chat, soft, task } = request.prompt;
  const words = task.kind === 'classify' ? task.words : [];
  const prompt = { template, chat, shots: 0, shotSeed: 0 };
  // the page asks a prompt only where its weights are loaded
  const version = { task, prompt, words, soft, model: null, dataset: null };
  const rows = [{ rowId: '0', ...encoded(host, request), label: null }];
  const source = { total: 1, rowsAt: async () => ({ rows, leftOut: [] }) };
  return openRoute(host, { asked: { version, rows: source }, fallback: null, policy: AS_ASKED });
}

/** What the prompt answers. @throws StudioError `too-long` for a text beyond the model's context */
export const answerText: Verb<PlayRequest, never, PlayedAnswer> = async (host, request, { control }) => {
  const { answers, ms } = await playedRoute(host, request).answer(0, 1, control);
  const { tokens, ...said } = present(answers[0], 'the answer to one row');
  return 'text' in said
    ? { kind: 'generate', text: said.text, tokens, ms }
    : { kind: 'classify', probabilities: said.probabilities, tokens, ms };
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
    await host.engine.generate({ ...row, soft, maxNewTokens, endTokenIds, ...sampling }, onToken, stop);
  } catch (cause) {
    if (!(stopped && cause instanceof StudioError && cause.code === 'cancelled')) throw cause;
  }
  return shown;
};
