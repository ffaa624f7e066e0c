/** What is true for the page as a whole: the browser, the model, and the one long job that may run. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { StudioError } from '../../lib/errors';
import type { ModelCard } from '../../model/card';
import type { ModelSource } from '../../model/load';
import type { ModelFiles, ModelInfo } from '../../worker/protocol';
import type { Services } from '../services';
import { isSmall } from '../tokenizer-files';
import type { Capabilities } from './capabilities';
import { secondsLeft } from './rate';

export type ModelStatus =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'downloading';
      readonly receivedBytes: number;
      readonly totalBytes: number;
      readonly fromCache: boolean;
      readonly secondsLeft: number | null;
    }
  | { readonly kind: 'starting'; readonly stage: 'parse' | 'dequantise' | 'session' }
  | { readonly kind: 'ready'; readonly info: ModelInfo }
  | { readonly kind: 'failed'; readonly error: StudioError };

type TokenizerStatus =
  | { readonly kind: 'waiting' }
  | {
      readonly kind: 'ready';
      readonly endTokenIds: readonly number[];
      readonly hasChat: boolean;
      readonly sha256: string;
    };

/** The long thing that runs now. There is one engine and one queue, so there is at most one. */
export interface Job {
  readonly title: string;
  /** The screen it belongs to: the chip leads there. */
  readonly screen: string;
  /** 0 to 1, or null while it cannot be known. */
  readonly fraction: number | null;
  readonly secondsLeft: number | null;
  /** Ends it without losing work, or null when it cannot be ended. */
  readonly stop: (() => void) | null;
}

export interface SessionState {
  readonly capabilities: Capabilities;
  readonly model: ModelStatus;
  /** Where the model comes from; kept between visits where it can be found again. */
  readonly source: ModelSource;
  readonly card: ModelCard | null;
  readonly tokenizer: TokenizerStatus;
  readonly job: Job | null;
  /** Loads the model, or another one in its place; what was loading is given up. How it ends stands in `model`. */
  readonly loadModel: (source?: ModelSource) => Promise<void>;
  /** Resolves when the model is ready; starts loading it when nothing has. @throws StudioError why it cannot be */
  readonly modelReady: () => Promise<ModelInfo>;
  /** The engine worker is gone or unusable: the next `modelReady` starts a fresh one from the cached files. */
  readonly engineLost: (error: StudioError) => void;
  /** Resolves when texts can be tokenised, which is before the weights are there. */
  readonly tokenizerReady: () => Promise<void>;
  readonly setJob: (job: Job | null) => void;
  readonly updateJob: (change: Partial<Pick<Job, 'title' | 'fraction' | 'secondsLeft' | 'stop'>>) => void;
}

export const DEFAULT_MODEL: ModelSource = { kind: 'site', base: 'models/HuggingFaceTB/SmolLM2-135M-Instruct/' };

export type SessionStore = StoreApi<SessionState>;

/** After these the engine cannot be used again without a fresh start. */
const ENGINE_GONE = new Set<StudioError['code']>(['worker-died', 'device-lost', 'out-of-memory', 'session-failed']);
export const isEngineGone = (error: StudioError): boolean => ENGINE_GONE.has(error.code);

export const SOURCE_SETTING = 'model-source';

export function createSessionStore(services: Services, capabilities: Capabilities): SessionStore {
  let running: Promise<ModelInfo> | null = null;
  let aborter = new AbortController();

  return createStore<SessionState>((set, get, store) => {
    async function openTokenizer(files: ModelFiles, { signal }: AbortController) {
      const { endTokenIds, hasChat, sha256 } = await services.data.call('openTokenizer', { files });
      if (!signal.aborted) set({ tokenizer: { kind: 'ready', endTokenIds, hasChat, sha256 } });
    }

    async function load(source: ModelSource, mine: AbortController): Promise<ModelInfo> {
      const { signal } = mine;
      const show = (model: ModelStatus) => {
        if (!signal.aborted) set({ model });
      };
      show({ kind: 'downloading', receivedBytes: 0, totalBytes: 0, fromCache: false, secondsLeft: null });
      // texts can be tokenised while the weights are on their way; what fails here is said by the load below
      const early = await services.loadTokenizerFiles(source).catch(() => null);
      if (early) await openTokenizer(early, mine);
      const startedAt = performance.now();
      const { card, files } = await services.loadModelFiles(source, {
        signal,
        onProgress: ({ receivedBytes, totalBytes, fromCache }) =>
          show({
            kind: 'downloading',
            receivedBytes,
            totalBytes,
            fromCache,
            secondsLeft: secondsLeft(receivedBytes, totalBytes, (performance.now() - startedAt) / 1000),
          }),
      });
      signal.throwIfAborted();
      set({ card });
      show({ kind: 'starting', stage: 'parse' });
      if (get().tokenizer.kind !== 'ready')
        await openTokenizer(Object.fromEntries(Object.entries(files).filter(([path]) => isSmall(path))), mine);
      const info = await services.engine.call(
        'load',
        { id: card.id, files, backend: 'auto', threads: capabilities.threads },
        {
          signal,
          onEvent: ({ stage }) => show({ kind: 'starting', stage }),
          // moved, not copied: the page keeps no second copy of the weights
          transfer: Object.values(files).map(({ buffer }) => buffer as ArrayBuffer),
        },
      );
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
      set({ source, card: null, tokenizer: { kind: 'waiting' } });
      // the old weights make room for the new ones; when nothing was loaded there is nothing to do
      void services.engine.call('unload', {}).catch(() => {});
      const kept = source.kind === 'hub' ? source : null; // a folder must be shown to the page again
      void services.store.settings.set(SOURCE_SETTING, kept).catch(() => {});
    }

    return {
      capabilities,
      model: { kind: 'idle' },
      source: DEFAULT_MODEL,
      card: null,
      tokenizer: { kind: 'waiting' },
      job: null,
      loadModel: async (source) => {
        if (source) changeSource(source);
        await (running ?? start()).catch(() => {});
      },
      modelReady: () => running ?? start(),
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
