/** Arms that are made of others' answers: the mean over seeds, and a tuned prompt together with the word counts. */
import { assert } from '../lib/assert';
import { accuracy, argmax, logSoftmax } from '../metrics/classification';
import type { ArmOutcome } from './types';

/** Log-probabilities over the labels, a row each. */
type Answers = readonly (readonly number[])[];

const at = (answers: Answers, row: number, label: number) => answers[row]?.[label] as number;

/** The mean of log-probabilities over several prompts, normalised again (their geometric mean). */
export function meanAnswers(members: readonly Answers[]): Answers {
  const [first] = members;
  assert(first, 'a mean needs members');
  assert(
    members.every((answers) => answers.length === first.length),
    'members answered different rows',
  );
  return first.map((row, i) =>
    logSoftmax(row.map((_, c) => members.reduce((sum, answers) => sum + at(answers, i, c), 0) / members.length)),
  );
}

/** `weight` of the first and the rest of the second: softmax(w log p + (1 - w) log q). Source: Genest & Zidek 1986. */
export const mixedAnswers = (first: Answers, second: Answers, weight: number): Answers =>
  first.map((row, i) => logSoftmax(row.map((value, c) => weight * value + (1 - weight) * at(second, i, c))));

/** Mean cross-entropy. */
const lossOf = (answers: Answers, gold: readonly number[]) =>
  -gold.reduce((sum, label, i) => sum + at(answers, i, label), 0) / gold.length;

/** Steps of the weight that are tried. */
const GRID = 20;

/** The weight of the first with the lowest cross-entropy on labelled rows; of equals the one that leaves it more. */
export function fitWeight(first: Answers, second: Answers, gold: readonly number[]): number {
  assert(gold.length > 0, 'a weight needs labelled rows');
  const tried = Array.from({ length: GRID + 1 }, (_, i) => 1 - i / GRID).map((weight) => ({
    weight,
    loss: lossOf(mixedAnswers(first, second, weight), gold),
  }));
  return tried.reduce((best, each) => (each.loss < best.loss ? each : best)).weight;
}

/** How many points the word counts may be behind the tuned prompt, on validation rows, and still be worth asking too. */
const STRONG_WITHIN = 0.1;

interface CombinedFrom {
  readonly tuned: ArmOutcome;
  /** Of the tuned prompt, on the validation rows. */
  readonly tunedValidation: Answers;
  readonly words: ArmOutcome;
  readonly wordsValidation: Answers;
  readonly validationGold: readonly number[];
}

const accuracyOf = (answers: Answers, gold: readonly number[]) => accuracy(gold, answers.map(argmax));

/**
 * The tuned prompt and the word counts together, weighted by what the validation rows say. Null where the word counts
 * are weak there, or get no weight: the arm would tell nothing new.
 */
export function combinedArm(from: CombinedFrom): ArmOutcome | null {
  const { tuned, tunedValidation, words, wordsValidation, validationGold } = from;
  if (validationGold.length === 0) return null;
  const behind = accuracyOf(tunedValidation, validationGold) - accuracyOf(wordsValidation, validationGold);
  if (behind > STRONG_WITHIN) return null;
  const weight = fitWeight(tunedValidation, wordsValidation, validationGold);
  if (weight === 1) return null;
  const raw = accuracyOf(mixedAnswers(tunedValidation, wordsValidation, weight), validationGold);
  return {
    ...tuned,
    id: 'combined',
    name: `Tuned with word counts, ${Math.round(100 * weight)} : ${Math.round(100 * (1 - weight))}`,
    kind: 'combined',
    logProbs: mixedAnswers(tuned.logProbs, words.logProbs, weight),
    calibration: null,
    validation: { raw, calibrated: raw },
  };
}
