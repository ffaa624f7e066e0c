import type { TaskKind } from '../../../dataset/types';
import { fromWire, type StudioError } from '../../../lib/errors';
import { clock, counted } from '../../../lib/format';
import { hasEnded } from '../../../prompt-set/make-versions';
import { reachedWords } from '../../../prompt-set/tries';
import type { PromptSet, Run } from '../../../prompt-set/types';
import { isAhead } from '../../../training/checkpoint';
import type {
  Checkpoint,
  ReferenceLine,
  StepPoint,
  StopReason,
  TrainEvent,
  ValidationPoint,
} from '../../../training/events';
import type { DistilEvent } from '../../../workflow/distil';
import type { Sample } from '../../../workflow/train';
import type { Job } from '../../state/session-state';

export interface LiveRun {
  readonly runId: string;
  readonly setId: string;
  readonly kind: TaskKind;
  readonly phase: keyof typeof HEADLINES;
  readonly note: string | null;
  readonly cache: { readonly done: number; readonly total: number } | null;
  /** Texts that the prompt has answered whose answers are learned; null where the rows' labels are. */
  readonly teacher: { readonly done: number; readonly total: number } | null;
  /** Texts whose keys or values are too large for float16, and are kept as float32. */
  readonly widened: number;
  readonly steps: readonly StepPoint[];
  readonly validations: readonly ValidationPoint[];
  readonly step: number;
  readonly stepsTotal: number;
  readonly secondsLeft: number | null;
  readonly stepsPerSecond: number | null;
  readonly bestStep: number | null;
  readonly lines: readonly ReferenceLine[];
  readonly validationRows: number;
  readonly sample: Sample | null;
  readonly ending: StopReason | null;
  readonly error: StudioError | null;
  readonly resumeFrom: number | null;
}

const RECENT = 20;

export const freshRun = (version: Run, open: PromptSet, from: Checkpoint | null, validationRows: number): LiveRun => ({
  runId: version.id,
  setId: open.id,
  kind: open.kind,
  phase: 'preparing',
  note: null,
  cache: null,
  teacher: null,
  widened: 0,
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

export function endedRun(
  version: Run,
  open: PromptSet,
  kept: Checkpoint | null,
  shown: { readonly validationRows: number; readonly lines: readonly ReferenceLine[] },
): LiveRun {
  const { status, error } = version;
  return {
    ...freshRun(version, open, kept, shown.validationRows),
    phase: 'ended',
    ending: status === 'running' ? 'paused' : status === 'failed' ? null : status,
    error: error && fromWire(error),
    resumeFrom: status === 'running' || status === 'paused' ? (kept?.step ?? 0) : null,
    lines: shown.lines,
  };
}

const SCORING = { untuned: 'Scoring the untuned prompt', yours: 'Scoring your prompt' } as const;

/** The run after an event. The rate counts the steps' own time, not that of requests let through between them. */
export const heard = (live: LiveRun, event: DistilEvent): LiveRun => ({ ...live, ...changeOf(live, event) });

function changeOf(live: LiveRun, event: DistilEvent): Partial<LiveRun> {
  const { phase } = live;
  switch (event.kind) {
    case 'teacher': {
      const { done, total, secondsLeft } = event;
      return { phase: phase === 'preparing' ? 'teacher' : phase, note: null, teacher: { done, total }, secondsLeft };
    }
    case 'rows': {
      const { validationRows } = event.facts;
      return { phase: phase === 'preparing' || phase === 'teacher' ? 'training' : phase, note: null, validationRows };
    }
    case 'cache':
      return afterRows(live, event);
    case 'step':
      return afterStep(live, event);
    case 'validation':
      return {
        validations: [...live.validations.filter((v) => v.step !== event.point.step), event.point],
        bestStep: event.best ? event.point.step : live.bestStep,
      };
    case 'baseline-started':
      return { note: SCORING[event.id] };
    case 'baseline':
    case 'trouble':
      return { note: null };
    case 'sample':
      return { sample: event.sample };
    case 'done':
      return phase === 'training' ? { phase: 'baselines', secondsLeft: null } : {};
    case 'decided':
    case 'checkpoint':
      return {};
  }
}

const isAsked = ({ phase }: LiveRun) => phase === 'pausing' || phase === 'stopping';

function afterStep(live: LiveRun, event: Extract<TrainEvent, { kind: 'step' }>): Partial<LiveRun> {
  const recent = [...live.steps.slice(1 - RECENT), event.point];
  const ms = recent.reduce((sum, p) => sum + p.ms, 0) / recent.length;
  return {
    phase: live.phase === 'caching' ? 'training' : live.phase,
    steps: [...live.steps, event.point],
    step: event.point.step,
    stepsTotal: event.stepsTotal,
    secondsLeft: event.secondsLeft,
    stepsPerSecond: ms > 0 ? 1000 / ms : null,
  };
}

/** Rows may also be read between steps; then the steps are shown. */
function afterRows(live: LiveRun, event: Extract<TrainEvent, { kind: 'cache' }>): Partial<LiveRun> {
  const { rowsDone, rowsTotal, seconds } = event;
  const read = { cache: { done: rowsDone, total: rowsTotal }, widened: live.widened + (event.widened ?? 0) };
  if (live.steps.length > 0) return { ...read, phase: live.phase === 'caching' ? 'training' : live.phase };
  return {
    ...read,
    phase: isAsked(live) ? live.phase : rowsDone < rowsTotal ? 'caching' : 'training',
    secondsLeft: rowsDone > 0 ? (seconds / rowsDone) * (rowsTotal - rowsDone) : null,
  };
}

export const jobOf = (live: LiveRun): Omit<Job, 'screen' | 'stop'> => ({
  title: live.phase === 'teacher' ? 'Asking the long prompt' : live.phase === 'caching' ? 'Reading rows' : 'Training',
  fraction: live.phase === 'training' ? shareOf(live) : null,
  secondsLeft: live.secondsLeft,
});

const shareOf = ({ step, stepsTotal }: LiveRun): number | null =>
  stepsTotal > 0 ? Math.min(1, step / stepsTotal) : null;

export function fractionOf(live: LiveRun): number | null {
  if (live.phase === 'preparing' || live.phase === 'baselines') return null;
  if (live.phase === 'teacher' && live.teacher) return live.teacher.done / Math.max(1, live.teacher.total);
  if (live.phase === 'caching' && live.cache) return live.cache.total > 0 ? live.cache.done / live.cache.total : null;
  return shareOf(live);
}

const HEADLINES = {
  preparing: () => 'Preparing the rows',
  teacher: () => 'The prompt answers the texts',
  caching: () => 'Reading the rows once',
  training: (live: LiveRun) => running(live),
  pausing: () => 'Pausing after this step',
  stopping: () => 'Stopping after this step',
  baselines: () => 'Scoring the prompts to beat',
  ended,
};

export function trainHeadline(live: LiveRun | null, set: PromptSet | null, trainRows: number): string {
  if (live) return HEADLINES[live.phase](live);
  const usable = set?.runs.filter(hasEnded).length ?? 0;
  if (usable > 0) return `${counted(usable, 'tuned prompt')} so far; train another, or compare`;
  return `Train a prompt on ${counted(trainRows, 'row')}`;
}

/** A lead on validation rows is never called a win. */
function running(live: LiveRun): string {
  const last = live.validations.at(-1);
  const yours = live.lines.find((line) => line.id === 'yours');
  if (last && yours && last.step > 0 && live.lines.every((line) => isAhead(last, line)))
    return `Ahead on the ${counted(live.validationRows, 'validation row')}; the test rows decide`;
  return `Training${reached(live)}`;
}

export const hasDiverged = ({ error }: LiveRun): boolean => error?.code === 'diverged';

/** The step whose vectors are kept: the best so far, or none where a run diverged before one was validated. */
export const keptStep = (live: LiveRun): number | null =>
  hasDiverged(live) && live.ending === null ? null : live.bestStep;

function ended(live: LiveRun): string {
  const { ending, step } = live;
  if (hasDiverged(live)) {
    const kept = keptStep(live);
    const at = `Training diverged at step ${live.error?.data.step ?? step + 1}`;
    return kept === null ? at : `${at}; the vectors of step ${kept} are kept`;
  }
  if (ending === 'paused') return `Paused at step ${step} of ${live.stepsTotal}`;
  if (ending !== null) return `Trained${reached(live)}`;
  return live.error ? `The run stopped at step ${step}` : 'The run ended';
}

function reached({ validations, bestStep, validationRows }: LiveRun): string {
  const best = validations.find((v) => v.step === bestStep) ?? validations.at(-1);
  return best ? `: ${reachedWords(best, validationRows)}` : '';
}

/** "Step 90 of 150 · 1.4 steps per second · 0:43 left". */
export function progressWords(live: LiveRun): string {
  const left = live.secondsLeft !== null && live.phase !== 'ended' ? [`${clock(live.secondsLeft)} left`] : [];
  return [...progressParts(live), ...left].join(' · ');
}

function progressParts(live: LiveRun): readonly string[] {
  if (live.phase === 'teacher' && live.teacher)
    return [`${live.teacher.done} of ${counted(live.teacher.total, 'text')} answered by the long prompt`];
  if (live.phase === 'caching' && live.cache)
    return [`${live.cache.done} of ${counted(live.cache.total, 'row')} read`, 'once for all runs on these rows'];
  if (live.phase === 'preparing') return [live.note ?? 'Getting the model ready'];
  if (live.phase === 'baselines') return [live.note ?? 'Scoring the untuned prompt and yours'];
  const rate = live.stepsPerSecond;
  const speed =
    rate === null ? [] : [rate >= 1 ? `${rate.toFixed(1)} steps per second` : `${(1 / rate).toFixed(1)} s per step`];
  const wide = live.widened > 0 ? [`${counted(live.widened, 'text')} too large for 16-bit floats, kept as 32-bit`] : [];
  return [`Step ${live.step} of ${live.stepsTotal}`, ...speed, ...wide, ...(live.note === null ? [] : [live.note])];
}
