/** What can be known of a comparison of labels beyond its figures: slices, probabilities, checks with the model. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Dataset } from '../../../dataset/types';
import type { Insights } from '../../../evaluation/classify/insights';
import { type CalibrationMode, planFor } from '../../../evaluation/classify/outcome';
import type { PairReport } from '../../../evaluation/types';
import { adaptationStep } from '../../../metrics/adaptation';
import { countLook } from '../../../project/prompt-set';
import { seedsOf } from '../../../project/versions';
import { accuracyOf, readCheckpoint } from '../../../training/checkpoint';
import { type Job, job } from '../../state/job';
import { type Resource, resource } from '../../state/resource';
import { perStudio } from '../../state/screen-store';
import type { Studio } from '../../state/studio';
import { compareStores, type Shown } from './compare-store';

/** What the panels behind a verdict show. */
export interface LookCloserProps extends Shown {
  readonly dataset: Dataset;
}

export interface CloserProps extends LookCloserProps {
  /** The pair that is shown; the headline's unless another one was chosen. */
  readonly pair: PairReport | undefined;
}

export interface InsightsKey {
  readonly id: string;
  readonly mode: CalibrationMode;
  /** The pair whose slices are shown; 0 = the headline's. */
  readonly pairIndex: number;
}

interface Learned {
  /** How soon the compared run had learned what it learned. */
  readonly adaptation: {
    readonly step: number;
    /** Rows whose gradients were seen until then, repeats counted. */
    readonly rows: number;
    readonly seconds: number;
  } | null;
  /** Validation accuracy of runs that differ only in their seed. */
  readonly seedRange: { readonly seeds: number; readonly low: number; readonly high: number } | null;
}

export type CheckKind = 'consistency' | 'everyRow';
const TITLES: Readonly<Record<CheckKind, string>> = {
  consistency: 'Checking consistency',
  everyRow: 'Checking every row',
};

export interface CloserStores {
  readonly insights: Resource<InsightsKey, Insights>;
  /** Share of the insights computed so far. */
  readonly progress: StoreApi<{ readonly fraction: number; readonly stopped: boolean }>;
  readonly stop: () => void;
  /** The headline's, whichever pair is shown; null without a comparison. */
  readonly ofHeadline: () => Promise<Insights | null>;
  readonly learned: Resource<string, Learned>;
  readonly check: Job<[CheckKind], { readonly check: CheckKind | null }>;
}

function createCloser(studio: Studio): CloserStores {
  const { services, stores } = studio;
  const { session, promptSets } = stores;
  const { workflow, store: disk } = services;
  const compare = compareStores.of(studio);
  const progress = createStore<{ readonly fraction: number; readonly stopped: boolean }>(() => ({
    fraction: 0,
    stopped: false,
  }));
  let stopping = new AbortController();

  const compute = ({ evaluation, comparison, mode }: Shown, pairIndex: number, signal?: AbortSignal) =>
    workflow.call(
      'insights',
      {
        plan: planFor(evaluation.plan, mode),
        comparison: { arms: comparison.arms, pairs: comparison.pairs },
        dataset: promptSets.getState().dataset,
        pairIndex,
      },
      signal && {
        signal,
        onEvent: ({ done, total }) => progress.setState({ fraction: total > 0 ? done / total : 0 }),
      },
    );

  const insights = resource<InsightsKey, Insights>(({ pairIndex }, signal) => {
    const shown = compare.shown();
    if (!shown) return Promise.reject(new Error('there is no comparison'));
    progress.setState({ fraction: 0, stopped: false });
    stopping = new AbortController();
    return compute(shown, pairIndex, AbortSignal.any([signal, stopping.signal]));
  });

  const learned = resource<string, Learned>(async () => {
    const { set } = promptSets.getState();
    const evaluation = compare.shown()?.evaluation;
    const version = set?.soft.find(({ id }) => id === evaluation?.softVersion);
    if (!set || !version) return { adaptation: null, seedRange: null };
    const reached = seedsOf(set, version).flatMap(({ validationAccuracy: v }) => (v === null ? [] : [v]));
    const seedRange =
      reached.length > 1 ? { seeds: reached.length, low: Math.min(...reached), high: Math.max(...reached) } : null;
    const kept = await disk.checkpoints.get(version.id).catch(() => null);
    if (!kept) return { adaptation: null, seedRange };
    const { steps, validations } = readCheckpoint(kept.checkpoint, 'classify');
    const step = adaptationStep(
      validations.map((v) => ({ step: v.step, value: accuracyOf(v) ?? 0 })),
      version.bestStep,
    );
    if (step === null) return { adaptation: null, seedRange };
    const seconds = steps.filter((s) => s.step < step).reduce((sum, s) => sum + s.ms, 0) / 1000;
    return { adaptation: { step, rows: step * version.settings.batchSize, seconds }, seedRange };
  });

  const check = job<[CheckKind], { readonly check: CheckKind | null }>(session, {
    title: (kind) => TITLES[kind],
    screen: 'compare',
    initial: { check: null },
    run: async ({ signal, report }, kind) => {
      const { set, dataset } = promptSets.getState();
      const shown = compare.shown();
      if (!set || !dataset || !shown) return;
      report({ check: kind, fraction: 0, note: 'Loading the model' });
      const { evaluation, mode } = shown;
      const request = { set, dataset, evaluation, mode };
      const isShown = () => compare.shown()?.evaluation.id === evaluation.id;
      if (kind === 'consistency') {
        await session.getState().modelReady();
        const consistency = await workflow.call('consistency', request, { signal, onEvent: report });
        if (isShown()) await compare.amend({ consistency });
        return;
      }
      await session.getState().trainingReady();
      const everyRow = await workflow.call('everyRow', request, { signal, onEvent: report });
      await promptSets.getState().updateById(set.id, (s) => countLook(s, new Date().toISOString()));
      if (isShown()) await compare.amend({ everyRow });
    },
  });

  return {
    insights,
    progress,
    stop: () => {
      stopping.abort();
      progress.setState({ stopped: true });
    },
    ofHeadline: async () => {
      const shown = compare.shown();
      if (!shown) return null;
      const { key } = insights.getState();
      const { evaluation, mode } = shown;
      if (key?.id === evaluation.id && key.mode === mode && key.pairIndex === 0) await insights.load(key);
      const { key: now, value } = insights.getState();
      return value && now === key ? value : compute(shown, 0);
    },
    learned,
    check,
  };
}

export const closerStores = perStudio(createCloser);
