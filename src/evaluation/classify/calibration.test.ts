/** When calibration is switched on, by simulation: seldom where a prompt has no bias, mostly where it clearly has one. */
import { describe, expect, it } from 'vitest';
import { createRng } from '../../lib/rng';
import { nll } from '../../metrics/calibration';
import { accuracy, argmax, logSoftmax } from '../../metrics/classification';
import { calibratedRows, chosenCalibration, fitCalibration } from './outcome';

interface Prompt {
  readonly shares: readonly number[];
  /** Added to the logit of each label, whatever the text. */
  readonly bias: readonly number[];
  /** How sure its answers are. */
  readonly scale: number;
}

/** Labelled rows and what the prompt answers to them: the right label's logit is 1.5 standard deviations higher. */
function rowsOf(rng: ReturnType<typeof createRng>, n: number, { shares, bias, scale }: Prompt) {
  const gold = Array.from({ length: n }, () => {
    let left = rng.next();
    return Math.max(
      0,
      shares.findIndex((share) => {
        left -= share;
        return left < 0;
      }),
    );
  });
  const logProbs = gold.map((label) =>
    logSoftmax(bias.map((value, c) => value + scale * ((c === label ? 1.5 : 0) + rng.normal()))),
  );
  return { gold, logProbs };
}

const PROMPTS = 300;
const TEST_ROWS = 200;

/** Shares of prompts that are calibrated, by this rule and by the lower loss, and what each costs: points on new rows, over all prompts. */
function simulated(prompt: Prompt, n: number) {
  const rng = createRng(n);
  const counts = prompt.shares.map((share) => Math.round(200 * share));
  const found = { on: 0, byLower: 0, points: 0, pointsByLower: 0 };
  for (let i = 0; i < PROMPTS; i++) {
    const { gold, logProbs } = rowsOf(rng, n, prompt);
    const fit = fitCalibration(logProbs, counts);
    const isOn = chosenCalibration(logProbs, gold, [], counts) !== null;
    const isLower = nll(calibratedRows(logProbs, fit), gold) < nll(logProbs, gold);
    if (!isOn && !isLower) continue;
    const test = rowsOf(rng, TEST_ROWS, prompt);
    const right = (answers: readonly (readonly number[])[]) => accuracy(test.gold, answers.map(argmax));
    const points = (100 * (right(calibratedRows(test.logProbs, fit)) - right(test.logProbs))) / PROMPTS;
    if (isOn) found.points += points;
    if (isLower) found.pointsByLower += points;
    if (isOn) found.on += 1 / PROMPTS;
    if (isLower) found.byLower += 1 / PROMPTS;
  }
  return found;
}

const SHARES = {
  'two labels': [0.5, 0.5],
  'four labels': [0.25, 0.25, 0.25, 0.25],
  'labels of 60, 30 and 10%': [0.6, 0.3, 0.1],
};

describe('calibration', () => {
  for (const [name, shares] of Object.entries(SHARES))
    it.each([20, 48, 64])(`is switched on for at most 5% of prompts without a bias: ${name}, %d rows`, (n) => {
      for (const scale of [1, 2]) {
        const { on, points } = simulated({ shares, bias: shares.map(Math.log), scale }, n);
        expect(on).toBeLessThanOrEqual(0.05);
        expect(Math.abs(points)).toBeLessThan(0.05);
      }
    });

  it.each([
    [20, 0.5],
    [48, 0.75],
    [64, 0.85],
  ])('is switched on for most prompts with a clear bias toward one label: of %d rows at least %d', (n, least) => {
    for (const shares of [SHARES['two labels'], SHARES['four labels']]) {
      const { on, points } = simulated({ shares, bias: shares.map((_, c) => (c === 0 ? 2 : 0)), scale: 1 }, n);
      expect(on).toBeGreaterThanOrEqual(least);
      expect(points).toBeGreaterThan(7);
    }
  });

  it('by the lower loss alone would be switched on for a third of prompts without a bias, and cost accuracy', () => {
    const { byLower, pointsByLower } = simulated({ shares: [0.5, 0.5], bias: [0, 0], scale: 2 }, 20);
    expect(byLower).toBeGreaterThan(0.3);
    expect(pointsByLower).toBeLessThan(-0.2);
  });
});
