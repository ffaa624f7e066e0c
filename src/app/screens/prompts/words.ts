import { generates } from '../../../dataset/task-facts';
import { count, counted, duration, percentWhole } from '../../../lib/format';
import { firstText } from '../../../prompt/prompt';
import { chosenWritten } from '../../../prompt-set/make-versions';
import { differenceWords, isOfText, isPresent, type ShownTry, triedWords } from '../../../prompt-set/tries';
import type { PromptSet, Tried, Version } from '../../../prompt-set/types';
import type { PromptText } from '../../../task/types';
import { howWords } from '../../../workflow/words';
import type { ModelStanding } from '../../state/session-state';

export interface Standing {
  readonly set: PromptSet | null;
  readonly shown: ShownTry | null;
  readonly rows: number;
  readonly trying: boolean;
  readonly model: ModelStanding;
}

export function promptsHeadline({ shown, rows, trying, model }: Standing): string {
  if (trying) return `Trying your prompt on ${counted(rows, 'validation row')}`;
  if (shown?.isOther) return 'Your prompt as it is now has not been tried';
  if (shown && !isPresent(shown)) return `Your prompt was tried ${differenceWords(shown.differences)}: try it again`;
  const tried = shown?.version.tried;
  if (tried) return `Your prompt ${tried.kind === 'classify' ? 'gets' : 'reaches'} ${resultWords(tried)}`;
  if (model === 'none') return 'A first prompt is ready, but no model is loaded';
  if (model === 'loading') return 'A first prompt is ready, the model is not yet';
  return 'Start with this prompt, or write your own';
}

export function promptsLead({ set, model }: Standing): string {
  const chosen = set && chosenWritten(set);
  const read = set && generates(set.kind) ? 'what it writes' : 'its mistakes';
  if (!chosen || chosen.tried === null) {
    if (model === 'none')
      return 'You can edit it now. Trying and training take a model: the note here says what to do.';
    if (model === 'loading')
      return 'Edit it now and try it once the model is ready. You can also train without trying it.';
    return `Try it, read ${read}, change it, try again. The tuned prompt has to beat your best.`;
  }
  return `Version ${chosen.number} is your entry in the comparison. Try, read ${read}, try again: the tuned prompt has to beat it.`;
}

/** Estimates below this are shown as a bound: a try of 2 seconds was said to take 1, where the aim is a factor of 1.5. */
const SHORT = 3.4;

/** "Try on 82 rows · 9 s". */
export const tryWords = (rows: number, seconds: number | null): string =>
  `Try on ${counted(rows, 'row')}${seconds === null ? '' : ` · ${seconds < SHORT ? 'under 5 s' : duration(seconds)}`}`;

/** "67% of 30 validation rows right". */
export const resultWords = (tried: Tried): string =>
  `${triedWords(tried, 'validation row', percentWhole)}${tried.kind === 'classify' ? ' right' : ''}`;

/** A short account of what changed: the first line that is new, else the answer words. */
export function versionName(prompt: PromptText, before: Version | undefined): string {
  if (!before) return 'Proposed';
  const old = new Set(firstText(before.prompt).template.split('\n'));
  const fresh = prompt.template.split('\n').find((line) => line.trim() !== '' && !old.has(line));
  if (fresh === undefined) return isOfText(before, prompt) ? 'Other answer words' : howWords(prompt);
  const words = fresh.trim();
  return `“${words.length > 36 ? `${words.slice(0, 35).trimEnd()}…` : words}”`;
}

/** "412 tokens per row on average, 460 at most · about 35 ms a row". */
export function costWords(
  { mean, max, run }: { readonly mean: number; readonly max: number; readonly run: number },
  orders: number,
  secondsPerToken: number | null,
): string {
  const times = orders > 1 ? ` in each of ${orders} orders` : '';
  const ms = secondsPerToken === null ? null : run * orders * secondsPerToken * 1000;
  const time =
    ms === null ? '' : ms < 1 ? ' · under 1 ms per row' : ` · about ${count(Number(ms.toPrecision(2)))} ms per row`;
  return `${count(Math.round(mean))} tokens per row on average${times}, ${count(max)} at most${time}`;
}

export const visible = (piece: string): string => (piece === ' ' ? '␣' : piece).replace(/\n/g, '⏎').replace(/\t/g, '⇥');
