import { useMemo } from 'react';
import type { Dataset } from '../../../dataset/types';
import { readNumber } from '../../../lib/read-number';
import type { Placement } from '../../../prompt/soft-prompt';
import { hasEnded, needsFairCheck } from '../../../prompt-set/make-versions';
import type { PromptSet, Version } from '../../../prompt-set/types';
import { sameLabels } from '../../../task/template';
import { aboutRange, aboutTime, guessedSpeed, runsSeconds, type Speed } from '../../../training/estimate';
import { NUMBER_SETTINGS } from '../../../training/fields';
import { DEFAULT_PRESET, PRESETS, type PresetName, type TrainingSettings } from '../../../training/settings';
import { gainOf, isOfPreset } from '../../../workflow/learning-curve';
import type { RowsOfRun } from '../../../workflow/run-rows';
import { type PlannedRun, runText, withoutAuto } from '../../../workflow/runs';
import { beginsWithKeys, whyNoKeys } from '../../../workflow/training-rows';
import { aheadKey, nextRunKey, useReadingAhead } from '../../state/read-ahead';
import { resource, useResource } from '../../state/resource';
import { weightsOf } from '../../state/session-state';
import { drafts } from '../../state/storage';
import {
  ActionStore,
  perStudio,
  type Studio,
  screenStore,
  useModel,
  useOpen,
  usePicked,
  usePromptSets,
  useSession,
} from '../../state/studio';
import { useRowCounts } from '../../state/whole-run';
import { withSeeds } from './run-queue';
import { useTraining } from './training-store';

interface NextRun {
  readonly preset: PresetName | 'own';
  readonly settings: TrainingSettings;
  readonly seeds: number;
  readonly hybrid: boolean;
  readonly examples: number;
}

export type NextFields = TrainingSettings & Pick<NextRun, 'seeds' | 'hybrid' | 'examples'>;

/** Auto is for one label a row: it was only measured there. */
const presetFor = (set: PromptSet | null, preset: PresetName = DEFAULT_PRESET): PresetName =>
  preset === 'auto' && set && set.kind !== 'classify' ? 'standard' : preset;

function freshFor(set: PromptSet | null, name?: PresetName): NextRun {
  const preset = presetFor(set, name);
  const { settings, seeds } = PRESETS[preset];
  return { preset, settings, seeds, hybrid: false, examples: 0 };
}

/** A preset is what this version means by it, wherever the vectors go. */
function upToDate(kept: NextRun, set: PromptSet): NextRun {
  if (kept.preset === 'own') return kept;
  const preset = presetFor(set, kept.preset);
  return { ...kept, preset, settings: placedAt(PRESETS[preset].settings, kept.settings.placement) };
}

/** Whether Auto decides where the vectors go and what they start from, and trains answer words. */
export const decides = ({ auto, placement }: TrainingSettings): boolean => auto === true && placement !== 'prefix';

export const placedAt = (settings: TrainingSettings, placement: Placement): TrainingSettings => ({
  ...settings,
  placement: settings.auto && placement !== 'prefix' ? settings.placement : placement,
});

export class NextRuns extends ActionStore<NextRun> {
  readonly #disk = drafts(this.services.store);

  constructor(studio: Studio) {
    super(studio, freshFor(studio.stores.promptSets.getState().set));
    const taskOf = (set: PromptSet | null) => set && `${set.id} ${set.kind}`;
    this.stores.promptSets.subscribe(({ set: open }, before) => {
      if (taskOf(open) === taskOf(before.set)) return;
      this.set(freshFor(open));
      void this.#restore();
    });
    void this.#restore();
  }

  async #restore(): Promise<void> {
    const open = this.sets.set;
    const before = this.getState();
    const kept = open && (await this.#disk.get<NextRun>(nextRunKey(open.id)).catch(() => null));
    // a change made while the disk was read is newer
    if (kept && this.sets.set?.id === open.id && this.getState() === before) this.set(upToDate(kept, open));
  }

  #change(part: Partial<NextRun>): void {
    this.set(part);
    const open = this.sets.set;
    // on a full disk the settings last as long as the tab
    if (open) void this.#disk.set(nextRunKey(open.id), this.getState()).catch(() => undefined);
    void useReadingAhead.of(this.studio).texts.reload();
  }

  readonly choosePlacement = (placement: Placement): void =>
    this.#change({ settings: placedAt({ ...this.getState().settings, placement: 'suffix' }, placement) });

  readonly choosePreset = (name?: PresetName): void => {
    const { preset, settings, seeds } = freshFor(this.sets.set, name);
    const { placement } = this.getState().settings;
    this.#change({ preset, seeds, settings: placedAt(settings, placement) });
  };

  /** Settings of one's own are those that run: nothing is decided in their place. What else is asked of the run leaves a preset. */
  readonly change = ({ seeds, hybrid, examples, ...settings }: Partial<NextFields>): void => {
    const before = this.getState();
    this.#change({
      seeds: seeds ?? before.seeds,
      hybrid: hybrid ?? before.hybrid,
      examples: examples ?? before.examples,
      ...(Object.keys(settings).length > 0 && {
        preset: 'own',
        settings: withoutAuto({ ...before.settings, ...settings }),
      }),
    });
  };
}

export const useNextRun = screenStore((studio: Studio) => new NextRuns(studio));

export function againOf(set: Pick<PromptSet, 'runs'>, runId: string, steps: string): Partial<TrainingSettings> | null {
  const run = set.runs.find(({ id }) => id === runId);
  const field = NUMBER_SETTINGS.find(({ key }) => key === 'steps');
  const read = field && readNumber(field, steps);
  return run && read && 'value' in read && read.value !== null ? { ...run.settings, steps: read.value } : null;
}

export function reachedBefore(
  set: Pick<PromptSet, 'runs'>,
  preset: PresetName,
  fingerprint: string,
): { readonly accuracy: number; readonly rows: number } | null {
  const run = set.runs.findLast(
    (each) => each.datasetFingerprint === fingerprint && hasEnded(each) && isOfPreset(each, preset),
  );
  if (run?.validationAccuracy == null || run.validationRows === undefined) return null;
  return { accuracy: run.validationAccuracy, rows: run.validationRows };
}

/** Sets of the library that are read for what a preset gained there, the newest change first. */
const READ_SETS = 12;

const libraryGains = perStudio(({ services: { store } }) =>
  resource(async ({ setId, labels }: { readonly setId: string; readonly labels: number }) => {
    const isLike = (count: number) => count <= 2 * labels && labels <= 2 * count;
    const like = (await store.listings.list()).filter(
      (each) => each.id !== setId && each.deletedAt === null && each.tuned > 0 && isLike(each.labels.length),
    );
    const read = like.slice(0, READ_SETS).map(async ({ id }) => {
      const [set, evaluations] = await Promise.all([store.sets.get(id), store.evaluations.ofSet(id)]);
      return (preset: PresetName) => set && gainOf(set, evaluations, preset);
    });
    return Promise.all(read);
  }),
);

export function useLibraryGains(set: PromptSet | null): (preset: PresetName) => readonly number[] {
  const others = set && set.kind === 'classify' ? { setId: set.id, labels: set.words.length } : null;
  const { value } = useResource(libraryGains.use(), others);
  return (preset) => (value ?? []).flatMap((gainIn) => gainIn(preset) ?? []);
}

/** What is asked of the next run beside its settings. A smaller prompt is its template and vectors alone. */
export const askedOf = (
  { hybrid, examples }: Pick<NextRun, 'hybrid' | 'examples'>,
  teacher: Pick<Version, 'id'> | undefined,
): Pick<PlannedRun, 'hybrid' | 'examples' | 'teacher'> =>
  teacher ? { hybrid: false, teacher: teacher.id } : { hybrid, examples };

export function plannedRuns(
  next: NextRun,
  teacher?: Pick<Version, 'id' | 'number'>,
): readonly Omit<PlannedRun, 'id'>[] {
  const { preset, settings, seeds } = next;
  const runs = withSeeds(settings, seeds);
  const group = runs.length > 1 ? crypto.randomUUID() : null;
  const own = preset === 'own' ? null : preset;
  const kind = teacher ? `hand-written ${teacher.number} made smaller` : own;
  return runs.map((each) => ({
    settings: each,
    name: kind === null ? '' : `${kind}, seed ${each.seed}`,
    group,
    ...askedOf(next, teacher),
  }));
}

const machineSpeed = perStudio((studio) =>
  resource(async ({ model: _, ...rows }: RowsOfRun & { readonly model: string }, signal) => {
    const { knownSpeed, measureSpeed } = useTraining.of(studio);
    if (!(await knownSpeed())) await measureSpeed(rows, signal);
  }),
);

function useRows(): RowsOfRun | null {
  const { set, dataset } = useOpen();
  const { hybrid, examples } = usePicked(useNextRun.use(), 'hybrid', 'examples');
  // the key of resources: each render would otherwise name the examples in another list
  return useMemo(() => {
    if (!set || !dataset || set.baseTemplate === '' || !sameLabels(set.words, dataset.labels)) return null;
    return { dataset, ...runText(set, { hybrid, examples }, dataset), words: set.words };
  }, [set, dataset, hybrid, examples]);
}

export const useRunRows = () => useRowCounts(useRows());

/** Why keys and values cannot be learned here, in a sentence, and whether Auto begins with them; neither is known at first. */
export function useKeys(): { readonly whyNot: string | null; readonly areFirst: boolean } {
  const rows = useRows();
  const counted = useRunRows().value;
  const model = useModel();
  if (!rows || !counted || !model) return { whyNot: null, areFirst: false };
  const asked = [rows, counted.maxTokens, model.keys] as const;
  return { whyNot: whyNoKeys(...asked), areFirst: beginsWithKeys(...asked) };
}

/** Measures this machine where that was never done, a few rows at a time. */
export function useMachineSpeed(): void {
  const rows = useRows();
  const model = useModel()?.sha256;
  const isCounted = useRunRows().status === 'ready';
  useResource(machineSpeed.use(), rows && model && isCounted ? { ...rows, model } : null);
}

const rivalCheck = perStudio((studio) =>
  resource(({ dataset }: { readonly dataset: Dataset; readonly version: string; readonly model: string }, signal) =>
    useTraining.of(studio).checkRival(dataset, signal),
  ),
);

/** While nothing else runs: a proposal that the template alone beats is no rival for the next run. */
export function useFairRival(): void {
  const dataset = usePromptSets((s) => s.dataset);
  const version = usePromptSets(({ set }) => (set && needsFairCheck(set) ? set.chosenWritten : null));
  const model = useSession((s) => (s.job === null && s.model.kind === 'ready' ? s.model.info.sha256 : null));
  useResource(rivalCheck.use(), dataset && version && model ? { dataset, version, model } : null);
}

/** @param guess of a machine that was not measured */
export function useSecondsOf(guess: Speed | null = null): (runs: readonly TrainingSettings[]) => number | null {
  const { value } = useRunRows();
  const rows = useRows();
  const speed = useTraining((s) => s.speed) ?? guess;
  const model = useSession(weightsOf);
  const cached = rows && model ? aheadKey({ ...rows, model }) : null;
  const trained = useTraining((s) => (cached ? (s.rowsInCache.get(cached) ?? 0) : 0));
  const ahead = useReadingAhead((s) => (cached ? (s.rowsInCache.get(cached) ?? 0) : 0));
  const cachedRows = Math.max(trained, ahead);
  const { roomTokens } = useModel() ?? {};
  const takesKeys = useKeys().areFirst;
  return useMemo(
    () => (runs) =>
      value && speed && runs.length > 0
        ? runsSeconds(runs, { ...value, cachedRows, roomTokens, takesKeys }, speed)
        : null,
    [value, cachedRows, roomTokens, takesKeys, speed],
  );
}

/** "about 2 min"; a range before this machine was measured, null before the rows are counted. */
export function useTimeOf(): (runs: readonly TrainingSettings[]) => string | null {
  const threads = useSession((s) => s.capabilities.threads);
  const isMeasured = useTraining((s) => s.speed !== null);
  const secondsOf = useSecondsOf(guessedSpeed(threads));
  return (runs) => {
    const seconds = secondsOf(runs);
    return seconds === null ? null : (isMeasured ? aboutTime : aboutRange)(seconds);
  };
}
