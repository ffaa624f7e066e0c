import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../dataset/types';
import { createRng } from '../../lib/rng';
import { calibrated, nll } from '../../metrics/calibration';
import { argmax, logSoftmax } from '../../metrics/classification';
import { accuracyComparison } from '../../metrics/mcnemar';
import { detectable, detectableIn, rowGroups } from '../rows';
import { alternating, armOf, patterned, planOf } from '../test-support';
import { compare } from './compare';
import { majorityArm } from './made-arms';
import {
  betterCalibration,
  calibratedRows,
  crossValidated,
  fitCalibration,
  isCalibrated,
  validationOutcome,
} from './outcome';
import { findingOf, rowsMore, tokensDifference, tokensSentence } from './pairs';

describe('compare', () => {
  const gold = alternating(120);
  // The mockup's figures: 76 both right, 22 fixed, 5 broken, 17 both wrong.
  const [yours, tuned] = patterned({ '11': 76, '01': 22, '10': 5, '00': 17 }) as [boolean[], boolean[]];
  const plan = planOf(gold, [armOf('yours', 'zero-shot', gold, yours), armOf('tuned', 'tuned', gold, tuned)]);
  const result = compare(plan, { draws: 1000 });

  it('counts, differences and p-values', () => {
    const [a, b] = result.arms;
    expect(a?.correct).toBe(81);
    expect(b?.correct).toBe(98);
    expect(b?.metrics.accuracy.interval.low).toBeCloseTo(0.738, 3);
    const pair = result.pairs[0];
    expect(pair).toMatchObject({ bothRight: 76, aOnly: 5, bOnly: 22, bothWrong: 17 });
    expect(pair?.metrics.accuracy.value).toBeCloseTo(17 / 120);
    expect(pair?.metrics.accuracy.p).toBeCloseTo(0.0015, 4);
    expect(pair?.pHolm).toBe(pair?.metrics.accuracy.p);
    expect(pair?.fixed).toHaveLength(22);
    expect(pair?.broken).toHaveLength(5);
    expect(pair?.metrics.macroF1.interval.low).toBeLessThan(pair?.metrics.macroF1.value as number);
  });

  it('gives a plan the same result twice', () => {
    expect(compare(plan, { draws: 1000 })).toEqual(result);
  });

  it('reports its progress to the end', () => {
    const seen: number[] = [];
    compare(plan, { draws: 1000, onProgress: (share) => seen.push(share) });
    expect(seen.at(-1)).toBe(1);
    expect([...seen].sort((x, y) => x - y)).toEqual(seen);
  });

  it('draws rows that belong together together, which widens the interval', () => {
    const groups = gold.map((_, i) => Math.floor(i / 6));
    const width = ({ pairs }: typeof result) =>
      (pairs[0]?.metrics.macroF1.interval.high ?? 0) - (pairs[0]?.metrics.macroF1.interval.low ?? 0);
    expect(width(compare({ ...plan, groups }, { draws: 1000 }))).toBeGreaterThan(1.2 * width(result));
  });

  it('refuses arms whose rows do not match', () => {
    const short = armOf('tuned', 'tuned', gold.slice(1), tuned.slice(1));
    expect(() => compare({ ...plan, arms: [plan.arms[0] as (typeof plan.arms)[0], short] })).toThrow('internal:');
  });
});

describe('calibration', () => {
  const logs = (rows: readonly (readonly number[])[]) => rows.map((row) => row.map(Math.log));

  it('removes a prompt’s built-in bias toward a label', () => {
    const biased = logs([
      [0.9, 0.1],
      [0.7, 0.3],
      [0.9, 0.1],
      [0.7, 0.3],
    ]);
    const fit = fitCalibration(biased, [2, 2]);
    expect(fit.rows).toBe(4);
    expect(calibratedRows(biased, fit).map(argmax)).toEqual([0, 1, 0, 1]);
    expect(validationOutcome([], [], fit)).toBeNull();
    const row = calibrated(biased[0] as number[], fit.meanLogProbs);
    expect(row.reduce((s, v) => s + Math.exp(v), 0)).toBeCloseTo(1);
  });

  it('leaves a label as frequent as it is among training rows', () => {
    const blind = logs([
      [0.6, 0.4],
      [0.6, 0.4],
    ]);
    const [row = []] = blind;
    const answer = (counts: readonly number[]) =>
      calibrated(row, fitCalibration(blind, counts).meanLogProbs).map(Math.exp);
    for (const [i, share] of [0.8, 0.2].entries()) expect(answer([79, 19])[i]).toBeCloseTo(share);
    // a label that no training row has is rare, not impossible
    expect(answer([8, 0])[1]).toBeCloseTo(0.1);
  });

  it('is applied to all arms or none, or by each arm’s validation rows', () => {
    const gold = [0, 1, 0, 1];
    const logProbs = logs([
      [0.9, 0.1],
      [0.7, 0.3],
      [0.9, 0.1],
      [0.7, 0.3],
    ]);
    const calibration = fitCalibration(logProbs, [2, 2]);
    const all = gold.map(() => true);
    const hand = armOf('yours', 'zero-shot', gold, all, 2, {
      logProbs,
      calibration,
      validation: { helps: true, answers: { gold: [], logProbs: [] } },
    });
    const tuned = armOf('tuned', 'tuned', gold, all, 2, {
      logProbs,
      calibration,
      validation: { helps: false, answers: { gold: [], logProbs: [] } },
    });
    const accuracies = (more: object) =>
      compare(planOf(gold, [hand, tuned], more), { draws: 10 }).arms.map((arm) => arm.metrics.accuracy.value);
    expect(accuracies({ calibrated: false })).toEqual([0.5, 0.5]);
    expect(accuracies({ calibrated: true })).toEqual([1, 1]);
    expect(accuracies({ calibrated: false, calibration: 'chosen' })).toEqual([1, 0.5]);
  });

  it('calibrates a version as was decided before, and proposes another calibration only where it is clearly better', () => {
    const own = { meanLogProbs: [-2, -0.15], rows: 48 };
    // says the second label far too often, and is right where the first is the less unlikely
    const logProbs = Array.from({ length: 40 }, (_, i) => logSoftmax([(i % 2) - 3 + (i % 5) / 50, 0]));
    const gold = logProbs.map((_, i) => 1 - (i % 2));
    const validation = validationOutcome(logProbs, gold, own);
    const plan = { calibrated: false, calibration: 'chosen' } as const;
    const arm = { calibration: own, validation };
    const answered = [{}, { decided: true }, { decided: false }].map((more) => isCalibrated({ ...arm, ...more }, plan));
    expect(answered).toEqual([true, true, false]);
    // "all" and "none" show every prompt so
    for (const calibrated of [true, false])
      expect(isCalibrated({ ...arm, decided: !calibrated }, { calibrated })).toBe(calibrated);
    // the intercepts of a probe stay
    const probe = { ...arm, decided: true, hasIntercepts: true } as const;
    expect([plan, { calibrated: false }].map((under) => isCalibrated(probe, under))).toEqual([true, true]);

    const fit = fitCalibration(logProbs, [20, 20]);
    expect(betterCalibration(arm)).toBeNull();
    expect(betterCalibration({ ...arm, calibration: fit, decided: true })).toBeNull();
    const found = betterCalibration({ ...arm, decided: false });
    expect(found?.fit).toEqual(fit);
    expect(betterCalibration({ ...arm, decided: false, hasIntercepts: true })).toBeNull();
    expect(found?.loss.own).toBeCloseTo(nll(logProbs, gold), 12);
    expect(found?.loss.better).toBeCloseTo(nll(calibratedRows(logProbs, fit), gold), 12);
    // better by less than chance explains
    const near = { meanLogProbs: fit.meanLogProbs.map((mean, i) => mean + (i === 0 ? 0.01 : 0)), rows: 48 };
    expect(betterCalibration({ ...arm, calibration: near, decided: true })).toBeNull();
    // rows that need none
    const even = validationOutcome(
      logProbs.map((_, i) => logSoftmax([(i % 2) - 0.5, 0])),
      gold,
      own,
    );
    expect(betterCalibration({ calibration: own, validation: even, decided: true })).toMatchObject({ fit: null });
  });
});

it('the majority line answers with the most frequent training label', () => {
  const arm = majorityArm(['a', 'b', 'c'], [1, 1, 2], 2);
  expect(arm.name).toBe('Always “b”');
  expect(arm.logProbs).toHaveLength(2);
  expect(arm.logProbs[0]?.indexOf(Math.max(...(arm.logProbs[0] ?? [])))).toBe(1);
});

it('says in one sentence what the test rows can show', () => {
  expect(detectable(105, 1).sentence).toMatch(/^105 test rows can only confirm gains above about 14 points\.$/);
  expect(detectable(105, 6).sentence).toBe('105 test rows can only confirm gains above about 18 points.');
  expect(detectable(0, 6).points).toBeNull();
  expect(detectable(1, 6).sentence).toContain('1 test row cannot confirm even');
});

it('says that test rows of few customers can show no more than that many rows', () => {
  const dataset = {
    mapping: { text: 't', label: 'l', id: null, task: 'classify' },
    table: {
      rows: Array.from({ length: 120 }, (_, i) => ({
        id: `${i}`,
        line: i,
        cells: { t: `text ${i}`, l: 'a', customer: `${i % 30}` },
      })),
    },
    split: { train: [], validation: [], test: Array.from({ length: 120 }, (_, i) => `${i}`) },
    splitBy: { kind: 'group', column: 'customer' },
  } as unknown as Dataset;
  expect(detectableIn(dataset).points).toBe(detectable(30, 5).points);
  expect(detectableIn(dataset).sentence).toMatch(
    /^120 test rows from 30 groups can only confirm gains above about \d\d points, as rows of one group may all/,
  );
  expect(detectableIn({ ...dataset, splitBy: { kind: 'seed' } } as unknown as Dataset)).toEqual(detectable(120, 5));
});

it('asks for as many more rows as show the difference with a power of 0.8, where rows of a group belong together', () => {
  const rng = createRng(4);
  /** Groups of one to six rows; the tuned prompt fixes whole groups now and then, and breaks single rows. */
  const made = (rows: number) => {
    const groups: number[] = [];
    const right: [boolean, boolean][] = [];
    for (let group = 0; groups.length < rows; group++) {
      const isFixed = rng.next() < 0.12;
      for (let i = 1 + rng.int(6); i > 0 && groups.length < rows; i--) {
        groups.push(group);
        right.push(isFixed ? [false, true] : rng.next() < 0.06 ? [true, false] : [true, true]);
      }
    }
    const said = (arm: 0 | 1) => right.map((row) => Number(row[arm]));
    const gold = groups.map(() => 1);
    return accuracyComparison(gold, said(0), said(1), { groups });
  };
  // what is typical of 150 rows
  const n = 150;
  const many = Array.from({ length: 200 }, () => made(n));
  const mean = (of: (one: (typeof many)[number]) => number) =>
    many.reduce((sum, one) => sum + of(one), 0) / many.length;
  const counts = { aOnly: mean((one) => one.aOnly), bOnly: mean((one) => one.bOnly) };
  const seen = { ...counts, designEffect: mean((one) => one.designEffect), comparisons: 4 };
  const more = rowsMore(seen, n) as number;
  const runs = Array.from({ length: 300 }, () => made(n + more));
  const won = runs.filter(({ p, ci95 }) => findingOf(ci95, 4 * p) === 'b-better').length;
  expect(more).toBeGreaterThan(n);
  expect(won / runs.length).toBeGreaterThanOrEqual(0.8);
});

it('counts rows with the same text as one trial, as the comparison does', () => {
  const dataset = {
    mapping: { text: 't', label: 'l', id: null, task: 'classify' },
    table: {
      rows: Array.from({ length: 120 }, (_, i) => ({ id: `${i}`, line: i, cells: { t: `Text  ${i % 40}`, l: 'a' } })),
    },
    split: { train: [], validation: [], test: Array.from({ length: 120 }, (_, i) => `${i}`) },
    splitBy: { kind: 'seed' },
  } as unknown as Dataset;
  expect(new Set(rowGroups(dataset, dataset.split.test)).size).toBe(40);
  expect(detectableIn(dataset).points).toBe(detectable(40, 6).points);
  expect(detectableIn(dataset).sentence).toMatch(
    /^120 test rows with 40 different texts can only confirm gains above about \d\d points, as rows with the same text, or almost the same, may all/,
  );
});

it('says that a template with other numbers in it is one text, whatever the number of its rows', () => {
  const rows = Array.from({ length: 120 }, (_, i) => ({
    id: `${i}`,
    line: i,
    cells: { t: `Order ${i} of customer ${i * 7} has arrived in Ulm`, l: 'a' },
  }));
  const dataset = {
    mapping: { text: 't', label: 'l', id: null, task: 'classify' },
    table: { rows },
    split: { train: [], validation: [], test: rows.map(({ id }) => id) },
    splitBy: { kind: 'seed' },
  } as unknown as Dataset;
  expect(detectableIn(dataset)).toEqual({
    points: null,
    sentence:
      '120 test rows with 1 different text cannot confirm even a large gain: rows that almost repeat another count as one, so use test rows with other texts.',
  });
});

it('counts one large family and rows alone as fewer trials than there are families', () => {
  const unequal = detectable(100, 1, { count: 51, equal: 3.9, of: 'text' });
  expect(unequal.points).toBeNull();
  expect(detectable(100, 1, { count: 51, equal: 30, of: 'text' }).points).toBe(detectable(30, 1).points);
});

const plan = { seed: 1 };
const nameOf = (id: string) => ({ few: 'Your prompt + 8 examples', tuned: 'Tuned prompt' })[id] ?? id;
const tuned = { tokensSent: Array.from({ length: 100 }, (_, i) => 30 + (i % 10)) };
const sentence = (few: readonly number[]) => {
  const tokens = tokensDifference({ tokensSent: few }, tuned, plan, 2000);
  return tokensSentence({ a: 'few', b: 'tuned', ...(tokens ? { tokens } : {}) }, nameOf);
};

it('rows are paired: what every row has more of is no doubt at all', () => {
  const few = tuned.tokensSent.map((tokens) => tokens + 300);
  expect(tokensDifference({ tokensSent: few }, tuned, plan, 2000)).toEqual({
    difference: -300,
    ci95: { low: -300, high: -300 },
  });
  expect(sentence(few)).toBe(
    'The tuned prompt sends 300 fewer tokens per row than your prompt + 8 examples (on every row).',
  );
});

it('where it differs from row to row the interval says so', () => {
  // 0 or 20 more, by turns: mean 10, standard error 1
  const few = tuned.tokensSent.map((tokens, i) => tokens - (i % 2) * 20);
  const { difference, ci95 } = tokensDifference({ tokensSent: few }, tuned, plan, 2000) ?? {
    ci95: { low: 0, high: 0 },
  };
  expect(difference).toBe(10);
  expect(ci95.low).toBeGreaterThan(7);
  expect(ci95.low).toBeLessThan(9);
  expect(ci95.high).toBeGreaterThan(11);
  expect(ci95.high).toBeLessThan(13);
  expect(sentence(few)).toMatch(/^The tuned prompt sends 10 more tokens per row than .* \(95% interval 8 to 12\)\.$/);
});

it('nothing is said where nothing was kept, and equal is said as equal', () => {
  expect(tokensDifference({}, tuned, plan, 100)).toBeNull();
  expect(tokensSentence({ a: 'few', b: 'tuned' }, nameOf)).toBeNull();
  expect(sentence(tuned.tokensSent)).toBe(
    'The tuned prompt sends the same number of tokens per row as your prompt + 8 examples.',
  );
});

describe('cross-validated figures of a prompt', () => {
  const gold = alternating(60);
  const rng = createRng(5);
  const normalised = (scores: readonly number[]) => calibrated(scores, [0, 0]);
  /** Right by `signal`, with a bias toward the first label. */
  const answers = (signal: number, bias: number) =>
    gold.map((label) => normalised([bias - signal * label, -signal * (1 - label) + rng.normal()]));
  const loss = (rows: readonly (readonly number[])[]) => {
    const { losses } = crossValidated(rows, gold, [30, 30]);
    return losses.reduce((sum, value) => sum + value, 0) / losses.length;
  };

  it('are those of the prompt without its bias', () => {
    const { right } = crossValidated(answers(2, 6), gold, [30, 30]);
    expect(right.filter(Boolean).length).toBeGreaterThan(50);
    expect(loss(answers(2, 6))).toBeLessThan(0.35);
  });

  it('do not call a prompt worse that is merely too sure', () => {
    const rows = answers(1, 0);
    expect(loss(rows.map((row) => normalised(row.map((value) => 9 * value))))).toBeCloseTo(loss(rows), 3);
  });

  it('are chance where the answers say nothing of the labels', () => {
    expect(loss(answers(0, 3))).toBeGreaterThan(0.66);
  });
});
