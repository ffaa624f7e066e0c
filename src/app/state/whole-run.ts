/**
 * From rows to the verdict with one press, whichever screen is open. The tab remembers it: after a reload the run resumes, and
 * the comparison begins again, by itself.
 */
import type { PromptSet } from '../../prompt-set/types';
import {
  aboutRange,
  aboutTime,
  comparisonSeconds,
  guessedSpeed,
  runsSeconds,
  type Speed,
  type Work,
} from '../../training/estimate';
import { DEFAULT_PRESET, PRESETS, type TrainingSettings } from '../../training/settings';
import type { RowsOfRun } from '../../workflow/run-rows';
import { attempted } from '../ui/toast';
import { navigate, readPath, screenPath } from './location';
import { speedKey } from './models-store';
import { steadyResource, useResource } from './resource';
import type { Job } from './session-state';
import { tabMemory } from './storage';
import { ActionStore, perStudio, type Studio, screenStore, useModel, useOpen, useSession } from './studio';

/** As they are named, in their order. */
export const STAGES = ['Answer words', 'Training', 'Comparison', 'Verdict'] as const;

export type Stage = (typeof STAGES)[number];

export const isBefore = (stage: Stage, other: Stage): boolean => STAGES.indexOf(stage) < STAGES.indexOf(other);

export interface Whole {
  readonly setId: string;
  /** That the set had when it was asked for, as its test rows had uses. */
  readonly runs: number;
  readonly looks: number;
  readonly stage: Stage;
  /** Spent in each, without pauses. */
  readonly seconds: Readonly<Partial<Record<Stage, number>>>;
}

/** The stage it is in, which never goes back; null = it has ended, well or not. */
export function stageOf({ stage, runs, looks }: Whole, set: PromptSet, job: Job | null): Stage | null {
  if (set.testLooks > looks) return null;
  if (!isBefore(stage, 'Comparison')) return job?.screen === 'compare' && job.fraction === 1 ? 'Verdict' : stage;
  const run = set.runs.length > runs ? set.runs.at(-1) : undefined;
  if (run?.status === 'failed' || run?.status === 'stopped') return null;
  if (run?.status === 'finished' || run?.status === 'early') return 'Comparison';
  const now = run || set.kind !== 'classify' ? 'Training' : 'Answer words';
  return isBefore(now, stage) ? stage : now;
}

const kept = tabMemory<Whole | null>('whole run', null);

/** Milliseconds. Between two signs of life of a job; more is a lid that was closed. */
const LONGEST_STEP = 60_000;

class WholeRun extends ActionStore<{ readonly whole: Whole | null }> {
  #since = { at: 0, isOn: false };
  #isTraining = false;
  #isComparing = false;
  /** That a reload has cut off its training. */
  #isCutOff: boolean;

  constructor(studio: Studio) {
    const whole = kept.read();
    super(studio, { whole });
    this.#isCutOff = whole !== null;
    this.stores.session.subscribe(() => this.look());
    this.stores.promptSets.subscribe(() => this.look());
  }

  /** @param change left out: as Train would train it */
  readonly begin = async (asked: PromptSet, change?: Partial<TrainingSettings>): Promise<void> => {
    this.#ask(asked, 'Answer words', 'train');
    this.#isTraining = true;
    await attempted('The prompt was not trained', () => this.stores.intents.carriers.train(change));
    this.#isTraining = false;
    const { set } = this.sets;
    // one that waits behind another run is still to come
    const isRefused = this.session.job === null && set?.id === asked.id && set.runs.length === asked.runs.length;
    if (isRefused) this.#keep(null);
    this.look();
  };

  /** The last stages alone. */
  readonly compare = (asked: PromptSet): void => {
    this.#ask(asked, 'Comparison', 'compare');
    this.look();
  };

  #ask({ id, runs, testLooks }: PromptSet, stage: Stage, screen: string): void {
    this.#keep({ setId: id, runs: runs.length, looks: testLooks, stage, seconds: {} });
    navigate(screenPath(id, screen));
  }

  /** Where it is now; goes on to the comparison once the run has ended. */
  readonly look = (): void => {
    const { whole } = this.getState();
    const { set, dataset } = this.sets;
    if (!whole || set?.id !== whole.setId || !dataset) return;
    const { job } = this.session;
    const stage = stageOf(whole, set, job);
    const isTrained = stage !== null && !isBefore(stage, 'Comparison');
    if (stage === null) this.#keep(null);
    if (stage === null || (isTrained && this.#isTraining)) return; // one of several seeds
    this.#count(whole, stage, job !== null);
    if (this.#isCutOff && !this.#isTraining && !isTrained)
      void attempted('Training did not go on', () =>
        this.stores.intents.carriers.resumeRuns({ setId: set.id, dataset }),
      );
    this.#isCutOff = false;
    if (isTrained && job === null && !this.#isComparing) void this.#compare(this.getState().whole ?? whole);
  };

  async #compare(whole: Whole): Promise<void> {
    const { setId } = whole;
    this.#isComparing = true;
    this.#keep({ ...whole, stage: 'Comparison' }); // also where a reload cut off the verdict
    if (readPath() === screenPath(setId, 'train')) navigate(screenPath(setId, 'compare'), { replace: true });
    await attempted('The prompts were not compared', () => this.stores.intents.carriers.compare());
    this.#isComparing = false;
    this.#keep(null);
  }

  #count(whole: Whole, stage: Stage, isOn: boolean): void {
    const { at, isOn: wasOn } = this.#since;
    const now = performance.now();
    const passed = wasOn ? Math.min(now - at, LONGEST_STEP) / 1000 : 0;
    if (stage === whole.stage && wasOn === isOn && passed < 1) return;
    this.#since = { at: now, isOn };
    const { seconds } = whole;
    this.#keep({ ...whole, stage, seconds: { ...seconds, [whole.stage]: (seconds[whole.stage] ?? 0) + passed } });
  }

  #keep(whole: Whole | null): void {
    kept.write(whole);
    this.set({ whole });
  }
}

export const useWholeRun = screenStore((studio: Studio) => new WholeRun(studio));

/** Of the set on the screen. */
export function useWhole(): Whole | null {
  const setId = useOpen().set?.id;
  return useWholeRun(({ whole }) => (whole?.setId === setId ? whole : null));
}

const useSpeedStore = screenStore(({ services }) =>
  steadyResource((key: string) => services.store.settings.get<Speed>(key).catch(() => null)),
);

const rowCounts = perStudio(({ services, stores: { session } }) =>
  steadyResource(async (rows: RowsOfRun, signal) => {
    await session.getState().tokenizerReady();
    return services.workflow.call('countRows', rows, { signal });
  }),
);

export const useRowCounts = (rows: RowsOfRun | null) => useResource(rowCounts.use(), rows);

/** Of the open set and its rows. */
export function useWholeTime(): string | null {
  const { set, dataset } = useOpen();
  const time = useTimeWords();
  const { baseTemplate: template = '', words = [] } = set ?? {};
  const rows = useRowCounts(template !== '' && dataset ? { dataset, template, words } : null).value;
  const takesKeys = (useModel()?.keys ?? null) !== null;
  if (!rows || !dataset) return null;
  const { settings } = PRESETS[set?.kind === 'classify' ? DEFAULT_PRESET : 'standard'];
  return time(settings, { ...rows, cachedRows: 0, takesKeys, testRows: dataset.split.test.length });
}

type WholeWork = Work & { readonly testRows: number };

/** A range before this machine was measured. */
export function useTimeWords(): (settings: TrainingSettings, work: WholeWork) => string {
  const key = useSession((s) => (s.model.kind === 'ready' ? speedKey(s.model.info) : null));
  const speed = useResource(useSpeedStore.use(), key).value;
  const threads = useSession((s) => s.capabilities.threads);
  return (settings, work) => wholeTime(settings, work, speed, threads);
}

/** Three prompts read the text, two of them with vectors after it. */
const PROMPTS = { texts: 3, vectors: 2 };

export function wholeTime(settings: TrainingSettings, work: WholeWork, speed: Speed | null, threads: number): string {
  const tokens = PROMPTS.texts * work.meanTokens + PROMPTS.vectors * settings.virtualTokens;
  const compared = (work.testRows + work.validationRows) * tokens;
  const by = speed ?? guessedSpeed(threads);
  const seconds = runsSeconds([settings], work, by) + comparisonSeconds(compared, by);
  return speed ? aboutTime(seconds) : aboutRange(seconds);
}
