import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../lib/rng';
import { brier, ece, gapsOfDraw, nll, reliability } from './calibration';
import { accuracy, argmax, classMetrics, confusionMatrix, logSoftmax, macroF1 } from './classification';
import { holm } from './mcnemar';
import { macroF1Comparison, macroF1Interval, pairedBootstrap, pairedPermutation } from './resample';
import { binomialCdf, binomialPmf, logGamma, median, quantile } from './special';

const labels = fc.array(fc.nat(3), { minLength: 1, maxLength: 60 });
const pair = labels.chain((gold) =>
  fc.tuple(fc.constant(gold), fc.array(fc.nat(3), { minLength: gold.length, maxLength: gold.length })),
);

/** Independent and slow: per class by filtering rows. */
function slowMacroF1(gold: readonly number[], predicted: readonly number[], classes: number): number {
  const f1 = Array.from({ length: classes }, (_, c) => {
    const tp = gold.filter((g, i) => g === c && predicted[i] === c).length;
    const precision = tp / predicted.filter((p) => p === c).length;
    const recall = tp / gold.filter((g) => g === c).length;
    const f = (2 * precision * recall) / (precision + recall);
    return Number.isNaN(f) ? 0 : f;
  });
  return f1.reduce((a, b) => a + b, 0) / classes;
}

describe('classification', () => {
  it('accuracy, confusion and F1 of a known case', () => {
    const gold = [0, 0, 0, 1, 1, 2];
    const predicted = [0, 0, 1, 1, 0, 0];
    expect(accuracy(gold, predicted)).toBe(0.5);
    const confusion = confusionMatrix(gold, predicted, 3);
    expect(confusion).toEqual([
      [2, 1, 0],
      [1, 1, 0],
      [1, 0, 0],
    ]);
    const [a, b, c] = classMetrics(confusion);
    expect(a).toEqual({ precision: 0.5, recall: 2 / 3, f1: 4 / 7, support: 3, undefined: false });
    expect(b?.f1).toBeCloseTo(0.5);
    expect(c).toEqual({ precision: 0, recall: 0, f1: 0, support: 1, undefined: true });
    expect(macroF1(confusion)).toBeCloseTo((4 / 7 + 0.5) / 3);
  });

  it('macro-F1 equals a slow count (property)', () => {
    fc.assert(
      fc.property(pair, ([gold, predicted]) => {
        expect(macroF1(confusionMatrix(gold, predicted, 4))).toBeCloseTo(slowMacroF1(gold, predicted, 4), 12);
      }),
    );
  });

  it('log-softmax sums to one and keeps the order', () => {
    const out = logSoftmax([1000, 1001, 999]);
    expect(out.reduce((s, v) => s + Math.exp(v), 0)).toBeCloseTo(1);
    expect(argmax(out)).toBe(1);
    expect(argmax([2, 2])).toBe(0);
  });
});

describe('Holm', () => {
  it('golden', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005]).map((p) => Number(p.toFixed(10)))).toEqual([0.03, 0.06, 0.06, 0.02]);
    expect(holm([])).toEqual([]);
  });

  it('keeps the order, never lowers a p, stays at most 1 (property)', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }), (ps) => {
        const adjusted = holm(ps);
        ps.forEach((p, i) => {
          expect(adjusted[i]).toBeGreaterThanOrEqual(p);
          expect(adjusted[i]).toBeLessThanOrEqual(1);
          ps.forEach((q, j) => {
            if (p < q) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j] as number);
          });
        });
      }),
    );
  });
});

describe('special functions', () => {
  it('log-gamma of integers are log factorials', () => {
    let log = 0;
    for (let n = 1; n < 60; n++) {
      expect(logGamma(n)).toBeCloseTo(log, 9);
      log += Math.log(n);
    }
  });

  it('binomial', () => {
    expect(binomialPmf(3, 10, 0.5)).toBeCloseTo(120 / 1024, 12);
    expect(binomialCdf(10, 10, 0.3)).toBeCloseTo(1, 12);
    expect(binomialPmf(0, 5, 0)).toBe(1);
  });

  it('quantiles interpolate', () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
    expect(median([5, 1, 3])).toBe(3);
  });
});

describe('resampling', () => {
  const rng = createRng(5);
  const gold = Array.from({ length: 200 }, () => rng.int(3));
  const noisy = (right: number) => gold.map((g) => (rng.next() < right ? g : rng.int(3)));
  const [weak, strong] = [noisy(0.4), noisy(0.8)];

  it('of a mean equals the normal approximation', () => {
    const values = gold.map((g, i) => (strong[i] === g ? 1 : 0) - (weak[i] === g ? 1 : 0));
    const mean = values.reduce((a: number, b) => a + b, 0) / 200;
    const sd = Math.sqrt(values.reduce((s, v) => s + (v - mean) ** 2, 0) / 200);
    const interval = pairedBootstrap(200, (rows) => rows.reduce((s, i) => s + (values[i] as number), 0) / rows.length, {
      seed: 1,
    });
    expect(interval.low).toBeCloseTo(mean - (1.96 * sd) / Math.sqrt(200), 1);
    expect(interval.high).toBeCloseTo(mean + (1.96 * sd) / Math.sqrt(200), 1);
  });

  it('permutation p equals full enumeration on few rows', () => {
    const d = [1, 1, -1, 1, 1, 1, 0, 1, -1, 1];
    const statistic = (swap: ArrayLike<number>) => d.reduce((s, v, i) => s + (swap[i] ? -v : v), 0);
    let extreme = 0;
    for (let mask = 0; mask < 1024; mask++)
      if (Math.abs(statistic(d.map((_, i) => (mask >> i) & 1))) >= Math.abs(statistic(d.map(() => 0)))) extreme++;
    expect(pairedPermutation(10, statistic, { seed: 2 })).toBeCloseTo(extreme / 1024, 1);
  });

  it('of macro-F1: the fast loop is the plain statistic, seeded', () => {
    const result = macroF1Comparison(gold, weak, strong, 3, { seed: 3, draws: 2000 });
    const plain = slowMacroF1(gold, strong, 3) - slowMacroF1(gold, weak, 3);
    expect(result.difference).toBeCloseTo(plain, 12);
    expect(result.ci95.low).toBeLessThan(plain);
    expect(result.ci95.high).toBeGreaterThan(plain);
    expect(result.p).toBeLessThan(0.01);
    expect(macroF1Comparison(gold, weak, strong, 3, { seed: 3, draws: 2000 })).toEqual(result);
    const slow = pairedBootstrap(
      200,
      (rows) => {
        const at = (values: readonly number[]) => Array.from(rows, (i) => values[i] as number);
        return slowMacroF1(at(gold), at(strong), 3) - slowMacroF1(at(gold), at(weak), 3);
      },
      { seed: 3, draws: 300 },
    );
    const fast = macroF1Comparison(gold, weak, strong, 3, { seed: 3, draws: 300 }).ci95;
    expect(fast.low).toBeCloseTo(slow.low, 12);
    expect(fast.high).toBeCloseTo(slow.high, 12);
  });

  it('of one arm’s macro-F1 equals the slow statistic', () => {
    const slow = pairedBootstrap(
      200,
      (rows) => {
        const at = (values: readonly number[]) => Array.from(rows, (i) => values[i] as number);
        return slowMacroF1(at(gold), at(strong), 3);
      },
      { seed: 4, draws: 200 },
    );
    const fast = macroF1Interval(gold, strong, 3, { seed: 4, draws: 200 });
    expect(fast.low).toBeCloseTo(slow.low, 12);
    expect(fast.high).toBeCloseTo(slow.high, 12);
  });

  it('equal arms differ by nothing, p = 1', () => {
    expect(macroF1Comparison(gold, weak, weak, 3, { seed: 3, draws: 200 })).toEqual({
      difference: 0,
      ci95: { low: 0, high: 0 },
      p: 1,
    });
  });

  it('draws groups whole, which widens the interval', () => {
    const values = Array.from({ length: 100 }, (_, i) => Math.floor(i / 10) % 2);
    const statistic = (rows: Int32Array) => rows.reduce((s, i) => s + (values[i] as number), 0) / rows.length;
    const single = pairedBootstrap(100, statistic, { seed: 1, draws: 2000 });
    const grouped = pairedBootstrap(100, statistic, {
      seed: 1,
      draws: 2000,
      groups: values.map((_, i) => Math.floor(i / 10)),
    });
    expect(grouped.high - grouped.low).toBeGreaterThan(1.5 * (single.high - single.low));
  });
});

describe('calibration', () => {
  const rows = (n: number, p: number) => Array.from({ length: n }, () => [Math.log(p), Math.log(1 - p)]);

  it('Brier and NLL of known rows', () => {
    expect(brier(rows(2, 0.8), [0, 1])).toBeCloseTo((0.04 + 0.04 + 0.64 + 0.64) / 2);
    expect(nll(rows(2, 0.8), [0, 1])).toBeCloseTo(-(Math.log(0.8) + Math.log(0.2)) / 2);
  });

  it('ECE of a draw is the ECE of the rows that were drawn', () => {
    const random = createRng(8);
    const logs = Array.from({ length: 200 }, () => logSoftmax([random.normal() * 2, 0, random.normal()]));
    const labels = logs.map(() => random.int(3));
    const said = logs.map(argmax);
    const confidence = Float64Array.from(logs, (row, i) => Math.exp(row[said[i] as number] as number));
    const right = Uint8Array.from(said, (label, i) => (label === labels[i] ? 1 : 0));
    const order = Int32Array.from(logs, (_, i) => i).sort((x, y) => (confidence[x] ?? 0) - (confidence[y] ?? 0));
    const of = (times: Int32Array) =>
      gapsOfDraw({ order, confidence, right }, times, 200).reduce((sum, gap) => sum + Math.abs(gap), 0);
    expect(of(new Int32Array(200).fill(1))).toBeCloseTo(ece(logs, labels) ?? 0, 12);
    const drawn = Array.from({ length: 200 }, () => random.int(200));
    const times = new Int32Array(200);
    for (const row of drawn) times[row] = (times[row] ?? 0) + 1;
    const plain = ece(
      drawn.map((i) => logs[i] as number[]),
      drawn.map((i) => labels[i] as number),
    );
    expect(of(times)).toBeCloseTo(plain ?? 0, 12);
  });

  it('ECE is hidden below 100 rows, and the gap between confidence and accuracy above', () => {
    expect(ece(rows(99, 0.8), new Array(99).fill(0))).toBeNull();
    expect(ece(rows(200, 0.8), new Array(200).fill(0))).toBeCloseTo(0.2);
    expect(reliability(rows(200, 0.8), new Array(200).fill(0))).toHaveLength(10);
    expect(reliability(rows(1000, 0.8), new Array(1000).fill(0))).toHaveLength(15);
  });
});
