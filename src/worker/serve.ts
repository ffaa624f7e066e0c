import { assert } from '../lib/assert';
import { toWire } from '../lib/errors';
import type { WireReply, WireRequest } from './protocol';
import {
  type Control,
  type ControlKind,
  cancelled,
  type EventOf,
  type Methods,
  type ParamsOf,
  type ResultOf,
  type WireAlive,
  type WireControl,
} from './rpc';

export type Handlers<M extends Methods<M>> = {
  readonly [K in keyof M]: (
    params: ParamsOf<M[K]>,
    emit: (event: EventOf<M[K]>) => void,
    control: Control,
    letPass: LetPass<M>,
  ) => ResultOf<M[K]> | Promise<ResultOf<M[K]>>;
};

/** Serves the waiting requests of these methods now, between two steps of a long one. The others keep their places. */
type LetPass<M> = (...methods: readonly (keyof M)[]) => Promise<void>;

/** The end of a channel that lies inside a worker. `DedicatedWorkerGlobalScope` and `MessagePort` are such. */
export interface WorkerEnd {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
}

/** Workers that the system ends, or that close, raise no event in the page; their locks are let go of all the same. */
function showAlive(end: WorkerEnd): void {
  const alive = `softprompt:worker:${Math.random().toString(36).slice(2)}`;
  void globalThis.navigator?.locks
    ?.request(alive, () => {
      end.postMessage({ alive } satisfies WireAlive, []);
      return new Promise<never>(() => undefined);
    })
    .catch(() => undefined); // where the browser grants no locks, only a death with an event is noticed
}

const isControl = (message: WireRequest | WireControl): message is WireControl => 'control' in message;

interface Job {
  readonly request: WireRequest;
  readonly control: Control;
}

/**
 * Serves a worker's methods. One queue: a request starts when the one before it has ended, whatever its end, or when a
 * long one lets it pass between two of its steps. Never do two run at the same time.
 * Control messages are obeyed at once, so that they reach the request that is running; for one that still waits in the
 * queue any of the three cancels it.
 * @param movable buffers of a result that are moved to the page instead of copied
 */
export function serve<M extends Methods<M>>(
  end: WorkerEnd,
  handlers: Handlers<M>,
  movable: (result: unknown) => Transferable[] = () => [],
): void {
  const controls = new Map<number, { requested: ControlKind | null }>();
  const waiting: Job[] = [];
  let busy = false;

  const reply = (message: WireReply, transfer: Transferable[] = []) => end.postMessage(message, transfer);

  async function handle({ request: { id, method, params }, control }: Job): Promise<void> {
    try {
      if (control.requested) throw cancelled();
      const handler = Object.hasOwn(handlers, method) ? handlers[method as keyof M] : undefined;
      assert(handler, `unknown method ${method}`);
      const emit = (event: unknown) => reply({ id, type: 'event', event });
      const result = await handler(params as ParamsOf<M[keyof M]>, emit, control, letPass);
      reply({ id, type: 'result', result }, movable(result));
    } catch (error) {
      reply({ id, type: 'error', error: toWire(error) });
    } finally {
      controls.delete(id);
    }
  }

  async function letPass(...methods: readonly (keyof M)[]): Promise<void> {
    for (;;) {
      const index = waiting.findIndex(({ request }) => methods.includes(request.method as keyof M));
      const [job] = index < 0 ? [] : waiting.splice(index, 1);
      if (!job) return;
      await handle(job);
    }
  }

  async function serveAll(): Promise<void> {
    if (busy) return;
    busy = true;
    for (let job = waiting.shift(); job; job = waiting.shift()) await handle(job);
    busy = false;
  }

  end.addEventListener('message', ({ data }: MessageEvent<WireRequest | WireControl>) => {
    if (isControl(data)) {
      const control = controls.get(data.requestId);
      if (control) control.requested = data.control;
      return;
    }
    const control = { requested: null };
    controls.set(data.id, control);
    waiting.push({ request: data, control });
    void serveAll();
  });
  showAlive(end);
}
