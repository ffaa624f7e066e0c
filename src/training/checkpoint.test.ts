import { describe, expect, it } from 'vitest';
import {
  adaptationStep,
  diverged,
  readCheckpoint,
  type StoredCheckpoint,
  storedError,
  wasStillFalling,
} from './checkpoint';
import type { TrainEvent } from './events';
import { train } from './loop';
import { STANDARD } from './settings';

/** As version 1 of the format stored it. */
const stored: StoredCheckpoint = {
  formatVersion: 1,
  step: 25,
  vectors: Float32Array.of(1, 2),
  m: Float32Array.of(3, 4),
  v: Float32Array.of(5, 6),
  net: { weights: Float32Array.of(7), m: Float32Array.of(8), v: Float32Array.of(9) },
  rngState: 3,
  pending: [1],
  best: null,
  evaluationsWithoutGain: 0,
  steps: [],
  validations: [{ step: 20, accuracy: 0.5, macroF1: 0.4, loss: 1 }],
  elapsedMs: 1,
  environment: 'test',
};

describe('a checkpoint of format version 1', () => {
  it('keeps the moments of AdamW as the state of the optimiser', () => {
    const read = readCheckpoint(stored, 'classify');
    expect(read).toMatchObject({ formatVersion: 2, step: 25, optimiser: { m: stored.m, v: stored.v } });
    expect(read.net).toEqual({
      weights: Float32Array.of(7),
      optimiser: { m: Float32Array.of(8), v: Float32Array.of(9) },
    });
    expect(read).not.toHaveProperty('m');
  });

  it('gives its validation points the kind of the task', () => {
    expect(readCheckpoint(stored, 'classify').validations).toEqual([
      { kind: 'classify', step: 20, accuracy: 0.5, macroF1: 0.4, loss: 1 },
    ]);
    expect(readCheckpoint(stored, 'generate').validations).toEqual([
      { kind: 'generate', step: 20, tokenShare: 0.5, loss: 1 },
    ]);
  });

  it.each([false, true])(
    'resumes to the bits of the uninterrupted run (reparameterised: %s)',
    async (reparameterise) => {
      const run = async (resume: StoredCheckpoint | null) => {
        const events: TrainEvent[] = [];
        const training = train({
          settings: { ...STANDARD, reparameterise, steps: 20, checkpointEvery: 5, patience: null },
          learningRate: 0.1,
          rows: 7,
          validationRows: 0,
          initial: { vectors: new Float32Array(4) },
          hidden: 2,
          embeddingRms: 1,
          resume: resume && readCheckpoint(resume, 'classify'),
          environment: 'test',
          work: {
            gradient: async ({ vectors }, rows) => ({
              loss: 1,
              gradient: vectors.map((p, i) => 2 * (p - i) + 0.1 * Math.sin(rows[0] ?? 0)),
            }),
            evaluate: async () => null,
            prepare: async function* () {},
          },
        });
        for await (const event of training) events.push(structuredClone(event));
        return events;
      };
      const whole = await run(null);
      const middle = whole.find((event) => event.kind === 'checkpoint')?.checkpoint;
      if (!middle) throw new Error('no checkpoint');
      const { optimiser, net, validations, ...rest } = middle;
      const before = {
        ...rest,
        ...optimiser,
        ...(net && { net: { weights: net.weights, ...net.optimiser } }),
        formatVersion: 1,
        validations: [],
      } as unknown as StoredCheckpoint;
      const resumed = await run(before);
      const end = (events: readonly TrainEvent[]) => events.find((event) => event.kind === 'done')?.vectors;
      expect(end(resumed)).toEqual(end(whole));
    },
  );
});

describe('a validation loss that was still falling', () => {
  const falling = (...losses: number[]) => wasStillFalling(losses.map((loss) => ({ loss })));

  it('is lowest at the end, after a fall in the last third of the run', () => {
    expect(falling(1.2, 1, 0.9, 0.8, 0.7, 0.6)).toBe(true);
  });

  it('is none where it had levelled off, rose again, or was seen too rarely', () => {
    expect(falling(1.2, 0.8, 0.61, 0.605, 0.602, 0.6)).toBe(false);
    expect(falling(1.2, 0.8, 0.6, 0.5, 0.6, 0.7)).toBe(false);
    expect(falling(1.2, 0.8, 0.5)).toBe(false);
  });
});

describe('adaptation', () => {
  const points = [0.3, 0.6, 0.77, 0.7, 0.78, 0.8, 0.5].map((value, i) => ({ step: i * 10, value }));

  it('is the step from which on validation stays at 95% of what it ends with', () => {
    expect(adaptationStep(points, 50)).toBe(40);
    expect(adaptationStep(points, null)).toBe(10);
  });

  it('is not known of one point or of nothing learned', () => {
    expect(adaptationStep(points.slice(0, 1), null)).toBeNull();
    expect(
      adaptationStep(
        [
          { step: 0, value: 0 },
          { step: 10, value: 0 },
        ],
        null,
      ),
    ).toBeNull();
  });
});

it.each([
  [1, 0.0077],
  [37, 1],
  [5000, 1.2e-6],
])('a divergence at step %i is read back from the message that is stored with the run', (step, rate) => {
  const error = diverged(step, rate);
  expect(storedError(error.message)).toEqual(error);
});

it('any other stored message is only that', () =>
  expect(storedError('The engine stopped.')).toMatchObject({ code: 'internal', message: 'The engine stopped.' }));
