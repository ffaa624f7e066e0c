import type { StoreApi } from 'zustand/vanilla';
import { asStudioError, StudioError } from '../../lib/errors';
import type { ModelSource } from '../../model/load';
import type { Store } from '../../store/store';
import type { LoadRequest, ModelInfo } from '../../worker/protocol';
import { toastError } from '../ui/toast';
import { loadEngine } from './load-model';
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
import type { SessionState } from './session-state';

interface Checked {
  readonly session: StoreApi<SessionState>;
  readonly source: () => ModelSource;
  /** Loads the session's model into a fresh worker, as soon as the engine is free; those that need the model wait for it. */
  readonly loadAgain: (engineFree?: Promise<void>) => Promise<ModelInfo>;
}

export interface Checker {
  refusalsOf(sha256: string): Promise<readonly Refusal[]>;
  /** The model did not load: refuses the graphics device that is to blame. @throws `cause`, where none is */
  blame(cause: unknown, trains: LoadRequest['trains'], sha256: string | undefined): Promise<void>;
  recall(info: ModelInfo): Promise<CheckStatus>;
  /** Checks the loaded model if that was not done before. @throws StudioError `gradient-wrong`, `cancelled`, as modelReady */
  ready(): Promise<ModelInfo>;
  /** Checks it whatever is known, also a device that was refused. @throws as ready, but for `gradient-wrong` */
  again(): Promise<ModelInfo>;
}

/** After these a device is as useless as after a wrong number. */
const UNFIT = new Set<StudioError['code']>(['session-failed', 'device-lost', 'out-of-memory']);

export function createChecker(services: Services, checked: Checked): Checker {
  const { settings } = services.store;
  const { getState: get } = checked.session;
  const refusals = createRefusals(settings);
  const check = (info: ModelInfo) => runAsJob(services, checked, refusals, info);
  let checking: Promise<ModelInfo> | null = null;

  async function ensure(): Promise<ModelInfo> {
    const info = await get().modelReady();
    const status = get().check;
    const verdict = status.kind === 'known' ? status.verdict : await check(info);
    if (verdict?.ok) return get().modelReady();
    // the device was refused, so that the model runs on WebAssembly now: is it right there?
    if (info.backend === 'webgpu') return ensure();
    throw new StudioError('gradient-wrong', verdict ? trainingOffWords(verdict) : 'The check did not finish.');
  }

  async function recheck(): Promise<ModelInfo> {
    let info = await get().modelReady();
    if ((await refusals.of(info.sha256)).length > 0) {
      await refusals.set(info.sha256, []);
      info = await checked.loadAgain();
    }
    await check(info);
    return get().modelReady();
  }

  const once = (work: () => Promise<ModelInfo>): Promise<ModelInfo> => {
    checking ??= work().finally(() => {
      checking = null;
    });
    return checking;
  };

  return {
    refusalsOf: refusals.of,
    blame: async (cause, trains, sha256) => {
      const { adapter = null } = cause instanceof StudioError && UNFIT.has(cause.code) ? cause.data : {};
      // where more than the model itself was asked for, the model may still run there
      if (typeof adapter !== 'string' || trains !== undefined || sha256 === undefined) throw cause;
      await refusals.refuse(sha256, adapter, asStudioError(cause).message);
      services.engine.restart();
    },
    recall: async (info) => {
      const verdict = await settings.get<Verdict>(verdictKey(info)).catch(() => null);
      return verdict ? { kind: 'known', verdict } : { kind: 'unknown' };
    },
    ready: () => once(ensure),
    again: () => once(recheck),
  };
}

/** Devices that are not used for a model: kept between visits, and in the page where the store keeps nothing. */
function createRefusals(settings: Store['settings']) {
  const known = new Map<string, readonly Refusal[]>();
  const of = async (sha256: string) =>
    known.get(sha256) ?? (await settings.get<readonly Refusal[]>(refusalsKey(sha256)).catch(() => null)) ?? [];
  const set = async (sha256: string, refusals: readonly Refusal[]) => {
    known.set(sha256, refusals);
    await settings.set(refusalsKey(sha256), refusals).catch(() => undefined);
  };
  return {
    of,
    set,
    refuse: async (sha256: string, adapter: string, reason: string) => {
      await set(sha256, [...(await of(sha256)), { adapter, reason }]);
      toastError(
        'The model runs on WebAssembly now',
        `${reason} WebGPU is no longer used for this model on this graphics device.`,
      );
    },
  };
}

/**
 * One check, shown as a job that can be stopped; afterwards the model is loaded where it may run. Null = the graphics device
 * could not run it, and is refused. @throws StudioError `cancelled`, as runSelfCheck
 */
async function runAsJob(
  services: Services,
  checked: Checked,
  refusals: ReturnType<typeof createRefusals>,
  info: ModelInfo,
): Promise<Verdict | null> {
  const aborter = new AbortController();
  const { signal } = aborter;
  // of the work that needs the check, and continues after it
  const { session } = checked;
  const { job, setJob } = session.getState();
  const engine = borrowEngine(services, checked, signal);
  const progress = (fraction: number) => {
    session.setState({ check: { kind: 'running', fraction } });
    const stop = () => aborter.abort();
    setJob({ title: CHECKING, screen: 'train', secondsLeft: null, stop, fraction });
  };
  const refuse = async (reason: string) => {
    engine.borrow();
    await refusals.refuse(info.sha256, info.adapter?.name ?? '', reason);
  };
  progress(0);
  try {
    const verdict = await runSelfCheck(info, checked.source(), {
      check: (directions) =>
        services.engine.call(
          'selfCheck',
          { directions },
          { signal, onEvent: (done) => progress((done + 1) / (directions + 1)) },
        ),
      reload: engine.load,
    });
    await services.store.settings.set(verdictKey(info), verdict).catch(() => undefined); // checked again next time
    session.setState({ check: { kind: 'known', verdict } });
    if (!verdict.ok && info.backend === 'webgpu') await refuse(mismatchWords(verdict));
    return verdict;
  } catch (cause) {
    session.setState({ check: { kind: 'unknown' } });
    if (info.backend !== 'webgpu' || !(cause instanceof StudioError) || !UNFIT.has(cause.code)) throw cause;
    await refuse(cause.message);
    return null;
  } finally {
    setJob(job);
    engine.giveBack();
  }
}

/** The engine without the session's model, which is loaded again when it is given back. */
function borrowEngine(services: Services, checked: Checked, signal: AbortSignal) {
  let free: (() => void) | null = null;
  const borrow = () => {
    if (free) return;
    const engineFree = new Promise<void>((resolve) => {
      free = resolve;
    });
    checked.loadAgain(engineFree).catch(() => {}); // shown as the session's model
  };
  return {
    borrow,
    load: async (source: ModelSource, backend: 'webgpu' | 'wasm') => {
      borrow();
      checked.session.setState({ model: { kind: 'starting', stage: 'session' } });
      services.engine.restart();
      await loadEngine(services, {
        source,
        threads: checked.session.getState().capabilities.threads,
        signal,
        onProgress: () => {},
        onStage: () => {},
        onFiles: async () => ({ backend }),
      });
    },
    giveBack: () => free?.(),
  };
}
