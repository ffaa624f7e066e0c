/** Loads the model, checks it, and restarts it when it is lost. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { StudioError } from '../../lib/errors';
import type { ModelSource } from '../../model/load';
import { isSmall } from '../../model/tokenizer-files';
import type { LoadRequest, ModelFiles, ModelInfo } from '../../worker/protocol';
import { toastError } from '../ui/toast';
import type { Capabilities } from './capabilities';
import { createChecker } from './checker';
import { loadEngine } from './load-engine';
import { secondsLeft } from './rate';
import type { Services } from './services';
import { DEFAULT_MODEL, isEngineGone, type ModelStatus, type SessionState } from './session-state';

export type SessionStore = StoreApi<SessionState>;

/** @param backend what is wanted; `auto` is a graphics device where there is one, else WebAssembly */
export function createSessionStore(
  services: Services,
  capabilities: Capabilities,
  backend: LoadRequest['backend'] = 'auto',
): SessionStore {
  const { threads } = capabilities;
  let running: Promise<ModelInfo> | null = null;
  let aborter = new AbortController();

  return createStore<SessionState>((set, get, store) => {
    const checker = createChecker(services, {
      threads,
      source: () => get().source,
      checkStatus: () => get().check,
      modelReady: () => get().modelReady(),
      loadAgain: () => {
        services.engine.restart();
        return start();
      },
      hold: (model) => {
        running = model;
      },
      show: set,
      setJob: (job) => set({ job }),
    });

    async function openTokenizer(files: ModelFiles, { signal }: AbortController) {
      const { endTokenIds, hasChat, sha256 } = await services.workflow.call('openTokenizer', { files });
      if (!signal.aborted) set({ tokenizer: { kind: 'ready', endTokenIds, hasChat, sha256 } });
    }

    async function load(source: ModelSource, mine: AbortController): Promise<ModelInfo> {
      const { signal } = mine;
      const show = (model: ModelStatus) => {
        if (!signal.aborted) set({ model });
      };
      show({ kind: 'downloading', receivedBytes: 0, totalBytes: 0, fromCache: false, secondsLeft: null });
      // what fails in these two is said by the load below
      void services.engine.call('prepare', { backend, threads }).catch(() => {});
      // texts can be tokenised while the weights are on their way
      const early = services
        .loadTokenizerFiles(source)
        .then((files) => files && openTokenizer(files, mine))
        .catch(() => null);
      const startedAt = performance.now();
      const info = await loadEngine(services, {
        source,
        threads,
        signal,
        onProgress: ({ receivedBytes, totalBytes, fromCache }) =>
          show({
            kind: 'downloading',
            receivedBytes,
            totalBytes,
            fromCache,
            secondsLeft: secondsLeft(receivedBytes, totalBytes, (performance.now() - startedAt) / 1000),
          }),
        onStage: (stage) => show({ kind: 'starting', stage }),
        onFiles: async (card, files) => {
          const refusals = await checker.refusalsOf(card.sha256);
          if (!signal.aborted) set({ card, refusals });
          show({ kind: 'starting', stage: 'parse' });
          await early;
          if (get().tokenizer.kind !== 'ready')
            await openTokenizer(Object.fromEntries(Object.entries(files).filter(([path]) => isSmall(path))), mine);
          return {
            backend: backend === 'webgpu' && refusals.length > 0 ? 'wasm' : backend,
            avoidAdapters: refusals.map(({ adapter }) => adapter),
          };
        },
      });
      if (!signal.aborted) await services.connectEngine(info, get().card?.weights);
      const check = await checker.recall(info);
      if (!signal.aborted) set({ check });
      const { card } = get();
      // the hub is asked when the user picks it, never again behind their back
      if (source.kind === 'hub' && card && !signal.aborted) set({ source: { kind: 'kept', card } });
      show({ kind: 'ready', info });
      performance.mark('studio:model-ready');
      return info;
    }

    function start(): Promise<ModelInfo> {
      if (get().model.kind === 'failed') services.engine.restart();
      aborter = new AbortController();
      const mine = aborter;
      const attempt = load(get().source, mine).catch((cause: unknown) => {
        const error =
          cause instanceof StudioError
            ? cause
            : new StudioError('internal', `The model did not load: ${String(cause)}`, { cause });
        if (running === attempt) {
          running = null;
          set({ model: { kind: 'failed', error } });
        }
        throw error;
      });
      running = attempt;
      return attempt;
    }

    function changeSource(source: ModelSource) {
      aborter.abort();
      running = null;
      // the heap of a worker never shrinks: the old weights make room for the new ones
      if (get().model.kind !== 'idle') services.engine.restart();
      set({ source, card: null, check: { kind: 'unknown' }, refusals: [], tokenizer: { kind: 'waiting' } });
    }

    /** The check is the first that is asked of a model: it may be what the engine dies of. */
    const noteLoss = (cause: unknown): never => {
      if (cause instanceof StudioError && isEngineGone(cause)) get().engineLost(cause);
      throw cause;
    };

    return {
      capabilities,
      model: { kind: 'idle' },
      source: DEFAULT_MODEL,
      card: null,
      check: { kind: 'unknown' },
      refusals: [],
      tokenizer: { kind: 'waiting' },
      job: null,
      loadModel: async (source) => {
        if (source) changeSource(source);
        await (running ?? start()).catch(() => {});
      },
      modelReady: () => running ?? start(),
      trainingReady: () => checker.ready().catch(noteLoss),
      checkAgain: async () => {
        try {
          await checker.again().catch(noteLoss);
        } catch (cause) {
          if (!(cause instanceof StudioError && cause.code === 'cancelled'))
            toastError('The gradients were not checked', cause instanceof Error ? cause.message : String(cause));
        }
      },
      engineLost: (error) => {
        running = null;
        services.engine.restart();
        set({ model: { kind: 'failed', error } });
      },
      tokenizerReady: () =>
        new Promise((resolve) => {
          if (get().tokenizer.kind === 'ready') return resolve();
          const stop = store.subscribe(({ tokenizer }) => {
            if (tokenizer.kind !== 'ready') return;
            stop();
            resolve();
          });
        }),
      setJob: (job) => set({ job }),
      updateJob: (change) => set(({ job }) => ({ job: job && { ...job, ...change } })),
    };
  });
}
