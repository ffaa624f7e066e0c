/** What a contest says of itself while it runs: on the screen and in the job chip. */
import type { SessionStore } from '../../state/session-store';
import type { ArmProgress, Told } from './score-contest';

interface Shown {
  readonly note: string | null;
  readonly progress: readonly ArmProgress[];
  readonly fraction: number | null;
  readonly secondsLeft: number | null;
}

/** Less than this share says nothing about the rest. */
const FIRST_SHARE = 0.02;

export function telling(
  signal: AbortSignal,
  session: SessionStore,
  { get, set }: { readonly get: () => Shown; readonly set: (change: Partial<Shown>) => void },
): Told {
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
