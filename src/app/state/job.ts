/**
 * A long piece of work that the user starts, watches and may stop. There is one engine, so one job runs at a time: it
 * has the chip at the top of the page. The job owns running, progress, time left, stopping and errors.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { asStudioError, StudioError } from '../../lib/errors';
import { secondsLeft } from '../../lib/format';
import { isEngineGone } from './session-state';
import type { SessionStore } from './session-store';

interface Progress {
  readonly fraction: number | null;
  readonly secondsLeft: number | null;
  readonly note: string | null;
}

export interface JobProgress extends Progress {
  readonly running: boolean;
  readonly error: StudioError | null;
}

type JobState<P extends object> = P & JobProgress;

/** A change of what is shown; `secondsLeft` is worked out from the fractions where it is not given, `title` is the chip's. */
type Report<P extends object> = Partial<P & Progress & { readonly title: string }>;

export interface JobContext<P extends object> {
  readonly signal: AbortSignal;
  readonly report: (change: Report<P>) => void;
}

export interface Job<A extends readonly unknown[], P extends object> extends StoreApi<JobState<P>> {
  /** Resolves when it has ended, well or not; does nothing while a job runs, this one or another. */
  start(...args: A): Promise<void>;
  stop(): void;
}

interface JobOptions<A extends readonly unknown[], P extends object> {
  readonly title: string | ((...args: A) => string);
  /** Where the chip leads: a screen, with a search string if need be. */
  readonly screen: string | ((...args: A) => string);
  readonly initial: P;
  /** What `stop` does in place of aborting the signal: for work that ends by itself and keeps what it has. */
  readonly onStop?: () => void;
  readonly run: (context: JobContext<P>, ...args: A) => Promise<void>;
}

const IDLE: JobProgress = { running: false, fraction: null, secondsLeft: null, note: null, error: null };

export function job<A extends readonly unknown[], P extends object>(
  session: SessionStore,
  { title, screen, initial, onStop, run }: JobOptions<A, P>,
): Job<A, P> {
  const store = createStore<JobState<P>>(() => ({ ...initial, ...IDLE }));
  const show = (change: Partial<P> | Partial<JobProgress>) => store.setState(change as Partial<JobState<P>>);
  let aborter: AbortController | null = null;
  const stop = () => (onStop && aborter ? onStop() : aborter?.abort());

  return Object.assign(store, {
    stop,
    start: async (...args: A) => {
      const { job: other, setJob, updateJob, engineLost } = session.getState();
      if (aborter || other) return;
      const mine = new AbortController();
      aborter = mine;
      const words = (of: string | ((...args: A) => string)) => (typeof of === 'string' ? of : of(...args));
      show({ ...IDLE, running: true });
      setJob({ title: words(title), screen: words(screen), fraction: null, secondsLeft: null, stop });
      const left = clock();
      const report = ({ title: chip, ...change }: Report<P> & { readonly title?: string }) => {
        if (aborter !== mine) return;
        const progress = change as Partial<Progress>;
        const timed =
          progress.fraction === undefined || progress.secondsLeft !== undefined
            ? change
            : { ...change, secondsLeft: left(progress.fraction) };
        store.setState(timed as Partial<JobState<P>>);
        const { fraction, secondsLeft: seconds } = store.getState();
        updateJob({ fraction, secondsLeft: seconds, ...(chip === undefined ? {} : { title: chip }) });
      };
      let error: StudioError | null = null;
      try {
        await run({ signal: mine.signal, report }, ...args);
      } catch (cause) {
        error = asStudioError(cause);
        if (isEngineGone(error)) engineLost(error);
      }
      aborter = null;
      setJob(null);
      show({ ...IDLE, error: error?.code === 'cancelled' ? null : error });
    },
  });
}

/** Time left at the rate since the first fraction; one that falls starts another stretch of work. */
function clock(): (fraction: number | null) => number | null {
  let from: { readonly at: number; readonly fraction: number } | null = null;
  let last = 0;
  return (fraction) => {
    if (fraction === null) from = null;
    if (fraction === null) return null;
    if (from === null || fraction < last) from = { at: performance.now(), fraction };
    last = fraction;
    return secondsLeft(fraction - from.fraction, 1 - from.fraction, (performance.now() - from.at) / 1000);
  };
}

/** For work that polls its signal between two pieces. @throws StudioError `cancelled` */
export function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted) throw new StudioError('cancelled', 'Stopped.');
}
