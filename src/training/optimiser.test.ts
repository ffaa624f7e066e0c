import { describe, expect, it } from 'vitest';
import { adamW, clipped, learningRateShare, norm } from './optimiser';

const settings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };

describe('AdamW', () => {
  it('agrees with the formula worked out in double precision', () => {
    const at = { learningRate: 0.1, settings };
    const first = adamW.step(Float32Array.of(1, -2), adamW.init(2), Float32Array.of(0.5, -0.1), { ...at, step: 1 });
    expect(Array.from(first.values)).toEqual([expect.closeTo(0.899, 6), expect.closeTo(-1.898, 6)]);
    const second = adamW.step(first.values, first.state, Float32Array.of(0.2, 0.3), { ...at, step: 2 });
    expect(Array.from(second.values)).toEqual([expect.closeTo(0.808243484, 6), expect.closeTo(-1.945520991, 6)]);
  });
});

describe('AdamW at work', () => {
  const at = { learningRate: 0.05, settings };

  it('leaves its input unchanged', () => {
    const values = Float32Array.of(1);
    const state = adamW.init(1);
    adamW.step(values, state, Float32Array.of(1), { ...at, step: 1 });
    expect(values[0]).toBe(1);
    for (const array of Object.values(state)) expect(Array.from(array)).toEqual([0]);
  });

  it('comes close to the minimum of a bowl, and stays finite', () => {
    let values = Float32Array.of(2, -1, 0.5);
    let state = adamW.init(3);
    for (let step = 1; step <= 200; step++)
      ({ values, state } = adamW.step(
        values,
        state,
        values.map((p) => 2 * p),
        { ...at, step },
      ) as {
        values: Float32Array<ArrayBuffer>;
        state: typeof state;
      });
    for (const value of values) expect(Math.abs(value)).toBeLessThan(0.15);
    for (const array of Object.values(state)) expect(array.every(Number.isFinite)).toBe(true);
  });

  it('has a state that survives structured cloning', () => {
    const { state } = adamW.step(Float32Array.of(1), adamW.init(1), Float32Array.of(0.3), { ...at, step: 1 });
    expect(structuredClone(state)).toEqual(state);
  });
});

describe('clipped', () => {
  it('shortens a gradient only when it is longer than the limit', () => {
    const gradient = Float32Array.of(3, 4);
    expect(norm(gradient)).toBe(5);
    expect(norm(clipped(gradient, 5, 1))).toBeCloseTo(1, 5);
    expect(clipped(gradient, 5, 10)).toBe(gradient);
  });
});

describe('learningRateShare', () => {
  it('rises to its peak, then falls towards zero', () => {
    const share = (step: number) => learningRateShare(step, { steps: 150, warmupSteps: 10 });
    expect(share(1)).toBeCloseTo(0.1);
    expect(share(10)).toBe(1);
    expect(share(80)).toBeCloseTo(0.5, 1);
    expect(share(150)).toBeGreaterThan(0);
    expect(share(150)).toBeLessThan(0.001);
    expect(learningRateShare(1, { steps: 5, warmupSteps: 0 })).toBeLessThan(1);
  });
});
