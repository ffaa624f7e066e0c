import { assert } from '../lib/assert';
import { type Control, ControlSource } from '../lib/control';
import { StudioError, toWire, type WireError } from '../lib/errors';

/** A request has an id; a worker answers with any number of `event`s and exactly one `result` or `error`. */
/** `(params, onEvent?) => result`. */
// biome-ignore lint/suspicious/noExplicitAny: the bound of a generic, never a value; `unknown` would refuse every method
type Method = (params: any, onEvent: any) => unknown;
export type Methods<M> = { readonly [K in keyof M]: Method };
export type ParamsOf<F> = F extends (params: infer P, ...rest: never[]) => unknown ? P : never;
export type EventOf<F> = F extends (params: never, onEvent: (event: infer E) => void) => unknown ? E : never;
export type ResultOf<F> = F extends (...args: never[]) => infer R ? R : never;

export type WireRequest = { readonly id: number; readonly method: string; readonly params: unknown };
export type WireReply =
  | { readonly id: number; readonly type: 'event'; readonly event: unknown }
  | { readonly id: number; readonly type: 'result'; readonly result: unknown }
  | { readonly id: number; readonly type: 'error'; readonly error: WireError };

export type ControlKind = 'stop' | 'pause' | 'cancel';

/** Not queued behind the request that it is about. */
export interface WireControl {
  readonly control: ControlKind;
  readonly requestId: number;
}

/** A worker holds a lock of this name as long as it lives: who gets it knows that the worker is dead. */
export interface WireAlive {
  readonly alive: string;
}

export const cancelled = () => new StudioError('cancelled', 'Cancelled.');

export type Handlers<M extends Methods<M>> = {
  readonly [K in keyof M]: (
    params: ParamsOf<M[K]>,
    emit: (event: EventOf<M[K]>) => void,
    control: Control,
    letPass: LetPass<M>,
  ) => ResultOf<M[K]> | Promise<ResultOf<M[K]>>;
};

/** Serves waiting requests of these methods between two steps of a long one. */
type LetPass<M> = (...methods: readonly (keyof M)[]) => Promise<void>;

/** `DedicatedWorkerGlobalScope` or `MessagePort`. */
export interface WorkerEnd {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
}

/** Workers that the system ends raise no event at the other end; their locks are released all the same. */
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

interface Waiting {
  readonly method: string;
  readonly handle: () => Promise<void>;
}

/** Of one or more channels: one after the other, or step by step in turns where requests agree to. */
export class RequestQueue {
  readonly #waiting: Waiting[] = [];
  #busy = false;
  /** For their next turn, longest first. */
  readonly #resting: (() => void)[] = [];
  /** Started by `takeTurns`. */
  readonly #joined: Promise<void>[] = [];

  get isWaited(): boolean {
    return this.#waiting.length > 0;
  }

  push(request: Waiting): void {
    this.#waiting.push(request);
    void this.#handleAll();
  }

  /** Only the request that is running may call this. */
  async letPass(methods: readonly unknown[]): Promise<void> {
    for (let next = this.#take(methods); next; next = this.#take(methods)) await this.#handle(next);
  }

  /** Ends a step: each request of this method has one before the next, also those that have come since. */
  async takeTurns(method: string): Promise<void> {
    const next = this.#take([method]);
    if (!next && this.#resting.length === 0) return;
    const turn = new Promise<void>((resolve) => this.#resting.push(resolve));
    if (next) this.#joined.push(next.handle().finally(() => this.#resting.shift()?.()));
    else this.#resting.shift()?.();
    await turn;
  }

  #take(methods: readonly unknown[]): Waiting | undefined {
    const index = this.#waiting.findIndex(({ method }) => methods.includes(method));
    return index < 0 ? undefined : this.#waiting.splice(index, 1)[0];
  }

  async #handle(request: Waiting): Promise<void> {
    await request.handle();
    this.#resting.shift()?.();
    for (let joined = this.#joined.shift(); joined; joined = this.#joined.shift()) await joined;
  }

  async #handleAll(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) await this.#handle(next);
    this.#busy = false;
  }
}

interface ServeOptions {
  /** Shared by channels whose requests must not overlap. */
  readonly queue?: RequestQueue;
  /** Run at once, beside whatever runs. */
  readonly concurrent?: ReadonlySet<string>;
  /** Moved instead of copied. */
  readonly movable?: (result: unknown) => Transferable[];
}

/**
 * A request starts when the one before it has ended, or when a long one lets it pass; control messages are obeyed at once, and
 * cancel a request that still waits.
 * @returns cancels every open request: for a channel whose other end is gone
 */
export function serve<M extends Methods<M>>(
  end: WorkerEnd,
  handlers: Handlers<M>,
  options: ServeOptions = {},
): () => void {
  const { queue = new RequestQueue(), concurrent = new Set(), movable = () => [] } = options;
  const controls = new Map<number, ControlSource>();
  const letPass: LetPass<M> = (...methods) => queue.letPass(methods);
  const reply = (message: WireReply, transfer: Transferable[] = []) => end.postMessage(message, transfer);

  async function handle({ id, method, params }: WireRequest, control: ControlSource): Promise<void> {
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

  end.addEventListener('message', ({ data }: MessageEvent<WireRequest | WireControl>) => {
    if (isControl(data)) {
      controls.get(data.requestId)?.ask(data.control);
      return;
    }
    const control = new ControlSource();
    controls.set(data.id, control);
    if (concurrent.has(data.method)) void handle(data, control);
    else queue.push({ method: data.method, handle: () => handle(data, control) });
  });
  showAlive(end);
  return () => {
    for (const control of controls.values()) control.ask('cancel');
  };
}
