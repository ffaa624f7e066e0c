/** What a run reads: its rows as tokens, the engine's request for them, and how long this machine needs. */
import { usedRows } from '../dataset/split';
import type { Dataset } from '../dataset/types';
import type { TrainRequest } from '../engine/types';
import type { Control } from '../lib/control';
import { badInput } from '../lib/errors';
import { createRng, shuffled } from '../lib/rng';
import { tunedPrompt } from '../prompt-set/versions';
import { scoringTargets } from '../route/generated-texts';
import { cueOf, wordsFor } from '../task/template';
import type { AnswerWord } from '../task/types';
import { type LabelTokens, labelTokens, type TokenRow } from '../tokens/tokenizer';
import type { Checkpoint } from '../training/events';
import type { TrainingSettings } from '../training/settings';
import type { Host, Verb } from './host';
import { type RowsRequest, tokenRows } from './token-rows';
import { cacheKeyOf, type Timing, timingOf, trainingIds, validationIds } from './training-rows';

export interface RunRequest {
  readonly runId: string;
  readonly dataset: Dataset;
  readonly template: string;
  /** Ids of the training rows that are in it as examples: a run does not learn from them. Left out: none. */
  readonly examples?: readonly string[] | undefined;
  /** The prompt set's; empty where texts are generated. */
  readonly words: readonly AnswerWord[];
  readonly settings: TrainingSettings;
  readonly initText: string;
  readonly initFrom: TrainRequest['initFrom'] | null;
  readonly resume: Checkpoint | null;
}

export type RowsOfRun = Pick<RunRequest, 'dataset' | 'template' | 'examples' | 'words'> & {
  /** The rows that it learns from; left out: the training rows. */
  readonly trains?: readonly string[];
};

export interface RunRows {
  readonly trainRows: number;
  readonly validationRows: number;
  readonly meanTokens: number;
  readonly maxTokens: number;
  readonly cueTokens: number;
  /** Mean tokens of an expected text; 0 where labels are chosen. */
  readonly answerTokens: number;
  /** Most tokens of an answer word; 0 where texts are generated. */
  readonly wordTokens: number;
  readonly tooLong: readonly string[];
}

export async function learnedRows(
  host: Pick<Host, 'tokens' | 'neighbours'>,
  of: Pick<RowsRequest, 'dataset' | 'prompt' | 'words'>,
  control: Control,
) {
  const { split } = of.dataset;
  const [train, validation] = [trainingIds(of.dataset), validationIds(of.dataset)];
  const asked = [...train, ...validation];
  const { rows, tooLong } = await tokenRows(host, { ...of, split: asked }, control);
  const isChecked = new Set(validation);
  const checked = rows.filter(({ rowId }) => isChecked.has(rowId)).length;
  return {
    train: rows.length - checked,
    validation: checked,
    long: tooLong.length,
    drawn: usedRows({ split }) - split.test.length - asked.length,
  };
}

export interface RunInputs {
  readonly train: readonly TokenRow[];
  readonly validation: readonly TokenRow[];
  readonly labels: readonly LabelTokens[];
  readonly facts: RunRows;
}

/** The rows of a run as tokens. @throws StudioError `bad-input` when no training row fits the model */
export async function runInputs(
  host: Pick<Host, 'tokens' | 'neighbours'>,
  {
    dataset,
    template,
    examples = [],
    words: own,
    settings,
    trains = trainingIds(dataset),
  }: RowsOfRun & { readonly settings: Pick<TrainingSettings, 'placement'> },
  control: Control,
): Promise<RunInputs> {
  const prompt = tunedPrompt(template, settings);
  const words = wordsFor(template, own);
  // with its answer in front a row teaches nothing
  const shown = new Set(examples);
  const learned = trains.filter((id) => !shown.has(id));
  const train = await tokenRows(host, { dataset, prompt, words, split: learned }, control);
  const validates = validationIds(dataset);
  const validation = await tokenRows(host, { dataset, prompt, words, split: validates }, control);
  if (train.rows.length === 0)
    throw badInput(
      'No training row fits the model: the texts are too long. Cut them on the Data screen, or shorten the template on the Prompts screen.',
      { data: { kind: 'too-long' } },
    );
  const labels = labelTokens(host.tokens, words);
  return {
    train: train.rows,
    validation: validation.rows,
    labels,
    facts: {
      trainRows: train.rows.length,
      validationRows: validation.rows.length,
      meanTokens: train.meanTokens,
      maxTokens: Math.max(train.maxTokens, validation.maxTokens),
      cueTokens: host.tokens.encode(cueOf(template)).length,
      answerTokens: train.rows.reduce((sum, { target }) => sum + (target?.length ?? 0), 0) / train.rows.length,
      wordTokens: Math.max(0, ...labels.map(({ tokenIds }) => tokenIds.length)),
      tooLong: [...train.tooLong, ...validation.tooLong],
    },
  };
}

/** Token ids of the initialisation; the engine cuts or repeats them, and draws sampled words itself. */
function initialIds(
  { tokens }: Pick<Host, 'tokens'>,
  { settings: { initialisation }, initText }: Pick<RunRequest, 'settings' | 'initText'>,
  labels: readonly LabelTokens[],
): Int32Array {
  switch (initialisation.kind) {
    case 'text':
      return tokens.encode(initText);
    case 'answer-words':
      return Int32Array.from(labels.flatMap((label) => [...label.tokenIds]));
    case 'prompt':
    case 'transfer':
    case 'vocabulary':
      return new Int32Array(0);
  }
}

export const engineRequest = (
  host: Pick<Host, 'tokens'>,
  request: Omit<RunRequest, 'words'>,
  { train, validation, labels }: Pick<RunInputs, 'train' | 'validation' | 'labels'>,
): TrainRequest => ({
  runId: request.runId,
  train,
  validation,
  labels,
  settings: request.settings,
  initTokenIds: initialIds(host, request, labels),
  ...(request.initFrom && { initFrom: request.initFrom }),
  cacheKey: cacheKeyOf(request.dataset.fingerprint, request.template),
  resume: request.resume,
});

/** Rows are as long wherever the vectors are, give or take a token. */
const settings = { placement: 'suffix' } as const;

export const countRows: Verb<RowsOfRun, never, RunRows> = async (host, request, { control }) =>
  (await runInputs(host, { ...request, settings }, control)).facts;

/** Tokens after what all rows begin with; a mean over fewer would mostly measure what a call costs. */
const TIMED_TOKENS = 600;

/** Forward passes over a few training rows; null when they were answered from memory. */
export const timeTokens: Verb<RowsOfRun, never, Timing | null> = async (host, request, { control }) => {
  const { train: rowsInOrder, labels } = await runInputs(host, { ...request, settings }, control);
  // a file may be sorted by length
  // the first warms up: the engine remembers its answer, so that it cannot be timed again
  const [warmUp, ...train] = shuffled(rowsInOrder, createRng(request.dataset.seed));
  const time = async (rows: typeof train): Promise<Timing | null> => {
    if (labels.length > 0)
      return timingOf(await host.engine.score({ rows, labels, soft: null, cacheKey: null, timed: true }, control));
    const begin = performance.now();
    await host.engine.write({ ...scoringTargets(rows, null), timed: true }, control);
    const tokens = rows.reduce((sum, { ids, target }) => sum + ids.length + (target?.length ?? 0), 0);
    return { tokens, seconds: (performance.now() - begin) / 1000 };
  };
  if (!warmUp || train.length === 0) return null;
  await time([warmUp]); // the first call of a fresh session takes longer than any other
  const shared = sharedStart(train.map(({ ids }) => ids));
  return time(train.slice(0, rowsForTokens(train.map(({ ids }) => ids.length - shared))));
};

/** How many tokens all rows begin with: they are run once. */
export function sharedStart(rows: readonly ArrayLike<number>[]): number {
  const [first] = rows;
  if (!first || rows.length < 2) return 0;
  let shared = 0;
  while (shared < first.length && rows.every((ids) => ids[shared] === first[shared])) shared++;
  return shared;
}

function rowsForTokens(lengths: readonly number[]): number {
  let tokens = 0;
  const enough = lengths.findIndex((length) => {
    tokens += length;
    return tokens >= TIMED_TOKENS;
  });
  return enough < 0 ? lengths.length : enough + 1;
}
