import { StudioError } from '../lib/errors';

/** What was asked of a running job from outside; polled between two runs of the graph, never inside one. */
export interface Control {
  readonly requested: 'stop' | 'pause' | 'cancel' | null;
}

/** For jobs that nobody interrupts. */
export const uninterrupted: Control = { requested: null };

/** A job that has no half-way result (scoring) ends on any of the three. @throws StudioError `cancelled` */
export function throwIfInterrupted(control: Control): void {
  if (control.requested) throw new StudioError('cancelled', 'Cancelled.');
}

/**
 * Lets pending messages in: awaiting a run that the wasm thread computes never leaves the microtask queue, so that a
 * worker would hear `stop` only after its job.
 */
export const breathe: () => Promise<void> =
  typeof setImmediate === 'function'
    ? () => new Promise((resolve) => setImmediate(resolve))
    : () =>
        new Promise((resolve) => {
          // A message, not a timer: nested timers are held back by 4 ms.
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => {
            port1.close();
            resolve();
          };
          port2.postMessage(null);
        });
