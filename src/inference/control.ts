import { StudioError } from '../lib/errors';

/** A request to a running job, polled between runs of the graph, never during one. */
export interface Control {
  readonly requested: 'stop' | 'pause' | 'cancel' | null;
}

/** For jobs that are never interrupted. */
export const uninterrupted: Control = { requested: null };

/** For jobs without partial results (scoring), which end on any of the three. @throws StudioError `cancelled` */
export function throwIfInterrupted(control: Control): void {
  if (control.requested) throw new StudioError('cancelled', 'Cancelled.');
}

/**
 * Lets pending messages in: awaiting a wasm run never leaves the microtask queue, so a worker would otherwise receive `stop`
 * only after its job.
 */
export const breathe: () => Promise<void> =
  typeof setImmediate === 'function'
    ? () => new Promise((resolve) => setImmediate(resolve))
    : () =>
        new Promise((resolve) => {
          // A message, not a timer: browsers delay nested timers by 4 ms.
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => {
            port1.close();
            resolve();
          };
          port2.postMessage(null);
        });
