/** The run on the screen, and what each event of the engine makes of it. Pure. */
import type { Dataset } from '../../../dataset/types';
import { StudioError } from '../../../lib/errors';
import { isWriting } from '../../../project/prompt-set';
import type { PromptSet, SoftVersion } from '../../../project/types';
import type { Checkpoint, StepPoint, StopReason, TrainEvent, ValidationPoint } from '../../../training/events';
import { validationIds } from '../../../workflow/training-rows';
import type { ReferenceLine } from '../../charts/finding';
import type { Job } from '../../state/session-state';
import type { Sample } from './sampling';

export interface LiveRun {
  readonly runId: string;
  readonly setId: string;
  /** Texts are written: validation rows have a loss, and no accuracy. */
  readonly writes: boolean;
  readonly phase: 'preparing' | 'caching' | 'training' | 'pausing' | 'stopping' | 'baselines' | 'ended';
  /** What is going on inside a phase, or between two steps, in words. */
  readonly note: string | null;
  readonly cache: { readonly done: number; readonly total: number } | null;
  readonly steps: readonly StepPoint[];
  readonly validations: readonly ValidationPoint[];
  readonly step: number;
  readonly stepsTotal: number;
  readonly secondsLeft: number | null;
  readonly stepsPerSecond: number | null;
  readonly bestStep: number | null;
  readonly lines: readonly ReferenceLine[];
  readonly validationRows: number;
  /** What the best step so far writes; null where labels are chosen, and before the first. */
  readonly sample: Sample | null;
  readonly ending: StopReason | null;
  readonly error: StudioError | null;
  /** Step from which it can go on, when it was interrupted. */
  readonly resumeFrom: number | null;
}

/** Steps over which the rate is a mean. */
const RECENT = 20;

export const freshRun = (
  version: SoftVersion,
  open: PromptSet,
  from: Checkpoint | null,
  validationRows: number,
): LiveRun => ({
  runId: version.id,
  setId: open.id,
  writes: isWriting(open),
  phase: 'preparing',
  note: null,
  cache: null,
  steps: from?.steps ?? [],
  validations: from?.validations ?? [],
  step: from?.step ?? 0,
  stepsTotal: version.settings.steps,
  secondsLeft: null,
  stepsPerSecond: null,
  bestStep: from?.best?.step ?? version.bestStep,
  lines: [],
  validationRows,
  sample: null,
  ending: null,
  error: null,
  resumeFrom: null,
});

const CAN_GO_ON: readonly SoftVersion['status'][] = ['running', 'paused'];

/** A run that is not under way, as it was left. `shown`: the rows that are open, and what there is to beat on them. */
export function endedRun(
  version: SoftVersion,
  open: PromptSet,
  kept: Checkpoint | null,
  shown: { readonly dataset: Dataset; readonly lines: readonly ReferenceLine[] } | null,
): LiveRun {
  const { status, error } = version;
  return {
    ...freshRun(version, open, kept, shown ? validationIds(shown.dataset).length : 0),
    phase: 'ended',
    ending: status === 'running' ? 'paused' : status === 'failed' ? null : status,
    error: error ? new StudioError('internal', error) : null,
    resumeFrom: CAN_GO_ON.includes(status) ? (kept?.step ?? 0) : null,
    lines: shown?.lines ?? [],
  };
}

/** The run after an event. The rate counts the steps' own time, not that of requests let past between them. */
export function heard(live: LiveRun, event: TrainEvent): LiveRun {
  switch (event.kind) {
    case 'cache':
      return afterRows(live, event);
    case 'step': {
      const recent = [...live.steps.slice(1 - RECENT), event.point];
      const ms = recent.reduce((sum, p) => sum + p.ms, 0) / recent.length;
      return {
        ...live,
        phase: live.phase === 'caching' ? 'training' : live.phase,
        steps: [...live.steps, event.point],
        step: event.point.step,
        stepsTotal: event.stepsTotal,
        secondsLeft: event.secondsLeft,
        stepsPerSecond: ms > 0 ? 1000 / ms : null,
      };
    }
    case 'validation':
      return {
        ...live,
        validations: [...live.validations.filter((v) => v.step !== event.point.step), event.point],
        bestStep: event.best ? event.point.step : live.bestStep,
      };
    case 'checkpoint':
    case 'done':
      return live;
  }
}

/** Rows may also be read between steps; then the steps are what is shown. */
function afterRows(live: LiveRun, event: Extract<TrainEvent, { kind: 'cache' }>): LiveRun {
  const { rowsDone, rowsTotal, seconds } = event;
  const cache = { done: rowsDone, total: rowsTotal };
  if (live.steps.length > 0) return { ...live, cache, phase: live.phase === 'caching' ? 'training' : live.phase };
  const asked = live.phase === 'pausing' || live.phase === 'stopping';
  return {
    ...live,
    cache,
    phase: asked ? live.phase : rowsDone < rowsTotal ? 'caching' : 'training',
    secondsLeft: rowsDone > 0 ? (seconds / rowsDone) * (rowsTotal - rowsDone) : null,
  };
}

/** What the chip at the top says of it. */
export const jobOf = (live: LiveRun): Pick<Job, 'title' | 'fraction' | 'secondsLeft'> => ({
  title: live.phase === 'caching' ? 'Reading rows' : 'Training',
  fraction: live.phase === 'training' && live.stepsTotal > 0 ? live.step / live.stepsTotal : null,
  secondsLeft: live.secondsLeft,
});
