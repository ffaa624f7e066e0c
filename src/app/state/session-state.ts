import type { Dataset } from '../../dataset/types';
import type { StudioError } from '../../lib/errors';
import { clock, count, counted } from '../../lib/format';
import type { ModelCard } from '../../model/card';
import { CATALOGUE, type ModelSource } from '../../model/load';
import { hasEnded } from '../../prompt-set/make-versions';
import type { PromptSet } from '../../prompt-set/types';
import { isTuned, versionsOf } from '../../prompt-set/versions';
import type { LoadRequest, ModelInfo } from '../../worker/protocol';
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
  /** `wasReady`: it stopped while it was used, rather than did not load. */
  | { readonly kind: 'failed'; readonly error: StudioError; readonly wasReady: boolean };

type TokenizerStatus =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'ready'; readonly hasChat: boolean; readonly sha256: string };

/** The long job that runs now. There is one engine and one queue, so there is at most one. */
export interface Job {
  readonly title: string;
  readonly screen: string;
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
  readonly check: CheckStatus;
  /** Graphics devices that are not used for this model, since they computed it wrongly. */
  readonly refusals: readonly Refusal[];
  readonly tokenizer: TokenizerStatus;
  readonly job: Job | null;
  /** Loads the model, or another one in its place, and cancels what is loading. The result is in `model`. */
  readonly loadModel: (source?: ModelSource, trains?: LoadRequest['trains']) => Promise<void>;
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
  readonly updateJob: (change: Partial<Omit<Job, 'screen'>>) => void;
}

export const DEFAULT_MODEL = CATALOGUE.standard.source;
export const isBuiltIn = (source: ModelSource): boolean => source.kind === 'site' && source.base === DEFAULT_MODEL.base;

/** After these the engine cannot be used again without a fresh start. */
const ENGINE_GONE = new Set<StudioError['code']>(['worker-died', 'device-lost', 'out-of-memory', 'session-failed']);
/** The page's background work starts again by itself, and its death leaves the model loaded. */
export const isEngineGone = ({ code, data }: StudioError): boolean =>
  ENGINE_GONE.has(code) && data.worker !== 'workflow';

/** Null = training is on; else why it is off, on this device or with this model, in a sentence. */
export const whyTrainingOff = ({ capabilities, check, model }: SessionState): string | null => {
  if (capabilities.trainingOff !== null) return capabilities.trainingOff;
  const isWrong = check.kind === 'known' && !check.verdict.ok && model.kind === 'ready';
  return isWrong ? trainingOffWords(check.verdict) : null;
};

/** `none` = no model is loaded and none is coming: it failed, or this device is for viewing only. */
export type ModelStanding = 'ready' | 'loading' | 'none';

export function modelStanding({ model: { kind }, capabilities }: SessionState): ModelStanding {
  if (kind === 'ready') return 'ready';
  return kind === 'failed' || (kind === 'idle' && capabilities.trainingOff !== null) ? 'none' : 'loading';
}

export const isVocabularyComing = (session: SessionState): boolean =>
  session.tokenizer.kind === 'waiting' && modelStanding(session) !== 'none';

type StepState = 'empty' | 'ready' | 'running' | 'done';

export interface StepMark {
  readonly state: StepState;
  /** A few characters beside the step: "412 rows", "3", "2:04". */
  readonly note: string;
}

export type StepId = 'data' | 'prompts' | 'train' | 'compare';

export function stepMarks(
  set: PromptSet | null,
  dataset: Dataset | null,
  job: Job | null,
): Readonly<Record<StepId, StepMark>> {
  const rows = dataset ? dataset.split.train.length + dataset.split.validation.length + dataset.split.test.length : 0;
  const tuned = set?.versions.findLast(isTuned);
  const run = set?.runs.find(({ id }) => id === set.chosenTrained) ?? set?.runs.findLast(hasEnded);
  const written = set ? versionsOf(set, 'written').length : 0;
  const tried = set?.versions.some((version) => version.tried !== null) ?? false;
  const looks = set?.testLooks ?? 0;
  const mark = (id: StepId, done: boolean, ready: boolean, note: string): StepMark => ({
    state: job?.screen === id ? 'running' : done ? 'done' : ready ? 'ready' : 'empty',
    note: done ? note : '',
  });
  // an import without its rows keeps what it has, and says what is missing
  const cameAlone = set !== null && dataset === null;
  const without = { state: 'empty', note: 'no rows' } as const;
  return {
    data: cameAlone ? without : mark('data', rows > 0, true, counted(rows, 'row')),
    prompts: mark('prompts', tried || Boolean(set?.runs.length), rows > 0, count(written)),
    train: mark('train', Boolean(tuned), rows > 0 && written > 0, run?.seconds ? clock(run.seconds) : ''),
    compare: cameAlone ? without : mark('compare', looks > 0, Boolean(tuned), ''),
  };
}

export interface Capabilities {
  readonly crossOriginIsolated: boolean;
  readonly threads: number;
  readonly trainingOff: string | null;
}

interface ProbeResult extends Pick<Capabilities, 'crossOriginIsolated'> {
  readonly wasm: boolean;
  readonly cores: number;
  /** Gigabytes that the browser admits to (Chromium: at most 8), or null. */
  readonly memoryGb: number | null;
  readonly phone: boolean;
}

export function judge({ cores, crossOriginIsolated, ...found }: ProbeResult): Capabilities {
  const threads = crossOriginIsolated ? Math.max(1, Math.min(8, cores)) : 1;
  return { crossOriginIsolated, threads, trainingOff: reason(found) };
}

function reason({ wasm, memoryGb, phone }: Pick<ProbeResult, 'wasm' | 'memoryGb' | 'phone'>): string | null {
  if (!wasm)
    return 'This browser has no WebAssembly with SIMD, which the model runs on. You can look around; to train, open this page in a current Chromium, Firefox or Safari.';
  if (phone)
    return 'Training needs about 2 GB of memory for one page, which phones do not give. You can look around and read results here; to train, open this page on a computer.';
  if (memoryGb !== null && memoryGb < 4)
    return `Training needs about 2 GB of memory for one page; this device has ${memoryGb} GB in all. You can look around and read results here; to train, use a computer with 4 GB or more.`;
  return null;
}

/** A module with one SIMD instruction: `(func (result v128) (v128.const i32x4 0 0 0 0))` behind a drop. */
const SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

export function probe(): Capabilities {
  const { userAgentData, deviceMemory } = navigator as {
    userAgentData?: { mobile: boolean };
    deviceMemory?: number;
  };
  return judge({
    wasm: typeof WebAssembly === 'object' && WebAssembly.validate(SIMD),
    crossOriginIsolated: globalThis.crossOriginIsolated === true,
    cores: navigator.hardwareConcurrency || 1,
    memoryGb: deviceMemory ?? null,
    phone: userAgentData?.mobile ?? /Android.+Mobile|iPhone|iPod/.test(navigator.userAgent),
  });
}

/** SHA-256 of the weights that are loaded or on their way; null = not known yet. */
export const weightsOf = ({ model, card }: Pick<SessionState, 'model' | 'card'>): string | null =>
  model.kind === 'ready' ? model.info.sha256 : (card?.sha256 ?? null);
