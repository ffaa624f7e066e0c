import type { Dataset } from '../dataset/types';
import { StudioError } from '../lib/errors';
import { findCollisions } from '../task/classify/collisions';
import { proposeInstruction, proposeWords } from '../task/classify/propose';
import { renderRows } from '../task/render';
import { propose } from '../task/tasks';
import { asContinuation, checkTemplate, printTemplate, splitInstruction } from '../task/template';
import type { HardPrompt, LabelWord } from '../task/types';
import type { LabelTokens, Tokenizer, TokenRow } from '../tokens/types';
import type { TuneOptions } from './options';
import { UsageError } from './usage';

/** What is asked of the model, in words. */
export interface Task {
  /** The hand-written prompt, instruction included. */
  readonly yours: string;
  /** The same without its instruction: the text that the vectors are put to. */
  readonly bare: string;
  /** The instruction: the vectors start from its words. */
  readonly instruction: string;
  readonly words: readonly LabelWord[];
  readonly labels: readonly LabelTokens[];
}

/** @throws UsageError for a template or answer words that do not fit the data */
export function readTask(
  dataset: Dataset,
  tokenizer: Tokenizer,
  { prompt, words: given }: Pick<TuneOptions, 'prompt' | 'words'>,
): Task {
  const encode = (text: string) => tokenizer.encode(text);
  const instruction = proposeInstruction(dataset.labels);
  const yours = prompt ?? `${instruction}\n${propose(dataset, encode).template}`;
  const checked = checkTemplate(yours, dataset.table.columns, dataset.mapping);
  if (!checked.ok) throw new UsageError(`--prompt: ${checked.error.message}`);
  const parts = splitInstruction(checked.value);
  const bare = printTemplate(parts.bare);
  const words = given ? givenWords(dataset.labels, bare, given) : proposeWords(dataset.labels, bare, encode);
  const labels = words.map((word) => ({ ...word, tokenIds: Array.from(encode(word.word)) }));
  const [collision] = findCollisions(labels, encode);
  if (collision) {
    const better = collision.suggestion.map(({ label, word }) => `${label}=${word.trim()}`).join(',');
    throw new StudioError(
      'bad-input',
      `The model cannot tell the answer words of ${collision.labels.join(' and ')} apart. Try --words ${better}`,
    );
  }
  return { yours, bare, instruction: parts.instruction || instruction, words, labels };
}

function givenWords(labels: readonly string[], bare: string, given: ReadonlyMap<string, string>): LabelWord[] {
  const unknown = [...given.keys()].find((label) => !labels.includes(label));
  if (unknown !== undefined)
    throw new UsageError(`--words: no row has the label “${unknown}”; there are ${labels.join(', ')}.`);
  return labels.map((label) => {
    const word = given.get(label);
    if (word === undefined) throw new UsageError(`--words: the label “${label}” has no word.`);
    return { label, word: asContinuation(bare, word) };
  });
}

/** Token ids of rows under a prompt. @throws StudioError `bad-input` */
export function tokenRows(
  tokenizer: Tokenizer,
  dataset: Dataset,
  prompt: HardPrompt,
  words: Task['words'],
  ids: readonly string[],
): TokenRow[] {
  const rendered = renderRows(dataset, prompt, words, ids);
  if (!rendered.ok) throw new StudioError('bad-input', rendered.error.message);
  return rendered.value.map(({ rowId, text, label }) => ({ rowId, label, ids: tokenizer.encode(text) }));
}
