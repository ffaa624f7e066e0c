import type { Engine } from '../engine/engine';
import { createWebEngine, prepareWebEngine } from '../engine/web';
import { StudioError } from '../lib/errors';
import type { EngineMethods, ProgressEvent } from './protocol';
import { type Handlers, RequestQueue, serve } from './serve';

/** Tells of work that is done piece by piece, with the time that is left at the pace so far. */
function progressOf(unit: ProgressEvent['unit'], total: number, emit: (event: ProgressEvent) => void) {
  const begin = performance.now();
  return (done: number): void => {
    const secondsLeft = done > 0 ? (((performance.now() - begin) / 1000) * (total - done)) / done : null;
    emit({ kind: 'progress', done, total, unit, secondsLeft });
  };
}

/** Several texts are generated side by side, a token each. */
const tellInTurns = (queue: RequestQueue, emit: (event: { kind: 'token'; id: number }) => void) => (id: number) => {
  emit({ kind: 'token', id });
  return queue.takeTurns('generate');
};

/** Called by the workflow worker over a channel of its own; both channels share one queue, as runs must not overlap. */
const CONCURRENT = new Set<keyof EngineMethods>(['connect']);

function createEngineHandlers() {
  const queue = new RequestQueue();
  let engine: Engine | null = null;
  let disconnect = () => {};
  const loaded = (): Engine => {
    if (!engine) throw new StudioError('bad-input', 'No model is loaded yet.');
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
    score: (params, emit, control) => loaded().score(params, control, progressOf('rows', params.rows.length, emit)),
    write: async (params, emit, control) => ({
      rows: await loaded().write(params, control, progressOf('rows', params.rows.length, emit)),
    }),
    train: async (params, emit, control, letPass) => {
      for await (const event of loaded().train(params, control)) {
        emit(event);
        // Minutes are too long to wait for a score. Between two steps nothing runs, and the run's state is its own.
        if (event.kind === 'step') await letPass('score', 'write', 'generate', 'latency', 'texts');
      }
      return { runId: params.runId };
    },
    readAhead: async (params, emit, control) => {
      for await (const read of loaded().readAhead(params, control)) {
        emit(read);
        if (queue.isWaited) return { done: false }; // nobody has asked for it yet, so others come first
      }
      return { done: true };
    },
    generate: (params, emit, control) => loaded().generate(params, tellInTurns(queue, emit), control),
    latency: async (params, _emit, control) => ({ medianMs: await loaded().latency(params, params.repeats, control) }),
    texts: ({ options }) => loaded().texts(options),
    forget: () => loaded().forget(),
    states: async (params, emit, control) => ({
      states: await loaded().states(params, control, progressOf('rows', params.rows.length, emit)),
    }),
    nextTokens: (ask, emit, control) => loaded().nextTokens(ask, control, progressOf('rows', ask.rows.length, emit)),
    attribute: (ask, emit, control) => loaded().attribute(ask, control, progressOf('steps', ask.steps.most, emit)),
    tokenSwaps: (ask, _emit, control) => loaded().tokenSwaps(ask, control),
    tokenVectors: async ({ ids }, emit, control) => ({
      vectors: await loaded().tokenVectors(ids, control, progressOf('tokens', ids.length, emit)),
    }),
    selfCheck: (params, emit, control) =>
      loaded().selfCheck(params, control, (done) => emit({ kind: 'direction', done, total: params.directions })),
  };
  return { handlers, queue };
}

// ORT's threads may run this very file again, under this name: there it must not answer messages in ORT's place.
if (!self.name.startsWith('em-pthread')) {
  const { handlers, queue } = createEngineHandlers();
  serve<EngineMethods>(self, handlers, { queue, concurrent: CONCURRENT });
}
