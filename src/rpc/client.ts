import { fromWire, StudioError } from '../lib/errors';
import {
  type ControlKind,
  cancelled,
  type EventOf,
  type Methods,
  type ParamsOf,
  type ResultOf,
  type WireAlive,
  type WireControl,
  type WireReply,
  type WireRequest,
} from './serve';

export interface CallOptions<E> {
  readonly onEvent?: (event: E) => void;
  /** Asks the worker to cancel; the call rejects with `cancelled` as soon as it has obeyed. */
  readonly signal?: AbortSignal;
  /** Moved instead of copied. */
  readonly transfer?: readonly Transferable[];
  readonly onStart?: (requestId: number) => void;
}

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

/** When the worker dies, open calls reject with `worker-died`, and so do later ones until `restart`. */
export class RpcClient<M extends Methods<M>> {
  readonly #spawn: () => PageEnd;
  readonly #name: string;
  #worker: PageEnd;
  #dead = false;
  #nextId = 1;
  readonly #pending = new Map<number, PendingCall>();

  /** @param name in the error message and its data: `engine` */
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

  /** What the old worker held (a loaded model) is gone. */
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
    // `error`: an exception outside of any handler, or a script that did not load; `messageerror`: an unreadable reply
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
      `The ${this.#name === 'engine' ? 'engine' : 'page’s background work'} stopped unexpectedly${detail ? ` (${detail})` : ''}. ${this.#name === 'engine' ? '' : 'The model is still loaded. '}Nothing saved is lost: try again.`,
      { data: { worker: this.#name } },
    );
  }
}
