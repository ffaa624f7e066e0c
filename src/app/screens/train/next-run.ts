/** Settings of the next run, kept for each prompt set so that a reload loses none of them; how long the run would take. */
import type { Placement } from '../../../prompt/types';
import type { Store } from '../../../store/store';
import type { Speed, Work } from '../../../training/estimate';
import { runsSeconds } from '../../../training/estimate';
import { PRESETS, type PresetName, STANDARD, type TrainingSettings } from '../../../training/settings';
import type { PlannedRun } from '../../../workflow/runs';
import { ActionStore, screenStore } from '../../state/screen-store';
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

const FRESH: NextRun = {
  preset: 'standard',
  settings: STANDARD,
  seeds: PRESETS.standard.seeds,
  hybrid: false,
  sweep: { virtualTokens: '', learningRate: '', steps: '', seeds: '', placements: 'as-set', starts: 'as-set' },
};

/** Ends in the set's id, so that it is deleted with the set. */
const keyOf = (setId: string) => `next-run:${setId}`;

export class NextRuns extends ActionStore<NextRun> {
  readonly #disk: Store['settings'];
  readonly #openId: () => string | null;

  constructor({ services, stores: { project } }: Studio) {
    super(FRESH);
    this.#disk = services.store.settings;
    this.#openId = () => project.getState().set?.id ?? null;
    project.subscribe(({ set: open }, before) => {
      if (open?.id === before.set?.id) return;
      this.set(FRESH);
      void this.#restore();
    });
    void this.#restore();
  }

  async #restore(): Promise<void> {
    const id = this.#openId();
    const before = this.getState();
    const kept = id === null ? null : await this.#disk.get<NextRun>(keyOf(id)).catch(() => null);
    // a change made while the disk was read is newer
    if (kept && this.#openId() === id && this.getState() === before) this.set(kept);
  }

  #change(part: Partial<NextRun>): void {
    this.set(part);
    const id = this.#openId();
    // on a full disk the settings last as long as the tab
    if (id) void this.#disk.set(keyOf(id), this.getState()).catch(() => undefined);
  }

  readonly choosePlacement = (placement: Placement): void =>
    this.#change({ settings: { ...this.getState().settings, placement } });

  readonly choosePreset = (preset: PresetName): void => {
    const { settings, seeds } = PRESETS[preset];
    const { placement } = this.getState().settings;
    this.#change({ preset, seeds, settings: { ...settings, placement } });
  };

  readonly change = (part: Partial<TrainingSettings>): void =>
    this.#change({ preset: 'own', settings: { ...this.getState().settings, ...part } });

  readonly chooseSeeds = (seeds: number): void => this.#change({ seeds });

  readonly chooseHybrid = (hybrid: boolean): void => this.#change({ hybrid });

  readonly changeSweep = (part: Partial<SweepDraft>): void =>
    this.#change({ sweep: { ...this.getState().sweep, ...part } });
}

export const useNextRun = screenStore((studio: Studio) => new NextRuns(studio));

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
