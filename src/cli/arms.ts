import { labelIndexer, textOf } from '../dataset/labels';
import type { Dataset } from '../dataset/types';
import type { Engine } from '../engine/engine';
import { compare } from '../evaluation/classify/compare';
import { averaged, combinedArm, majorityArm, wordsArm } from '../evaluation/classify/made-arms';
import { fitCalibration, validationOutcome, validationTemperature } from '../evaluation/classify/outcome';
import { rowGroups } from '../evaluation/rows';
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
  /** Null = none; of several the mean answer counts. */
  readonly softs: readonly (SoftPrompt | null)[];
  /** Arms that are given the same texts share keys and values. */
  readonly cacheKey: string | null;
}

/** Key of the text cache for the bare template's rows. */
export const BARE_KEY = 'bare';

/** Key of the text cache for the rows of the hand-written prompt, where vectors are put to it. */
export const HYBRID_KEY = 'hybrid';

/** @param tuned by seed; the first stands for "Tuned" */
export function contenders(task: Task, tuned: readonly SoftPrompt[], hybrid: SoftPrompt | null): Contender[] {
  const bare = { template: task.bare, shots: 0, shotSeed: 0 };
  const yours = { template: task.yours, shots: 0, shotSeed: 0 };
  const eight = { ...yours, shots: SHOTS };
  const mean = `Tuned, mean of ${tuned.length} seeds`;
  const arm = (
    id: string,
    name: string,
    kind: Contender['kind'],
    prompt: HardPrompt,
    softs: Contender['softs'] = [null],
    cacheKey: string | null = null,
  ): Contender => ({ id, name, kind, prompt, softs, cacheKey });
  return [
    arm('untuned', 'Untuned', 'untuned', bare, [null], BARE_KEY),
    arm('yours', 'Yours', 'zero-shot', yours),
    arm('yours-8', `Yours + ${SHOTS} examples`, 'few-shot', eight),
    arm('tuned', 'Tuned', 'tuned', bare, tuned.slice(0, 1), BARE_KEY),
    ...tuned
      .slice(1)
      .map((soft, i) =>
        arm(`tuned-${i + 2}`, `Tuned, seed ${i + 2} of ${tuned.length}`, 'tuned', bare, [soft], BARE_KEY),
      ),
    ...(tuned.length > 1 ? [arm('ensemble', mean, 'ensemble', bare, tuned, BARE_KEY)] : []),
    ...(hybrid ? [arm('hybrid', 'Hybrid', 'hybrid', yours, [hybrid], HYBRID_KEY)] : []),
  ];
}

const PAIRS: ComparisonPlan['pairs'] = [
  ['yours', 'tuned'],
  ['yours-8', 'tuned'],
  ['untuned', 'tuned'],
  ['tfidf', 'tuned'],
  ['untuned', 'yours'],
  ['yours', 'hybrid'],
  ['tuned', 'hybrid'],
  ['yours', 'ensemble'],
  ['tuned', 'ensemble'],
  ['tuned', 'combined'],
  ['tfidf', 'combined'],
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
  const { validation } = dataset.split;
  const words = wordsArm(wordPredictions(dataset, rowIds));
  const outcomes: ArmOutcome[] = [
    majorityArm(dataset.labels, goldOf(dataset, dataset.split.train), rowIds.length),
    words,
  ];
  for (const arm of arms) {
    const { outcome, onValidation } = await outcomeOf(context, arm, rowIds);
    outcomes.push(outcome);
    if (arm.id !== 'tuned') continue;
    const combined = combinedArm({
      tuned: outcome,
      tunedValidation: onValidation,
      words,
      wordsValidation: wordPredictions(dataset, validation),
      validationGold: goldOf(dataset, validation),
    });
    if (combined) outcomes.push(combined);
  }
  const groups = rowGroups(dataset, rowIds);
  const plan: ComparisonPlan = {
    labels: dataset.labels,
    rowIds,
    ...(groups ? { groups } : {}),
    gold,
    arms: outcomes,
    pairs: PAIRS.filter((pair) => pair.every((id) => outcomes.some((arm) => arm.id === id))),
    calibrated: false,
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
  for (const { prompt, softs } of arms)
    for (const row of tokenRows(tokenizer, dataset, prompt, task.words, dataset.split.test))
      if (row.ids.length + (softs[0]?.virtualTokens ?? 0) + answer > limit) tooLong.add(row.rowId);
  if (tooLong.size > 0)
    log.line(`${tooLong.size} held-back rows are longer than the model's context and are left out of every arm`);
  return dataset.split.test.filter((id) => !tooLong.has(id));
}

async function outcomeOf(
  { engine, tokenizer, dataset, task, log }: ContestContext,
  arm: Contender,
  rowIds: readonly string[],
): Promise<{ readonly outcome: ArmOutcome; readonly onValidation: ArmOutcome['logProbs'] }> {
  const shown = new Set(shotIds(dataset, arm.prompt));
  const unlabelled = shuffled(dataset.split.train, createRng(dataset.seed))
    .filter((id) => !shown.has(id))
    .slice(0, CALIBRATION_ROWS);
  const { validation } = dataset.split;
  const rowsFor = (ids: readonly string[]) => tokenRows(tokenizer, dataset, arm.prompt, task.words, ids);
  const request = { labels: task.labels, cacheKey: arm.cacheKey };
  const rows = rowsFor([...rowIds, ...unlabelled, ...validation]);
  const begin = performance.now();
  const scored = await averaged(arm.softs, (soft) =>
    engine.score({ ...request, soft, rows }, undefined, (done) =>
      log.progress(`${arm.name}: ${done} of ${rows.length} rows`),
    ),
  );
  const byRow = new Map(scored.map((row) => [row.rowId, row]));
  const scoresOf = (ids: readonly string[]) => ids.map((id) => present(byRow.get(id), id));
  const logProbs = (ids: readonly string[]) => scoresOf(ids).map((row) => row.logProbs);
  const calibration = fitCalibration(logProbs(unlabelled));
  const test = scoresOf(rowIds);
  let latencyMsMedian = 0;
  for (const soft of arm.softs) {
    const few = { ...request, soft, rows: rows.slice(0, LATENCY_ROWS), cacheKey: null };
    latencyMsMedian += await engine.latency(few, LATENCY_ROWS);
  }
  log.line(`${arm.name}: ${rows.length} rows in ${((performance.now() - begin) / 1000).toFixed(0)} s`);
  const onValidation = logProbs(validation);
  const outcome: ArmOutcome = {
    id: arm.id,
    name: arm.name,
    kind: arm.kind,
    placement: arm.softs[0]?.placement ?? null,
    logProbs: test.map((row) => row.logProbs),
    calibration,
    tokensSentMean: mean(test.map((row) => row.tokensSent)),
    tokensSent: test.map((row) => row.tokensSent),
    tokensComputedMean: mean(test.map((row) => row.tokensComputed)),
    latencyMsMedian,
    validation: validationOutcome(onValidation, goldOf(dataset, validation), calibration),
    temperature: validationTemperature(onValidation, goldOf(dataset, validation), calibration),
  };
  return { outcome, onValidation };
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
