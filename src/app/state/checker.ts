/** Runs the self-check on the page's one engine, remembers what it found, and falls back from WebGPU to WebAssembly. */
import { StudioError } from '../../lib/errors';
import type { ModelSource } from '../../model/load';
import type { ModelInfo } from '../../worker/protocol';
import { toastError } from '../ui/toast';
import { loadEngine } from './load-engine';
import {
  CHECKING,
  type CheckStatus,
  mismatchWords,
  type Refusal,
  refusalsKey,
  runSelfCheck,
  trainingOffWords,
  type Verdict,
  verdictKey,
} from './self-check';
import type { Services } from './services';
import type { Job, ModelStatus } from './session-state';

/** The session as the check sees it. */
interface CheckedSession {
  readonly threads: number;
  readonly source: () => ModelSource;
  readonly checkStatus: () => CheckStatus;
  readonly modelReady: () => Promise<ModelInfo>;
  /** Loads the session's model into a fresh worker, with what is refused by then left out. */
  readonly loadAgain: () => Promise<ModelInfo>;
  /** Callers that wait for the model wait for this. */
  readonly hold: (model: Promise<ModelInfo>) => void;
  readonly show: (change: { readonly check?: CheckStatus; readonly model?: ModelStatus }) => void;
  readonly setJob: (job: Job | null) => void;
}

export interface Checker {
  /** Devices that must not compute this model. */
  refusalsOf(sha256: string): Promise<readonly Refusal[]>;
  /** What is known of the model on this backend. */
  recall(info: ModelInfo): Promise<CheckStatus>;
  /** Checks the loaded model if that was not done before. @throws StudioError `gradient-wrong`, `cancelled`, as modelReady */
  ready(): Promise<ModelInfo>;
  /** Checks it whatever is known, also a device that was refused. @throws as ready, but for `gradient-wrong` */
  again(): Promise<ModelInfo>;
}

/** After these a device is as useless as after a wrong number. */
const UNFIT = new Set<StudioError['code']>(['session-failed', 'device-lost', 'out-of-memory']);

export function createChecker(services: Services, session: CheckedSession): Checker {
  const { settings } = services.store;
  /** Also where the store keeps nothing: a refused device must not come back. */
  const refused = new Map<string, readonly Refusal[]>();
  let checking: Promise<ModelInfo> | null = null;

  const refusalsOf = async (sha256: string) =>
    refused.get(sha256) ?? (await settings.get<readonly Refusal[]>(refusalsKey(sha256)).catch(() => null)) ?? [];

  async function setRefusals(sha256: string, refusals: readonly Refusal[]): Promise<void> {
    refused.set(sha256, refusals);
    await settings.set(refusalsKey(sha256), refusals).catch(() => undefined);
  }

  async function refuse(info: ModelInfo, reason: string): Promise<void> {
    const adapter = info.adapter?.name ?? '';
    await setRefusals(info.sha256, [...(await refusalsOf(info.sha256)), { adapter, reason }]);
    toastError('The model runs on WebAssembly now', `${reason} So WebGPU is not used for it on this graphics device.`);
  }

  /** One check, shown as a job that can be stopped. Afterwards the model is loaded where it may run. */
  async function check(info: ModelInfo): Promise<Verdict | null> {
    const aborter = new AbortController();
    const { signal } = aborter;
    const job = { title: CHECKING, screen: 'train', secondsLeft: null, stop: () => aborter.abort() };
    const progress = (fraction: number) => {
      session.show({ check: { kind: 'running', fraction } });
      session.setJob({ ...job, fraction });
    };
    let giveBack: (() => void) | null = null;
    const reload = async (source: ModelSource, backend: 'webgpu' | 'wasm') => {
      giveBack ??= holdModel();
      session.show({ model: { kind: 'starting', stage: 'session' } });
      services.engine.restart();
      await loadEngine(services, {
        source,
        threads: session.threads,
        signal,
        onProgress: () => {},
        onStage: () => {},
        onFiles: async () => ({ backend }),
      });
    };
    progress(0);
    try {
      const verdict = await runSelfCheck(info, session.source(), {
        check: (directions) =>
          services.engine.call(
            'selfCheck',
            { directions },
            { signal, onEvent: ({ done, total }) => progress((done + 1) / (total + 1)) },
          ),
        reload,
      });
      await settings.set(verdictKey(info), verdict).catch(() => undefined); // checked again next time
      session.show({ check: { kind: 'known', verdict } });
      if (!verdict.ok && info.backend === 'webgpu') {
        giveBack ??= holdModel();
        await refuse(info, mismatchWords(verdict));
      }
      return verdict;
    } catch (cause) {
      session.show({ check: { kind: 'unknown' } });
      if (info.backend !== 'webgpu' || !(cause instanceof StudioError) || !UNFIT.has(cause.code)) throw cause;
      giveBack ??= holdModel();
      await refuse(info, cause.message);
      return null;
    } finally {
      session.setJob(null);
      giveBack?.();
    }
  }

  /** From now on the model is away; the returned function brings it back. */
  function holdModel(): () => void {
    let bring: () => void = () => {};
    const back = new Promise<void>((resolve) => {
      bring = resolve;
    });
    const model = back.then(() => session.loadAgain());
    model.catch(() => {}); // stands in the session's `model`
    session.hold(model);
    return bring;
  }

  async function ensure(): Promise<ModelInfo> {
    const info = await session.modelReady();
    const status = session.checkStatus();
    const verdict = status.kind === 'known' ? status.verdict : await check(info);
    if (verdict?.ok) return session.modelReady();
    // the device was refused, so that the model runs on WebAssembly now: is it right there?
    if (info.backend === 'webgpu') return ensure();
    throw new StudioError('gradient-wrong', verdict ? trainingOffWords(verdict) : 'The check did not end.');
  }

  async function recheck(): Promise<ModelInfo> {
    let info = await session.modelReady();
    if ((await refusalsOf(info.sha256)).length > 0) {
      await setRefusals(info.sha256, []);
      info = await session.loadAgain();
    }
    await check(info);
    return session.modelReady();
  }

  /** One at a time: who comes second gets the first one's end. */
  const once = (work: () => Promise<ModelInfo>): Promise<ModelInfo> => {
    checking ??= work().finally(() => {
      checking = null;
    });
    return checking;
  };

  return {
    refusalsOf,
    recall: async (info) => {
      const verdict = await settings.get<Verdict>(verdictKey(info)).catch(() => null);
      return verdict ? { kind: 'known', verdict } : { kind: 'unknown' };
    },
    ready: () => once(ensure),
    again: () => once(recheck),
  };
}
