/** The arm made of others' answers, and lines that are no prompt. */
import { nll, pooledAnswers } from '../../metrics/calibration';
import { logSoftmax } from '../../metrics/classification';
import { ARM_NAMES, alwaysName } from '../arm-names';
import type { ArmOutcome, ComparisonPlan } from '../types';
import { validationTemperature } from './outcome';

type Answers = readonly (readonly number[])[];

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

/** A prompt or line that answers in a combination. */
export interface Member {
  /** Inside a name. */
  readonly name: string;
  readonly outcome: ArmOutcome;
  readonly onValidation: Answers;
}

/** Pair of the arm that can only be made once its members have answered. */
export const COMBINED_PAIRS: ComparisonPlan['pairs'] = [['tuned', 'combined']];

/**
 * Several as one prompt, by the weights that fit the validation rows; it costs what those with a weight cost together. Null where
 * the first has none, or it alone.
 * @param members the tuned prompt first
 * @param validation labels of the validation rows, with their groups
 */
export function combinedArm(
  members: readonly Member[],
  validation: { readonly gold: readonly number[]; readonly groups?: readonly number[] | undefined },
): { readonly arm: ArmOutcome; readonly weights: readonly number[] } | null {
  const { gold } = validation;
  const [first] = members;
  if (!first || gold.length === 0) return null;
  const answers = members.map(({ onValidation }) => onValidation);
  const weights = fitWeights(answers, gold);
  const heard = members.filter((_, m) => weights[m] !== 0);
  if (heard[0] !== first || heard.length < 2) return null;
  const sum = (of: (outcome: ArmOutcome) => number | null | undefined) =>
    heard.reduce((total, { outcome }) => total + (of(outcome) ?? 0), 0);
  const onValidation = pooledAnswers(answers, weights);
  const logProbs = pooledAnswers(
    members.map(({ outcome }) => outcome.logProbs),
    weights,
  );
  const arm: ArmOutcome = {
    id: COMBINED,
    name: heard.map(({ name }) => name).join(' + '),
    kind: 'combined',
    placement: first.outcome.placement,
    logProbs,
    calibration: null,
    tokensSentMean: sum(({ tokensSentMean }) => tokensSentMean),
    tokensSent: logProbs.map((_, i) => sum(({ tokensSent }) => tokensSent?.[i])),
    tokensComputedMean: sum(({ tokensComputedMean }) => tokensComputedMean),
    latencyMsMedian: sum(({ latencyMsMedian }) => latencyMsMedian),
    temperature: validationTemperature(onValidation, gold, null),
    validation: { helps: false, answers: { ...validation, logProbs: onValidation } },
  };
  return { arm, weights };
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
export const COMBINED = 'combined';

export function majorityArm(labels: readonly string[], trainGold: readonly number[], rows: number): ArmOutcome {
  const logProbs = majorityLogProbs(trainGold, labels.length);
  const frequent = labels[logProbs.indexOf(Math.max(...logProbs))] ?? '';
  return reference(MAJORITY, alwaysName(frequent), new Array(rows).fill(logProbs));
}

export const wordsArm = (logProbs: ArmOutcome['logProbs']): ArmOutcome => reference(WORDS, ARM_NAMES.tfidf, logProbs);

export const probeArm = (logProbs: ArmOutcome['logProbs']): ArmOutcome => reference(PROBE, ARM_NAMES.probe, logProbs);
