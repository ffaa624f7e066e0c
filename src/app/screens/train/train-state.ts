/** What the Train screen shows and what can be done there. */
import type { StudioError } from '../../../lib/errors';
import type { Placement } from '../../../prompt/types';
import type { Speed, Work } from '../../../training/estimate';
import type { ValidationPoint } from '../../../training/events';
import type { PresetName, TrainingSettings } from '../../../training/settings';
import type { LiveRun } from './live-run';
import type { QueuedRun, RunQueue } from './queue';

export interface TrainState {
  readonly preset: PresetName | 'own';
  readonly settings: TrainingSettings;
  /** So many runs, which differ in their seed. */
  readonly seeds: number;
  /** Vectors on top of the hand-written prompt, instead of the bare text. */
  readonly hybrid: boolean;
  readonly speed: Speed | null;
  readonly work: Work | null;
  /** Rows that do not fit the model's context and are left out. */
  readonly tooLong: readonly string[];
  /** The run on the screen: the running one, or the one that was chosen in the table. */
  readonly live: LiveRun | null;
  /** True while the engine trains, on whatever set. */
  readonly busy: boolean;
  /** The button was pressed; the model is not ready yet. */
  readonly waiting: boolean;
  readonly queue: RunQueue;
  /** Why the screen could not get ready. */
  readonly error: StudioError | null;
  /** The screen is shown: counts tokens, measures speed, picks up an interrupted run, goes on with the queue. */
  readonly enter: () => Promise<void>;
  readonly choosePlacement: (placement: Placement) => void;
  readonly choosePreset: (preset: PresetName) => void;
  readonly change: (settings: Partial<TrainingSettings>) => void;
  readonly chooseSeeds: (seeds: number) => void;
  readonly chooseHybrid: (hybrid: boolean) => Promise<void>;
  /** A run with the settings on the screen (one a seed): now, or behind those that wait. */
  readonly start: () => Promise<void>;
  /** Further runs, behind those that wait; the first begins at once when the engine is free. */
  readonly enqueue: (runs: readonly Omit<QueuedRun, 'id'>[]) => Promise<void>;
  readonly changeQueue: (how: (items: readonly QueuedRun[]) => readonly QueuedRun[]) => Promise<void>;
  /** False: the run under way goes on to its end, the next one waits. */
  readonly letQueueRun: (running: boolean) => Promise<void>;
  readonly resume: (runId: string) => Promise<void>;
  readonly pause: () => void;
  /** Ends the run and keeps the best step. */
  readonly stop: () => void;
  readonly show: (runId: string) => Promise<void>;
  /** Ends the run under way, if there is one, and trains with these settings in its place. */
  readonly startInstead: (settings: TrainingSettings, hybrid: boolean) => Promise<void>;
  /** Validation results of the runs that stand side by side, in their order. */
  readonly beside: readonly Beside[];
  readonly putBeside: (runIds: readonly string[]) => Promise<void>;
  /** Seconds that runs with these settings would take, one after another; null while nothing was measured. */
  readonly secondsOf: (runs: readonly TrainingSettings[]) => number | null;
}

interface Beside {
  readonly runId: string;
  readonly validations: readonly ValidationPoint[];
}
