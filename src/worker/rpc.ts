import { assert } from '../lib/assert';
import { fromWire, StudioError, toWire } from '../lib/errors';
import type { WireReply, WireRequest } from './protocol';

/** A method of a worker as protocol.ts declares it: `(params, onEvent?) => result`. */
// biome-ignore lint/suspicious/noExplicitAny: the bound of a generic, never a value; `unknown` would refuse every method
type Method = (params: any, onEvent: any) => unknown;
export type Methods<M> = { readonly [K in keyof M]: Method };
export type ParamsOf<F> = F extends (params: infer P, ...rest: never[]) => unknown ? P : never;
export type EventOf<F> = F extends (params: never, onEvent: (event: infer E) => void) => unknown ? E : never;
export type ResultOf<F> = F extends (...args: never[]) => infer R ? R : never;

export type ControlKind = 'stop' | 'pause' | 'cancel';

/** What was asked of a running request from outside; polled between two steps. */
export interface Control {
  readonly requested: ControlKind | null;
}

/** Out of band: not queued behind the request that it is about. */
interface WireControl {
  readonly control: ControlKind;
  readonly requestId: number;
}

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

/** Sent once by a worker that holds a lock of this name as long as it lives: who gets the lock knows that it is dead. */
interface WireAlive {
  readonly alive: string;
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

const cancelled = () => new StudioError('cancelled', 'Cancelled.');

export interface CallOptions<E> {
  readonly onEvent?: (event: E) => void;
  /** Aborting asks the worker to cancel; the call then rejects with `cancelled` as soon as the worker has obeyed. */
  readonly signal?: AbortSignal;
  /** Buffers to move instead of copy; they are empty here afterwards. */
  readonly transfer?: readonly Transferable[];
  /** Is told the id of the request, for `control`. */
  readonly onStart?: (requestId: number) => void;
}

/** The end of a channel that lies in the page: a `Worker`. */
export interface PageEnd {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: string, listener: (event: Event) => void): void;
  terminate(): void;
}

interface PendingCall {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onEvent: ((event: never) => void) | undefined;
}

/**
 * Calls a worker's methods. When the worker dies, every open call rejects with `worker-died`; so does every later one
 * until `restart`.
 */
export class RpcClient<M extends Methods<M>> {
  readonly #spawn: () => PageEnd;
  readonly #name: string;
  #worker: PageEnd;
  #dead = false;
  #nextId = 1;
  readonly #pending = new Map<number, PendingCall>();

  /** @param name how the error message calls this worker, e.g. `engine`. */
  constructor(name: string, spawn: () => PageEnd) {
    this.#name = name;
    this.#spawn = spawn;
    this.#worker = this.#start();
  }

  /** @throws StudioError whatever the worker throws; `worker-died`; `cancelled` */
  call<K extends keyof M & string>(
    method: K,
    params: ParamsOf<M[K]>,
    options: CallOptions<EventOf<M[K]>> = {},
  ): Promise<ResultOf<M[K]>> {
    if (this.#dead) return Promise.reject(this.#deathError());
    if (options.signal?.aborted) return Promise.reject(cancelled());
    const id = this.#nextId++;
    const abort = () => this.control(id, 'cancel');
    return new Promise<ResultOf<M[K]>>((resolve, reject) => {
      this.#pending.set(id, {
        resolve: (result) => resolve(result as ResultOf<M[K]>),
        reject,
        onEvent: options.onEvent,
      });
      options.signal?.addEventListener('abort', abort, { once: true });
      this.#worker.postMessage({ id, method, params } satisfies WireRequest, [...(options.transfer ?? [])]);
      options.onStart?.(id);
    }).finally(() => options.signal?.removeEventListener('abort', abort));
  }

  control(requestId: number, control: ControlKind): void {
    if (!this.#dead && this.#pending.has(requestId))
      this.#worker.postMessage({ control, requestId } satisfies WireControl, []);
  }

  /** A new worker in place of the old one, dead or alive. What the old one held (a loaded model) is gone. */
  restart(): void {
    this.#die(false);
    this.#worker = this.#start();
    this.#dead = false;
  }

  dispose(): void {
    this.#die(false);
  }

  #start(): PageEnd {
    const worker = this.#spawn();
    worker.addEventListener('message', (event) => {
      const { data } = event as MessageEvent<WireReply | WireAlive>;
      if ('alive' in data) void navigator.locks.request(data.alive, () => this.#onDeath(worker, null));
      else this.#receive(worker, data);
    });
    // `error` is an exception outside of any handler (also: its script did not load); `messageerror` a reply that cannot be read.
    worker.addEventListener('error', (event) => this.#onDeath(worker, event as ErrorEvent));
    worker.addEventListener('messageerror', () => this.#onDeath(worker, null));
    return worker;
  }

  #receive(worker: PageEnd, reply: WireReply): void {
    if (worker !== this.#worker) return;
    const call = this.#pending.get(reply.id);
    if (!call) return;
    if (reply.type === 'event') {
      call.onEvent?.(reply.event as never);
      return;
    }
    this.#pending.delete(reply.id);
    if (reply.type === 'result') call.resolve(reply.result);
    else call.reject(fromWire(reply.error));
  }

  #onDeath(worker: PageEnd, event: ErrorEvent | null): void {
    if (worker !== this.#worker) return;
    event?.preventDefault?.();
    this.#die(true, event?.message);
  }

  #die(unexpected: boolean, detail?: string): void {
    this.#dead = true;
    this.#worker.terminate();
    const calls = [...this.#pending.values()];
    this.#pending.clear();
    for (const call of calls) call.reject(unexpected ? this.#deathError(detail) : cancelled());
  }

  #deathError(detail?: string): StudioError {
    return new StudioError(
      'worker-died',
      `The ${this.#name} stopped unexpectedly${detail ? ` (${detail})` : ''}. Nothing saved is lost: restart it and go on.`,
      { data: { worker: this.#name } },
    );
  }
}
