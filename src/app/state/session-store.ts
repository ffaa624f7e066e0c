/** What is true for the page as a whole: the browser, the model, and the one long job that may run. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { StudioError } from '../../lib/errors';
import type { ModelCard } from '../../model/card';
import type { ModelSource } from '../../model/load';
import type { LoadRequest, ModelFiles, ModelInfo } from '../../worker/protocol';
import type { Services } from '../services';
import { isSmall } from '../tokenizer-files';
import { toastError } from '../ui/toast';
import type { Capabilities } from './capabilities';
import { createChecker } from './checker';
import { loadEngine } from './load-engine';
import { secondsLeft } from './rate';
import { type CheckStatus, type Refusal, trainingOffWords } from './self-check';

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
  /** Whether the loaded model's gradients are right on the backend that it runs on. */
  readonly check: CheckStatus;
  /** Graphics devices that are not used for this model, since they computed it wrongly. */
  readonly refusals: readonly Refusal[];
  readonly tokenizer: TokenizerStatus;
  readonly job: Job | null;
  /** Loads the model, or another one in its place; what was loading is given up. How it ends stands in `model`. */
  readonly loadModel: (source?: ModelSource) => Promise<void>;
  /** Resolves when the model is ready; starts loading it when nothing has. @throws StudioError why it cannot be */
  readonly modelReady: () => Promise<ModelInfo>;
  /**
   * Resolves when the model is ready and its gradients are known to be right, which is checked once; falls back from WebGPU to
   * WebAssembly where they are not. @throws StudioError `gradient-wrong`, `cancelled`, and as modelReady
   */
  readonly trainingReady: () => Promise<ModelInfo>;
  readonly checkAgain: () => Promise<void>;
  /** The engine worker is gone or unusable: the next `modelReady` starts a fresh one from the cached files. */
  readonly engineLost: (error: StudioError) => void;
  /** Resolves when texts can be tokenised, which is before the weights are there. */
  readonly tokenizerReady: () => Promise<void>;
  readonly setJob: (job: Job | null) => void;
  readonly updateJob: (change: Partial<Pick<Job, 'title' | 'fraction' | 'secondsLeft' | 'stop'>>) => void;
}

export const DEFAULT_MODEL = {
  kind: 'site',
  base: 'models/HuggingFaceTB/SmolLM2-135M-Instruct/',
} as const satisfies ModelSource;

export type SessionStore = StoreApi<SessionState>;

/** After these the engine cannot be used again without a fresh start. */
const ENGINE_GONE = new Set<StudioError['code']>(['worker-died', 'device-lost', 'out-of-memory', 'session-failed']);
export const isEngineGone = (error: StudioError): boolean => ENGINE_GONE.has(error.code);

export const SOURCE_SETTING = 'model-source';

/** Null = training is on; else the sentence why it is off, on this device or with this model. */
export const whyTrainingOff = ({ capabilities, check, model }: SessionState): string | null => {
  if (capabilities.trainingOff !== null) return capabilities.trainingOff;
  const isWrong = check.kind === 'known' && !check.verdict.ok && model.kind === 'ready';
  return isWrong ? trainingOffWords(check.verdict) : null;
};

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
      const { endTokenIds, hasChat, sha256 } = await services.data.call('openTokenizer', { files });
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
      const check = await checker.recall(info);
      if (!signal.aborted) set({ check });
      const { card } = get();
      const kept = source.kind === 'site' || !card ? null : ({ kind: 'kept', card } as const);
      void services.store.settings.set(SOURCE_SETTING, kept).catch(() => {});
      // the hub is asked when the user picks it, never again behind their back
      if (source.kind === 'hub' && kept && !signal.aborted) set({ source: kept });
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
      // the heap of a worker never shrinks: the old weights make room for the new ones, and what those need can be told
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
