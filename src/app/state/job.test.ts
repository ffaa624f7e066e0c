import { describe, expect, it, vi } from 'vitest';
import { StudioError } from '../../lib/errors';
import { job, throwIfStopped } from './job';
import { createSessionStore } from './session-store';
import { CAPABILITIES, gate, testServices } from './test-support';

const newSession = () => createSessionStore(testServices(), CAPABILITIES, 'wasm');

/** A job that counts to `n`, held before each step until the gate is open. */
function counting(session = newSession()) {
  const held = gate();
  const of = job(session, {
    title: (n: number) => `Counting to ${n}`,
    screen: 'library',
    initial: { counted: 0 },
    run: async ({ signal, report }, n: number) => {
      await held.opened;
      for (let i = 1; i <= n; i++) {
        throwIfStopped(signal);
        report({ fraction: i / n, counted: i });
      }
    },
  });
  return { of, session, open: held.open };
}

it('shows the chip while it runs, and clears it at the end', async () => {
  const { of, session, open } = counting();
  const ended = of.start(3);
  expect(session.getState().job).toMatchObject({ title: 'Counting to 3', screen: 'library', fraction: null });
  expect(of.getState().running).toBe(true);
  open();
  await ended;
  expect(session.getState().job).toBeNull();
  expect(of.getState()).toEqual({
    counted: 3,
    running: false,
    fraction: null,
    secondsLeft: null,
    note: null,
    error: null,
  });
});

it('runs once when it is started twice', async () => {
  const { of, open } = counting();
  const first = of.start(3);
  await of.start(9);
  open();
  await first;
  expect(of.getState().counted).toBe(3);
});

it('does not start while another job runs', async () => {
  const session = newSession();
  const one = counting(session);
  const other = counting(session);
  const ended = one.of.start(1);
  await other.of.start(1);
  expect(other.of.getState().running).toBe(false);
  expect(session.getState().job?.title).toBe('Counting to 1');
  one.open();
  await ended;
});

it('is stopped by the chip, without an error', async () => {
  const { of, session, open } = counting();
  const ended = of.start(3);
  session.getState().job?.stop?.();
  open();
  await ended;
  expect(of.getState()).toMatchObject({ running: false, error: null, counted: 0 });
  expect(session.getState().job).toBeNull();
});

it('ends in its own way where it has one', async () => {
  const held = gate();
  const of = job(newSession(), {
    title: 'Training',
    screen: 'train',
    initial: {},
    onStop: held.open,
    run: async ({ signal }) => {
      await held.opened;
      throwIfStopped(signal);
    },
  });
  const ended = of.start();
  of.stop();
  await ended;
  expect(of.getState().error).toBeNull();
});

it('keeps the error until it is started again', async () => {
  let fails = true;
  const of = job(newSession(), {
    title: 'Measuring',
    screen: 'library',
    initial: {},
    run: async () => {
      if (fails) throw new StudioError('bad-input', 'The file has no rows.');
    },
  });
  await of.start();
  expect(of.getState().error?.message).toBe('The file has no rows.');
  fails = false;
  await of.start();
  expect(of.getState().error).toBeNull();
});

it('tells the session when the engine died', async () => {
  const session = newSession();
  const of = job(session, {
    title: 'Measuring',
    screen: 'library',
    initial: {},
    run: () => Promise.reject(new StudioError('worker-died', 'The engine stopped.')),
  });
  await of.start();
  expect(session.getState().model).toMatchObject({ kind: 'failed', error: { code: 'worker-died' } });
  expect(session.getState().job).toBeNull();
});

it('leaves the model loaded when the background work died', async () => {
  const session = newSession();
  const error = new StudioError('worker-died', 'The background work stopped.', { data: { worker: 'workflow' } });
  const of = job(session, { title: 'Measuring', screen: 'library', initial: {}, run: () => Promise.reject(error) });
  const { model } = session.getState();
  await of.start();
  expect(of.getState().error).toBe(error);
  expect(session.getState().model).toBe(model);
});

it('shows nothing that is reported after it has ended', async () => {
  let late = () => {};
  const session = newSession();
  const of = job(session, {
    title: 'Measuring',
    screen: 'library',
    initial: { rows: 0 },
    run: async ({ report }) => {
      late = () => report({ fraction: 0.5, rows: 5 });
    },
  });
  await of.start();
  late();
  expect(of.getState()).toMatchObject({ rows: 0, fraction: null });
  expect(session.getState().job).toBeNull();
});

describe('time left', () => {
  async function reported(fractions: readonly (readonly [seconds: number, fraction: number | null])[]) {
    const session = newSession();
    const seen: (number | null | undefined)[] = [];
    await job(session, {
      title: 'Measuring',
      screen: 'library',
      initial: {},
      run: async ({ report }) => {
        for (const [seconds, fraction] of fractions) {
          vi.spyOn(performance, 'now').mockReturnValue(seconds * 1000);
          report({ fraction });
          seen.push(session.getState().job?.secondsLeft);
        }
      },
    }).start();
    vi.restoreAllMocks();
    return seen;
  }

  it('is the rate since the first fraction', async () => {
    const seen = await reported([
      [5, 0.5],
      [15, 0.75],
    ]);
    expect(seen).toEqual([null, 10]);
  });

  it('begins again with another stretch of work', async () => {
    const seen = await reported([
      [0, 0],
      [10, 0.9],
      [20, 0],
      [30, 0.5],
    ]);
    expect(seen).toEqual([null, expect.closeTo(10 / 9), null, 10]);
  });
});
