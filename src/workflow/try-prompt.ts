/** Verbs: a hand-written prompt tried on validation rows, timed on a few of them, and read token by token. */

import { drawnRows } from '../dataset/draw';
import { goldOf, labelCounts, rowsById, targetOf, writes } from '../dataset/labels';
import { generates } from '../dataset/task-facts';
import type { Dataset, TaskKind } from '../dataset/types';
import { crossValidated } from '../evaluation/classify/outcome';
import { present } from '../lib/assert';
import { mean } from '../metrics/special';
import { exactMatch, rougeL, tokenF1 } from '../metrics/text';
import { voicesOf } from '../prompt/prompt';
import type { AnswersWith, Tried } from '../prompt-set/types';
import { answerLengths, GENERATED_TOKEN, generateTexts, longestAnswer } from '../route/generated-texts';
import { checkTemplate, parseTemplate, sameLabels, TEXT_SLOT, wordsFor } from '../task/template';
import type { AnswerWord, PromptText } from '../task/types';
import type { TargetLengths } from '../tokens/text-lengths';
import { FIXED_TOKENS, type LabelTokens, labelTokens } from '../tokens/tokenizer';
import { ask, askIds, textRows } from './ask';
import type { RowsDone } from './check-rows';
import type { Host, Run, Verb } from './host';
import { sharedStart } from './run-rows';
import { crossCutF1 } from './tagged-rows';
import { labelCollisions, neighboursFor, renderExamples, tokenRows } from './token-rows';
import { cacheKeyOf, type Timing, triedIds, validationIds } from './training-rows';
import { asTry, type FiguresOf, triedFrom } from './tries';

export interface TryResult {
  readonly tried: Tried;
  /** Of the tokens that were run. */
  readonly timing: Timing;
}

export interface TryRequest {
  readonly dataset: Dataset;
  readonly prompt: PromptText;
  readonly with: AnswersWith;
}

const TIMED_ROWS = 4;

/** Rows under a prompt without vectors, as the engine is asked about them. @param longest tokens of a text; 0 for a label */
async function asking(host: Host, request: TryRequest, split: readonly string[], { control }: Pick<Run, 'control'>) {
  const { dataset, prompt, with: answers } = request;
  const isLabels = dataset.mapping.task !== 'generate';
  const longest = isLabels ? 0 : longestAnswer(host, answers.longest, dataset);
  const words = isLabels ? wordsFor(prompt, answers.words) : [];
  const asked = { voices: voicesOf(prompt, words) };
  const { rows } = await textRows(host, asked, { dataset, split, room: longest }, control);
  const counted = { rows, labels: labelTokens(host.tokens, words), soft: null, cacheKey: null };
  const [read = 0] = await host.engine.tokensToRun([counted], control);
  return { asked, rows, longest, tokens: read + GENERATED_TOKEN * longest * rows.length };
}

type Trying = (host: Host, request: TryRequest, run: Run<RowsDone>) => Promise<TryResult>;

/** Answers over the answer words. */
const tryLabels: Trying = async (host, request, { control, emit }) => {
  const { dataset, with: answers } = request;
  const { asked, rows, tokens } = await asking(host, request, triedIds(dataset), { control });
  const total = rows.length;
  const scored = await ask(host, asked, { rows, dataset, cacheKey: null }, control, (share) =>
    emit({ done: Math.round(share * total), total }),
  );
  const tried = triedFrom({ dataset, rows, with: answers }, scored, host.engine);
  return { tried, timing: { tokens, seconds: scored.seconds } };
};

const tryTexts: Trying = async (host, request, { control, emit }) => {
  const begin = performance.now();
  const { dataset } = request;
  const { rows, longest, tokens } = await asking(host, request, triedIds(dataset), { control });
  const written = await generateTexts(host, { rows, soft: null, cacheKey: null, longest }, control, (done) =>
    emit({ done: Math.floor(done), total: rows.length }),
  );
  const seconds = (performance.now() - begin) / 1000;
  return { tried: asTry(request, host.engine, textFigures(dataset, written, seconds)), timing: { tokens, seconds } };
};

export const tryPrompt: Verb<TryRequest, RowsDone, TryResult> = (host, request, run) =>
  (writes(request.dataset.mapping) ? tryTexts : tryLabels)(host, request, run);

function textFigures(
  dataset: Dataset,
  written: Awaited<ReturnType<typeof generateTexts>>,
  seconds: number,
): FiguresOf<'generate'> {
  const byId = rowsById(dataset.table.rows);
  const pairs = written.map(
    ({ rowId, text }) => [text, targetOf(present(byId.get(rowId), rowId), dataset.mapping)] as const,
  );
  const scores = written.flatMap(({ target }) => target ?? []);
  return {
    kind: 'generate',
    rows: written.length,
    rougeL: mean(pairs.map(([text, wanted]) => rougeL(text, wanted))),
    tokenF1: mean(pairs.map(([text, wanted]) => tokenF1(text, wanted))),
    exactMatch: mean(pairs.map(([text, wanted]) => exactMatch(text, wanted))),
    loss: mean(scores.map(({ logProb, tokens }) => -logProb / tokens)),
    seconds,
    written: written.map(({ rowId, text }) => ({ rowId, text })),
  };
}

export const tryTokens: Verb<TryRequest, never, number> = async (host, request, run) =>
  (await asking(host, request, triedIds(request.dataset), run)).tokens;

/** The time of a few rows of a prompt; null without any. For prompts that choose labels. */
export const timePrompt: Verb<TryRequest, never, Timing | null> = async (host, request, run) => {
  const drawn = drawnRows(request.dataset, request.dataset.split.validation, TIMED_ROWS + 1);
  // the first call of a fresh session takes longer than any other
  const [warmUp, ...timed] = drawn;
  if (warmUp === undefined || timed.length === 0) return null;
  const time = async (ids: readonly string[]) => {
    const { asked, rows, tokens } = await asking(host, request, ids, run);
    const how = { rows, dataset: request.dataset, cacheKey: null, timed: true as const };
    return { tokens, seconds: (await ask(host, asked, how, run.control)).seconds };
  };
  await time([warmUp]);
  const found = await time(timed);
  return found.tokens > 0 ? found : null;
};

export interface ProposalRequest {
  readonly dataset: Dataset;
  readonly template: string;
  readonly words: readonly AnswerWord[];
  readonly prompt: PromptText;
}

/** Fewer validation rows could not tell two prompts apart. */
const FEWEST_ROWS = 8;

/**
 * Whether a proposed prompt does worse on validation rows than the template alone, each calibrated as it would answer,
 * and so should not be the rival of a tuned prompt. No test row is read.
 */
export const isWorseThanBare: Verb<ProposalRequest, never, boolean> = async (host, request, { control }) => {
  const { dataset, template } = request;
  const answersOf = (text: PromptText, cacheKey: string | null) => {
    const asked = { voices: voicesOf(text, wordsFor(text, request.words)) };
    return askIds(host, asked, { dataset, ids: triedIds(dataset), cacheKey }, control);
  };
  const bare = await answersOf({ template, shots: 0, shotSeed: 0 }, cacheKeyOf(dataset.fingerprint, template));
  const proposed = await answersOf(request.prompt, null);
  const ids = [...bare.keys()].filter((id) => proposed.has(id));
  if (ids.length < FEWEST_ROWS) return false;
  const gold = goldOf(dataset, ids);
  if (dataset.mapping.task === 'tag') {
    const reached = (answers: typeof bare) => crossCutF1(dataset, ids, (id) => present(answers.get(id), id).logProbs);
    return reached(proposed) < reached(bare);
  }
  const loss = (answers: typeof bare) =>
    mean(
      crossValidated(
        ids.map((id) => present(answers.get(id), id).logProbs),
        gold,
        labelCounts(dataset, dataset.split.train),
      ).losses,
    );
  return loss(proposed) > loss(bare);
};

interface Cost {
  /** Of the template alone. */
  readonly prompt: number;
  /** Mean and maximum of a validation row as the model sees it, examples included. */
  readonly mean: number;
  readonly max: number;
  /** What a row makes the model run on average, beside what every row begins with. */
  readonly run: number;
  readonly tooLong: readonly string[];
}

export interface Reading {
  readonly rowId: string;
  readonly pieces: readonly string[];
  /** Which of them come from the row, not from the prompt. */
  readonly own: readonly boolean[];
  /** The expected text after it; empty where labels are chosen. */
  readonly target: readonly string[];
}

export interface ReadRequest {
  readonly dataset: Dataset;
  readonly prompt: PromptText;
  readonly words: readonly AnswerWord[];
  /** The row that is shown; undefined when the data set has no validation rows. */
  readonly rowId: string | undefined;
}

export interface PromptReading {
  readonly labels: readonly LabelTokens[];
  readonly collisions: ReturnType<typeof labelCollisions>;
  /** Null where the prompt cannot be rendered: a bad template, or words that are not there yet. */
  readonly cost: Cost | null;
  readonly reading: Reading | null;
  readonly answers: TargetLengths | null;
}

export const readPrompt: Verb<ReadRequest, RowsDone, PromptReading> = async (host, request, { control, emit }) => {
  const { dataset, prompt, rowId } = request;
  const words = wordsFor(prompt, request.words);
  const kind: TaskKind = dataset.mapping.task;
  const said = {
    labels: labelTokens(host.tokens, words),
    collisions: labelCollisions(host.tokens, words),
    answers: generates(kind) ? answerLengths(host, dataset) : null,
  };
  const isUsable = checkTemplate(prompt.template, dataset.table.columns, dataset.mapping).ok;
  if (!isUsable || rowId === undefined || !sameLabels(words, dataset.labels))
    return { ...said, cost: null, reading: null };
  const onVectors = (done: number, total: number) => emit({ done, total });
  const rows = { dataset, prompt, words, split: validationIds(dataset) };
  const { rows: read, meanTokens: mean, maxTokens: max, tooLong } = await tokenRows(host, rows, control, onVectors);
  const bare = prompt.template.replace(/\{[^{}]*\}/g, '');
  const cost = {
    prompt: host.tokens.encode(bare).length,
    mean,
    max,
    run: mean - sharedStart(read.map(({ ids }) => ids)) + FIXED_TOKENS,
    tooLong,
  };
  const neighbours = await neighboursFor(host, rows, control);
  const [example] = renderExamples(host.tokens, { ...rows, split: [rowId] }, neighbours);
  const text = example?.text ?? '';
  const pieces = piecesOf(host, text);
  const own = ownPieces(text, pieces, cellsShown(dataset, rowId, prompt.template));
  const target = example?.target === undefined ? [] : piecesOf(host, example.target);
  return { ...said, cost, reading: { rowId, pieces, own, target } };
};

const piecesOf = ({ tokens }: Host, text: string): string[] =>
  Array.from(tokens.encode(text), (id) => tokens.tokenizer.decode([id]));

function cellsShown({ table, mapping }: Dataset, rowId: string, template: string): readonly string[] {
  const row = rowsById(table.rows).get(rowId);
  const parsed = parseTemplate(template);
  if (!row || !parsed.ok) return [];
  return parsed.value.flatMap((part) =>
    part.kind === 'slot' ? [row.cells[part.column === TEXT_SLOT ? mapping.text : part.column] ?? ''] : [],
  );
}

/**
 * Which tokens of a rendered prompt come from the row itself: those that touch the last occurrence of one of its cells.
 * All false where tokens cannot be aligned with the text (a character cut into bytes).
 */
export function ownPieces(text: string, pieces: readonly string[], cells: readonly string[]): readonly boolean[] {
  if (pieces.join('') !== text) return pieces.map(() => false);
  const ranges = cells.flatMap((cell) => {
    const start = cell.trim() === '' ? -1 : text.lastIndexOf(cell);
    return start < 0 ? [] : [[start, start + cell.length] as const];
  });
  let at = 0;
  return pieces.map((piece) => {
    const [from, to] = [at, at + piece.length];
    at = to;
    return ranges.some(([start, end]) => from < end && start < to);
  });
}
