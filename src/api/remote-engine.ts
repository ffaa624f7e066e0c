/** An engine in another worker, for the verbs. */
import { type EngineCalls, engineCalls, type ModelInfo } from '../engine/types';
import type { Control } from '../lib/control';
import { streamed } from '../lib/stream';
import type { RpcClient } from '../rpc/client';
import type { TrainEvent } from '../training/events';
import type { HostEngine } from '../workflow/host';
import type { EngineMethods } from './engine-methods';
import type { CheckedEngine } from './host';

type EngineClient = Pick<RpcClient<EngineMethods>, 'call' | 'control'>;

/** To the engine request that the verb waits for. */
function forwarding(client: EngineClient, control: Control) {
  let stop = () => {};
  return {
    onStart: (requestId: number) => {
      stop = control.listen((request) => client.control(requestId, request));
    },
    done: () => stop(),
  };
}

/** As they come, until the call ends. */
const trainingEvents = (client: EngineClient, ...[request, control]: Parameters<HostEngine['train']>) =>
  streamed<TrainEvent, unknown>((onEvent) => {
    const { onStart, done } = forwarding(client, control);
    return client.call('train', request, { onStart, onEvent }).finally(done);
  });

export function engineOver(client: EngineClient, info: ModelInfo): CheckedEngine {
  return {
    info,
    train: (request, control) => trainingEvents(client, request, control),
    forget: () => client.call('forget', null),
    ...engineCalls<EngineCalls>((name) => (request, control: Control, onEvent: (event: unknown) => void = () => {}) => {
      const { onStart, done } = forwarding(client, control);
      return client.call(name, request, { onStart, onEvent }).finally(done);
    }),
  };
}
