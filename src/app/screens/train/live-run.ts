/** The run on the screen, and how each event changes it. Pure. */
import type { TaskKind } from '../../../dataset/kind';
import { StudioError } from '../../../lib/errors';
import { kindOf } from '../../../project/prompt-set';
import type { PromptSet, SoftVersion } from '../../../project/types';
import type { Checkpoint, StepPoint, StopReason, TrainEvent, ValidationPoint } from '../../../training/events';
import type { Sample, TrainRunEvent } from '../../../workflow/train';
import type { ReferenceLine } from '../../charts/finding';
import type { Job } from '../../state/session-state';

export interface LiveRun {
  readonly runId: string;
  readonly setId: string;
  readonly kind: TaskKind;
  readonly phase: 'preparing' | 'caching' | 'training' | 'pausing' | 'stopping' | 'baselines' | 'ended';
  /** What happens inside a phase, or beside the steps, in words. */
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
  /** The step that an interrupted run can resume from. */
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
  kind: kindOf(open),
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

const RESUMABLE: readonly SoftVersion['status'][] = ['running', 'paused'];

/** A run that is not active, as it was left. */
export function endedRun(
  version: SoftVersion,
  open: PromptSet,
  kept: Checkpoint | null,
  shown: { readonly validationRows: number; readonly lines: readonly ReferenceLine[] },
): LiveRun {
  const { status, error } = version;
  return {
    ...freshRun(version, open, kept, shown.validationRows),
    phase: 'ended',
    ending: status === 'running' ? 'paused' : status === 'failed' ? null : status,
    error: error ? new StudioError('internal', error) : null,
    resumeFrom: RESUMABLE.includes(status) ? (kept?.step ?? 0) : null,
    lines: shown.lines,
  };
}

const SCORING = { untuned: 'Scoring the untuned prompt', yours: 'Scoring your prompt' } as const;

/** The run after an event. The rate counts the steps' own time, not that of requests let through between them. */
export function heard(live: LiveRun, event: TrainRunEvent): LiveRun {
  switch (event.kind) {
    case 'rows':
      return {
        ...live,
        phase: live.phase === 'preparing' ? 'training' : live.phase,
        note: null,
        validationRows: event.facts.validationRows,
      };
    case 'cache':
      return afterRows(live, event);
    case 'step':
      return afterStep(live, event);
    case 'validation':
      return {
        ...live,
        validations: [...live.validations.filter((v) => v.step !== event.point.step), event.point],
        bestStep: event.best ? event.point.step : live.bestStep,
      };
    case 'baseline-begun':
      return { ...live, note: SCORING[event.id] };
    case 'baseline':
    case 'trouble':
      return { ...live, note: null };
    case 'sample':
      return { ...live, sample: event.sample };
    case 'done':
      return live.phase === 'training' ? { ...live, phase: 'baselines', secondsLeft: null } : live;
    case 'checkpoint':
      return live;
  }
}

function afterStep(live: LiveRun, event: Extract<TrainEvent, { kind: 'step' }>): LiveRun {
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

/** Rows may also be read between steps; then the steps are shown. */
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

/** The fraction of the whole bar: reading the rows counts as the first part of it. */
export function fractionOf(live: LiveRun): number | null {
  if (live.phase === 'preparing' || live.phase === 'baselines') return null;
  if (live.phase === 'caching' && live.cache) return live.cache.total > 0 ? live.cache.done / live.cache.total : null;
  return live.stepsTotal > 0 ? live.step / live.stepsTotal : null;
}
