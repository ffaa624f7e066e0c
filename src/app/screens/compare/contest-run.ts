/** What both kinds of comparison do while they run: one at a time, told on the screen and in the job chip, stopped, kept from failing. */
import { StudioError } from '../../../lib/errors';
import { isEngineGone } from '../../state/session-state';
import type { SessionStore } from '../../state/session-store';
import type { Contest } from './arms';
import type { ArmProgress, Told } from './score-contest';

/** What is shown of a contest that runs. */
export interface ContestState {
  readonly running: boolean;
  /** What is going on, in words. */
  readonly note: string | null;
  readonly progress: readonly ArmProgress[];
  readonly fraction: number | null;
  readonly secondsLeft: number | null;
  readonly error: StudioError | null;
}

const NOTHING = { note: null, fraction: null, secondsLeft: null };
export const AT_REST: ContestState = { running: false, progress: [], error: null, ...NOTHING };

export const waiting = ({ arms }: Pick<Contest, 'arms'>): readonly ArmProgress[] =>
  arms.map(({ id, name }) => ({ id, name, state: 'waiting', fraction: 0 }));

/** Less than this share says nothing about the rest. */
const FIRST_SHARE = 0.02;

export const asError = (cause: unknown): StudioError =>
  cause instanceof StudioError
    ? cause
    : new StudioError('internal', `The comparison stopped: ${String(cause)}`, { cause });

interface Shown {
  readonly get: () => ContestState;
  readonly set: (change: Partial<ContestState>) => void;
}

export function contestRunner(session: SessionStore, { get, set }: Shown) {
  let aborter: AbortController | null = null;
  const stop = () => aborter?.abort();

  function telling(signal: AbortSignal): Told {
    const startedAt = performance.now();
    return {
      signal,
      note: (note) => set({ note }),
      arm: (id, change) => set({ progress: get().progress.map((p) => (p.id === id ? { ...p, ...change } : p)) }),
      total: (share) => {
        const elapsed = (performance.now() - startedAt) / 1000;
        const secondsLeft = share > FIRST_SHARE ? (elapsed * (1 - share)) / share : null;
        set({ fraction: share, secondsLeft });
        session.getState().updateJob({ fraction: share, secondsLeft });
      },
    };
  }

  return {
    stop,
    /** Does nothing while one runs. What fails ends as `error`; what was stopped ends without one. */
    run: async (work: (told: Told) => Promise<void>): Promise<void> => {
      if (get().running) return;
      aborter = new AbortController();
      set({ ...AT_REST, running: true });
      session.getState().setJob({ title: 'Comparing', screen: 'compare', fraction: null, secondsLeft: null, stop });
      try {
        await work(telling(aborter.signal));
      } catch (cause) {
        const error = asError(cause);
        if (error.code !== 'cancelled') set({ error });
        if (isEngineGone(error)) session.getState().engineLost(error);
      } finally {
        aborter = null;
        set({ running: false, ...NOTHING });
        session.getState().setJob(null);
      }
    },
  };
}
