import { StudioError } from './errors';

/** `cancel` throws the result away; the others keep it. */
export type Request = 'stop' | 'pause' | 'cancel';

/** Between steps of the work, never during one. */
export interface Polled {
  readonly requested: Request | null;
}

/** For work that waits for something else. */
export interface Control extends Polled {
  /** Calls back once, at once if something was asked already. Returns how to stop listening. */
  listen(heard: (request: Request) => void): () => void;
}

/** Only the first request counts. */
export class ControlSource implements Control {
  requested: Request | null = null;
  readonly #listeners = new Set<(request: Request) => void>();

  ask(request: Request): void {
    if (this.requested) return;
    this.requested = request;
    for (const heard of [...this.#listeners]) heard(request);
    this.#listeners.clear();
  }

  listen(heard: (request: Request) => void): () => void {
    if (this.requested) {
      heard(this.requested);
      return () => {};
    }
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }
}

/** That an abort asks to throw the work away. */
export function controlOf(signal: AbortSignal | undefined): ControlSource {
  const control = new ControlSource();
  const cancel = () => control.ask('cancel');
  if (signal?.aborted) cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  return control;
}

export const uninterrupted: Control = { requested: null, listen: () => () => {} };

/** For work without partial results, which ends on any request. @throws StudioError `cancelled` */
export function throwIfInterrupted({ requested }: Polled): void {
  if (requested) throw new StudioError('cancelled', 'Cancelled.');
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

/** Hears what its parent hears, and can be asked by itself. */
export function childControl(parent: Control): ControlSource {
  const child = new ControlSource();
  parent.listen((request) => child.ask(request));
  return child;
}

/** To its end. */
export function drained<Y, T>(work: Generator<Y, T, void>, onStep: (step: Y) => void = () => undefined): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    onStep(value);
  }
}

/** Lets messages in after each step, which yields the share that is done. @throws StudioError `cancelled` */
export async function inSteps<T>(
  work: Generator<number, T, void>,
  control: Polled,
  progress: (share: number) => void,
): Promise<T> {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    progress(value);
    await new Promise((resolve) => setTimeout(resolve));
    throwIfInterrupted(control);
  }
}

/** In the order in which they were asked for; a failed one holds up none. */
export function inTurn() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}

/** The latest item only: one that arrives during work replaces the waiting one. Work that fails ends the round. */
export function oneAtATime<T>(work: (item: T) => Promise<void>) {
  let waiting: { readonly item: T } | null = null;
  let busy: Promise<void> | null = null;

  async function workOff(): Promise<void> {
    try {
      for (let next = waiting; next; next = waiting) {
        waiting = null;
        await work(next.item);
      }
    } finally {
      busy = null;
    }
  }

  return {
    put(item: T): void {
      waiting = { item };
      busy ??= workOff();
    },
    /** Resolves when nothing is left to do; rejects where the work does. */
    settled: async (): Promise<void> => void (await busy),
  };
}

/** Waits; less where the signal is aborted meanwhile, which the caller looks at. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
