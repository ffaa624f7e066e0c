/**
 * What both ends of a worker's channel agree on, beside the methods themselves (protocol.ts). A request has an id; a worker
 * answers with any number of `event`s and exactly one `result` or `error`.
 */
import { StudioError, type WireError } from '../lib/errors';

/** A method of a worker as protocol.ts declares it: `(params, onEvent?) => result`. */
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

/** Out of band: not queued behind the request that it is about. */
export interface WireControl {
  readonly control: ControlKind;
  readonly requestId: number;
}

/** Sent once by a worker that holds a lock of this name as long as it lives: who gets the lock knows that it is dead. */
export interface WireAlive {
  readonly alive: string;
}

export const cancelled = () => new StudioError('cancelled', 'Cancelled.');
