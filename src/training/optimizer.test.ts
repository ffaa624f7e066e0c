import { describe, expect, it } from 'vitest';
import { adamWStep, clipped, norm, type OptimizerState } from './optimizer';
import { nextBatch, startOrder } from './row-order';
import { learningRateShare } from './schedule';

const settings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };

describe('adamWStep', () => {
  it('agrees with the formula, worked out in double precision', () => {
    const start: OptimizerState = { vectors: Float32Array.of(1, -2), m: new Float32Array(2), v: new Float32Array(2) };
    const first = adamWStep(start, Float32Array.of(0.5, -0.1), 1, 0.1, settings);
    expect(Array.from(first.vectors)).toEqual([expect.closeTo(0.899, 6), expect.closeTo(-1.898, 6)]);
    const second = adamWStep(first, Float32Array.of(0.2, 0.3), 2, 0.1, settings);
    expect(Array.from(second.vectors)).toEqual([expect.closeTo(0.808243484, 6), expect.closeTo(-1.945520991, 6)]);
  });

  it('leaves its input alone', () => {
    const state = { vectors: Float32Array.of(1), m: new Float32Array(1), v: new Float32Array(1) };
    adamWStep(state, Float32Array.of(1), 1, 0.1, settings);
    expect(state.vectors[0]).toBe(1);
  });
});

describe('clipped', () => {
  it('shortens what is longer, and only that', () => {
    const gradient = Float32Array.of(3, 4);
    expect(norm(gradient)).toBe(5);
    expect(norm(clipped(gradient, 5, 1))).toBeCloseTo(1, 5);
    expect(clipped(gradient, 5, 10)).toBe(gradient);
  });
});

describe('learningRateShare', () => {
  it('rises, peaks, and falls towards zero', () => {
    const share = (step: number) => learningRateShare(step, { steps: 150, warmupSteps: 10 });
    expect(share(1)).toBeCloseTo(0.1);
    expect(share(10)).toBe(1);
    expect(share(80)).toBeCloseTo(0.5, 1);
    expect(share(150)).toBeGreaterThan(0);
    expect(share(150)).toBeLessThan(0.001);
    expect(learningRateShare(1, { steps: 5, warmupSteps: 0 })).toBeLessThan(1);
  });
});

describe('nextBatch', () => {
  it('meets every row once an epoch, in another order each time', () => {
    let order = startOrder(3);
    const epochs: number[][] = [];
    for (let i = 0; i < 6; i++) {
      const next = nextBatch(order, 9, 3);
      order = next.order;
      epochs.push(next.batch);
    }
    const first = epochs.slice(0, 3).flat();
    const second = epochs.slice(3).flat();
    expect([...first].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect([...second].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(first).not.toEqual(second);
  });

  it('goes over the end of an epoch', () => {
    const { batch, order } = nextBatch({ rngState: 1, pending: [4] }, 5, 3);
    expect(batch).toHaveLength(3);
    expect(batch[0]).toBe(4);
    expect(order.pending).toHaveLength(3);
  });
});
