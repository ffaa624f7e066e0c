import { createStore, type StoreApi } from 'zustand/vanilla';
import { asStudioError, StudioError } from '../../lib/errors';
import type { ModelSource } from '../../model/load';
import { countCores } from '../../worker/cores';
import type { LoadRequest, ModelInfo } from '../../worker/protocol';
import { attempted } from '../ui/toast';
import { type Checker, createChecker } from './checker';
import { loadModel } from './load-model';
import { resource, until } from './resource';
import type { Services } from './services';
import { type Capabilities, DEFAULT_MODEL, isEngineGone, type SessionState } from './session-state';
import { tabMemory } from './storage';

export type SessionStore = StoreApi<SessionState>;

const UNKNOWN: Pick<SessionState, 'card' | 'check' | 'refusals' | 'tokenizer'> = {
  card: null,
  check: { kind: 'unknown' },
  refusals: [],
  tokenizer: { kind: 'waiting' },
};

/** Where the model can be loaded from again. The hub is asked when the user picks it, never again behind their back. */
const lastingSource = ({ source, card }: SessionState): ModelSource =>
  source.kind === 'hub' && card ? { kind: 'kept', card } : source;

/** @param backend what is wanted; `auto` is a graphics device where there is one, else WebAssembly */
export function createSessionStore(
  services: Services,
  capabilities: Capabilities,
  backend: LoadRequest['backend'] = 'auto',
): SessionStore {
  const counted = tabMemory<number | null>(`cores of ${capabilities.threads}`, null);
  let trains: LoadRequest['trains'];
  return createStore<SessionState>((set, get, store) => {
    const loaded = loadedModel(store, async (signal) => {
      // a worker's heap never shrinks, and a failed one is of no use: every load but the first gets a fresh worker
      if (get().model.kind !== 'idle') services.engine.restart();
      const threads = counted.read() ?? (await countCores(capabilities.threads));
      counted.write(threads); // so that a reload trains on in the same bits
      set({ capabilities: { ...capabilities, threads } });
      const { refusalsOf } = checker;
      const how = { source: lastingSource(get()), backend, trains, threads, signal, refusalsOf, onChange: set };
      const info = await loadModel(services, how).catch((cause: unknown) =>
        checker.blame(cause, trains, get().card?.sha256).then(() => loadModel(services, how)),
      );
      const check = await checker.recall(info);
      if (!signal.aborted) set({ check });
      return info;
    });
    const source = () => lastingSource(get());
    const checker = createChecker(services, { session: store, source, loadAgain: loaded.again });
    const engineLost = (error: StudioError) => {
      const { model } = get();
      const wasReady = model.kind === 'ready' || (model.kind === 'failed' && model.wasReady);
      services.engine.restart();
      loaded.forget();
      set({ model: { kind: 'failed', error, wasReady } });
    };
    return {
      capabilities,
      ...UNKNOWN,
      model: { kind: 'idle' },
      source: DEFAULT_MODEL,
      job: null,
      loadModel: async (source, toTrain) => {
        if (source) {
          trains = toTrain;
          loaded.forget();
          set({ ...UNKNOWN, source });
        }
        await loaded.ready().catch(() => {});
      },
      modelReady: loaded.ready,
      ...checking(checker, engineLost),
      engineLost,
      tokenizerReady: () => until(store, ({ tokenizer }) => tokenizer.kind === 'ready'),
      setJob: (job) => set({ job }),
      updateJob: (change) => set(({ job }) => ({ job: job && { ...job, ...change } })),
    };
  });
}

function loadedModel(session: SessionStore, load: (signal: AbortSignal) => Promise<ModelInfo>) {
  /** Resolves when no check has another model in the engine. */
  let engineFree: Promise<void> = Promise.resolve();
  const model = resource(async (_source: ModelSource, signal: AbortSignal) => {
    await engineFree;
    signal.throwIfAborted();
    return load(signal).catch((cause: unknown) => {
      throw asStudioError(cause, 'The model did not load');
    });
  });
  model.subscribe(({ status, value, error }) => {
    if (status === 'failed' && error) session.setState({ model: { kind: 'failed', error, wasReady: false } });
    if (status !== 'ready' || !value) return;
    session.setState({ model: { kind: 'ready', info: value } });
    performance.mark('studio:model-ready');
  });

  async function ready(): Promise<ModelInfo> {
    const { trainingOff } = session.getState().capabilities;
    if (trainingOff !== null) throw new StudioError('session-failed', trainingOff);
    if (model.getState().status === 'failed') model.clear();
    await model.load(session.getState().source);
    const { status, value } = model.getState();
    if (status === 'ready' && value) return value;
    if (status === 'loading') return ready(); // another model has replaced it
    const shown = session.getState().model;
    throw shown.kind === 'failed' ? shown.error : new StudioError('cancelled', 'The model was not loaded.');
  }

  return {
    /** @throws StudioError why it cannot be loaded, before anything is fetched where this device only shows results */
    ready,
    again: (free: Promise<void> = Promise.resolve()) => {
      engineFree = free;
      model.clear();
      return ready();
    },
    forget: () => model.clear(),
  };
}

function checking(
  checker: Checker,
  engineLost: SessionState['engineLost'],
): Pick<SessionState, 'trainingReady' | 'checkAgain'> {
  /** The check is the first that is asked of a model: it may be what the engine dies of. */
  const noteLoss = (cause: unknown): never => {
    if (cause instanceof StudioError && isEngineGone(cause)) engineLost(cause);
    throw cause;
  };
  return {
    trainingReady: () => checker.ready().catch(noteLoss),
    checkAgain: async () => {
      await attempted('The gradients were not checked', () => checker.again().catch(noteLoss));
    },
  };
}
