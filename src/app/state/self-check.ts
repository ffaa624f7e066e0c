import { StudioError } from '../../lib/errors';
import { CATALOGUE, type ModelSource } from '../../model/load';
import type { ModelInfo, SelfCheckReport } from '../../worker/protocol';

export interface Verdict {
  readonly ok: boolean;
  readonly report: SelfCheckReport;
  /** The same loss on WebAssembly, where the check was of WebGPU; else null. */
  readonly wasmLoss: number | null;
  /** Why WebAssembly, too small for the model perhaps, could not be asked for that loss; else null. */
  readonly uncompared: string | null;
  /** Id of the model that was checked in place of this one, on a software adapter; else null. */
  readonly standIn: string | null;
  readonly at: string;
}

export type CheckStatus =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'running'; readonly fraction: number }
  | { readonly kind: 'known'; readonly verdict: Verdict };

export interface Refusal {
  readonly adapter: string;
  readonly reason: string;
}

export const CHECKING = 'Checking the gradients of this model, once';
const { id: TINY_ID, source: TINY_MODEL } = CATALOGUE.tiny;

const DIRECTIONS = 3;
/** Losses of two backends may differ by this share, or by as much where they are below 1. */
const LOSS_TOLERANCE = 5e-3;

/** Raised when gradients are computed in another way, so that old verdicts do not count. */
const ROUND = 2;

type Checked = Pick<ModelInfo, 'sha256' | 'backend' | 'adapter'>;
export const verdictKey = ({ sha256, backend, adapter }: Checked): string =>
  `self-check-${ROUND}:${sha256}:${backend}:${adapter?.name ?? ''}`;
export const refusalsKey = (sha256: string): string => `webgpu-refused-${ROUND}:${sha256}`;

export interface CheckWith {
  readonly check: (directions: number) => Promise<SelfCheckReport>;
  /** Loads a model in place of the one that is loaded: two sessions are never alive at once. */
  readonly reload: (source: ModelSource, backend: 'webgpu' | 'wasm') => Promise<void>;
}

/**
 * Checks the model that is loaded. After a check of WebGPU another session is loaded: the caller loads its model again.
 * @throws StudioError as the engine's selfCheck and load
 */
export async function runSelfCheck(info: ModelInfo, source: ModelSource, use: CheckWith): Promise<Verdict> {
  const at = () => new Date().toISOString();
  if (info.backend !== 'webgpu') {
    const report = await use.check(DIRECTIONS);
    return { ok: report.ok, report, wasmLoss: null, uncompared: null, standIn: null, at: at() };
  }
  const swap = info.adapter?.software === true && info.id !== TINY_ID;
  const subject = swap ? TINY_MODEL : source;
  if (swap) await use.reload(subject, 'webgpu');
  const report = await use.check(DIRECTIONS);
  const found = { report, uncompared: null, standIn: swap ? TINY_ID : null, at: at() };
  if (!report.ok) return { ...found, ok: false, wasmLoss: null };
  try {
    await use.reload(subject, 'wasm');
    const { loss: wasmLoss } = await use.check(0);
    return { ...found, ok: agree(report.loss, wasmLoss), wasmLoss };
  } catch (cause) {
    if (!(cause instanceof StudioError) || cause.code === 'cancelled') throw cause;
    // that WebAssembly fails is no fault of the graphics device
    return { ...found, ok: true, wasmLoss: null, uncompared: cause.message };
  }
}

const agree = (a: number, b: number) => Math.abs(a - b) <= LOSS_TOLERANCE * Math.max(1, Math.abs(b));

const share = (x: number) => `${(100 * x).toPrecision(2).replace(/e.*/, '')}%`;

/** "at most 0.0039% off along 3 random directions, 2.1 s"; what is wrong, where something is. */
export function verdictWords(verdict: Verdict): string {
  const { report, wasmLoss, uncompared, standIn } = verdict;
  if (!verdict.ok) return mismatchWords(verdict);
  const worst = Math.max(...report.directions.map(({ relativeError }) => relativeError));
  return [
    `Right: at most ${share(Math.max(worst, 1e-6))} off along ${report.directions.length} random directions`,
    ...(wasmLoss === null ? [] : ['same loss as on WebAssembly']),
    ...(uncompared ? [`not compared with WebAssembly (${uncompared})`] : []),
    ...(standIn === null ? [] : [`checked on ${standIn}, as this graphics device is emulated in software`]),
  ].join('; ');
}

export function mismatchWords({ report, wasmLoss }: Verdict): string {
  const { directions, tolerance, loss } = report;
  if (!Number.isFinite(loss)) return 'The model’s loss is not a number.';
  const index = directions.findIndex(({ relativeError }) => !(relativeError <= tolerance));
  const direction = directions[index];
  if (direction) {
    const { relativeError, analytic } = direction;
    const off =
      analytic === 0
        ? 'is zero, which finite differences do not confirm'
        : Number.isFinite(relativeError)
          ? `is ${share(relativeError)} off what finite differences say; up to ${share(tolerance)} is rounding`
          : 'is not a number';
    return `The gradient along direction ${index + 1} of ${directions.length} ${off}.`;
  }
  if (wasmLoss === null) return 'The check did not pass.';
  return `The loss on the check’s row is ${loss.toFixed(4)} on WebGPU and ${wasmLoss.toFixed(4)} on WebAssembly.`;
}

export const trainingOffWords = (verdict: Verdict): string =>
  `Training is off for this model: ${mismatchWords(verdict).replace(/^The/, 'the')} Training on wrong gradients would give useless prompts. Your work is kept, and scoring still works. Check again under Models, at the top, or use another model.`;
