/** Types only: what an engine in a worker is asked. */
import type { EngineCalls, LoadEvent, LoadRequest, ModelInfo, TrainRequest } from '../engine/types';
import type { TrainEvent } from '../training/events';

/** Of an asynchronous function of `(request, control, onEvent)`. */
type CallMethod<F> = F extends (
  request: infer Q,
  control: never,
  onEvent?: (event: infer E) => unknown,
) => Promise<infer R>
  ? (params: Q, onEvent: (event: E) => void) => R
  : never;

/** One queue: calls run one after the other. */
export interface EngineMethods extends Readonly<{ [K in keyof EngineCalls]: CallMethod<EngineCalls[K]> }> {
  /** For the workflow worker; what an earlier channel asked for is cancelled. */
  connect(params: { readonly port: MessagePort }): null;
  /** While the model's files are on their way; `load` does it otherwise. */
  prepare(params: Pick<LoadRequest, 'backend' | 'threads'>): void;
  load(params: LoadRequest, onEvent: (e: LoadEvent) => void): ModelInfo;
  train(params: TrainRequest, onEvent: (e: TrainEvent) => void): { readonly runId: string };
  forget(params: null): void;
}
