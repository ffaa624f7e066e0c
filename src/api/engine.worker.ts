import type { Engine } from '../engine/engine';
import { engineCalls } from '../engine/types';
import { createWebEngine, prepareWebEngine } from '../engine/web';
import { badInput } from '../lib/errors';
import { type Handlers, RequestQueue, serve } from '../rpc/serve';
import type { EngineMethods } from './engine-methods';

/** Both channels share one queue, as runs must not overlap. These run no model. */
const CONCURRENT = new Set<keyof EngineMethods>(['connect', 'tokensToRun']);

function createEngineHandlers() {
  const queue = new RequestQueue();
  let engine: Engine | null = null;
  let disconnect = () => {};
  const loaded = (): Engine => {
    if (!engine) throw badInput('No model is loaded yet.');
    return engine;
  };
  const handlers: Handlers<EngineMethods> = {
    connect: ({ port }) => {
      disconnect(); // what the last channel asked for, nobody waits for any more
      disconnect = serve<EngineMethods>(port, handlers, { queue, concurrent: CONCURRENT });
      port.start();
      return null;
    },
    prepare: (params) => prepareWebEngine(params),
    load: async (params, emit) => {
      const old = engine;
      engine = null;
      await old?.dispose();
      engine = await createWebEngine({ ...params, consume: true, onEvent: emit });
      return engine.info;
    },
    train: async (params, emit, control, letPass) => {
      for await (const event of loaded().train(params, control)) {
        emit(event);
        // Minutes are too long to wait for a score. Between two steps nothing runs, and the run's state is its own.
        if (event.kind === 'step') await letPass('score', 'write', 'generate', 'latency');
      }
      return { runId: params.runId };
    },
    forget: () => loaded().forget(),
    ...engineCalls<Handlers<EngineMethods>>(
      (name) => (request, emit, control) => loaded()[name](request, control, emit),
    ),
    generate: (request, emit, control) =>
      loaded().generate(request, control, (id) => {
        emit(id);
        return queue.takeTurns('generate'); // several texts are generated side by side, a token each
      }),
    readAhead: (request, emit, control) =>
      loaded().readAhead(request, control, (read) => {
        emit(read);
        return !queue.isWaited; // nobody has asked for it yet, so others come first
      }),
  };
  return { handlers, queue };
}

// ORT's threads may run this very file again, under this name: there it must not answer messages in ORT's place.
if (!self.name.startsWith('em-pthread')) {
  const { handlers, queue } = createEngineHandlers();
  serve<EngineMethods>(self, handlers, { queue, concurrent: CONCURRENT });
}
