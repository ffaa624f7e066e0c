/** Verbs: one typed row, answered by one prompt, or continued by the model token by token. */

import { childControl } from '../lib/control';
import { StudioError } from '../lib/errors';
import { labelProbabilities } from '../metrics/calibration';
import type { SoftPrompt } from '../prompt/soft-prompt';
import { cueOf, type Fields, fillTemplate } from '../task/template';
import type { LabelWord } from '../task/types';
import { generateTexts } from './generated-texts';
import type { Host, Run, Verb } from './host';
import { encodeRow, labelTokens } from './token-rows';

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

/** What the prompt answers. @throws StudioError `too-long` for a text beyond the model's context */
export const answerText: Verb<PlayRequest, never, PlayedAnswer> = async (host, request, { control }) => {
  const { soft, task } = request.prompt;
  const row = { rowId: 'typed', ...encoded(host, request), label: null };
  const rows = [row];
  if (task.kind === 'generate') {
    const begin = performance.now();
    const [generated] = await generateTexts(host, { rows, soft, cacheKey: null, longest: task.longest }, control);
    const tokens = row.ids.length + (soft?.virtualTokens ?? 0);
    return { kind: 'generate', text: generated?.text ?? '', tokens, ms: performance.now() - begin };
  }
  const labels = labelTokens(host.tokens, task.words);
  const scored = await host.engine.score({ rows, labels, soft, cacheKey: null }, control);
  const [answer] = scored.rows;
  if (!answer) throw new StudioError('internal', 'internal: one row in, none out');
  return {
    kind: 'classify',
    probabilities: labelProbabilities(answer.logProbs, task.calibration),
    tokens: answer.tokensSent,
    ms: scored.rowsRun > 0 ? scored.seconds * 1000 : null,
  };
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
