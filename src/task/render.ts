import { labelIndexer, rowsById, rowsOf, textOf, writes } from '../dataset/labels';
import type { Dataset, Row, SplitName } from '../dataset/types';
import { assert } from '../lib/assert';
import { type Failure, fail, ok, type Result } from '../lib/result';
import { createRng, shuffled } from '../lib/rng';
import { answersOf, taskOf } from './tasks';
import {
  asContinuation,
  checkTemplate,
  escaped,
  ownCue,
  parseTemplate,
  printTemplate,
  renderTemplate,
  splitInstruction,
  TEXT_SLOT,
  type TemplateFailure,
  type TemplatePart,
} from './template';
import type { AnswerWord, Example, Neighbours, PromptText } from './types';

/** Characters. Longer examples are drawn only up to the third quartile. */
const SHORT_TEXT = 400;

function notTooLong(rows: readonly Row[], dataset: Dataset): readonly Row[] {
  const lengths = rows.map((row) => textOf(row, dataset.mapping).length).sort((a, b) => a - b);
  const limit = Math.max(SHORT_TEXT, lengths[Math.floor(0.75 * (lengths.length - 1))] ?? 0);
  return rows.filter((row) => textOf(row, dataset.mapping).length <= limit);
}

/** Long rows are passed over as in `chooseShots`. */
function drawShots(dataset: Dataset, count: number, seed: number): readonly Row[] {
  return shuffled(notTooLong(rowsOf(dataset, 'train'), dataset), createRng(seed)).slice(0, count);
}

/** None where each row has its own. */
function sharedShots(dataset: Dataset, { shots, shotSeed, selection }: PromptText): readonly Row[] {
  if (shots === 0 || selection === 'nearest') return [];
  return selection === 'random' || writes(dataset.mapping)
    ? drawShots(dataset, shots, shotSeed)
    : chooseShots(dataset, shots, shotSeed);
}

/** As they are, then shuffled by the seed; the same orders for every row. */
function inOrders(shots: readonly Row[], { shotSeed, orders = 1 }: PromptText) {
  const rng = createRng(shotSeed + 1);
  return [shots, ...Array.from({ length: Math.max(0, orders - 1) }, () => shuffled(shots, rng))];
}

/**
 * Balanced: one of each label in turn, the labels in a new random order each round. Long texts are passed over, since every
 * example is paid for in every row.
 */
export function chooseShots(dataset: Dataset, count: number, seed: number): readonly Row[] {
  const indexOf = labelIndexer(dataset);
  const rng = createRng(seed);
  const candidates = shuffled(notTooLong(rowsOf(dataset, 'train'), dataset), rng);
  const queues = dataset.labels.map((_, i) => candidates.filter((row) => indexOf(row) === i));
  const chosen: Row[] = [];
  while (chosen.length < count && queues.some((queue) => queue.length > 0))
    for (const queue of shuffled(queues, rng)) {
      const row = chosen.length < count ? queue.shift() : undefined;
      if (row) chosen.push(row);
    }
  return chosen;
}

/**
 * Templates that need no row but their own: the examples are in the text, once for every order. The text column is `{text}`.
 * @param words as they follow the template
 */
export function wholeTemplates(
  dataset: Dataset | null,
  prompt: PromptText,
  words: readonly AnswerWord[],
  textColumn: string | undefined = dataset?.mapping.text,
): Result<readonly string[], TemplateFailure | Failure<'nearest' | 'no-rows'>> {
  const parsed = parseTemplate(prompt.template);
  if (!parsed.ok) return parsed;
  const parts = parsed.value.map((part) =>
    part.kind === 'slot' && part.column === textColumn ? { ...part, column: TEXT_SLOT } : part,
  );
  if (prompt.shots === 0) return ok([printTemplate(parts)]);
  if (prompt.selection === 'nearest')
    return fail('nearest', 'It shows each row the examples nearest to it, so it is no fixed text.');
  if (!dataset) return fail('no-rows', 'Its examples are rows of its prompt set, and those are not in this browser.');
  const { instruction, bare } = splitInstruction(parts);
  const write = exampleWriter(dataset, words, splitInstruction(parsed.value).bare);
  const own = printTemplate(bare);
  return ok(
    inOrders(sharedShots(dataset, prompt), prompt).map((shots) =>
      inBlocks([escaped(inBlocks([instruction, ...shots.map(write)])), own]),
    ),
  );
}

const inBlocks = (parts: readonly string[]) => parts.filter((block) => block !== '').join('\n\n');

/** Shown to all rows: leave them out where rows represent unseen ones. */
export const shotIds = (dataset: Dataset, prompt: PromptText): readonly string[] => [
  ...sharedShots(dataset, prompt).map((row) => row.id),
  ...(prompt.inText ?? []),
];

export const exampleCount = ({ shots, inText = [] }: Pick<PromptText, 'shots' | 'inText'>): number =>
  shots + inText.length;

function exampleWriter(dataset: Dataset, words: readonly AnswerWord[], bare: readonly TemplatePart[]) {
  const shown = taskOf(dataset.mapping).shown(dataset, words);
  // in a chat the answer words have no space in front, which they need inside of the message
  const bareText = printTemplate(bare);
  return (row: Row): string => renderTemplate(bare, row, dataset.mapping) + asContinuation(bareText, shown(row));
}

/**
 * Few-shot: the instruction once, then the examples, each by the plain template with its answer word, then the row, with blank
 * lines between. The nearest examples come last, next to the row.
 * @param neighbours needed for a prompt with the nearest examples
 */
export function renderRows(
  dataset: Dataset,
  prompt: PromptText,
  words: readonly AnswerWord[],
  split: SplitName | readonly string[],
  neighbours: Neighbours | null = null,
): Result<readonly Example[], TemplateFailure> {
  const checked = checkTemplate(prompt.template, dataset.table.columns, dataset.mapping);
  if (!checked.ok) return checked;
  assert(
    words.length === 0 || words.every(({ label }, i) => label === dataset.labels[i]),
    'answer words are not in the order of the labels',
  );
  const rows = rowsOf(dataset, split);
  // in a chat the answer begins the model's own message
  const answer = answersOf(dataset, prompt.chat ? '' : prompt.template);
  if (prompt.shots === 0) {
    const cue = ownCue(prompt);
    return ok(
      rows.map((row) => ({
        rowId: row.id,
        text: renderTemplate(checked.value, row, dataset.mapping),
        ...cue,
        ...answer(row),
      })),
    );
  }
  const { instruction, bare } = splitInstruction(checked.value);
  const write = exampleWriter(dataset, words, bare);
  const heads = (shots: readonly Row[]) =>
    inOrders(shots, prompt).map((ordered) => inBlocks([instruction, ...ordered.map(write)]));
  const isNearest = prompt.selection === 'nearest';
  assert(!isNearest || neighbours, 'the nearest examples were asked for, and no row has neighbours');
  const byId = isNearest ? rowsById(dataset.table.rows) : null;
  const shared = isNearest ? [] : heads(sharedShots(dataset, prompt));
  const nearest = (row: Row) =>
    (neighbours?.(row.id, prompt.shots) ?? []).flatMap((id) => byId?.get(id) ?? []).toReversed();
  return ok(
    rows.map((row) => {
      const own = renderTemplate(bare, row, dataset.mapping);
      const [text = own, ...others] = (isNearest ? heads(nearest(row)) : shared).map((head) => inBlocks([head, own]));
      return { rowId: row.id, text, ...answer(row), ...(others.length > 0 ? { otherOrders: others } : {}) };
    }),
  );
}
