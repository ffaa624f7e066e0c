/** What the Prompts screen says. Pure. */
import { chosenHard, isWriting } from '../../../project/prompt-set';
import type { HardVersion, PromptSet } from '../../../project/types';
import type { HardPrompt } from '../../../task/types';
import { count, counted, duration, percentWhole } from '../../ui/format';

export interface Standing {
  readonly set: PromptSet | null;
  readonly rows: number;
  readonly trying: boolean;
  readonly modelReady: boolean;
}

export function promptsHeadline({ set, rows, trying, modelReady }: Standing): string {
  if (trying) return `Trying your prompt on ${counted(rows, 'validation row')}`;
  const wrote = set && chosenHard(set)?.wrote;
  if (wrote)
    return `Your prompt reaches ROUGE-L ${percentWhole(wrote.rougeL)} on ${counted(wrote.rows, 'validation row')}`;
  const tried = set && chosenHard(set)?.tried;
  if (tried) return `Your prompt gets ${percentWhole(tried.accuracy)} right on the validation rows`;
  if (!modelReady) return 'A first prompt is proposed; the model is still loading';
  return 'A first prompt is proposed: try it, or make it yours';
}

export function promptsLead({ set, modelReady }: Standing): string {
  const versions = set?.hard ?? [];
  const chosen = set && chosenHard(set);
  if (!chosen?.tried && !chosen?.wrote)
    return modelReady
      ? set && isWriting(set)
        ? 'Try it, read what it writes, change it, try again. What you train later has to beat your best.'
        : 'Try it, read the wrong rows, change it, try again. What you train later has to beat your best.'
      : 'You can write it now and try it as soon as the model is there. Going on to training needs no try.';
  const best = `Version ${chosen.number} of ${versions.length} is the one that counts.`;
  if (chosen.wrote) return `${best} Try, read what it writes, try again: what you train later has to beat it.`;
  return `${best} Try, read the wrong rows, try again: what you train later has to beat it.`;
}

/** "Try on 82 rows · 9 s". */
export const tryWords = (rows: number, seconds: number | null): string =>
  `Try on ${counted(rows, 'row')}${seconds === null ? '' : ` · ${duration(seconds)}`}`;

/** "names the labels" is for people; here a short, true account of what changed: the first line that is new. */
export function versionName(prompt: HardPrompt, before: HardVersion | undefined): string {
  if (!before) return 'Proposed';
  const old = new Set(before.prompt.template.split('\n'));
  const fresh = prompt.template.split('\n').find((line) => line.trim() !== '' && !old.has(line));
  if (fresh === undefined) return howWords(prompt);
  const words = fresh.trim();
  return `“${words.length > 36 ? `${words.slice(0, 35).trimEnd()}…` : words}”`;
}

/** "With 8 examples, the nearest, in 4 orders, as a chat". */
export function howWords({ shots, selection = 'balanced', orders = 1, chat = false }: HardPrompt): string {
  if (shots === 0) return chat ? 'Without examples, as a chat' : 'Without examples';
  const which = { balanced: '', random: ', at random', nearest: ', the nearest' }[selection];
  return `With ${count(shots)} examples${which}${orders > 1 ? `, in ${orders} orders` : ''}${chat ? ', as a chat' : ''}`;
}

/** "412 tokens a row on average, 460 at most · about 35 ms a row". */
export function costWords(
  { mean, max }: { readonly mean: number; readonly max: number },
  orders: number,
  secondsPerToken: number | null,
): string {
  const times = orders > 1 ? ` in each of ${orders} orders` : '';
  const ms = secondsPerToken === null ? null : mean * orders * secondsPerToken * 1000;
  const time =
    ms === null ? '' : ms < 1 ? ' · under 1 ms a row' : ` · about ${count(Number(ms.toPrecision(2)))} ms a row`;
  return `${count(Math.round(mean))} tokens a row on average${times}, ${count(max)} at most${time}`;
}

/** Newlines and spaces at the edges made visible: what the model reads is what is shown. */
export const visible = (piece: string): string => (piece === ' ' ? '␣' : piece).replace(/\n/g, '⏎').replace(/\t/g, '⇥');
