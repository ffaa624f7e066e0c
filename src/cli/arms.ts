import { labelIndexer, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import type { Engine } from '../engine/engine';
import { calibrationHelps, fitCalibration, validationAccuracy } from '../evaluation/calibrate';
import { compare } from '../evaluation/compare';
import { majorityArm, wordsArm } from '../evaluation/reference';
import type { ArmOutcome, Comparison, ComparisonPlan } from '../evaluation/types';
import { present } from '../lib/assert';
import { StudioError } from '../lib/errors';
import { createRng, shuffled } from '../lib/rng';
import { wordClassifier } from '../metrics/logistic';
import type { SoftPrompt } from '../prompt/types';
import { renderRows, rowsOf, shotIds } from '../task/render';
import type { HardPrompt } from '../task/types';
import type { Tokenizer, TokenRow } from '../tokens/types';
import type { Log } from './log';
import type { Task } from './task';

const SHOTS = 8;
const CALIBRATION_ROWS = 64;
const LATENCY_ROWS = 12;

export interface Contender {
  readonly id: string;
  readonly name: string;
  readonly kind: Exclude<ArmOutcome['kind'], 'reference'>;
  readonly prompt: HardPrompt;
  readonly soft: SoftPrompt | null;
  /** Arms that are given the same texts share keys and values. */
  readonly cacheKey: string | null;
}

/** Key of the text cache for the bare template's rows. */
export const BARE_KEY = 'bare';

export function contenders(task: Task, soft: SoftPrompt): Contender[] {
  const bare = { template: task.bare, shots: 0, shotSeed: 0 };
  const yours = { template: task.yours, shots: 0, shotSeed: 0 };
  return [
    { id: 'untuned', name: 'Untuned', kind: 'untuned', prompt: bare, soft: null, cacheKey: BARE_KEY },
    { id: 'yours', name: 'Yours', kind: 'zero-shot', prompt: yours, soft: null, cacheKey: null },
    {
      id: 'yours-8',
      name: `Yours + ${SHOTS} examples`,
      kind: 'few-shot',
      prompt: { ...yours, shots: SHOTS },
      soft: null,
      cacheKey: null,
    },
    { id: 'tuned', name: 'Tuned', kind: 'tuned', prompt: bare, soft, cacheKey: BARE_KEY },
  ];
}

const PAIRS: ComparisonPlan['pairs'] = [
  ['yours', 'tuned'],
  ['yours-8', 'tuned'],
  ['untuned', 'tuned'],
  ['tfidf', 'tuned'],
  ['untuned', 'yours'],
];

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

export interface ContestContext {
  readonly engine: Engine;
  readonly tokenizer: Tokenizer;
  readonly dataset: Dataset;
  readonly task: Task;
  readonly log: Log;
}

/** All arms on the same held-back rows: scored, calibrated on unlabelled training rows, timed. */
export async function contest(
  context: ContestContext,
  arms: readonly Contender[],
  seed: number,
): Promise<{ plan: ComparisonPlan; comparison: Comparison }> {
  const { dataset } = context;
  const rowIds = fittingRows(context, arms);
  const gold = goldOf(dataset, rowIds);
  const outcomes: ArmOutcome[] = [
    majorityArm(dataset.labels, goldOf(dataset, dataset.split.train), rowIds.length),
    wordsArm(wordPredictions(dataset, rowIds)),
  ];
  for (const arm of arms) outcomes.push(await outcomeOf(context, arm, rowIds));
  const plan: ComparisonPlan = {
    labels: dataset.labels,
    rowIds,
    gold,
    arms: outcomes,
    pairs: PAIRS.filter((pair) => pair.every((id) => outcomes.some((arm) => arm.id === id))),
    calibrated: calibrationHelps(outcomes),
    calibration: 'chosen',
    looks: 1,
    seed,
  };
  return { plan, comparison: compare(plan) };
}

/** Held-back rows that fit every prompt: all arms must answer the same ones. */
function fittingRows(
  { engine, tokenizer, dataset, task, log }: ContestContext,
  arms: readonly Contender[],
): readonly string[] {
  const limit = engine.info.contextLength ?? Number.POSITIVE_INFINITY;
  const answer = Math.max(...task.labels.map((label) => label.tokenIds.length));
  const tooLong = new Set<string>();
  for (const { prompt, soft } of arms)
    for (const row of tokenRows(tokenizer, dataset, prompt, task.words, dataset.split.test))
      if (row.ids.length + (soft?.virtualTokens ?? 0) + answer > limit) tooLong.add(row.rowId);
  if (tooLong.size > 0)
    log.line(`${tooLong.size} held-back rows are longer than the model's context and are left out of every arm`);
  return dataset.split.test.filter((id) => !tooLong.has(id));
}

async function outcomeOf(
  { engine, tokenizer, dataset, task, log }: ContestContext,
  arm: Contender,
  rowIds: readonly string[],
): Promise<ArmOutcome> {
  const shown = new Set(shotIds(dataset, arm.prompt));
  const unlabelled = shuffled(dataset.split.train, createRng(dataset.seed))
    .filter((id) => !shown.has(id))
    .slice(0, CALIBRATION_ROWS);
  const { validation } = dataset.split;
  const rowsFor = (ids: readonly string[]) => tokenRows(tokenizer, dataset, arm.prompt, task.words, ids);
  const request = { labels: task.labels, soft: arm.soft, cacheKey: arm.cacheKey };
  const rows = rowsFor([...rowIds, ...unlabelled, ...validation]);
  const begin = performance.now();
  const scored = await engine.score({ ...request, rows }, undefined, (done) =>
    log.progress(`${arm.name}: ${done} of ${rows.length} rows`),
  );
  const byRow = new Map(scored.rows.map((row) => [row.rowId, row]));
  const scoresOf = (ids: readonly string[]) => ids.map((id) => present(byRow.get(id), id));
  const logProbs = (ids: readonly string[]) => scoresOf(ids).map((row) => row.logProbs);
  const calibration = fitCalibration(logProbs(unlabelled));
  const test = scoresOf(rowIds);
  const latencyMsMedian = await engine.latency(
    { ...request, rows: rows.slice(0, LATENCY_ROWS), cacheKey: null },
    LATENCY_ROWS,
  );
  log.line(`${arm.name}: ${rows.length} rows in ${((performance.now() - begin) / 1000).toFixed(0)} s`);
  return {
    id: arm.id,
    name: arm.name,
    kind: arm.kind,
    placement: arm.soft?.placement ?? null,
    logProbs: test.map((row) => row.logProbs),
    calibration,
    tokensSentMean: mean(test.map((row) => row.tokensSent)),
    tokensComputedMean: mean(test.map((row) => row.tokensComputed)),
    latencyMsMedian,
    validation:
      validation.length === 0
        ? null
        : validationAccuracy(logProbs(validation), goldOf(dataset, validation), calibration),
  };
}

export function goldOf(dataset: Dataset, ids: readonly string[]): number[] {
  const indexOf = labelIndexer(dataset);
  return rowsOf(dataset, ids).map((row) => present(indexOf(row), `label of row ${row.id}`));
}

function wordPredictions(dataset: Dataset, rowIds: readonly string[]): readonly (readonly number[])[] {
  const texts = (ids: readonly string[]) => rowsOf(dataset, ids).map((row) => textOf(row, dataset.mapping));
  const { train } = dataset.split;
  return wordClassifier(texts(train), goldOf(dataset, train), dataset.labels.length)(texts(rowIds));
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
