import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IO } from '../inference/program';
import { uninterrupted } from '../lib/control';
import { createNodeRunner } from '../runtime/ort-node';
import type { Runner } from '../runtime/types';
import { selfCheck, slopeAtZero } from './gradient-check';
import { type LoadedProgram, loadProgram } from './load';
import { FIXTURES, readModel } from './test-support';

it.each([
  ['a line', (x: number) => 3 * x + 1, 3],
  ['a wave faster than the first step', (x: number) => Math.sin(40 * x), 40],
  ['a steep curve', (x: number) => Math.exp(25 * x), 25],
  ['rounding to float32', (x: number) => Math.fround(5 + Math.sin(7 * x)), 7],
])('finds the slope of %s', async (_, f, slope) => {
  const found = await slopeAtZero(async (points) => points.map(f), { firstStep: 0.05, levels: 6 });
  expect(Math.abs(found - slope) / slope).toBeLessThan(1e-3);
});

let loaded: LoadedProgram;
beforeAll(async () => {
  const files = await readModel(`${FIXTURES}/llama-genai-int4`);
  const request = { id: 'x', files, backend: 'node-wasm' as const, threads: 1 };
  loaded = await loadProgram(request, createNodeRunner, () => {});
});
afterAll(() => loaded.program.runner.dispose());

/** The model with something done to what one output says. */
function altered(name: string, change: (values: Float32Array) => Float32Array): LoadedProgram {
  const { runner } = loaded.program;
  const run: Runner['run'] = async (feeds, fetches) => {
    const outputs = await runner.run(feeds, fetches);
    const tensor = outputs[name];
    return tensor?.dtype === 'float32' ? { ...outputs, [name]: { ...tensor, data: change(tensor.data) } } : outputs;
  };
  return { ...loaded, program: { ...loaded.program, runner: { ...runner, run, dispose: async () => {} } } };
}

const check = (subject: LoadedProgram, directions = 3) => selfCheck(subject, { directions }, uninterrupted, () => {});

describe('the self-check', () => {
  it('accepts a right gradient, on at most 16 tokens, with the same loss every time', async () => {
    const seen: number[] = [];
    const report = await selfCheck(loaded, { directions: 3 }, uninterrupted, (done) => seen.push(done));
    expect(report).toMatchObject({ ok: true, tolerance: 0.02 });
    expect(report.tokens).toBeLessThanOrEqual(16);
    expect(report.directions).toHaveLength(3);
    for (const { relativeError } of report.directions) expect(relativeError).toBeLessThan(1e-3);
    expect(seen).toEqual([0, 1, 2, 3]);
    expect((await check(loaded, 0)).loss).toBe(report.loss);
  });

  it.each([
    ['5% too large', (g: Float32Array) => g.map((x) => 1.05 * x)],
    ['of the other sign', (g: Float32Array) => g.map((x) => -x)],
    ['half as large in its first vector', (g: Float32Array) => g.map((x, i) => (i < g.length / 2 ? x / 2 : x))],
    ['zero', (g: Float32Array) => g.map(() => 0)],
    ['not a number', (g: Float32Array) => g.map(() => Number.NaN)],
  ])('catches a gradient that is %s', async (_, change) => {
    expect((await check(altered(IO.softGrad, change))).ok).toBe(false);
  });

  it('reports the error of a wrong gradient', async () => {
    const { directions } = await check(altered(IO.softGrad, (g) => g.map((x) => 2 * x)));
    for (const { relativeError } of directions) expect(relativeError).toBeCloseTo(0.5, 2);
  });

  it('rejects a loss that is not a number', async () => {
    expect(
      (
        await check(
          altered(IO.loss, (loss) => loss.map(() => Number.NaN)),
          0,
        )
      ).ok,
    ).toBe(false);
  });

  it('ends when cancelled', async () => {
    const control = { requested: null as 'cancel' | null };
    const cancel = (done: number) => {
      if (done === 1) control.requested = 'cancel';
    };
    await expect(selfCheck(loaded, { directions: 3 }, control, cancel)).rejects.toMatchObject({ code: 'cancelled' });
  });
});
