import { rowsKey } from '../../../dataset/keys';
import type { Dataset } from '../../../dataset/types';
import { asStudioError, badInput, StudioError } from '../../../lib/errors';
import { chosenWritten, hasEnded, openRun, updateRun } from '../../../prompt-set/make-versions';
import type { PromptSet, Run } from '../../../prompt-set/types';
import type { Speed } from '../../../training/estimate';
import type { TrainingSettings } from '../../../training/settings';
import type { RowsOfRun } from '../../../workflow/run-rows';
import { type PlannedRun, recorded, resumeTrouble } from '../../../workflow/runs';
import { validationCount } from '../../../workflow/training-rows';
import { withFairRival } from '../../state/fair-rival';
import { createSpeedometer } from '../../state/models-store';
import { withTask } from '../../state/proposer';
import { weightsOf } from '../../state/session-state';
import { ActionStore, type Studio, screenStore } from '../../state/studio';
import { useWordFinder } from '../../state/word-jobs';
import { createBaselines } from './baselines';
import { endedRun, type LiveRun } from './live-run';
import { paced } from './paced';
import { type RunEnd, RunQueue } from './run-queue';
import { type RunPlan, TrainingRun } from './training-run';

export interface TrainingState {
  readonly live: LiveRun | null;
  readonly busy: boolean;
  readonly waiting: boolean;
  readonly error: StudioError | null;
  readonly speed: Speed | null;
  readonly rowsInCache: ReadonlyMap<string, number>;
}

const IDLE: TrainingState = {
  live: null,
  busy: false,
  waiting: false,
  error: null,
  speed: null,
  rowsInCache: new Map(),
};

interface Rows {
  readonly setId: string;
  readonly dataset: Dataset;
}

export class Training extends ActionStore<TrainingState> {
  readonly queue: RunQueue;
  readonly #baselines = createBaselines(this.services, this.stores.promptSets);
  readonly #speedometer = createSpeedometer(this.services, (speed) => this.set({ speed }));
  readonly #wordFinder = useWordFinder.of(this.studio);
  /** Rows of the set whose runs wait, also while another set is on the screen. */
  #queued: Rows | null = null;
  #running: TrainingRun | null = null;
  /** Runs are being added to the queue: they come before one that a reload cut off. */
  #asking = false;
  /** Ends what is done while nothing was asked for: a run does not wait for it. */
  #idle = new AbortController();
  /** Measures the speed that a run has kept from being measured; null = it is known, or nobody asked. */
  #measure: (() => Promise<void>) | null = null;
  /** Proposed prompts that are no worse than the template alone. */
  readonly #fair = new Set<string>();

  constructor(studio: Studio) {
    super(studio, IDLE);
    this.queue = new RunQueue(studio, {
      isTaken: () => this.#isTaken(),
      begin: async (item, setId, onRecorded) =>
        this.#queued?.setId === setId ? this.#begin(item, setId, this.#queued.dataset, onRecorded) : null,
      runsOf: async (setId) => (await this.services.store.sets.get(setId))?.runs.map(({ id }) => id) ?? [],
    });
  }

  /** True from the press of the button to the end of the run. */
  #isTaken(): boolean {
    const { busy, waiting } = this.getState();
    return busy || waiting;
  }

  #opened(): { readonly open: PromptSet; readonly dataset: Dataset } | null {
    const { set: open, dataset } = this.sets;
    return open && dataset ? { open, dataset } : null;
  }

  /** The screen shows this set and these rows: a cut-off run resumes, and the queue continues. */
  readonly arrive = async ({ setId, dataset }: Rows): Promise<void> => {
    const open = this.sets.set;
    if (open?.id !== setId || this.getState().busy) return;
    if (this.getState().live?.setId !== setId) this.set({ live: null });
    try {
      await this.renewLines();
      // a stored run is shown without a model
      const before = this.getState().live;
      const cutOff = openRun(open);
      if (!cutOff || !this.#mayResume(cutOff)) await this.#showStored({ setId, dataset }, cutOff);
      const stored = this.getState().live;
      await this.session.tokenizerReady();
      const current = await withTask(this.services, this.stores.promptSets, open, dataset);
      await this.queue.load(setId);
      if (this.queue.getState().setId === setId) this.#queued = { setId, dataset };
      const left = openRun(current);
      const { live, busy } = this.getState();
      if (!left || before || live !== stored || busy) await this.queue.drain();
      else if ((await this.#pickUp(left, current, dataset)) === 'over') await this.queue.drain();
      await this.#showStored({ setId, dataset });
    } catch (cause) {
      this.set({ error: asStudioError(cause) });
    }
  };

  /** With nothing on the screen: the given run, else the newest one on these rows. */
  async #showStored({ setId, dataset }: Rows, left?: Run | null): Promise<void> {
    const { set: open } = this.sets;
    if (open?.id !== setId || this.getState().live || this.#isTaken()) return;
    const run = left ?? open.runs.findLast((each) => each.datasetFingerprint === dataset.fingerprint);
    if (run) await this.show(run.id);
  }

  /** The ended run on the screen beside what there is to beat now; on other rows its curves say nothing, and it is closed. */
  readonly renewLines = async (): Promise<void> => {
    const { open, dataset } = this.#opened() ?? {};
    const { live } = this.getState();
    const version = open?.runs.find(({ id }) => id === live?.runId);
    if (!live || !open || !dataset || !version) return;
    if (version.datasetFingerprint !== dataset.fingerprint) this.set({ live: null });
    const lines = await this.#linesOf(version, open, dataset);
    if (this.getState().live === live) this.set({ live: { ...live, lines } });
  };

  /** What there is to beat on the rows of a run; none where other rows are open, because its curves are not of those. */
  async #linesOf(version: Run, open: PromptSet, dataset: Dataset | null): Promise<LiveRun['lines']> {
    if (version.datasetFingerprint !== dataset?.fingerprint) return [];
    const { model } = this.session;
    const info = model.kind === 'ready' ? model.info : null;
    const { template } = version;
    return this.#baselines.known({ open, dataset, template, words: version.words, info });
  }

  #mayResume({ status }: Run): boolean {
    return status === 'running' && this.session.capabilities.trainingOff === null;
  }

  /** Such a run resumes by itself, unless it was cut off there before: then the user decides (null). */
  async #pickUp(left: Run, open: PromptSet, dataset: Dataset): Promise<RunEnd | null> {
    const { store: disk } = this.services;
    const from = (await disk.checkpoints.get(left.id))?.checkpoint ?? null;
    const step = from?.step ?? 0;
    const before = await disk.settings.get<number>(`resumed:${left.id}`);
    if (!this.#mayResume(left) || resumeTrouble(left, dataset) || before === step) {
      await this.show(left.id);
      return null;
    }
    if (this.#asking || this.queue.isActive()) return null;
    await disk.settings.set(`resumed:${left.id}`, step).catch(() => undefined);
    return this.#whenChecked(() => this.#run({ open, dataset, version: left, from }));
  }

  async #whenChecked<T>(work: () => Promise<T>): Promise<T | null> {
    // whatever was asked for first continues, e.g. a new run before one that a reload cut off
    if (this.#isTaken()) return null;
    this.#idle.abort();
    this.#idle = new AbortController();
    this.set({ error: null, waiting: true });
    try {
      await this.session.trainingReady();
      return await work();
    } catch (cause) {
      const error = asStudioError(cause, 'Training failed');
      if (error.code !== 'cancelled') this.set({ error });
      return null;
    } finally {
      this.set({ waiting: false });
      void this.#measure?.().catch(() => undefined); // a nicety: measured at the next visit
    }
  }

  #begin(item: PlannedRun, setId: string, dataset: Dataset, onRecorded: () => Promise<void>): Promise<RunEnd | null> {
    return this.#whenChecked(async () => {
      const info = await this.session.modelReady();
      await this.#wordFinder.beforeFirstRun(setId, dataset);
      const dtype = this.session.card?.dtype ?? info.dtype;
      const model = { id: info.id, sha256: info.sha256, dtype };
      const open = await this.sets.updateById(setId, (set, at) => recorded(set, item, at, model, dataset).set);
      await onRecorded();
      const version = open.runs.find(({ id }) => id === item.id);
      if (!version) throw new StudioError('internal', 'internal: a run that was just recorded is missing');
      return this.#run({ open, dataset, version, from: null });
    });
  }

  async #run(plan: RunPlan): Promise<RunEnd> {
    const { store: disk } = this.services;
    const lock = await disk.claimRun(plan.version.id);
    if (!lock) {
      this.set({ error: inOtherTab });
      return 'held';
    }
    // while this tab waited for the lock, the other one may have finished
    const stored = (await disk.sets.get(plan.open.id))?.runs.find(({ id }) => id === plan.version.id);
    if (stored && hasEnded(stored)) {
      lock.release();
      await this.show(stored.id);
      return 'over';
    }
    this.set({ busy: true, waiting: false, error: null });
    this.session.setJob({ title: 'Training', screen: 'train', fraction: null, secondsLeft: null, stop: this.stop });
    try {
      this.#running = new TrainingRun(this.studio, plan, {
        baselines: this.#baselines,
        speedometer: this.#speedometer,
        show: (live) => this.set({ live }),
        complain: (error) => this.set({ error }),
        onRowsCached: (key, rows) => this.set({ rowsInCache: new Map(this.getState().rowsInCache).set(key, rows) }),
      });
      await this.#running.go();
    } finally {
      this.#running = null;
      lock.release();
      this.set({ busy: false });
      this.session.setJob(null);
    }
    const { live } = this.getState();
    if (live?.ending === 'paused') return 'held';
    return live?.ending != null || live?.error?.code === 'diverged' ? 'over' : 'held';
  }

  readonly pause = (): void => this.#running?.ask('pause');

  readonly stop = (): void => this.#running?.ask('stop');

  readonly enqueue = async (runs: readonly Omit<PlannedRun, 'id'>[]): Promise<void> => {
    const opened = this.#opened();
    if (!opened) return;
    const setId = opened.open.id;
    this.#asking = true;
    await this.queue.load(setId).finally(() => {
      this.#asking = false;
    });
    if (this.queue.getState().setId !== setId) return this.set({ error: otherQueue });
    this.#queued = { setId, dataset: opened.dataset };
    const items = runs.map((each) => ({ ...each, id: crypto.randomUUID() }));
    if (this.#isTaken()) await this.queue.change((list) => [...list, ...items]);
    else {
      // what is asked for while nothing runs is meant to run now, before the runs left waiting
      this.set({ live: null });
      await this.queue.change((list) => [...items, ...list], false);
    }
    await this.queue.drain();
  };

  readonly letQueueRun = async (isRunning: boolean): Promise<void> => {
    await this.queue.change((list) => list, !isRunning);
    await this.queue.drain();
  };

  readonly resume = async (runId: string): Promise<void> => {
    const opened = this.#opened();
    const version = opened?.open.runs.find((s) => s.id === runId);
    if (!opened || !version || this.#isTaken()) return;
    const { open, dataset } = opened;
    const trouble = resumeTrouble(version, dataset);
    if (trouble) return this.set({ error: trouble });
    const end = await this.#whenChecked(async () => {
      const from = (await this.services.store.checkpoints.get(runId))?.checkpoint ?? null;
      const current = await this.sets.updateById(open.id, (s, { now }) =>
        updateRun(s, runId, { status: 'running', error: null }, now),
      );
      return this.#run({ open: current, dataset, version, from });
    });
    if (end === 'over' && this.queue.getState().items.length > 0) await this.letQueueRun(true);
  };

  readonly show = async (runId: string): Promise<void> => {
    const { set: open, dataset } = this.sets;
    const version = open?.runs.find((s) => s.id === runId);
    if (!open || !version || this.getState().busy) return;
    const lines = await this.#linesOf(version, open, dataset);
    const kept = (await this.services.store.checkpoints.get(runId))?.checkpoint ?? null;
    const validationRows = version.validationRows ?? (dataset ? validationCount(dataset) : 0);
    this.set({ live: endedRun(version, open, kept, { validationRows, lines }) });
  };

  readonly startInstead = async (
    settings: TrainingSettings,
    of: Pick<PlannedRun, 'hybrid' | 'examples' | 'teacher'>,
  ): Promise<void> => {
    const run = { settings, name: '', group: null, ...of };
    if (!this.getState().busy) return this.enqueue([run]);
    await this.queue.change((list) => [{ ...run, id: crypto.randomUUID() }, ...list], false);
    this.stop();
  };

  readonly knownSpeed = async (): Promise<Speed | null> => {
    const { model } = this.session;
    return model.kind === 'ready' ? this.#speedometer.known(model.info) : null;
  };

  /** Measures it on a few rows; a run that is active, or is asked for meanwhile, comes first. */
  readonly measureSpeed = async (
    rows: Pick<RowsOfRun, 'dataset' | 'template' | 'words'>,
    signal: AbortSignal,
  ): Promise<void> => {
    const { model } = this.session;
    this.#measure = signal.aborted ? null : () => this.measureSpeed(rows, signal);
    if (model.kind !== 'ready' || this.#isTaken() || this.queue.getState().items.length > 0) return;
    const asked = AbortSignal.any([signal, this.#idle.signal]);
    const timing = await this.services.workflow.call('timeTokens', rows, { signal: asked });
    await this.#speedometer.learnTokens(model.info, timing);
    this.#measure = null;
  };

  /** Checks a proposed prompt as before a comparison, unless a run is active or will find other answer words first. */
  readonly checkRival = async (dataset: Dataset, signal: AbortSignal): Promise<void> => {
    const asked = AbortSignal.any([signal, this.#idle.signal]);
    const { set } = this.sets;
    const key = rowsKey(dataset, set && chosenWritten(set), set?.words, set?.baseTemplate, weightsOf(this.session));
    if (!set || this.#isTaken() || this.#fair.has(key)) return;
    if (await this.#wordFinder.isDue(set.id, dataset)) return;
    const checked = await withFairRival(this.services, this.stores.promptSets, { set, dataset }, asked);
    if (checked === set) this.#fair.add(key);
    else await this.renewLines();
  };
}

const inOtherTab = new StudioError(
  'store-blocked',
  'This run is training in another tab of this browser. Watch it there, or close that tab and come back.',
);

const otherQueue = badInput(
  'Runs of another prompt set are waiting. Let them finish or remove them there; then this set can train.',
);

export const useTraining = screenStore((studio: Studio) => new Training(studio));

/** Steps of a small model come faster than charts can be drawn; whatever else changes is drawn at once. */
const drawn = screenStore((studio: Studio) =>
  paced(useTraining.of(studio), 200, ({ live: now }, { live: before }) => {
    return now?.runId !== before?.runId || now?.phase !== before?.phase;
  }),
);

export const useShownRun = <U>(setId: string, select: (live: LiveRun | null) => U): U =>
  drawn(({ live }) => select(live?.setId === setId ? live : null));
