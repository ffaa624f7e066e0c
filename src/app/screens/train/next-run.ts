/** Settings of the next run, kept for each prompt set so that a reload loses none of them; how long the run would take. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Placement } from '../../../prompt/types';
import type { Speed, Work } from '../../../training/estimate';
import { runsSeconds } from '../../../training/estimate';
import { PRESETS, type PresetName, STANDARD, type TrainingSettings } from '../../../training/settings';
import type { PlannedRun } from '../../../workflow/runs';
import { screenStore } from '../../state/screen-store';
import type { Studio } from '../../state/studio';
import { withSeeds } from './run-queue';

/** What is typed under "Try several settings"; an empty field keeps the setting above. */
export interface SweepDraft {
  readonly virtualTokens: string;
  readonly learningRate: string;
  readonly steps: string;
  readonly seeds: string;
  readonly placements: 'as-set' | 'both';
  readonly starts: 'as-set' | 'both';
}

interface NextRun {
  readonly preset: PresetName | 'own';
  readonly settings: TrainingSettings;
  /** This many runs, which differ in their seed. */
  readonly seeds: number;
  /** Vectors on top of the hand-written prompt, instead of the bare text. */
  readonly hybrid: boolean;
  readonly sweep: SweepDraft;
}

interface NextRunState extends NextRun {
  readonly choosePlacement: (placement: Placement) => void;
  readonly choosePreset: (preset: PresetName) => void;
  readonly change: (settings: Partial<TrainingSettings>) => void;
  readonly chooseSeeds: (seeds: number) => void;
  readonly chooseHybrid: (hybrid: boolean) => void;
  readonly changeSweep: (sweep: Partial<SweepDraft>) => void;
}

export type NextRunStore = StoreApi<NextRunState>;

const FRESH: NextRun = {
  preset: 'standard',
  settings: STANDARD,
  seeds: PRESETS.standard.seeds,
  hybrid: false,
  sweep: { virtualTokens: '', learningRate: '', steps: '', seeds: '', placements: 'as-set', starts: 'as-set' },
};

/** Ends in the set's id, so that it is deleted with the set. */
const keyOf = (setId: string) => `next-run:${setId}`;

export const useNextRun = screenStore(createNextRunStore);

export function createNextRunStore({ services, stores: { project } }: Studio): NextRunStore {
  const { settings: disk } = services.store;
  return createStore<NextRunState>((set, get) => {
    const openId = () => project.getState().set?.id ?? null;
    const change = (part: Partial<NextRun>) => {
      set(part);
      const { preset, settings, seeds, hybrid, sweep } = get();
      const id = openId();
      // on a full disk the settings last as long as the tab
      if (id) void disk.set(keyOf(id), { preset, settings, seeds, hybrid, sweep }).catch(() => undefined);
    };
    const restore = async (id: string | null) => {
      const before = get();
      const kept = id === null ? null : await disk.get<NextRun>(keyOf(id)).catch(() => null);
      // a change made while the disk was read is newer
      if (kept && openId() === id && get().settings === before.settings && get().sweep === before.sweep) set(kept);
    };
    project.subscribe(({ set: open }, before) => {
      if (open?.id === before.set?.id) return;
      set(FRESH);
      void restore(openId());
    });
    queueMicrotask(() => void restore(openId())); // once the store has a state
    return {
      ...FRESH,
      choosePlacement: (placement) => change({ settings: { ...get().settings, placement } }),
      choosePreset: (preset) => {
        const { settings, seeds } = PRESETS[preset];
        change({ preset, seeds, settings: { ...settings, placement: get().settings.placement } });
      },
      change: (part) => change({ preset: 'own', settings: { ...get().settings, ...part } }),
      chooseSeeds: (seeds) => change({ seeds }),
      chooseHybrid: (hybrid) => change({ hybrid }),
      changeSweep: (part) => change({ sweep: { ...get().sweep, ...part } }),
    };
  });
}

/** The runs that the settings ask for: one per seed. */
export function plannedRuns({ preset, settings, seeds, hybrid }: NextRun): readonly Omit<PlannedRun, 'id'>[] {
  const runs = withSeeds(settings, seeds);
  const group = runs.length > 1 ? crypto.randomUUID() : null;
  const name = (seed: number) => (preset === 'own' ? '' : `${preset}, seed ${seed}`);
  return runs.map((each) => ({ settings: each, name: name(each.seed), hybrid, group }));
}

/** Seconds that runs with these settings would take, one after another; null while nothing was measured. */
export type SecondsOf = (runs: readonly TrainingSettings[]) => number | null;

export const secondsOf =
  (work: Work | null, speed: Speed | null): SecondsOf =>
  (runs) =>
    work && speed && runs.length > 0 ? runsSeconds(runs, work, speed) : null;
