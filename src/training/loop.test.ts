import { describe, expect, it } from 'vitest';
import type { Polled } from '../lib/control';
import type { Checkpoint, TrainEvent } from './events';
import { type TrainOptions, train } from './loop';
import { STANDARD, type TrainingSettings } from './settings';

const GOAL = [1, -2, 3, 0.5];

/** Least squares towards a goal that differs a little from row to row: order matters, as in training. */
function toy(settings: Partial<TrainingSettings> = {}, options: Partial<TrainOptions> = {}): TrainOptions {
  return {
    settings: { ...STANDARD, steps: 60, validateEvery: 10, patience: null, ...settings },
    learningRate: 0.1,
    answersRate: 0.01,
    rows: 20,
    validationRows: 2,
    initial: { vectors: new Float32Array(4) },
    hidden: 2,
    resume: null,
    environment: 'test',
    work: {
      gradient: async ({ vectors }, rows) => {
        const noise = rows.reduce((sum, row) => sum + Math.sin(row), 0) / rows.length;
        const difference = Float32Array.from(vectors, (p, i) => p - (GOAL[i] ?? 0) + 0.1 * noise);
        return { loss: difference.reduce((sum, d) => sum + d * d, 0), gradient: difference.map((d) => 2 * d) };
      },
      evaluate: async ({ vectors }) => {
        const loss = vectors.reduce((sum, p, i) => sum + (p - (GOAL[i] ?? 0)) ** 2, 0);
        const accuracy = Math.floor(100 / (1 + loss)) / 100;
        return { kind: 'classify', accuracy, macroF1: 0, loss, rowLosses: [0.9 * loss, 1.1 * loss] };
      },
      prepare: async function* () {},
    },
    ...options,
  };
}

async function collect(options: TrainOptions, onEvent: (event: TrainEvent) => void = () => {}) {
  const events: TrainEvent[] = [];
  for await (const event of train(options)) {
    events.push(structuredClone(event));
    onEvent(event);
  }
  const last = events.at(-1);
  if (last?.kind !== 'done') throw new Error('no end');
  return { events, done: last };
}

const bits = (checkpoint: Checkpoint) => ({
  ...checkpoint,
  elapsedMs: 0,
  steps: checkpoint.steps.map((point) => ({ ...point, ms: 0 })),
});

describe('train', () => {
  it('follows the gradient and keeps the step of the best validation', async () => {
    const { events, done } = await collect(toy());
    expect(done.reason).toBe('finished');
    expect(done.checkpoint.step).toBe(60);
    const validations = events.filter((event) => event.kind === 'validation');
    expect(validations.map((event) => event.point.step)).toEqual([0, 10, 20, 30, 40, 50, 60]);
    const accuracies = validations.map(({ point }) => (point.kind === 'classify' ? point.accuracy : 0));
    const best = Math.max(...accuracies);
    expect(accuracies[validations.findIndex(({ point }) => point.step === done.bestStep)]).toBe(best);
    expect(best).toBeGreaterThan(0.6);
    expect(events.filter((event) => event.kind === 'checkpoint').map((event) => event.checkpoint.step)).toEqual([
      25, 50,
    ]);
  });

  it('begins with steps alone, and validates the start beside the first step that is due', async () => {
    const { events } = await collect(toy({ steps: 30, validateEvery: 20 }));
    const order = events.flatMap((event) =>
      event.kind === 'step' || event.kind === 'validation' ? [`${event.kind} ${event.point.step}`] : [],
    );
    const first = order.findIndex((each) => each.startsWith('validation'));
    expect(order.slice(first - 1, first + 3)).toEqual(['step 20', 'validation 0', 'validation 20', 'step 21']);
    expect(order.slice(-2)).toEqual(['step 30', 'validation 30']);
  });

  it('gives the same bits for the same seed, and others for another', async () => {
    const [a, b, c] = await Promise.all([collect(toy()), collect(toy()), collect(toy({ seed: 1 }))]);
    expect(bits(a.done.checkpoint)).toEqual(bits(b.done.checkpoint));
    expect(bits(a.done.checkpoint).vectors).not.toEqual(bits(c.done.checkpoint).vectors);
  });

  it('sees the rows of the core alone in the first steps, and then begins an epoch of all rows', async () => {
    const batches: (readonly number[])[] = [];
    const options = toy({ steps: 12, batchSize: 4, core: { rows: 6, steps: 7 } });
    const gradient: typeof options.work.gradient = async (trained, rows) => {
      batches.push(rows);
      return options.work.gradient(trained, rows);
    };
    await collect({ ...options, work: { ...options.work, gradient } });
    expect(new Set(batches.slice(0, 7).flat())).toEqual(new Set([0, 1, 2, 3, 4, 5]));
    // five batches of four are every row once
    expect(
      batches
        .slice(7)
        .flat()
        .sort((a, b) => a - b),
    ).toEqual([...Array(20).keys()]);
  });

  it('resumes from any checkpoint to the same bits', async () => {
    const whole = await collect(toy({ checkpointEvery: 7 }));
    for (const event of whole.events) {
      if (event.kind !== 'checkpoint') continue;
      const resumed = await collect(
        toy({ checkpointEvery: 7 }, { resume: event.checkpoint, initial: { vectors: new Float32Array(4).fill(9) } }),
      );
      expect(bits(resumed.done.checkpoint)).toEqual(bits(whole.done.checkpoint));
      expect(resumed.done.vectors).toEqual(whole.done.vectors);
    }
  });

  it.each<Partial<TrainingSettings>>([
    { seed: 3 },
    { averagedSteps: 6 },
    { averagedSteps: 6, core: { rows: 6, steps: 7 } },
  ])('resumes to the same bits with %j', async (settings) => {
    const whole = await collect(toy({ checkpointEvery: 7, ...settings }));
    const plain = await collect(toy({ checkpointEvery: 7 }));
    expect(whole.done.vectors).not.toEqual(plain.done.vectors);
    const kept = whole.events.flatMap((event) => (event.kind === 'checkpoint' ? [event.checkpoint] : []));
    expect(kept.length).toBeGreaterThan(5);
    for (const resume of kept) {
      const resumed = await collect(toy({ checkpointEvery: 7, ...settings }, { resume }));
      expect(bits(resumed.done.checkpoint)).toEqual(bits(whole.done.checkpoint));
      expect(resumed.done.vectors).toEqual(whole.done.vectors);
    }
  });

  it('validates and keeps the mean of the last steps that see all rows, and trains as without it', async () => {
    const core = { rows: 6, steps: 5 };
    const path: Float32Array[] = [];
    const validated: Float32Array[] = [];
    const options = toy({ steps: 30, core, averagedSteps: 10, checkpointEvery: 1 });
    const evaluate: typeof options.work.evaluate = (trained) => {
      validated.push(trained.vectors);
      return options.work.evaluate(trained);
    };
    const { done } = await collect({ ...options, work: { ...options.work, evaluate } }, (event) => {
      if (event.kind === 'checkpoint') path[event.checkpoint.step] = event.checkpoint.vectors;
    });
    const plain = await collect(toy({ steps: 30, core, checkpointEvery: 1 }));
    expect(done.checkpoint.vectors).toEqual(plain.done.checkpoint.vectors);

    const meanOf = (steps: readonly number[]) =>
      [0, 1, 2, 3].map((i) => steps.reduce((sum, step) => sum + (path[step]?.[i] ?? Number.NaN) / steps.length, 0));
    const at = (step: number) => [...(validated[step / 10] ?? [])];
    // steps 6 to 10, the first after the core; then all that were not forgotten
    for (const [i, value] of meanOf([6, 7, 8, 9, 10]).entries()) expect(at(10)[i]).toBeCloseTo(value, 6);
    let mean = meanOf([6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    for (const step of [16, 17, 18, 19, 20])
      mean = mean.map((value, i) => value + ((path[step]?.[i] ?? Number.NaN) - value) / 10);
    for (const [i, value] of mean.entries()) expect(at(20)[i]).toBeCloseTo(value, 6);
    expect(done.checkpoint.best?.vectors).toEqual(validated[done.bestStep / 10]);
  });

  it('reports the lengths of the vectors', async () => {
    const { done } = await collect(toy({ steps: 5 }));
    const { vectors, steps } = done.checkpoint;
    const [a = 0, b = 0, c = 0, d = 0] = vectors;
    const [shortest, longest] = [Math.hypot(a, b), Math.hypot(c, d)]
      .sort((x, y) => x - y)
      .map((norm) => expect.closeTo(norm, 9));
    expect(steps.at(-1)?.vectorNorms).toEqual([shortest, longest, longest]);
  });

  it('pauses between steps with a checkpoint that resumes to the same bits', async () => {
    const whole = await collect(toy());
    for (const at of [0, 3, 10, 59]) {
      const control: { requested: Polled['requested'] } = { requested: null };
      const paused = await collect(toy({}, { control }), (event) => {
        const step = event.kind === 'step' ? event.point.step : event.kind === 'validation' ? event.point.step : -1;
        if (step === at) control.requested = 'pause';
      });
      expect(paused.done.reason).toBe('paused');
      expect(paused.events.at(-2)).toMatchObject({ kind: 'checkpoint' });
      const resumed = await collect(toy({}, { resume: paused.done.checkpoint }));
      expect(bits(resumed.done.checkpoint)).toEqual(bits(whole.done.checkpoint));
    }
  });

  it('leaves an interrupted validation or preparation to the resumed run', async () => {
    const whole = await collect(toy());
    const control: { requested: Polled['requested'] } = { requested: null };
    const options = toy({}, { control });
    let evaluations = 0;
    const work: TrainOptions['work'] = {
      ...options.work,
      prepare: async function* (rows) {
        if (rows !== 'validation' || evaluations++ !== 1) return;
        control.requested = 'pause';
        yield { rowsDone: 1, rowsTotal: 2 };
        throw new Error('continued after the pause');
      },
    };
    const paused = await collect({ ...options, work });
    expect(paused.done).toMatchObject({ reason: 'paused', checkpoint: { step: 10 } });
    expect(paused.done.checkpoint.validations).toHaveLength(1);
    const resumed = await collect(toy({}, { resume: paused.done.checkpoint }));
    expect(bits(resumed.done.checkpoint)).toEqual(bits(whole.done.checkpoint));
  });

  it('keeps the best step so far when stopped', async () => {
    const control: { requested: Polled['requested'] } = { requested: null };
    const { done } = await collect(toy({}, { control }), (event) => {
      if (event.kind === 'step' && event.point.step === 23) control.requested = 'stop';
    });
    expect(done.reason).toBe('stopped');
    expect(done.checkpoint.step).toBe(23);
    expect(done.bestStep).toBe(20);
  });

  it('throws an error when cancelled', async () => {
    const control: Polled = { requested: 'cancel' };
    await expect(collect(toy({}, { control }))).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('stops early when validations show no gain', async () => {
    const options = toy({ patience: 2, metric: 'accuracy' });
    const work: TrainOptions['work'] = {
      ...options.work,
      evaluate: async () => ({ kind: 'classify', accuracy: 0.5, macroF1: 0.5, loss: 1, rowLosses: [1, 1] }),
    };
    const { done } = await collect({ ...options, work });
    expect(done).toMatchObject({ reason: 'early', bestStep: 0, checkpoint: { step: 20 } });
  });

  it('keeps the last vectors without validation rows', async () => {
    const { events, done } = await collect(toy({}, { validationRows: 0 }));
    expect(done.bestStep).toBe(60);
    expect(done.vectors).toEqual(done.checkpoint.vectors);
    expect(events.some((event) => event.kind === 'validation')).toBe(false);
  });

  it('throws an error when the loss is no longer a number', async () => {
    const options = toy();
    let calls = 0;
    const work: TrainOptions['work'] = {
      ...options.work,
      gradient: async ({ vectors }) => ({
        loss: ++calls > 4 ? Number.NaN : 1,
        gradient: new Float32Array(vectors.length),
      }),
    };
    await expect(collect({ ...options, work })).rejects.toMatchObject({
      code: 'diverged',
      data: { step: 5, suggestedLearningRate: 0.033 },
    });
  });

  describe('ended by a loss that is no number', () => {
    /** The gradient of this step, and of those after it, is of no number. */
    const divergingAt = (step: number, changed: Partial<TrainOptions> = {}): TrainOptions => {
      const options = toy({}, changed);
      let calls = changed.resume?.step ?? 0;
      const gradient: TrainOptions['work']['gradient'] = async (trained, rows) =>
        ++calls < step ? options.work.gradient(trained, rows) : { loss: Number.NaN, gradient: new Float32Array(4) };
      return { ...options, work: { ...options.work, gradient } };
    };

    it('keeps the best step that was validated before, and says what ended it', async () => {
      const { done } = await collect(divergingAt(37));
      expect(done).toMatchObject({ reason: 'stopped', checkpoint: { step: 36 } });
      expect(done.error).toMatchObject({ code: 'diverged', data: { step: 37 } });
      expect(done.bestStep).toBe(30);
      const { events } = await collect(toy({ checkpointEvery: 30 }));
      const at = events.find((event) => event.kind === 'checkpoint');
      expect(done.vectors).toEqual(at?.checkpoint.vectors);
    });

    it('ends there again where it is resumed', async () => {
      const { done } = await collect(divergingAt(37));
      const again = await collect(divergingAt(37, { resume: done.checkpoint }));
      expect(again.done).toMatchObject({ reason: 'stopped', bestStep: 30, error: done.error });
    });

    it('keeps nothing before the first step is validated', async () => {
      const ended = { code: 'diverged' };
      await expect(collect(divergingAt(9))).rejects.toMatchObject(ended);
      await expect(collect(divergingAt(37, { validationRows: 0 }))).rejects.toMatchObject(ended);
    });

    it.each(['loss', 'accuracy'] as const)(
      'never keeps a step whose validation loss is no number (%s)',
      async (metric) => {
        const options = divergingAt(42);
        const result = {
          kind: 'classify',
          accuracy: 1,
          macroF1: 1,
          loss: Number.NaN,
          rowLosses: [Number.NaN, 1],
        } as const;
        let validations = 0;
        const evaluate: TrainOptions['work']['evaluate'] = async (trained) =>
          ++validations === 5 ? result : options.work.evaluate(trained);
        const settings = { ...options.settings, metric };
        const { done } = await collect({ ...options, settings, work: { ...options.work, evaluate } });
        expect(done).toMatchObject({ bestStep: 30, checkpoint: { step: 41 } });
      },
    );
  });

  it('trains with a batch larger than the data', async () => {
    const { done } = await collect(toy({ batchSize: 64 }, { rows: 3 }));
    expect(done.checkpoint.step).toBe(60);
  });

  it('estimates the time left', async () => {
    let clock = 0;
    const options = toy({}, { now: () => (clock += 5) });
    const { events } = await collect(options);
    const steps = events.filter((event) => event.kind === 'step');
    // before the first validation, one is taken to cost a third of a step with the same rows
    expect(steps[0]?.secondsLeft).toBeCloseTo((59 * 5 + (7 * 5 * 2) / (3 * 8)) / 1000);
    expect(steps.at(-1)?.secondsLeft).toBeGreaterThan(0);
    expect(steps[0]?.secondsLeft).toBeGreaterThan(steps[30]?.secondsLeft ?? 0);
  });
});
