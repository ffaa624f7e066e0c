/** Arms made of others' answers, such as a mean over seeds or a tuned prompt with word counts, and lines that are no prompt. */
import { assert } from '../../lib/assert';
import { capitalised, listed } from '../../lib/format';
import { mixedAnswers, nll, pooledAnswers } from '../../metrics/calibration';
import { accuracy, argmax, logSoftmax } from '../../metrics/classification';
import type { ArmOutcome, ComparisonPlan } from '../types';
import { validationTemperature } from './outcome';

type Answers = readonly (readonly number[])[];

const GRID = 20;

/** The weight of the first with the lowest cross-entropy on labelled rows; of equals the one that leaves it more. */
export function fitWeight(first: Answers, second: Answers, gold: readonly number[]): number {
  assert(gold.length > 0, 'a weight needs labelled rows');
  const tried = Array.from({ length: GRID + 1 }, (_, i) => 1 - i / GRID).map((weight) => ({
    weight,
    loss: nll(mixedAnswers(first, second, weight), gold),
  }));
  return tried.reduce((best, each) => (each.loss < best.loss ? each : best)).weight;
}

/** Weights that are tried, and how strongly each is held to an equal share: free ones follow the chance of few rows. */
const WEIGHTS = Array.from({ length: 31 }, (_, i) => i / 20);
const HOLD = 0.1;

/**
 * Weights of several with the lowest cross-entropy on labelled rows, plus 0.1 Σ (w − 1/members)². None is below 0, and they need
 * not add up to 1: who is too sure gets less. Each in turn takes the best of a grid until none changes.
 */
export function fitWeights(members: readonly Answers[], gold: readonly number[]): readonly number[] {
  const equal = 1 / members.length;
  const costOf = (weights: readonly number[]) =>
    nll(pooledAnswers(members, weights), gold) + HOLD * weights.reduce((sum, weight) => sum + (weight - equal) ** 2, 0);
  let best = { weights: members.map(() => equal), cost: Number.POSITIVE_INFINITY };
  for (let before = Number.NaN; before !== best.cost; ) {
    before = best.cost;
    for (const m of members.keys())
      for (const weight of WEIGHTS) {
        const weights = best.weights.with(m, weight);
        const cost = costOf(weights);
        if (cost < best.cost) best = { weights, cost };
      }
  }
  return best.weights;
}

/** How many points the word counts may be behind the tuned prompt, on validation rows, and still be worth asking too. */
const STRONG_WITHIN = 0.1;

interface CombinedFrom {
  readonly tuned: ArmOutcome;
  readonly tunedValidation: Answers;
  readonly words: ArmOutcome;
  readonly wordsValidation: Answers;
  readonly validationGold: readonly number[];
}

const accuracyOf = (answers: Answers, gold: readonly number[]) => accuracy(gold, answers.map(argmax));

const combinedName = (weight: number): string =>
  weight === 0
    ? 'Word counts alone (tuned: weight 0)'
    : `Tuned with word counts, ${Math.round(100 * weight)} : ${Math.round(100 * (1 - weight))}`;

/** Pairs of the arm that can only be made once the word counts and the tuned prompt have answered. */
export const COMBINED_PAIRS: ComparisonPlan['pairs'] = [
  ['tuned', 'combined'],
  ['tfidf', 'combined'],
];

/**
 * The tuned prompt and the word counts together, weighted by what the validation rows say. Null where the word counts
 * are weak there, or get no weight: the arm would tell nothing new. Where the tuned prompt gets none, the arm says so, is a line
 * as the word counts are, and costs what they cost.
 */
export function combinedArm(from: CombinedFrom): { readonly arm: ArmOutcome; readonly weight: number } | null {
  const { tuned, tunedValidation, words, wordsValidation, validationGold } = from;
  if (validationGold.length === 0) return null;
  const behind = accuracyOf(tunedValidation, validationGold) - accuracyOf(wordsValidation, validationGold);
  if (behind > STRONG_WITHIN) return null;
  const weight = fitWeight(tunedValidation, wordsValidation, validationGold);
  if (weight === 1) return null;
  const onValidation = mixedAnswers(tunedValidation, wordsValidation, weight);
  const arm: ArmOutcome = {
    ...(weight === 0 ? words : tuned),
    id: COMBINED,
    name: combinedName(weight),
    kind: weight === 0 ? 'reference' : 'combined',
    temperature: validationTemperature(onValidation, validationGold, null),
    logProbs: mixedAnswers(tuned.logProbs, words.logProbs, weight),
    calibration: null,
    validation: { helps: false, answers: { gold: validationGold, logProbs: onValidation } },
  };
  return { arm, weight };
}

/** Log-shares of the labels among training rows, half a row added to each: the same answer for every row. */
function majorityLogProbs(trainGold: readonly number[], classes: number): readonly number[] {
  const counts = new Array<number>(classes).fill(0.5);
  for (const label of trainGold) counts[label] = (counts[label] as number) + 1;
  return logSoftmax(counts.map(Math.log));
}

export const reference = (id: string, name: string, logProbs: ArmOutcome['logProbs']): ArmOutcome => ({
  id,
  name,
  kind: 'reference',
  placement: null,
  logProbs,
  calibration: null,
  tokensSentMean: null,
  tokensComputedMean: null,
  latencyMsMedian: null,
  validation: null,
});

export const MAJORITY = 'majority';
export const WORDS = 'tfidf';
export const PROBE = 'probe';
export const TOGETHER = 'together';
export const COMBINED = 'combined';

export function majorityArm(labels: readonly string[], trainGold: readonly number[], rows: number): ArmOutcome {
  const logProbs = majorityLogProbs(trainGold, labels.length);
  const frequent = labels[logProbs.indexOf(Math.max(...logProbs))] ?? '';
  return reference(MAJORITY, `Always “${frequent}”`, new Array(rows).fill(logProbs));
}

export const wordsArm = (logProbs: ArmOutcome['logProbs']): ArmOutcome =>
  reference(WORDS, 'TF-IDF + logistic regression', logProbs);

export const probeArm = (logProbs: ArmOutcome['logProbs']): ArmOutcome =>
  reference(PROBE, 'Linear probe of the model', logProbs);

const MEMBERS = ['tuned', 'word counts', 'probe'];

/** Named after what has a weight, and after what has none and so takes no part in the answers. */
function togetherName(weights: readonly number[]): string {
  const used = MEMBERS.filter((_, m) => weights[m] !== 0);
  const unused = MEMBERS.filter((_, m) => weights[m] === 0);
  const who = used.length === 0 ? 'nothing' : `${listed(used)} ${used.length === 1 ? 'alone' : 'together'}`;
  return `${capitalised(who)}${unused.length === 0 ? '' : ` (${listed(unused)}: weight 0)`}`;
}

/** What tuned prompt, word counts and probe reach together. */
export function togetherArm(
  { tuned, tunedValidation, words, wordsValidation, validationGold }: CombinedFrom,
  probe: Answers,
  probeValidation: Answers,
): { readonly arm: ArmOutcome; readonly weights: readonly number[] } {
  const weights = fitWeights([tunedValidation, wordsValidation, probeValidation], validationGold);
  const logProbs = pooledAnswers([tuned.logProbs, words.logProbs, probe], weights);
  return { arm: reference(TOGETHER, togetherName(weights), logProbs), weights };
}
